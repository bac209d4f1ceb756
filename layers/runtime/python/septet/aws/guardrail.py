"""Bedrock's ApplyGuardrail behind the guardrail port. Source of names: the service model of bedrock-runtime in botocore."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from septet.security.guardrails import Assessment, Source

SECONDS = 3
"""What one question may take; a submission waits for it."""
CHARACTERS = 25_000
"""Of one question: 25 text units, what an account may send by default."""
QUESTIONS = 4
"""About one text; what is left of a longer one is not assessed, which is said."""
NAME_CHARACTERS = 60
"""Of a topic's or an expression's own name."""


class BedrockGuardrail:
    """One version of one guardrail."""

    def __init__(self, client: Callable[[], Any], identifier: str, version: str) -> None:
        """*client* gives one that tries once and waits ``SECONDS``."""
        self._client = client
        self._which = {"guardrailIdentifier": identifier, "guardrailVersion": version}

    def assess(self, text: str, source: Source) -> Assessment:
        """What it makes of *text*, in parts. Never raises: what cannot be asked is unavailable."""
        parts = [text[place : place + CHARACTERS] for place in range(0, len(text), CHARACTERS)]
        intervened, kinds = False, set[str]()
        try:
            for part in parts[:QUESTIONS]:
                if not part.strip():
                    continue
                answer = self._client().apply_guardrail(**self._which, source=source, content=[{"text": {"text": part}}])
                intervened |= answer["action"] == "GUARDRAIL_INTERVENED"
                kinds |= {kind for assessment in answer["assessments"] for kind in _kinds(assessment)}
        except (BotoCoreError, ClientError, HTTPError, OSError, ResponseParserError, LookupError, TypeError, AttributeError, ValueError):
            return Assessment(action="intervened" if intervened else "unavailable", kinds=tuple(sorted(kinds)))
        if intervened or len(parts) <= QUESTIONS:
            return Assessment(action="intervened" if intervened else "none", kinds=tuple(sorted(kinds)))
        return Assessment(action="unavailable", kinds=tuple(sorted(kinds)))


def _kinds(assessment: Mapping[str, Any]) -> Iterator[str]:
    """What was found, without the words it was found by (``match``)."""
    for topic in assessment.get("topicPolicy", {}).get("topics", ()):
        yield f"topic {topic['name'][:NAME_CHARACTERS]}"
    for found in assessment.get("contentPolicy", {}).get("filters", ()):
        yield str(found["type"]).lower()
    words = assessment.get("wordPolicy", {})
    yield from ("word" for _ in words.get("customWords", ()))
    yield from (str(word["type"]).lower() for word in words.get("managedWordLists", ()))
    personal = assessment.get("sensitiveInformationPolicy", {})
    yield from (str(entity["type"]).lower() for entity in personal.get("piiEntities", ()))
    yield from (f"expression {regex.get('name', '')[:NAME_CHARACTERS]}" for regex in personal.get("regexes", ()))
