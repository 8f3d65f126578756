"""What is wrong with reports as they reach a feed: planned here, done in `garble`, told in the
truth.

As in real feeds: of a satellite feed of these waters every second position was dated when it was
delivered, 15-120 min late, where the reader mistook which time was which; a provider's second copy
of a track runs some minutes behind the first; one fix 5 nm off, after a silence of 43 min, was
followed by the true place again. What is to be found is spared false fixes and copies while it
happens, so that its label can be decided.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import garble
from pipelines.exercise.geography import STATIONS
from pipelines.exercise.radio import Actor
from pipelines.exercise.receivers import Copy, FalseFix, Faults
from pipelines.exercise.scenarios import hulls
from pipelines.exercise.stage import HOUR_S, Stage
from pipelines.exercise.truth import Fault, FaultyReport

_MISDATED: Final = 0.02
_FALSE_FIXES: Final = 0.07
"""Share of the ships with one or two."""
_AFTER_SILENCE: Final = 0.5
"""Share of these that come when nothing was heard for 20-45 min."""
_COPIED: Final = 0.05
_OFF_NM: Final = (1.5, 30.0)
_COPY_LATE_S: Final = (180.0, 5400.0)
_CLOCK_OFF_S: Final = 60.0
"""From which a station's constant error counts as a fault."""
_TRIES: Final = 20
_NOTED: Final = {
    "two hulls on one MMSI": "other_hull",
    hulls.SHARED: "other_hull",
    hulls.TWO_NUMBERS: "second_number",
    "interference with satellite navigation": "interference",
    "single corrupt fix": "false_fix",
}
"""What the events of an exercise say about reports: note, and the fault that it is."""


def plan(stage: Stage) -> Faults:
    """Draw what goes wrong; a silence before a false fix is added to the actor."""
    rng = stage.rng
    fixes: list[FalseFix] = []
    copies: list[Copy] = []
    for k, actor in enumerate(stage.actors):
        draw = rng.random(3)
        if actor.aerial is not None or actor.disturbed is not None:
            continue
        if draw[0] < _FALSE_FIXES:
            at = _quiet(stage, actor, 1800.0)
            if at is not None:
                away_m = float(np.exp(rng.uniform(*np.log(_OFF_NM)))) * METRES_PER_NM
                off = away_m * np.exp(1j * rng.uniform(0, 2 * np.pi))
                n = 1 + int(rng.random() < 0.3)
                fixes.append(FalseFix(k, at, n, float(off.real), float(off.imag)))
                if draw[1] < _AFTER_SILENCE:
                    silent = at - float(rng.uniform(1200, 2700)), at
                    stage.actors[k] = replace(actor, silences=(*actor.silences, silent))
        if draw[2] < _COPIED:
            lasts_s = float(rng.uniform(1.0, 4.0)) * HOUR_S
            at = _quiet(stage, actor, lasts_s)
            if at is not None:
                late_s = float(np.exp(rng.uniform(*np.log(_COPY_LATE_S))))
                copies.append(Copy(k, at, at + lasts_s, round(late_s), float(rng.uniform(0.4, 1))))
    station = int(rng.integers(len(STATIONS)))
    lasts_s = min(float(rng.uniform(1.0, 3.0)) * HOUR_S, stage.duration_s / 3)
    start = float(rng.uniform(stage.t0, stage.t1 - lasts_s))
    late_s = round(float(rng.uniform(120, 900)))
    stamped = ((station, (start, start + lasts_s), float(late_s)),)
    return Faults(tuple(fixes), tuple(copies), stamped, _MISDATED)


def _quiet(stage: Stage, actor: Actor, lasts_s: float) -> float | None:
    """Return a time from which for so long nothing is to be found on a ship that is sending."""
    first, last = max(actor.path.t[0], stage.t0) + 3000.0, min(actor.path.t[-1], stage.t1) - lasts_s
    mmsi = actor.ship.mmsi
    own = [e for e in stage.events if e.suspicious and mmsi in (e.mmsi, e.other_mmsi)]
    for _ in range(_TRIES if first < last else 0):
        at = float(stage.rng.uniform(first, last))
        busy = any(e.start - 3600 < at + lasts_s and at - 3600 < e.end for e in own)
        off = any(off < at + lasts_s and at - 3600 < on for off, on in actor.silences)
        if not busy and not off:
            return at
    return None


def told(stage: Stage, reports: Sequence[FaultyReport]) -> tuple[Fault, ...]:
    """Say in a line each what was wrong: of the reports that were heard, of whole tracks, and of
    stations whose clock is off all the time.
    """
    found: list[Fault] = []
    for station, error_s in zip(STATIONS, stage.receivers.clock_error_s, strict=False):
        if abs(error_s) >= _CLOCK_OFF_S:
            source, note = f"SELATSIM-{station.code}", "a station's clock is off all the time"
            whole = stage.t0, stage.t1
            found.append(Fault("clock", 0, 0, source, *whole, float(error_s), 0, note))
    for event in stage.events:
        fault = _NOTED.get(event.note)
        if fault:
            of_whom = event.mmsi, event.other_mmsi, "", event.start, event.end
            found.append(Fault(fault, *of_whom, 0.0, 0, event.note))
    groups: dict[tuple[str, int, str, str], list[FaultyReport]] = {}
    for report in reports:
        of_station = report.note == garble.STAMPED_LATE
        whose = (0, report.source) if of_station else (report.mmsi, "")
        key = report.fault, *whose
        groups.setdefault((*key, report.note), []).append(report)
    for (fault, mmsi, source, note), group in groups.items():
        times = [report.time for report in group]
        offsets = [report.time - report.true_time for report in group]
        span = float(min(times)), float(max(times))
        offset_s = round(float(np.median(offsets)), 1)
        found.append(Fault(fault, mmsi, 0, source, *span, offset_s, len(group), note))
    return tuple(sorted(found, key=lambda f: (f.start, f.mmsi, f.fault, f.source, f.note)))
