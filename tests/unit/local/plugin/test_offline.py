"""What counts as this machine, and that nothing else is reached; the hook cannot be taken back, so it is tried in another process."""

import subprocess
import sys
from pathlib import Path

import pytest

from septet_plugin.offline import stays


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST", "x.localhost", b"localhost", "", None, "::1%lo"]
)
def test_this_machine(host: object) -> None:
    assert stays(host)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "10.0.0.1", "169.254.169.254", "2001:db8::1", "api.localstack.cloud", "localhost.evil.example"]
)
def test_elsewhere(host: str) -> None:
    assert not stays(host)


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.com', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
        "urllib.request.urlopen('http://example.com')",
    ],
)
def test_an_attempt_to_leave_fails_and_staying_works(attempt: str) -> None:
    plugin = Path(__file__).parents[4] / "local" / "plugin"
    code = (
        f"import sys; sys.path.insert(0, {str(plugin)!r})\n"
        "import socket, urllib.request\n"
        "from septet_plugin import offline\n"
        "offline.enforce()\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(('localhost', server.getsockname()[1])).close()\n"
        f"try: {attempt}\n"
        "except OSError as error: print('refused' if 'outside this machine' in str(error) else error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "refused"
