from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Branched,
    Entry,
    Failure,
    Forked,
    ModelFailed,
    ModelReply,
    Request,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Pen, after
from septet.core.money import Usage
from septet.local.journal import MemoryJournal
from septet.observability.overview import summarise

BRANCH = Branch(tenant="acme", run="run-1")
REPLY = ModelReply(model="m", text="", calls=(), stop="end")
ASKED = ApprovalAsked(call="c", tool="t", arguments={}, approval="apr-1", expires_at=9, reasons=())
GIVEN = ApprovalGiven(call="c", approval="apr-1", decision="approved", by="boss", reason="")


def branch(*written: tuple[str, Body]) -> list[Entry]:
    journal = MemoryJournal()
    for agent, body in written:
        paid = isinstance(body, ModelReply)
        pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=after(journal.read(BRANCH)), agent=agent)
        pen.write(body, usage=Usage(input=10, output=5) if paid else None, cost=3 if paid else 0)
    return list(journal.read(BRANCH))


def test_nothing_is_known_of_an_empty_branch() -> None:
    summary = summarise([])
    assert (summary.path, summary.answer, summary.failure, summary.cost, summary.waiting) == ((), None, None, 0, ())


def test_a_run_in_numbers() -> None:
    summary = summarise(
        branch(
            ("", Request(workflow="w", input={}, submitter="s")),
            ("triage", REPLY),
            ("triage", Answer(value={"route": "refunds"})),
            ("refunds", REPLY),
            ("refunds", ToolIntent(call="c", tool="t", arguments={}, key="k", reasons=())),
            ("refunds", ToolResult(call="c", tool="t", value=1)),
            ("refunds", ToolResult(call="d", tool="t", error="PolicyDenied")),
            ("refunds", Answer(value="paid")),
            ("triage", Answer(value="again")),
        )
    )
    assert summary.path == ("triage", "refunds", "triage")
    assert (summary.model_calls, summary.tool_calls) == (2, 1), "a refused call was not made"
    assert (summary.input_tokens, summary.output_tokens, summary.cost) == (20, 10, 6)
    assert summary.answer == "again"


def test_a_failure_stands_until_an_agent_answers() -> None:
    failed = branch(("refunds", Failure(error="ModelRefused", message="no")))
    assert summarise(failed).failure == Failure(error="ModelRefused", message="no")
    helped = branch(("refunds", Failure(error="ModelRefused", message="no")), ("fallback", Answer(value=1)))
    assert summarise(helped).failure is None


def test_what_was_asked_and_not_answered_is_waited_for() -> None:
    assert summarise(branch(("refunds", ASKED))).waiting == ("apr-1",)
    assert summarise(branch(("refunds", ASKED), ("refunds", GIVEN))).waiting == ()


def test_a_model_s_error_is_the_failure_until_an_agent_answers() -> None:
    failed = ModelFailed(model="m", error="ModelUnavailable", message="later: or never")
    assert summarise(branch(("writer", failed))).failure == Failure(error="ModelUnavailable", message="later: or never")
    assert summarise(branch(("writer", failed), ("writer", Answer(value={"text": "Hello"})))).failure is None


def test_calls_that_failed_are_counted_beside_the_replies_in_all_branches_but_not_those_of_a_forks_origin() -> None:
    failed = ModelFailed(model="m", error="ModelUnavailable", message="")
    beside = {"s-0": summarise(branch(("writer", failed)))}
    copied = branch(("writer", failed), ("", Forked(run="run-0", at=0, overrides={}, by="ann")), ("writer", failed), ("writer", REPLY))
    whole = summarise(copied, beside)
    assert (whole.model_calls, whole.failed_calls) == (1, 2)


class TestBranches:
    MAIN = (("planner", REPLY), ("planner", Answer(value="plan")), ("", Branched(step="s", paths=("s-0", "s-1"), share=1)))

    def test_a_run_is_what_all_its_branches_used_and_who_worked_where_it_parted(self) -> None:
        beside = {
            "s-0": summarise(branch(("researcher", REPLY), ("researcher", REPLY), ("researcher", Answer(value="one")))),
            "s-1": summarise(branch(("researcher", REPLY), ("refunds", ASKED), ("refunds", Failure(error="LoopDetected", message="")))),
        }
        whole = summarise(branch(*self.MAIN, ("writer", REPLY), ("writer", Answer(value="text"))), beside)
        assert whole.path == ("planner", "researcher", "refunds", "writer")
        assert (whole.answer, whole.failure, whole.waiting) == ("text", None, ("apr-1",))
        assert (whole.model_calls, whole.cost, whole.input_tokens, whole.output_tokens) == (5, 15, 50, 25)

    def test_while_there_is_no_answer_what_went_wrong_in_a_branch_is_told(self) -> None:
        lost = Failure(error="BudgetExhausted", message="no more")
        beside = {"s-0": summarise(branch(("researcher", lost)))}
        assert summarise(branch(self.MAIN[2]), beside).failure == lost
        assert summarise(branch(*self.MAIN), beside).failure is None


def test_of_a_degraded_run_in_whose_branches_everybody_failed_it_is_said_why() -> None:
    degraded = Routed(purpose="degrade", of="assessor", to="", error="NoAnswer", rationale={})
    failed = Failure(error="ModelRefused", message="m")
    whole = summarise(
        branch(("", Request(workflow="w", input={}, submitter="s")), ("", degraded), ("", Answer(value={"text": "Later."}))),
        {"s-0": summarise(branch(("assessor", failed)))},
    )
    assert whole.degraded
    assert whole.failure
    assert whole.failure.error == "NoAnswer"
    itself = summarise(branch(("writer", failed), ("", degraded), ("", Answer(value={"text": "Later."}))))
    assert itself.failure == failed, "an agent's own word says more"
