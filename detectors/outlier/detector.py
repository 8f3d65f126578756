"""The detector `outlier`: its facts, its rule, its events."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.detector import Context, Detector
from detectors.core.errors import SelatError
from detectors.core.evidence import at_least
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Own, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.outlier import HYPOTHESES
from detectors.kinematics import sliding, timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby, normal
from detectors.surroundings.normal import CLASSES, SIZES_DEG, Normal
from detectors.surroundings.zones import Zones

FEATURES: Final = ("course", "speed", "place")
WINDOW_S: Final = 7200
"""The longer of the windows over which surprise is averaged (`normal.WINDOWS`)."""


class Outlier(Detector):
    """A vessel under way whose place, course or speed is one of the rarest of its class.

    The model of normal traffic (`surroundings.normal`) says how surprising each tick of a vessel
    is, by place and motion together, and by its course alone among all vessels of a square mile.
    Where the mean of either over an hour, or over two, lies beyond the threshold of the vessel's
    class, its ticks make pieces (less those that are no surprise themselves), and pieces no more
    than `max_interruption_s` apart one event of at least `min_duration_s`.
    The feature that drove it is the one that explains most: how much less surprising the vessel
    would be on the course of the stream that fits best, at its speed, or at a place as usual as
    those its class comes to.

    Without a fitted model (``Context.models["normal"]``) nothing is found; how many ticks can be
    beyond the threshold was set when the model was fitted.

    Notes
    -----
    The class of a ship is what it called itself last. A vessel that says what it is for the first
    time after the window is judged as class "other" in it.

    Score before explanations: 0.2, plus up to 0.2 with the excess; 0.45 where it is extreme. Where
    too few vessels of the class are known anywhere near, that is an explanation.
    """

    name: ClassVar[str] = "outlier"
    version: ClassVar[str] = "2"
    requires: ClassVar[tuple[str, ...]] = (
        "time",
        "lat",
        "lon",
        "nav_status",
        "track_id",
        "source",
        "source_offset",
    )
    source: ClassVar[str] = (
        "Laxhammar (2008), Anomaly Detection for Sea Surveillance, FUSION 2008; Laxhammar, Falkman "
        "& Sviestins (2009), Anomaly Detection in Sea Traffic, FUSION 2009; sliding means: "
        "Laxhammar & Falkman (2014), IEEE TPAMI 36(6)"
    )
    needs_zones: ClassVar[bool] = False
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    min_duration_s: PositiveInt = 1800
    """30 minutes: giving way to another ship takes less."""
    max_interruption_s: NonNegativeInt = 1200
    """20 minutes."""
    full_excess_score: PositiveFloat = 3.0
    """Nats beyond the threshold from where on more adds nothing: three are a factor of 20."""
    extreme_excess_score: NonNegativeFloat = 10.0
    """So far beyond the threshold (a factor of 22,000), for so long, an outlier deserves a look by
    itself."""
    min_extreme_duration_s: PositiveInt = 3600
    """See `extreme_excess_score`."""

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return the vessel itself: nobody else's positions matter."""
        return (Own(),)

    @property
    def settle(self) -> timedelta:
        """Return how long after its last tick one can go on: an interruption, a silence, a
        window.
        """
        return timedelta(seconds=self.max_interruption_s + 2 * 3600 + WINDOW_S)

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any outlier not yet settled, whatever its phase."""
        return self.settle + timedelta(
            seconds=self.min_duration_s + 2 * self.max_interruption_s + 2 * WINDOW_S
        )

    def highest_score(self, zones: Zones, models: Mapping[str, Any]) -> float:
        """Return that it finds nothing where no model is fitted."""
        return 1.0 if isinstance(models.get("normal"), Normal) else 0.0

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find outliers; see the class for the rule and `Detector.detect` for the frames."""
        model = context.models.get("normal")
        if isinstance(model, SelatError):
            raise model.with_traceback(None)  # else it keeps the frames of each window before
        if positions.empty or not isinstance(model, Normal):
            return events.empty()
        reports = Reports(positions)
        grid, rows, course_deg = normal.ticks_of(
            reports.track,
            reports.time_us,
            reports.lat,
            reports.lon,
            model.step_s,
            model.max_silence_s,
        )
        moving = grid.speed_kn[rows] >= model.min_speed_kn
        rows, course_deg = rows[moving], course_deg[moving]
        speed_kn, ship = grid.speed_kn[rows], classes(grid.track_id[rows] // 100, context.vessels)
        found = model.surprise(ship, grid.lat[rows], grid.lon[rows], course_deg, speed_kn)
        excess = excess_of(model, found, ship, grid.track_id[rows], grid.tick[rows])
        beyond = np.flatnonzero(excess > 0)
        at = rows[beyond]
        spans, _ = timespan.of_runs(
            grid,
            [at],
            *self._runs(grid, at),
            window=timespan.window_us(context.start, context.end),
            settle=self.settle,
            max_break_s=self.max_interruption_s,
        )
        if len(spans) == 0:
            return events.empty()
        tracks = grid.track_id[at[spans.first]]
        lat, lon = spans.middle(reports, tracks)
        measured = measured_of(model, found, ship, course_deg, speed_kn, excess).iloc[beyond]
        evidence = self._evidence(
            reports, context, grid, at, measured, spans.first, spans.last, (lat, lon)
        )
        return events.build(
            [
                events.row(
                    self,
                    [tracks[i]],
                    start_us=int(spans.start_us[i]),
                    end_us=spans.until_us(i),
                    lat=lat[i],
                    lon=lon[i],
                    score=self._score(one),
                    evidence={
                        **one,
                        "duration_s": at_least(one["duration_s"], self, "min_duration_s"),
                        "model": model.name,
                        "model_hash": model.hash,
                    },
                    settings=("max_interruption_s", "extreme_excess_score"),
                )
                for i, one in enumerate(evidence)
            ]
        )

    def _runs(self, grid: timegrid.Grid, at: Ints) -> tuple[Ints, Ints]:
        """Find runs of surprising ticks that are long enough."""
        return timegrid.episodes(
            grid.track_id[at],
            grid.tick[at],
            max_break=self.max_interruption_s // grid.step_s,
            min_piece=1,
            min_length=-(-self.min_duration_s // grid.step_s),
        )

    def _evidence(
        self,
        reports: Reports,
        context: Context,
        grid: timegrid.Grid,
        at: Ints,
        measured: pd.DataFrame,
        first: Ints,
        last: Ints,
        middle: tuple[Floats, Floats],
    ) -> list[dict[str, Any]]:
        """Return what was measured, one mapping per event: medians over its surprising ticks."""
        before, after = grid.report[at[first]], grid.report[at[last] + 1] + 1
        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        reached = context.zones.reached(lat, lon)
        away_m = nearby.nearest_zone_m(context.zones, lat, lon, ("port", "anchorage"))
        medians = {
            name: timegrid.quantiles(measured[name].to_numpy("float64"), first, last, 0.5)
            for name in (
                "surprise",
                "threshold",
                "flow",
                "flow_threshold",
                "excess",
                *FEATURES,
                "usual_speed",
                "speed_kn",
                "vessels",
            )
        }
        status, shares = timegrid.most_common(reports.nav_status[grid.report[at]], first, last)
        sources = [reports.sources_of(rows) for rows in (before, after)]
        found = []
        for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            gains = {name: float(medians[name][i]) for name in FEATURES}
            ticks = measured.iloc[a : b + 1]
            duration_s = int((grid.tick[at[b]] + 1 - grid.tick[at[a]]) * grid.step_s)
            found.append(
                {
                    "driving_feature": max(FEATURES, key=gains.__getitem__),
                    "ship_class": CLASSES[int(ticks["ship"].iloc[0])],
                    "duration_s": duration_s,
                    "n_ticks": len(ticks),
                    "surprise_score": float(medians["surprise"][i]),
                    "min_surprise_score": float(medians["threshold"][i]),
                    "course_surprise_score": float(medians["flow"][i]),
                    "min_course_surprise_score": float(medians["flow_threshold"][i]),
                    "excess_score": float(medians["excess"][i]),
                    **{f"{name}_gain_score": gains[name] for name in FEATURES},
                    "course_deg": _mean_deg(ticks["course_deg"]),
                    "usual_course_deg": _mean_deg(ticks["usual_course"]),
                    "median_speed_kn": float(medians["speed_kn"][i]),
                    "drift_kn": float(medians["speed_kn"][i]),
                    "usual_speed_kn": float(medians["usual_speed"][i]),
                    "n_class_vessels": int(medians["vessels"][i]),
                    "known_nearby": bool((ticks["level"] < len(SIZES_DEG)).mean() >= 0.5),
                    "nav_status": status[i],
                    "nav_status_fraction": shares[i],
                    "n_reports": int(after[i] - before[i] + 1),
                    "first_report_source": sources[0][i],
                    "last_report_source": sources[1][i],
                    "zones_reached": bool(reached[i]),
                    "anchorage_distance_m": float(away_m[i]) if reached[i] else float("nan"),
                }
            )
        return found

    def _score(self, evidence: dict[str, Any]) -> float:
        excess = float(evidence["excess_score"])
        long_enough = evidence["duration_s"] >= self.min_extreme_duration_s
        if excess >= self.extreme_excess_score and long_enough:
            return 0.45
        return float(0.2 + 0.2 * min(1.0, max(0.0, excess) / self.full_excess_score))

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what was unusual, beside what is usual there."""
        fact = event.evidence
        match str(fact["driving_feature"]):
            case "course":
                what = words.say(
                    "Went {course_deg:.0f}° where its class goes {usual_course_deg:.0f}°",
                    course_deg=fact["course_deg"],
                    usual_course_deg=fact["usual_course_deg"],
                )
            case "speed":
                what = words.say(
                    "Went {median_speed_kn:.0f} kn where its class goes {usual_speed_kn:.0f} kn",
                    median_speed_kn=fact["median_speed_kn"],
                    usual_speed_kn=fact["usual_speed_kn"],
                )
            case _:
                what = words.say(
                    "Went where few of its class go ({n_class_vessels} in the past)",
                    n_class_vessels=fact["n_class_vessels"],
                )
        return words.say(
            "{what}, for {duration}, {place}",
            what=what,
            duration=words.duration(event.start, event.seen_until),
            place=words.place(event.lat, event.lon),
        )


def _mean_deg(angles: pd.Series) -> float:
    radians = np.radians(angles.to_numpy("float64"))
    return float(np.degrees(np.arctan2(np.sin(radians).mean(), np.cos(radians).mean())) % 360.0)


# ---- how surprising each tick of a vessel is


PART_SHARE: Final = 0.8
"""A tick of an odd hour is a part of it from this share of the threshold on."""


def classes(mmsi: Ints, vessels: pd.DataFrame) -> Ints:
    """Return the row of `normal.CLASSES` of each vessel, from what it says it is."""
    own, row = np.unique(mmsi, return_inverse=True)
    types = vessels.set_index("mmsi")["ship_type"].reindex(own).fillna(-1).to_numpy()
    return normal.ship_class(types)[row]


def excess_of(
    model: Normal, found: normal.Surprise, ship: Ints, track_id: Ints, tick: Ints
) -> Floats:
    """Return how far the mean of the oddest window around a tick lies beyond its threshold; minus
    infinity where none does, or the tick itself is too usual to be a part of it.
    """
    excess = np.full(len(ship), -np.inf)
    for values, threshold in (
        (found.total, model.threshold(ship)),
        (found.flow, model.flow_threshold(ship)),
    ):
        for k, window in enumerate(normal.WINDOWS):
            beyond = sliding.mean(track_id, tick, values, window) - threshold[:, k]
            margin = sliding.highest(beyond, window)
            with np.errstate(invalid="ignore"):
                part = (margin > 0) & (values >= PART_SHARE * threshold[:, k])
            excess = np.where(part, np.maximum(excess, margin), excess)
    return excess


def measured_of(
    model: Normal,
    found: normal.Surprise,
    ship: Ints,
    course_deg: Floats,
    speed_kn: Floats,
    excess: Floats,
) -> pd.DataFrame:
    """Return what each tick shows: how much less surprising each feature's usual value is."""
    return pd.DataFrame(
        {
            "ship": ship,
            "surprise": found.total,
            "threshold": model.threshold(ship)[:, 0],
            "flow": found.flow,
            "flow_threshold": model.flow_threshold(ship)[:, 0],
            "excess": excess,
            "course": np.fmax(found.motion - found.without_course, found.flow),
            "speed": found.motion - found.without_speed,
            "place": found.place - model.arrays["typical_place"][ship],
            "course_deg": course_deg,
            "speed_kn": speed_kn,
            "usual_course": np.where(
                found.flow > normal.MIN_FLOW_SURPRISE, found.flow_deg, found.course_deg
            ),
            "usual_speed": found.speed_kn,
            "vessels": found.vessels,
            "level": found.level,
        }
    )
