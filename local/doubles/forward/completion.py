"""What an OpenAI-compatible server answers, as far as it is read here; more is ignored, less is no completion.

OpenAI API reference, "Create chat completion"; vLLM adds `stop_reason`, the sequence it stopped at.
"""

from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from local.doubles.answer import ModelError

type Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{0,64}$")]
"""A tool's name as Converse allows it; empty in the later pieces of a streamed call."""
type Count = Annotated[int, Field(ge=0)]


class Function(BaseModel):
    """The tool that is asked for, or a piece of its arguments."""

    name: Name | None = None
    arguments: str | None = None


class ToolCall(BaseModel):
    """A tool call, whole or in pieces; index tells the pieces of several calls apart."""

    index: Count | None = None
    id: str | None = None
    function: Function = Function()


class Message(BaseModel):
    """What the model says, whole or in pieces."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(BaseModel):
    """One answer; there is only ever one."""

    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None


class PromptDetails(BaseModel):
    """Where the prompt's tokens came from."""

    cached_tokens: Count | None = None


class TokenCounts(BaseModel):
    """Tokens; the prompt's hold the cached ones."""

    prompt_tokens: Count
    completion_tokens: Count | None = None
    prompt_tokens_details: PromptDetails | None = None


class Completion(BaseModel):
    """A whole answer, or one chunk of a streamed one."""

    id: str | None = None
    choices: list[Choice]
    usage: TokenCounts | None = None


def completion(got: object) -> Completion:
    """Read *got*, JSON; raise ModelError (ModelErrorException) that says what is wrong with it."""
    try:
        return Completion.model_validate(got)
    except ValidationError as error:
        first = error.errors()[0]
        raise no_completion(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}; it is {got}") from error


def no_completion(why: str) -> ModelError:
    """Say that the server's answer cannot be read."""
    return ModelError("ModelErrorException", f"The model server's answer is no chat completion: {why[:500]}")
