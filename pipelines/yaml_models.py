"""YAML files read into a model, with errors that name the line to change."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from detectors.core.errors import ConfigError
from pipelines.settings import read_yaml

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model]) -> Model:
    """A YAML file as a model.

    Raises
    ------
    ConfigError
        If it can't be read or doesn't fit; the message names the field, the hint the line.
    """
    content = read_yaml(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        line = line_of(path.read_text(encoding="utf-8"), first["loc"])
        raise ConfigError(
            f"{path.name}: {where}: {first['msg']}", hint=f"mend line {line} of {path}"
        ) from error


def line_of(text: str, path: Sequence[str | int]) -> int:
    r"""The line (from 1) of the value that a path of keys and indexes leads to in a YAML text.

    Where the path ends early (a key that is missing), the line of what should hold it.

    >>> line_of("a:\n  - b: 1\n    c: 2\n", ["a", 0, "c"])
    3
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for step in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
