"""A double of the table of summaries."""

from copy import replace

from septet.core.summaries import ANY_WAY, Summary, SummaryPage, Wanted, place, placed


class MemorySummaries:
    """Summaries by tenant and run."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Summary] = {}

    def put(self, summary: Summary) -> Summary:
        """Note it, but for what stands and is later."""
        key = (summary.tenant, summary.run)
        before = self._held.get(key)
        if before is None:
            self._held[key] = replace(summary, flagged=())
            return self._held[key]
        later = {path: part for path, part in summary.parts.items() if path not in before.parts or before.parts[path].rank <= part.rank}
        head = summary if before.rank <= summary.rank else before
        self._held[key] = replace(head, parts={**before.parts, **later}, flagged=before.flagged)
        return self._held[key]

    def get(self, tenant: str, run: str) -> Summary | None:
        """What stands of a run."""
        return self._held.get((tenant, run))

    def page(self, tenant: str, wanted: Wanted, *, limit: int, cursor: str | None = None) -> SummaryPage:
        """Some of those that have ended."""
        before = placed(cursor) if cursor is not None else None
        found = sorted((one.ended, one.run, one) for (who, _), one in self._held.items() if who == tenant and one.ended is not None)
        rest = [one for ended, run, one in reversed(found) if _is(one, wanted) and (before is None or (ended, run) < before)]
        shown = rest[:limit]
        return SummaryPage(summaries=tuple(shown), next=place(shown[-1].ended or 0, shown[-1].run) if len(rest) > limit else None)

    def flag(self, tenant: str, run: str, kind: str) -> bool:
        """Note it, the first time."""
        one = self._held[tenant, run]
        self._held[tenant, run] = replace(one, flagged=tuple(sorted({*one.flagged, kind})))
        return kind not in one.flagged


def _is(one: Summary, wanted: Wanted) -> bool:
    named = all(getattr(wanted, name) in ("", getattr(one, name)) for name in ("workflow", "error", "kind", "status", "submitter"))
    ended = one.ended if one.ended is not None else -1
    failed = not wanted.failed or one.status != "succeeded"
    flagged = wanted.flagged in ("", *one.flagged) or (wanted.flagged == ANY_WAY and bool(one.flagged))
    return named and failed and flagged and wanted.since <= ended <= wanted.until and wanted.agent in ("", *one.agents)
