import os
import subprocess
import sys

import pytest

from septet.bootstrap.settings import Configuration, configuration, now

COMPLETE = {f"SEPTET_{name.upper()}": f"the {name}" for name in Configuration.__slots__}


def test_every_variable_becomes_its_field() -> None:
    read = configuration(COMPLETE | {"PATH": "/bin"})
    assert {f"SEPTET_{name.upper()}": getattr(read, name) for name in Configuration.__slots__} == COMPLETE


@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_variable_names_itself(name: str) -> None:
    with pytest.raises(RuntimeError, match=name):
        configuration({key: value for key, value in COMPLETE.items() if key != name})


def test_all_that_are_missing_are_named_at_once_and_an_empty_one_is_missing() -> None:
    with pytest.raises(RuntimeError, match=r"SEPTET_GATEWAY, SEPTET_ISSUER"):
        configuration({name: value for name, value in COMPLETE.items() if name != "SEPTET_ISSUER"} | {"SEPTET_GATEWAY": ""})


def test_the_time_is_in_milliseconds() -> None:
    assert 1_600_000_000_000 < now() < 4_000_000_000_000


def python(code: str) -> str:
    environment = COMPLETE | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment |= {
        "SEPTET_JWKS_URL": "http://127.0.0.1:1/keys",
        "SEPTET_CONCURRENT_RUNS": "1000",
        "SEPTET_BUDGETS": '{"day": 3, "run": 2, "usual": 1}',
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": os.environ["PATH"],
        "POWERTOOLS_SERVICE_NAME": "x",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("made", "port"),
    [
        ("journals.journal()", "DynamoJournal"),
        ("stores.runs()", "DynamoRuns"),
        ("accounts.ledger()", "DynamoLedger"),
        ("endings.sweeper()", "Sweeper"),
        ("sealing.sealer()", "Sealer"),
        ("erasing.eraser()", "Eraser"),
        ("api.ports({}, {}).eraser", "LambdaEraser"),
        ("stores.approvals()", "DynamoApprovals"),
        ("callees.executions()", "StepFunctionsExecutions"),
        ("agents.ports()", "Ports"),
        ("agents.health()", "DynamoHealth"),
        ("agents.replies()", "DynamoCache"),
        ("agents._bedrock()", "BedrockModel"),
        ("agents._sagemaker()", "SageMakerModel"),
        ("agents._openai()", "OpenAiModel"),
        ("agents._model_client('bedrock-runtime', 'eu-west-1').meta.region_name", "str"),
        ("gateway.made({}, {}, POLICIES, {})", "Gateway"),
        ("batches.working({})", "Working"),
        ("batches.writing()", "Writing"),
        ("branches.claimer()", "Claimer"),
        ("branches.comparer()", "Comparer"),
        ("branches.resolver()", "Resolver"),
        ("endings.reconciler()", "Reconciler"),
        ("events.intake({}, {}, {})", "Intake"),
        ("gateway.undoer()", "LambdaUndoer"),
        ("inquiries.inquirer()", "Inquirer"),
        ("routing.selector(None)", "Selector"),
        ("sessions.stage()", "Stage"),
        ("tools.library()", "Library"),
        ("tools.table('orders')[1]", "str"),
    ],
)
def test_every_port_is_made_of_what_the_environment_names(made: str, port: str) -> None:
    policies = "POLICIES = {'sources': {}, 'schema': 'entity Agent;', 'tenants': {}, 'mode': 'enforce'}"
    module = made.partition(".")[0]
    assert python(f"from septet.bootstrap import {module}; {policies}; print(type({made}).__name__)").strip() == port


HEAVY = ("pydantic", "cedarpy", "opentelemetry", "fastjsonschema", "jwt", "aws_lambda_powertools.event_handler", "aws_xray_sdk")


def test_nothing_heavy_is_on_the_cold_path_of_an_agent() -> None:
    code = (
        "import sys; from septet.bootstrap import agents; from septet.entry.agent import serve; serve('handler.py'); "
        "agents.ports(); print(' '.join(sys.modules))"
    )
    loaded = python(code).split()
    assert "boto3" in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []


@pytest.mark.parametrize(
    "imported", ["septet.entry.tool, septet.bootstrap.tools", "septet.entry.gateway, septet.bootstrap.gateway", "septet.entry.api"]
)
def test_neither_tools_nor_the_gateway_nor_the_api_know_opentelemetry(imported: str) -> None:
    assert "opentelemetry" not in python(f"import sys; import {imported}; print(' '.join(sys.modules))").split()


def test_a_function_that_needs_no_client_loads_no_boto3() -> None:
    assert "boto3" not in python("import sys; import septet.entry.tool, septet.bootstrap.tools; print(' '.join(sys.modules))").split()


DECIDED = """
import json
from septet.bootstrap import gateway
from septet.core.runs import Run

manifests = {"look": {"effect": "read", "repeat": "none"}}
schema = open("policies/schema.cedarschema").read()
every = '@id("%s") @reason("r") %s (principal, action, resource) %s;'
sources = {"all.cedar": every % ("all", "permit", "") + every % ("out", "forbid", "unless { context.egress.allowed }")}
tenants = {"strict": every % ("mine", "forbid", "")}
for mode in ("enforce", "shadow"):
    declared = {"sources": sources, "schema": schema, "tenants": tenants, "mode": mode}
    made = gateway.made(manifests, {}, declared, {"hosts": ["ours.example"], "prefixes": [], "mail_domains": []})
    for tenant, url in (("acme", "https://ours.example/"), ("strict", "https://ours.example/"), ("acme", "https://theirs.example/")):
        run = Run(tenant=tenant, run="run-1", workflow="w", submitter="s", digest="", created_at=0)
        print(mode, tenant, made.projections.monitor(run).decide("look", {"url": url}, now=1).outcome)
"""


def test_the_gateway_decides_by_what_the_synth_wrote() -> None:
    assert python(DECIDED).splitlines() == [
        "enforce acme allow",
        "enforce strict deny",
        "enforce acme deny",
        "shadow acme allow",
        "shadow strict allow",
        "shadow acme allow",
    ]
