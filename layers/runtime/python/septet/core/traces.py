"""The trace that a run belongs to: how it comes in, how it is written, and the ids of what it is made of.

Sources: W3C Trace Context, https://www.w3.org/TR/trace-context/ ; X-Ray's tracing header, the AWS X-Ray developer guide, "Tracing header".
"""

import hashlib
import re
from copy import replace

from septet.core.frozen import frozen

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})", re.ASCII)
_SPAN = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SAMPLED = 1
TRACE, SPAN = 32, 16
"""Hexadecimal digits of a trace's id and of a span's."""


@frozen
class Context:
    """Where in which trace something begins."""

    trace: str
    """32 hexadecimal digits."""
    span: str = ""
    """Of the caller, 16 hexadecimal digits; empty where there is none."""
    sampled: bool = True
    """Whether the caller records the trace. Septet records every run."""

    @property
    def traceparent(self) -> str:
        """As W3C has it; where there is no caller, one derived from the trace stands in, for the form has no word for none."""
        return f"00-{self.trace}-{self.span or derived(self.trace, 'caller')}-{int(self.sampled):02x}"

    @property
    def header(self) -> str:
        """As X-Ray has it: the value of ``X-Amzn-Trace-Id``, and of Step Functions' ``traceHeader``."""
        parent = f";Parent={self.span}" if self.span else ""
        return f"Root=1-{self.trace[:8]}-{self.trace[8:]}{parent};Sampled={int(self.sampled)}"


def derived(*parts: str, digits: int = SPAN) -> str:
    """An id made of *parts*: the same parts give the same one, wherever and however often they are asked. Never all zeros."""
    made = hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:digits]
    return made if made.strip("0") else "1".zfill(digits)


def of_attempt(tenant: str, run: str, attempt: int) -> str:
    """The id of the span that a run's attempt is: what is linked to it, and what is started in it, names it before it is told."""
    return derived(tenant, run, "attempt", str(attempt))


def within(trace: str, tenant: str, run: str, attempt: int) -> str:
    """For what an attempt of a run starts: the run's *trace*, with the attempt as the caller; empty where *trace* is none."""
    context = from_header(trace)
    return replace(context, span=of_attempt(tenant, run, attempt)).header if context else ""


def of_entry(tenant: str, run: str, path: str, kind: str, number: int) -> str:
    """The id of the span of this *kind* that begins with entry *number* of the branch *path*."""
    return derived(tenant, run, path, kind, str(number))


def from_traceparent(value: str) -> Context | None:
    """What a W3C ``traceparent`` says; None for what is none."""
    found = _PARENT.fullmatch(value.strip())
    if found is None or not found[1].strip("0") or not found[2].strip("0"):
        return None
    if value.startswith("00") and found[4]:
        return None
    return Context(trace=found[1], span=found[2], sampled=bool(int(found[3], 16) & _SAMPLED))


def from_header(value: str) -> Context | None:
    """What an ``X-Amzn-Trace-Id`` says; None for what is none."""
    fields = dict(part.strip().partition("=")[::2] for part in value.split(";"))
    found = _ROOT.fullmatch(fields.get("Root", ""))
    if found is None or not (found[1] + found[2]).strip("0"):
        return None
    parent = fields.get("Parent", "")
    return Context(trace=found[1] + found[2], span=parent if _SPAN.fullmatch(parent) else "", sampled=fields.get("Sampled", "1") != "0")


def of_run(tenant: str, run: str, created_at: int) -> Context:
    """The trace of a run that came without one. X-Ray wants a trace's id to begin with its time in seconds."""
    return Context(trace=f"{created_at // 1000 & 0xFFFFFFFF:08x}{derived(tenant, run, digits=TRACE - 8)}")
