"""The catalogue against trees with one thing wrong each: it must say which file, which field, and what to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from septet.core.errors import CLASSES
from septet.execution import conversation
from septet.execution.planning import COMMIT_PLAN, EXTRACT
from septet.execution.results import READ_RESULT
from septet.security.values import SPACES
from stacks.catalog import CatalogError, read
from stacks.catalog.errors import errors
from stacks.catalog.problems import Problems
from stacks.catalog.tools import RESERVED, TYPED

type Break = Callable[[Path], object]

SCOUT = "functions/agents/scout/agent.toml"
FIND = "functions/tools/find_thing/tool.toml"
PAY = "functions/tools/pay_thing/tool.toml"
GATEWAY = "functions/steps/gateway/step.toml"
MODELS = "policies/models.toml"
ERRAND = "state_machines/errand.asl.json"
ERRORS = "layers/runtime/python/septet/core/errors.py"
ANSWER = "functions/agents/clerk/answer.json"
INPUT = "state_machines/errand.input.json"


def add(file: str, text: str) -> Break:
    """Append to a file, or make it."""

    def act(tree: Path) -> None:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        with (tree / file).open("a") as opened:
            opened.write(text)

    return act


def write(file: str, text: str) -> Break:
    """Write a file anew."""
    return lambda tree: (tree / file).write_text(text)


def swap(file: str, old: str, new: str) -> Break:
    def act(tree: Path) -> None:
        text = (tree / file).read_text()
        assert old in text
        (tree / file).write_text(text.replace(old, new, 1))

    return act


def drop(path: str) -> Break:
    def act(tree: Path) -> None:
        target = tree / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return act


def edit(file: str, change: Callable[[Any], object]) -> Break:
    """Change a JSON file."""

    def act(tree: Path) -> None:
        value = json.loads((tree / file).read_text())
        change(value)
        (tree / file).write_text(json.dumps(value))

    return act


def edit_models(*, provider: str, capabilities: str) -> Break:
    """Change the first model's provider and what it can do."""

    def act(tree: Path) -> None:
        swap(MODELS, '"bedrock"', provider)(tree)
        swap(MODELS, '["tools"]', capabilities)(tree)

    return act


def task(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit(ERRAND, lambda machine: change(machine["States"]["The scout finds it"]))


def statement(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit("policies/tools/pay_thing.json", lambda policy: change(policy["Statement"][0]))


def choice(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit(ERRAND, lambda machine: change(machine["States"]["Has the scout finished?"]))


INNER: dict[str, Any] = {"StartAt": "First", "States": {"First": {"Type": "Pass", "End": True}}}


def inside(kind: str, **state: Any) -> Break:
    """Go on, instead of to the person, to a state with machines inside."""

    def change(machine: Any) -> None:
        machine["States"]["A person decides"] = {"Type": "Pass", "Next": "Both"}
        machine["States"]["Both"] = {"Type": kind, **state, "End": True}

    return edit(ERRAND, change)


CAREFUL = 'careful = ["us.large-model"]'
TABLE = '[roles.careful]\ncandidates = [{ model = "us.large-model", weight = 1 }]\n'

CASES: dict[str, tuple[Break, str]] = {
    # gaps and orphans
    "agent without handler": (drop("functions/agents/scout/handler.py"), "functions/agents/scout/: has no handler.py: add it"),
    "agent without declaration": (drop(SCOUT), "functions/agents/scout/: has no agent.toml: add it"),
    "tool without declaration": (drop(FIND), "functions/tools/find_thing/: has no tool.toml: add it"),
    "agent without prompt": (
        drop("functions/agents/scout/prompt.md"),
        "functions/agents/scout/prompt.md: is missing: add it, the agent's system prompt",
    ),
    "blank prompt": (lambda tree: (tree / "functions/agents/scout/prompt.md").write_text(" \n"), "prompt.md: is empty"),
    "prompt in Latin 1": (lambda tree: (tree / "functions/agents/scout/prompt.md").write_bytes(b"\xe9"), "prompt.md: is not UTF-8"),
    "folder with a bad name": (
        add("functions/agents/Scout2/handler.py", "x"),
        "functions/agents/Scout2/: is no name: use a lower-case letter",
    ),
    "folder of no kind": (
        add("functions/robots/one/handler.py", "x"),
        "functions/robots/: is no kind of function: use agents, tools or steps",
    ),
    "tool without policy": (
        drop("policies/tools/pay_thing.json"),
        'policies/tools/pay_thing.json: is missing: add it, {"Version": "2012-10-17", "Statement": []} when',
    ),
    "step without policy": (drop("policies/steps/api.json"), "policies/steps/api.json: is missing: add it"),
    "policy without tool": (add("policies/tools/old.json", "{}"), "policies/tools/old.json: belongs to no folder functions/tools/old/"),
    "policy without step": (add("policies/steps/old.json", "{}"), "policies/steps/old.json: belongs to no folder functions/steps/old/"),
    "policy for an agent": (
        add("policies/agents/scout.json", "{}"),
        "policies/agents/scout.json: is not read: what an agent may do is generated",
    ),
    "workflow without input": (drop(INPUT), "state_machines/errand.input.json: is missing: add it, the JSON Schema of the run's input"),
    "input without workflow": (add("state_machines/old.input.json", "{}"), "state_machines/old.input.json: belongs to no workflow"),
    "stray file among workflows": (add("state_machines/notes.txt", "x"), "state_machines/notes.txt: belongs to no workflow"),
    "workflow with a bad name": (add("state_machines/No-Name.asl.json", "{}"), "state_machines/No-Name.asl.json: is no name"),
    "layer without list": (
        drop("layers/dependencies/core/requirements.txt"),
        "layers/dependencies/core/requirements.txt: is missing: compile it",
    ),
    "no boundary": (drop("policies/boundary.json"), "policies/boundary.json: is missing: add it"),
    "no models": (drop(MODELS), "policies/models.toml: cannot be read as TOML"),
    # keys and types
    "unknown agent key": (add(SCOUT, "memry = 1\n"), f"{SCOUT}: memry: is no key here, did you mean 'memory'?"),
    "unknown limit": (add(SCOUT, "[limits]\nmodel_cals = 1\n"), f"{SCOUT}: limits.model_cals: is no key here, did you mean 'model_calls'?"),
    "a kind that is nearly one": (
        add(PAY, '[arguments.thing]\nrole = "target"\nkind = "emial"\n'),
        f"{PAY}: arguments.thing.kind: is 'emial', did you mean 'email'?",
    ),
    "a kind of a field that is nearly one": (
        add(PAY, '[output.fields]\nto = { label = "record", kind = "ibna" }\n'),
        f"{PAY}: output.fields.to.kind: is 'ibna', did you mean 'iban'?",
    ),
    "an amount in words": (
        swap(PAY, 'type = "integer"\nminimum = 1', 'type = "string"'),
        f"{PAY}: arguments.cents.role: is 'amount', and the input says it is a string",
    ),
    "unknown tool key": (add(FIND, "[extra]\n"), f"{FIND}: extra: is no key here"),
    "unknown step key": (add(GATEWAY, 'layr = "core"\n'), f"{GATEWAY}: layr: is no key here, did you mean 'layer'?"),
    "unknown model key": (swap(MODELS, "context =", "contxt ="), "models.toml: models.small-model.contxt: is no key here"),
    "misspelt key": (swap(SCOUT, "timeout =", "timeuot ="), f"{SCOUT}: timeuot: is no key here, did you mean 'timeout'?"),
    "a missing key like another": (swap(MODELS, 'input_price = "0.06"', ""), "small-model.input_price: is missing: give dollars"),
    "missing key": (swap(SCOUT, "memory = 256", ""), f"{SCOUT}: memory: is missing: give a whole number from 128 to 10240"),
    "text for a number": (swap(SCOUT, "memory = 256", 'memory = "256"'), f"{SCOUT}: memory: is '256': give a whole number"),
    "true for a number": (swap(SCOUT, "memory = 256", "memory = true"), f"{SCOUT}: memory: is True: give a whole number"),
    "number out of range": (swap(SCOUT, "timeout = 60", "timeout = 901"), f"{SCOUT}: timeout: is 901: give a whole number from 1 to 900"),
    "number for a text": (swap(SCOUT, '"Finds a thing"', "7"), f"{SCOUT}: description: is 7: give a text"),
    "blank text": (swap(SCOUT, '"Finds a thing"', '" "'), f"{SCOUT}: description: is empty"),
    "list of numbers": (swap(SCOUT, '["find_thing"]', "[1]"), f"{SCOUT}: tools: has an item that is no text"),
    "named twice": (swap(SCOUT, '["find_thing"]', '["find_thing", "find_thing"]'), f"{SCOUT}: tools: names 'find_thing' twice"),
    "not TOML": (add(SCOUT, "= ="), f"{SCOUT}: cannot be read as TOML"),
    "an unbounded loop": (
        add(SCOUT, "[limits]\nmodel_calls = 0\n"),
        f"{SCOUT}: limits.model_calls: is 0: give a whole number from 1 to 1000",
    ),
    "dollars as a number": (
        add(SCOUT, "[limits]\ncost = 0.25\n"),
        f'{SCOUT}: limits.cost: is 0.25: give dollars as text with at most 6 decimals, as "0.25"',
    ),
    "parts of a micro-dollar": (
        swap(MODELS, '"0.06"', '"0.0000001"'),
        "models.small-model.input_price: is '0.0000001': give dollars as text",
    ),
    "no dollars": (swap(MODELS, '"0.06"', '""'), "models.small-model.input_price: is '': give dollars as text"),
    "no dollars where there is a default": (add(SCOUT, '[limits]\ncost = ""\n'), f"{SCOUT}: limits.cost: is '': give dollars as text"),
    "a turn that may cost nothing": (add(SCOUT, '[limits]\ncost = "0.00"\n'), f"{SCOUT}: limits.cost: is nothing, so no model could"),
    "dollars in other digits": (
        swap(MODELS, '"0.06"', '"\u0665\u0660"'),
        "models.small-model.input_price: is '\u0665\u0660': give dollars as text",
    ),
    "a moment for a day": (
        swap(MODELS, "context =", "end_of_life = 2030-01-01T00:00:00Z\ncontext ="),
        "models.small-model.end_of_life: is 2030-01-01 00:00:00+00:00: give a date without quotes",
    ),
    "a number of 5,000 digits": (add(SCOUT, f"x = {'9' * 5_000}\n"), f"{SCOUT}: cannot be read as TOML: Exceeds the limit"),
    "a number that no text can show": (add(SCOUT, f"x = 0x{'f' * 5_000}\n"), f"{SCOUT}: cannot be read as TOML: a whole number is larger"),
    "20,000 brackets": (add(SCOUT, f"x = {'[' * 20_000}\n"), f"{SCOUT}: cannot be read as TOML: "),
    "200 tables in each other": (add(SCOUT, f"{'a.' * 200}a = 1\n"), f"{SCOUT}: cannot be read as TOML: tables and lists are nested more"),
    "20,000 brackets in JSON": (write(ANSWER, "[" * 20_000), f"{ANSWER}: is not JSON: "),
    "200 lists in each other": (write(ANSWER, f"{'[' * 200}{']' * 200}"), f"{ANSWER}: is not JSON: tables and lists are nested more"),
    "half a character": (write(ANSWER, '{"title": "\\ud800"}'), f"{ANSWER}: is not JSON: 'utf-8' codec can't encode"),
    "a handler of brackets": (
        write("functions/steps/api/handler.py", f"handler = {'-' * 100_000}1"),
        "functions/steps/api/handler.py: cannot be read as Python",
    ),
    # models
    "an id that means all models": (
        swap(MODELS, '[models."small-model"]', '[models."*"]'),
        "policies/models.toml: models.*: is the id of no model: name it as the provider does",
    ),
    "an id that no server has": (
        lambda tree: [
            swap(MODELS, '"bedrock"', '"openai"\nendpoint = "https://a/v1"')(tree),
            swap(MODELS, '[models."small-model"]', '[models."small model"]')(tree),
        ],
        "policies/models.toml: models.small model: is the id of no model",
    ),
    "a profile of all models": (
        swap(MODELS, 'profile_of = "large-model"', 'profile_of = "*"'),
        "models.us.large-model.profile_of: is '*': give the id of the foundation model",
    ),
    "a profile in a region that is none": (
        swap(MODELS, '"us-west-2"', '"us-west-\u0662"'),
        "models.us.large-model.regions: names 'us-west-\u0662', which is none: give regions",
    ),
    "a region in other digits": (
        swap(MODELS, "context =", 'region = "us-east-\u0661"\ncontext ='),
        "small-model.region: is 'us-east-\u0661'",
    ),
    "unknown role": (swap(SCOUT, '"fast"', '"fastt"'), f"{SCOUT}: model: is 'fastt', did you mean 'fast'?: give one of careful, fast"),
    "role of an unknown model": (
        swap(MODELS, '["us.large-model"]', '["us.larg-model"]'),
        "roles.careful: names 'us.larg-model', did you mean 'us.large-model'?",
    ),
    "role of no model": (swap(MODELS, '["us.large-model"]', "[]"), "roles.careful: names no model"),
    "unknown provider": (swap(MODELS, '"bedrock"', '"bedrok"'), "models.small-model.provider: is 'bedrok', did you mean 'bedrock'?"),
    "unknown capability": (swap(MODELS, '["tools"]', '["tool"]'), "models.small-model.capabilities: names 'tool', did you mean 'tools'?"),
    "price without a day": (swap(MODELS, "priced_on = 2026-01-02", ""), "models.small-model.priced_on: is missing: give a date"),
    "profile without regions": (
        swap(MODELS, 'regions = ["us-east-1", "us-west-2"]', ""),
        "models.us.large-model.profile_of: and regions belong together",
    ),
    "more output than context": (
        swap(MODELS, "max_output = 4_000", "max_output = 400_000"),
        "models.small-model.max_output: is 400000, more than context",
    ),
    "caching without its prices": (
        swap(MODELS, '["tools"]', '["tools", "caching"]'),
        "models.small-model.cache_read_price: is missing: give dollars as text",
    ),
    "an endpoint at Bedrock": (
        swap(MODELS, "context =", 'endpoint = "e"\ncontext ='),
        "small-model.endpoint: is nothing that a model of bedrock has",
    ),
    "a region that is none": (
        swap(MODELS, "context =", 'region = "mars"\ncontext ='),
        "small-model.region: is 'mars': give a region, as \"us-east-1\"",
    ),
    "a profile called from elsewhere": (
        swap(MODELS, "regions =", 'region = "eu-west-1"\nregions ='),
        "us.large-model.region: is 'eu-west-1', from where the profile cannot be called: give one of us-east-1, us-west-2",
    ),
    "no endpoint at SageMaker": (swap(MODELS, '"bedrock"', '"sagemaker"'), "small-model.endpoint: is '': give the endpoint's name"),
    "no address of a server": (swap(MODELS, '"bedrock"', '"openai"'), "small-model.endpoint: is '': give the server's base URL"),
    "a server without encryption": (
        swap(MODELS, '"bedrock"', '"openai"\nendpoint = "http://models.example.com/v1"'),
        "requests and keys go over https to any other machine",
    ),
    "a port that is none": (swap(MODELS, '"bedrock"', '"openai"\nendpoint = "https://a:x/v1"'), "give the server's base URL"),
    "a key instead of its name": (
        swap(MODELS, '"bedrock"', '"openai"\nendpoint = "https://a/v1"\nsecret = "sk 1"'),
        "small-model.secret: is 'sk 1': give a secret's name in Secrets Manager, never the secret itself",
    ),
    "streaming elsewhere": (
        edit_models(provider='"openai"\nendpoint = "https://a/v1"', capabilities='["tools", "streaming"]'),
        "small-model.capabilities: names 'streaming', which the platform does with bedrock alone",
    ),
    "role with a misspelt key": (swap(MODELS, CAREFUL, f"{TABLE}fallbck = 1"), "roles.careful.fallbck: is no key here, did you mean"),
    "role without a share": (swap(MODELS, CAREFUL, TABLE.replace("1 }", "0 }")), "roles.careful.candidates: gives no model a share"),
    "role without candidates": (swap(MODELS, CAREFUL, "[roles.careful]\n"), "roles.careful.candidates: gives no model a share"),
    "candidate twice": (
        swap(MODELS, CAREFUL, TABLE.replace(" }]", ' }, { model = "us.large-model", weight = 2 }]')),
        "roles.careful.candidates[1].model: names 'us.large-model' a second time",
    ),
    "candidate that is no model": (
        swap(MODELS, CAREFUL, TABLE.replace("us.large-model", "us.larg-model")),
        "roles.careful.candidates[0].model: names 'us.larg-model', did you mean 'us.large-model'?",
    ),
    "fallback of an unknown kind": (
        swap(MODELS, CAREFUL, f'{TABLE}fallback = {{ throtled = ["small-model"] }}'),
        "roles.careful.fallback.throtled: is no key here, did you mean 'throttled'?",
    ),
    "fallback to no model": (
        swap(MODELS, CAREFUL, f'{TABLE}fallback = {{ refused = ["smal-model"] }}'),
        "roles.careful.fallback.refused: names 'smal-model', did you mean 'small-model'?",
    ),
    "an agent with tools and a model without": (
        swap(MODELS, 'capabilities = ["tools"]', "capabilities = []"),
        f"{SCOUT}: model: includes small-model, which takes no tools",
    ),
    "a cache for ever": (
        add(SCOUT, "[cache]\nseconds = 99999999\n"),
        f"{SCOUT}: cache.seconds: is 99999999: give a whole number from 0 to 604800",
    ),
    "a misspelt cache": (add(SCOUT, "[cache]\nsecond = 60\n"), f"{SCOUT}: cache.second: is no key here, did you mean 'seconds'?"),
    # agents
    "unknown tool": (swap(SCOUT, '"find_thing"', '"find_thng"'), f"{SCOUT}: tools: names 'find_thng', did you mean 'find_thing'?"),
    "hands over to nobody": (swap(SCOUT, '"clerk"', '"clerc"'), f"{SCOUT}: hand_over_to: names 'clerc', did you mean 'clerk'?"),
    "hands over to itself": (swap(SCOUT, '"clerk"', '"scout"'), f"{SCOUT}: hand_over_to: names 'scout'"),
    "open answer": (
        edit("functions/agents/clerk/answer.json", lambda schema: schema.pop("additionalProperties")),
        "functions/agents/clerk/answer.json: schema: must have type",
    ),
    "free text to route by": (
        edit(ANSWER, lambda schema: schema["properties"]["paid"].update(type="string")),
        f"{ANSWER}: schema.properties.paid: is marked x-septet-routing, so it must be an enum or a boolean",
    ),
    "free text to route by, deep inside": (
        edit(
            ANSWER, lambda schema: schema["properties"].update(all={"type": "array", "items": {"type": "string", "x-septet-routing": True}})
        ),
        f"{ANSWER}: schema.properties.all.items: is marked x-septet-routing",
    ),
    # handlers
    "module without handler": (
        write("functions/agents/scout/handler.py", "def handle() -> None:\n    handler = 1\n"),
        "functions/agents/scout/handler.py: defines no 'handler': end it with handler = serve(...)",
    ),
    "tool without handler": (
        write("functions/tools/pay_thing/handler.py", "import handlers\n"),
        "functions/tools/pay_thing/handler.py: defines no 'handler'",
    ),
    "empty handler": (write("functions/steps/api/handler.py", ""), "functions/steps/api/handler.py: is empty: write it"),
    "handler that is no Python": (
        write("functions/steps/api/handler.py", "def handler(:\n"),
        "functions/steps/api/handler.py: cannot be read as Python: invalid syntax",
    ),
    # tools
    "reserved name": (
        lambda tree: (tree / "functions/tools/find_thing").rename(tree / "functions/tools/answer"),
        "functions/tools/answer/: has a name that the runtime uses",
    ),
    "unknown effect": (swap(PAY, '"financial"', '"finance"'), f"{PAY}: effect: is 'finance', did you mean 'financial'?"),
    "an effect that repeats freely": (swap(PAY, '"keyed"', '"none"'), f"{PAY}: repeat: is 'none', but a financial tool changes something"),
    "an effect without identity": (swap(PAY, '["thing", "cents"]', "[]"), f"{PAY}: identity: names no argument"),
    "identity of no argument": (swap(PAY, '"cents"]', '"cent"]'), f"{PAY}: identity: names 'cent', did you mean 'cents'?"),
    "annotation of no argument": (swap(PAY, "[arguments.cents]", "[arguments.cent]"), f"{PAY}: arguments.cent: names 'cent'"),
    "unknown role of an argument": (swap(PAY, '"amount"', '"sum"'), f"{PAY}: arguments.cents.role: is 'sum'"),
    "a limit that is no amount's": (swap(PAY, 'role = "amount"', 'role = "flag"'), f"{PAY}: arguments.cents.ask_above: is for an amount"),
    "selector of nothing": (
        swap(FIND, 'role = "selector"\nkind = "thing"', 'role = "selector"'),
        f"{FIND}: arguments.thing.kind: is missing",
    ),
    "record without key": (swap(FIND, 'key = "thing"\n', ""), f"{FIND}: output.key: is missing"),
    "owner that is no record": (
        swap(FIND, 'holder = { label = "record" }', "holder = {}"),
        f"{FIND}: output.owner: is 'holder', whose label is not 'record'",
    ),
    "unknown label": (
        swap(FIND, 'holder = { label = "record" }', 'holder = { label = "trusted" }'),
        f"{FIND}: output.fields.holder.label: is 'trusted'",
    ),
    "tool without input": (swap(FIND, "[input]", "[inptu]"), f"{FIND}: inptu: is no key here, did you mean 'input'?"),
    "open input": (swap(FIND, "additionalProperties = false", ""), f"{FIND}: input: must have type"),
    "typo in a schema": (swap(PAY, "minimum = 1", "minimun = 1"), f"{PAY}: input.properties.cents.minimun: is no keyword"),
    "unknown type in a schema": (swap(PAY, '"integer"', '"int"'), f"{PAY}: input.properties.cents.type: is 'int'"),
    "required but unknown": (
        swap(PAY, 'required = ["thing", "cents"]', 'required = ["thng"]'),
        f"{PAY}: input.required: requires ['thng']",
    ),
    "a list required": (swap(PAY, 'required = ["thing", "cents"]', "required = [[]]"), f"{PAY}: input.required: requires [[]]"),
    "a table required": (swap(PAY, 'required = ["thing", "cents"]', "required = {}"), f"{PAY}: input.required: requires [{{}}]"),
    "properties that are none": (
        edit(ANSWER, lambda schema: schema.update(properties=5)),
        f"{ANSWER}: schema.properties: is no table of schemas by name",
    ),
    "no number": (swap(PAY, "minimum = 1", "minimum = nan"), f"{PAY}: cannot be read as TOML: nan is no number"),
    "no last number": (swap(PAY, "minimum = 1", "const = { most = [-inf] }"), f"{PAY}: cannot be read as TOML: -inf is no number"),
    "no number in JSON": (write(INPUT, '{"maximum": 1e400}'), f"{INPUT}: is not JSON: inf is no number"),
    "no type": (swap(PAY, 'type = "integer"', "type = []"), f"{PAY}: input.properties.cents.type: is []: give one of array, boolean"),
    "a multiple of nothing": (
        swap(PAY, "minimum = 1", "multipleOf = 0"),
        f"{PAY}: input.properties.cents.multipleOf: is 0: give a number above",
    ),
    "a pattern that is none": (swap(PAY, "minimum = 1", 'pattern = "("'), f"{PAY}: input.properties.cents.pattern: is '(': give a regular"),
    "one of no schemas": (swap(PAY, "minimum = 1", "anyOf = []"), f"{PAY}: input.properties.cents.anyOf: must be a list with at least one"),
    "a tool as slow as the gateway": (
        swap(PAY, "timeout = 5", "timeout = 31"),
        f"{PAY}: timeout: is 31, and the gateway has time for 30: give less",
    ),
    "reconciling what may be repeated": (
        swap(PAY, 'repeat = "keyed"', 'repeat = "keyed"\nreconcile = true'),
        f"{PAY}: reconcile: is for a tool that repeats 'once', and repeat is 'keyed'",
    ),
    "reconciling by a word": (
        swap(PAY, 'repeat = "keyed"', 'repeat = "once"\nreconcile = "yes"'),
        f"{PAY}: reconcile: is 'yes': give true",
    ),
    "short approval": (swap(PAY, "seconds = 600", "seconds = 5"), f"{PAY}: approval.seconds: is 5"),
    # steps
    "unknown stack": (swap(GATEWAY, '"security"', '"securty"'), f"{GATEWAY}: stack: is 'securty', did you mean 'security'?"),
    "unknown layer": (swap(GATEWAY, 'layer = "core"', 'layer = "cor"'), f"{GATEWAY}: layer: is 'cor', did you mean 'core'?"),
    "unknown declaration": (swap(GATEWAY, '"grants"', '"grant"'), f"{GATEWAY}: declarations: names 'grant', did you mean 'grants'?"),
    "two functions for one hole": (
        lambda tree: [shutil.copytree(tree / "functions/agents/scout", tree / f"functions/agents/{name}") for name in ("a1b", "a_1b")],
        "functions/agents/a_1b/: and a1b are both ${AgentA1b} in a state machine",
    ),
    # policies
    "tool asks for the platform's table": (
        swap("policies/tools/pay_thing.json", "RefundsTable", "EffectsTable"),
        "Statement[0].Resource: asks for ${EffectsTable}",
    ),
    "typo in a policy's hole": (
        swap("policies/tools/pay_thing.json", "RefundsTable", "RefundTable"),
        "asks for ${RefundTable}, did you mean 'RefundsTable'?",
    ),
    "several ARNs inside one": (
        swap("policies/steps/gateway.json", "${ToolFunctions}", "${ToolFunctions}/x"),
        "must be an item of its own",
    ),
    "NotAction": (
        statement(lambda one: one.update(NotAction="s3:*")),
        "policies/tools/pay_thing.json: Statement[0].NotAction: is not used here",
    ),
    "effect of a statement": (statement(lambda one: one.update(Effect="allow")), "Statement[0].Effect: is 'allow': give Allow or Deny"),
    "a list for an effect": (statement(lambda one: one.update(Effect=[])), "Statement[0].Effect: is []: give Allow or Deny"),
    "statement without resource": (
        statement(lambda one: one.pop("Resource")),
        "Statement[0]: must be an object with Effect, Action and Resource",
    ),
    "empty actions": (statement(lambda one: one.update(Action=[])), "Statement[0].Action: must be a text, or a list of at least one"),
    "old policy language": (swap("policies/tools/pay_thing.json", "2012-10-17", "2008-10-17"), 'must be {"Version": "2012-10-17"'),
    "policy that is no JSON": (add("policies/tools/pay_thing.json", "}"), "policies/tools/pay_thing.json: is not JSON"),
    "any resource": (
        statement(lambda one: one.update(Resource="*")),
        "policies/tools/pay_thing.json: Statement[0].Resource: allows dynamodb:PutItem on '*': name the resource, as ${OrdersTable}, or",
    ),
    "part of a resource's name": (
        statement(lambda one: one.update(Resource=["${RefundsTable}", "${RefundsTable}/index/*"])),
        "Statement[0].Resource: allows dynamodb:PutItem on '${RefundsTable}/index/*'",
    ),
    "a wildcard of another action": (
        statement(lambda one: one.update(Action=["s3:GetObject", "s3:DeleteObject"], Resource="arn:${Partition}:s3:::things/one/*")),
        "Statement[0].Resource: allows s3:DeleteObject on",
    ),
    "every action of a service": (
        statement(lambda one: one.update(Action="dynamodb:*")),
        "policies/tools/pay_thing.json: Statement[0].Action: allows 'dynamodb:*': name each action",
    ),
    "actions by their beginning": (statement(lambda one: one.update(Action=["dynamodb:Put????"])), "allows 'dynamodb:Put????'"),
    "a step's wildcard": (swap("policies/steps/gateway.json", '["${ToolFunctions}"]', '"*"'), "policies/steps/gateway.json: Statement[0]"),
    "a wildcard without a reason": (
        swap("policies/wildcards.toml", 'reason = "each thing has a file"', ""),
        "policies/wildcards.toml: allowed[0].reason: is missing",
    ),
    "no list of wildcards": (drop("policies/wildcards.toml"), "policies/wildcards.toml: cannot be read as TOML"),
    "a list of wildcards that is none": (
        lambda tree: (tree / "policies/wildcards.toml").write_text("allowed = [1]"),
        "policies/wildcards.toml: allowed: has an item that is no table",
    ),
    # workflows
    "unknown function": (swap(ERRAND, "${AgentScout}", "${AgentScot}"), f"{ERRAND}: names ${{AgentScot}}, did you mean 'AgentScout'?"),
    "a tool called directly": (swap(ERRAND, "${AgentScout}", "${ToolPayThing}"), f"{ERRAND}: names ${{ToolPayThing}}"),
    "another service called": (
        task(lambda state: state.update(Resource="arn:aws:states:::dynamodb:putItem")),
        "The scout finds it: calls 'arn:aws:states:::dynamodb:putItem': a workflow calls agents and steps",
    ),
    "a function by its ARN": (swap(ERRAND, "${AgentScout}", "arn:aws:lambda:us-east-1:1:function:x"), "a workflow calls agents and steps"),
    "task without timeout": (task(lambda state: state.pop("TimeoutSeconds")), "The scout finds it: needs TimeoutSeconds"),
    "wait without expiry": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"].pop("TimeoutSeconds")),
        "A person decides: needs TimeoutSeconds, for a person may never answer: a whole number of seconds",
    ),
    "run without timeout": (
        edit(ERRAND, lambda machine: machine.pop("TimeoutSeconds")),
        f"{ERRAND}: needs TimeoutSeconds at the top, so that every run ends",
    ),
    "task without retry": (
        task(lambda state: state.pop("Retry")),
        'The scout finds it: needs a Retry that names its error classes, as ["ModelThrottled", "ModelUnavailable"',
    ),
    "retry of everything": (
        task(lambda state: state["Retry"].append({"ErrorEquals": ["States.ALL"]})),
        "The scout finds it: retries States.ALL",
    ),
    "retry of every failure": (
        task(lambda state: state["Retry"].append({"ErrorEquals": ["States.TaskFailed"]})),
        "retries States.TaskFailed",
    ),
    "a fault inside a branch": (
        edit(
            ERRAND,
            lambda machine: machine["States"].update(
                Both={
                    "Type": "Parallel",
                    "Branches": [{"StartAt": "Inner", "States": {"Inner": {"Type": "Task", "Resource": "${AgentScout}"}}}],
                }
            ),
        ),
        "Inner: needs TimeoutSeconds",
    ),
    "start at no state": (
        edit(ERRAND, lambda machine: machine.update(StartAt="The scout finds")),
        f"{ERRAND}: StartAt: names 'The scout finds', did you mean 'The scout finds it'?: there is no such state here; there is A person",
    ),
    "no start": (edit(ERRAND, lambda machine: machine.pop("StartAt")), f"{ERRAND}: StartAt: is missing: give the name of a state"),
    "no states": (edit(ERRAND, lambda machine: machine.update(States=[])), f"{ERRAND}: StartAt: names 'The scout finds it': there is no"),
    "on to no state": (
        task(lambda state: state.update(Next="Has the scout finished")),
        f"{ERRAND}: The scout finds it.Next: names 'Has the scout finished', did you mean 'Has the scout finished?'?",
    ),
    "by default to no state": (
        choice(lambda state: state.update(Default="A person decide")),
        f"{ERRAND}: Has the scout finished?.Default: names 'A person decide', did you mean 'A person decides'?",
    ),
    "chosen to no state": (
        choice(lambda state: state["Choices"][0].update(Next="The scout")),
        f"{ERRAND}: Has the scout finished?.Choices[0].Next: names 'The scout'",
    ),
    "chosen to nowhere": (choice(lambda state: state["Choices"][0].pop("Next")), "Has the scout finished?.Choices[0].Next: is missing"),
    "caught into no state": (
        task(lambda state: state["Catch"][0].update(Next="A person")),
        f"{ERRAND}: The scout finds it.Catch[0].Next: names 'A person'",
    ),
    "a state that nothing leads to": (
        edit(ERRAND, lambda machine: machine["States"].update(Lost={"Type": "Succeed"})),
        f"{ERRAND}: Lost: is reached from no other state: lead to it with a Next, or remove it",
    ),
    "a branch that starts at no state": (
        inside("Parallel", Branches=[INNER | {"StartAt": "Fist"}]),
        "Both.Branches[0].StartAt: names 'Fist'",
    ),
    "a branch that goes on outside": (
        inside("Parallel", Branches=[INNER, {"StartAt": "Out", "States": {"Out": {"Type": "Pass", "Next": "A person decides"}}}]),
        "Both.Branches[1].Out.Next: names 'A person decides': there is no such state here; there is Out",
    ),
    "a map with a state that nothing leads to": (
        inside("Map", ItemProcessor={**INNER, "States": {**INNER["States"], "Lost": {"Type": "Succeed"}}}),
        f"{ERRAND}: Both.ItemProcessor.Lost: is reached from no other state",
    ),
    "an agent that is not called again": (
        task(lambda state: state.update(Next="A person decides")),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice that goes back to it when",
    ),
    "an agent that ends the run": (
        task(lambda state: [state.pop("Next"), state.update(End=True)]),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice",
    ),
    "a choice by something else": (
        choice(lambda state: state["Choices"][0].update(Condition="{% $outcome = 'answer' %}")),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice",
    ),
    "a question that nobody waits for": (
        swap(SCOUT, '["find_thing"]', '["find_thing", "pay_thing"]'),
        f"{ERRAND}: The scout finds it: calls an agent with the tool pay_thing, about which a person may be asked: add to the Choice after",
    ),
    "a retry that is no list": (task(lambda state: state.update(Retry=5)), "The scout finds it.Retry: must be a list of rules"),
    "a retry of no errors": (
        task(lambda state: state["Retry"][0].update(ErrorEquals=[[]])),
        'The scout finds it.Retry: must be a list of rules, each with its "ErrorEquals": ["ModelThrottled", ...]',
    ),
    "a call without arguments": (task(lambda state: state.update(Arguments=None)), "The scout finds it: calls None"),
    "processors that are none": (
        task(lambda state: [state.update(ItemProcessor=5), state.pop("Retry")]),
        "The scout finds it: needs a Retry that names its error classes",
    ),
    "a misspelt error": (
        task(lambda state: state["Retry"][0].update(ErrorEquals=["ModelThrotled"])),
        f"{ERRAND}: The scout finds it.Retry: names 'ModelThrotled', did you mean 'ModelThrottled'?: there is no such error",
    ),
    "a misspelt error of AWS": (
        task(lambda state: state["Catch"][0].update(ErrorEquals=["Lambda.TooManyRequestException"])),
        "The scout finds it.Catch: names 'Lambda.TooManyRequestException', did you mean 'Lambda.TooManyRequestsException'?",
    ),
    "no list of errors": (drop(ERRORS), f"{ERRORS}: is missing"),
    "a list of errors that is no Python": (add(ERRORS, "class"), f"{ERRORS}: cannot be read as Python"),
    "distributed map": (
        task(lambda state: state.update(ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED"}})),
        "is a distributed map, for which the machine's role is granted nothing yet",
    ),
    "JSONPath": (edit(ERRAND, lambda machine: machine.pop("QueryLanguage")), f'{ERRAND}: QueryLanguage: must be "JSONata"'),
    "workflow without comment": (edit(ERRAND, lambda machine: machine.pop("Comment")), f"{ERRAND}: Comment: is missing"),
    "a state twice": (
        swap(ERRAND, '"A person decides": {', '"The scout finds it": {'),
        f"{ERRAND}: is not JSON: the key 'The scout finds it' is there twice",
    ),
    "field of unknown source": (
        edit(INPUT, lambda schema: schema["properties"]["thing"].pop("x-septet-source")),
        f'{INPUT}: schema.properties.thing: must say "x-septet-source"',
    ),
    "field of a list of sources": (
        edit(INPUT, lambda schema: schema["properties"]["thing"].update({"x-septet-source": []})),
        f"{INPUT}: schema.properties.thing: must say",
    ),
    "field of a made-up source": (swap(INPUT, '"trusted"', '"safe"'), f"{INPUT}: schema.properties.thing: must say"),
    "open workflow input": (edit(INPUT, lambda schema: schema.pop("additionalProperties")), f"{INPUT}: schema: must have type"),
}


def test_the_small_tree_is_read(tree: Path) -> None:
    catalog = read(tree)
    assert list(catalog.agents) == ["clerk", "scout"]
    assert [function.hole for function in catalog.functions if function.kind == "tool"] == ["ToolFindThing", "ToolPayThing"]
    assert catalog.workflows["errand"].functions == ("AgentScout", "StepAskPerson")
    assert catalog.workflows["errand"].errors == {"ModelThrottled", "PolicyDenied", "Lambda.TooManyRequestsException"}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    break_it, said = CASES[case]
    break_it(tree)
    with pytest.raises(CatalogError) as caught:
        read(tree)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "module",
    ["handler = 1", "handler: object = 1", "def handler(): ...", "from somewhere import handler", "from somewhere import main as handler"],
)
def test_a_handler_may_be_defined_in_any_way(tree: Path, module: str) -> None:
    write("functions/agents/scout/handler.py", module)(tree)
    assert read(tree)


@pytest.mark.parametrize("kind", ["E-Mail", "discount", "rate", "contact", "user", "payee", "order"])
def test_a_kind_may_be_typed_or_a_word_of_ones_own(tree: Path, kind: str) -> None:
    add(PAY, f'[arguments.thing]\nrole = "target"\nkind = "{kind}"\n')(tree)
    assert read(tree)


def test_a_kind_of_records_may_be_called_anything(tree: Path) -> None:
    add(PAY, '[arguments.thing]\nrole = "selector"\nkind = "mail"\n')(tree)
    assert read(tree)


def test_the_kinds_with_a_shape_are_those_that_the_gateway_knows() -> None:
    assert set(TYPED) == SPACES.keys()


def test_no_tool_has_a_name_that_the_runtime_offers() -> None:
    assert set(RESERVED) == {conversation.ANSWER, conversation.HAND_OVER, READ_RESULT, COMMIT_PLAN, EXTRACT}


def test_an_enum_may_be_routed_by(tree: Path) -> None:
    edit(ANSWER, lambda schema: schema["properties"]["paid"].update(type="string", enum=["yes", "no"]))(tree)
    assert read(tree)


def test_an_agent_that_acts_may_be_called_where_its_question_is_waited_for(tree: Path) -> None:
    CASES["a question that nobody waits for"][0](tree)
    choice(lambda state: state["Choices"].append({"Condition": "{% $outcome = 'approval' %}", "Next": "A person decides"}))(tree)
    assert read(tree)


def test_machines_inside_a_state_are_read(tree: Path) -> None:
    inside("Parallel", Branches=[INNER, INNER])(tree)
    assert read(tree)


def test_the_runtimes_errors_are_read_from_its_source(tree: Path) -> None:
    assert errors(tree, Problems()) == CLASSES.keys()


def test_a_wildcard_with_a_reason_is_allowed(tree: Path) -> None:
    statement(lambda one: one.update(Action="s3:GetObject", Resource="arn:${Partition}:s3:::things/one/*"))(tree)
    assert read(tree)


def test_a_wildcard_may_be_denied(tree: Path) -> None:
    statement(lambda one: one.update(Effect="Deny", Action="s3:*", Resource="*"))(tree)
    assert read(tree)


def test_all_problems_are_told_at_once(tree: Path) -> None:
    chosen = ("unknown agent key", "unknown provider", "policy without tool", "task without timeout", "typo in a policy's hole")
    for case in chosen:
        CASES[case][0](tree)
    with pytest.raises(CatalogError) as caught:
        read(tree)
    assert all(CASES[case][1] in str(caught.value) for case in chosen)
    assert str(caught.value).startswith(f"{len(caught.value.problems)} problems")


@pytest.mark.parametrize(
    "case",
    [
        "unknown agent key",
        "misspelt key",
        "a missing key like another",
        "any resource",
        "every action of a service",
        "start at no state",
        "on to no state",
        "by default to no state",
        "a state that nothing leads to",
        "a branch that starts at no state",
        "a choice by something else",
        "a question that nobody waits for",
        "free text to route by",
        "module without handler",
        "empty handler",
        "handler that is no Python",
        "a misspelt error",
        # what names a folder, a role or a model is not wrong because the file that declares it is
        "not TOML",
        "agent without declaration",
        "no models",
        "tool without declaration",
        "no dollars",
        "a retry of no errors",
    ],
)
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    CASES[case][0](tree)
    with pytest.raises(CatalogError) as caught:
        read(tree)
    assert len(caught.value.problems) == 1


def test_a_step_the_platform_needs_is_missed(tree: Path) -> None:
    shutil.rmtree(tree / "functions/steps/gateway")
    (tree / "policies/steps/gateway.json").unlink()
    with pytest.raises(CatalogError, match="functions/steps/gateway/: the folder is missing"):
        read(tree).step("gateway")


def test_what_git_leaves_of_a_removed_folder_is_no_function(tree: Path) -> None:
    cache = tree / "functions/agents/gone/__pycache__"
    cache.mkdir(parents=True)
    (cache / "handler.cpython-313.pyc").write_bytes(b"")
    assert "gone" not in read(tree).agents


def test_prices_are_exact_micro_dollars(tree: Path) -> None:
    models = read(tree).models
    assert (models["small-model"].input_price, models["us.large-model"].output_price) == (60_000, 15_000_001)


def test_of_a_list_the_first_is_used_and_the_others_stand_in(tree: Path) -> None:
    scout = read(tree).agents["scout"]
    assert [(model.id, model.weight) for model in scout.models] == [("small-model", 1), ("us.large-model", 0)]
    assert scout.fallback == {}


def test_a_table_gives_weights_and_stand_ins(tree: Path) -> None:
    fallback = 'fallback = { throttled = ["small-model"], overflow = ["us.large-model"] }\n'
    swap(MODELS, CAREFUL, f"{TABLE}{fallback}")(tree)
    clerk = read(tree).agents["clerk"]
    assert [(model.id, model.weight) for model in clerk.models] == [("us.large-model", 1), ("small-model", 0)]
    assert clerk.fallback == {"throttled": ("small-model",), "overflow": ("us.large-model",)}


def test_a_server_of_one_s_own_may_do_without_encryption_on_this_machine(tree: Path) -> None:
    swap(MODELS, '"bedrock"', '"openai"\nendpoint = "http://127.0.0.1:11434/v1"')(tree)
    assert read(tree).models["small-model"].endpoint == "http://127.0.0.1:11434/v1"
