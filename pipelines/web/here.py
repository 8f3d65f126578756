"""What rooms of addresses are given of the desk that they are part of."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from detectors.core.errors import SelatError
from pipelines.base.labels import Labels, labels
from pipelines.base.settings import Installation
from pipelines.web.night import Nights, Shown
from pipelines.web.sessions import Session
from pipelines.web.working import Works


@dataclass(frozen=True)
class Here:
    """A desk, for a room of addresses.

    Attributes
    ----------
    session, shown, show
        Who asks, a night as that one may see it, and a page to show it on.
    works
        What takes longer than anybody waits for a page.
    part
        Whether it shows a part of a home alone.
    """

    installation: Installation
    nights: Nights
    session: Callable[[Request], Session]
    shown: Callable[[Request, str], Shown]
    show: Callable[..., Response]
    works: Works
    part: bool

    def words(self, request: Request) -> Labels:
        """Return the labels in the reader's language."""
        return labels(self.session(request).language)


def led(address: str) -> Response:
    """Lead on to another page of ours, after something was done."""
    return RedirectResponse(address, status_code=303)


def words_of(error: Exception) -> tuple[str, str]:
    """Return what went wrong, with a file too, and what can be done."""
    if isinstance(error, SelatError):
        return error.message, error.hint
    return str(getattr(error, "strerror", "") or "it can't be written"), ""
