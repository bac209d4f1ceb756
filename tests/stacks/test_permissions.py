"""What every role may do, over all roles. The emulator enforces no IAM, so these tests are the proof."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.constructs import policies
from stacks.constructs.names import BOUNDARIES, BUSINESS_TABLES, PLATFORM_TABLES, Names
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
    return all(allows(statements, action, resource, role.arn, key) for statements in (role.statements, templates.boundary(role)))


def on_tables(templates: Templates, role: Role, table: str) -> set[str]:
    """The actions of DynamoDB that *role* may do to *table*."""
    arn = templates.settings.names.table_arn(table)
    key = JOURNAL if table == "journal" else BRANCH
    return {action for action in (*READS, *WRITES) if may(templates, role, f"dynamodb:{action}", arn, key)}


ANYTHING: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def bounded(templates: Templates, role: Role, action: str, resource: str, key: str = BRANCH) -> bool:
    """Whether *role* could do it if its own policy allowed everything."""
    return allows(templates.boundary(role), action, resource, role.arn, key)


def forbidden(templates: Templates, role: Role, action: str, resource: str, key: str = BRANCH) -> bool:
    """Whether the boundary denies it by name, so also to what is let in by the policy of a resource."""
    return not allows([*ANYTHING, *templates.boundary(role)], action, resource, role.arn, key)


def sample(pattern: str) -> str:
    """A resource that *pattern* stands for."""
    return pattern.replace("*", "one-of-them")


def test_every_role_has_the_boundary_of_its_kind(deployed: Templates) -> None:
    names = deployed.settings.names
    assert {role.kind: role.boundary for role in deployed.roles()} == {kind: names.boundary_arn(kind) for kind in BOUNDARIES}
    assert all(role.boundary == names.boundary_arn(role.kind) for role in deployed.roles())
    assert deployed.boundaries().keys() == {role.boundary for role in deployed.roles()}


def test_no_permission_comes_from_elsewhere(deployed: Templates) -> None:
    for resource in deployed.all("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in resource.properties, f"{resource.id}: a policy that this repository does not write out"
    assert not list(deployed.all("AWS::IAM::Policy")), "a construct added permissions behind the files' back"


def test_the_boundary_takes_nothing_away_that_a_policy_gives(deployed: Templates) -> None:
    journal = deployed.settings.names.table_arn("journal")
    refused = [
        f"{role}: {action} on {resource}"
        for role in deployed.roles()
        for action, resource in granted(role.statements)
        if not bounded(deployed, role, action, sample(resource), JOURNAL if resource == journal else BRANCH)
    ]
    assert not refused


def test_a_boundary_fits_what_iam_allows_for_a_policy_however_long_names_are(deployed: Templates) -> None:
    longest = Names(environment="abcdefghijkl", region="us-gov-west-1", account="0" * 12)
    for name, file in deployed.catalog.boundaries.items():
        text = json.dumps(policies.document(policies.from_file(file, deployed.catalog, longest)))
        assert len(re.sub(r"\s", "", text)) < 6144, name


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
    tool = deployed.settings.names.alias_arn("tool", next(iter(deployed.catalog.tools)))
    for role in deployed.roles():
        is_gateway = str(role) == "step gateway"
        assert bounded(deployed, role, "lambda:InvokeFunction", tool) == is_gateway
        assert forbidden(deployed, role, "lambda:InvokeFunction", tool) != is_gateway


def test_a_wider_policy_would_let_workflows_alone_invoke_agents(deployed: Templates) -> None:
    agent = deployed.settings.names.alias_arn("agent", next(iter(deployed.catalog.agents)))
    for role in deployed.roles():
        assert bounded(deployed, role, "lambda:InvokeFunction", agent) == (role.kind == "workflow")


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


MAKE_IDS = {"step api", "step submit_row", "step take_event"}
"""Steps that make the id of a run from a key: of a request, of a batch's row, of an event."""


def test_only_those_that_make_ids_read_their_secret_and_no_template_holds_it(deployed: Templates) -> None:
    secret = deployed.settings.names.id_key_arn().replace("??????", "Ab12Cd")
    assert {str(role) for role in deployed.roles() if may(deployed, role, "secretsmanager:GetSecretValue", secret)} == MAKE_IDS
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
        looks = {"BatchGetItem"} if str(role) in ("step choose_agent", "step observe") else set[str]()
        assert on_tables(deployed, role, "health") | on_tables(deployed, role, "cache") == looks, f"{role} has no models"


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
    shutil.copytree(REAL / "policies/boundaries", tree / "policies/boundaries", dirs_exist_ok=True)
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
    for role in [*deployed.roles("agent"), *deployed.roles("tool")]:
        reached = {"journal", "accounts", "health", "cache"} if role.kind == "agent" else set(BUSINESS_TABLES)
        for table in {*PLATFORM_TABLES, *BUSINESS_TABLES} - reached:
            arn = deployed.settings.names.table_arn(table)
            for action in (*READS, *WRITES):
                assert all(forbidden(deployed, role, f"dynamodb:{action}", place) for place in (arn, f"{arn}/index/outbox"))


def test_a_wider_policy_would_not_let_steps_and_workflows_reach_business_data_or_models(deployed: Templates) -> None:
    names = deployed.settings.names
    for role in [*deployed.roles("step"), *deployed.roles("workflow")]:
        for table in BUSINESS_TABLES:
            for action in (*READS, *WRITES):
                assert forbidden(deployed, role, f"dynamodb:{action}", names.table_arn(table))
        for model in deployed.catalog.models.values():
            for arn in policies.model_arns(names, model):
                assert not bounded(deployed, role, "bedrock:InvokeModel", arn)


def test_a_wider_policy_would_leave_workflows_without_data_and_secrets(deployed: Templates) -> None:
    names = deployed.settings.names
    held = {
        *((f"dynamodb:{action}", names.table_arn(table)) for action in (*READS, *WRITES) for table in PLATFORM_TABLES),
        ("s3:PutObject", f"{names.bucket_arn()}/acme/run-1/digest"),
        ("secretsmanager:GetSecretValue", names.id_key_arn().replace("??????", "Ab12Cd")),
        ("sqs:ReceiveMessage", names.queue_arn("events")),
        ("sqs:SendMessage", names.queue_arn("events-dead")),
    }
    for role in deployed.roles("workflow"):
        assert all(forbidden(deployed, role, *one) for one in held)
        assert not bounded(deployed, role, "s3:GetObject", f"{names.bucket_arn()}/acme/run-1/digest")


def test_a_wider_policy_would_not_let_the_journal_be_changed(deployed: Templates) -> None:
    journal = deployed.settings.names.table_arn("journal")
    for role in deployed.roles():
        assert all(forbidden(deployed, role, f"dynamodb:{action}", journal, JOURNAL) for action in ("DeleteItem", "BatchWriteItem"))


def test_a_wider_policy_would_not_let_agents_reach_a_journal_but_a_runs(deployed: Templates) -> None:
    journal = deployed.settings.names.table_arn("journal")
    for role in deployed.roles("agent"):
        for action in ("dynamodb:Query", "dynamodb:PutItem"):
            assert bounded(deployed, role, action, journal, JOURNAL)
            assert all(forbidden(deployed, role, action, journal, key) for key in ("acme#budget#main", "acme#erasures#main", "acme"))


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
                for one in (role.statements, deployed.boundary(role))
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


PASSING = {"control", "waits", "sessions"}
"""Tables of what is only so for a while: a run that is open, a stop that stands, who waits, whose turn it is."""


def test_nothing_is_deleted_but_bodies_by_the_eraser_and_what_is_over(deployed: Templates) -> None:
    names = deployed.settings.names
    deletes = {(str(role), *one) for role in deployed.roles() for one in granted(role.statements) if "Delete" in one[0]}
    over = {("dynamodb:DeleteItem", names.table_arn(table)) for table in PASSING}
    taken = {("sqs:DeleteMessage", names.queue_arn(queue)) for queue in ("events", "replays")}
    erasing = ("step erase_content", "s3:DeleteObject", f"{names.bucket_arn()}/*")
    kept = {one for one in deletes if one[1] != "logs:DeleteLogDelivery" and one[1:] not in over | taken}
    assert kept == {erasing}
    assert {role.partition(" ")[0] for role, *_ in deletes - {erasing} if _[0] == "dynamodb:DeleteItem"} == {"step"}


def test_a_wider_policy_would_let_nobody_else_erase_or_seal(deployed: Templates) -> None:
    names = deployed.settings.names
    acts = {
        ("dynamodb:UpdateItem", names.table_arn("journal")): "step erase_content",
        ("s3:DeleteObject", f"{names.bucket_arn()}/acme/run-1/digest"): "step erase_content",
        ("s3:PutObject", f"{names.seals_arn()}/acme/2026-11-23T04-000.json"): "step seal_journal",
        ("kms:Sign", names.arn("kms", "key/1")): "step seal_journal",
    }
    for (action, resource), only in acts.items():
        assert {str(role) for role in deployed.roles() if bounded(deployed, role, action, resource)} == {only}, action
        assert {str(role) for role in deployed.roles() if not forbidden(deployed, role, action, resource)} == {only}, action


def test_a_seal_is_deleted_by_nobody(deployed: Templates) -> None:
    seal = f"{deployed.settings.names.seals_arn()}/acme/2026-11-23T04-000.json"
    for role in deployed.roles():
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"):
            assert not bounded(deployed, role, action, seal)


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
        others = {one for one in granted(role.statements) if one[0].split(":")[0] not in {"lambda", "logs", "xray"}}
        assert others == (maps(deployed, role.name) if deployed.catalog.workflows[role.name].distributed else set())


def maps(templates: Templates, workflow: str) -> set[tuple[str, str]]:
    """What a distributed map of *workflow* takes: children of its own, and the manifest of what there is to do, which says nothing else."""
    names = templates.settings.names
    return {
        ("states:StartExecution", names.state_machine_arn(workflow)),
        ("states:DescribeExecution", names.map_executions_arn(workflow)),
        ("states:StopExecution", names.map_executions_arn(workflow)),
        ("s3:GetObject", f"{names.bucket_arn()}/*/map/rows.csv"),
        ("kms:Decrypt", names.arn("kms", "key/*")),
    }


WHO_WRITES = {
    "effects": {"step gateway", "step erase_content"},
    "approvals": {"step gateway", "step ask_person", "step deliver_decisions", "step api", "step erase_content"},
    "control": {
        "step advance_sessions",
        "step api",
        "step close_run",
        "step reconcile_stops",
        "step submit_row",
        "step sweep_accounts",
        "step take_event",
    },
    "choices": {"step choose_agent", "step close_run", "step reconcile_stops", "step sweep_accounts"},
    "runs": {
        "step advance_sessions",
        "step api",
        "step close_run",
        "step compare",
        "step compensate",
        "step erase_content",
        "step part",
        "step reconcile_stops",
        "step seal_journal",
        "step submit_row",
        "step sweep_accounts",
        "step take_event",
    },
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
            if all(allows(some, f"dynamodb:{action}", arn, role.arn, key) for some in (role.statements, templates.boundary(role)))
        }
        for role in templates.roles()
    }
    return {role: actions for role, actions in found.items() if actions}


_LOOKS, _ENDS, _PARTS = {"GetItem"}, {"GetItem", "UpdateItem"}, {"GetItem", "PutItem", "UpdateItem"}
_CLOSES = {*_ENDS, "ConditionCheckItem"}
"""Whoever closes a run's accounts: of one that is closed already, only that it is, is checked."""
_OPENS = _PARTS | {"ConditionCheckItem"}
STEPS_WITH_ACCOUNTS = {
    "step advance_sessions": _OPENS,
    "step api": _OPENS,
    "step ask_person": _LOOKS,
    "step claim": _ENDS,
    "step close_run": _CLOSES,
    "step compare": _PARTS,
    "step gateway": {"GetItem", "ConditionCheckItem"},
    "step inquire": _LOOKS,
    "step part": _PARTS,
    "step reconcile_stops": _CLOSES,
    "step resolve": _LOOKS,
    "step submit_row": _OPENS,
    "step sweep_accounts": _CLOSES,
    "step take_event": _OPENS,
    "step write_results": _LOOKS,
}


@pytest.mark.parametrize("name", ["run/run-1", "day/2026-11-23", "budgets"])
def test_agents_reach_no_account_but_a_branchs(deployed: Templates, name: str) -> None:
    assert accounts(deployed, f"acme#{name}") == STEPS_WITH_ACCOUNTS


def test_agents_reserve_from_branches(deployed: Templates) -> None:
    agents = {str(role): {"GetItem", "UpdateItem"} for role in deployed.roles("agent")}
    assert accounts(deployed, "acme#branch/run-1/main") == STEPS_WITH_ACCOUNTS | agents


def test_a_wider_policy_would_not_let_agents_reach_other_accounts_or_tools_any(deployed: Templates) -> None:
    arn = deployed.settings.names.table_arn("accounts")
    for role in [*deployed.roles("agent"), *deployed.roles("tool")]:
        for name in ("run/run-1", "day/2026-11-23", "budgets", *(["branch/run-1/main"] if role.kind == "tool" else [])):
            for action in (*READS, *WRITES):
                assert forbidden(deployed, role, f"dynamodb:{action}", arn, f"acme#{name}")


def test_only_the_gateway_asks_a_person(deployed: Templates) -> None:
    creators = {str(role) for role in deployed.roles() if "PutItem" in on_tables(deployed, role, "approvals")}
    assert creators == {"step gateway"}


START_RUNS = {"step api", "step advance_sessions", "step submit_row", "step take_event"}
"""Steps that start runs: for a request, a session's next message, a batch's row, and an event."""


def test_only_these_start_runs_and_a_workflow_with_a_map_its_own_children(deployed: Templates) -> None:
    names, catalog = deployed.settings.names, deployed.catalog
    machines = {names.state_machine_arn(name) for name in catalog.workflows}
    own = {f"workflow {name}": {names.state_machine_arn(name)} for name, workflow in catalog.workflows.items() if workflow.distributed}
    found: dict[str, set[str]] = {}
    for role in deployed.roles():
        for action, resource in granted(role.statements):
            if action == "states:StartExecution":
                found.setdefault(str(role), set()).add(resource)
    assert found == {**dict.fromkeys(START_RUNS, machines), **own}


def test_only_stops_and_whoever_starts_runs_abort_executions_and_a_workflow_with_a_map_its_own_children(deployed: Templates) -> None:
    """Whoever starts a run looks at it afterwards, and aborts it when a stop was faster: the stop may have looked for it in vain before.

    IAM cannot say which execution: they may abort what they may start, and close the accounts of, anyway. What a run has started itself,
    only a stop aborts.
    """
    names = deployed.settings.names
    for workflow in deployed.catalog.workflows:
        run, child = names.executions_arn(workflow), names.map_executions_arn(workflow)
        able = {str(role) for role in deployed.roles() if may(deployed, role, "states:StopExecution", sample(run))}
        assert able == {"step reconcile_stops"} | START_RUNS
        able = {str(role) for role in deployed.roles() if may(deployed, role, "states:StopExecution", sample(child))}
        owner = {f"workflow {workflow}"} if deployed.catalog.workflows[workflow].distributed else set()
        assert able == {"step reconcile_stops"} | owner


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
    uses: dict[str, set[str]] = {}
    for holder, statements in [*deployed.boundaries().items(), *((str(role), role.statements) for role in deployed.roles())]:
        for statement in statements:
            actions = set(listed(statement["Action"])) & {"kms:Decrypt", "kms:GenerateDataKey"}
            if actions and statement["Effect"] == "Allow":
                assert actions == set(listed(statement["Action"]))
                assert statement["Condition"] == expected, holder
                uses.setdefault(holder, set()).update(actions)
    for role in deployed.roles():
        reads, writes = (
            any(action == wanted and resource.startswith(names.bucket_arn()) for action, resource in granted(role.statements))
            for wanted in ("s3:GetObject", "s3:PutObject")
        )
        needed = {action for action, is_needed in (("kms:Decrypt", reads), ("kms:GenerateDataKey", writes)) if is_needed}
        assert uses.get(str(role), set()) == needed, f"{role} has the key for what it does not do, or lacks it"


def test_the_key_of_seals_signs_and_nothing_else(deployed: Templates) -> None:
    names = deployed.settings.names
    uses = {
        str(role): set(listed(statement["Action"]))
        for role in deployed.roles()
        for statement in role.statements
        if statement.get("Condition") == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.seals_key()}}
    }
    assert uses == {"step seal_journal": {"kms:Sign", "kms:GetPublicKey"}, "step api": {"kms:GetPublicKey"}}


LIST_BODIES = {
    *("step api", "step advance_sessions", "step erase_content", "step read_rows", "step write_results"),
    *("step project", "step replay"),
}
"""The eraser, which looks for what there is, and readers of what may be erased: runs that have ended, and files.

Where a role may not list, S3 says of a missing object that access is denied.
"""


def test_only_the_eraser_and_those_that_read_what_may_be_erased_list_the_bodies(deployed: Templates) -> None:
    able = {str(role) for role in deployed.roles() if may(deployed, role, "s3:ListBucket", deployed.settings.names.bucket_arn())}
    assert able == LIST_BODIES


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
