"""What agents, tools and steps have in common, and the readers of agents and steps."""

from collections.abc import Collection, Mapping
from pathlib import Path

from stacks.catalog import policies
from stacks.catalog.checks import has_check
from stacks.catalog.declarations import Agent, Function, Json, Kind, Limits, Role, Step
from stacks.catalog.fallbacks import fallback
from stacks.catalog.fields import Fields, toml
from stacks.catalog.files import BAD_NAME, folders, is_name, names, read_json, read_text
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import ROUTING, check_object, check_routing

STACKS = ("security", "orchestration", "integration", "observability")
DECLARATIONS = (
    "manifests",
    "grants",
    "policies",
    "egress",
    "workflows",
    "schemas",
    "agents",
    "inquiries",
    "events",
    "routing",
    "names",
    "memory",
    "endpoints",
    "traces",
)
"""The generated files that a step may ask for."""

_LONGEST = 900
_LONGEST_CACHED = 7 * 24 * 3_600
_LARGEST = 10_240


def function(kind: Kind, folder: Path, fields: Fields, *, layer: str = "core") -> Function:
    """The fields that every function declares."""
    return Function(
        kind=kind,
        name=folder.name,
        folder=folder,
        description=fields.text("description"),
        memory=fields.whole("memory", 128, _LARGEST),
        timeout=fields.whole("timeout", 1, _LONGEST),
        layer=layer,
    )


def agents(root: Path, roles: Mapping[str, Role], tools: Collection[str], problems: Problems) -> dict[str, Agent]:
    """The agents by name."""
    found: dict[str, Agent] = {}
    for folder in folders(root, "agents", "agent.toml", problems):
        fields = toml(folder / "agent.toml", f"functions/agents/{folder.name}/agent.toml", problems)
        if fields is None:
            continue
        others = names(root, "agents") - {folder.name}
        found[folder.name] = agent = _agent(folder, fields, roles, tools, others, problems=problems)
        for other in agent.hand_over_to:
            if other not in others:
                fields.wrong(
                    "hand_over_to", f"names {other!r}{nearest(other, others)}: there is no such other agent; there is {known(others)}"
                )
    return found


def _agent(
    folder: Path, fields: Fields, roles: Mapping[str, Role], tools: Collection[str], others: Collection[str], *, problems: Problems
) -> Agent:
    answer = folder / "answer.json"
    asked = fields.choice("model", roles) if roles else fields.text("model")  # without roles, that is what is wrong
    role = roles.get(asked, Role(models=()))
    agent = Agent(
        function=function("agent", folder, fields),
        prompt=read_text(folder / "prompt.md", f"functions/agents/{folder.name}/prompt.md", problems, what="the agent's system prompt"),
        models=role.models,
        fallback=role.fallback,
        cache_seconds=_cache_seconds(fields.within("cache")),
        plan=fields.flag("plan"),
        tools=fields.names("tools"),
        hand_over_to=fields.names("hand_over_to"),
        limits=_limits(fields.within("limits")),
        answer_schema=_answer(answer, f"functions/agents/{folder.name}/answer.json", problems) if answer.exists() else None,
        check=has_check(folder, f"functions/agents/{folder.name}/check.py", problems),
        take_over=fallback(fields.within("fallback"), folder.name, others),
        skills=_skills(fields),
    )
    for name in agent.tools:
        if name not in tools:
            there = f"there is {known(tools)}"
            fields.wrong("tools", f"names {name!r}{nearest(name, tools)}: no folder functions/tools/{name}/ declares it; {there}")
    _check_models(agent, fields)
    fields.done()
    return agent


def _check_models(agent: Agent, fields: Fields) -> None:
    """Note the models with a share of the turns that cannot take tools, if the agent needs that: they would never be called."""
    if agent.tools or agent.hand_over_to or agent.answer_schema is not None:
        for model in agent.models:
            if model.weight and "tools" not in model.capabilities:
                sentence = f"includes {model.id}, which takes no tools; tools, answer.json and hand_over_to need them: choose another role"
                fields.wrong("model", sentence)


def _skills(fields: Fields) -> tuple[str, ...]:
    skills = fields.names("skills")
    for skill in skills:
        if not is_name(skill):
            fields.wrong("skills", f"names {skill!r}, which {BAD_NAME}")
    return skills


def _cache_seconds(fields: Fields) -> int:
    seconds = fields.whole("seconds", 0, _LONGEST_CACHED, default=0)
    fields.done()
    return seconds


def _limits(fields: Fields) -> Limits:
    default = Limits()
    limits = Limits(
        model_calls=fields.whole("model_calls", 1, 1_000, default=default.model_calls),
        tool_calls=fields.whole("tool_calls", 0, 10_000, default=default.tool_calls),
        tokens=fields.whole("tokens", 1, 100_000_000, default=default.tokens),
        cost=fields.dollars("cost", default=default.cost, nothing="so no model could be called"),
        seconds=fields.whole("seconds", 1, 86_400, default=default.seconds),
        identical_calls=fields.whole("identical_calls", 1, 100, default=default.identical_calls),
        reply_tokens=fields.whole("reply_tokens", 1, 1_000_000, default=default.reply_tokens),
        result_bytes=fields.whole("result_bytes", 256, 1_000_000, default=default.result_bytes),
    )
    fields.done()
    return limits


def _answer(path: Path, file: str, problems: Problems) -> Json | None:
    schema = read_json(path, file, problems)
    if schema is not None:
        fields = Fields(file=file, values={}, problems=problems)
        check_object(fields, "schema", schema, extra=frozenset({ROUTING}))
        check_routing(fields, "schema", schema)
    return schema


def steps(root: Path, layers: Collection[str], problems: Problems) -> dict[str, Step]:
    """The steps by name."""
    found: dict[str, Step] = {}
    for folder in folders(root, "steps", "step.toml", problems):
        name = folder.name
        fields = toml(folder / "step.toml", f"functions/steps/{name}/step.toml", problems)
        if fields is None:
            continue
        layer = fields.choice("layer", layers)
        found[name] = Step(
            function=function("step", folder, fields, layer=layer),
            stack=fields.choice("stack", STACKS),
            declarations=fields.names("declarations"),
            policy=policies.policy(root, f"policies/steps/{name}.json", policies.STEP, problems),
        )
        for declaration in found[name].declarations:
            if declaration not in DECLARATIONS:
                there = f"give some of {known(DECLARATIONS)}"
                fields.wrong("declarations", f"names {declaration!r}{nearest(declaration, DECLARATIONS)}: {there}")
        fields.done()
    policies.orphans(root, "steps", problems)
    return found
