"""The past traffic that is learned from: a store with its tracks worked out, and a span of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import iso
from pipelines.run.opened import writing
from pipelines.run.runs import work_out_days
from pipelines.run.windows import FOREVER, NoDataError, asked_for
from pipelines.store import Queries

_SINCE: Final = "The span, ISO 8601; without them as far as the store reaches."


class LearnRequest(BaseModel):
    """What is to be learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: str | None = Field(None, description=_SINCE)
    until: str | None = Field(None, description=_SINCE)
    changes: dict[str, Any] = Field(
        {}, description="Other values for parameters of learn.yaml, by name."
    )


@dataclass(frozen=True)
class Past:
    """A span of past traffic."""

    store: Queries
    """Holds it."""
    start: pd.Timestamp
    end: pd.Timestamp
    """The span, UTC."""


@contextmanager
def opened(installation: Installation, request: LearnRequest, report: Reporter) -> Iterator[Past]:
    """Open the store and have its tracks worked out for the length of a with block.

    Raises NoDataError if the store holds no report in the span.
    """
    with writing(installation) as store:
        work_out_days(store, installation, report)
        yield Past(store, *_span(store, request.since, request.until))


def _span(
    store: Queries, since: str | None, until: str | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Find the span from `since` to `until`, else as far as the store reaches."""
    newest = store.last_heard(FOREVER)
    oldest = store.ledger()["first_time"].min()
    if newest is None or pd.isna(oldest):
        raise NoDataError("the store holds no position reports", hint="selat ingest FEED")
    if since or until:
        asked_since, asked_until = asked_for(None, since, until)
        begin, end = max(asked_since, oldest), min(asked_until, newest)
    else:
        begin, end = oldest, newest
    if begin >= end:
        raise NoDataError(
            "the store holds no position reports in that span",
            hint=f"it reaches from {iso(oldest)} to {iso(newest)}",
        )
    return begin, end
