"""Whose connection it is: the account of this machine at its other end."""

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil

TABLE: Final = Path("/proc/net/tcp")
_ESTABLISHED: Final = "01"


def account(scope: Mapping[str, Any]) -> int | None:
    """Return the account that a request comes from; None where it can't be told.

    On Linux a table says so: each line of it is one end of a connection with its owner
    (proc_pid_net(5)); the line of the other end is the one whose own address is that of our client.
    Elsewhere nobody may ask whose a connection is, but each account which ones its own processes
    have: it is ours, or not known.
    """
    try:
        client, server = (_plain(*scope[name]) for name in ("client", "server"))
        if not TABLE.exists():
            return os.getuid() if _is_ours(client, server) else None
        there, here = _place(*client), _place(*server)
        lines = TABLE.read_text(encoding="ascii").splitlines()
    except (OSError, KeyError, TypeError, ValueError):
        return None
    fields = next((line.split() for line in lines if f" {there} {here} " in line), [])
    # One that its process has closed stands there as if it were root's.
    return int(fields[7]) if len(fields) > 7 and fields[3] == _ESTABLISHED else None


def _plain(host: str, port: int) -> tuple[str, int]:
    return socket.inet_ntoa(socket.inet_aton(host)), int(port)


def _is_ours(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Tell whether a process of this account has the other end of a connection."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real != os.getuid():
                continue
            for one in process.net_connections("tcp4"):
                if (tuple(one.laddr), tuple(one.raddr)) == (client, server):
                    return True
    return False


def _place(host: str, port: int) -> str:
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
