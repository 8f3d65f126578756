"""Looking whether something is wrong, and saying so."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pipelines.ask.look import look
from pipelines.ask.notices import Notice, tell
from pipelines.base import secrets
from pipelines.base.settings import Installation


def watch(installation: Installation, now: datetime) -> Notice | None:
    """Look once; tell what is new, still wrong after a day, or over.

    Raises
    ------
    NoticeError
        If a notice couldn't be sent.
    ConfigError
        If the secrets can't be read.
    """
    urls = secrets.load(installation).notices
    _, found = look(installation, now, afresh=False, edited=False)
    return tell(
        found,
        urls,
        state=installation.told,
        now=now,
        name=socket.gethostname(),
        remind=timedelta(hours=installation.settings.notices.remind_h),
    )


@contextmanager
def watching(installation: Installation) -> Iterator[None]:
    """Look every now and then for the length of a with block; what fails is said on stderr."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            try:
                notice = watch(installation, datetime.now(UTC))
                if notice is not None:
                    sys.stderr.write(f"notice: {notice.title}\n{notice.body}\n")
            except Exception as error:  # whatever it is, the service goes on
                sys.stderr.write(f"no notice: {error}\n")
            stop.wait(installation.settings.notices.every_min * 60)

    thread = threading.Thread(target=go_on, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
