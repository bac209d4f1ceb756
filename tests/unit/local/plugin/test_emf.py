"""Embedded Metric Format: the examples of its specification, and everything that is not it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from septet_plugin.emf import Measurement, measurements

SOUND = {
    "_aws": {
        "Timestamp": 1574109732004,
        "CloudWatchMetrics": [
            {
                "Namespace": "lambda-function-metrics",
                "Dimensions": [["functionVersion"], ["functionVersion", "tenant"]],
                "Metrics": [{"Name": "time", "Unit": "Milliseconds", "StorageResolution": 1}, {"Name": "calls"}],
            }
        ],
    },
    "functionVersion": "$LATEST",
    "tenant": "acme",
    "time": 100,
    "calls": [1, 2.5],
}


def changed(**changes: Any) -> str:
    directive = {**SOUND["_aws"]["CloudWatchMetrics"][0], **changes.pop("directive", {})}
    return json.dumps({**SOUND, "_aws": {**SOUND["_aws"], "CloudWatchMetrics": [directive]}, **changes})


def test_every_metric_appears_once_for_every_set_of_dimensions() -> None:
    found = measurements("before\n" + json.dumps(SOUND) + "\nafter")
    assert [(one.name, one.dimensions) for one in found] == [
        ("time", (("functionVersion", "$LATEST"),)),
        ("time", (("functionVersion", "$LATEST"), ("tenant", "acme"))),
        ("calls", (("functionVersion", "$LATEST"),)),
        ("calls", (("functionVersion", "$LATEST"), ("tenant", "acme"))),
    ]
    assert found[0] == Measurement(
        namespace="lambda-function-metrics",
        name="time",
        values=(100,),
        timestamp=1574109732.004,
        dimensions=(("functionVersion", "$LATEST"),),
        unit="Milliseconds",
        resolution=1,
    )
    assert (found[2].values, found[2].unit, found[2].resolution) == ((1, 2.5), "None", 60)


def test_without_dimensions_there_is_one_measurement_without_any() -> None:
    for dimensions in ([], [[]], None):
        found = measurements(changed(directive={"Dimensions": dimensions}))
        assert [(one.name, one.dimensions) for one in found] == [("time", ()), ("calls", ())]


def test_a_missing_or_odd_part_costs_only_itself() -> None:
    assert {one.name for one in measurements(changed(time="soon"))} == {"calls"}
    assert [one.dimensions for one in measurements(changed(tenant=7))] == [(("functionVersion", "$LATEST"),)] * 2
    assert measurements(changed(directive={"Namespace": ""})) == []
    assert measurements(changed(directive={"Metrics": "time"})) == []
    assert measurements(changed(directive={"Dimensions": [["d"] * 31]})) == []
    assert measurements(changed(_aws={"Timestamp": "now", "CloudWatchMetrics": SOUND["_aws"]["CloudWatchMetrics"]})) == []
    assert [one.values for one in measurements(changed(calls=[True, 3, None], directive={"Metrics": [{"Name": "calls"}]}))] == [(3,)] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON, JSON, JSON, JSON)
def test_no_line_raises_and_what_comes_out_can_be_sent(timestamp: Any, namespace: Any, dimensions: Any, metrics: Any, member: Any) -> None:
    root = {
        "_aws": {
            "Timestamp": timestamp,
            "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics}, member],
        },
        "member": member,
    }
    for found in measurements(json.dumps(root)):
        assert found.namespace
        assert found.name
        assert all(isinstance(value, int | float) and value - value == 0 for value in found.values)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    measurements(text)
    measurements('{"_aws":' + text)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_values_and_dimensions_come_through_unchanged(values: list[int], name: str, dimension: str) -> None:
    if name == dimension or "_aws" in (name, dimension):
        return
    directive = {"Namespace": "n", "Dimensions": [[dimension]], "Metrics": [{"Name": name}]}
    line = json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, name: values, dimension: "here"})
    (found,) = measurements(line)
    assert (found.values, found.dimensions) == (tuple(values), ((dimension, "here"),))
