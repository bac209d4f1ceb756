"""Which cells the crash matrix has, and which of them may cost a model call."""

from dataclasses import replace

from tests.faults.boundaries import ANSWER, EVENT, Boundary, Crossed, Kill
from tests.faults.cases import REFUND, TWELVE
from tests.faults.matrix import cells, chosen

MODEL = "bedrock POST /model/m/converse"
APPEND = "dynamodb PutItem septet-twin-journal"
ACCOUNT = "dynamodb UpdateItem septet-twin-accounts"


def at(*boundaries: str, function: str = "septet-twin-agent-orders") -> list[Boundary]:
    return [
        Boundary(function=function, boundary=one, occurrence=boundaries[: number + 1].count(one)) for number, one in enumerate(boundaries)
    ]


def test_a_call_may_be_repeated_only_between_its_answer_and_its_entry() -> None:
    crossed = at(EVENT, APPEND, MODEL, ACCOUNT, APPEND, ANSWER)
    found = [(cell.kill.at.boundary, cell.kill.side, cell.allowed) for cell in cells(REFUND, crossed)]
    assert found == [
        (EVENT, "after", 0),
        (APPEND, "before", 0),
        (APPEND, "after", 0),
        (MODEL, "before", 0),
        (MODEL, "after", 1),
        (ACCOUNT, "before", 1),
        (ACCOUNT, "after", 1),
        (APPEND, "before", 1),
        (APPEND, "after", 0),
        (ANSWER, "before", 0),
        (ANSWER, "after", 0),
    ]


def test_a_call_in_flight_is_one_of_its_own_function() -> None:
    crossed = [*at(MODEL), *at(APPEND, function="septet-twin-step-gateway")]
    assert [cell.allowed for cell in cells(REFUND, crossed) if cell.kill.at.who == "gateway"] == [0, 0]


def test_a_case_may_leave_functions_out() -> None:
    crossed = [*at(MODEL), *at(MODEL, function="septet-twin-agent-triage"), *at(MODEL, function="septet-twin-agent-orders-for-faults")]
    assert {cell.kill.at.function for cell in cells(TWELVE, crossed)} == {"septet-twin-agent-orders", "septet-twin-agent-orders-for-faults"}


def test_the_short_form_leaves_out_what_only_the_first_of_a_minute_crosses() -> None:
    load, count = "dynamodb GetItem septet-twin-choices", "dynamodb UpdateItem septet-twin-choices"
    crossed = at(load, count, count, load, count, function="septet-twin-step-choose_agent")
    assert [one.by_minute for one in crossed] == [False, False, False, True, True]
    assert not any(one.by_minute for one in at(load, load, function="septet-twin-step-route"))
    found = chosen(list(cells(REFUND, crossed)), 14)
    assert [str(cell.kill) for cell in found] == [
        "choose_agent GetItem on choices #1, before",
        "choose_agent UpdateItem on choices #2, after",
    ]


def test_boundaries_have_words() -> None:
    gateway = "lambda POST /2015-03-31/functions/septet-twin-step-gateway:agent-orders/invocations"
    tool = "lambda POST /2015-03-31/functions/septet-twin-tool-find_order:live/invocations"
    said = [
        one.kind for one in at(EVENT, MODEL, APPEND, gateway, tool, "dynamodb TransactWriteItems septet-twin-accounts septet-twin-effects")
    ]
    assert said == [
        "takes its event",
        "calls the model",
        "appends to the journal",
        "calls the gateway",
        "calls the tool find_order",
        "TransactWriteItems on accounts and effects",
    ]


def test_a_run_is_under_way_until_whoever_lives_has_answered() -> None:
    event, answer = at(EVENT, ANSWER)
    kill = Kill(at=replace(event, occurrence=1), side="after")
    assert Crossed(boundaries=(event,), kills=0, duels=0).under_way(None)
    assert not Crossed(boundaries=(event, answer), kills=0, duels=0).under_way(None)
    assert not Crossed(boundaries=(event,), kills=1, duels=0).under_way(kill)
    assert Crossed(boundaries=(event, event, answer), kills=1, duels=0).under_way(Kill(at=answer, side="before"))
