"""``policies/models.toml``: the only list of models that an agent may call."""

from collections.abc import Mapping
from pathlib import Path

from stacks.catalog.declarations import Model
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems, known, nearest

FILE = "policies/models.toml"
_PROVIDERS = ("bedrock",)
_CAPABILITIES = ("tools", "images", "documents", "video", "reasoning", "caching")
_MOST_TOKENS = 10_000_000


def models(root: Path, problems: Problems) -> tuple[dict[str, Model], dict[str, tuple[Model, ...]]]:
    """The models by id, and the candidates of each role in the order to try."""
    fields = toml(root / FILE, FILE, problems)
    if fields is None:
        return {}, {}
    found = {id_: _model(id_, table) for id_, table in fields.within("models").each().items()}
    roles = fields.within("roles")
    candidates = {role: _candidates(roles, role, found) for role in roles.values}
    fields.done()
    if not candidates:
        fields.wrong("roles", 'has no role: add one, as fast = ["a model\'s id"]')
    return found, candidates


def _candidates(roles: Fields, role: str, found: Mapping[str, Model]) -> tuple[Model, ...]:
    names = roles.names(role, required=True)
    if not names:
        roles.wrong(role, "names no model: give at least one model's id")
    for name in names:
        if name not in found:
            roles.wrong(role, f"names {name!r}{nearest(name, found)}: there is no such model; there is {known(found)}")
    return tuple(found[name] for name in names if name in found)


def _model(id_: str, fields: Fields) -> Model:
    model = Model(
        id=id_,
        provider=fields.choice("provider", _PROVIDERS),
        input_price=fields.dollars("input_price"),
        output_price=fields.dollars("output_price"),
        priced_on=fields.day("priced_on"),  # type: ignore[arg-type]  # None only beside a problem, and then nothing is returned
        source=fields.text("source"),
        context=fields.whole("context", 1, _MOST_TOKENS),
        max_output=fields.whole("max_output", 1, _MOST_TOKENS),
        capabilities=fields.names("capabilities"),
        end_of_life=fields.day("end_of_life", required=False),
        profile_of=fields.text("profile_of", default=""),
        regions=fields.names("regions"),
    )
    for name in model.capabilities:
        if name not in _CAPABILITIES:
            fields.wrong("capabilities", f"names {name!r}{nearest(name, _CAPABILITIES)}: give some of {known(_CAPABILITIES)}")
    if bool(model.profile_of) != bool(model.regions):
        fields.wrong("profile_of", "and regions belong together: an inference profile has both, a foundation model neither")
    if model.max_output > model.context:
        fields.wrong("max_output", f"is {model.max_output}, more than context: give at most {model.context}")
    fields.done()
    return model
