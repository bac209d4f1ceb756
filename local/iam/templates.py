"""Rights as the synthesised templates have them: every role, the boundaries, and the policies of buckets and keys."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.iam.decisions import Rights
from local.iam.statements import PolicyError, Statement, read, statements

type Json = Mapping[str, Any]

KEY_NAME = "{}-made-by-kms"
"""KMS makes a key's id; here it is the name that the template has for the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the stacks are deployed."""

    partition: str = "aws"
    region: str
    account: str

    def arn(self, service: str, rest: str) -> str:
        """An ARN there."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A role of ours."""

    kind: str
    """agent, tool, step or workflow."""
    name: str
    rights: Rights

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What the templates say about rights."""

    place: Place
    roles: Sequence[Role]
    key_aliases: Mapping[str, str]
    """ARNs of keys, by the alias: ``alias/septet-twin-bodies``."""
    bucket_keys: Mapping[str, str]
    """ARNs of the keys that encrypt buckets, by the buckets' names."""
    machines: Sequence[str]
    """ARNs of the state machines."""

    def role(self, arn: str) -> Role | None:
        """The role with this ARN, by its path; None when the templates have none."""
        path = arn.rpartition("/")[0]
        return next((one for one in self.roles if one.rights.principal.rpartition("/")[0] == path), None)


def load(folder: Path, place: Place) -> Account:
    """Read every template below *folder*, a synth's output. Raises PolicyError."""
    return account((json.loads(path.read_text()) for path in sorted(folder.rglob("*.template.json"))), place)


def account(templates: Iterable[Json], place: Place) -> Account:
    """The rights in *templates*. Raises PolicyError for an intrinsic or a statement that is not known here."""
    held = [_Template(resources=template["Resources"], place=place) for template in templates]
    policies = {arn: found for template in held for arn, found in template.of_resources()}
    boundaries = {arn: found for template in held for arn, found in template.boundaries()}
    return Account(
        place=place,
        roles=tuple(role for template in held for role in template.roles(boundaries, policies)),
        key_aliases={alias: key for template in held for alias, key in template.aliases()},
        bucket_keys={bucket: key for template in held for bucket, key in template.bucket_keys()},
        machines=tuple(arn for template in held for arn in template.machines()),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    resources: Mapping[str, Json]
    place: Place

    def roles(self, boundaries: Mapping[str, Sequence[Statement]], policies: Mapping[str, Sequence[Statement]]) -> Iterator[Role]:
        for id_, properties in self._of("AWS::IAM::Role"):
            boundary = self.resolved(properties.get("PermissionsBoundary", ""))
            if boundary not in boundaries:
                raise PolicyError(f"{id_} has no boundary of these templates")
            own = [one for policy in properties.get("Policies", ()) for one in policy["PolicyDocument"]["Statement"]]
            principal = f"arn:{self.place.partition}:iam::{self.place.account}:role{properties['Path']}{id_}"
            *_, kind, name, _ = properties["Path"].split("/")
            held = statements(self.resolved(own))
            rights = Rights(principal=principal, own=held, boundary=boundaries[boundary], of_resources=policies)
            yield Role(kind=kind, name=name, rights=rights)

    def boundaries(self) -> Iterator[tuple[str, Sequence[Statement]]]:
        for _, properties in self._of("AWS::IAM::ManagedPolicy"):
            arn = f"arn:{self.place.partition}:iam::{self.place.account}:policy/{properties['ManagedPolicyName']}"
            yield arn, read(self.resolved(properties["PolicyDocument"]))

    def of_resources(self) -> Iterator[tuple[str, Sequence[Statement]]]:
        for id_, properties in self._of("AWS::KMS::Key"):
            yield self.arn(id_), read(self.resolved(properties["KeyPolicy"]))
        for _, properties in self._of("AWS::S3::BucketPolicy"):
            bucket = self.resolved(properties["Bucket"])
            yield f"arn:{self.place.partition}:s3:::{bucket}", read(self.resolved(properties["PolicyDocument"]))

    def aliases(self) -> Iterator[tuple[str, str]]:
        for _, properties in self._of("AWS::KMS::Alias"):
            yield self.resolved(properties["AliasName"]), self.resolved(properties["TargetKeyId"])

    def bucket_keys(self) -> Iterator[tuple[str, str]]:
        for _, properties in self._of("AWS::S3::Bucket"):
            for rule in properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", ()):
                if key := rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"):
                    yield properties["BucketName"], self.resolved(key)

    def machines(self) -> Iterator[str]:
        for _, properties in self._of("AWS::StepFunctions::StateMachine"):
            yield self.place.arn("states", f"stateMachine:{properties['StateMachineName']}")

    def _of(self, kind: str) -> Iterator[tuple[str, Json]]:
        return ((id_, raw.get("Properties", {})) for id_, raw in self.resources.items() if raw["Type"] == kind)

    def arn(self, id_: str) -> str:
        """The ARN of a resource whose name the template gives. Raises PolicyError for a type that is not known here."""
        resource = self.resources[id_]
        kind, given = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::S3::Bucket":
            return f"arn:{self.place.partition}:s3:::{given['BucketName']}"
        if kind == "AWS::KMS::Key":
            return self.place.arn("kms", f"key/{KEY_NAME.format(id_)}")
        raise PolicyError(f"the ARN of {id_}, a {kind}, is not known here")

    def resolved(self, value: Any) -> Any:
        """*value* with every intrinsic put in its place. Raises PolicyError for one that is not known here."""
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in {"Ref", "Fn::GetAtt", "Fn::Join", "Fn::Sub"}:
            return self._intrinsic(name, value[name])
        return {key: self.resolved(inner) for key, inner in value.items()}

    def _intrinsic(self, name: str, given: Any) -> str:
        pseudo = {"AWS::Partition": self.place.partition, "AWS::Region": self.place.region, "AWS::AccountId": self.place.account}
        if name == "Ref" and given in pseudo:
            return pseudo[given]
        if name == "Ref" and self.resources.get(given, {}).get("Type") == "AWS::S3::Bucket":
            return str(self.resources[given]["Properties"]["BucketName"])
        if name == "Fn::GetAtt" and given[1] == "Arn":
            return self.arn(given[0])
        if name == "Fn::Join":
            return str(given[0]).join(self.resolved(given[1]))
        if name == "Fn::Sub" and isinstance(given, str):
            for key, filled in pseudo.items():
                given = given.replace(f"${{{key}}}", filled)
            return str(given)
        raise PolicyError(f"{name} of {given} is not known here")
