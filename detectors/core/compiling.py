"""Numba, imported so that nothing but the environment says how it compiles.

It also reads `.numba_config.yaml` in the folder that a command is started in, when it is imported
and again with each function: whoever can write there, such as to a folder of feeds, would have it
switched off, fail, or write what it made of a function over a file of ours.
"""

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_READ: Final = ".numba_config.yaml"
_NEVER_THERE: Final = f"{os.devnull}/none"


@cache
def numba() -> Any:
    """Return the module, by name because it has no types of its own."""
    before = Path.cwd() if os.path.lexists(_READ) else None
    if before is not None:
        os.chdir(Path(__file__).parent)
    try:
        module: Any = import_module("numba")
        config: Any = import_module("numba.core.config")
        config._config_fname = _NEVER_THERE
        config.reload_config()  # had it been put there just then
        return module
    finally:
        if before is not None:
            os.chdir(before)
