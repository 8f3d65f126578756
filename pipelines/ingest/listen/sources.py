"""Where a live feed comes from: a TCP server, UDP datagrams, a serial line, standard input.

A source runs in a thread of its own and puts what it receives, with the moment of reception, into
an `Inbox`. The connected ones (TCP, serial) come back after every interruption, waiting longer each
time (`Backoff`).
"""

import ipaddress
import re
import termios
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from detectors.core.errors import ConfigError
from pipelines.ingest.listen.connected import SerialSource, StdinSource, TcpSource
from pipelines.ingest.listen.datagrams import SENDER_KB_S, Network, UdpSource
from pipelines.ingest.listen.inbox import Source

_USAGE: Final = "tcp://HOST:PORT, udp://:PORT, serial:/dev/NAME?baud=38400, or - for standard input"


def parse(text: str) -> Source:
    """Return the source that a user names.

    >>> parse("udp://:10110").name, parse("serial:/dev/ttyUSB0").name
    ('udp://127.0.0.1:10110', 'serial:/dev/ttyUSB0?baud=38400')

    Raises ConfigError if it names none, or names one in a wrong way.
    """
    if text == "-":
        return StdinSource()
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
        host.encode("idna")  # as it is looked up: an empty label is refused there
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError as error:
        raise ConfigError(f"{text}: {error}", hint=_USAGE) from error
    if url.scheme == "serial":
        _refuse_others(text, options, {"baud"}, url, path=True)
        return SerialSource(url.path, _baud(text, options.get("baud", "38400")))
    if url.scheme not in {"tcp", "udp"}:
        raise ConfigError(f"{text} isn't a source to listen to", hint=_USAGE)
    if port is None:
        raise ConfigError(f"{text} names no port", hint=_USAGE)
    if url.scheme == "tcp":
        _refuse_others(text, options, set(), url)
        if not host or not port:
            raise ConfigError(f"{text} names no host", hint=_USAGE)
        return TcpSource(host, port)
    _refuse_others(text, options, {"from", "max_kb_s"}, url)
    host = host or "127.0.0.1"
    if _is_multicast(host):
        raise ConfigError(
            f"{text}: multicast groups aren't joined",
            hint="have the sender, or a relay such as socat, send to this machine's address",
        )
    return UdpSource(host, port, _networks(text, options.get("from", "")), _rate(text, options))


def _refuse_others(
    text: str, options: dict[str, str], known: set[str], url: SplitResult, *, path: bool = False
) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise ConfigError(f"{text}: unknown option {unknown[0]!r}", hint=_USAGE)
    if url.username is not None or url.fragment or (bool(url.netloc) if path else url.path):
        raise ConfigError(f"{text} isn't a source to listen to", hint=_USAGE)
    if path and not url.path.startswith("/"):
        raise ConfigError(f"{text} names no device", hint=_USAGE)


def _baud(text: str, value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{1,6}", value) or not hasattr(termios, f"B{value}"):
        raise ConfigError(
            f"{text}: {value!r} isn't a baud rate that this system knows",
            hint="AIS receivers use 38400 (IEC 61162-2)",
        )
    return int(value)


def _networks(text: str, value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if value)
    except ValueError as error:
        raise ConfigError(f"{text}: {error}", hint="?from=ADDRESS or NETWORK/BITS, …") from error


def _rate(text: str, options: dict[str, str]) -> float:
    value = options.get("max_kb_s", str(SENDER_KB_S))
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) or float(value) <= 0:
        raise ConfigError(f"{text}: {value!r} is no rate", hint="?max_kb_s=1000, from one sender")
    return float(value)


def _is_multicast(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False
