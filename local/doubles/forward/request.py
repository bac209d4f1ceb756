"""A Converse request as an OpenAI chat completion request. Pure.

Documents, videos and audio are refused by name; cache points and the model's earlier reasoning are left out, for they change no meaning.
"""

import json
from typing import Any

from local.doubles.answer import ModelError
from local.doubles.call import ModelCall

type Json = dict[str, Any]

_LEFT_OUT = {"cachePoint", "reasoningContent"}
_TURNED_OFF = {"guardrailConfig", "promptVariables"}
"""Members that change what the model may say, which no chat server can do for us."""


def chat_request(call: ModelCall, *, model: str) -> Json:
    """Translate *call*; raise ModelError (ValidationException) for what a chat server has no word for."""
    body = call.body
    refused = sorted(_TURNED_OFF & set(body))
    if refused:
        raise _not_carried(refused[0])
    messages = [*_system(body.get("system") or []), *(chat for message in body["messages"] for chat in _message(message))]
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if call.stream else {}
    return {
        **(body.get("additionalModelRequestFields") or {}),
        "model": model,
        "messages": messages,
        **_inference(body.get("inferenceConfig") or {}),
        **_tools(body.get("toolConfig") or {}),
        **_format(body.get("outputConfig") or {}),
        **streamed,
    }


def _system(blocks: list[Json]) -> list[Json]:
    text = "\n\n".join(_text(block) for block in blocks if not _LEFT_OUT & set(block))
    return [{"role": "system", "content": text}] if text else []


def _message(message: Json) -> list[Json]:
    blocks = [block for block in message["content"] if not _LEFT_OUT & set(block)]
    if message["role"] == "assistant":
        return [_assistant(blocks)]
    results = [_result(block["toolResult"]) for block in blocks if "toolResult" in block]
    parts = [_part(block) for block in blocks if "toolResult" not in block]
    if not parts:
        return results
    only_text = all(part["type"] == "text" for part in parts)
    content = "\n\n".join(part["text"] for part in parts) if only_text else parts
    return [*results, {"role": message["role"], "content": content}]


def _assistant(blocks: list[Json]) -> Json:
    said = "\n\n".join(_text(block) for block in blocks if "toolUse" not in block)
    calls = [
        {"id": use["toolUseId"], "type": "function", "function": {"name": use["name"], "arguments": json.dumps(use["input"])}}
        for use in (block["toolUse"] for block in blocks if "toolUse" in block)
    ]
    return {"role": "assistant", "content": said or None, **({"tool_calls": calls} if calls else {})}


def _result(result: Json) -> Json:
    said = "\n".join(json.dumps(block["json"]) if "json" in block else _text(block) for block in result["content"])
    content = f"The tool failed: {said}" if result.get("status") == "error" else said
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": content}


def _part(block: Json) -> Json:
    image = block.get("image")
    if image is None:
        return {"type": "text", "text": _text(block)}
    if "bytes" not in image["source"]:
        raise _not_carried("image.source.s3Location")
    return {"type": "image_url", "image_url": {"url": f"data:image/{image['format']};base64,{image['source']['bytes']}"}}


def _text(block: Json) -> str:
    guarded = (block.get("guardContent") or {}).get("text")
    if guarded:
        return str(guarded["text"])
    if "text" not in block:
        raise _not_carried(next(iter(block)))
    return str(block["text"])


def _tools(config: Json) -> Json:
    tools = [_tool(tool) for tool in config.get("tools", []) if "cachePoint" not in tool]
    return {**({"tools": tools} if tools else {}), **_choice(config.get("toolChoice") or {})}


def _tool(tool: Json) -> Json:
    if "toolSpec" not in tool:
        raise _not_carried(f"toolConfig.tools.{next(iter(tool))}")
    spec = tool["toolSpec"]
    function = {
        "name": spec["name"],
        "description": spec.get("description"),
        "parameters": spec["inputSchema"]["json"],
        "strict": spec.get("strict"),
    }
    return {"type": "function", "function": {name: value for name, value in function.items() if value is not None}}


def _choice(choice: Json) -> Json:
    if "tool" in choice:
        return {"tool_choice": {"type": "function", "function": {"name": choice["tool"]["name"]}}}
    if "any" in choice:
        return {"tool_choice": "required"}
    return {"tool_choice": "auto"} if "auto" in choice else {}


def _inference(config: Json) -> Json:
    names = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    return {names[name]: value for name, value in config.items() if value is not None and value != []}


def _format(config: Json) -> Json:
    wanted = config.get("textFormat")
    if not wanted:
        return {}
    schema = wanted["structure"]["jsonSchema"]
    try:
        parsed = json.loads(schema["schema"])
    except ValueError as error:
        message = f"Value at 'outputConfig.textFormat.structure.jsonSchema.schema' is no JSON: {error}"
        raise ModelError("ValidationException", message, outcome="invalid") from error
    return {"response_format": {"type": "json_schema", "json_schema": {"name": schema.get("name") or "answer", "schema": parsed}}}


def _not_carried(what: str) -> ModelError:
    message = f"The forward back-end cannot carry {what}: an OpenAI-compatible chat server has nothing like it."
    return ModelError("ValidationException", message, outcome="invalid")
