import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from detectors.core.errors import ConfigError
from pipelines.ingest.listen import Backoff, ListenError, listen, stop_on_signals
from tests.pipelines.ingest.listen.conftest import (
    Recording,
    Server,
    bare,
    read_back,
    sentence,
    wait_for,
)


def test_ten_thousand_sentences_a_second_are_all_recorded(
    tmp_path: Path, hold: threading.Event
) -> None:
    sent = [sentence(n) for n in range(20_000)]

    def serve(connection: socket.socket, number: int) -> None:
        began_s = time.monotonic()
        for n in range(0, len(sent), 100):
            connection.sendall(b"\r\n".join(sent[n : n + 100]) + b"\r\n")
            time.sleep(max(0, began_s + (n + 100) / 10_000 - time.monotonic()))
        hold.wait(20)

    with Server(serve, hold) as feed, Recording(feed.url, tmp_path, rotate_bytes=100_000) as live:
        wait_for(lambda: live.has_recorded(len(sent)), "all sentences")
    result = live.result()
    recorded = read_back(tmp_path)
    assert bare(recorded) == sent
    assert all(re.match(rb"\\c:\d{10},s:127-0-0-1\*[0-9A-F]{2}\\!", line) for line in recorded)
    assert result.counts.lines == result.counts.stamped == len(sent)
    assert result.counts.received_bytes == sum(map(len, sent)) + 2 * len(sent)
    assert result.vessels == 5000
    assert len(result.files) > 2
    assert [path.name for path in sorted(tmp_path.iterdir())] == sorted(
        p.name for p in result.files
    )
    assert live.said("connected to tcp://127.0.0.1")
    assert all(live.said(f"finished {path} with ") for path in result.files)
    status = live.statuses[-1]
    assert status.vessels == 5000
    assert status.last_line.endswith(sent[-1].decode())
    assert status.last_time is not None
    assert max(status.rate_per_s for status in live.statuses) > 0
    # About once a second.
    assert all(b.elapsed_s - a.elapsed_s > 0.5 for a, b in pairwise(live.statuses[:3]))


@pytest.mark.usefixtures("brisk")
def test_a_feed_that_drops_the_connection_is_found_again(tmp_path: Path) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        # The last line is cut off; the next connection's first one mustn't be glued to it.
        connection.sendall(sentence(number) + b"\n" + sentence(1000 + number)[:20])

    with Server(serve) as feed, Recording(feed.url, tmp_path) as live:
        wait_for(lambda: live.has_recorded(8), "four connections")
    recorded = bare(read_back(tmp_path))
    assert recorded[:8] == [
        line for n in range(4) for line in (sentence(n), sentence(1000 + n)[:20])
    ]
    assert live.result().counts.connections >= 4
    assert re.search(r"the other side closed it; next attempt in 0\.\d s", " ".join(live.notices))


@pytest.mark.usefixtures("brisk")
def test_a_line_that_gives_and_falls_again_and_again_is_not_waited_for_longer_each_time(
    tmp_path: Path,
) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        connection.sendall(sentence(number) + b"\n")

    # Doubled each time, the waits before the twelfth connection would be a minute.
    giving = Backoff(first_s=0.03, giving_s=0)
    with Server(serve) as feed, Recording(feed.url, tmp_path, backoff=giving) as live:
        wait_for(lambda: live.has_recorded(12), "twelve connections")


@pytest.mark.usefixtures("brisk")
def test_a_feed_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
        with Recording(f"tcp://127.0.0.1:{port}", tmp_path) as live:
            wait_for(lambda: live.said("Connection refused; next attempt"), "a refusal")
            place.listen()
            place.settimeout(10)
            with place.accept()[0] as connection:
                connection.sendall(sentence(1) + b"\n")
                wait_for(lambda: live.has_recorded(1), "the sentence")
    assert bare(read_back(tmp_path)) == [sentence(1)]


@pytest.mark.usefixtures("brisk")
def test_garbage_is_survived_and_counted(tmp_path: Path, hold: threading.Event) -> None:
    noise = b"".join(bytes([0x80 + n % 128, 0, 7]) + b"\n" for n in range(500))
    endless = b"x" * 3_000_000

    def serve(connection: socket.socket, number: int) -> None:
        for part in (sentence(1) + b"\n", noise, endless, b"\n\n\r\n", sentence(2) + b"\n"):
            connection.sendall(part)
        hold.wait(20)

    with Server(serve, hold) as feed, Recording(feed.url, tmp_path) as live:
        wait_for(lambda: live.has_recorded(2), "both sentences")
    counts = live.result().counts
    assert bare(read_back(tmp_path)) == [sentence(1), sentence(2)]
    assert (counts.noise_lines, counts.noise_bytes) == (500, 1500)
    assert (counts.overlong_lines, counts.overlong_bytes) == (1, len(endless))
    said = [notice for notice in live.notices if notice.startswith("not recorded so far: ")]
    assert said[-1].endswith(": 500 lines that are no text, 1 lines that are too long")
    assert len(said) <= 2, "at once, and at the end"


@pytest.mark.usefixtures("brisk")
def test_a_connection_that_says_nothing_more_is_made_anew(
    tmp_path: Path, hold: threading.Event
) -> None:
    silent = Backoff(first_s=0.02, most_s=0.1, silent_s=0.05)

    def serve(connection: socket.socket, number: int) -> None:
        connection.sendall(sentence(number) + b"\n")
        if not number:
            assert connection.recv(1) == b""  # the other side gives it up
            return
        hold.wait(20)

    with Server(serve, hold) as feed, Recording(feed.url, tmp_path, backoff=silent) as live:
        wait_for(lambda: live.has_recorded(2), "both sentences")
    assert bare(read_back(tmp_path)) == [sentence(0), sentence(1)]
    assert re.search(r"nothing came for 0\.0\d+ min; next attempt", " ".join(live.notices))


def udp_address(live: Any) -> tuple[str, int]:
    wait_for(lambda: live.said("listening on udp://") or live.error, "the port")
    match = re.fullmatch(r"listening on udp://(.*):(\d+)", live.said("listening"))
    assert match is not None
    return match[1], int(match[2])


@pytest.mark.usefixtures("brisk")
def test_datagrams_are_recorded_and_bounded(tmp_path: Path) -> None:
    sent = [sentence(n) for n in range(2000)]
    with Recording("udp://:0", tmp_path) as live:
        address = udp_address(live)
        assert address[0] == "127.0.0.1"
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for n, line in enumerate(sent):
                end = (b"", b"\n", b"\r\n")[n % 3]
                sender.sendto((b"UdPbC\0" if n % 7 == 0 else b"") + line + end, address)
                if n % 50 == 0:
                    time.sleep(0.005)
            sender.sendto(b"A" * 20_000 + b"\n" + sentence(5000), address)
            sender.sendto(b"", address)
            sender.sendto(sentence(1) + b"\n" + sentence(2), address)
        wait_for(
            lambda: (
                live.statuses
                and live.statuses[-1].counts.lines + live.statuses[-1].counts.dropped_datagrams
                >= 2002
            ),
            "all datagrams",
        )
    counts = live.result().counts
    recorded = bare(read_back(tmp_path))
    assert len(recorded) + counts.dropped_datagrams == 2002
    assert set(recorded) <= {*sent}
    if not counts.dropped_datagrams:
        assert recorded == [*sent, sentence(1), sentence(2)]
        assert counts.long_datagrams == 1


@pytest.mark.usefixtures("brisk")
def test_senders_that_are_not_listed_are_refused(tmp_path: Path) -> None:
    with Recording("udp://:0?from=127.0.0.2", tmp_path) as live:
        address = udp_address(live)
        for host, line in (("127.0.0.1", sentence(1)), ("127.0.0.2", sentence(2))):
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.bind((host, 0))
                sender.sendto(line, address)
        wait_for(lambda: live.has_recorded(1), "the listed sender")
    assert bare(read_back(tmp_path)) == [sentence(2)]
    assert live.result().counts.refused_datagrams == 1


@pytest.mark.usefixtures("brisk")
def test_one_sender_cannot_drown_another(tmp_path: Path) -> None:
    # 0.1 kB/s with five seconds saved up: 500 bytes, ten sentences of the flood.
    with Recording("udp://:0?max_kb_s=0.1", tmp_path) as live:
        address = udp_address(live)
        with socket.socket(type=socket.SOCK_DGRAM) as flood:
            flood.bind(("127.0.0.1", 0))
            for number in range(100):
                flood.sendto(sentence(number), address)
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", 0))
            other.sendto(sentence(777), address)
        wait_for(lambda: live.statuses and told(live.statuses[-1].counts) == 101, "all datagrams")
    recorded = bare(read_back(tmp_path))
    assert sentence(777) in recorded
    counts = live.result().counts
    assert counts.excess_datagrams > 50
    assert told(counts) == 101


def told(counts: Any) -> int:
    return int(counts.lines + counts.excess_datagrams + counts.dropped_datagrams)


def test_a_port_that_is_taken_is_an_error_for_a_person(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(ListenError, match="can't be listened on"):
            listen(f"udp://:{other.getsockname()[1]}", tmp_path)


@pytest.mark.usefixtures("brisk")
def test_a_serial_line_is_recorded_and_opened_again(tmp_path: Path) -> None:
    device = tmp_path / "ttyAIS"
    sent = [sentence(n) for n in range(300)]

    def plug_in() -> tuple[int, int]:
        ours, theirs = pty.openpty()
        device.unlink(missing_ok=True)
        device.symlink_to(os.ttyname(theirs))
        return ours, theirs

    def send(ours: int, lines: list[bytes]) -> None:
        for line in lines:
            os.write(ours, line + b"\r\n")
            time.sleep(0.001)

    folder = tmp_path / "feeds"
    ours, theirs = plug_in()
    with Recording(f"serial:{device}?baud=38400", folder) as live:
        wait_for(lambda: live.said("connected to serial:"), "the line")
        send(ours, sent[:150])
        wait_for(lambda: live.has_recorded(150), "the first half")
        # The plug is pulled.
        os.close(theirs)
        os.close(ours)
        wait_for(lambda: live.said("next attempt"), "the loss")
        ours, theirs = plug_in()
        wait_for(lambda: live.statuses[-1].counts.connections == 2, "the line again")
        send(ours, sent[150:])
        wait_for(lambda: live.has_recorded(300), "the second half")
    os.close(theirs)
    os.close(ours)
    recorded = read_back(folder)
    assert bare(recorded) == sent
    assert recorded[0].startswith(b"\\c:")
    assert b",s:ttyAIS*" in recorded[0]


def test_a_file_is_no_serial_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ListenError, match="isn't a serial line"):
        listen(f"serial:{tmp_path / 'file'}", tmp_path / "feeds")


LISTEN = """
import signal, sys
from pathlib import Path
from pipelines.ingest.listen import listen, stop_on_signals

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests run under nohup
with stop_on_signals() as stop:
    result = listen(sys.argv[1], Path(sys.argv[2]), stop=stop)
print(result.counts.lines)
"""


def run_listen(source: str, folder: Path, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", LISTEN, source, str(folder)], **options)


@pytest.mark.slow
def test_standard_input_is_recorded_to_its_end(tmp_path: Path) -> None:
    sent = [sentence(n) for n in range(1000)]
    process = run_listen("-", tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Without a line end behind the last one.
    output, _ = process.communicate(b"\n".join(sent), timeout=20)
    assert process.returncode == 0
    assert output.endswith(b"1000\n")
    assert bare(read_back(tmp_path)) == sent


@pytest.mark.slow
def test_a_file_is_not_a_live_feed(tmp_path: Path) -> None:
    (tmp_path / "old.nmea").write_bytes(b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n")
    with (tmp_path / "old.nmea").open("rb") as file:
        process = run_listen("-", tmp_path / "feeds", stdin=file, stderr=subprocess.PIPE)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"standard input is a file" in errors


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_recording_properly(tmp_path: Path, kind: signal.Signals) -> None:
    with run_listen("-", tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(sentence(1) + b"\n" + sentence(2) + b"\n")
        process.stdin.flush()
        wait_for(lambda: list(tmp_path.glob(".*.part")), "the file")
        process.send_signal(kind)
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read().endswith(b"2\n")
    assert bare(read_back(tmp_path)) == [sentence(1), sentence(2)]
    assert not list(tmp_path.glob(".*"))


def test_signals_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("brisk")
def test_two_recorders_in_one_folder_keep_apart(tmp_path: Path, hold: threading.Event) -> None:
    sent = [sentence(n) for n in range(3000)]

    def serve(connection: socket.socket, number: int) -> None:
        for n in range(0, len(sent), 300):
            connection.sendall(b"\n".join(sent[n : n + 300]) + b"\n")
            time.sleep(0.12)
        hold.wait(20)

    options = {"station": "same", "rotate_bytes": 1000}
    with (
        Server(serve, hold) as a,
        Server(serve, hold) as b,
        Recording(a.url, tmp_path, **options) as one,
        Recording(b.url, tmp_path, **options) as two,
    ):
        wait_for(lambda: one.has_recorded(3000) and two.has_recorded(3000), "both")
    files = [*one.result().files, *two.result().files]
    assert len(files) == len(set(files)) == len(list(tmp_path.iterdir())) >= 4
    assert sorted(bare(read_back(tmp_path))) == sorted(sent * 2)


@pytest.mark.parametrize("options", [{"rotate_s": 0}, {"rotate_bytes": 0}, {"station": "a b"}])
def test_a_wrong_limit_is_an_error_for_a_person(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        listen("udp://:0", tmp_path, **options)
