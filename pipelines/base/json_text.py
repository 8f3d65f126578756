"""JSON that others wrote, read as a model: all of it is what everybody else who reads it sees."""

import json
import math
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def model_of_json(model: type[Model], content: bytes) -> Model:
    """Read JSON as a model; raises ValueError with what is wrong, and where."""
    try:
        # Twice: pydantic takes the last of two equal keys, and nobody sees the first.
        json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error
    except RecursionError as error:
        raise ValueError(str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")  # which counts depends on who reads
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} isn't JSON")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("a number is too large")
    return number
