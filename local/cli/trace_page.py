"""A run as one page of HTML: waterfall, the decision of each step, lineage. It loads nothing and runs no script.

Everything in it may be a hostile model's words. So every text is escaped where it is put in, by the one function that does; the page's own
policy forbids scripts, requests, forms and frames, and of styles allows the one sheet by its hash: what would slip through could not run.
"""

import base64
import hashlib
import html
import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.cli import step_words
from local.cli.api import Document
from local.cli.moments import seconds
from local.cli.outcomes import CommandFailed
from local.cli.plain import cause, counted, plain, short
from local.cli.time_axis import WAITS, Axis
from septet.core.money import dollars

STYLE = Path(__file__).with_name("trace.css").read_text(encoding="utf-8")
_WHAT = 240
"""Characters of a step in its line; all that was answered is below it."""
_WIDTH = 1000
"""Units of a bar's drawing."""
_LEAST = 4
"""Of them that a step takes at least, so that it is seen."""
Homes = Mapping[tuple[str, int], str]
"""The id of the step that each entry of a branch is in."""
_CERTAIN = (
    "Certain are the places and the labels: the journal has them. That a value was taken from a place is inferred: the same value "
    "stands there, in something that was shown before. What stands nowhere is the model's own."
)


def page(document: Document) -> str:
    """The page of an explanation."""
    run, steps = document["run"], document["steps"]
    axis = Axis.of(steps)
    title = f"{esc(run['workflow'])} · {esc(run['id'])}"
    cut = "<p class=note>Waits are shortened in the bars; the times are exact.</p>" if axis.cut else ""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{title}</title><style>{STYLE}</style></head><body>",
        '<a class=skip href="#steps">To the steps</a><a class=skip href="#lineage">To the lineage</a>',
        f"<header><h1>{title}</h1>{_facts(document)}</header><main>",
        f"<section aria-labelledby=steps><h2 id=steps>Steps</h2><p class=note>Each opens to its decision.</p>{cut}{_legend()}",
        "<ol class=steps>",
        *(_step(step, axis) for step in steps),
        f"</ol></section><section aria-labelledby=lineage><h2 id=lineage>Lineage</h2><p class=note>{_CERTAIN}</p>",
        *_lineage(document, _homes(steps)),
        "</section></main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def write(text: str, path: str) -> None:
    """Write a page to a file that only its owner can read, or to standard output for ``-``."""
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 -- takes a mode
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # also of a file that was there, for others to read
                os.fchmod(file.fileno(), 0o600)
            file.write(text)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}", fix="name a file in a folder that is there") from error


def esc(value: Any) -> str:
    """*value* as text of a page, or within an attribute's quotes: nothing in it is markup, and nothing hides or turns the writing round."""
    return html.escape(plain(value), quote=True)


def _policy() -> str:
    """What the page may do: look as it does, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _facts(document: Document) -> str:
    run, failure = document["run"], document["failure"]
    facts = [
        ("status", run["status"].replace("_", " ")),
        ("asked by", run["submitter"]),
        ("began", run["created_at"]),
        ("ended", run["ended_at"] or "not yet"),
        ("went wrong", f"{failure['class']}: {cause(failure['message'])}" if failure else ""),
        ("cost", dollars(document["cost_microdollars"])),
        ("steps", f"{document['steps_in_all']:,}"),
        ("models", step_words.calls(document)),
        ("trace", document["trace"]),
        ("started by", run.get("parent")),
        ("forked from", document["origin"]),
        ("session", document["session"]),
        ("restarted", counted(document["attempt"], "time", "times") if document["attempt"] else ""),
    ]
    shown = "".join(f"<div><dt>{name}</dt><dd>{esc(value)}</dd></div>" for name, value in facts if value)
    return f'<dl class="facts {esc(run["status"])}">{shown}</dl>'


def _legend() -> str:
    kinds = (("model", "model"), ("tool", "tool"), ("wait", "wait for somebody"), ("bad", "failed or denied"), ("other", "other"))
    return "<ul class=legend>" + "".join(f'<li class="{name}">{told}</li>' for name, told in kinds) + "</ul>"


def _step(step: Document, axis: Axis) -> str:
    began = axis.points[0][0]
    at = f"{seconds(step['start']) - began:.1f}&nbsp;s"
    cost = dollars(step["cost_microdollars"]) if step["cost_microdollars"] else ""
    branch = f"<small>{esc(step['branch'])}</small>" if step["branch"] != "main" else ""
    fate = f" <b class=fate>{esc(step['fate'])}</b>" if step["fate"] != "done" else ""
    what = f"{esc(short(step_words.what(step), _WHAT))} <small>{step_words.took(step)}</small>{fate}"
    line = (
        f"<span class=at>{at}</span>{_bar(step, axis)}<span class=who>{esc(step_words.who(step))}{branch}</span>"
        f"<span class=what>{what}</span><span class=cost>{cost}</span>"
    )
    told = [*step_words.reasons(step, every=False)] or [*step_words.reasons(step)]
    why = "; ".join(f"{by}: {text}" for by, text in told)
    return (
        f'<li id="{_anchor(step["branch"], step["entries"][0])}" class="{_class(step)}"><details><summary>{line}'
        f"<span class=why>{esc(short(why, _WHAT))}</span></summary>{_decision(step)}</details></li>"
    )


def _bar(step: Document, axis: Axis) -> str:
    start, end = axis.span(step)
    left = min(_WIDTH - _LEAST, round(start * _WIDTH))
    width = max(_LEAST, round((end - start) * _WIDTH))
    drawn = f'<rect x="{left}" y="0" width="{min(width, _WIDTH - left)}" height="10"></rect>'
    return f'<svg class=bar viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'


def _class(step: Document) -> str:
    if step["fate"] in {"failed", "denied", "gone"}:
        return "bad"
    return "wait" if step["kind"] in WAITS else step["kind"] if step["kind"] in {"model", "tool"} else "other"


def _decision(step: Document) -> str:
    """All that is known of a step."""
    why = "".join(f"<li><b>{esc(by)}</b> {esc(text)}</li>" for by, text in step_words.reasons(step))
    numbers = ", ".join(map(str, step["entries"]))
    took = step_words.took(step) if step["end"] else "not yet over"
    facts = [
        ("took", took),
        ("decided by", step["by"]),
        ("entries", f"{numbers} of {step['branch']}"),
        ("turn", step["turn"]),
        ("tokens", f"{step['input_tokens']:,} in, {step['output_tokens']:,} out" if step["input_tokens"] or step["output_tokens"] else ""),
        ("held for it", dollars(step["reserved_microdollars"]) if step["reserved_microdollars"] else ""),
        ("cost", dollars(step["cost_microdollars"]) if step["cost_microdollars"] else ""),
        ("effect", "it changes something, once" if step["effect"] else ""),
        ("error", f"{step['error']}: {step['message']}" if step["error"] else step["message"]),
        ("copied", "it happened in the run that this one was forked from" if step["copied"] else ""),
    ]
    shown = "".join(f"<div><dt>{name}</dt><dd>{esc(value)}</dd></div>" for name, value in facts if value)
    values = _values("What went in", step["given"], step["given_labels"]) + _values("What came out", step["result"], step["result_labels"])
    return f"<div class=decision><h3>Why</h3><ul class=reasons>{why or '<li>nothing says why</li>'}</ul><dl>{shown}</dl>{values}</div>"


def _values(title: str, value: Any, labels: Document) -> str:
    if value is None and not labels:
        return ""
    told = json.dumps(value, ensure_ascii=False, indent=1, default=str)
    rows = "".join(f"<tr><th scope=row>{esc(path)}</th><td>{esc(label)}</td></tr>" for path, label in labels.items())
    table = f"<table><caption>Labels</caption>{rows}</table>" if rows else ""
    return f"<h3>{title}</h3><pre tabindex=0>{esc(told)}</pre>{table}"


def _lineage(document: Document, homes: Homes) -> Iterator[str]:
    found = document["lineage"]
    if not found["complete"]:
        yield "<p class=note>Not everything could be searched: it is very long, or was erased.</p>"
    told = [*([found["answer"]] if found["answer"] else []), *found["effects"]]
    for one in told:
        yield f"<h3>{esc(_title(one, document['run']))} {_link(one, homes)}</h3><dl class=values>"
        yield from (_traced(value, homes) for value in one["values"])
        yield "</dl>" + (f"<p class=note>and {counted(one['more'], 'value', 'values')} more</p>" if one["more"] else "")
    if not told:
        yield "<p>There is no answer, and nothing was done.</p>"


def _title(one: Document, run: Document) -> str:
    return f"The arguments of {one['who']}" if one["kind"] == "effect" else step_words.answered(one, run)


def _traced(value: Document, homes: Homes) -> str:
    origins = "".join(_origin(one, homes) for one in value["origins"]) or f"<li>{esc(step_words.own(value))}</li>"
    more = f"<li>and {counted(value['more'], 'part', 'parts')} more</li>" if value["more"] else ""
    head = f"<dt><code>{esc(value['field'])}</code> <span class=label>{esc(value['label'])}</span></dt>"
    return f"{head}<dd><q>{esc(step_words.text(value['value']))}</q><ul>{origins}{more}</ul></dd>"


def _origin(one: Document, homes: Homes) -> str:
    places = "; ".join(f"{esc(step_words.place(it))} {_link(it, homes)}" for it in one["places"])
    more = f"; and {one['others']} more" if one["others"] else ""
    return f"<li><mark>{esc(one['text'])}</mark> {esc(step_words.ALIKE[one['alike']])} {places}{more}</li>"


def _anchor(branch: str, entry: int) -> str:
    """The id of a step: letters and digits of its branch's name, as it may hold anything."""
    return f"s-{branch.encode(errors='surrogatepass').hex()}-{int(entry)}"


def _homes(steps: Iterable[Document]) -> Homes:
    return {(step["branch"], entry): _anchor(step["branch"], step["entries"][0]) for step in steps for entry in step["entries"]}


def _link(place: Document, homes: Homes) -> str:
    """To the step that has the entry of *place*."""
    home = homes.get((place["branch"], place["entry"]))
    return f'<a href="#{home}" aria-label="to its step">↗</a>' if home else ""
