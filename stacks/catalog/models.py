"""``policies/models.toml``: the only list of models that an agent may call, and the roles that agents ask for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from stacks.catalog.declarations import Model, Role
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems, known, nearest

FILE = "policies/models.toml"
PROVIDERS = ("bedrock", "openai", "sagemaker")
CAPABILITIES = ("tools", "images", "documents", "video", "reasoning", "caching", "streaming")
FALLBACKS = ("throttled", "unavailable", "overflow", "refused")
"""What can go wrong with a model, and have stand-ins of its own."""
_MOST_TOKENS = 10_000_000
_MOST_WEIGHT = 1_000
_ENDPOINT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
"""By the pattern of SageMaker's EndpointName."""
_BEDROCK_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:-]{0,255}")
"""A foundation model's or a profile's; they are parts of the ARNs that agents may call, where a * would mean every model."""
_SERVED_ID = re.compile(r"[a-zA-Z0-9@/][a-zA-Z0-9@/._:+-]{0,255}")
"""What servers call theirs: a name, the place of one in a registry, or a path."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_INSTANCE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+){1,2}")
"""The type of an instance, of EC2 or SageMaker."""
_SECRET_NAME = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
_OWN_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_SERVED = ("openai", "sagemaker")
_BELONGS = {
    "endpoint": _SERVED,
    "instance": _SERVED,
    "hour_price": _SERVED,
    "region": ("bedrock", "sagemaker"),
    "secret": ("openai",),
    "profile_of": ("bedrock",),
}
"""The providers whose models have each key."""


def models(root: Path, problems: Problems) -> tuple[dict[str, Model], dict[str, Role]]:
    """The models by id, and the roles by name."""
    fields = toml(root / FILE, FILE, problems)
    if fields is None:
        return {}, {}
    found = {id_: _model(id_, table) for id_, table in fields.within("models").each().items()}
    asked = fields.within("roles")
    roles = {role: _role(asked, role, found) for role in asked.values}
    fields.done()
    if not roles:
        fields.wrong("roles", 'has no role: add one, as fast = ["a model\'s id"]')
    return found, roles


def _role(roles: Fields, name: str, found: Mapping[str, Model]) -> Role:
    """A role: a list, of which the first is used and the others stand in, or a table with weights and stand-ins."""
    if not isinstance(roles.values[name], dict):
        listed = _known(roles, name, roles.names(name, required=True), found)
        if not roles.values[name]:
            roles.wrong(name, "names no model: give at least one model's id")
        return Role(models=tuple(replace(found[id_], weight=int(place == 0)) for place, id_ in enumerate(listed)))
    fields = roles.within(name)
    weights = _weights(fields, found)
    standing = fields.within("fallback")
    fallback = {kind: _known(standing, kind, standing.names(kind), found) for kind in FALLBACKS if kind in standing.values}
    standing.asked.update(FALLBACKS)
    standing.done()
    fields.done()
    for id_ in (id_ for ids in fallback.values() for id_ in ids):
        weights.setdefault(id_, 0)
    return Role(models=tuple(replace(found[id_], weight=weight) for id_, weight in weights.items()), fallback=fallback)


def _weights(fields: Fields, found: Mapping[str, Model]) -> dict[str, int]:
    weights: dict[str, int] = {}
    for candidate in fields.tables("candidates"):
        id_ = candidate.text("model")
        weight = candidate.whole("weight", 0, _MOST_WEIGHT)
        candidate.done()
        if id_ in weights:
            candidate.wrong("model", f"names {id_!r} a second time: give each model once")
        for known_id in _known(candidate, "model", (id_,) if id_ else (), found):
            weights[known_id] = weight
    if not any(weights.values()):
        fields.wrong("candidates", 'gives no model a share: give at least one, as candidates = [{ model = "a model\'s id", weight = 1 }]')
    return weights


def _known(fields: Fields, key: str, names: tuple[str, ...], found: Mapping[str, Model]) -> tuple[str, ...]:
    """Those *names* that are models; the others are noted."""
    for name in names:
        if name not in found:
            fields.wrong(key, f"names {name!r}{nearest(name, found)}: there is no such model; there is {known(found)}")
    return tuple(name for name in names if name in found)


def _model(id_: str, fields: Fields) -> Model:
    capabilities = fields.names("capabilities")
    price = fields.dollars("input_price")
    # A token that came from a cache costs no more than one that did not, unless somebody says so: without a price it is not cheaper either.
    cached = None if "caching" in capabilities else price
    model = Model(
        id=id_,
        provider=fields.choice("provider", PROVIDERS),
        input_price=price,
        output_price=fields.dollars("output_price"),
        cache_read_price=fields.dollars("cache_read_price", default=cached),
        cache_write_price=fields.dollars("cache_write_price", default=cached),
        priced_on=fields.day("priced_on"),  # type: ignore[arg-type]  # None only beside a problem, and then nothing is returned
        source=fields.text("source"),
        context=fields.whole("context", 1, _MOST_TOKENS),
        max_output=fields.whole("max_output", 1, _MOST_TOKENS),
        capabilities=capabilities,
        end_of_life=fields.day("end_of_life", required=False),
        profile_of=fields.text("profile_of", default=""),
        regions=fields.names("regions"),
        endpoint=fields.text("endpoint", default=""),
        region=fields.text("region", default=""),
        instance=fields.text("instance", default=""),
        hour_price=fields.dollars("hour_price", default=0),
        secret=fields.text("secret", default=""),
    )
    _check(model, fields)
    fields.done()
    return model


def _check(model: Model, fields: Fields) -> None:
    for name in model.capabilities:
        if name not in CAPABILITIES:
            fields.wrong("capabilities", f"names {name!r}{nearest(name, CAPABILITIES)}: give some of {known(CAPABILITIES)}")
    if not (_BEDROCK_ID if model.provider == "bedrock" else _SERVED_ID).fullmatch(model.id):
        fields.problems.add(
            fields.file,
            fields.prefix.rstrip("."),
            'is the id of no model: name it as the provider does, as [models."amazon.nova-lite-v1:0"]',
        )
    if model.profile_of and not _BEDROCK_ID.fullmatch(model.profile_of):
        fields.wrong("profile_of", f'is {model.profile_of!r}: give the id of the foundation model, as "amazon.nova-lite-v1:0"')
    for region in model.regions:
        if not _REGION.fullmatch(region):
            fields.wrong("regions", f'names {region!r}, which is none: give regions, as "us-east-1"')
    if bool(model.profile_of) != bool(model.regions):
        fields.wrong("profile_of", "and regions belong together: an inference profile has both, a foundation model neither")
    if model.max_output > model.context:
        fields.wrong("max_output", f"is {model.max_output}, more than context: give at most {model.context}")
    if model.provider in PROVIDERS:
        _check_provider(model, fields)
        _check_instance(model, fields)


def _check_provider(model: Model, fields: Fields) -> None:
    """Note what a model of this provider lacks, or has no use for."""
    for key, providers in _BELONGS.items():
        if key in fields.values and model.provider not in providers:
            fields.wrong(key, f"is nothing that a model of {model.provider} has: only {known(providers)} has it; remove the line")
    for name in {"caching", "streaming"} & set(model.capabilities):
        if model.provider != "bedrock":
            fields.wrong("capabilities", f"names {name!r}, which the platform does with bedrock alone: remove it")
    if model.region and not _REGION.fullmatch(model.region):
        fields.wrong("region", f'is {model.region!r}: give a region, as "us-east-1"')
    if model.region and model.regions and model.region not in model.regions:
        fields.wrong("region", f"is {model.region!r}, from where the profile cannot be called: give one of {known(model.regions)}")
    if model.provider == "sagemaker" and not _ENDPOINT_NAME.fullmatch(model.endpoint):
        fields.wrong("endpoint", f"is {model.endpoint!r}: give the endpoint's name: letters, digits and hyphens, at most 63")
    if model.secret and not _SECRET_NAME.fullmatch(model.secret):
        fields.wrong("secret", f"is {model.secret!r}: give a secret's name in Secrets Manager, never the secret itself")
    if model.provider == "openai":
        _check_address(model, fields)


def _check_instance(model: Model, fields: Fields) -> None:
    if bool(model.instance) != bool(model.hour_price):
        fields.wrong("hour_price", "and instance belong together: what an hour of one instance costs, and its type; give both or neither")
    if model.instance and not _INSTANCE.fullmatch(model.instance):
        fields.wrong("instance", f'is {model.instance!r}: give the type of the instance, as "ml.g5.xlarge"')


def _check_address(model: Model, fields: Fields) -> None:
    example = 'as "https://models.example.com/v1"'
    try:
        url = urlsplit(model.endpoint)
        usable = (
            bool(url.hostname) and url.scheme in {"http", "https"} and not (url.query or url.fragment or url.username) and url.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        fields.wrong("endpoint", f"is {model.endpoint!r}: give the server's base URL, {example}")
    elif url.scheme == "http" and url.hostname not in _OWN_MACHINE:
        fields.wrong("endpoint", f"is {model.endpoint!r}: requests and keys go over https to any other machine, {example}")
