"""A committed plan told in a line: what may be called, with which values, and where those that are not known yet will come from."""

from local.cli.api import Document
from local.cli.plain import word


def planned(plan: Document) -> str:
    """*plan*, as the journal has it, step by step."""
    told = [*map(_step, plan["steps"]), *map(_extraction, plan.get("extractions", ()))]
    return "; ".join(told) or "to call nothing"


def _step(step: Document) -> str:
    """A step as a call whose values are what they are, or where they come from."""
    named = f"{step['name']}: {step['tool']}" if step["name"] != step["tool"] else step["tool"]
    told = " ".join([named, *(f"{path}={_slot(slot)}" for path, slot in step["slots"].items())])
    return f"{told} (up to {step['uses']} times)" if step["uses"] > 1 else told


def _slot(slot: Document) -> str:
    match slot:
        case {"constant": constant}:
            return word(constant)
        case {"from": step, "field": field}:
            return f"{step}.{field}"
        case {"extract": name}:
            return f"<{name}>"
    return "<any>"


def _extraction(item: Document) -> str:
    of = f"{item['step']}.{item['field']}" if item["field"] else item["step"]
    return f"<{item['name']}>: a model without tools reads {item['kind']} out of {of}"
