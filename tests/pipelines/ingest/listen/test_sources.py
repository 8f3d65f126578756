import fcntl
import os
import termios
import threading

import pytest

from detectors.core.errors import ConfigError
from pipelines.ingest.listen import Backoff, inbox
from pipelines.ingest.listen.connected import SerialSource, StdinSource, TcpSource
from pipelines.ingest.listen.datagrams import UdpSource
from pipelines.ingest.listen.sources import parse
from pipelines.ingest.listen.stamp import Stamper
from pipelines.ingest.listen.status import Counts


def test_the_four_kinds_of_source() -> None:
    assert parse("tcp://feed.example:10110") == TcpSource("feed.example", 10110)
    assert parse("tcp://[::1]:4001") == TcpSource("::1", 4001)
    assert parse("serial:/dev/ttyUSB0") == SerialSource("/dev/ttyUSB0", 38_400)
    assert parse("serial:/dev/ttyS1?baud=4800") == SerialSource("/dev/ttyS1", 4800)
    assert parse("-") == StdinSource()


def test_udp_is_heard_on_the_loopback_address_unless_another_is_named() -> None:
    assert parse("udp://:10110") == UdpSource("127.0.0.1", 10110)
    assert parse("udp://0.0.0.0:10110") == UdpSource("0.0.0.0", 10110)
    source = parse("udp://0.0.0.0:1?from=192.0.2.0/24,2001:db8::1")
    assert isinstance(source, UdpSource)
    assert [str(network) for network in source.senders] == ["192.0.2.0/24", "2001:db8::1/128"]
    assert source._is_allowed("192.0.2.7")
    assert source._is_allowed("::ffff:192.0.2.7")
    assert source._is_allowed("2001:db8::1%eth0")
    assert not source._is_allowed("198.51.100.1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "feed.example:10110",
        "http://feed.example:80",
        "tcp://feed.example",
        "tcp://:10110",
        "tcp://h:0",
        "tcp://feed..example:10110",
        "udp://" + "x" * 64 + ".example:10110",
        "tcp://h:99999",
        "tcp://h:x",
        "tcp://h:1/path",
        "tcp://user:secret@h:1",
        "tcp://h:1?baud=9600",
        "udp://:10110?from=x",
        "udp://:1?from=192.0.2.7/24",
        "udp://:1?to=x",
        "udp://:1?max_kb_s=0",
        "udp://239.192.0.1:60001",
        "serial:",
        "serial:ttyUSB0",
        "serial://dev/ttyUSB0",
        "serial:/dev/ttyUSB0?baud=fast",
        "serial:/dev/ttyUSB0?baud=12345",
        "serial:/dev/x?parity=e",
        "tcp://[::1:4001",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_source_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.hint


def test_a_serial_line_is_taken_as_8n1_by_one_program_alone() -> None:
    master, line = os.openpty()
    try:
        mode = termios.tcgetattr(line)
        mode[2] |= termios.CSTOPB
        termios.tcsetattr(line, termios.TCSANOW, mode)
        source = SerialSource(os.ttyname(line), 4800)
        fcntl.flock(line, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another program is reading it"):
            source._open()
        fcntl.flock(line, fcntl.LOCK_UN)
        with source._open() as device:
            _, _, flags, _, *speeds, _ = termios.tcgetattr(device)
        assert flags & termios.CLOCAL
        assert not flags & termios.CSTOPB
        assert speeds == [termios.B4800] * 2
    finally:
        os.close(line)
        os.close(master)


def test_nobody_waits_for_room_where_nobody_looks_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "_MAX_WAITING", 1)
    full = inbox.Inbox(Counts())
    full.put(b"one")
    waiting = threading.Thread(target=full.put, args=(b"two",), daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    full.close()
    waiting.join(20)
    assert not waiting.is_alive()


def test_waiting_grows_to_a_bound_and_varies() -> None:
    backoff = Backoff(first_s=0.5, most_s=60)
    for failures, longest in [(1, 0.5), (2, 1), (3, 2), (7, 32), (8, 60), (100_000, 60)]:
        delays = [backoff.delay_s(failures) for _ in range(50)]
        assert longest / 2 <= min(delays) < max(delays) <= longest


@pytest.mark.parametrize(
    "text", ["tcp://h:1", "tcp://[2001:db8::1]:1", "udp://:1", "serial:/dev/tty USB"]
)
def test_every_source_has_a_station_that_fits_a_tag_block(text: str) -> None:
    Stamper(parse(text).station, Counts())
