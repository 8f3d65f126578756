"""Bulk AIVDM decoding against pyais and against reading the same bytes.

Run by hand, on one core: python tests/benchmarks/bench_decode.py [FEED]. Without a feed, the real
sentences beside the checkout are replicated to about a million. Rounds of all steps alternate, and
the best of each counts, so that other work on the machine disturbs all of them alike.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from pyais.stream import FileReaderStream

from pipelines.ingest.aivdm import Decoder, native_frame, native_positions, statics_frame

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT.parent / "shared" / "corpora" / "corpus_real_distinct.nmea"
SENTENCES = 1_000_000
SLOW_SENTENCES = 50_000
ROUNDS = 7
BLOCK = 1 << 20


def main():
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    if not corpus.is_file():
        sys.exit(f"no sentences to measure with: {corpus} isn't there; name a file")
    lines = corpus.read_bytes().splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large.nmea"), Path(folder, "small.nmea")
        copies = max(SENTENCES // len(lines), 1)
        large.write_bytes(b"".join(lines) * copies)
        small.write_bytes(b"".join(lines[:SLOW_SENTENCES]))
        Decoder(announce=say)
        best = measure(large, small, len(lines) * copies, min(len(lines), SLOW_SENTENCES))
    say(f"{len(lines) * copies:,} sentences, {large_text(copies, lines)}; best of {ROUNDS} rounds")
    say(f"{'step':<40}{'sentences/s':>14}{'x pyais':>10}{'x floor':>10}")
    slow, floor = best["pyais: FileReaderStream, asdict"], best["read and count newlines"]
    for step, seconds in best.items():
        say(f"{step:<40}{1 / seconds:>14,.0f}{slow / seconds:>10.1f}{seconds / floor:>10.1f}")


def measure(large, small, many, few):
    """Best seconds per sentence of each step."""
    steps = {
        "read and count newlines": (floor, large, many),
        "file -> reused rows": (kernel, large, many),
        "file -> frames (degrees, knots)": (frames, large, many),
        "pyais: FileReaderStream, asdict": (peer, small, few),
    }
    best = dict.fromkeys(steps, float("inf"))
    for turn in range(ROUNDS):
        for name, (step, path, count) in steps.items():
            if step is peer and turn >= 3:
                continue
            start = time.perf_counter()
            step(path)
            best[name] = min(best[name], (time.perf_counter() - start) / count)
    return best


def floor(path):
    """Read the bytes and count lines."""
    lines = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n")
    return lines


def kernel(path):
    """Rows in the arena, which is used again for the next block."""
    decoder = Decoder()
    rows = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(decoder.room()):
            rows += sum(len(columns.positions) for columns in decoder.advance(count))
    return rows


def frames(path):
    """Positions and static data as the project's frames; here all rows lack a time, so give one."""
    decoder = Decoder()
    made = []
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(decoder.room()):
            for columns in decoder.advance(count):
                columns.positions["time"] = 1_700_000_000_000_000
                columns.statics["time"] = 1_700_000_000_000_000
                native = native_positions(columns.positions, "bench", columns.stations)
                made += [native_frame(native), statics_frame(columns.statics, "bench")]
    return made


def peer(path):
    """What a user would write with pyais."""
    found = 0
    with FileReaderStream(str(path)) as stream:
        for sentence in stream:
            try:
                sentence.decode().asdict()
            except Exception:
                continue
            found += 1
    return found


def large_text(copies, lines):
    """Size of the replicated file."""
    return f"{sum(map(len, lines)) * copies / 1e6:.0f} MB"


def say(line):
    """One line on stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
