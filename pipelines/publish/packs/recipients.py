"""Who gets packs, and what may be in them: `config/recipients.yaml`."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from detectors.core.errors import ConfigError
from pipelines.base.marks import Tlp, Token
from pipelines.base.visible import clean
from pipelines.base.yaml_files import read_model
from pipelines.patrol.units import PatrolConfig

FILE_NAME: Final = "recipients.yaml"

Format = Literal[
    "brief",
    "pdf",
    "csv",
    "geoparquet",
    "geojson",
    "kml",
    "kmz",
    "gpx",
    "gpkg",
    "xlsx",
    "tak",
    "rtz",
]
Language = Literal["en", "ms"]

NEVER_REDACTED: Final = frozenset(
    {
        "mmsi",
        "event_id",
        "event_ids",
        "events",
        "incident_id",
        "kind",
        "start",
        "end",
        "lat",
        "lon",
        "score",
        "status",
        "rank",
        "tlp",
        "rel",
        "simulated",
        "correction",
    }
)
"""Fields without which a product can't say what it is about, or can't be worked out."""


def _visible(text: str) -> str:
    if clean(text) != text:
        raise ValueError("it holds characters that can't be seen")
    return text


def _no_repeats(values: tuple[Format, ...]) -> tuple[Format, ...]:
    if len(set(values)) < len(values):
        raise ValueError("a format is named twice")
    return values


def _units(plan: Literal["all"] | tuple[str, ...] | None) -> Any:
    if plan == ():
        raise ValueError("no unit is named; leave it out where there is to be no plan")
    return plan


def _may_go(fields: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in fields:
        kept = sorted(name for name in NEVER_REDACTED if fnmatchcase(name, pattern))
        if kept:
            raise ValueError(f"{pattern!r} would leave out {', '.join(kept)}, which must stay")
    return fields


class Recipient(BaseModel):
    """One recipient's profile; config/recipients.yaml says what each field means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_visible)]
    holds: tuple[Token, ...]
    max_tlp: Tlp
    formats: Annotated[tuple[Format, ...], Field(min_length=1), AfterValidator(_no_repeats)]
    area: str = "all"
    top: int | None = Field(None, ge=1)
    language: Language = "en"
    stale_after_h: float = Field(24, gt=0, le=24 * 31)
    plan: Annotated[Literal["all"] | tuple[str, ...] | None, AfterValidator(_units)] = None
    redact: Annotated[tuple[str, ...], AfterValidator(_may_go)] = ()
    encrypt_to: tuple[Annotated[str, Field(pattern=r"^age1[0-9a-z]{58}$")], ...] = ()

    def redacts(self, field: str) -> bool:
        """Tell whether a field is left out of this recipient's packs."""
        return any(fnmatchcase(field, pattern) for pattern in self.redact)


def units_of(recipient: Recipient, config: PatrolConfig) -> frozenset[str]:
    """Names of the patrol units whose sorties a recipient gets.

    Raises ConfigError if it names a unit that isn't there.
    """
    known = [unit.name for unit in config.units]
    named = known if recipient.plan == "all" else list(recipient.plan or ())
    missing = [name for name in named if name not in known]
    if missing:
        raise ConfigError(
            f"there is no patrol unit {missing[0]!r}", hint=f"known: {', '.join(known)}"
        )
    return frozenset(named)


class _Recipients(
    RootModel[Mapping[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")], Recipient]]
):
    """The file: a recipient's name, which also names its files, and its profile."""


def load(config: Path) -> Mapping[str, Recipient]:
    """All recipients of a configuration folder by name.

    Raises ConfigError if the file is missing or a line of it is wrong; the hint names the line.
    """
    return read_model(config / FILE_NAME, _Recipients).root


def find(config: Path, name: str) -> Recipient:
    """One recipient; raises ConfigError if there is none of that name."""
    known = load(config)
    if name not in known:
        raise ConfigError(
            f"there is no recipient {name!r}",
            hint=f"known: {', '.join(sorted(known)) or 'none'} (config/{FILE_NAME})",
        )
    return known[name]
