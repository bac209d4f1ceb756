"""The stacks as wholes: independent of each other, the same for the same input, safe with data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import CatalogError
from stacks.constructs.names import BUSINESS_TABLES, PLATFORM_TABLES
from tests.stacks.templates import Templates

type Synth = Callable[..., Templates]


def tables(templates: Templates) -> dict[str, dict[str, Any]]:
    prefix = templates.settings.names.table("")
    return {
        table.properties["TableName"].removeprefix(prefix): {**table.raw, **table.properties}
        for table in templates.all("AWS::DynamoDB::Table")
    }


def versions(templates: Templates) -> dict[str, str]:
    """The logical id of each function's version, which is another when the function must be published anew."""
    names = {(one.stack, one.id): one.properties["FunctionName"] for one in templates.all("AWS::Lambda::Function")}
    return {names[one.stack, one.properties["FunctionName"]["Ref"]]: one.id for one in templates.all("AWS::Lambda::Version")}


def test_no_stack_imports_anothers_values(deployed: Templates) -> None:
    text = json.dumps(deployed.by_stack)
    assert "Fn::ImportValue" not in text
    assert not [output for template in deployed.by_stack.values() for output in template.get("Outputs", {}).values() if "Export" in output]


def test_the_stacks_are_the_layers(deployed: Templates) -> None:
    layers = ["Foundation", "Security", "Execution", "Orchestration", "Integration", "Observability"]
    assert list(deployed.by_stack) == [f"Septet-twin-{layer}" for layer in layers]


def test_the_same_input_makes_the_same_templates(tree: Path, synth: Synth) -> None:
    first = synth(tree)
    for file in tree.rglob("*.py"):
        file.touch()
    assert synth(tree).by_stack == first.by_stack


def test_a_changed_handler_publishes_that_function_alone(tree: Path, synth: Synth) -> None:
    before = versions(synth(tree))
    with (tree / "functions/tools/find_thing/handler.py").open("a") as file:
        file.write("# changed\n")
    after = versions(synth(tree))
    assert {name for name in before if before[name] != after[name]} == {"septet-twin-tool-find_thing"}


def test_changed_packages_publish_the_functions_that_import_them(tree: Path, synth: Synth) -> None:
    before = versions(synth(tree))
    with (tree / "layers/dependencies/api/requirements.txt").open("a") as file:
        file.write("# the same packages, another list\n")
    after = versions(synth(tree))
    assert {name for name in before if before[name] != after[name]} == {"septet-twin-step-api", "septet-twin-step-authorize"}


def test_environments_differ_by_names_alone(tree: Path, synth: Synth) -> None:
    known = {"account": "000000000000", "region": "us-east-1", "issuer": "i", "jwks_url": "j", "architecture": "host"}
    twin, dev = synth(tree, **known, log_days="7"), synth(tree, environment="dev", **known, log_days="7", watched="true")
    kinds = [sorted(resource.type for resource in templates.all()) for templates in (twin, dev)]
    assert kinds[0] == kinds[1]


def test_in_production_data_and_old_versions_outlive_their_stacks(tree: Path, synth: Synth) -> None:
    prod = synth(tree, environment="prod", account="000000000000", region="us-east-1", issuer="i", jwks_url="j", architecture="host")
    kept = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Lambda::Version", "AWS::Logs::LogGroup")
    for resource in prod.all():
        if resource.type in kept:
            assert (resource.raw["DeletionPolicy"], resource.raw["UpdateReplacePolicy"]) == ("Retain", "Retain"), resource.id
    assert all(table["DeletionProtectionEnabled"] for table in tables(prod).values())


def test_an_environment_that_nobody_is_woken_for_has_neither_alarms_nor_dashboards(tree: Path, synth: Synth) -> None:
    assert list(synth(tree).all("AWS::CloudWatch::"))
    unwatched = synth(tree, watched="false")
    assert not [one.id for kind in ("AWS::CloudWatch::", "AWS::SNS::") for one in unwatched.all(kind)]


def test_on_the_twin_everything_goes(deployed: Templates) -> None:
    assert not [resource.id for resource in deployed.all() if resource.raw.get("DeletionPolicy") == "Retain"]


def test_a_model_out_of_reach_of_the_region_is_refused(tree: Path, synth: Synth) -> None:
    with pytest.raises(Exception, match=r"models\.us\.large-model\.regions: lacks eu-west-1") as caught:
        synth(tree, region="eu-west-1")
    assert isinstance(caught.value, CatalogError)


def test_every_table_is_paid_by_use_and_can_be_restored(deployed: Templates) -> None:
    found = tables(deployed)
    assert set(found) == {*PLATFORM_TABLES, *BUSINESS_TABLES}
    for name, table in found.items():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        restored = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        forgotten = table.get("TimeToLiveSpecification") == {"AttributeName": "expires", "Enabled": True}
        assert (restored, forgotten) == ((False, True) if name in {"health", "cache", "choices", "replays"} else (True, False))


KEYS = {
    "journal": ("pk", "number"),
    "runs": ("tenant", "run"),
    "approvals": ("tenant", "approval"),
    "effects": ("pk", "effect"),
    "accounts": ("account",),
    "health": ("model",),
    "cache": ("cache",),
    "orders": ("tenant", "order_id"),
    "refunds": ("tenant", "refund_key"),
    "documents": ("tenant", "id"),
    "choices": ("pk", "agent"),
    "control": ("tenant", "item"),
    "files": ("tenant", "file"),
    "inquiries": ("tenant", "inquiry"),
    "projections": ("pk",),
    "replays": ("pk", "what"),
    "costs": ("tenant", "place"),
    "summaries": ("tenant", "run"),
    "rows": ("pk", "number"),
    "sessions": ("pk", "what"),
    "stops": ("tenant", "item"),
    "waits": ("pk", "what"),
    "supplies": ("tenant", "item"),
}


def test_tables_have_the_keys_that_the_runtime_uses(deployed: Templates) -> None:
    found = tables(deployed)
    assert {name: tuple(key["AttributeName"] for key in table["KeySchema"]) for name, table in found.items()} == KEYS
    types = {one["AttributeName"]: one["AttributeType"] for table in found.values() for one in table["AttributeDefinitions"]}
    assert {name for name, type_ in types.items() if type_ == "N"} == {
        "number",
        "decided_at",
        "escalates_at",
        "expires_at",
        "until",
        "ended_at",
        "due",
    }
    streams = {name: table["StreamSpecification"] for name, table in found.items() if "StreamSpecification" in table}
    keys = {"StreamViewType": "KEYS_ONLY"}
    assert streams == {"journal": keys, "runs": keys}, "no content leaves a table by its stream"
    indexes = {name: table["GlobalSecondaryIndexes"] for name, table in found.items() if "GlobalSecondaryIndexes" in table}
    shapes = {
        name: [(one["IndexName"], *(key["AttributeName"] for key in one["KeySchema"])) for one in table] for name, table in indexes.items()
    }
    assert shapes == {
        "runs": [("by_created", "tenant", "created_at"), ("unsealed", "unsealed", "place")],
        "summaries": [("by_end", "tenant", "ended")],
        "approvals": [
            ("outbox", "outbox", "decided_at"),
            ("escalations", "escalating", "escalates_at"),
            ("pending", "pending", "expires_at"),
        ],
        "accounts": [("leases", "shard", "until")],
        "inquiries": [("outbox", "outbox", "ended_at")],
        "sessions": [("due", "waiting", "due")],
        "stops": [("unfinished", "unfinished", "item")],
    }


def bucket(templates: Templates, name: str) -> tuple[Any, list[dict[str, Any]]]:
    """The properties of the bucket called so, and the statements of its policy."""
    (found,) = (one for one in templates.all("AWS::S3::Bucket") if one.properties.get("BucketName") == name)
    (policy,) = (one for one in templates.all("AWS::S3::BucketPolicy") if one.properties["Bucket"] == {"Ref": found.id})
    return found.properties, policy.properties["PolicyDocument"]["Statement"]


def key(templates: Templates, alias: str) -> tuple[str, Any]:
    """The logical id and the properties of the key with this alias."""
    (named,) = (one for one in templates.all("AWS::KMS::Alias") if one.properties["AliasName"] == alias)
    (found,) = (one for one in templates.all("AWS::KMS::Key") if named.properties["TargetKeyId"] == {"Fn::GetAtt": [one.id, "Arn"]})
    return found.id, found.properties


TLS = {"Bool": {"aws:SecureTransport": "false"}}


def test_bodies_are_private_and_can_be_erased(deployed: Templates) -> None:
    bodies, statements = bucket(deployed, deployed.settings.names.bucket())
    assert all(bodies["PublicAccessBlockConfiguration"].values())
    assert "VersioningConfiguration" not in bodies
    assert {one["Effect"] for one in statements} == {"Deny"}
    assert TLS in [one["Condition"] for one in statements]


def test_bodies_are_encrypted_with_a_key_of_their_own_that_rotates(deployed: Templates) -> None:
    names = deployed.settings.names
    made, properties = key(deployed, names.bodies_key())
    assert properties["EnableKeyRotation"]
    bodies, _ = bucket(deployed, names.bucket())
    (rule,) = bodies["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": [made, "Arn"]}
    assert not rule.get("BucketKeyEnabled"), "with a bucket key, KMS does not see the tenant of each body"
    named = {function.properties["Environment"]["Variables"]["SEPTET_BODIES_KEY"] for function in deployed.all("AWS::Lambda::Function")}
    assert named == {names.bodies_key_arn()}


@pytest.mark.parametrize(("retain", "mode"), [("true", "COMPLIANCE"), ("false", "GOVERNANCE")])
def test_seals_are_locked_and_written_once(tree: Path, synth: Synth, retain: str, mode: str) -> None:
    templates = synth(tree, retain=retain, seal_days="9")
    seals, statements = bucket(templates, templates.settings.names.seals())
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Days": 9, "Mode": mode}}}
    assert (seals["ObjectLockEnabled"], seals["ObjectLockConfiguration"]) == (True, lock)
    assert seals["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(seals["PublicAccessBlockConfiguration"].values())
    assert [one["Condition"] for one in statements] == [TLS, {"Null": {"s3:if-none-match": "true"}}]
    assert {one["Effect"] for one in statements} == {"Deny"}


def test_the_key_of_seals_signs(deployed: Templates) -> None:
    _, properties = key(deployed, deployed.settings.names.seals_key())
    assert (properties["KeySpec"], properties["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


def test_nothing_is_deployed_that_the_emulator_would_only_pretend_to_deploy(deployed: Templates) -> None:
    services = "ApiGateway CloudWatch DynamoDB Events IAM KMS Lambda Logs S3 SNS SQS SSM SecretsManager StepFunctions"
    assert {resource.type.split("::")[1] for resource in deployed.all()} == set(services.split())
