"""What a function is told by the stacks, and the time."""

import os
import time
from collections.abc import Mapping
from functools import cache

from septet.core.frozen import frozen


@frozen
class Configuration:
    """What the stacks tell every function; field ``x`` is the variable ``SEPTET_X``."""

    environment: str
    journal_table: str
    runs_table: str
    approvals_table: str
    effects_table: str
    health_table: str
    choices_table: str
    cache_table: str
    waits_table: str
    sessions_table: str
    stops_table: str
    inquiries_table: str
    rows_table: str
    files_table: str
    projections_table: str
    costs_table: str
    summaries_table: str
    replays_table: str
    accounts_table: str
    control_table: str
    orders_table: str
    refunds_table: str
    supplies_table: str
    documents_table: str
    budgets: str
    concurrent_runs: str
    bodies_bucket: str
    bodies_key: str
    id_key: str
    gateway: str
    tool_prefix: str
    seals_bucket: str
    seals_key: str
    eraser: str
    events_dead: str
    projection_dead: str
    replays: str
    bus: str
    reconciler: str
    advancer: str
    state_machine_prefix: str
    issuer: str
    audience: str
    jwks_url: str


def configuration(environment: Mapping[str, str]) -> Configuration:
    """The configuration in *environment*. Raises RuntimeError naming every variable that is missing."""
    names = {name: f"SEPTET_{name.upper()}" for name in Configuration.__annotations__}
    if missing := [name for name in names.values() if not environment.get(name)]:
        raise RuntimeError(f"missing in the environment: {', '.join(missing)}; the stacks set them on every function")
    return Configuration(**{field: environment[name] for field, name in names.items()})


@cache
def settings() -> Configuration:
    """This process's configuration, read once."""
    return configuration(os.environ)


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def pause(milliseconds: int) -> None:
    """Wait."""
    time.sleep(milliseconds / 1000)
