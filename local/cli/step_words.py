"""The words in which a step of an explanation, and a value's lineage, are told: in the terminal and on the page."""

from collections.abc import Iterator
from typing import Any

from local.cli.api import Document
from local.cli.moments import seconds
from local.cli.plain import counted, pairs, word

INFERRED = "(inferred)"
SHOWN = "the model is shown "
"""How the reason begins that a model is asked again for, when it has what it asked for."""
_WHAT = {
    "request": "asks for {what}",
    "model": "{what}",
    "tool": "{what}",
    "approval": "waits for a decision on {what}",
    "hand_over": "hands over to {what}",
    "answer": "answers",
    "failure": "fails: {what}",
    "stop": "stops the run",
    "routed": "chooses {what}",
    "branched": "parts into branches: {what}",
    "resolved": "puts branches together: {what}",
    "inquiry": "waits for an answer of {what}",
    "recalled": "recalls the session",
    "note": "note: {what}",
    "plan": "commits to a plan",
    "compacted": "shortens results {what}",
    "restarted": "restarts the run: {what}",
    "forked": "is forked from {what}",
    "unreadable": "{what}",
}
ALIKE = {"equal": "as", "within": "in", "passage": "word by word in", "hundredth": "in cents as"}
"""How a part of an answer is like what stands somewhere."""
_MINUTE = 60
_KINDS = {
    "request": "the request of",
    "person": "the decision of",
    "outside": "the answer of",
    "session": "the session",
    "agent": "words of",
}


def who(step: Document) -> str:
    """Who worked, or who acted on the platform's or its own behalf."""
    if step["kind"] == "request":
        return str(step["reasons"][0]["text"]).split(" asked for", maxsplit=1)[0] if step["branch"] == "main" else "septet"
    return str(step["by"] if step["kind"] in {"stop", "restarted", "forked"} else step["agent"] or "septet")


def what(step: Document) -> str:
    """What it did, in a line."""
    told = _WHAT.get(step["kind"], "{what}").format(what=step["what"])
    match step["kind"]:
        case "tool" | "approval":
            return f"{told} {_given(step)}".rstrip()
        case "model":
            return told + _wanted(step["result"])
        case "request" | "inquiry" if given := _given(step):
            return f"{told}: {given}"
        case "answer":
            return f"{told}: {text(step['result'])}"
    return told


def _given(step: Document) -> str:
    """What went in; empty where nobody knows it any more, for what had it was erased or never written."""
    return "" if step["given"] is None else pairs(step["given"])


def answered(one: Document, run: Document) -> str:
    """What the values are that the lineage calls the answer: only a run that succeeded has one."""
    who = one["who"] or "the workflow itself"
    return f"The answer of {who}" if run["status"] == "succeeded" else f"What the last agent answered ({who}); the run has no answer"


def calls(document: Document) -> str:
    """How many replies of models there are, and how many calls failed beside them."""
    failed = f", {document['model_calls_failed']:,} failed" if document["model_calls_failed"] else ""
    return counted(document["model_calls"], "model call", "model calls") + failed


def text(value: Any) -> str:
    """A value of an answer: its words where it is nothing else."""
    if isinstance(value, str):
        return value
    return str(value["text"]) if isinstance(value, dict) and set(value) == {"text"} else pairs(value)


def _wanted(result: Any) -> str:
    calls = result.get("calls") if isinstance(result, dict) else None
    tools = [str(call["tool"]) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return f" → {', '.join(tools)}" if tools else " → words" if isinstance(result, dict) and result.get("text") else ""


def reasons(step: Document, *, every: bool = True) -> Iterator[tuple[str, str]]:
    """Whose reason, and which: *every* one, or those that the step's own line does not tell."""
    for reason in step["reasons"]:
        clear = reason["by"] in {"caller", "model"} and step["kind"] in {"request", "tool", "answer"}
        if every or not (clear or str(reason["text"]).startswith(SHOWN)):
            yield str(reason["by"]), str(reason["text"]) + ("" if reason["certain"] else f" {INFERRED}")


def took(step: Document) -> str:
    """How long it took; empty for what took no time, or is not over."""
    spent = seconds(step["end"]) - seconds(step["start"]) if step["end"] else 0
    if not spent:
        return ""
    if spent < _MINUTE:
        return f"{spent:.1f} s" if spent >= 1 else f"{spent * 1000:.0f} ms"
    hours, minutes = int(spent // 3600), int(spent % 3600 // 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {spent % 60:.0f} s"


def labels(step: Document, name: str) -> str:
    """Where each of what went in, or came out, is from."""
    return ", ".join(f"{path}: {label}" for path, label in step[name].items())


def place(one: Document) -> str:
    """A place where a value stands, with what is certain of it."""
    whose = f"{one['name']} → {one['field']}" if one["kind"] == "tool" else f"{_KINDS[one['kind']]} {one['name']}, {one['field']}"
    branch = f"{one['branch']} " if one["branch"] != "main" else ""
    return f"{whose} [{one['label']}, {branch}entry {one['entry']}]"


def origin(one: Document) -> str:
    """A value, or a part of it, and where it stands."""
    told = "; ".join(place(it) for it in one["places"])
    more = f"; and {one['others']} more" if one["others"] else ""
    return f"{word(one['text'])} {ALIKE[one['alike']]} {told}{more}"


def own(value: Document) -> str:
    """What is to be said of a value that stands nowhere."""
    return "too common to tell" if value["common"] else "the model's own: it stands in nothing that it was shown"
