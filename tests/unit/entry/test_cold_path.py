import json

from tests.bench.counting import told
from tests.bench.starts import HEAVY, surroundings


def test_a_first_turn_loads_nothing_heavy_that_it_does_not_need() -> None:
    with surroundings() as (folder, environment):
        loaded = json.loads(told("start", "septet", folder, more=environment))["modules"]
    assert "septet.execution.driver" in loaded, "a turn was taken"
    assert [name for name in loaded if name.startswith(HEAVY)] == []
