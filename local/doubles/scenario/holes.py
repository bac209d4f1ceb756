"""`${tool.path}` in a scenario's strings: part of the last result that the request holds of that tool.

A string that is one hole becomes the value itself; in a longer string the value is written in. `$${` stands for `${`.
"""

import json
import re
from typing import Any

from local.doubles.call import ModelCall

_HOLE = re.compile(r"\$\$\{|\$\{([a-zA-Z0-9_-]+)((?:\.[a-zA-Z0-9_-]+)*)\}")


class Unfilled(Exception):  # noqa: N818 (read as a sentence where it is caught)
    """A hole names a result that the request does not hold; the message says which it does."""


def fill(value: Any, results: dict[str, Any]) -> Any:
    """Give *value*, JSON, with every hole filled from *results*; raise Unfilled."""
    if isinstance(value, dict):
        return {name: fill(item, results) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, results) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _HOLE.fullmatch(value)
    if whole and whole[1]:
        return _look_up(whole, results)
    return _HOLE.sub(lambda hole: _written(_look_up(hole, results)) if hole[1] else "${", value)


def tool_results(call: ModelCall) -> dict[str, Any]:
    """Collect the last result of each tool in the conversation, by tool; a result of text is read as JSON where it is JSON."""
    names: dict[str, str] = {}
    found: dict[str, Any] = {}
    for message in call.messages:
        for block in message["content"]:
            if use := block.get("toolUse"):
                names[use["toolUseId"]] = use["name"]
            elif (result := block.get("toolResult")) and result["toolUseId"] in names:
                found[names[result["toolUseId"]]] = _content(result["content"])
    return found


def _content(blocks: list[dict[str, Any]]) -> Any:
    for block in blocks:
        if "json" in block:
            return block["json"]
    text = "".join(block.get("text") or "" for block in blocks)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _look_up(hole: re.Match[str], results: dict[str, Any]) -> Any:
    tool, path = hole[1], hole[2].split(".")[1:]
    if tool not in results:
        raise Unfilled(f"{hole[0]} needs a result of tool '{tool}'; the request holds results of: {', '.join(sorted(results)) or 'none'}")
    value = results[tool]
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Unfilled(f"{hole[0]} finds no '{part}' in the result of tool '{tool}', which is {json.dumps(results[tool])[:300]}")
    return value


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
