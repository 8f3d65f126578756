"""Saying by webhook and e-mail that something is wrong, also that something did not happen.

What is said are the problems of `pipelines.ask.health`: a run that failed, is partial or is
missing, a feed that went silent or poor, a rule that its guard held back, files that are lost, a
disk that fills up. Each is said once, again after `notices.remind_h`, and once more when it is
over.
"""

import fcntl
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from detectors.core.errors import SelatError
from pipelines.base.files import read_plain, write_text
from pipelines.base.problems import Problem
from pipelines.base.visible import clean


class NoticeError(SelatError):
    """A notice couldn't be sent."""

    exit_code = 13


@dataclass(frozen=True)
class Notice:
    """What is to be said."""

    title: str
    body: str


def compose(
    problems: Sequence[Problem],
    told: Mapping[str, str],
    now: datetime,
    remind: timedelta,
    name: str,
) -> tuple[Notice | None, dict[str, str]]:
    """Return what there is to say, and what will have been told then.

    Returns the notice, None if nothing is new, and `told` for the next time.

    Parameters
    ----------
    told
        Time (ISO 8601) at which each problem was told of, by its key.
    name
        Of the installation.
    """
    current = {f"{problem.level} {problem.where}": problem for problem in problems}
    due = {
        key: problem
        for key, problem in current.items()
        # Told long after now: by a clock that was ahead, which may be years.
        if key not in told or abs(now - datetime.fromisoformat(told[key])) >= remind
    }
    over = [key for key in told if key not in current]
    after = {key: now.isoformat() if key in due else told[key] for key in current}
    if not due and not over:
        return None, after
    lines = []
    for problem in due.values():
        lines.append(clean(f"{problem.level}: {problem.where}: {problem.message}"))
        if problem.hint:
            lines.append(clean(f"  hint: {problem.hint}"))
    lines += [clean(f"over: {key.partition(' ')[2]}") for key in over]
    words = [f"{len(due)} to look at" if due else "", f"{len(over)} over" if over else ""]
    return Notice(f"Selat {name}: {', '.join(filter(None, words))}", "\n".join(lines)), after


def tell(
    problems: Sequence[Problem],
    urls: Sequence[SecretStr],
    *,
    state: Path,
    now: datetime,
    remind: timedelta,
    name: str,
) -> Notice | None:
    """Send what there is to say to all of `urls`; it counts as told only once it was sent.

    Returns Notice or None: What was sent, None if nothing was.

    Raises NoticeError if one of them didn't take it; it is tried again the next time.
    """
    with _held(state):
        notice, after = compose(problems, _told(state), now, remind, name)
        if notice is not None:
            send(notice, urls)
        _unwritten[state] = after
        with suppress(OSError):
            write_text(state, json.dumps(after, indent=1) + "\n")
            del _unwritten[state]
    return notice


_unwritten: Final[dict[Path, dict[str, str]]] = {}
"""What this process told of where that can't be noted: a disk that is full, or can only be read
since it failed, is to be told of above all, and by a service not every quarter of an hour.
"""


def send(notice: Notice, urls: Sequence[SecretStr]) -> None:
    """Send a notice.

    Raises NoticeError if one didn't take it. The message names it by its scheme: the rest of a URL
    is secret.
    """
    failed = [scheme for url in urls if (scheme := _refused(notice, url.get_secret_value()))]
    if failed:
        raise NoticeError(
            f"not every notice was sent: {', '.join(failed)}",
            hint="selat notify --test tries them; docs/guides/administrator.md has the addresses",
        )


def _refused(notice: Notice, url: str) -> str:
    """Send to one address; its scheme if it didn't take it, else empty."""
    scheme = url.partition(":")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what Apprise imports
        import apprise

        receiver = apprise.Apprise()
        if not receiver.add(url):
            return f"{scheme} (not an address that Apprise knows)"
        sent = receiver.notify(
            title=notice.title, body=notice.body, body_format=apprise.NotifyFormat.TEXT
        )
    return "" if sent else scheme


def _told(state: Path) -> dict[str, str]:
    """Return what was told of and when; nothing where that can't be read, so that it is told anew.

    A file of zeros is what a power cut leaves: it must not keep every later notice from going out.
    """
    if state in _unwritten:
        return _unwritten[state]
    try:
        told = json.loads(read_plain(state))
        times = [datetime.fromisoformat(at) for at in told.values()]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return dict(told) if all(time.tzinfo for time in times) else {}


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Be the only one to tell: the service and a timer may look at the same time.

    Where there can't be a lock everybody tells.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            state.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(state.with_name(f"{state.name}.lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
