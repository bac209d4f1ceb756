"""LocalStack's server on the address it is told to listen on. Its own listens on every address of the machine, whatever it is told.

It leaves it to clients to end a connection that is idle. Ended from here after a minute, one is lost now and then in the moment in which
its client sends the next request; LocalStack's own clients, and those of tests, do not send that again.
"""

from typing import override

from localstack import config
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor


class ListeningServer(TwistedRuntimeServer):
    """Plain HTTP on exactly the addresses given."""

    @override
    def register(self, gateway: Gateway, listen: list[config.HostAndPort], ssl_creds: tuple[str, str] | None = None) -> None:
        """Listen. Raise CannotListenError when an address is taken, where LocalStack's own would start deaf."""
        site = TwistedGateway(gateway)
        site.timeOut = None
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)  # type: ignore[arg-type] # zope's interface has no self


class ListeningServerPlugin(RuntimeServerPlugin):
    """Chosen with GATEWAY_SERVER=listening."""

    name = "listening"

    @override
    def load(self, *_: object, **__: object) -> RuntimeServer:
        """Make the server."""
        return ListeningServer()  # type: ignore[no-untyped-call] # LocalStack leaves it untyped
