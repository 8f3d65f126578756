"""The one way from a YAML file to values and models, with errors that name the line to change.

A key that stands twice is refused: YAML 1.2 (3.2.1.3) wants keys to be unique, and PyYAML would
silently take the last one.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from detectors.core.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[str | int]
"""Keys and indexes that lead to a value in a file."""

_LONGEST_SEXAGESIMAL: Final = 100
"""Characters: hours, minutes and seconds of centuries."""


# libyaml's parser is some ten times faster; PyYAML has it wherever it was installed from a wheel.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """PyYAML's safe loader, with unique keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        known: set[Any] = set()
        for key, _ in node.value:
            name = (key.tag, key.value)
            if isinstance(key, yaml.ScalarNode) and name in known:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                known.add(name)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    """Return a whole number, but none to the base of 60 without end.

    YAML 1.1 has those (`1:30`), and PyYAML takes time with the square of their length.
    """
    if ":" in node.value and len(node.value) > _LONGEST_SEXAGESIMAL:
        raise yaml.constructor.ConstructorError(
            None, None, "a number of so many digits isn't read", node.start_mark
        )
    return int(loader.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _whole)


def read_value(text: str) -> Any:
    """Return what a YAML text says."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        # Without its snippet of the text, which may be a secret.
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ConfigError(f"{error.problem}{line}") from error
    except RecursionError as error:
        raise ConfigError("it is nested too deeply") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # A ValueError is a date that is none, such as 2026-13-01.
        raise ConfigError(str(error).splitlines()[0]) from error
    except (AttributeError, LookupError) as error:
        # PyYAML's of `!!timestamp soon`, `!!bool maybe` and `!!int ""`.
        raise ConfigError("a value isn't what its tag says") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the YAML mapping in a file; an empty file is an empty one.

    Raises ConfigError if the file is missing, isn't YAML, or isn't a mapping.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe is waited for, a device has no end
            raise ConfigError("it isn't a file")
        content = read_value(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        hint = "name the folder: --config DIR"
        raise ConfigError(f"no configuration file {path}", hint=hint) from error
    except ConfigError as error:
        raise ConfigError(f"{path} can't be read: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error
    if not isinstance(content or {}, dict):
        raise ConfigError(f"{path} isn't a mapping")
    return dict(content or {})


MAX_DEPTH: Final = 100


def read_bounded(path: Path, max_bytes: int) -> dict[str, Any]:
    """Return the YAML mapping in a file that somebody else may have written.

    It is refused where it is larger than that, where it nests deeper than `MAX_DEPTH`, which takes
    time with the square of the depth to read, or where it holds an alias: a few lines of them can
    stand for more than any memory holds.
    """
    try:
        if path.stat().st_size > max_bytes:
            raise ConfigError(f"{path.name} has more than {max_bytes:,} bytes")
        text = path.read_text(encoding="utf-8")
        steps = ((one in "[{") - (one in "]}") for one in text if one in "[]{}")
        if max(accumulate(steps), default=0) > MAX_DEPTH:
            raise ConfigError(f"{path.name} can't be read: it nests deeper than {MAX_DEPTH}")
        events = yaml.parse(text, Loader=_Safe)
        alias = next((one for one in events if isinstance(one, yaml.AliasEvent)), None)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        alias = None  # `read_yaml` says what is wrong
    if alias is not None:
        line = f" (line {alias.start_mark.line + 1})" if alias.start_mark else ""
        raise ConfigError(f"{path.name} holds an alias{line}", hint="write it out")
    return read_yaml(path)


def read_model(path: Path, model: type[Model], content: Any = None, place: Place = ()) -> Model:
    """Return a YAML file as a model.

    Raises ConfigError if it can't be read or doesn't fit; the message names the field, the hint the
    line.

    Parameters
    ----------
    content
        What is in the file, where it has been read and completed already.
    place
        Where in the file that is, if it isn't the whole.
    """
    try:
        return model.model_validate(read_yaml(path) if content is None else content)
    except ValidationError as error:
        at, problem = first_problem(error)
        where = ".".join(str(part) for part in (*place, *at))
        raise ConfigError(
            f"{path.name}: {where}: {problem}" if where else f"{path.name}: {problem}",
            hint=f"mend line {line_in(path, [*place, *at])} of {path}",
        ) from error


def first_problem(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Return the place of the first thing that is wrong, and what it is."""
    first = error.errors()[0]
    unknown = first["type"] == "extra_forbidden"
    said = first["msg"].removeprefix("Value error, ")  # pydantic's word before what a rule says
    return first["loc"], "nothing is called so here: mistyped?" if unknown else said


def line_in(path: Path, place: Place) -> int:
    """Return the line of a file, from 1, in which the value at a place stands; see `line_of`."""
    return line_of(path.read_text(encoding="utf-8"), place) if path.exists() else 1


def line_of(text: str, place: Place) -> int:
    r"""Return the line, from 1, in which the value at a place in a YAML text stands.

    Where the place ends early (a key that is missing), the line of what should hold it.

    >>> line_of("a:\n  - b: 1\n    c: 2\n", ["a", 0, "c"])
    3
    """
    node = yaml.compose(text, Loader=_Safe)
    line = 1
    for step in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
