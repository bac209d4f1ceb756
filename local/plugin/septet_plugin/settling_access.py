"""Policies, roles, buckets and keys: what LocalStack's resource providers leave undone."""

import json
from typing import Any

from septet_plugin.resources import Change, Model


def managed_policy(change: Change) -> Model:
    """Make the template's document the default version of a policy."""
    if change.before and change.changed("PolicyDocument"):
        iam, arn = change.clients.iam, change.now["Id"]
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:  # a policy has five at most
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(change.now["PolicyDocument"]), SetAsDefault=True)
    return {}


def role(change: Change) -> Model:
    """Bring a role to its trust, its policies and the managed ones."""
    iam, name = change.clients.iam, change.now["RoleName"]
    if not change.before:
        return {}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(change.now["AssumeRolePolicyDocument"]))
    policies = {policy["PolicyName"]: policy["PolicyDocument"] for policy in change.now.get("Policies") or []}
    for policy in change.before.get("Policies") or []:
        if policy["PolicyName"] not in policies:
            iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    for policy, document in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    wanted, had = set(change.now.get("ManagedPolicyArns") or []), set(change.before.get("ManagedPolicyArns") or [])
    for arn in had - wanted:
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in wanted - had:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return {}


def bucket(change: Change) -> Model:
    """Set what LocalStack's provider drops: encryption, public access, ownership."""
    s3, bucket = change.clients.s3, {"Bucket": change.now["BucketName"]}
    if encryption := change.now.get("BucketEncryption"):
        rules = {"Rules": [_renamed(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]}
        s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=rules)
    if block := change.now.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
    if ownership := change.now.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(**bucket, OwnershipControls=ownership)
    if change.before and (versioning := change.now.get("VersioningConfiguration")):
        s3.put_bucket_versioning(**bucket, VersioningConfiguration=versioning)
    if change.before and change.changed("Tags"):
        s3.put_bucket_tagging(**bucket, Tagging={"TagSet": change.now.get("Tags") or []})
    return {}


def _renamed(rule: dict[str, Any]) -> dict[str, Any]:
    name = "ServerSideEncryptionByDefault"
    return {**{key: value for key, value in rule.items() if key != name}, "ApplyServerSideEncryptionByDefault": rule.get(name)}


def bucket_policy(change: Change) -> Model:
    """Set a bucket's policy anew."""
    if change.before:
        change.clients.s3.put_bucket_policy(Bucket=change.now["Bucket"], Policy=json.dumps(change.now["PolicyDocument"]))
    return {}


def topic_policy(change: Change) -> Model:
    """Set a topic's policy anew."""
    for topic in change.now["Topics"] if change.before else []:
        policy = json.dumps(change.now["PolicyDocument"])
        change.clients.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return {}


def key(change: Change) -> Model:
    """Change a key's policy, description and rotation."""
    if change.before:
        kms, key = change.clients.kms, change.now["KeyId"]
        if change.now.get("KeyPolicy"):
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(change.now["KeyPolicy"]))
        kms.update_key_description(KeyId=key, Description=change.now.get("Description") or "")
        (kms.enable_key_rotation if change.now.get("EnableKeyRotation") else kms.disable_key_rotation)(KeyId=key)
    return {}
