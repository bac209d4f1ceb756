"""What a bucket and a key refuse whatever the policies of roles say: a wider role somewhere in the account reads no bodies."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks.constructs.names import MANIFESTS, Names

_USES = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]


def guard_bodies(bucket: s3.Bucket, key: kms.Key, names: Names) -> None:
    """Let only agents and steps reach what is in *bucket*, always encrypted with a key of KMS, and let *key* be used through S3 alone.

    A workflow reads manifests, the lists of rows that its map goes through.

    An administrator who has to read a body changes these policies first, which CloudTrail shows.
    """
    ours = [names.roles_arn("agent"), names.roles_arn("step")]
    others = {"ArnNotLike": {"aws:PrincipalArn": [*ours, names.roles_arn("workflow")]}}
    objects = [bucket.arn_for_objects("*")]
    bucket.add_to_resource_policy(_never("OnlyAgentsStepsAndWorkflows", _OBJECTS, objects, others))
    workflows = {"ArnLike": {"aws:PrincipalArn": [names.roles_arn("workflow")]}}
    bucket.add_to_resource_policy(_never("WorkflowsWriteNothing", [one for one in _OBJECTS if one != "s3:GetObject"], objects, workflows))
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="WorkflowsReadManifestsAlone",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject"],
            not_resources=[bucket.arn_for_objects(MANIFESTS)],
            conditions=workflows,
        )
    )
    plain = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    bucket.add_to_resource_policy(_never("EncryptedForATenant", ["s3:PutObject"], objects, plain))
    key.add_to_resource_policy(_never("OnlyAgentsStepsAndWorkflows", _USES, ["*"], others))
    directly = {"StringNotEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"}}
    key.add_to_resource_policy(_never("OnlyThroughS3", _USES, ["*"], directly))


def _never(sid: str, actions: list[str], resources: list[str], conditions: Mapping[str, Any]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid, effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()], actions=actions, resources=resources, conditions=conditions
    )
