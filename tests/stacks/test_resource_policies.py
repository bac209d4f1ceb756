"""The bucket of bodies and its key, asked as IAM would: by our roles, and by one elsewhere in the account that may do everything."""

from dataclasses import replace
from typing import Any

import pytest

from local.iam import templates
from local.iam.decisions import Call
from local.iam.statements import statements
from local.iam.templates import Account

EVERYTHING = statements([{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}])
ELSEWHERE = "arn:aws:iam::000000000000:role/somebody/who-may-do-everything"
BUCKET = "arn:aws:s3:::septet-twin-bodies-000000000000-us-east-1"
OBJECT = f"{BUCKET}/acme/run-1/ab"
TLS, KMS = {"aws:SecureTransport": ("true",)}, {"s3:x-amz-server-side-encryption": ("aws:kms",)}
FOR_A_TENANT = {
    "kms:ResourceAliases": ("alias/septet-twin-bodies",),
    "kms:ViaService": ("s3.us-east-1.amazonaws.com",),
    "kms:EncryptionContext:tenant": ("acme",),
}


@pytest.fixture(scope="module")
def account(deployed: Any) -> Account:
    return templates.load(deployed.folder, templates.Place(region="us-east-1", account="000000000000"))


def may(account: Account, role: str, action: str, resource: str, context: dict[str, tuple[str, ...]]) -> bool:
    rights = next(one.rights for one in account.roles if str(one) == role)
    return rights.decide(Call(action=action, resource=resource, context=context)).allowed


def anybody_may(account: Account, principal: str, action: str, resource: str, context: dict[str, tuple[str, ...]]) -> bool:
    """Whether the resource lets in a role that its own policy and boundary do not hold back."""
    rights = replace(account.roles[0].rights, principal=principal, own=EVERYTHING, boundary=EVERYTHING)
    return rights.decide(Call(action=action, resource=resource, context=context)).allowed


@pytest.mark.parametrize("role", ["agent writer", "step gateway", "step api"])
def test_agents_and_steps_keep_and_read_bodies(account: Account, role: str) -> None:
    key = account.key_aliases["alias/septet-twin-bodies"]
    assert may(account, role, "s3:PutObject", OBJECT, TLS | KMS)
    assert may(account, role, "s3:GetObject", OBJECT, TLS)
    assert may(account, role, "kms:GenerateDataKey", key, FOR_A_TENANT)
    assert may(account, role, "kms:Decrypt", key, FOR_A_TENANT)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_no_role_from_elsewhere_and_no_tool_reaches_a_body(account: Account, action: str) -> None:
    tool = next(role.rights.principal for role in account.roles if role.kind == "tool")
    step = next(role.rights.principal for role in account.roles if role.kind == "step")
    assert not anybody_may(account, ELSEWHERE, action, OBJECT, TLS | KMS)
    assert not anybody_may(account, tool, action, OBJECT, TLS | KMS)
    assert anybody_may(account, step, action, OBJECT, TLS | KMS)


def test_a_workflow_reads_the_manifests_of_its_map_and_nothing_else(account: Account) -> None:
    manifest, key = f"{BUCKET}/acme/run-1/map/rows.csv", account.key_aliases["alias/septet-twin-bodies"]
    machine = next(role.rights.principal for role in account.roles if str(role) == "workflow batch")
    assert may(account, "workflow batch", "s3:GetObject", manifest, TLS)
    assert may(account, "workflow batch", "kms:Decrypt", key, FOR_A_TENANT)
    for other in (OBJECT, f"{BUCKET}/acme/run-1/map/inputs.jsonl", f"{BUCKET}/acme/fil-1/content"):
        assert not may(account, "workflow batch", "s3:GetObject", other, TLS)
        assert not anybody_may(account, machine, "s3:GetObject", other, TLS)
    assert not anybody_may(account, machine, "s3:PutObject", manifest, TLS | KMS)
    assert not may(account, "workflow support", "s3:GetObject", manifest, TLS)


def test_a_map_starts_and_stops_children_of_its_own_machine_alone(account: Account) -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:septet-twin"
    child = "arn:aws:states:us-east-1:000000000000:execution:septet-twin"
    assert may(account, "workflow batch", "states:StartExecution", f"{machine}-batch", {})
    assert may(account, "workflow batch", "states:StopExecution", f"{child}-batch/Rows:abc", {})
    assert not may(account, "workflow batch", "states:StartExecution", f"{machine}-support", {})
    assert not may(account, "workflow batch", "states:StopExecution", f"{child}-support:run-1", {})
    assert not may(account, "workflow support", "states:StartExecution", f"{machine}-support", {})


def test_nothing_is_written_unencrypted_or_read_without_tls(account: Account) -> None:
    assert not may(account, "step api", "s3:PutObject", OBJECT, TLS | {"s3:x-amz-server-side-encryption": ()})
    assert not may(account, "step api", "s3:PutObject", OBJECT, TLS | {"s3:x-amz-server-side-encryption": ("AES256",)})
    assert not may(account, "step api", "s3:GetObject", OBJECT, {"aws:SecureTransport": ("false",)})


def test_the_key_serves_s3_alone_and_our_roles_alone(account: Account) -> None:
    key = account.key_aliases["alias/septet-twin-bodies"]
    step = next(role.rights.principal for role in account.roles if role.kind == "step")
    assert anybody_may(account, step, "kms:Decrypt", key, FOR_A_TENANT)
    assert not anybody_may(account, step, "kms:Decrypt", key, FOR_A_TENANT | {"kms:ViaService": ()})
    assert not anybody_may(account, ELSEWHERE, "kms:Decrypt", key, FOR_A_TENANT)
    assert not may(account, "step api", "kms:Decrypt", key, {**FOR_A_TENANT, "kms:EncryptionContext:tenant": ()})
