"""The command, run in this process, as `tests/pipelines` has it."""

import importlib.util
from pathlib import Path

_OTHER = Path(__file__).parents[1] / "pipelines" / "conftest.py"
_spec = importlib.util.spec_from_file_location("pipelines_conftest", _OTHER)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

selat = _module.selat
