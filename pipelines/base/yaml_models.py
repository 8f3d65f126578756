"""YAML files read into a model, with errors that name the line to change."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from detectors.core.errors import ConfigError
from pipelines.base.settings import read_yaml
from pipelines.base.yaml_lines import line_of

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model], content: Any = None) -> Model:
    """Read a YAML file as a model.

    Parameters
    ----------
    content
        What is in the file, where it has been read and completed already.

    Raises
    ------
    ConfigError
        If it can't be read or doesn't fit; the message names the field, the hint the line.
    """
    try:
        return model.model_validate(read_yaml(path) if content is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        line = line_of(path.read_text(encoding="utf-8"), first["loc"])
        raise ConfigError(
            f"{path.name}: {where}: {first['msg']}", hint=f"mend line {line} of {path}"
        ) from error
