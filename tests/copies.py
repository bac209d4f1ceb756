"""A deployed function of the twin once more, under another name and with one file of its code changed."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.desk import plain

KEPT = ("Role", "Handler", "Runtime", "Timeout", "MemorySize", "Environment", "Architectures")


def copied(functions: Any, function: str, *, name: str, file: str, change: Callable[[Any], Any], seconds: int | None = None) -> str:
    """Make *name* of *function*, its layers and settings; return its ARN. Whoever makes it deletes it.

    *change* is given what is in the JSON file *file* of its code, and returns what is there instead; *seconds* is another time limit.
    """
    deployed = functions.get_function(FunctionName=function, Qualifier="live")
    configuration = {name: value for name, value in deployed["Configuration"].items() if name in KEPT}
    made = functions.create_function(
        FunctionName=name,
        Code={"ZipFile": _changed(plain().get(deployed["Code"]["Location"]).raise_for_status().content, file, change)},
        Layers=[layer["Arn"] for layer in deployed["Configuration"].get("Layers", [])],
        **configuration | ({} if seconds is None else {"Timeout": seconds}),
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return str(made["FunctionArn"])


def _changed(archive: bytes, file: str, change: Callable[[Any], Any]) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as read, zipfile.ZipFile(changed, "w") as written:
        assert file in read.namelist()
        for name in read.namelist():
            content = read.read(name)
            written.writestr(name, json.dumps(change(json.loads(content))) if name == file else content)
    return changed.getvalue()
