"""What was different before, during and after an operation: inside its area, beside it, elsewhere.

Only what was looked at counts: hours that no run's window covers tell nothing of events, so neither
their events nor their vessel-hours are compared. A difference is no proof that the operation made
it: traffic, weather, receivers and what is looked for change as well, which is why the rest of the
sea stands beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.core.frames import epoch_us
from detectors.kinematics import geodesy
from pipelines.assess import dispositions as conclusions
from pipelines.assess.operations.rates import Ratio, displacement, mean_ratio, rate_ratio
from pipelines.base.schemas import CONCLUSIONS

PHASES: Final = ("before", "during", "after")
PLACES: Final = ("inside", "beside", "elsewhere")
PRESENCE_COLUMNS: Final = ("mmsi", "hour", "place")
_DAY_H: Final = 24
_HOUR: Final = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class Span:
    """A phase: its times, and the hours of it (since 1970-01-01 UTC) that runs looked at."""

    start: pd.Timestamp
    end: pd.Timestamp
    hours: NDArray[np.int64]


@dataclass(frozen=True)
class Report:
    """An operation, compared."""

    operation: pd.Series
    """A row of `OPERATIONS`."""
    spans: dict[str, Span]
    """The phases."""
    outline: shapely.Geometry
    ring: shapely.Geometry
    """The area, and what is called beside it."""
    beside_nm: float
    min_score: float
    """How far that reaches; which events count."""
    hours_heard: dict[str, int]
    """By phase: hours looked at in which any vessel was heard inside or beside."""
    presence: pd.DataFrame
    """By place and phase: vessels, vessel_hours, vessel_hours_per_day, and for during and after the
    ratio to before (`mean_ratio` over days)."""
    incidents: pd.DataFrame
    """By place, kind (and "all") and phase: incidents, vessels, and for during and after the ratios
    to before, per vessel-hour and per hour heard (`rate_ratio`)."""
    outcomes: pd.DataFrame
    """By place and phase: how often each was concluded (`schemas.CONCLUSIONS`). Of what was cleared
    nobody records whether it was boarded, or called by radio."""
    displacement: float
    """The weighted displacement quotient of all incidents, NaN where it can't be said."""
    found: pd.DataFrame
    """The incidents that count, each by the event that began it: event_id, kind (of the strongest
    event), vessels, start, lat, lon, place, phase."""
    simulated: bool

    @property
    def looked_at(self) -> dict[str, float]:
        """Share of each phase that runs looked at."""
        return {
            name: len(s.hours) / max((s.end - s.start) / _HOUR, 1.0)
            for name, s in self.spans.items()
        }


def spans(
    start: pd.Timestamp, end: pd.Timestamp, around: pd.Timedelta, runs: pd.DataFrame
) -> dict[str, Span]:
    """Return the phases of an operation.

    Parameters
    ----------
    around
        Length of before and after.
    runs
        start, end of the windows that were looked at.
    """
    times = {
        "before": (start - around, start),
        "during": (start, end),
        "after": (end, end + around),
    }
    first, last = _hour(start - around), _hour(end + around)
    looked = np.zeros(last - first + 1, bool)
    for begin, finish in zip(runs["start"], runs["end"], strict=True):
        low, high = max(_hour(begin) - first, 0), _hour(finish) - first
        looked[low : max(high, 0)] = True
    hours = first + np.flatnonzero(looked)
    return {
        name: Span(a, b, hours[(hours >= _hour_up(a)) & (hours < _hour(b))])
        for name, (a, b) in times.items()
    }


def ring_of(outline: shapely.Geometry, beside_nm: float) -> shapely.Geometry:
    """Return what lies within a distance of an area, without it."""
    _, south, _, north = shapely.bounds(outline)
    middle_lat = float(south + north) / 2
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    shrink = float(np.cos(np.radians(middle_lat)))
    flat = shapely.transform(outline, lambda xy: xy * np.array([shrink, 1.0]))
    wide = shapely.buffer(flat, beside_nm * geodesy.METRES_PER_NM / degree_m)
    back = shapely.transform(wide, lambda xy: xy / np.array([shrink, 1.0]))
    return shapely.difference(back, outline)


def presence_of(
    batches: Iterable[pd.DataFrame], outline: shapely.Geometry, ring: shapely.Geometry
) -> pd.DataFrame:
    """`PRESENCE_COLUMNS`: each hour of the clock that each vessel was heard in each place.

    `batches`: `frames.TRACKED`, each vessel in one of them.
    """
    parts = []
    for positions in batches:
        place = place_of(positions["lat"].to_numpy(), positions["lon"].to_numpy(), outline, ring)
        hour = epoch_us(positions["time"]) // 3_600_000_000
        heard = pd.DataFrame({"mmsi": positions["mmsi"].to_numpy(), "hour": hour, "place": place})
        parts.append(heard.drop_duplicates())
    if not parts:
        return pd.DataFrame({name: np.empty(0, "int64") for name in PRESENCE_COLUMNS})
    return pd.concat(parts, ignore_index=True)


def place_of(
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    outline: shapely.Geometry,
    ring: shapely.Geometry,
) -> NDArray[np.int64]:
    """Return the number in `PLACES` of each point."""
    shapely.prepare(outline)
    shapely.prepare(ring)
    beside = shapely.intersects_xy(ring, lon, lat)
    return np.where(shapely.intersects_xy(outline, lon, lat), 0, np.where(beside, 1, 2))


def compare(
    operation: pd.Series,
    phases: dict[str, Span],
    events: pd.DataFrame,
    presence: pd.DataFrame,
    dispositions: pd.DataFrame,
    incident_of: Mapping[str, str],
    *,
    outline: shapely.Geometry,
    ring: shapely.Geometry,
    beside_nm: float,
    min_score: float,
    simulated: bool,
) -> Report:
    """Compare the phases of an operation.

    Parameters
    ----------
    events
        `events.EVENTS` that touch the phases; one counts where and when it began, from `min_score`
        on.
    presence
        `PRESENCE_COLUMNS`.
    dispositions
        `dispositions.DISPOSITIONS`; the newest on each event counts, by the event's time and place.
    incident_of
        Event to incident: what is one story counts once (`by_incident`), or a raft of five would
        seem ten meetings.
    """
    counting = by_incident(events[events["score"] >= min_score], incident_of)
    found = _placed(counting, phases, outline, ring)
    heard = presence.assign(phase=_phase_of_hour(presence["hour"].to_numpy(), phases))
    heard = heard[heard["phase"] >= 0]
    hours_heard = {
        name: int(heard[(heard["phase"] == k) & (heard["place"] < 2)]["hour"].nunique())
        for k, name in enumerate(PHASES)
    }
    hours = _presence(heard, phases)
    exposure = hours.set_index(["place", "phase"])["vessel_hours"]
    counted = _counts(found, exposure, hours_heard)
    total = {
        place: (_incidents_of(counted, place, "before"), _incidents_of(counted, place, "during"))
        for place in PLACES
    }
    return Report(
        operation,
        phases,
        outline,
        ring,
        beside_nm,
        min_score,
        hours_heard,
        hours,
        counted,
        _outcomes(dispositions, phases, outline, ring),
        displacement(total["inside"], total["beside"], total["elsewhere"]),
        found,
        simulated,
    )


def by_incident(events: pd.DataFrame, incident_of: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each incident: the event that began it, with all of its vessels.

    Its kind is that of the strongest event; an event of no incident is one by itself.
    """
    if events.empty:
        return events.assign(vessels=pd.Series(dtype="object"))
    one = events["event_id"].map(lambda key: incident_of.get(key, key))
    ordered = events.assign(incident=one).sort_values(["start", "event_id"])
    strongest = ordered.sort_values("score", ascending=False, kind="stable")
    kind = strongest.drop_duplicates("incident").set_index("incident")["kind"]
    pairs = ordered.groupby("incident")[["mmsi", "other_mmsi"]]
    vessels = {key: frozenset(part.to_numpy().ravel().tolist()) - {0} for key, part in pairs}
    first = ordered.drop_duplicates("incident")
    return first.assign(
        kind=first["incident"].map(kind), vessels=first["incident"].map(vessels)
    ).reset_index(drop=True)


def _hour(time: pd.Timestamp) -> int:
    return int((time - pd.Timestamp(0, tz="UTC")) // _HOUR)


def _hour_up(time: pd.Timestamp) -> int:
    return -int((pd.Timestamp(0, tz="UTC") - time) // _HOUR)


def _phase_of_hour(hour: NDArray[np.int64], phases: dict[str, Span]) -> NDArray[np.int64]:
    """Return the number in `PHASES` of each hour, -1 where none looked at holds it."""
    found = np.full(len(hour), -1, "int64")
    for k, name in enumerate(PHASES):
        found[np.isin(hour, phases[name].hours)] = k
    return found


def _placed(
    events: pd.DataFrame, phases: dict[str, Span], outline: shapely.Geometry, ring: shapely.Geometry
) -> pd.DataFrame:
    known = events[np.isfinite(events["lat"]) & np.isfinite(events["lon"])]
    phase = _phase_of_hour(epoch_us(known["start"]) // 3_600_000_000, phases)
    place = place_of(known["lat"].to_numpy(), known["lon"].to_numpy(), outline, ring)
    columns = ["event_id", "kind", "vessels", "start", "lat", "lon"]
    whole: pd.DataFrame = known[columns].assign(place=place, phase=phase)
    whole = whole[whole["phase"] >= 0]
    return whole.sort_values(["start", "event_id"], ignore_index=True)


def _presence(heard: pd.DataFrame, phases: dict[str, Span]) -> pd.DataFrame:
    rows = []
    for p, place in enumerate(PLACES):
        daily = {}
        for k, phase in enumerate(PHASES):
            mine = heard[(heard["place"] == p) & (heard["phase"] == k)]
            daily[phase] = _by_day(mine["hour"].to_numpy("int64"), phases[phase].hours)
            row = {
                "place": place,
                "phase": phase,
                "vessels": int(mine["mmsi"].nunique()),
                "vessel_hours": len(mine),
                "hours_looked_at": len(phases[phase].hours),
                "days": len(daily[phase]),
            }
            ratio = mean_ratio(daily[phase], daily["before"]) if k else None
            rows.append({**row, **_ratio("", ratio)})
    return pd.DataFrame(rows)


def _by_day(hour: NDArray[np.int64], looked: NDArray[np.int64]) -> NDArray[np.float64]:
    """Vessel-hours of each UTC day that was looked at whole."""
    day, hours = np.unique(looked // _DAY_H, return_counts=True)
    whole = day[hours == _DAY_H]
    counted = np.bincount(
        np.searchsorted(whole, hour[np.isin(hour // _DAY_H, whole)] // _DAY_H), minlength=len(whole)
    )
    return counted.astype("float64")


def _counts(found: pd.DataFrame, exposure: pd.Series, hours_heard: dict[str, int]) -> pd.DataFrame:
    kinds = ["all", *sorted(found["kind"].unique())]
    rows = []
    for p, place in enumerate(PLACES):
        for kind in kinds:
            there = found[(found["place"] == p) & ((found["kind"] == kind) | (kind == "all"))]
            counts = [int((there["phase"] == k).sum()) for k in range(3)]
            for k, phase in enumerate(PHASES):
                now = there[there["phase"] == k]
                row = {
                    "place": place,
                    "kind": kind,
                    "phase": phase,
                    "incidents": counts[k],
                    "vessels": len(frozenset().union(*now["vessels"])),
                }
                by_vessel = by_hour = None
                if k:
                    by_vessel = rate_ratio(
                        counts[k],
                        float(exposure[place, phase]),
                        counts[0],
                        float(exposure[place, "before"]),
                    )
                    by_hour = rate_ratio(
                        counts[k], hours_heard[phase], counts[0], hours_heard["before"]
                    )
                rows.append({**row, **_ratio("", by_vessel), **_ratio("per_hour_", by_hour)})
    return pd.DataFrame(rows)


def _ratio(prefix: str, ratio: Ratio | None) -> dict[str, float | str]:
    nan = float("nan")
    return {
        f"{prefix}ratio": ratio.ratio if ratio else nan,
        f"{prefix}low": ratio.low if ratio else nan,
        f"{prefix}high": ratio.high if ratio else nan,
        f"{prefix}verdict": ratio.verdict if ratio else "",
    }


def _incidents_of(counted: pd.DataFrame, place: str, phase: str) -> int:
    row = counted[
        (counted["place"] == place) & (counted["kind"] == "all") & (counted["phase"] == phase)
    ]
    return int(row["incidents"].iloc[0])


def _outcomes(
    dispositions: pd.DataFrame,
    phases: dict[str, Span],
    outline: shapely.Geometry,
    ring: shapely.Geometry,
) -> pd.DataFrame:
    """By time and place of the behaviour concluded on, whether that hour was looked at or not.

    What was concluded at once on all events of an incident counts once, where its first began.
    """
    newest = conclusions.newest(dispositions).sort_values("start", kind="stable")
    newest = newest.drop_duplicates(["author", "made_time", "conclusion", "reason"])
    place = place_of(newest["lat"].to_numpy(), newest["lon"].to_numpy(), outline, ring)
    rows = []
    for p, name in enumerate(PLACES):
        for phase in PHASES:
            span = phases[phase]
            mine = newest[
                (place == p) & (newest["start"] >= span.start) & (newest["start"] < span.end)
            ]
            said = mine["conclusion"].value_counts()
            rows.append(
                {
                    "place": name,
                    "phase": phase,
                    **{name: int(said.get(name, 0)) for name in CONCLUSIONS},
                }
            )
    return pd.DataFrame(rows)
