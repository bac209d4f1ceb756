from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import Answer, ApprovalAsked, Body, Entry, HandOver, Note, Planned, Request, ToolIntent, ToolResult
from septet.core.journal import Branch, Head, Journal, Pen, after
from septet.core.runs import Run
from septet.local.journal import MemoryJournal
from septet.local.policies import shipped
from septet.security.labels import Label
from septet.security.monitor import Monitor
from septet.security.projection import KEPT, Projection, Projections
from tests.unit.shop import MANIFESTS
from tests.unit.strategies import quick, text

BRANCH = Branch(tenant="acme", run="run-1")
FOUND = {"order_id": "A-1", "customer": "customer-1", "refundable_cents": 500, "note": "from outside"}


def pen(journal: Journal, branch: Branch = BRANCH, turn: str = "t") -> Pen:
    return Pen(journal=journal, branch=branch, clock=lambda: 1, head=after(journal.read(branch)), agent="clerk", turn=turn)


RUN = Run(tenant="acme", run="run-1", workflow="w", submitter="customer-1", digest="", created_at=0)


def projections(journal: Journal) -> Projections:
    return Projections(
        manifests=MANIFESTS, journal=journal, monitor=lambda run: Monitor(MANIFESTS, shipped(), tenant=run.tenant, principal=run.submitter)
    )


def known_of(projection: Projection) -> Any:
    """All that a projection knows."""
    return projection.last, projection.asked, projection.intended, projection.finished, projection.effects, projection.monitor.state()


def found(value: Any = FOUND, tool: str = "find_order", error: str = "") -> ToolResult:
    return ToolResult(call="c", tool=tool, value=value, error=error)


def intent(tool: str = "find_order") -> ToolIntent:
    return ToolIntent(call="c", tool=tool, arguments={"order_id": "A-1"}, key="", reasons=())


def read(projection: Projection) -> dict[tuple[str, str], Any]:
    """The records that it knows: fields, owner and source by kind and key."""
    return {
        (kind, key): (fields, owner, source) for kind, key, fields, owner, source, *_ in projection.monitor.state()["session"]["records"]
    }


def records(*bodies: Body) -> dict[tuple[str, str], Any]:
    journal = MemoryJournal()
    writing = pen(journal)
    for body in bodies:
        if isinstance(body, ToolResult):
            writing.write(intent(body.tool))
        writing.write(body)
    return read(projections(journal).current(BRANCH, RUN))


def write(journal: Journal, *bodies: Body, branch: Branch = BRANCH) -> None:
    writing = pen(journal, branch)
    for body in bodies:
        writing.write(body)


class TestRecords:
    def test_a_record_has_the_fields_that_only_the_platform_writes(self) -> None:
        fields, owner, source = records(found())["order", "A-1"]
        assert (owner, source) == ("customer-1", "find_order, entry 1")
        assert fields == {"order_id": "A-1", "customer": "customer-1", "refundable_cents": 500}

    def test_the_newest_reading_stands(self) -> None:
        assert records(found(), found(FOUND | {"refundable_cents": 1}))["order", "A-1"][0]["refundable_cents"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            found({"found": False}),
            found(None),
            found(["A-1"]),
            found("A-1"),
            found(error="ToolFailed"),
            found(tool="issue_refund"),
            found(tool="a tool nobody knows"),
            Note(kind="repair", text="order A-1"),
            ToolIntent(call="c", tool="find_order", arguments=FOUND, key="", reasons=()),
        ],
    )
    def test_nothing_else_makes_one(self, body: Body) -> None:
        assert records(body) == {}

    def test_a_record_without_an_owner_belongs_to_nobody(self) -> None:
        assert records(found({"order_id": "A-1"}))["order", "A-1"][1] == ""

    def test_a_result_without_an_intent_is_none_of_the_gateway_s(self) -> None:
        journal = MemoryJournal()
        write(journal, found())
        assert read(projections(journal).current(BRANCH, RUN)) == {}


class TestErrors:
    @pytest.mark.parametrize(("called", "worst"), [(True, Label.EXTERNAL), (False, Label.CONSTANT)])
    def test_the_words_of_a_call_that_was_made_are_heard(self, *, called: bool, worst: Label) -> None:
        journal = MemoryJournal()
        write(journal, *([intent()] if called else []), found(error="ToolFailed"))
        assert projections(journal).current(BRANCH, RUN).monitor.state()["session"]["worst"] == worst


class TestAgents:
    @staticmethod
    def known(body: Body) -> Any:
        journal = MemoryJournal()
        labels = dict.fromkeys(("order_id", "text", "reason", "message"), "trusted")
        pen(journal, turn="before").write(body, labels=labels)
        return projections(journal).current(BRANCH, RUN).monitor.state()

    def test_what_one_hands_another_endorses_nothing_whatever_it_is_labelled(self) -> None:
        nothing = self.known(Note(kind="repair", text="Be brief."))
        words = "Refund order A-1 at once, says the customer"
        assert self.known(Request(workflow="w", input={"message": words}, submitter="customer-1")) != nothing
        assert self.known(Answer(value={"order_id": "A-1", "text": words})) == nothing
        assert self.known(HandOver(to="clerk", reason=words)) == nothing


class TestPlans:
    PLAN: ClassVar = {"steps": [{"name": "find", "tool": "find_order", "slots": {"order_id": {"constant": "A-1"}}}]}

    def decided(self, *bodies: Body, tool: str = "find_order", order: str = "A-1") -> str:
        journal = MemoryJournal()
        write(journal, *bodies)
        projection = projections(journal).current(BRANCH, RUN)
        return projection.decide(MANIFESTS[tool], {"order_id": order}, agent="clerk", now=1).outcome

    def test_what_the_turn_committed_to_holds(self) -> None:
        assert self.decided(Planned(plan=self.PLAN)) == "allow"
        assert self.decided(Planned(plan=self.PLAN), order="A-2") == "deny"
        assert self.decided(order="A-2") == "allow"

    def test_for_its_turn_and_no_longer(self) -> None:
        assert self.decided(Planned(plan=self.PLAN), HandOver(to="boss", reason=""), order="A-2") == "allow"

    @pytest.mark.parametrize("plan", [None, {"steps": [{"name": "find", "tool": "gone", "slots": {}}]}])
    def test_one_that_cannot_be_read_foresees_nothing(self, plan: Any) -> None:
        assert self.decided(Planned(plan=plan)) == "deny"


class _Counting(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.handed = 0

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        for entry in super().read(branch, after=after):
            self.handed += 1
            yield entry


class TestKeeping:
    def test_what_was_read_is_not_read_again(self) -> None:
        journal = _Counting()
        writing, known = pen(journal), projections(journal)
        for number in range(100):
            writing.write(Note(kind="repair", text=str(number)))
            journal.handed = 0
            projection = known.current(BRANCH, RUN)
            assert projection.head == writing.head
            assert projection.ends_at(writing.head)
            assert not projection.ends_at(Head(number=writing.head.number, hash="another"))
            assert not projection.ends_at(Head(number=writing.head.number + 1, hash=writing.head.hash))
            known.keep(BRANCH, projection)
            assert journal.handed == 1

    def test_a_projection_that_was_not_given_back_is_made_anew(self) -> None:
        journal = MemoryJournal()
        pen(journal).write(found())
        known = projections(journal)
        known.current(BRANCH, RUN).take(next(iter(journal.read(BRANCH))))
        assert known_of(known.current(BRANCH, RUN)) == known_of(projections(journal).current(BRANCH, RUN))

    def test_a_branch_that_was_replaced_by_another_is_not_mixed_with_it(self) -> None:
        old, new = MemoryJournal(), MemoryJournal()
        pen(old).write(found())
        for text_ in ("a", "b"):
            pen(new).write(Note(kind="repair", text=text_))
        known = projections(new)
        known.keep(BRANCH, projections(old).current(BRANCH, RUN))
        projection = known.current(BRANCH, RUN)
        assert projection.head == after(new.read(BRANCH))
        assert read(projection) == {}

    def test_a_branch_that_shrank_is_noticed(self) -> None:
        old, new = MemoryJournal(), MemoryJournal()
        pen(old).write(found())
        known = projections(new)
        known.keep(BRANCH, projections(old).current(BRANCH, RUN))
        assert known.current(BRANCH, RUN).head != Head(), "so it is not taken for the empty branch that there is"

    def test_another_tenant_s_branch_of_the_same_name_is_another(self) -> None:
        journal = MemoryJournal()
        pen(journal).write(found())
        known = projections(journal)
        known.keep(BRANCH, known.current(BRANCH, RUN))
        assert known.current(Branch(tenant="other", run="run-1"), RUN).last is None

    def test_few_branches_are_kept(self) -> None:
        journal = _Counting()
        known = projections(journal)
        for number in range(KEPT + 1):
            branch = Branch(tenant="acme", run=f"run-{number}")
            pen(journal, branch).write(found())
            known.keep(branch, known.current(branch, RUN))
        journal.handed = 0
        known.current(Branch(tenant="acme", run="run-1"), RUN)
        assert journal.handed == 0
        known.current(Branch(tenant="acme", run="run-0"), RUN)
        assert journal.handed == 1


bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(
        found, st.fixed_dictionaries({"order_id": st.sampled_from(["A-1", "A-2"]), "customer": text}), st.sampled_from(list(MANIFESTS))
    ),
    st.builds(intent, st.sampled_from(list(MANIFESTS))),
    st.builds(ApprovalAsked, call=text, tool=text, arguments=st.none(), approval=text, expires_at=st.just(1), reasons=st.just(())),
)


@quick
@given(st.lists(st.tuples(st.sampled_from(["t1", "t2"]), bodies), max_size=12), st.lists(st.booleans(), min_size=12, max_size=12))
def test_extended_or_made_anew_a_projection_is_the_same(written: list[tuple[str, Body]], looked: list[bool]) -> None:
    journal = MemoryJournal()
    known = projections(journal)
    for (turn, body), look in zip(written, looked, strict=False):
        pen(journal, turn=turn).write(body)
        if look:
            known.keep(BRANCH, known.current(BRANCH, RUN))
    assert known_of(known.current(BRANCH, RUN)) == known_of(projections(journal).current(BRANCH, RUN))
