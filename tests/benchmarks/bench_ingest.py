"""A feed of sentences into the store, against pyais and against reading the same bytes.

Run by hand, on one core: python tests/benchmarks/bench_ingest.py [--sentences N] [--peak GB].
The real sentences beside the checkout are replicated, a tag block with a time before each. Rounds
of all steps alternate, and the best of each counts, so that other work on the machine disturbs all
of them alike. `--peak` also takes in a feed of that size, in a process of its own, and says how
much memory that took.
"""

import argparse
import functools
import multiprocessing
import operator
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pyais.stream import FileReaderStream

from pipelines import ingest, store
from pipelines.ingest.aivdm import Decoder

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT.parent / "shared" / "corpora" / "corpus_real_distinct.nmea"
START_S = 1_700_000_000
PER_SECOND = 100
SLOW_SENTENCES = 50_000
ROUNDS = 5
BLOCK = 1 << 20
PYAIS = "pyais: FileReaderStream, asdict"
FLOOR = "read and count newlines"


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sentences", type=int, default=5_000_000)
    arguments.add_argument("--peak", type=float, default=0.0, help="GB of feed")
    asked = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if not CORPUS.is_file():
        sys.exit(f"no sentences to measure with: {CORPUS} isn't there")
    Decoder(announce=say)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        large, small = home / "large.nmea", home / "small.nmea"
        count = write(large, asked.sentences)
        few = write(small, SLOW_SENTENCES)
        best = measure(home, large, small, count, few)
        say(f"{count:,} sentences, {large.stat().st_size / 1e6:.0f} MB; best of {ROUNDS} rounds")
        say(f"{'step':<40}{'sentences/s':>14}{'x pyais':>10}{'x floor':>10}")
        for step, seconds in best.items():
            ratios = best[PYAIS] / seconds, seconds / best[FLOOR]
            say(f"{step:<40}{1 / seconds:>14,.0f}{ratios[0]:>10.1f}{ratios[1]:>10.1f}")
        if asked.peak:
            large.unlink()
            size = write(large, int(asked.peak * 1e9 / 76))
            say(
                f"peak memory of {size:,} sentences ({large.stat().st_size / 1e9:.2f} GB) into the "
                f"store: {peak_mb(home, large):,.0f} MB"
            )


def write(path: Path, least: int) -> int:
    """Replicate the corpus with times; the number of sentences."""
    lines = CORPUS.read_bytes().splitlines(keepends=True)
    written = 0
    with path.open("wb") as file:
        while written < least:
            for line in lines[: least - written if least < len(lines) else None]:
                second = START_S + written // PER_SECOND
                file.write(tag(second) + line)
                written += 1
    return written


@functools.lru_cache(maxsize=4)
def tag(second: int) -> bytes:
    r"""A tag block: `\s:bench,c:…*hh\`."""
    fields = b"s:bench,c:%d" % second
    return b"\\%b*%02X\\" % (fields, functools.reduce(operator.xor, fields))


def measure(home: Path, large: Path, small: Path, many: int, few: int) -> dict[str, float]:
    """Best seconds per sentence of each step."""
    steps: dict[str, tuple[Callable[[Path], None], Path, int, int]] = {
        FLOOR: (floor, large, many, ROUNDS),
        "file -> reused rows": (kernel, large, many, ROUNDS),
        "file -> frames": (decode, large, many, ROUNDS),
        "file -> store, published": (lambda path: add(home, path), large, many, ROUNDS),
        PYAIS: (peer, small, few, 3),
    }
    best = dict.fromkeys(steps, float("inf"))
    for turn in range(ROUNDS):
        for name, (step, path, count, rounds) in steps.items():
            if turn < rounds:
                # An empty store: making one takes as long as a million sentences do.
                with store.write(home / "store"):
                    pass
                start = time.perf_counter()
                step(path)
                best[name] = min(best[name], (time.perf_counter() - start) / count)
                shutil.rmtree(home / "store", ignore_errors=True)
    return best


def floor(path: Path) -> None:
    """Read the bytes and count lines."""
    lines = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n")


def kernel(path: Path) -> None:
    """Rows of the decoder alone, which are used again for the next block."""
    decoder = Decoder()
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(decoder.room()):
            for _ in decoder.advance(count):
                pass


def batches(path: Path) -> ingest.Decoding:
    """The feed, being decoded."""
    feed = ingest.FeedFile(path, path.name, "0123456789abcdef" * 4)
    return ingest.decode(feed, ingest.IngestOptions())


def decode(path: Path) -> None:
    """All batches as frames, not kept."""
    for batch in batches(path):
        _ = batch.positions, batch.statics


class Report(dict[str, object]):
    """What became of a feed, known when it has been read."""


def add(home: Path, path: Path) -> None:
    """Put the feed into the store, and publish."""
    decoding, report = batches(path), Report(simulated=False)

    def read() -> Iterator[ingest.Batch]:
        yield from decoding
        report.update(decoding.report.to_dict())

    with store.write(home / "store") as writer:
        writer.add_feed("a", sha256="a", name=path.name, batches=read(), report=report)


def peer(path: Path) -> None:
    """What a user would write with pyais."""
    with FileReaderStream(str(path)) as stream:
        for sentence in stream:
            try:
                sentence.decode().asdict()
            except Exception:
                continue


def peak_mb(home: Path, path: Path) -> float:
    """The most memory that a process of its own held."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (home, path))


def _peak(home: Path, path: Path) -> float:
    add(home, path)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(line: str) -> None:
    """One line on stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
