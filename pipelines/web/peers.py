"""Whose connection it is: the account of this machine at its other end."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path("/proc/net/tcp")


def account(scope: Mapping[str, Any]) -> int | None:
    """Return the account that a request comes from; None where the system (Linux) doesn't tell.

    Each line of the table is one end of a connection with its owner (proc_pid_net(5)); the line of
    the other end is the one whose own address is that of our client.
    """
    try:
        there, here = (_place(*scope[name]) for name in ("client", "server"))
        lines = TABLE.read_text(encoding="ascii").splitlines()
    except (OSError, KeyError, TypeError, ValueError):
        return None
    fields = next((line.split() for line in lines if f" {there} {here} " in line), [])
    return int(fields[7]) if len(fields) > 7 else None


def _place(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
