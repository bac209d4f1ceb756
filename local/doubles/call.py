"""One model call as it came in, by whichever protocol: a Converse request and who makes it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """A request to a model. Agent, turn and run are empty when the caller does not say."""

    provider: str
    """Whose protocol it came by: `bedrock`, `sagemaker` or `openai`."""
    model: str
    """A model's id; for SageMaker the endpoint's name, unless the body names a model."""
    stream: bool
    agent: str
    turn: str
    run: str
    step: int
    """Model calls of this turn before this one."""

    body: dict[str, Any]
    """The request as Converse puts it, valid against botocore's model where it came that way."""

    size: int
    """Bytes of the request's body."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far."""
        found: list[dict[str, Any]] = self.body["messages"]
        return found

    @property
    def offered_tools(self) -> frozenset[str]:
        """Names of the tools the model may ask for."""
        tools = (self.body.get("toolConfig") or {}).get("tools", [])
        return frozenset(tool["toolSpec"]["name"] for tool in tools if tool.get("toolSpec"))


def words(message: dict[str, Any]) -> str:
    """Everything a message says in words, its guarded parts included, block after block."""
    found = []
    for block in message["content"]:
        guarded = (block.get("guardContent") or {}).get("text") or {}
        found.append(block.get("text") or guarded.get("text") or "")
    return "\n".join(text for text in found if text)
