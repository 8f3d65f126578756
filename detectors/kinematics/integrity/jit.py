"""How the kernels here are compiled: cached on disk where a folder for it can be written."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

# By name, because numba has no types of its own.
numba: Any = import_module("numba")


def compiled(function: F) -> F:
    """Compile a function when it is first called, and give up the GIL in it."""
    try:
        return cast(F, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder for the cache can be written
        return cast(F, numba.njit(nogil=True)(function))
