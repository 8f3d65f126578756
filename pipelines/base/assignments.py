"""Parameters as a person sets them on a command line: ``--set NAME=VALUE``."""

from typing import Any

from detectors.core.errors import ConfigError
from pipelines.base.yaml_files import read_value


def assignment(text: str) -> tuple[str, Any]:
    """Read name and value, which is YAML.

    >>> assignment("min_vessels=10")
    ('min_vessels', 10)

    Raises ConfigError if there is no value, or it can't be read.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(
            f"--set {text}: no value", hint="write NAME=VALUE: --set min_duration_h=2"
        )
    try:
        return name.strip(), read_value(value)
    except ConfigError as error:
        raise ConfigError(f"--set {text}: the value can't be read", hint=error.message) from error
