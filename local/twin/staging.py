"""What `cdk bootstrap` would make, as far as the twin needs it: the bucket of assets and the parameter with a version."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from local.twin import aws
from local.twin.assembly import Assembly, Asset

_VERSION = "30"
"""Of the bootstrap resources: above every version that a template asks for."""
_AT_ONCE = 4


class Staging:
    """The staging bucket of a twin."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._s3 = aws.s3(endpoint)

    def prepare(self, assembly: Assembly) -> None:
        """Make the buckets and the parameters that an assembly names."""
        for bucket in {asset.bucket for asset in assembly.assets}:
            self._s3.create_bucket(Bucket=bucket)  # in us-east-1 making one's own bucket again is no error
        ssm = aws.client(self._endpoint, "ssm")
        for name in {stack.parameter for stack in assembly.stacks if stack.parameter}:
            ssm.put_parameter(Name=name, Value=_VERSION, Type="String", Overwrite=True)

    def upload(self, assets: Iterable[Asset]) -> int:
        """Put what is not there yet; a key is made of the content. Return how many files that were."""
        wanted = list(assets)
        there = {bucket: self._keys(bucket) for bucket in {asset.bucket for asset in wanted}}
        missing = [asset for asset in wanted if asset.key not in there[asset.bucket]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._put, missing))
        return len(missing)

    def url(self, asset: Asset) -> str:
        """Where CloudFormation reads an asset."""
        return f"{self._endpoint}/{asset.bucket}/{asset.key}"

    def _keys(self, bucket: str) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {found["Key"] for page in pages for found in page.get("Contents", [])}

    def _put(self, asset: Asset) -> None:
        self._s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.path.read_bytes())
