"""Settings from variables of the environment.

With pydantic and this alone: pydantic-settings, whose part this was, took 0.08 s of each start, and
read YAML by a second way, that takes the last of two equal keys.
"""

import json
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel

from detectors.core.errors import ConfigError

BETWEEN = "__"
"""What joins the name of a section and that of a setting in it."""


def environment(
    model: type[BaseModel], prefix: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    """Return what variables say of a model's fields, as `model_validate` takes it.

    `<prefix>AREA` is the field ``area``, `<prefix>STORE__THREADS` the field ``threads`` of the
    section ``store``; lists, mappings and whole sections are JSON. Variables of other fields are
    somebody else's.

    Raises ConfigError if one should be JSON and isn't. What it says isn't in the message: it may be
    a secret.
    """
    found: dict[str, Any] = {}
    # In order, so that what a section's JSON says comes before single settings of it.
    for variable in sorted(variables):
        if not variable.upper().startswith(prefix):
            continue
        *sections, name = variable[len(prefix) :].lower().split(BETWEEN)
        if (sections or [name])[0] not in model.model_fields:
            continue
        place: Any = found
        for section in sections:
            place = place.setdefault(section, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            text = variables[variable]
            place[name] = _json(variable, text) if _is_json(model, [*sections, name]) else text
    return found


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two nested mappings as one, in which the second wins."""
    both = dict(below)
    for name, value in above.items():
        held = both.get(name)
        nested = isinstance(value, Mapping) and isinstance(held, Mapping)
        both[name] = overlaid(held, value) if nested else value  # type: ignore[arg-type]
    return both


def _is_json(model: type[BaseModel], path: list[str]) -> bool:
    """Return whether the field at a path is a list, a mapping or a section."""
    kind: Any = model
    for name in path:
        fields = getattr(kind, "model_fields", {})
        if name not in fields:
            return False
        kind = fields[name].annotation
    return hasattr(kind, "model_fields") or get_origin(kind) in (tuple, list, dict)


def _json(variable: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError(
            f"{variable} in the environment can't be read",
            hint="lists and mappings are JSON there",
        ) from None
