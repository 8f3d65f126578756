"""How the kernels here are compiled: cached on disk where a folder for it can be written."""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from detectors.core import compiling

F = TypeVar("F", bound=Callable[..., Any])

numba: Any = compiling.numba()

HERE: Final = Path(__file__).parent
SOURCES: Final = (
    "backward.py",
    "chains.py",
    "confirmed.py",
    "jit.py",
    "making_way.py",
    "repeats.py",
    "rows.py",
    "runs.py",
    "seldom.py",
    "several.py",
    "shifted.py",
    "stretches.py",
    "verdicts.py",
    "../geodesy.py",
)
"""What the kernels are made from, with the constants in them."""


@cache
def folder() -> str:
    """Return where the compiled kernels are kept: by what they are made from.

    Numba's own cache knows of a change in a function's file, not of one in what it calls.
    """
    parent = os.environ.get("NUMBA_CACHE_DIR") or str(HERE / "__pycache__")
    made_of = hashlib.sha256()
    for name in SOURCES:
        made_of.update((HERE / name).read_bytes())
    return f"{parent}/verdicts-{made_of.hexdigest()[:16]}"


_COMMON: Final = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def part(function: F) -> F:
    """Compile what only other kernels call, as a part of these."""
    return cast(F, numba.njit(no_cpython_wrapper=True, **_COMMON)(function))


def compiled(function: F) -> F:
    """Compile a function when it is first called, and give up the GIL in it."""
    before = numba.config.CACHE_DIR
    # Where the cache is gets decided here, not when the function is first called.
    numba.config.CACHE_DIR = folder()
    try:
        return cast(F, numba.njit(cache=True, **_COMMON)(function))
    except RuntimeError:  # no folder for the cache can be written
        return cast(F, numba.njit(**_COMMON)(function))
    finally:
        numba.config.CACHE_DIR = before
