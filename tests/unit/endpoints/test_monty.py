"""Code that a model wrote reaches nothing, and each attack ends in a named error within its limit."""

import os
import socket
import threading
import time
from contextlib import suppress
from copy import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import InputRejected, SeptetError, ToolFailed, ToolTimedOut
from septet.endpoints.monty import Bounds, run
from tests.desk import until
from tests.unit.strategies import quick

BOUNDS = Bounds(seconds=5, memory=16 * 1024 * 1024, printed=4096, result=4096, recursion=100)
HASTY = replace(BOUNDS, seconds=2)
"""For code that would never end."""
IN_TIME = 20
"""Seconds in which that ends on any machine, its interpreter's start included."""


def ran(code: str, **inputs: Any) -> dict[str, Any]:
    return run(code, inputs, BOUNDS)


def hurried(code: str) -> dict[str, Any]:
    return run(code, {}, HASTY)


def test_it_computes_from_its_inputs_and_prints() -> None:
    code = "total = sum(row['cents'] for row in rows)\nprint('rows:', len(rows))\n{'total': total, 'mean': total / len(rows)}"
    assert ran(code, rows=[{"cents": 100}, {"cents": 300}]) == {"result": {"total": 400, "mean": 200.0}, "printed": "rows: 2\n"}


def test_code_without_a_result_has_none() -> None:
    assert ran("x = 1") == {"result": None, "printed": ""}


def test_nothing_is_left_for_the_next_run() -> None:
    ran("secret = 17")
    with pytest.raises(ToolFailed, match="NameError"):
        ran("secret")


REACHING = {
    "a file": ("open('/etc/passwd').read()", "PermissionError"),
    "a file to write": ("open('/tmp/x', 'w').write('x')", "PermissionError"),
    "a path": ("from pathlib import Path\nPath('/etc/passwd').read_text()", "PermissionError"),
    "the folder": ("import os\nos.listdir('/')", "PermissionError"),
    "the environment": ("import os\nos.environ['AWS_SECRET_ACCESS_KEY']", "os.environ"),
    "a variable": ("import os\nos.getenv('AWS_SECRET_ACCESS_KEY')", "not supported"),
    "a command": ("import os\nos.system('id')", "AttributeError"),
    "a process": ("import subprocess\nsubprocess.run(['id'])", "ModuleNotFoundError"),
    "a socket": ("import socket\nsocket.create_connection(('127.0.0.1', 80))", "ModuleNotFoundError"),
    "a URL": ("import urllib.request\nurllib.request.urlopen('http://127.0.0.1')", "ModuleNotFoundError"),
    "C": ("import ctypes", "ModuleNotFoundError"),
    "the SDK": ("import boto3", "ModuleNotFoundError"),
    "the runtime": ("import septet", "ModuleNotFoundError"),
    "modules": ("import sys\nsys.modules", "AttributeError"),
    "an import by name": ("__import__('os').system('id')", "NameError"),
    "importlib": ("import importlib", "ModuleNotFoundError"),
    "classes": ("().__class__.__bases__[0].__subclasses__()", "AttributeError"),
    "classes by name": ("getattr((), '__cl' + 'ass__')", "AttributeError"),
    "globals of a function": ("(lambda: 0).__globals__", "AttributeError"),
    "frames": ("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame", "AttributeError"),
    "builtins": ("__builtins__", "NameError"),
    "code within code": ("eval(\"open('/etc/passwd').read()\")", "PermissionError"),
    "the format of a text": ("'{0.__class__}'.format(1)", "AttributeError"),
    "input": ("input()", "NameError"),
    "a debugger": ("breakpoint()", "NameError"),
    "threads": ("import threading", "ModuleNotFoundError"),
    "a signal": ("import signal", "ModuleNotFoundError"),
    "pickles": ("import pickle", "ModuleNotFoundError"),
}


@pytest.mark.parametrize("attack", REACHING)
def test_it_reaches_nothing(attack: str) -> None:
    code, says = REACHING[attack]
    with pytest.raises(ToolFailed, match=says):
        ran(code)


EXHAUSTING: dict[str, tuple[str, type[SeptetError], str]] = {
    "an endless loop": ("while True: pass", ToolTimedOut, "longer than 2 s"),
    "an endless loop that catches": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        ToolTimedOut,
        "longer",
    ),
    "a sum without end": ("sum(range(10 ** 12))", ToolTimedOut, "longer than 2 s"),
    "a memory bomb": ("x = 'a'\nwhile True: x += x", ToolFailed, "16777216 bytes"),
    "a long list": ("[0] * 10 ** 10", ToolFailed, "16777216 bytes"),
    "many small values": ("x = []\nwhile True: x.append(len(x) * 'ab')", ToolFailed, "16777216 bytes"),
    "a long number": ("10 ** 10 ** 8", ToolFailed, "16777216 bytes"),
    "a shifted number": ("1 << 10 ** 10", ToolFailed, "16777216 bytes"),
    "a wide format": ("'%1000000000d' % 1", ToolFailed, "16777216 bytes"),
    "a wide f-string": ("f'{1:>1000000000}'", ToolFailed, "."),
    "recursion": ("def f(): return f()\nf()", ToolFailed, "100 times"),
    "deep nesting in the source": ("(" * 5000 + ")" * 5000, ToolFailed, "no Python"),
    "deep nesting in the result": ("x = []\nfor _ in range(5000): x = [x]\nx", ToolFailed, "nested"),
    "deep JSON": ("import json\njson.loads('[' * 100000)", ToolFailed, "JSONDecodeError"),
    "a huge result": ("'a' * 10_000", ToolFailed, "10002 bytes, more than 4096"),
    "a huge output": ("print('a' * 10_000)", ToolFailed, "prints more than 4096"),
    "output without end": ("while True: print('a')", ToolFailed, "prints more than 4096"),
    "a result that is no JSON": ("{1, 2}", ToolFailed, "not JSON"),
    "a result that is no number": ("float('nan')", ToolFailed, "not JSON"),
    "a syntax error": ("def (", ToolFailed, "no Python"),
    "its own error": ("raise ValueError('no such row')", ToolFailed, "raised ValueError: no such row"),
    "its own long error": ("raise ValueError('a' * 100_000)", ToolFailed, "^.{0,400}$"),
    "its own timeout": ("raise TimeoutError", ToolTimedOut, "longer"),
    "an exit": ("raise SystemExit", ToolFailed, "SystemExit"),
}


@pytest.mark.parametrize("attack", EXHAUSTING)
def test_it_exhausts_nothing(attack: str) -> None:
    code, error, says = EXHAUSTING[attack]
    begin = time.monotonic()
    with pytest.raises(error, match=says):
        hurried(code)
    assert time.monotonic() - begin < IN_TIME


@pytest.mark.parametrize("code", ["import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "import re\nre.match('(a|a)*$', 'a' * 60 + 'b')"])
def test_a_regex_made_against_its_engine_ends_in_time(code: str) -> None:
    begin = time.monotonic()
    with suppress(ToolFailed, ToolTimedOut):
        hurried(code)
    assert time.monotonic() - begin < IN_TIME


@pytest.mark.parametrize("code", ["import time\ntime.sleep(3600)", "import asyncio\nasyncio.run(asyncio.sleep(3600))"])
def test_it_does_not_wait(code: str) -> None:
    begin = time.monotonic()
    with suppress(ToolFailed, ToolTimedOut):
        hurried(code)
    assert time.monotonic() - begin < IN_TIME


def test_nothing_knocks_at_a_server_of_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        for code in (
            "import socket\nsocket.create_connection(('127.0.0.1', {}))",
            "open('http://127.0.0.1:{}')",
            "open('/dev/tcp/127.0.0.1/{}')",
        ):
            with pytest.raises(ToolFailed):
                ran(code.format(port))
        with pytest.raises(TimeoutError):
            server.accept()


def test_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed):
        ran(f"open({str(tmp_path / 'x')!r}, 'w').write('x')")
    assert list(tmp_path.iterdir()) == []


def test_no_process_is_left() -> None:
    def children() -> set[str]:
        return {path.name for path in Path("/proc").glob("[0-9]*") if f"\nPPid:\t{os.getpid()}\n" in _status(path)}

    before = children()
    for code in ("1", "while True: pass", "x = 'a'\nwhile True: x += x"):
        with_any(code)
    until(lambda: children() <= before or None, seconds=10, what="the end of every interpreter")


def test_runs_at_the_same_time_see_nothing_of_each_other() -> None:
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = ran("x = mine\nfor _ in range(1000): y = x\ny", mine=number)["result"]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in range(4)}


@pytest.mark.parametrize("name", ["", "a b", "1a", "_x", "__builtins__", "a.b", "a;b", "a\n"])
def test_inputs_are_names(name: str) -> None:
    with pytest.raises(InputRejected, match=r"inputs\."):
        run("1", {name: 1}, BOUNDS)


@quick
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_inputs_are_data_and_come_back_as_they_went(value: Any) -> None:
    assert ran("value", value=value)["result"] == value


def with_any(code: str) -> None:
    with suppress(SeptetError):
        hurried(code)


def _status(path: Path) -> str:
    try:
        return (path / "status").read_text()
    except OSError:
        return ""
