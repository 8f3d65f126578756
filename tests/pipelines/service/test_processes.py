"""What a process started ends with it, whatever ends it."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.flows.processes import end, marked
from pipelines.settings import PROJECT

SERVICE = """
import subprocess, sys, time
from pipelines.flows.processes import guarded
with open(sys.argv[1], "a") as lock, guarded(sys.argv[2], keep_open=[lock.fileno()]):
    import fcntl
    fcntl.flock(lock, fcntl.LOCK_EX)
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "import time; time.sleep(600)"
    for command in ([program, child], [child]):
        subprocess.Popen([sys.executable, "-c", *command], start_new_session=True)
    print("up", flush=True)
    if sys.argv[3] == "killed":
        time.sleep(600)
"""


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_guard_ends_what_a_service_started(tmp_path: Path, how: str) -> None:
    lock, mark = tmp_path / "lock", f"test-{tmp_path.name}-{how}"
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(lock), mark, how], cwd=PROJECT,
        stdout=subprocess.PIPE, text=True,
    ) as service:  # fmt: skip
        assert service.stdout is not None
        assert service.stdout.readline() == "up\n"
        if how == "killed":
            deadline = time.monotonic() + 60
            while len(marked(mark)) < 4:  # a guard, two children, a grandchild
                assert time.monotonic() < deadline
            service.kill()
        service.wait(60)
    with lock.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # free once nothing is left but the guard that ends
    psutil.wait_procs(marked(mark), 10)
    assert marked(mark) == []


NIGHT = """
import subprocess, sys
child = "from pipelines.flows.processes import end_with_parent; end_with_parent(); " \\
    "print('up', flush=True); import time; time.sleep(600)"
subprocess.run([sys.executable, "-c", child])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can")
def test_a_child_that_asked_for_it_is_killed_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", NIGHT], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        [child] = psutil.Process(parent.pid).children()
        parent.kill()
        child.wait(30)


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
print("up", flush=True)
time.sleep(600)
"""


def test_a_process_that_heeds_no_request_is_made_to_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        end(process.pid, patience_s=1)
        assert process.stdout.readline() == "asked\n"
        assert process.wait(0) == -9
