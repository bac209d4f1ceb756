"""JSONata as Step Functions evaluates it, by jsonata-python: no virtual machine, and values are bound, never pasted into the text.

The functions Step Functions adds are those of "Transforming data with JSONata in Step Functions" in AWS's developer guide.
"""

import hashlib
import json
import random
import uuid
from collections.abc import Mapping
from typing import Any, Final

from jsonata import Jsonata
from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

_WHOLE: Final = 2**53
"""Below this every whole floating-point number is exact, and is written without a fraction."""
_HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class EvaluationError(Exception):
    """The expression is wrong, raised an error, or gave something that is no JSON; the text says which."""


class UndefinedError(EvaluationError):
    """The expression gave nothing."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return the JSON value of an expression; `variables` are JSON values by name, without the dollar.

    Raise `UndefinedError` when it gives nothing, `EvaluationError` when it fails.
    """
    try:
        compiled = Jsonata(expression)
        compiled.set_output_convert_nulls(False)
        for name, function in _FUNCTIONS.items():
            compiled.assign(name, function)
        result = compiled.evaluate(None, {name: _bound(value) for name, value in variables.items()})
    except EvaluationError:
        raise
    except JException as error:
        raise EvaluationError(str(error)) from error
    except Exception as error:  # the library also lets Python's own errors out; to the state machine all are the same
        raise EvaluationError(f"{type(error).__name__}: {error}") from error
    if result is None:
        raise UndefinedError("returned nothing (undefined).")
    return _plain(result)


def _bound(value: Any) -> Any:
    """Turn a JSON value into the library's: to it, None is undefined."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, Mapping):
        return {key: _bound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bound(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """Turn the library's value into JSON's."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        # By index: the library's ranges hold no items and compute each.
        return [_plain(value[index]) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return int(value)
    if isinstance(value, str | bool | int | float):
        return value
    raise EvaluationError("returned an unsupported result type.")


def _partition(array: Any, size: Any) -> Any:
    if array is None:
        return None
    items = array if isinstance(array, list) else [array]
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise EvaluationError("$partition needs a positive whole number as its second argument.")
    return [[items[index] for index in range(start, min(start + size, len(items)))] for start in range(0, len(items), size)]


def _range(first: Any, last: Any, step: Any) -> Any:
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in (first, last, step)) or step == 0:
        raise EvaluationError("$range needs three whole numbers, the last of them not zero.")
    return list(range(first, last + (1 if step > 0 else -1), step))


def _hash(text: Any, algorithm: Any) -> Any:
    if text is None:
        return None
    if not isinstance(text, str) or algorithm not in _HASHES:
        raise EvaluationError(f"$hash needs a string and one of {', '.join(_HASHES)}.")
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> Any:
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311 what JSONata's $random is, too


def _uuid() -> Any:
    return str(uuid.uuid4())


def _parse(text: Any) -> Any:
    if text is None:
        return None
    if not isinstance(text, str):
        raise EvaluationError("$parse needs a string.")
    return _bound(json.loads(text))


def _eval(*_: Any) -> Any:
    raise EvaluationError("Step Functions does not support $eval; use $parse.")


_FUNCTIONS: Final = {
    name: Jsonata.JLambda(function)
    for name, function in {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": _uuid,
        "parse": _parse,
        "eval": _eval,
    }.items()
}


class _Encoder(Functions.Encoder):  # type: ignore[misc] # the library publishes no types
    """Keeps $string from escaping what is not ASCII: JSONata's own implementation does not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


Functions.Encoder = _Encoder
