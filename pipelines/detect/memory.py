"""How much is held at a time: parts of vessels sized to the memory that a run may take.

`detection.memory_gb` is kept by looking at as many vessels at a time as fit. What a report takes
was measured (docs/capacity.md); what a part holds beside is the same whatever its size.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.errors import SelatError

MEMORY_GB: Final = 2.0
"""Where nothing else is set."""

BASE_GB: Final = 0.6
"""The program with its libraries, zones and the catalogue: measured, see docs/capacity.md."""

JUDGE_BYTES: Final = 360.0
"""A report in a part of a date being judged, with those around the date."""

KEPT_BYTES: Final = 110.0
"""A report of a date that was judged and waits to be written, in the units of its file, and what
coverage is learned from."""

LOOK_BYTES: Final = 240.0
"""A report in a look: its columns, and what a detector makes of them meanwhile."""

DIGEST_BYTES: Final = 12.0
"""A report of any vessel in what is kept of it for others, beside such a part."""

FREED_GB: Final = 0.3
"""What one part frees the next one takes: so much more than is set is given back no sooner. Given
back each time it was half of all page faults of a night in parts of 0.8 GB, a sixth of its CPU."""

MOST_PARTS: Final = 64
"""Into more parts nothing is cut. Where what is held of all reports takes the memory that may be
taken, no part is small enough, and hundreds of them take several times the CPU (docs/capacity.md).
"""


_GROUPS_AT: Final = Path("/sys/fs/cgroup")


class TooLittleMemoryError(SelatError):
    """What must be held at once doesn't fit."""

    exit_code = 2


@dataclass(frozen=True)
class Sizes:
    """How much a look reads, and in what parts."""

    reports: int
    """Of all vessels, over all dates that are looked at."""
    rows: int
    """How many reports fit."""
    held: int
    """How many are held at a time: no more than that, unless a vessel alone has more."""
    ranges: list[tuple[int, int]]
    """The parts; see `ranges`."""
    memory_gb: float
    """What may be taken."""

    @classmethod
    def of(cls, counts: pd.DataFrame, memory_gb: float) -> "Sizes":
        """Return the sizes of a look at vessels with so many reports (mmsi, reports)."""
        each = counts["reports"].to_numpy("int64")
        reports = int(each.sum())
        rows = rows_in(memory_gb, LOOK_BYTES, reports)
        if reports > rows:
            rows = rows_in(memory_gb, LOOK_BYTES, reports, reports * DIGEST_BYTES / 1e9)
        held = max(min(reports, rows), int(each.max(initial=0)))
        return cls(reports, rows, held, ranges(counts, rows), memory_gb)

    @property
    def peak_gb(self) -> float:
        """Memory that it takes, estimated: beside a part, if there are parts, digests of all are
        held, and what was freed of the one before.
        """
        held_gb = BASE_GB + self.held * LOOK_BYTES / 1e9
        if len(self.ranges) == 1:
            return held_gb
        return held_gb + FREED_GB + self.reports * DIGEST_BYTES / 1e9

    def refuse_too_much(self) -> None:
        """Find out whether the machine has that memory.

        Raises TooLittleMemoryError if it hasn't.
        """
        free_gb = available_gb()
        if free_gb is not None and self.peak_gb > free_gb + BASE_GB:
            raise TooLittleMemoryError(
                f"a look at {self.reports:,} reports takes {self.peak_gb:.1f} GB of memory, and "
                f"{free_gb:.1f} GB are free",
                hint="look at a smaller area (--area), or at fewer days at a time (--since, "
                "--until); see docs/capacity.md",
            )

    def __str__(self) -> str:
        parts = f" in {len(self.ranges)} parts" if len(self.ranges) > 1 else ""
        return f"{self.reports:,} reports{parts}, about {self.peak_gb:.1f} GB"


def available_gb() -> float | None:
    """Return the memory that is free for this process, None where the system doesn't say.

    What the machine has left, or less where the process is held to less: by a control group that it
    is in (`MemoryMax=`, a container's) or one around that, or by ``ulimit -v``.
    """
    left = []
    with suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        left.append(int(text.split("MemAvailable:")[1].split()[0]) * 1024)
    with suppress(OSError, ValueError):
        left += left_in_groups(Path("/proc/self/cgroup").read_text(encoding="utf-8"), _GROUPS_AT)
    with suppress(OSError, ValueError, ImportError):
        import resource  # not where there are no such limits

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            left.append(limit - pages * resource.getpagesize())
    return min(left) / 1e9 if left else None


def left_in_groups(told: str, mounted: Path) -> list[int]:
    """Return the bytes that each control group with a limit leaves a process, caches aside.

    Parameters
    ----------
    told
        What /proc/self/cgroup says: of the second version the line without controllers counts, of
        the first (cgroups(7)) that of the controller ``memory``.
    mounted
        Where the groups are.
    """
    left = []
    for line in told.splitlines():
        _, controllers, own = line.split(":", 2)
        if not controllers:
            top, limit, used, cached = mounted, "memory.max", "memory.current", "file"
        elif "memory" in controllers.split(","):
            top, cached = mounted / "memory", "total_cache"
            limit, used = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        inner = top / own.strip("/")
        for folder in [inner, *(outer for outer in inner.parents if outer.is_relative_to(top))]:
            with suppress(OSError, ValueError, KeyError):  # "max", or none: the top has no limit
                most, now = (int((folder / name).read_text()) for name in (limit, used))
                stated = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
                left.append(most - now + int(dict(one.split() for one in stated)[cached]))
    return left


def rows_in(memory_gb: float, bytes_a_row: float, reports: int, held_gb: float = 0.0) -> int:
    """Return how many of some reports fit into what is left of the memory: 50,000 at least, and so
    many that `MOST_PARTS` hold them all.

    `held_gb` is held beside, whatever the size of the part.
    """
    left_gb = memory_gb - BASE_GB - held_gb
    return max(int(left_gb * 1e9 / bytes_a_row), 50_000, -(-reports // MOST_PARTS))


def ranges(counts: pd.DataFrame, rows: int) -> list[tuple[int, int]]:
    """Return ranges of MMSIs that hold no more than so many reports each, or a single vessel.

    `counts`: mmsi, reports.

    Returns first MMSI of each range and the one behind its last; together they hold every number.
    """
    whole = (0, 1_000_000_000)
    ordered = counts.sort_values("mmsi")
    mmsi, reports = ordered["mmsi"].to_numpy("int64"), ordered["reports"].to_numpy("int64")
    n_parts = -(-int(reports.sum()) // rows)
    if n_parts <= 1:
        return [whole]
    rows = min(rows, -(-int(reports.sum()) // n_parts) + int(reports.max()))
    bounds, held = [whole[0]], 0
    for number, own in zip(mmsi.tolist(), reports.tolist(), strict=True):  # vessels
        if held and held + own > rows:
            bounds.append(number)
            held = 0
        held += own
    return list(zip(bounds, [*bounds[1:], whole[1]], strict=True))


def of_range(frame: pd.DataFrame, low: int, high: int) -> pd.DataFrame:
    """Return the rows of the vessels from one MMSI on and below another."""
    mmsi = frame["mmsi"].to_numpy()
    inside = (mmsi >= low) & (mmsi < high)
    return frame if inside.all() else frame[np.asarray(inside)].reset_index(drop=True)
