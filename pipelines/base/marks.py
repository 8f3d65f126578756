"""Handling marks: how widely a record may be passed on, and to whom.

Two marks that are independent of each other:

- *TLP*, the Traffic Light Protocol 2.0 (FIRST, August 2022, https://www.first.org/tlp/): how far
  the reader may pass it on. CLEAR < GREEN < AMBER < AMBER+STRICT < RED.
- *REL*, a releasability list: who may get it at all, by names (MYS, AUS, a group of one's own).

Marks are given to feeds, files of sightings and watch-lists in `config/marks.yaml`. A record made
from several of them gets the strictest TLP and only the names that all their lists share.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.base.yaml_files import read_model

FILE_NAME: Final = "marks.yaml"
EVERYBODY: Final = "ALL"

Token = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{1,31}$")]


class Tlp(StrEnum):
    """A TLP 2.0 label, in the order of strictness."""

    CLEAR = "CLEAR"
    GREEN = "GREEN"
    AMBER = "AMBER"
    AMBER_STRICT = "AMBER+STRICT"
    RED = "RED"

    @property
    def order(self) -> int:
        """0 for CLEAR to 4 for RED."""
        return list(Tlp).index(self)


@dataclass(frozen=True)
class Mark:
    """TLP label and releasability list; `rel` is None where the list names everybody."""

    tlp: Tlp
    rel: frozenset[str] | None

    @property
    def rel_text(self) -> str:
        """The list as it is printed: ``AUS, MYS``, ``ALL`` or ``NONE``."""
        if self.rel is None:
            return EVERYBODY
        return ", ".join(sorted(self.rel)) or "NONE"

    @property
    def fields(self) -> dict[str, str]:
        """The mark as the columns of `schemas.MARKS`."""
        return {"tlp": str(self.tlp), "rel": self.rel_text}

    def __str__(self) -> str:
        """As it stands on a page.

        >>> str(Mark(Tlp.AMBER, frozenset({"MYS", "AUS"})))
        'TLP:AMBER · REL AUS, MYS'
        """
        return f"TLP:{self.tlp} · REL {self.rel_text}"

    def releasable(self, held: frozenset[str], max_tlp: Tlp) -> bool:
        """Tell whether someone with these names, allowed this much, may get what is marked so."""
        return self.tlp.order <= max_tlp.order and (self.rel is None or bool(self.rel & held))


FREE: Final = Mark(Tlp.CLEAR, None)
"""What restricts nothing."""


def strictest(marks: Iterable[Mark]) -> Mark:
    """Return the mark of what rests on all of these: highest TLP, names that every list has.

    >>> a, b = Mark(Tlp.GREEN, None), Mark(Tlp.AMBER, frozenset({"MYS"}))
    >>> str(strictest([a, b]))
    'TLP:AMBER · REL MYS'
    """
    together = FREE
    for mark in marks:
        tlp = max(together.tlp, mark.tlp, key=lambda label: label.order)
        lists = [rel for rel in (together.rel, mark.rel) if rel is not None]
        together = Mark(tlp, frozenset.intersection(*lists) if lists else None)
    return together


class MarkGiven(BaseModel):
    """A mark as a person writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tlp: Tlp
    rel: Literal["ALL"] | tuple[Token, ...]

    def names(self, rules: "MarkRules") -> frozenset[str]:
        """Return the names of its list, groups with their members; none where it is for all."""
        listed = () if self.rel == EVERYBODY else self.rel
        members = [(name, *rules.groups.get(name, ())) for name in listed]
        return frozenset(name for group in members for name in group)


class FeedRule(MarkGiven):
    """The mark of the feeds whose name fits a pattern (of the whole name, or of its last part)."""

    feed: Annotated[str, Field(min_length=1)]


class SightingsRule(MarkGiven):
    """The mark of sightings by the name of their file, by who saw them, or both."""

    file: str = "*"
    source: str = "*"

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not self.model_fields_set & {"file", "source"}:
            raise ValueError("say which sightings: file, source or both")
        return self


class WatchlistRule(MarkGiven):
    """The mark of a watch-list."""

    watchlist: Annotated[str, Field(min_length=1)]


class MarkRules(BaseModel):
    """`config/marks.yaml`: of several rules that fit, the first holds; else the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: MarkGiven
    plan: MarkGiven | None = None
    groups: Mapping[Token, tuple[Token, ...]] = Field(default_factory=dict)
    feeds: tuple[FeedRule, ...] = ()
    sightings: tuple[SightingsRule, ...] = ()
    watchlists: tuple[WatchlistRule, ...] = ()

    def of_feed(self, name: str) -> Mark:
        """Return the mark of a feed by its name in the ledger."""
        return self._first(rule for rule in self.feeds if _fits(name, rule.feed))

    def of_sighting(self, file: str, source: str) -> Mark:
        """Return the mark of a sighting by the file that brought it and who saw it."""
        return self._first(
            rule
            for rule in self.sightings
            if _fits(file, rule.file) and fnmatchcase(_plain(source), _plain(rule.source))
        )

    def of_watchlist(self, name: str) -> Mark:
        """Return the mark of a watch-list by the name of its file without the ending."""
        return self._first(rule for rule in self.watchlists if _fits(name, rule.watchlist))

    def of_plan(self) -> Mark:
        """Return the mark of a patrol plan, whatever vessels it goes for."""
        return self._first([] if self.plan is None else [self.plan])

    def mark_of(self, given: MarkGiven) -> Mark:
        """Make the mark that a rule gives."""
        return Mark(given.tlp, None if given.rel == EVERYBODY else given.names(self))

    def given(self) -> tuple[MarkGiven, ...]:
        """Every mark in the file."""
        plan = () if self.plan is None else (self.plan,)
        return (self.default, *plan, *self.feeds, *self.sightings, *self.watchlists)

    def _first(self, rules: Iterable[MarkGiven]) -> Mark:
        return self.mark_of(next(iter(rules), self.default))


def _fits(name: str, pattern: str) -> bool:
    """Tell whether the name of a file fits, or its last part, as one who reads both would say."""
    plain, wanted = _plain(name.replace("\\", "/")), _plain(pattern)
    return any(fnmatchcase(one, wanted) for one in (plain, plain.rsplit("/", 1)[-1].strip()))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return a text as it is compared: in one case, accents written in one way, blanks of any kind
    as one, and without what can't be seen.

    Else a name that looks like the one in a rule would have the default's mark, maybe a wider one.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = (one for one in plain if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", " ".join("".join(seen).split()))


def load(config: Path) -> MarkRules:
    """Load the marks of a configuration folder.

    Raises ConfigError if the file is missing or a line of it is wrong; the hint names the line.
    """
    return read_model(config / FILE_NAME, MarkRules)
