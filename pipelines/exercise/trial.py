"""Trials: exercises of several seeds, each simulated, run and scored on its own."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.exercise.score import FLAG_SCORE, Score, score
from pipelines.exercise.truth import ExerciseError

MAX_SEEDS: Final = 1000
_PARTIAL: Final = 6
"""Exit code of a nightly run of which a part failed; its results are there to be scored."""
_COMMAND: Final = (sys.executable, "-P", "-m", "pipelines.cli.main")


@dataclass(frozen=True)
class Trial:
    """What to try."""

    out: Path
    """Folder; each seed gets one of its own in it, and a store of its own."""
    hours: float
    vessels: int
    """Of each exercise."""
    config: Path
    """Folder of configuration."""
    innocent: bool = False
    satellite: bool = False
    """What sort of exercise: see `simulate`."""

    def run(
        self,
        seeds: Sequence[int],
        *,
        jobs: int = 1,
        flag_score: float = FLAG_SCORE,
        done: Callable[[int], None] | None = None,
    ) -> dict[int, Score]:
        """Score by seed; `jobs` seeds at a time, each step in a process of its own.

        Raises ExerciseError if a command fails, with the last it said.
        """

        def one(seed: int) -> Score:
            result = self._one(seed, flag_score)
            if done:
                done(seed)
            return result

        with ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
            return dict(zip(seeds, pool.map(one, seeds), strict=True))

    def _one(self, seed: int, flag_score: float) -> Score:
        folder = self.out / f"seed-{seed}"
        home, feed, seen = folder / "home", folder / "feed.nmea.gz", folder / "sightings.csv"
        if home.exists():
            raise ExerciseError(
                f"{home} is there already", hint="a trial needs a store of its own: remove it"
            )
        config = ("--config", str(self.config))
        size = ("--hours", f"{self.hours:g}", "--vessels", str(self.vessels))
        sort = ["--innocent"] * self.innocent + ["--satellite"] * self.satellite
        _selat("exercise", "simulate", str(folder), "--seed", str(seed), *size, *sort, *config)
        sightings = ("--sightings", str(seen)) if seen.exists() else ()
        _selat("nightly", "--quiet", "--feed", str(feed), "--home", str(home), *sightings, *config)
        return score(folder / "truth.json", home / "latest", flag_score=flag_score)


def seeds_of(text: str) -> list[int]:
    """Seeds from a text such as ``201-204,300``.

    Raises
    ------
    ConfigError
        If it isn't one.

    >>> seeds_of("201-204,300")
    [201, 202, 203, 204, 300]
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(f"{text!r} names no seeds", hint="e.g. 201-204,300")
        some = range(int(first), int(last or first) + 1)
        if not 0 < len(some) <= MAX_SEEDS:
            raise ConfigError(f"{part.strip()!r} names {len(some)} seeds", hint="e.g. 201-204,300")
        seeds.update(dict.fromkeys(some))
    return list(seeds)


def _selat(*arguments: str) -> None:
    ran = subprocess.run((*_COMMAND, *arguments), capture_output=True, text=True, check=False)
    if ran.returncode not in (0, _PARTIAL):
        said = ran.stderr.strip().splitlines()
        errors = [line for line in said if line.startswith("error: ")]
        last = (errors or said or [f"exit code {ran.returncode}"])[-1]
        raise ExerciseError(
            f"selat {arguments[0]} failed: {last.removeprefix('error: ')}",
            hint=f"try it alone: selat {' '.join(arguments)}",
        )
