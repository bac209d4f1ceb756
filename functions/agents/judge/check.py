"""Whether every contradiction is decided for a value that somebody reported, by documents that were read in this run."""

from collections.abc import Mapping, Sequence
from typing import Any


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    read = {one["id"] for one in seen.get("read_document", []) if one.get("found")}
    reported = {
        conflict["key"]: [str(way["value"]) for way in conflict["values"]]
        for one in seen.get("resolved", [])
        for conflict in one["value"]["conflicts"]
    }
    decided = {decision["key"]: str(decision["value"]) for decision in answer["decisions"]}
    return [
        *(f"{key} is contradicted and not decided: decide it." for key in sorted(reported.keys() - decided.keys())),
        *(
            f"{key} is decided for a value that nobody reported: choose one of {', '.join(values)}."
            for key, values in reported.items()
            if key in decided and decided[key] not in values
        ),
        *(
            f"{decision['key']} rests on {source}, which nobody has read in this run: name documents that were read."
            for decision in answer["decisions"]
            for source in decision["sources"]
            if source not in read
        ),
    ]
