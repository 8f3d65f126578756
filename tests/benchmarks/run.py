"""Run every benchmark on one core and write what they print to docs/benchmarks.md: make bench."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Made by `make bench` on {date}, one core of {machine}, Python {python}. Ratios hold better than
times: compare a step with its peer and with its floor in the same table. What needs feeds that
aren't part of the project says so where they are missing.
"""


def main() -> None:
    """Run, print and write."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    parts = [
        HEAD.format(date=datetime.now(UTC).date(), machine=cpu(), python=platform.python_version())
    ]
    for script in sorted(HERE.glob("bench_*.py")):
        title = script.stem.removeprefix("bench_")
        sys.stderr.write(f"{title} …\n")
        command = [sys.executable, str(script)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = (
            done.stdout if done.returncode == 0 else f"{done.stdout}\nfailed: {done.stderr[-400:]}"
        )
        sys.stdout.write(f"== {title}\n{said}\n")
        parts.append(f"## {title}\n\n```\n{said.strip()}\n```\n")
    OUT.write_text("\n".join(parts), encoding="utf-8")


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "an unknown processor"


if __name__ == "__main__":
    main()
