"""Models and the roles they are used in."""

from pathlib import Path

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    MODELS,
    SCOUT,
    Break,
    Case,
    swap,
    told,
)


def edit_models(*, provider: str, capabilities: str) -> Break:
    """Change the first model's provider and what it can do."""

    def act(tree: Path) -> None:
        swap(MODELS, '"bedrock"', provider)(tree)
        swap(MODELS, '["tools"]', capabilities)(tree)

    return act


CAREFUL = 'careful = ["us.large-model"]'


TABLE = '[roles.careful]\ncandidates = [{ model = "us.large-model", weight = 1 }]\n'


CASES: dict[str, Case] = {
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
    "a price without an instance": (
        swap(MODELS, '"bedrock"', '"sagemaker"\nendpoint = "tuned"\nhour_price = "1.408"'),
        "small-model.hour_price: and instance belong together",
    ),
    "an instance without a price": (
        swap(MODELS, '"bedrock"', '"sagemaker"\nendpoint = "tuned"\ninstance = "ml.g5.xlarge"'),
        "small-model.hour_price: and instance belong together",
    ),
    "an instance that is none": (
        swap(MODELS, '"bedrock"', '"sagemaker"\nendpoint = "tuned"\ninstance = "large"\nhour_price = "1.408"'),
        "small-model.instance: is 'large': give the type of the instance",
    ),
    "an instance of bedrock": (
        swap(MODELS, '"bedrock"', '"bedrock"\ninstance = "ml.g5.xlarge"\nhour_price = "1.408"'),
        "small-model.instance: is nothing that a model of bedrock has",
    ),
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
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


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
