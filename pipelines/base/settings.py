"""Settings: config/settings.yaml, overridden by SELAT_* in the environment, then by the command.

All paths of an installation are derived here, from one home and one configuration folder.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.core.errors import ConfigError
from pipelines.base.environment import environment, overlaid
from pipelines.base.yaml_files import first_problem, line_in, read_yaml

PROJECT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = PROJECT / "data" / "reference"
HOME: Final = PROJECT / "data" / "home"
EXERCISE_HOME: Final = PROJECT / "data" / "exercise" / "home"
"""Where `make nightly` has its run."""


_LONG_DAYS: Final = 36_525
_LONG_H: Final = 24 * _LONG_DAYS
_LONG_MIN: Final = 60 * _LONG_H
_LONG_S: Final = 60 * _LONG_MIN
"""A hundred years: of what is longer no time before or after it can be told."""
_MUCH_GB: Final = 1_000_000
"""No machine has as much."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class IngestSettings(_Section):
    """Limits on what a feed may do, and how often reading it is tried again."""

    max_uncompressed_gb: float = Field(64, gt=0, le=_MUCH_GB)
    max_future_h: float = Field(24, ge=0, le=_LONG_H)
    retries: int = Field(3, ge=0, le=20)
    retry_s: float = Field(5, ge=0, le=_LONG_S)


class DetectionSettings(_Section):
    """How far back a run looks for vessels, and how much memory it takes."""

    reach_back_days: float = Field(14, gt=0, le=_LONG_DAYS)
    memory_gb: float = Field(2, ge=1, le=_MUCH_GB)


class AssessSettings(_Section):
    """What makes a flag, and how many of them a night may have."""

    min_score: float = Field(0.3, ge=0, le=1)
    max_flags: int = Field(100, gt=0)
    voluntary_weight: float = Field(0.7, ge=0, le=1)
    max_share: float = Field(0.2, gt=0, le=1)
    max_shares: dict[str, float] = Field(default_factory=dict)
    min_share_vessels: int = Field(25, ge=0)
    next_steps: dict[str, Annotated[str, Field(max_length=300)]] = Field(default_factory=dict)
    own_coast: str = Field("MYS", pattern="^([A-Z]{3})?$")


class StoreSettings(_Section):
    """What DuckDB may use, how long replaced files stay, and where files lie."""

    memory_limit: str = "2GB"
    temp_limit: str = "20GB"
    threads: int = Field(0, ge=0, le=4096)
    grace_h: float = Field(24, ge=0, le=_LONG_H)
    url: str = ""
    endpoint: str = ""
    region: str = ""
    lease_s: float = Field(120, gt=0, le=_LONG_S)


class ScheduleSettings(_Section):
    """When the nightly run starts, how long it waits for the store, and how long it may take."""

    cron: str = "0 2 * * *"
    timezone: str = "Asia/Kuala_Lumpur"
    late_h: float = Field(6, gt=0, le=_LONG_H)
    timeout_h: float = Field(8, gt=0, le=_LONG_H)
    wait_retries: int = Field(6, ge=0, le=20)
    wait_s: float = Field(16, ge=0, le=_LONG_S)


class WatchSettings(_Section):
    """How often is looked between nights, at how much, and how often at everything."""

    every_min: float = Field(0, ge=0, le=_LONG_MIN)
    early_min: float = Field(60, ge=0, le=_LONG_MIN)
    whole_min: float = Field(0, ge=0, le=_LONG_MIN)
    open_h: float = Field(24, gt=0, le=_LONG_H)


class ServiceSettings(_Section):
    """Where Prefect's server listens, and what it keeps."""

    host: str = "127.0.0.1"
    port: int = Field(4200, ge=0, le=65535)
    names: tuple[str, ...] = ()
    retention_days: float = Field(30, ge=1, le=_LONG_DAYS)


class DaskSettings(_Section):
    """How a Dask scheduler elsewhere is trusted, and trusts."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    plain: bool = False


class NoticeSettings(_Section):
    """How often the service looks whether something is wrong, and says so again."""

    every_min: float = Field(15, gt=0, le=_LONG_MIN)
    remind_h: float = Field(24, gt=0, le=_LONG_H)


class HealthSettings(_Section):
    """From where on `selat doctor` says that something is wrong."""

    feed_silent_h: float = Field(36, gt=0, le=_LONG_H)
    usual_days: int = Field(14, gt=0, le=_LONG_DAYS)
    min_usual_share: float = Field(0.5, ge=0, le=1)
    disk_days: float = Field(30, ge=0, le=_LONG_DAYS)
    backup_days: float = Field(7, gt=0, le=_LONG_DAYS)


class FileSettings(BaseModel):
    """Settings of a YAML file; the environment wins over it, what the caller gives over both."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    prefix: ClassVar[str]
    """What the names of their variables begin with."""

    @classmethod
    def read(cls, yaml_file: Path | None, **given: Any) -> Self:
        """Read the settings of a file, or of none.

        Raises
        ------
        ConfigError
            If the file or a variable of the environment can't be parsed.
        ValidationError
            If a setting is unknown or wrong.
        """
        written = read_yaml(yaml_file) if yaml_file else {}
        around = environment(cls, cls.prefix, os.environ)
        return cls.model_validate(overlaid(overlaid(written, around), given))


class Settings(FileSettings):
    """All settings; see config/settings.yaml for what each means."""

    prefix = "SELAT_"

    area: str = "94,-1.5,106,9"
    feeds: tuple[str, ...] = ()
    sightings: tuple[str, ...] = ()
    home: str = ""
    secrets: str = ""
    reference: str = ""
    tides: str = ""
    contact: str = Field("", max_length=200)
    ingest: IngestSettings = IngestSettings()
    detection: DetectionSettings = DetectionSettings()
    assess: AssessSettings = AssessSettings()
    store: StoreSettings = StoreSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    watch: WatchSettings = WatchSettings()
    health: HealthSettings = HealthSettings()
    service: ServiceSettings = ServiceSettings()
    dask: DaskSettings = DaskSettings()
    notices: NoticeSettings = NoticeSettings()


class _Below:
    """A path in the home of an installation, or in its configuration."""

    def __init__(self, name: str, folder: Literal["home", "config"] = "home") -> None:
        self._name, self._folder = name, folder

    def __get__(self, installation: "Installation", _: object) -> Path:
        folder: Path = getattr(installation, self._folder)
        return folder / self._name


@dataclass(frozen=True)
class Installation:
    """One home and one configuration: every path that the program reads or writes."""

    home: Path
    config: Path
    settings: Settings

    store = _Below("store")
    """Folder of the store."""
    runs = _Below("runs")
    """Folder of run results."""
    latest = _Below("latest")
    """Link to the newest finished run of a night, with all that it produced."""
    look = _Below("look")
    """Link to the newest look between nights; there only where one made a run since a night."""
    spool = _Below("spool")
    """Where standard input is kept while it is ingested."""
    failure = _Below("FAILED")
    """What went wrong with the last nightly run; there only while it is the newest news."""
    failure_trace = _Below("FAILED.traceback")
    """Where in the program it went wrong, for whoever is asked for help; goes with that."""
    under_way = _Below("UNDER_WAY")
    """Held locked by a nightly run, and there only while one lasts; or of one that was killed."""
    progress = _Below("progress.json")
    """How far the run is that is writing; there only meanwhile."""
    learned = _Below("learned")
    """Folder of learned places and fitted models."""
    photographs = _Below("photographs")
    """Folder of photographs of vessels, named by MMSI; whoever has one puts it there."""
    recordings = _Below("recordings")
    """Folder of recorded live feeds."""
    operations = _Below("operations")
    """Folder of operations' reports."""
    release = _Below("release")
    """Folder of what recipients' packs are made from; made anew where it lacks."""
    exported = _Below("exported")
    """Folder of the events of each pack, with the ids that they have in it."""
    packs = _Below("packs")
    """Folder of recipients' packs."""
    keys = _Below("keys")
    """Folder of keys that sign and open packs."""
    last_backup = _Below("last-backup.json")
    """Where and when the newest backup was made."""
    service = _Below("service.json")
    """Since when the schedule runs here; there once `selat serve` was started."""
    looked = _Below("looked.json")
    """What the last look between nights left, see `run.looks`."""
    published = _Below("published.json")
    """When the newest run was published, see `run.published`."""
    told = _Below("notices.json")
    """What notices were sent of, and when."""
    examined = _Below("examined.json")
    """What was wrong with configuration and zones when they were examined last."""
    exports = _Below("exports.jsonl")
    """Log of what was sent to whom."""
    changes = _Below("changes")
    """Folder of who changed which zone."""
    watchlists = _Below("watchlists", "config")
    """Folder of watch-lists."""

    @property
    def holds(self) -> bool:
        """Tell whether the home is there, and holds more than what looking at its health leaves in
        it, or a disk that was made anew: a timer looks also where the disk isn't mounted.
        """
        left = self.told.name, self.examined.name, "lost+found"  # and files beside them
        return self.home.is_dir() and not all(p.name.startswith(left) for p in self.home.iterdir())

    @property
    def reference(self) -> Path:
        """Folder of the reference layers: the project's own, unless a setting names another."""
        named = self.settings.reference
        return (self.config / Path(named).expanduser()) if named else REFERENCE

    @property
    def tides(self) -> Path | None:
        """Table of high waters, if a setting names one."""
        named = self.settings.tides
        return (self.config / Path(named).expanduser()) if named else None

    @property
    def newest(self) -> Path:
        """Link to the newest run, which a look may have made: its tables, and nothing drawn."""
        return self.look if self.look.exists() else self.latest

    @property
    def detectors(self) -> dict[str, dict[str, Any]]:
        """The detectors' configuration blocks."""
        blocks = read_yaml(self.config / "detectors.yaml")
        for name, block in blocks.items():
            if not isinstance(block or {}, dict):
                raise ConfigError(f"detectors.yaml: the block {name!r} isn't a mapping")
        return {name: dict(block or {}) for name, block in blocks.items()}


def load(
    home: Path | None = None, config: Path | None = None, *, showing: bool = False, **overrides: Any
) -> Installation:
    """Return the installation that a command works on.

    Raises ConfigError if a setting is unknown or out of range.

    Parameters
    ----------
    home
        Folder for everything produced; else SELAT_HOME, else the setting, else data/home.
    config
        Folder of configuration; else SELAT_CONFIG, else the project's config/.
    showing
        Whether what a run made is to be shown, and nothing read in: where no home is named and
        nothing was ever made in data/home, that of `make nightly` is meant if it has a run. So real
        data never go there.
    """
    config = config or Path(os.environ.get("SELAT_CONFIG") or PROJECT / "config")
    try:
        given = {name: value for name, value in overrides.items() if value is not None}
        settings = Settings.read(config / "settings.yaml", **given)
    except ValidationError as error:
        place, problem = first_problem(error)
        where = ".".join(str(part) for part in place)
        raise ConfigError(
            f"setting {where}: {problem}", hint=_where_to_mend(config, place)
        ) from error
    chosen = home or (Path(settings.home) if settings.home else HOME)
    if showing and chosen == HOME and home is None and not settings.home:
        unused = not any((HOME / made).exists() for made in ("store", "latest", "recordings"))
        if unused and (EXERCISE_HOME / "latest").exists():
            chosen = EXERCISE_HOME
    return Installation(chosen.expanduser().absolute(), config.absolute(), settings)


def _where_to_mend(config: Path, place: tuple[str | int, ...]) -> str:
    """Return what a person has to change: the environment wins over the file."""
    variable = "SELAT_" + "__".join(str(part) for part in place).upper()
    if variable in os.environ:
        return f"mend {variable} in the environment"
    path = config / "settings.yaml"
    return f"mend line {line_in(path, place)} of {path}"
