"""Seals in S3: an object each, in a bucket whose versions are locked, written only where none is."""

import json
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.trouble import reaching
from septet.core.canonical import canonical
from septet.core.seals import NAME, Seal, folder, hour, seal

_STORE = "the bucket of seals"
_SUFFIX = ".json"
_DAY = 24 * 3600 * 1000
_BACK = (_DAY, 30 * _DAY)
"""Milliseconds: how far back the newest seal is looked for before all are listed."""
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_ABOVE = "0"
"""Sorts right after the / that ends a tenant's folder."""


class S3Seals:
    """Stores seals under ``{tenant}/{name}.json``."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @reaching(_STORE)
    def put(self, made: Seal) -> bool:
        """Keep *made*; False when there is one of its tenant and name already, or somebody writes it at this moment."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=_key(made.statement.tenant, made.statement.name),
                Body=canonical(made.document()),
                ContentType="application/json",
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",  # a locked bucket takes nothing without one
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _TAKEN:
                return False
            raise
        return True

    @reaching(_STORE)
    def get(self, tenant: str, name: str) -> Seal | None:
        """The seal; None when there is none. Raises ValueError when what lies there is none."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(tenant, name))
        except self._client.exceptions.NoSuchKey:
            return None
        return seal(json.loads(found["Body"].read()))

    @reaching(_STORE)
    def names(self, tenant: str, *, after: str = "", limit: int) -> list[str]:
        """At most *limit* names of the tenant's seals above *after*, in order of time."""
        prefix, names = folder(tenant), list[str]()
        start = f"{prefix}{after}{_SUFFIX}" if NAME.fullmatch(after) else f"{prefix}{after}"  # the beginning of names sorts before them
        query = {"Bucket": self._bucket, "Prefix": prefix, "StartAfter": start}
        while len(names) < limit:
            page = self._client.list_objects_v2(**query, MaxKeys=min(limit - len(names), 1000))
            names += [one["Key"].removeprefix(prefix).removesuffix(_SUFFIX) for one in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                break
            query["ContinuationToken"] = page["NextContinuationToken"]
        return names

    def last(self, tenant: str, *, now: int) -> Seal | None:
        """The newest seal: S3 lists upwards, so it is looked for from a day ago, from a month ago, from the beginning."""
        for start in (*(hour(now - back) for back in _BACK), ""):
            name = ""
            while names := self.names(tenant, after=name or start, limit=1000):
                name = names[-1]
            if name:
                return self.get(tenant, name)
        return None

    @reaching(_STORE)
    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant* that has seals."""
        start = {"StartAfter": f"{tenant}{_ABOVE}"} if tenant else {}
        page = self._client.list_objects_v2(Bucket=self._bucket, Delimiter="/", MaxKeys=1, **start)
        found = [one["Prefix"].removesuffix("/") for one in page.get("CommonPrefixes", ())]
        return found[0] if found else None


def _key(tenant: str, name: str) -> str:
    return f"{folder(tenant)}{name}{_SUFFIX}"
