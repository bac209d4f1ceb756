"""Whoever tells what stands at this moment."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import ledger
from septet.bootstrap.routing import sick
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import approvals, inquiries, runs

if TYPE_CHECKING:
    from septet.orchestration.observing import Observer


@cache
def observer(beside: str) -> "Observer":
    """Looks at everything there is; which models there are is in a file beside the file *beside*."""
    import json
    from pathlib import Path

    from septet.aws.emf import EmfMeter
    from septet.orchestration.observing import Observer

    return Observer(
        ledger=ledger(),
        runs=runs(),
        approvals=approvals(),
        inquiries=inquiries(),
        models=sorted(json.loads(Path(beside).with_name("names.json").read_bytes())["models"]),
        sick=sick,
        meter=EmfMeter(f"Septet/{settings().environment}"),
        clock=now,
    )
