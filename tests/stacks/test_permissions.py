"""What every role may do, over all roles. The emulator enforces no IAM, so these tests are the proof."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.constructs.names import BUSINESS_TABLES, PLATFORM_TABLES
from tests.stacks.iam import BRANCH, allows, granted
from tests.stacks.templates import Role, Templates, listed
from tests.stacks.wildcards import reasons

REAL = Path(__file__).parents[2]
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "PartiQLUpdate", "PartiQLDelete")
JOURNAL = "acme#run-01jd3v8g4nq9x7c2m5t6w8y0ab#main"
"""The key of a run's journal."""
READS = ("GetItem", "Query", "Scan", "BatchGetItem", "ConditionCheckItem")


def may(templates: Templates, role: Role, action: str, resource: str, key: str = BRANCH) -> bool:
    """Whether *role* may in fact do it, to an item with the partition *key*: its own policy and the boundary both allow it."""
    return all(allows(statements, action, resource, role.arn, key) for statements in (role.statements, templates.boundary()))


def on_tables(templates: Templates, role: Role, table: str) -> set[str]:
    """The actions of DynamoDB that *role* may do to *table*."""
    arn = templates.settings.names.table_arn(table)
    key = JOURNAL if table == "journal" else BRANCH
    return {action for action in (*READS, *WRITES) if may(templates, role, f"dynamodb:{action}", arn, key)}


def sample(pattern: str) -> str:
    """A resource that *pattern* stands for."""
    return pattern.replace("*", "one-of-them")


def test_every_role_has_the_boundary(deployed: Templates) -> None:
    assert {role.boundary for role in deployed.roles()} == {deployed.settings.names.boundary_arn()}
    (policy,) = deployed.all("AWS::IAM::ManagedPolicy")
    assert policy.properties["ManagedPolicyName"] == deployed.settings.names.boundary()


def test_no_permission_comes_from_elsewhere(deployed: Templates) -> None:
    for resource in deployed.all("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in resource.properties, f"{resource.id}: a policy that this repository does not write out"
    assert not list(deployed.all("AWS::IAM::Policy")), "a construct added permissions behind the files' back"


def test_the_boundary_takes_nothing_away_that_a_policy_gives(deployed: Templates) -> None:
    refused = [
        f"{role}: {action} on {resource}"
        for role in deployed.roles()
        for action, resource in granted(role.statements)
        if not allows(deployed.boundary(), action, sample(resource), role.arn)
    ]
    assert not refused


def test_the_boundary_fits_what_iam_allows_for_a_policy(deployed: Templates) -> None:
    (policy,) = deployed.all("AWS::IAM::ManagedPolicy")
    assert len(re.sub(r"\s", "", str(policy.properties["PolicyDocument"]))) < 6144


def test_every_wildcard_has_a_reason(deployed: Templates) -> None:
    entries = reasons(deployed)
    used: set[tuple[int, str]] = set()
    for role in deployed.roles():
        for action, resource in granted(role.statements):
            assert "*" not in action, f"{role} may do {action}: name the actions"
            if "*" in resource:
                fits = [number for number, (pattern, actions) in enumerate(entries) if pattern.fullmatch(resource) and action in actions]
                assert fits, f"{role} may {action} on {resource}: narrow it, or give the reason in policies/wildcards.toml"
                used |= {(number, action) for number in fits}
    unused = {(number, action) for number, (_, actions) in enumerate(entries) for action in actions} - used
    assert not unused, f"policies/wildcards.toml gives reasons for what nothing uses: {unused}"


def test_only_the_gateway_invokes_tools(deployed: Templates) -> None:
    tools = [deployed.settings.names.alias_arn("tool", name) for name in deployed.catalog.tools]
    for tool in tools:
        able = [str(role) for role in deployed.roles() if may(deployed, role, "lambda:InvokeFunction", tool)]
        assert able == ["step gateway"]


def test_a_wider_policy_would_not_let_others_invoke_tools(deployed: Templates) -> None:
    anything: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    tool = deployed.settings.names.alias_arn("tool", next(iter(deployed.catalog.tools)))
    for role in deployed.roles():
        able = all(allows(statements, "lambda:InvokeFunction", tool, role.arn) for statements in (anything, deployed.boundary()))
        assert able == (str(role) == "step gateway")


def test_an_agent_calls_its_models_and_the_gateway_and_nothing_else(deployed: Templates) -> None:
    names = deployed.settings.names
    for role in deployed.roles("agent"):
        invoked = {resource for action, resource in granted(role.statements) if action == "lambda:InvokeFunction"}
        assert invoked == {names.gateway_arn(role.name)}
        models = deployed.catalog.agents[role.name].models
        called = {resource for action, resource in granted(role.statements) if action.startswith("bedrock:")}
        ids = {model.profile_of or model.id for model in models} | {model.id for model in models if model.profile_of}
        assert {resource.split("/")[-1] for resource in called} == ids
        services = {action.split(":")[0] for action, _ in granted(role.statements)}
        assert services == {"bedrock", "lambda", "dynamodb", "s3", "kms", "logs", "xray"}


def test_each_agent_has_an_alias_of_the_gateway_that_it_alone_may_invoke(deployed: Templates) -> None:
    names = deployed.settings.names
    function = names.arn("lambda", f"function:{names.function('step', 'gateway')}")
    for agent in deployed.catalog.agents:
        able = [str(role) for role in deployed.roles() if may(deployed, role, "lambda:InvokeFunction", names.gateway_arn(agent))]
        assert able == [f"agent {agent}"]
    for by in ("", ":live", ":$LATEST", ":1"):
        assert not [str(role) for role in deployed.roles() if may(deployed, role, "lambda:InvokeFunction", function + by)]


def test_only_the_api_reads_the_secret_of_ids_and_no_template_holds_it(deployed: Templates) -> None:
    secret = deployed.settings.names.id_key_arn().replace("??????", "Ab12Cd")
    assert [str(role) for role in deployed.roles() if may(deployed, role, "secretsmanager:GetSecretValue", secret)] == ["step api"]
    (made,) = deployed.all("AWS::SecretsManager::Secret")
    assert made.properties["Name"] == deployed.settings.names.id_key()
    assert made.properties["GenerateSecretString"] == {"ExcludePunctuation": True, "PasswordLength": 64}
    assert "SecretString" not in made.properties
    for function in deployed.all("AWS::Lambda::Function"):
        assert function.properties["Environment"]["Variables"]["SEPTET_ID_KEY"] == deployed.settings.names.id_key()


def test_an_agent_reaches_no_decision_and_no_effect(deployed: Templates) -> None:
    for role in deployed.roles("agent"):
        for table in {*PLATFORM_TABLES, *BUSINESS_TABLES} - {"journal", "accounts", "health", "cache"}:
            assert not on_tables(deployed, role, table), f"{role} reaches {table}"


def test_an_agent_knows_the_models_health_and_its_cache_if_it_has_one(deployed: Templates) -> None:
    for role in deployed.roles("agent"):
        assert on_tables(deployed, role, "health") == {"BatchGetItem", "UpdateItem"}
        cached = deployed.catalog.agents[role.name].cache_seconds
        assert on_tables(deployed, role, "cache") == ({"GetItem", "PutItem"} if cached else set())
    for role in [*deployed.roles("tool"), *deployed.roles("step")]:
        assert not on_tables(deployed, role, "health") | on_tables(deployed, role, "cache"), f"{role} has no models"


SERVED = """
[models."tuned"]
provider = "sagemaker"
endpoint = "tuned-endpoint"
region = "eu-west-1"
input_price = "0"
output_price = "0"
priced_on = 2026-01-02
source = "paid by the hour"
context = 8_000
max_output = 1_000
capabilities = ["tools"]

[models."own"]
provider = "openai"
endpoint = "https://models.example.com/v1"
secret = "models/own"
input_price = "0"
output_price = "0"
priced_on = 2026-01-02
source = "our own machine"
context = 8_000
max_output = 1_000
capabilities = ["tools"]

[roles]
"""


def test_an_agent_may_call_its_endpoints_and_read_its_keys_and_no_others(tree: Path, synth: Callable[..., Templates]) -> None:
    file = tree / "policies/models.toml"
    file.write_text(file.read_text().replace("[roles]", SERVED).replace('"us.large-model"]\ncareful', '"tuned", "own"]\ncareful'))
    with (tree / "functions/agents/scout/agent.toml").open("a") as declared:
        declared.write("\n[cache]\nseconds = 60\n")
    shutil.copy(REAL / "policies/boundary.json", tree / "policies/boundary.json")
    templates = synth(tree)
    roles = {role.name: role for role in templates.roles("agent")}
    account = templates.settings.names.account
    endpoint = f"arn:aws:sagemaker:eu-west-1:{account}:endpoint/tuned-endpoint"
    key = f"arn:aws:secretsmanager:{templates.settings.region}:{account}:secret:models/own-Ab12Cd"
    for action, resource in (("sagemaker:InvokeEndpoint", endpoint), ("secretsmanager:GetSecretValue", key)):
        assert may(templates, roles["scout"], action, resource)
        assert not may(templates, roles["scout"], action, resource.replace("tuned-e", "other-e").replace("own-", "own2-"))
        assert not may(templates, roles["clerk"], action, resource)
    assert on_tables(templates, roles["scout"], "cache") == {"GetItem", "PutItem"}
    assert not on_tables(templates, roles["clerk"], "cache")


def test_a_wider_policy_would_not_let_agents_and_tools_decide(deployed: Templates) -> None:
    anything: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    for role in [*deployed.roles("agent"), *deployed.roles("tool")]:
        for table in ("effects", "approvals", "runs"):
            arn = deployed.settings.names.table_arn(table)
            for action in (*READS, *WRITES):
                assert not all(allows(one, f"dynamodb:{action}", arn, role.arn) for one in (anything, deployed.boundary()))


def test_the_journal_is_only_appended_to(deployed: Templates) -> None:
    for role in deployed.roles():
        assert on_tables(deployed, role, "journal") <= {"GetItem", "Query", "PutItem"}, f"{role} can change the journal"


def test_only_erasure_takes_the_body_of_an_entry_away_and_cannot_touch_what_its_hash_covers(deployed: Templates) -> None:
    journal = deployed.settings.names.table_arn("journal")
    for role in deployed.roles():
        able = {
            name
            for name in ("salt", "body", "header", "hash", "writer")
            if all(
                allows(one, "dynamodb:UpdateItem", journal, role.arn, attributes=("pk", "number", name))
                for one in (role.statements, deployed.boundary())
            )
        }
        assert able == ({"salt", "body"} if str(role) == "step erase_content" else set())


def test_agents_and_the_gateway_reach_the_journals_of_runs_and_no_other_branch_of_a_tenants(deployed: Templates) -> None:
    journal = deployed.settings.names.table_arn("journal")
    for role in [*deployed.roles("agent"), deployed.role("step", "gateway")]:
        for action in ("dynamodb:Query", "dynamodb:PutItem"):
            assert may(deployed, role, action, journal, JOURNAL)
            for key in ("acme#budget#main", "acme#erasures#main", "acme", "acme#"):
                assert not may(deployed, role, action, journal, key), f"{role} reaches {key}"


def test_nothing_is_deleted_but_bodies_by_the_eraser(deployed: Templates) -> None:
    deletes = {(str(role), *one) for role in deployed.roles() for one in granted(role.statements) if "Delete" in one[0]}
    erasing = ("step erase_content", "s3:DeleteObject", f"{deployed.settings.names.bucket_arn()}/*")
    assert {one for one in deletes if one[1] != "logs:DeleteLogDelivery"} == {erasing}


ANYTHING: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def test_a_wider_policy_would_let_nobody_else_erase_or_seal(deployed: Templates) -> None:
    names = deployed.settings.names
    acts = {
        ("dynamodb:UpdateItem", names.table_arn("journal")): "step erase_content",
        ("s3:DeleteObject", f"{names.bucket_arn()}/acme/run-1/digest"): "step erase_content",
        ("s3:PutObject", f"{names.seals_arn()}/acme/2026-11-23T04-000.json"): "step seal_journal",
        ("kms:Sign", names.arn("kms", "key/1")): "step seal_journal",
    }
    for (action, resource), only in acts.items():
        able = {
            str(role)
            for role in deployed.roles()
            if all(allows(one, action, resource, role.arn) for one in (ANYTHING, deployed.boundary()))
        }
        assert able == {only}, action


def test_a_seal_is_deleted_by_nobody(deployed: Templates) -> None:
    seal = f"{deployed.settings.names.seals_arn()}/acme/2026-11-23T04-000.json"
    for role in deployed.roles():
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"):
            assert not all(allows(one, action, seal, role.arn) for one in (ANYTHING, deployed.boundary()))


def test_only_the_api_has_content_erased(deployed: Templates) -> None:
    eraser = deployed.settings.names.alias_arn("step", "erase_content")
    assert [str(role) for role in deployed.roles() if may(deployed, role, "lambda:InvokeFunction", eraser)] == ["step api"]


def test_a_tool_reaches_business_data_alone(deployed: Templates) -> None:
    business = {deployed.settings.names.table_arn(table) for table in BUSINESS_TABLES}
    for role in deployed.roles("tool"):
        own = {deployed.settings.names.log_group_arn("tool", role.name), "*"}
        assert {resource for _, resource in granted(role.statements)} - own <= business
        assert {action for action, resource in granted(role.statements) if resource == "*"} == {
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
        }


def test_a_role_writes_to_its_own_logs_alone(deployed: Templates) -> None:
    for role in deployed.roles():
        written = {resource for action, resource in granted(role.statements) if action == "logs:PutLogEvents"}
        own = set() if role.kind == "workflow" else {deployed.settings.names.log_group_arn(role.kind, role.name)}
        assert written == own


def test_a_workflow_calls_what_it_names_and_nothing_else(deployed: Templates) -> None:
    for role in deployed.roles("workflow"):
        invoked = {resource for action, resource in granted(role.statements) if action == "lambda:InvokeFunction"}
        text = deployed.definitions()[deployed.settings.names.state_machine(role.name)]
        named = set(re.findall(r"arn:aws:lambda:[^\"']+", str(text)))
        assert invoked == named
        others = {action.split(":")[0] for action, _ in granted(role.statements)} - {"lambda", "logs", "xray"}
        assert not others


WHO_WRITES = {
    "effects": {"step gateway", "step erase_content"},
    "approvals": {"step gateway", "step ask_person", "step deliver_decisions", "step api", "step erase_content"},
    "runs": {"step close_run", "step sweep_accounts", "step api", "step erase_content", "step seal_journal"},
}


@pytest.mark.parametrize("table", WHO_WRITES)
def test_only_these_write_the_platforms_tables(deployed: Templates, table: str) -> None:
    writers = {str(role) for role in deployed.roles() if on_tables(deployed, role, table) & set(WRITES)}
    assert writers == WHO_WRITES[table]


def accounts(templates: Templates, key: str) -> dict[str, set[str]]:
    """What each role may do to the account with *key*; roles that may do nothing are left out."""
    arn = templates.settings.names.table_arn("accounts")
    found = {
        str(role): {
            action
            for action in (*READS, *WRITES)
            if all(allows(some, f"dynamodb:{action}", arn, role.arn, key) for some in (role.statements, templates.boundary()))
        }
        for role in templates.roles()
    }
    return {role: actions for role, actions in found.items() if actions}


STEPS_WITH_ACCOUNTS = {
    "step api": {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"},
    "step close_run": {"GetItem", "UpdateItem"},
    "step gateway": {"GetItem", "ConditionCheckItem"},
    "step sweep_accounts": {"GetItem", "UpdateItem"},
}


@pytest.mark.parametrize("name", ["run/run-1", "day/2026-11-23", "budgets"])
def test_agents_reach_no_account_but_a_branchs(deployed: Templates, name: str) -> None:
    assert accounts(deployed, f"acme#{name}") == STEPS_WITH_ACCOUNTS


def test_agents_reserve_from_branches(deployed: Templates) -> None:
    agents = {str(role): {"GetItem", "UpdateItem"} for role in deployed.roles("agent")}
    assert accounts(deployed, "acme#branch/run-1/main") == STEPS_WITH_ACCOUNTS | agents


def test_a_wider_policy_would_not_let_agents_reach_other_accounts_or_tools_any(deployed: Templates) -> None:
    anything: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    arn = deployed.settings.names.table_arn("accounts")
    for role in [*deployed.roles("agent"), *deployed.roles("tool")]:
        for name in ("run/run-1", "day/2026-11-23", "budgets", *(["branch/run-1/main"] if role.kind == "tool" else [])):
            for action in (*READS, *WRITES):
                assert not all(allows(one, f"dynamodb:{action}", arn, role.arn, f"acme#{name}") for one in (anything, deployed.boundary()))


def test_only_the_gateway_asks_a_person(deployed: Templates) -> None:
    creators = {str(role) for role in deployed.roles() if "PutItem" in on_tables(deployed, role, "approvals")}
    assert creators == {"step gateway"}


def test_only_the_api_starts_runs(deployed: Templates) -> None:
    able = {str(role) for role in deployed.roles() if any(action == "states:StartExecution" for action, _ in granted(role.statements))}
    assert able == {"step api"}


def test_our_workflows_and_no_others_are_started(deployed: Templates) -> None:
    machines = {deployed.settings.names.state_machine_arn(name) for name in deployed.catalog.workflows}
    started = {resource for action, resource in granted(deployed.role("step", "api").statements) if action == "states:StartExecution"}
    assert started == machines


def test_the_authorizer_may_only_log(deployed: Templates) -> None:
    services = {action.split(":")[0] for action, _ in granted(deployed.role("step", "authorize").statements)}
    assert services == {"logs", "xray"}


def test_the_key_of_the_bodies_is_used_through_s3_alone_and_for_a_named_tenant(deployed: Templates) -> None:
    names = deployed.settings.names
    expected = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/septet-{names.environment}-bodies"},
        "StringEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"},
        "Null": {"kms:EncryptionContext:tenant": "false"},
    }
    able = set()
    for holder, statements in [("boundary", deployed.boundary()), *((str(role), role.statements) for role in deployed.roles())]:
        for statement in statements:
            if "kms:Decrypt" in statement["Action"]:
                assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
                assert statement["Condition"] == expected, holder
                able.add(holder)
    objects = ("s3:GetObject", f"{names.bucket_arn()}/*")
    reads = {str(role) for role in deployed.roles() if objects in granted(role.statements)}
    assert able == reads | {"boundary"}


def test_the_key_of_seals_signs_and_nothing_else(deployed: Templates) -> None:
    names = deployed.settings.names
    uses = {
        str(role): set(listed(statement["Action"]))
        for role in deployed.roles()
        for statement in role.statements
        if statement.get("Condition") == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.seals_key()}}
    }
    assert uses == {"step seal_journal": {"kms:Sign", "kms:GetPublicKey"}, "step api": {"kms:GetPublicKey"}}


def test_only_the_api_and_the_eraser_list_the_bodies(deployed: Templates) -> None:
    """Where a role may not list, S3 says of a missing object that access is denied."""
    able = {str(role) for role in deployed.roles() if may(deployed, role, "s3:ListBucket", deployed.settings.names.bucket_arn())}
    assert able == {"step api", "step erase_content"}


def test_only_the_service_that_runs_it_takes_a_role(deployed: Templates) -> None:
    for resource in deployed.all("AWS::IAM::Role"):
        kind = resource.properties["Path"].split("/")[3]
        (statement,) = resource.properties["AssumeRolePolicyDocument"]["Statement"]
        service = "states" if kind == "workflow" else "lambda"
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
        if kind == "workflow":
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": deployed.settings.account}}


def test_resource_policies_name_who_may_invoke(deployed: Templates) -> None:
    for permission in deployed.all("AWS::Lambda::Permission"):
        assert permission.properties["Principal"] in {"apigateway.amazonaws.com", "events.amazonaws.com"}
        assert "SourceArn" in permission.properties, f"{permission.id}: any API or rule of any account could invoke it"
