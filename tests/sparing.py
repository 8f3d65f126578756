"""What a whole run of the tests need not do so often: compile, look for doctests, compare texts."""

import fcntl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from _pytest.doctest import DoctestModule

assert_frame_equal = pd.testing.assert_frame_equal


def assert_same_frame(left: Any, right: Any, *how: Any, **named: Any) -> None:
    """`assert_frame_equal`, which looks at texts one by one, only where frames aren't the same."""
    if how or named.keys() - {"obj"} or not _are_same(left, right):
        assert_frame_equal(left, right, *how, **named)


def _are_same(left: Any, right: Any) -> bool:
    if type(left) is not type(right) or not left.equals(right):
        return False
    axes = zip(left.axes, right.axes, strict=True)
    dtypes = zip(left.dtypes, right.dtypes, strict=True)
    return all(one.identical(other) for one, other in axes) and all(
        list(getattr(one, "categories", ())) == list(getattr(other, "categories", ()))
        for one, other in dtypes
    )


def compile_in_turn() -> None:
    """Let one worker compile each kernel, and the others wait for what it keeps on disk."""
    from numba.core.caching import NullCache
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.dispatcher import Dispatcher

    compile_now = Dispatcher.compile

    def compile_once(self: Any, signature: Any) -> Any:
        if isinstance(self._cache, NullCache):
            return compile_now(self, signature)
        name = f"{self.py_func.__module__}.{self.py_func.__qualname__}.lock"
        # Within numba's own lock, always in this order: kernels call kernels.
        with global_compiler_lock, (Path(self._cache.cache_path) / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return compile_now(self, signature)

    Dispatcher.compile = compile_once


class Doctests:
    """Looks for doctests where the code has any: in all files it takes a second of each worker."""

    @staticmethod
    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        file_path: Path,
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        found = yield
        if any(isinstance(one, DoctestModule) for one in found) and (
            file_path.name.startswith("test_") or b">>>" not in file_path.read_bytes()
        ):
            return [one for one in found if not isinstance(one, DoctestModule)]
        return found
