"""A shop in one process: what agents, tools and their real effects are in these tests."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from septet.core.entries import ToolCall
from septet.core.errors import PolicyDenied
from septet.core.money import Price, Usage
from septet.execution.agents import Agent, Limits, ModelSpec, ToolSpec
from septet.execution.ports import Reply
from septet.local.tools import FunctionTools
from septet.security.manifests import Argument, Asking, Field, Manifest, Output

CUSTOMER = "customer-1"
MODEL = ModelSpec(
    id="double.model-1",
    provider="double",
    price=Price(input=1_000_000, output=2_000_000),
    max_output=1_000,
    capabilities=frozenset({"tools"}),
)

_ORDER = {"order_id": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}}
_REFUND = _ORDER | {"amount_cents": {"type": "integer", "minimum": 1}, "reason": {"type": "string", "maxLength": 100}}


def schema(properties: Mapping[str, Any], *, optional: Sequence[str] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def manifest(name: str, **changes: Any) -> Manifest:
    """A tool that acts on an order once a key, with *changes*."""
    whole: dict[str, Any] = {
        "name": name,
        "description": f"The tool {name}.",
        "effect": "financial",
        "repeat": "keyed",
        "identity": ("order_id", "amount_cents"),
        "timeout": 10,
        "input_schema": schema(_REFUND, optional=["reason"]),
        "arguments": {
            "order_id": Argument(role="selector", kind="order"),
            "amount_cents": Argument(role="amount", within="refundable_cents", ask_above=10_000),
            "reason": Argument(role="content"),
        },
        "output": Output(fields={"paid": Field(label="record")}),
        "approval": Asking(seconds=3600),
    }
    return Manifest(**whole | changes)


FIND = manifest(
    "find_order",
    effect="sensitive-read",
    repeat="none",
    identity=(),
    input_schema=schema(_ORDER),
    arguments={"order_id": Argument(role="selector", kind="order")},
    output=Output(
        kind="order",
        key="order_id",
        owner="customer",
        fields=dict.fromkeys(("order_id", "customer", "refundable_cents"), Field(label="record")),
    ),
)
REFUND = manifest("issue_refund")
PARCEL = manifest(
    "send_parcel", effect="commit", repeat="once", identity=("order_id",), input_schema=schema(_ORDER), arguments=FIND.arguments
)
MANIFESTS = {item.name: item for item in (FIND, REFUND, PARCEL)}


def agent(name: str = "clerk", **changes: Any) -> Agent:
    """An agent with every tool of the shop that answers in text, with *changes*."""
    tools = tuple(
        ToolSpec(name=item.name, description=item.description, input_schema=item.input_schema, pin=item.pin) for item in MANIFESTS.values()
    )
    limits = Limits(cost=10**9, tokens=10**9)
    whole = Agent(name=name, bundle="b-1", prompt="Be a clerk.", models=(MODEL,), tools=tools, limits=limits)
    return replace(whole, **changes)


def asks(*calls: tuple[str, Any], text: str = "") -> Reply:
    """A reply that asks for *calls*, tool and arguments each."""
    asked = tuple(ToolCall(id=f"m{place}", tool=tool, arguments=arguments) for place, (tool, arguments) in enumerate(calls))
    return Reply(text=text, calls=asked, stop="tools", usage=Usage(input=100, output=10))


def says(text: str) -> Reply:
    """A reply in text."""
    return Reply(text=text, usage=Usage(input=100, output=10))


def find(order: str) -> tuple[str, Any]:
    return "find_order", {"order_id": order}


def refund(order: str, cents: int, reason: str = "broken") -> tuple[str, Any]:
    return "issue_refund", {"order_id": order, "amount_cents": cents, "reason": reason}


def parcel(order: str) -> tuple[str, Any]:
    return "send_parcel", {"order_id": order}


def _orders() -> dict[str, dict[str, Any]]:
    known = {f"A-{number}": {"customer": CUSTOMER, "refundable_cents": 50_000} for number in range(1, 9)}
    return known | {"B-1": {"customer": "somebody-else", "refundable_cents": 50_000}}


@dataclass(kw_only=True)
class Shop:
    """The world outside: it counts what really happened to it."""

    orders: dict[str, dict[str, Any]] = field(default_factory=_orders)
    called: list[tuple[str, Any]] = field(default_factory=list)
    paid: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Payments by order and amount: the keys' honesty is not taken for granted."""
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    parcels: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = Lock()

    @property
    def tools(self) -> FunctionTools:
        """The shop's tools, as the gateway reaches them."""
        return FunctionTools({"find_order": self.find_order, "issue_refund": self.issue_refund, "send_parcel": self.send_parcel})

    def find_order(self, event: Any, _: object) -> Any:
        number = event["arguments"]["order_id"]
        self.called.append(("find_order", number))
        order = self.orders.get(number, {})
        if order.get("customer") != event["context"]["principal"]:
            return {"found": False}
        return {"found": True, "order_id": number, **order}

    def issue_refund(self, event: Any, _: object) -> Any:
        arguments, key = event["arguments"], event["context"]["key"]
        order, cents = arguments["order_id"], arguments["amount_cents"]
        self.called.append(("issue_refund", arguments))
        with self._lock:
            if key not in self.payments:
                if self.orders[order]["refundable_cents"] < cents:
                    raise PolicyDenied("less is left to refund")
                self.orders[order]["refundable_cents"] -= cents
                self.paid[order, cents] += 1
                self.payments[key] = {"paid": cents, "order_id": order}
            return self.payments[key]

    def send_parcel(self, event: Any, _: object) -> Any:
        if "reconcile" in event:
            order = event["reconcile"]["order_id"]
            return {"happened": True, "value": {"sent": order}} if self.parcels[order] else {"happened": False}
        order = event["arguments"]["order_id"]
        self.called.append(("send_parcel", order))
        with self._lock:
            self.parcels[order] += 1
        return {"sent": order}
