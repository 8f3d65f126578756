"""What rooms of addresses are given of the desk that they are part of."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from pipelines.base import marks as marking
from pipelines.base.labels import Labels, labels
from pipelines.base.settings import Installation
from pipelines.web import units
from pipelines.web.night import Nights, Shown
from pipelines.web.sessions import Session
from pipelines.web.working import Works


@dataclass(frozen=True)
class Here:
    """A desk, for a room of addresses."""

    installation: Installation
    nights: Nights
    session: Callable[[Request], Session]
    shown: Callable[[Request, str], Shown]
    show: Callable[..., Response]
    """Who asks, a night as that one may see it, and a page to show it on."""
    works: Works
    """What takes longer than anybody waits for a page."""
    whole: Installation | None
    """The installation that it shows a part of; None where it shows all."""

    @property
    def part(self) -> bool:
        """Tell whether it shows a part of a home alone."""
        return self.whole is not None

    def may_plan(self, request: Request) -> bool | None:
        """Tell whether who asks may have a plan made; None where they may not even see one.

        That of a part of a home is made of what they may see, and theirs as long as the mark of
        plans lets them have one, which is asked each time.
        """
        account = self.session(request).account
        if self.whole is None:
            return account is None or account.admin
        rules = marking.load(self.whole.config)
        return True if account is not None and account.may.may(rules.of_plan()) else None

    def plan(self, request: Request, run_id: str) -> units.Held | None:
        """Return a run's plan, for who may see one; None where there is none."""
        if self.may_plan(request) is None:
            return None
        return units.held(self.installation, run_id)

    def words(self, request: Request) -> Labels:
        """Return the labels in the reader's language."""
        return labels(self.session(request).language)


def led(address: str) -> Response:
    """Lead on to another page of ours, after something was done."""
    return RedirectResponse(address, status_code=303)
