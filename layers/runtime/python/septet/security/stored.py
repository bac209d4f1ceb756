"""Labels beside stored objects, so that what was written from tainted data is still tainted when somebody reads it back, in whatever run.

A tool that stores what it was given writes the labels of its arguments (``Context.labels``) with the object, as an attribute of an item in
DynamoDB or a tag of an object in S3, and returns ``Labelled`` when it reads. Such labels can only make a field worse than the tool's
manifest says, never better.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from septet.core.frozen import frozen
from septet.security.labels import Label, worst

ATTRIBUTE = "septet_labels"
"""The attribute of an item."""
TAG = "septet-label"
"""The tag of an object."""
FIELDS = 64
"""Labelled one by one; of more, all have the worst label."""
CHARACTERS = 2048
"""Of those fields' paths together."""
WHOLE = "*"
"""Everything that has no label of its own."""


@frozen
class Labelled:
    """What a tool read, and where it came from when it was stored."""

    value: Any
    labels: Mapping[str, str]
    """By path within the value, as in a manifest's output; under ``*`` that of all the rest."""


def attribute(labels: Mapping[str, str]) -> dict[str, str]:
    """*labels* as the value of an item's attribute."""
    if len(labels) > FIELDS or sum(map(len, labels)) > CHARACTERS:
        return {WHOLE: tag(labels)}
    return {path: _name(label) for path, label in labels.items()}


def from_attribute(value: Any) -> dict[str, str]:
    """The labels in an item's attribute; of an item without one, or with another's, ``unknown``."""
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in (*value, *value.values())):
        return {WHOLE: _name("")}
    return attribute(value) if value else {WHOLE: _name("")}


def tag(labels: Mapping[str, str]) -> str:
    """The worst of *labels*, as the value of an object's tag; S3 takes ``f"{TAG}={tag(labels)}"`` as ``Tagging``."""
    return worst(map(rank, labels.values())).name.lower() if labels else _name("")


def from_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The labels in an object's ``TagSet``; of an object without the tag, ``unknown``."""
    return {WHOLE: _name(next((item["Value"] for item in tags if item["Key"] == TAG), ""))}


def rank(label: str) -> Label:
    """The label that a word stands for; one that stands for none is the worst."""
    return Label.__members__.get(label.upper(), Label.UNKNOWN)


def _name(label: str) -> str:
    """*label*, or the worst one for a word that is none."""
    return rank(label).name.lower()
