"""Deploying the CDK app to the twin: run the app if something changed, bring the stacks, check what was made, write it down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from local.twin import assembly, aws, deployed, faked, inputs, not_emulated, synth
from local.twin.assembly import Assembly, Asset, Stack
from local.twin.cloudformation import Stacks
from local.twin.deployed import Deployed
from local.twin.errors import TwinError
from local.twin.layout import Layout
from local.twin.lifecycle import Say
from local.twin.staging import Staging

ENVIRONMENT = "twin"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a deployment did."""

    said: str
    """In a sentence."""
    stacks: tuple[str, ...]
    """The stacks that were created or updated."""
    api: str
    seconds: float


class Deployer:
    """Deploys to the twin that answers at *endpoint* and whose tokens come from *doubles*."""

    def __init__(self, layout: Layout, *, endpoint: str, doubles: str, ambient: Mapping[str, str], say: Say, root: Path) -> None:
        """*root* holds the CDK app and everything it reads."""
        self._layout = layout
        self._root = root
        self._endpoint = endpoint
        self._ambient = ambient
        self._say = say
        issuer = f"{doubles}/issuer"
        self._context = {"environment": ENVIRONMENT, "issuer": issuer, "jwks_url": f"{issuer}/.well-known/jwks.json"}

    def deploy(self) -> Deployment:
        """Bring the twin to what the repository says. Raise TwinError when it will not come, or when the emulator faked something."""
        begun = monotonic()
        before = deployed.read(self._layout.deployed)
        now = inputs.fingerprints(self._root, self._context)
        if before and before.inputs == now:
            return Deployment(said="Nothing has changed since the last deployment.", stacks=(), api=before.api, seconds=monotonic() - begun)
        self._synth(before, now)
        made = assembly.read(self._layout.assembly)
        stacks = Stacks(aws.cloudformation(self._endpoint))
        self._layout.unfinished.touch()
        changed = self._bring(made, stacks)
        self._check(made, stacks)
        found = self._describe(made, stacks, now)
        deployed.write(self._layout.deployed, found)
        self._layout.unfinished.unlink()
        said = f"Deployed {', '.join(changed)}." if changed else "The stacks were as they should be."
        return Deployment(said=said, stacks=changed, api=found.api, seconds=monotonic() - begun)

    def _synth(self, before: Deployed | None, now: Mapping[str, str]) -> None:
        if synth.is_current(self._layout.assembly, now):
            self._say("cdk.out is made from what is here: the CDK app need not run")
            return
        different = inputs.changes(before.inputs, now) if before else ()
        self._say(f"running the CDK app{f': {_few(different)} changed' if different else ''} (it takes a minute or two)")
        begun = monotonic()
        for warning in synth.synth(
            self._root, self._layout.assembly, context=self._context, inputs=now, ambient=self._ambient, say=self._say
        ):
            self._say(warning)
        self._say(f"cdk.out is made ({monotonic() - begun:.1f} s)")

    def _bring(self, made: Assembly, stacks: Stacks) -> tuple[str, ...]:
        """Bring every stack, in order; return the names of those that changed."""
        staging = Staging(self._endpoint)
        staging.prepare(made)
        templates = {asset.path.resolve(): asset for asset in made.assets}
        self._say(f"{staging.upload(made.assets)} files put into the staging bucket")
        changed = []
        for stack in made.stacks:
            begun = monotonic()
            if stacks.bring(stack, staging.url(_asset_of(stack, templates.values()))):
                changed.append(stack.name)
                self._say(f"{stack.name} is deployed ({monotonic() - begun:.1f} s)")
        return tuple(changed)

    def _check(self, made: Assembly, stacks: Stacks) -> None:
        found = [one for stack in made.stacks for one in faked.faked(stack.name, stacks.events(stack.name))]
        faked.require_none(found, allowed=not_emulated.may_be_faked())

    def _describe(self, made: Assembly, stacks: Stacks, now: dict[str, str]) -> Deployed:
        resources = [resource for stack in made.stacks for resource in stacks.resources(stack.name)]
        identifier, stage = (_physical(resources, f"AWS::ApiGateway::{kind}") for kind in ("RestApi", "Stage"))
        return Deployed(
            at=datetime.now(tz=UTC),
            api=f"{self._endpoint}/_aws/execute-api/{identifier}/{stage}",
            outputs={stack.name: stacks.outputs(stack.name) for stack in made.stacks},
            inputs=now,
        )


def _asset_of(stack: Stack, assets: Iterable[Asset]) -> Asset:
    return next(asset for asset in assets if asset.path.resolve() == stack.template.resolve())


def _physical(resources: Iterable[Mapping[str, str]], kind: str) -> str:
    found = [resource["PhysicalResourceId"] for resource in resources if resource["ResourceType"] == kind]
    if len(found) != 1:
        raise TwinError(f"The stacks hold {len(found)} resources of type {kind}, not one.", "The twin serves one HTTP API.")
    return found[0]


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 a line's worth
