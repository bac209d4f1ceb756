import pytest

from local.doubles.forward.failure import failure


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "ValidationException"),
        (401, "AccessDeniedException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (408, "ModelTimeoutException"),
        (422, "ValidationException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (502, "InternalServerException"),
        (503, "ServiceUnavailableException"),
        (504, "ModelTimeoutException"),
        (529, "ServiceUnavailableException"),
        (599, "InternalServerException"),
    ],
)
def test_a_status_has_its_name_on_bedrock(status: int, name: str) -> None:
    assert failure(status, "{}").name == name


@pytest.mark.parametrize(
    "body",
    [
        '{"error": {"message": "This model\'s maximum context length is 8192 tokens.", "code": "context_length_exceeded"}}',
        '{"object": "error", "message": "However, the model\'s context length is only 1024 tokens"}',
        '{"error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}',
    ],
)
def test_a_prompt_too_long_is_told_as_bedrock_tells_it(body: str) -> None:
    error = failure(400, body)

    assert error.name == "ValidationException"
    assert error.message.startswith("Input is too long for requested model.")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"error": {"message": "no such model"}}', "no such model"),
        ('{"error": "model not found"}', "model not found"),
        ('{"message": "older vLLM"}', "older vLLM"),
        ('{"odd": 1}', '{"odd": 1}'),
        ("<html>", "<html>"),
        ("[1]", "[1]"),
    ],
)
def test_what_the_server_says_is_passed_on(body: str, told: str) -> None:
    assert failure(404, body).message == f"The model server answered 404: {told}"
