"""How the kernel's functions are compiled: typed decorators around numba.

Only the modules of the kernel import this one, and only `compiled` imports those, so that
`import pipelines.ingest` costs neither numba's import nor a compilation.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

from detectors.core import compiling

F = TypeVar("F", bound=Callable[..., Any])

numba: Any = compiling.numba()
# By name, because numba has no types of its own.
extending: Any = import_module("numba.extending")
types: Any = import_module("numba.types")
ir: Any = import_module("llvmlite.ir")

_COMMON = {"boundscheck": False, "error_model": "numpy", "no_cfunc_wrapper": True}
# What only the kernel calls needs no way in from Python: compiling those took a third of all.
_WITHIN = {**_COMMON, "no_cpython_wrapper": True}


def inlined(function: F) -> F:
    """Compile into every place of use: what runs on each sentence, or has constant arguments."""
    return cast(F, numba.njit(forceinline=True, **_WITHIN)(function))


def called(function: F) -> F:
    """Compile once, and call it: for what is rare or large."""
    return cast(F, numba.njit(**_WITHIN)(function))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function write the instructions of the processor itself (LLVM's, that is)."""
    return cast(Callable[..., Any], extending.intrinsic(function))


def entry(function: F) -> F:
    """Compile as an entry from Python that gives up the GIL and is kept in the cache on disk."""
    return cast(F, numba.njit(nogil=True, cache=True, **_COMMON)(function))


def entry_without_cache(function: F) -> F:
    """Compile like `entry`, where no folder for a cache can be written."""
    return cast(F, numba.njit(nogil=True, **_COMMON)(function))
