"""What a process started ends with it, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.base.processes import end, marked
from pipelines.base.settings import PROJECT

pytestmark = pytest.mark.slow  # processes

SERVICE = """
import subprocess, sys, time
from pipelines.base.processes import Guard
with Guard(sys.argv[1]):
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "import time; time.sleep(600)"
    for command in ([program, child], [child]):
        subprocess.Popen([sys.executable, "-c", *command], start_new_session=True)
    print("up", flush=True)
    if sys.argv[2] == "killed":
        time.sleep(600)
"""


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_guard_ends_what_a_service_started(tmp_path: Path, how: str) -> None:
    mark = f"test-{tmp_path.name}-{how}"
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, mark, how], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "up\n"
        if how == "killed":
            deadline = time.monotonic() + 60
            while len(marked(mark)) < 4:  # a guard, two children, a grandchild
                assert time.monotonic() < deadline
            service.kill()
        service.wait(60)
    psutil.wait_procs(marked(mark), 30)
    assert marked(mark) == []


NIGHT = """
import subprocess, sys
child = "from pipelines.base.processes import end_with_parent; end_with_parent(); " \\
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


WORK = """
import ctypes, signal, subprocess, sys, time
from pipelines.base import processes

# However busy the machine is, what can tidy up has the time to.
processes.STOP_S = 60.0 if sys.argv[1] == "tidy" else 0.2

# Whoever runs the tests may have them ignored: nohup, a background job.
for one in (signal.SIGHUP, signal.SIGINT):
    signal.signal(one, signal.SIG_DFL)

def main():
    child = "import time; time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
    try:
        print("up", flush=True)
        if sys.argv[1] == "tidy":
            time.sleep(600)
        lock, library = ctypes.create_string_buffer(256), ctypes.CDLL(None)
        while True:  # native, for good: no signal handler runs meanwhile
            library.pthread_mutex_lock(lock)
    finally:
        print("tidied", flush=True)

def stopped(by):
    sys.stderr.write(f"stopped by {by.name}\\n")
    return 128 + by

processes.supervise(main, stopped=stopped)
"""


@pytest.mark.parametrize("doing", ["tidy", "native"])
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_supervised_command_ends_with_a_sentence_whatever_it_does(
    doing: str, by: signal.Signals
) -> None:
    mark = f"{doing}-{by.name}-{os.getpid()}"
    with subprocess.Popen(
        [sys.executable, "-c", WORK, doing],
        cwd=PROJECT,
        text=True,
        env={**os.environ, "TEST_MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "up\n"
        command.send_signal(by)
        try:
            out, err = command.communicate(timeout=60)  # to its end: no child holds the pipes
        except subprocess.TimeoutExpired:
            command.kill()  # else the test waits for it, too
            raise
    killed = by == signal.SIGKILL
    assert command.returncode == (-9 if killed else 128 + by)
    assert err == ("" if killed else f"stopped by {by.name}\n")
    if doing == "tidy" or killed:
        assert out == ("" if killed else "tidied\n")
    else:  # a signal that comes before the native work begins is heeded in Python still
        assert out in {"", "tidied\n"}
    left = [p for p in psutil.process_iter() if _environment(p).get("TEST_MARK") == mark]
    assert psutil.wait_procs(left, 30)[1] == []


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except psutil.Error:
        return {}


def test_a_supervised_command_ends_as_its_work_does() -> None:
    def ended(work: str, **signals: int) -> "subprocess.CompletedProcess[str]":
        code = f"""
import os, signal, sys
from pipelines.base.processes import supervise
for name, to in {signals}.items():
    signal.signal(getattr(signal, name), to)
def main():
    {work}
supervise(main, stopped=lambda by: 99)
"""
        return subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
        )

    assert ended("print('done')").stdout == "done\n"
    assert ended("sys.exit(6)").returncode == 6
    killed = ended("os.kill(os.getpid(), signal.SIGKILL)")
    assert killed.returncode == 137
    assert "ended by SIGKILL: was there no memory left?" in killed.stderr
    # What is ignored, as under nohup, stays ignored.
    assert ended("os.kill(os.getppid(), signal.SIGHUP)", SIGHUP=1).returncode == 0
    assert ended("os.kill(os.getppid(), signal.SIGTERM); signal.pause()").returncode == 99


@pytest.mark.parametrize("name", ["evenings.py", "main.py", "selat.py", "-c"])
def test_a_script_that_calls_commands_goes_on_in_one_process(tmp_path: Path, name: str) -> None:
    """A command that is supervised works in a child: that must not go on with the script.

    It is mistyped, so that it ends before it imports what it works with.
    """
    text = """
import sys
from pipelines.cli.main import main
for _ in range(2):
    sys.argv = ["selat", "learn", "nothing"]
    try:
        main()
    except SystemExit as end:
        print("ended", end.code)
"""
    (tmp_path / name).write_text(text)
    script = ["-c", text] if name == "-c" else [str(tmp_path / name)]
    ran = subprocess.run(
        [sys.executable, *script],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "ended 2\n" * 2, ran.stdout + ran.stderr
