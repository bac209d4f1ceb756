"""A kept record against a kept template: what is refused, what is used, and what is missed when a right is gone."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.iam import examination, recorded, templates
from local.iam.examination import Grant
from local.iam.operations import Profile
from local.iam.recorded import RecordError
from local.iam.statements import PolicyError

PLACE = templates.Place(region="us-east-1", account="000000000000")
WRITER = "arn:aws:iam::000000000000:role/septet/twin/agent/writer/Septet-twin-made-1c1a66b9"
MACHINE = "arn:aws:iam::000000000000:role/septet/twin/workflow/support/Septet-twin-made-d597b0d1"
TABLES = "arn:aws:dynamodb:us-east-1:000000000000:table/septet-twin-"
FUNCTIONS = "arn:aws:lambda:us-east-1:000000000000:function:septet-twin-"
BUCKET = "septet-twin-bodies-000000000000-us-east-1"
BOUNDARY = "arn:aws:iam::000000000000:policy/septet-twin-boundary"
PROFILES = {"us.large": Profile(model="large", regions=("us-east-1", "us-west-2"))}


def allow(sid: str, actions: list[str], resources: list[Any], **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **more}


OWN = [
    allow("Journal", ["dynamodb:PutItem", "dynamodb:Query"], [f"{TABLES}journal"]),
    allow(
        "Money",
        ["dynamodb:UpdateItem"],
        [f"{TABLES}accounts"],
        Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#branch/*"]}},
    ),
    allow("Bodies", ["s3:PutObject", "s3:GetObject"], [f"arn:aws:s3:::{BUCKET}/*"]),
    allow(
        "Key",
        ["kms:GenerateDataKey", "kms:Decrypt"],
        ["arn:aws:kms:us-east-1:000000000000:key/*"],
        Condition={
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/septet-twin-bodies"},
            "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
            "Null": {"kms:EncryptionContext:tenant": "false"},
        },
    ),
    allow(
        "Models",
        ["bedrock:InvokeModel"],
        ["arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.large", "arn:aws:bedrock:*::foundation-model/large"],
    ),
]


def role(kind: str, name: str, own: list[dict[str, Any]]) -> dict[str, Any]:
    policies = [{"PolicyName": "Septet", "PolicyDocument": {"Version": "2012-10-17", "Statement": own}}]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"Path": f"/septet/twin/{kind}/{name}/", "PermissionsBoundary": BOUNDARY, "Policies": policies},
    }


def template(own: list[dict[str, Any]]) -> dict[str, Any]:
    everything = {"Version": "2012-10-17", "Statement": [allow("All", ["*"], ["*"])]}
    root = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}
    delegated = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}]}
    key = {"Fn::GetAtt": ["Key", "Arn"]}
    tls = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    encrypted = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]
    return {
        "Resources": {
            "Boundary": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"ManagedPolicyName": "septet-twin-boundary", "PolicyDocument": everything},
            },
            "Writer": role("agent", "writer", own),
            "Support": role("workflow", "support", [allow("Calls", ["lambda:InvokeFunction"], [f"{FUNCTIONS}agent-writer:live"])]),
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": delegated}},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/septet-twin-bodies", "TargetKeyId": key}},
            "Bodies": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": BUCKET, "BucketEncryption": {"ServerSideEncryptionConfiguration": encrypted}},
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bodies"}, "PolicyDocument": {"Statement": [tls]}},
            },
        }
    }


def item(operation: str, table: str, *leading: str) -> dict[str, Any]:
    return {"operation": operation, "table": f"septet-twin-{table}", "index": "", "leading": list(leading), "attributes": None}


def call(role_: str, service: str, operation: str, **about: Any) -> dict[str, Any]:
    return {"role": role_, "service": service, "operation": operation, "about": about}


BODY = {"Bucket": BUCKET, "Key": "acme/run-1/ab"}
PUT = {
    **BODY,
    "SSEKMSKeyId": "arn:aws:kms:us-east-1:000000000000:alias/septet-twin-bodies",
    "SSEKMSEncryptionContext": "eyJ0ZW5hbnQiOiJhY21lIn0=",
}
RECORD = [
    {"key": "LSIA1", "role": WRITER},
    call(
        WRITER,
        "dynamodb",
        "TransactWriteItems",
        parts=[item("PutItem", "journal", "acme#run-1#main"), item("UpdateItem", "accounts", "acme#branch/run-1")],
    ),
    call(WRITER, "s3", "PutObject", **PUT),
    call(WRITER, "s3", "GetObject", **BODY),
    call(MACHINE, "lambda", "Invoke", FunctionName=f"{FUNCTIONS}agent-writer", Qualifier="live"),
    call(WRITER, "logs", "CreateLogGroup", logGroupName="/septet/twin/agent/writer"),
]
ASKED = {"key": "LSIA1", "region": "us-east-1", "service": "bedrock", "method": "POST", "path": "/model/us.large/converse"}


def examine(
    folder: Path, *more: dict[str, Any], own: list[dict[str, Any]] | None = None, asked: dict[str, Any] = ASKED
) -> examination.Examination:
    (folder / "localstack.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in [*RECORD, *more]))
    (folder / "doubles.jsonl").write_text(json.dumps(asked) + "\n")
    account = templates.account([template(OWN if own is None else own)], PLACE)
    return examination.examine(account, recorded.read(folder), PROFILES)


def test_what_policies_allow_is_not_refused_and_what_was_used_is_known(tmp_path: Path) -> None:
    found = examine(tmp_path)
    assert found.refused == []
    account = templates.account([template(OWN)], PLACE)
    assert [str(grant) for grant in examination.grants(account) if grant not in found.used] == [
        "agent writer: dynamodb:Query on table journal"
    ]


@pytest.mark.parametrize(
    "taken", ["dynamodb:PutItem", "dynamodb:UpdateItem", "s3:PutObject", "s3:GetObject", "kms:GenerateDataKey", "kms:Decrypt"]
)
def test_a_right_that_is_gone_from_a_copy_of_the_policy_is_missed_and_no_other(tmp_path: Path, taken: str) -> None:
    copy = [{**one, "Action": [action for action in one["Action"] if action != taken]} for one in OWN]
    (refused,) = examine(tmp_path, own=copy).refused
    assert refused.startswith("agent writer called ")
    assert f"which needs {taken} on arn:aws:" in refused
    assert refused.endswith("its policy does not allow it")


def test_a_profile_needs_its_model_in_every_region(tmp_path: Path) -> None:
    copy = [
        one | ({"Resource": [one["Resource"][0], "arn:aws:bedrock:us-east-1::foundation-model/large"]} if one["Sid"] == "Models" else {})
        for one in OWN
    ]
    (refused,) = examine(tmp_path, own=copy).refused
    assert (
        "bedrock:InvokeModel on arn:aws:bedrock:us-west-2::foundation-model/large: its policy does not allow it: Models is about other"
        in refused
    )


def test_a_grant_that_is_taken_away_is_missed(tmp_path: Path) -> None:
    examine(tmp_path)
    account = templates.account([template(OWN)], PLACE)
    taken = Grant(role="workflow support", action="lambda:InvokeFunction", resource=f"{FUNCTIONS}agent-writer:live")
    missed = examination.examine(examination.without(account, taken), recorded.read(tmp_path), PROFILES).refused
    assert [one.split(":")[0] for one in missed] == ["workflow support called lambda Invoke, which needs lambda"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            call(WRITER, "dynamodb", "UpdateItem", parts=[item("UpdateItem", "accounts", "acme#budgets")]),
            "the conditions of Money do not hold",
        ),
        (call(WRITER, "dynamodb", "UpdateItem", parts=[item("UpdateItem", "accounts") | {"leading": None}]), "or cannot be known"),
        (call(WRITER, "sns", "Publish"), "agent writer: sns Publish has no row in local/iam/operations.py"),
        (call(WRITER, "s3", "GetObject", Bucket=BUCKET), "agent writer: s3 GetObject was recorded without 'Key'"),
        (call(MACHINE, "lambda", "Invoke", FunctionName="septet-twin-tool-pay:live"), "workflow support called lambda Invoke"),
        (
            call(WRITER.replace("writer", "ghost"), "s3", "GetObject", **BODY),
            "role/septet/twin/agent/ghost/Septet-twin-made-1c1a66b9 is no role",
        ),
    ],
)
def test_what_is_not_allowed_or_not_known_is_refused(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    (refused,) = examine(tmp_path, more).refused
    assert said in refused


def test_a_path_of_the_model_server_without_a_row_is_refused(tmp_path: Path) -> None:
    (refused,) = examine(tmp_path, asked={**ASKED, "path": "/async-invoke"}).refused
    assert refused == "agent writer: POST /async-invoke has no row in local/iam/operations.py"


def test_an_incomplete_record_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="the record is full"):
        examine(tmp_path, {"lost": "the record is full"})
    with pytest.raises(RecordError, match="no calls"):
        recorded.read(tmp_path / "nowhere")


def test_templates_are_read_strictly() -> None:
    with pytest.raises(PolicyError, match="boundary"):
        templates.account([{"Resources": {"Free": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/septet/twin/agent/free/"}}}}], PLACE)
    with pytest.raises(PolicyError, match="not known here"):
        templates.account([template([allow("Odd", ["s3:GetObject"], [{"Fn::GetAtt": ["Writer", "Arn"]}])])], PLACE)
