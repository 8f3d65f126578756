"""Stands by a command and ends what it started when it is gone: see `processes.Guard`.

It is a program of its own (``python -m pipelines.base.guard MARK``) that waits for the end of its
input, which the command holds open for as long as it lives.
"""

import sys

from pipelines.base.processes import end_marked


def main() -> None:
    """Wait until the command is gone, then end what carries its mark."""
    sys.stdin.buffer.read()
    end_marked(sys.argv[1])


if __name__ == "__main__":
    main()
