from typing import Any

import pytest

from septet.security.manifests import Argument, Field, Output, manifest

DECLARED: dict[str, Any] = {
    "description": "Pays.",
    "effect": "financial",
    "repeat": "keyed",
    "identity": ["order_id"],
    "timeout": 10,
    "input_schema": {"type": "object"},
    "arguments": {"amount": {"role": "amount", "within": "left", "ask_above": 5}},
    "output": {"kind": "order", "key": "id", "owner": "who", "fields": {"id": {"label": "record"}}},
    "approval": {"seconds": 60},
    "reconcile": False,
}


def test_a_manifest_is_what_the_synth_wrote() -> None:
    read = manifest("pay", DECLARED)
    assert (read.name, read.identity, read.approval.seconds, read.reads) == ("pay", ("order_id",), 60, False)
    assert read.argument("amount") == Argument(role="amount", within="left", ask_above=5)
    assert read.output == Output(kind="order", key="id", owner="who", fields={"id": Field(label="record")})


def test_what_is_not_declared_is_the_worst_case() -> None:
    read = manifest("pay", DECLARED | {"arguments": {}, "output": {}, "approval": {}})
    assert read.argument("anything").role == "target"
    assert read.output.fields == {}
    assert read.approval.seconds == 3600


@pytest.mark.parametrize(
    ("effect", "reads"), [("read", True), ("sensitive-read", True), ("egress-read", False), ("send", False), ("", False)]
)
def test_only_what_sends_nothing_out_reads(effect: str, *, reads: bool) -> None:
    assert manifest("t", DECLARED | {"effect": effect}).reads is reads


def test_an_annotation_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(TypeError, match="trust"):
        manifest("t", DECLARED | {"arguments": {"amount": {"trust": "full"}}})
