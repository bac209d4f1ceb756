"""The keys of tables, and the types and ranges of their values."""

from pathlib import Path

import pytest

from tests.stacks.catalog.breaking import ANSWER, FIND, GATEWAY, MODELS, PAY, SCOUT, Case, add, swap, told, write

CASES: dict[str, Case] = {
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
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize("case", ["unknown agent key", "misspelt key", "a missing key like another", "not TOML", "no dollars"])
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1
