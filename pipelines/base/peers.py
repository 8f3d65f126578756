"""Whose connection it is: the account of this machine at its other end."""

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import psutil

TABLES: Final = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_ESTABLISHED: Final = 1

End = tuple[str, int]


def account(scope: Mapping[str, Any]) -> int | None:
    """Return the account that a request comes from; None where it can't be told.

    On Linux the system is asked for the one connection, or where it doesn't answer, a table is read
    that whoever opens connections without end makes long. Elsewhere nobody may ask whose a
    connection is, but each account which ones its own processes have: it is ours, or not known.
    """
    try:
        client, server = (_plain(*scope[name][:2]) for name in ("client", "server"))
    except (OSError, KeyError, TypeError, ValueError):
        return None
    try:
        found = _asked(client, server)
        if found is None and not _can_be_asked():
            return _looked_up(client, server)
        return found
    except (OSError, AttributeError, struct.error):  # not Linux, or a sandbox without netlink
        return _looked_up(client, server)


def _plain(host: str, port: int) -> End:
    return str(plain(host)), int(port)


def plain(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address, of IPv4 where it stands in one of IPv6: at `::` both are listened to.

    Raises ValueError if it is none.
    """
    parsed = ipaddress.ip_address(host)
    return getattr(parsed, "ipv4_mapped", None) or parsed


# ---- asked for one: sock_diag(7), linux/inet_diag.h

_BY_FAMILY: Final = 20
_NONE: Final = 0xFFFFFFFF
"""As the states that are asked for, all; as a cookie, none."""


def _asked(client: End, server: End) -> int | None:
    """Return whose the other end is, as the kernel says of that one connection.

    Raises OSError, AttributeError, struct.error where it can't be asked.
    """
    here, there = ipaddress.ip_address(client[0]), ipaddress.ip_address(server[0])
    family = socket.AF_INET if here.version == 4 else socket.AF_INET6
    asked = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, _NONE)
    asked += struct.pack(">HH16s16s", client[1], server[1], here.packed, there.packed)
    asked += struct.pack("=III", 0, _NONE, _NONE)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 4) as kernel:  # NETLINK_SOCK_DIAG
        kernel.settimeout(1.0)
        kernel.sendto(struct.pack("=IHHII", 16 + len(asked), _BY_FAMILY, 1, 1, 0) + asked, (0, 0))
        said = kernel.recv(4096)
    [kind] = struct.unpack_from("=H", said, 4)
    if kind != _BY_FAMILY:
        if -struct.unpack_from("=i", said, 16)[0] == 2:  # ENOENT: there is none
            return None
        raise OSError("the kernel doesn't say")
    [user] = struct.unpack_from("=I", said, 80)
    # One that its process has closed has root's number.
    return int(user) if said[17] == _ESTABLISHED else None


@cache
def _can_be_asked() -> bool:
    """Tell whether the kernel knows of connections at all: one that was built without that says of
    each, as of one that isn't there, that there is none.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = server.getsockname()
        with socket.create_connection(here) as client:
            return _asked(client.getsockname(), here) is not None


# ---- looked up: a line for each end of a connection with its owner (proc_pid_net(5))


def _looked_up(client: End, server: End) -> int | None:
    table = TABLES[ipaddress.ip_address(client[0]).version]
    if not table.exists():
        return os.getuid() if _is_ours(client, server) else None
    # The line of the other end is the one whose own address is that of our client.
    wanted = f" {_place(*client)} {_place(*server)} "
    try:
        lines = table.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    at = lines.find(wanted)
    fields = lines[at:].partition("\n")[0].split() if at >= 0 else []
    return int(fields[6]) if len(fields) > 6 and int(fields[2], 16) == _ESTABLISHED else None


def _is_ours(client: End, server: End) -> bool:
    """Tell whether a process of this account has the other end of a connection."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real != os.getuid():
                continue
            for one in process.net_connections("tcp"):
                if (tuple(one.laddr), tuple(one.raddr)) == (client, server):
                    return True
    return False


def _place(host: str, port: int) -> str:
    packed = ipaddress.ip_address(host).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(one, sys.byteorder):08X}" for one in words) + f":{port:04X}"
