import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.ingest.listen import recover
from tests.pipelines.ingest.listen.conftest import (
    Server,
    bare,
    read_back,
    sentence,
    wait_for,
)

pytestmark = pytest.mark.slow  # processes

LISTEN = """
import sys
from pathlib import Path
from pipelines.ingest.listen import listen

listen(sys.argv[1], Path(sys.argv[2]), station="same", rotate_bytes=int(sys.argv[3]))
"""
KILLS = 4
PER_BURST = 20
BURST_S = 0.01


def test_a_kill_at_any_moment_loses_nothing_older_than_a_second(tmp_path: Path) -> None:
    # All record into one folder, so they must keep apart while they start, rotate and die, too.
    # Every second one rotates all the time, so that some are killed while they finish a file.
    sent: dict[int, list[tuple[float, bytes]]] = {k: [] for k in range(KILLS)}

    def feed(k: int) -> Callable[[socket.socket, int], None]:
        def serve(connection: socket.socket, number: int) -> None:
            while True:
                first = len(sent[k])
                lines = [sentence(k * 1_000_000 + first + n) for n in range(PER_BURST)]
                connection.sendall(b"\n".join(lines) + b"\n")
                now_s = time.monotonic()
                sent[k] += [(now_s, line) for line in lines]
                time.sleep(BURST_S)

        return serve

    killed_s: dict[int, float] = {}
    with ExitStack() as stack:
        processes = []
        for k in range(KILLS):
            url = stack.enter_context(Server(feed(k))).url
            rotate_bytes = str(1 << 26 if k % 2 else 1)
            command = [sys.executable, "-c", LISTEN, url, str(tmp_path), rotate_bytes]
            processes.append(stack.enter_context(subprocess.Popen(command)))
            stack.callback(processes[-1].kill)
        lives_s = {k: random.uniform(1.5, 3) for k in range(KILLS)}
        wait_for(lambda: all(sent.values()), "every recorder to connect")
        while len(killed_s) < KILLS:
            time.sleep(0.002)
            for k in set(lives_s) - set(killed_s):
                if time.monotonic() - sent[k][0][0] >= lives_s[k]:
                    processes[k].kill()
                    killed_s[k] = time.monotonic()
    recover(tmp_path)
    assert not list(tmp_path.glob(".*"))
    recorded = bare(read_back(tmp_path))
    assert len(recorded) == len(set(recorded))
    for k in range(KILLS):
        of_this = {line for _, line in sent[k]} & set(recorded)
        lost_s = [killed_s[k] - at_s for at_s, line in sent[k] if line not in of_this]
        assert of_this
        assert max(lost_s, default=0) < 1.0
        # Nothing is missing in between.
        kept = [line in of_this for _, line in sent[k]]
        assert all(before or not after for before, after in pairwise(kept))
