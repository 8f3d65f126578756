"""Outlier: a vessel that moves as vessels of its class don't, there."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from detectors.core import events, normal, runs, surroundings, timespan
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import (
    FISHING,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    PILOT,
    PLEASURE,
    RESTRICTED,
    TENDER,
    TOWING,
    TUG,
    WORKING,
    Facts,
    Hypothesis,
)
from detectors.core.frames import NAV_STATUS_UNDEFINED, SECOND_US, epoch_us, from_epoch_us
from detectors.core.normal import CLASSES, SIZES_DEG, Normal
from detectors.core.reports import sources
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES: Final = ("course", "speed", "place")
WINDOW_S: Final = 7200
"""The longer of the windows over which surprise is averaged (`normal.WINDOWS`)."""
PART_SHARE: Final = 0.8
"""A tick of an odd hour is a part of it from this share of the threshold on."""
NEAR_PORT_M: Final = 3704.0
"""Two miles: ships turn and slow down off a port."""


def official_duty(facts: Facts) -> str | None:
    """Patrols and rescues go where others don't."""
    if facts.any_type(OFFICIAL):
        return "it is a military, rescue, law enforcement or medical vessel"
    return None


def service(facts: Facts) -> str | None:
    """Pilot boats, tugs and tenders go to and fro across the traffic."""
    if facts.any_type(PILOT | TUG | TOWING | TENDER):
        return "it is a pilot boat, tug or tender, whose work takes it across the traffic"
    return None


def work_at_sea(facts: Facts) -> str | None:
    """A dredger or diving vessel, or one restricted in its ability to manoeuvre."""
    if facts.any_type(WORKING):
        return "it is engaged in dredging, diving or underwater work"
    if facts.statuses()[0] == RESTRICTED:
        return "it reports being restricted in its ability to manoeuvre"
    return None


def fishing_trip(facts: Facts) -> str | None:
    """Fishing vessels follow the fish."""
    if facts.any_type(FISHING):
        return "it is a fishing vessel, and those follow no lanes"
    return None


def breakdown(facts: Facts) -> str | None:
    """Reports not being under command."""
    if facts.statuses()[0] == NOT_UNDER_COMMAND:
        return "it reports not being under command"
    return None


def pleasure_trip(facts: Facts) -> str | None:
    """Yachts go where they like."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft, and those follow no lanes"
    return None


def near_port(facts: Facts) -> str | None:
    """Turning or slowing off a port or an anchorage."""
    away_m = facts.number("anchorage_distance_m")
    if away_m <= NEAR_PORT_M and facts.hours <= 2.0:
        return f"it lasted {facts.hours:.1f} h, {away_m / 1852:.1f} nm off a port or anchorage"
    return None


def little_known(facts: Facts) -> str | None:
    """Too few of its class came anywhere near for it to be unusual."""
    if facts.evidence.get("known_nearby") is False:
        kind = facts.evidence.get("ship_class")
        return f"too few vessels of its class ({kind}) are known anywhere near to say what is usual"
    return None


class Outlier(Detector):
    """A vessel under way whose place, course or speed is one of the rarest of its class.

    The model of normal traffic (`detectors.core.normal`) says how surprising each tick of a vessel
    is, by place and motion together, and by its course alone among all vessels of a square mile.
    Where the mean of either over an hour, or over two, lies beyond the threshold of the vessel's
    class, its ticks make pieces (less those that are no surprise themselves), and pieces no more
    than `max_interruption_s` apart one event of at least `min_duration_s`.
    The feature that drove it is the one that explains most: how much less surprising the vessel
    would be on the course of the stream that fits best, at its speed, or at a place as usual as
    those its class comes to.

    Without a fitted model (``Context.models["normal"]``) nothing is found; how many ticks can be
    beyond the threshold was set when the model was fitted.

    Parameters
    ----------
    min_duration_s
        30 minutes: giving way to another ship takes less.
    max_interruption_s
        20 minutes.
    full_excess_score
        Nats beyond the threshold from where on more adds nothing: three are a factor of 20.
    extreme_excess_score, min_extreme_duration_s
        So far beyond the threshold (a factor of 22,000), for so long, an outlier deserves a look by
        itself.

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
        "time", "lat", "lon", "nav_status", "track_id", "source", "source_offset",
    )  # fmt: skip
    rests_on: ClassVar[RestsOn] = RestsOn.OWN
    source: ClassVar[str] = (
        "Laxhammar (2008), Anomaly Detection for Sea Surveillance, FUSION 2008; Laxhammar, Falkman "
        "& Sviestins (2009), Anomaly Detection in Sea Traffic, FUSION 2009; sliding means: "
        "Laxhammar & Falkman (2014), IEEE TPAMI 36(6)"
    )
    needs_zones: ClassVar[bool] = False
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        Hypothesis(
            "official craft", 0.8, official_duty,
            "the authority it claims to belong to does not know the vessel",
            needs_types=True,
        ),
        Hypothesis(
            "service routine", 0.7, service,
            "its station or agent knows of no job here",
            needs_types=True,
        ),
        Hypothesis("work at sea", 0.7, work_at_sea, "no notice to mariners announces the work"),
        Hypothesis("fishing", 0.6, fishing_trip, "it meets another vessel, or lands no catch"),
        Hypothesis(
            "not under command", 0.6, breakdown,
            "it reported no breakdown to the traffic service",
        ),
        Hypothesis(
            "pleasure craft", 0.6, pleasure_trip, "it meets a merchant vessel", needs_types=True
        ),
        Hypothesis(
            "little known there", 0.5, little_known,
            "more past traffic shows that its class never comes there",
        ),
        Hypothesis(
            "manoeuvring off a port", 0.5, near_port, "it neither calls there nor anchors"
        ),
    )  # fmt: skip

    min_duration_s: PositiveInt = 1800
    max_interruption_s: NonNegativeInt = 1200
    full_excess_score: PositiveFloat = 3.0
    extreme_excess_score: NonNegativeFloat = 10.0
    min_extreme_duration_s: PositiveInt = 3600

    @property
    def settle(self) -> timedelta:
        """How long after its last tick one can go on: an interruption, a silence, a window."""
        return timedelta(seconds=self.max_interruption_s + 2 * 3600 + WINDOW_S)

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any outlier not yet settled, whatever its phase."""
        return self.settle + timedelta(
            seconds=self.min_duration_s + 2 * self.max_interruption_s + 2 * WINDOW_S
        )

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find outliers; see the class for the rule and `Detector.detect` for the frames."""
        model = context.models.get("normal")
        if positions.empty or not isinstance(model, Normal):
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        grid, rows, course_deg = normal.ticks_of(
            track, time_us, lat, lon, model.step_s, model.max_silence_s
        )
        moving = grid.speed_kn[rows] >= model.min_speed_kn
        rows, course_deg = rows[moving], course_deg[moving]
        ship = _classes(grid.track_id[rows] // 100, context.vessels)
        found = model.surprise(
            ship, grid.lat[rows], grid.lon[rows], course_deg, grid.speed_kn[rows]
        )
        excess = _excess(model, found, ship, grid.track_id[rows], grid.tick[rows])
        beyond = np.flatnonzero(excess > 0)
        at = rows[beyond]
        first, last = runs.spells(
            grid.track_id[at],
            grid.tick[at],
            max_break=self.max_interruption_s // model.step_s,
            min_piece=1,
            min_length=-(-self.min_duration_s // model.step_s),
        )
        step_us = model.step_s * SECOND_US
        start_us, end_us = grid.tick[at[first]] * step_us, (grid.tick[at[last]] + 1) * step_us
        window = timespan.window_us(context.start, context.end)
        wanted = timespan.touches(start_us, end_us, window, self.settle)
        first, last, start_us, end_us = (a[wanted] for a in (first, last, start_us, end_us))
        if not len(first):
            return events.empty()

        tracks = grid.track_id[at[first]]
        last_ticks = grid.last_ticks()
        final_tick = np.array([last_ticks[t] for t in tracks.tolist()])
        still_on = (grid.tick[at[last]] >= final_tick) & (
            window[1] - end_us <= self.max_interruption_s * SECOND_US
        )
        middle = runs.position_at(track, time_us, lat, lon, tracks, (start_us + end_us) // 2)
        measured = _measured(model, found, ship, course_deg, grid.speed_kn[rows], excess)
        evidence = self._evidence(
            positions, context, grid, at, measured.iloc[beyond], first, last, middle
        )
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        found_rows = [
            {
                "kind": self.name,
                "detector": self.name,
                "version": self.version,
                "mmsi": int(tracks[i] // 100),
                "track_ids": str(tracks[i]),
                "start": times[0].iloc[i],
                "end": pd.NaT if still_on[i] else times[1].iloc[i],
                "anchor": times[0].iloc[i],
                "lat": float(middle[0][i]),
                "lon": float(middle[1][i]),
                "score": self._score(evidence[i]),
                "evidence": {**evidence[i], "model": model.name, "model_hash": model.hash},
            }
            for i in range(len(tracks))
        ]
        return events.build(found_rows)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What was unusual, beside what is usual there."""
        fact = event.evidence
        match str(fact["driving_feature"]):
            case "course":
                what = words.say(
                    "Went {course_deg:.0f}° where its class goes {usual_course_deg:.0f}°", **fact
                )
            case "speed":
                what = words.say(
                    "Went {median_speed_kn:.0f} kn where its class goes {usual_speed_kn:.0f} kn",
                    **fact,
                )
            case _:
                what = words.say(
                    "Went where few of its class go ({n_class_vessels} in the past)", **fact
                )
        return words.say(
            "{what}, for {duration}, {place}", what=what,
            duration=words.duration(event.start, event.end),
            place=words.place(event.lat, event.lon),
        )  # fmt: skip

    def _evidence(
        self,
        positions: pd.DataFrame,
        context: Context,
        grid: runs.Grid,
        at: Ints,
        measured: pd.DataFrame,
        first: Ints,
        last: Ints,
        middle: tuple[Floats, Floats],
    ) -> list[dict[str, Any]]:
        """What was measured, one mapping per event: medians over its surprising ticks."""
        status = positions["nav_status"].to_numpy()
        before, after = grid.report[at[first]], grid.report[at[last] + 1] + 1
        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        reached = context.zones.reached(lat, lon)
        away_m = surroundings.nearest_zone_m(context.zones, lat, lon, ("port", "anchorage"))
        medians = {
            name: runs.quantiles(measured[name].to_numpy("float64"), first, last, 0.5)
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
        list_ = []
        for i, (a, b) in enumerate(zip(first, last, strict=True)):
            gains = {name: float(medians[name][i]) for name in FEATURES}
            driving = max(FEATURES, key=lambda name: gains[name])
            ticks = measured.iloc[a : b + 1]
            codes = status[grid.report[at[a : b + 1]]]
            code, share = _most_common(codes)
            list_.append(
                {
                    "driving_feature": driving,
                    "ship_class": CLASSES[int(ticks["ship"].iloc[0])],
                    "duration_s": int((grid.tick[at[b]] + 1 - grid.tick[at[a]]) * grid.step_s),
                    "duration_s_margin": int(
                        (grid.tick[at[b]] + 1 - grid.tick[at[a]]) * grid.step_s
                        - self.min_duration_s
                    ),
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
                    "nav_status": code,
                    "nav_status_fraction": share,
                    "n_reports": int(after[i] - before[i] + 1),
                    "first_report_source": sources(positions, before[i : i + 1])[0],
                    "last_report_source": sources(positions, after[i : i + 1])[0],
                    "zones_reached": bool(reached[i]),
                    "anchorage_distance_m": float(away_m[i]) if reached[i] else float("nan"),
                    "min_duration_s": self.min_duration_s,
                    "max_interruption_s": self.max_interruption_s,
                    "min_extreme_excess_score": self.extreme_excess_score,
                }
            )
        return list_

    def _score(self, evidence: dict[str, Any]) -> float:
        excess = float(evidence["excess_score"])
        long_enough = evidence["duration_s"] >= self.min_extreme_duration_s
        if excess >= self.extreme_excess_score and long_enough:
            return 0.45
        return float(0.2 + 0.2 * min(1.0, max(0.0, excess) / self.full_excess_score))


def _classes(mmsi: Ints, vessels: pd.DataFrame) -> Ints:
    """Row of `normal.CLASSES` of each vessel, from what it says it is."""
    own, row = np.unique(mmsi, return_inverse=True)
    types = vessels.set_index("mmsi")["ship_type"].reindex(own).fillna(-1).to_numpy()
    return normal.ship_class(types)[row]


def _excess(
    model: Normal, found: normal.Surprise, ship: Ints, track_id: Ints, tick: Ints
) -> Floats:
    """How far the mean of the oddest window around each tick lies beyond its threshold; minus
    infinity where none does, or the tick itself is too usual to be a part of it.
    """
    excess = np.full(len(ship), -np.inf)
    for values, threshold in (
        (found.total, model.threshold(ship)), (found.flow, model.flow_threshold(ship)),
    ):  # fmt: skip
        for k, window in enumerate(normal.WINDOWS):
            beyond = normal.sliding(track_id, tick, values, window) - threshold[:, k]
            margin = normal.highest(beyond, window)
            with np.errstate(invalid="ignore"):
                part = (margin > 0) & (values >= PART_SHARE * threshold[:, k])
            excess = np.where(part, np.maximum(excess, margin), excess)
    return excess


def _measured(
    model: Normal,
    found: normal.Surprise,
    ship: Ints,
    course_deg: Floats,
    speed_kn: Floats,
    excess: Floats,
) -> pd.DataFrame:
    """What each tick shows: of each feature, how much its usual value would lower the surprise."""
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
            "place": found.place - model.typical_place(ship),
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


def _mean_deg(angles: pd.Series) -> float:
    radians = np.radians(angles.to_numpy("float64"))
    return float(np.degrees(np.arctan2(np.sin(radians).mean(), np.cos(radians).mean())) % 360.0)


def _most_common(codes: NDArray[Any]) -> tuple[int, float]:
    """Navigation status most often reported and its share, undefined ones aside."""
    known = codes[(codes >= 0) & (codes != NAV_STATUS_UNDEFINED)]
    if not len(known):
        return NAV_STATUS_UNDEFINED, 0.0
    counts = np.bincount(known)
    return int(counts.argmax()), float(counts.max() / len(codes))
