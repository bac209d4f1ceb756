"""The few values that differ between environments."""

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_type_hints

from stacks.constructs.names import Names

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{0,11}")
_WHEELS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
_RETENTION = {1: "ONE_DAY", 7: "ONE_WEEK", 30: "ONE_MONTH", 90: "THREE_MONTHS", 365: "ONE_YEAR"}
_GUARDRAIL = re.compile(r"[a-z0-9]{1,64}:([1-9][0-9]{0,7}|DRAFT)")
_URL = re.compile(r"https?://[^\s/?#@]+/[^\s#@]*", re.ASCII)
_MODES = ("enforce", "shadow")
_WHEELS_ON_A_MAC = {"arm64": "aarch64-apple-darwin", "x86_64": "x86_64-apple-darwin"}


class SettingsError(ValueError):
    """The context names no usable environment; the message says what to write where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One environment."""

    environment: str
    """Lower-case letters and digits, at most 12; part of every name."""
    account: str
    region: str
    architecture: Literal["arm64", "x86_64"]
    wheels: str
    """The platform that uv picks wheels for."""
    issuer: str
    """The ``iss`` that tokens must carry."""
    audience: str
    """The ``aud`` that tokens must carry."""
    jwks_url: str
    """Where the issuer publishes its keys."""
    retain: bool = True
    """Whether tables, bodies and old versions outlive their stack."""
    seal_days: int = 365
    """How long a seal cannot be deleted; by nobody at all, where things are retained."""
    log_days: int = 30
    """How long logs are kept: 1, 7, 30, 90 or 365."""
    policies_mode: str = "enforce"
    """``enforce``, or ``shadow``: policies decide and write down what they would do, and stop nothing. Not where ``retain`` is true."""
    guardrail: str = ""
    """A Bedrock guardrail that inputs of runs are shown to, as ``ID:VERSION``; empty for none."""
    watched: bool = True
    """Whether there are alarms and dashboards; `python -m stacks.idle` says what they cost a month. Unless it is said, as ``retain``."""
    traces_url: str = ""
    """Where spans are posted, by OTLP over HTTP in protobuf: a collector's whole address; empty for X-Ray's own endpoint."""
    platform_tenant: str = ""
    """The tenant that operates the platform: its operators may stop it for everybody. Empty: nobody may."""
    concurrent_runs: int = 1000
    """How many runs of all tenants may be open at once; docs/admission.md says who is let in."""
    requests_per_second: int = 50
    """What the API lets through; more is answered with 429."""
    burst: int = 100
    """How many requests may come at once."""

    @property
    def retention(self) -> str:
        """``log_days`` by the name that the CDK gives it."""
        return _RETENTION[self.log_days]

    @property
    def names(self) -> Names:
        """The names of everything in this environment."""
        return Names(environment=self.environment, region=self.region, account=self.account)


def settings(context: Mapping[str, Any], *, ambient: Mapping[str, str], machine: str = "", system: str = "") -> Settings:
    """The environment that *context* chooses with ``environment``.

    Its values come from ``environments.<name>`` of cdk.json; a context value of the same name (``-c issuer=…``) wins. Account and region
    may come from *ambient*, the variables that the CDK command sets when there are credentials. Architecture ``host`` is this computer's.
    Raises SettingsError.
    """
    if "environments" not in context:
        raise SettingsError("there is no cdk.json in the context: the CDK command runs the app and hands it over, as in `make synth`")
    name, known = str(context.get("environment", "")), context["environments"]
    if name not in known or not _ENVIRONMENT.fullmatch(name):
        raise SettingsError(f"environment {name!r} is none of cdk.json's ({', '.join(sorted(known))}): add it, or pass -c environment=NAME")
    names = {field.name for field in fields(Settings)} - {"environment", "wheels"}
    if unknown := known[name].keys() - names:
        raise SettingsError(f"environments.{name}.{min(unknown)} is no setting; there is: {', '.join(sorted(names))}")
    given: dict[str, Any] = {
        "environment": name,
        "account": ambient.get("CDK_DEFAULT_ACCOUNT"),
        "region": ambient.get("CDK_DEFAULT_REGION"),
    }
    given |= known[name]
    given |= {key: context[key] for key in names & context.keys()}
    if given.get("watched") in {None, ""}:
        given["watched"] = given.get("retain")  # who keeps nothing is woken for nothing
    given |= _architecture(str(given.get("architecture", "arm64")), machine or platform.machine(), system or sys.platform)
    found = Settings(**{field.name: _value(name, field.name, given) for field in fields(Settings) if _needed(field.name, given)})
    _check(found)
    return found


def _check(found: Settings) -> None:
    """Raise SettingsError for values that are not among those there are, or do not go together."""
    name = found.environment
    if found.log_days not in _RETENTION:
        raise SettingsError(f"environments.{name}.log_days is {found.log_days}, none of {', '.join(map(str, _RETENTION))}")
    if found.concurrent_runs < 1:
        raise SettingsError(f"environments.{name}.concurrent_runs is {found.concurrent_runs}: at least one run must be able to begin")
    if found.policies_mode not in _MODES:
        raise SettingsError(f"environments.{name}.policies_mode is {found.policies_mode!r}, none of {', '.join(_MODES)}")
    if found.traces_url and not _URL.fullmatch(found.traces_url):
        raise SettingsError(
            f"environments.{name}.traces_url is {found.traces_url!r}: give a whole address, as https://collector.example/v1/traces"
        )
    if found.guardrail and not _GUARDRAIL.fullmatch(found.guardrail):
        raise SettingsError(f"environments.{name}.guardrail is {found.guardrail!r}: give its id and version, as abcd1234:1")
    if found.policies_mode == "shadow" and found.retain:
        raise SettingsError(
            f"environments.{name}.policies_mode is shadow, which stops nothing, and retain is true, so its data is kept: "
            "set policies_mode to enforce, or try the policies in an environment with retain false"
        )


def _architecture(wanted: str, machine: str, system: str) -> dict[str, str]:
    """Architecture and wheels: Lambda's, or for ``host`` those of this computer."""
    host = wanted == "host"
    architecture = {"aarch64": "arm64", "amd64": "x86_64"}.get(machine.lower(), machine.lower()) if host else wanted
    wheels = _WHEELS_ON_A_MAC if host and system == "darwin" else _WHEELS
    if architecture not in wheels:
        raise SettingsError(f"architecture {architecture!r} is neither {' nor '.join(sorted(_WHEELS))}")
    return {"architecture": architecture, "wheels": wheels[architecture]}


def _needed(name: str, given: Mapping[str, Any]) -> bool:
    """Whether the field must be passed: it was given, or has no default."""
    field = next(field for field in fields(Settings) if field.name == name)
    return given.get(name) not in {None, ""} or field.default is MISSING


def _value(environment: str, name: str, given: Mapping[str, Any]) -> Any:
    """The value of a field; context from the command line is always text."""
    value, kind = given.get(name), get_type_hints(Settings)[name]
    if value is None or value == "":
        raise SettingsError(f"environments.{environment}.{name} is missing: write it into cdk.json, or pass -c {name}=VALUE")
    if kind is bool and str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    if kind is int and str(value).isdecimal():
        return int(value)
    if kind in {bool, int}:
        raise SettingsError(f"environments.{environment}.{name} is {value!r}, not a {'true or false' if kind is bool else 'whole number'}")
    return str(value)
