"""What a configuration holds that is none, or that no clock, machine or page has room for: each is
told by name, and nothing runs until it ends in an overflow.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

import detectors
from detectors.core.errors import ConfigError
from pipelines.base.settings import Settings, load
from pipelines.patrol import units
from pipelines.patrol.units import PatrolConfig

UNIT = {"name": "A", "base": {"name": "b", "lat": 2.5, "lon": 101.2}, "cruise_kn": 10, "max_kn": 12}


def _numbers(model: type[BaseModel], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _numbers(kind, (*at, name))
        elif kind in (float, float | None):
            yield (*at, name)


def _nested(at: tuple[str, ...], value: float) -> dict[str, Any]:
    name, *inner = at
    return {name: _nested(tuple(inner), value) if inner else value}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e300])
@pytest.mark.parametrize("at", list(_numbers(Settings)), ids=".".join)
def test_no_setting_is_without_end(tmp_path: Path, at: tuple[str, ...], value: float) -> None:
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(_nested(at, value)))
    with pytest.raises(ConfigError, match=at[-1]):
        load(tmp_path / "home", tmp_path)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("at", list(_numbers(PatrolConfig)), ids=".".join)
def test_no_number_of_a_plan_is_without_end(
    tmp_path: Path, at: tuple[str, ...], value: float
) -> None:
    path = tmp_path / "patrol.yaml"
    path.write_text(yaml.safe_dump({"units": [UNIT], **_nested(at, value)}))
    with pytest.raises(ConfigError, match=at[-1]):
        units.load(path)


@pytest.mark.parametrize("name", ["stale_after_h", "history_days"])
def test_no_plan_lasts_longer_than_clocks_go(tmp_path: Path, name: str) -> None:
    path = tmp_path / "patrol.yaml"
    path.write_text(yaml.safe_dump({"units": [UNIT], "planning": {name: 1e9}}))
    with pytest.raises(ConfigError, match=name):
        units.load(path)


@pytest.mark.parametrize("name", detectors.names())
def test_no_limit_of_a_detector_is_without_end(name: str) -> None:
    of = [at for at in _numbers(detectors.find(name)) if len(at) == 1]
    for (parameter,) in of:
        for value in (float("inf"), float("nan")):
            with pytest.raises(ConfigError, match=f"{name}.{parameter}"):
                detectors.build({name: {parameter: value}})


def test_a_next_step_is_a_sentence(tmp_path: Path) -> None:
    """One of ten thousand characters took the map off the brief's first page."""
    (tmp_path / "settings.yaml").write_text(f"assess: {{next_steps: {{gap: {'W' * 301}}}}}")
    with pytest.raises(ConfigError, match=r"next_steps\.gap"):
        load(tmp_path / "home", tmp_path)
