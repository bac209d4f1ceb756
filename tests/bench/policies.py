"""``python -m tests.bench.policies``: what deciding by policies costs in CPU time: the import, the parsing, a decision of each kind."""

import sys
import time
from collections.abc import Callable
from copy import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "layers/runtime/python"))
TOTAL = 53
ROUNDS, TIMES = 5, 400


def spent[T](work: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of CPU, and what came out."""
    began = time.process_time()
    done = work()
    return (time.process_time() - began) * 1000, done


def main() -> None:
    """Measure, and print."""
    imported, engine = spent(lambda: __import__("cedarpy"))
    from septet.security.cedar import CedarPolicies  # noqa: PLC0415 -- what is imported here is measured above
    from tests.unit.security.questions import SCHEMA, SHIPPED, question  # noqa: PLC0415 -- the same

    more = TOTAL - sum(len(engine.PolicySet.from_str(text)) for text in SHIPPED.values())
    own = "\n".join(
        f'@id("own{at}") @reason("r") forbid (principal, action in Septet::Action::"acts", resource == Septet::Tool::"tool{at}")'
        f' when {{ context.history.calls >= {at} && !context.history.before.contains("tool{at + 1}") }};'
        for at in range(more)
    )
    parsed, policies = spent(lambda: CedarPolicies({**SHIPPED, "own": own}, SCHEMA))
    size = sum(path.stat().st_size for path in Path(engine.__file__).parent.rglob("*") if path.suffix != ".pyc")
    print(f"cedarpy: {size / 1e6:.1f} MB, import {imported:.0f} ms; {TOTAL} policies: parsed in {parsed:.0f} ms")  # noqa: T201 -- it prints
    for asked in (
        question("read", labels={"selector": 7}, history={"before": [f"tool{at}" for at in range(30)]}),
        question("financial", tool="tool30", labels={"target": 1, "amount": 1}),
        question("send", labels={"target": 7, "content": 7}, secret=True),
        question("destructive", labels={"target": 7}),
    ):
        anew = [
            [replace(asked, tenant=f"tenant-{at}-{place}") for place in range(TIMES)] for at in range(ROUNDS)
        ]  # no verdict that was kept
        best = min(spent(lambda: [policies.decide(one) for one in asked_now])[0] for asked_now in anew) / TIMES  # noqa: B023 -- run here
        print(f"{asked.effect}: {policies.decide(asked).outcome} in {best:.2f} ms")  # noqa: T201 -- it prints


if __name__ == "__main__":
    main()
