"""YAML files read into a model, with errors that name the line to change."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from detectors.core.errors import ConfigError
from pipelines.settings import read_yaml
from pipelines.yaml_lines import line_of

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
