"""Every provider's models behind the one port; an adapter is made when its provider is first used."""

from collections.abc import Callable, Mapping

from septet.core.errors import ModelUnavailable
from septet.execution.deadlines import within
from septet.execution.ports import Model, ModelRequest, Reply, unbilled


class Providers:
    """Calls each model through the adapter of its provider, and bounds every call by ``request.seconds``."""

    def __init__(self, adapters: Mapping[str, Callable[[], Model]]) -> None:
        self._adapters = adapters
        self._made: dict[str, Model] = {}

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow."""
        provider = request.model.provider
        if provider not in self._made:
            if provider not in self._adapters:
                raise unbilled(ModelUnavailable(f"{request.model.id}: no adapter for provider {provider!r}"))
            self._made[provider] = self._adapters[provider]()
        adapter = self._made[provider]
        return within(request.seconds, lambda: adapter.complete(request))
