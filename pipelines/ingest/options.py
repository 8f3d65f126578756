"""How feeds are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.ingest.area import Area
from pipelines.ingest.layouts import Layout, choose, load_layouts

DECODER_VERSION: Final = 6
"""Raised by one when the same feed and options give other rows, and those of before mustn't stand:
every feed that is given again is read again then."""

EARLIEST: Final = datetime.fromisoformat("1995-01-01T00:00:00+00:00")
"""Nothing was received earlier: ITU-R M.1371, which defines AIS, is of 1998."""


@dataclass(frozen=True)
class IngestOptions:
    """How feeds are read.

    Parameters
    ----------
    area
        Where position reports are kept; static data are kept from everywhere, since they have no
        position.
    mapping
        Name of the layout for tables; None to recognise it by the header.
    mappings
        File of the installation's own layouts (config/mappings.yaml).
    assume_start
        The time that every report of a feed without any times gets, because the user says so. All
        its reports then have the same time, which is good for counting vessels, not for tracks.
        None (the default) refuses such a feed.
    not_after
        Reports of a later time are rejected; None for no such limit.
    neighbour_gap_s
        A sentence without a time of its own gets the time of the line before it if that and the
        next time in the feed are at most this far apart; 0 to reject it. See `nmea`.
    batch_rows
        Rows in a batch; bounds memory, changes nothing else.
    """

    area: Area = field(default_factory=Area.everywhere)
    mapping: str | None = None
    mappings: Path | None = None
    assume_start: datetime | None = None
    not_after: datetime | None = None
    neighbour_gap_s: float = 10.0
    max_uncompressed_bytes: int = 64_000_000_000
    max_ratio: float = 250.0
    batch_rows: int = 200_000

    def __post_init__(self) -> None:
        if self.assume_start is not None and self.assume_start.tzinfo is None:
            raise ConfigError("the time to assume has no time zone", hint="end it with Z for UTC")
        if self.mapping is not None:
            choose(self.layouts, self.mapping)

    @cached_property
    def layouts(self) -> Mapping[str, Layout]:
        """The layouts of tables that there are, by name."""
        return load_layouts(self.mappings)

    def key(self, layouts: str | None = None) -> str:
        """Return everything here that decides which rows a feed gives, for the ledger.

        Parameters
        ----------
        layouts
            What the feed is read with, see `pipelines.ingest.key`; None to name all layouts that
            it could be read with.

        Limits, batches and `not_after` aren't part of it: they differ from run to run.
        """
        if layouts is None:
            named = {self.mapping} if self.mapping else set(self.layouts)
            layouts = ",".join(sorted(self.layouts[name].digest for name in named))
        assumed = "" if self.assume_start is None else self.assume_start.isoformat()
        return "|".join([self.area.text, layouts, assumed, f"{self.neighbour_gap_s:g}"])
