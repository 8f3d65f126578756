"""Names of hosts and stations."""

import re


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def station_name(text: str) -> str:
    """Return what of a name fits a tag block and a file name: 15 characters at most."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", text)[:15] or "unnamed"
