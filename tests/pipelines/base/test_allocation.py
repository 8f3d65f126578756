"""What is freed is kept for what comes next, and given back where a process holds too much."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os
from pathlib import Path
from pipelines.base import allocation

def held_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000

allocation.keep_what_is_freed()
blocks = [bytearray(100_000) for _ in range(4_000)]
above = bytearray(100_000)  # what is free lies below it
del blocks
kept = held_mb()
allocation.give_back(100.0)
still = held_mb()
allocation.give_back(0.01)
print(kept, still, held_mb(), len(above))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of another C library")
def test_what_is_free_is_given_back_above_what_may_be_held() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True).stdout
    kept_mb, still_mb, left_mb, _ = map(int, said.split())
    assert still_mb > kept_mb - 50
    assert left_mb < kept_mb - 300
