"""Two clocks in one feed: what its times say, and what the reports themselves say of them.

A report of type 1, 2, 3 or 18 carries the UTC second of its position, a base station's (type 4) the
whole date and time (ITU-R M.1371-5, annex 8). A vessel's displacement between two reports is what
its speed over ground made in the time between them. Where a feed's times don't agree with these,
they are another clock's: that of the delivery, or a receiver's that is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics.geodesy import distance_m, speed_kn
from pipelines.ingest.aivdm.memory import FROM_AROUND, FROM_NONE, Rows
from pipelines.ingest.rows import Batch

MAX_RECEIVERS: Final = 256
MIN_REPORTS: Final = 100
"""Reports, or pairs of them, from which on a share is right within a tenth."""

SPREAD_S: Final = 9
"""A report is received within seconds of the second that it names: of an Australian and a Danish
log 92 % from 2 s before to 6 s behind it, as their receivers' clocks and loggers have it."""

SOUND_SHARE: Final = 0.5
"""Where fewer agree than this, most times aren't those of reception. By chance, 15 % do."""

FITTING_SHARE: Final = 0.7
"""Where fewer pairs fit, the times are wrong: of two real feeds with two clocks 49 and 57 % did,
and 99.5 % once their times were put right."""

CUT_SHARE: Final = 0.9
"""Where so many of a receiver's times are whole minutes they were cut or rounded to these: of
times in seconds one in sixty is. What is said in seconds then tells nothing of the clock."""

SOUND_OFFSET_S: Final = 8.0
MIN_BASES: Final = 10
MAX_BASES: Final = 1_000
BASES_AGREE_S: Final = 5.0

MOVING_KN: Final = 4.0
FITS_KN: Final = 2.0
FITS_SHARE: Final = 0.3
NEAR_S: Final = (10.0, 1_800.0)
MINUTE_S: Final = 60.0
"""Where all times are whole minutes a pause may be so much longer or shorter than they say."""
OTHER_UNITS: Final = {"m/s": 1.943844, "km/h": 0.539957, "kn/10": 0.1}
"""Knots that one of each is. Miles per hour can't be told from knots by conduct: 13 % less."""
UNIT_KN: Final = 1.0
UNIT_SHARE: Final = 0.1
"""A pair has its speed in a unit where they agree so closely: what turns or fixes are off by is
little, where all speeds are off by a factor of two."""
MAX_SAMPLED: Final = 500_000
"""Positions of a feed whose conduct is looked at; more would say the same."""

PUT_RIGHT_HINT: Final = "nothing to do; such a feed is hours old when it comes"
ZONE_HINT: Final = "set the clock of its computer to UTC; what it sent was put right by whole hours"
REFUSED_HINT: Final = "ask who delivers the feed for the time of reception of each sentence"
UNIT_HINT: Final = (
    "say so in config/mappings.yaml (sog_kn: {from: COLUMN, unit: UNIT}), delete the feed and "
    "ingest it again; until then every rule that asks for a stated speed is off"
)
WRONG_HINT: Final = (
    "ask who delivers the feed for the times of reception (tag block c:, or $PGHP lines); until "
    "then what rests on times, speeds above all, may be wrong"
)


@dataclass
class _Receiver:
    """Counts of one receiver: by how many seconds its times are later than the reports say."""

    seconds: NDArray[np.int64] = field(default_factory=lambda: np.zeros(60, np.int64))
    whole_minutes: int = 0
    bases: list[float] = field(default_factory=list)
    base_mmsis: set[int] = field(default_factory=set)


class Clocks:
    """Compare the times of sentences with what is said in them; bounded, whatever the feed."""

    def __init__(self) -> None:
        self._receivers: dict[int, _Receiver] = {}

    def positions(self, rows: Rows) -> None:
        """Count the seconds of position reports that have a time of their own."""
        told = np.isin(rows["msg_type"], (1, 2, 3, 18)) & (rows["second"] < 60)
        told &= (rows["time"] > 0) & ~np.isin(rows["time_from"], (FROM_NONE, FROM_AROUND))
        time_us = rows["time"][told]
        later = (time_us // 1_000_000 - rows["second"][told]) % 60
        whole = time_us % int(MINUTE_S * 1e6) == 0
        stations = rows["station"][told]
        for station in np.unique(stations).tolist():
            receiver, own = self._receiver(station), stations == station
            receiver.seconds += np.bincount(later[own], minlength=60)
            receiver.whole_minutes += int(whole[own].sum())

    def bases(self, rows: Rows) -> None:
        """Note by how much the times of base stations' reports differ from what they say."""
        told = rows[(rows["time"] > 0) & (rows["utc"] > 0) & (rows["msg_type"] == 4)]
        for station in np.unique(told["station"]).tolist():
            receiver = self._receiver(station)
            own = told[told["station"] == station][: MAX_BASES - len(receiver.bases)]
            receiver.bases += ((own["time"] - own["utc"]) / 1e6).tolist()
            receiver.base_mmsis |= set(own["mmsi"].tolist())

    def found(self, stations: Sequence[str]) -> list[dict[str, Any]]:
        """Say what is wrong, most reports first: of which receiver, of how many, in words."""
        found = [
            {"receiver": stations[code] if code >= 0 else "", **wrong}
            for code, receiver in self._receivers.items()
            if (wrong := _wrong(receiver))
        ]
        return sorted(found, key=lambda one: -one["reports"])

    def _receiver(self, station: int) -> _Receiver:
        if station not in self._receivers and len(self._receivers) >= MAX_RECEIVERS:
            station = -1
        return self._receivers.setdefault(station, _Receiver())


def _wrong(receiver: _Receiver) -> dict[str, Any] | None:
    """Say what is wrong with a receiver's clock, if anything is."""
    reports = int(receiver.seconds.sum())
    if reports < MIN_REPORTS:
        return None
    if receiver.whole_minutes >= CUT_SHARE * reports:
        return _wrong_minutes(receiver, reports)
    around = np.concatenate([receiver.seconds, receiver.seconds[: SPREAD_S - 1]])
    windows = np.convolve(around, np.ones(SPREAD_S, np.int64), "valid")
    best = int(windows.argmax())
    share = float(windows[best] / reports)
    if share < SOUND_SHARE:
        text = (
            f"its times aren't those of reception: {share:.0%} of {reports:,} reports agree with "
            "the UTC second inside them, 15 % would by chance"
        )
        return {"reports": reports, "share": round(share, 3), "offset_s": None, "text": text}
    middle = best + (SPREAD_S - 1) / 2
    offset_s = (middle + 30) % 60 - 30
    by = f"the UTC second inside {share:.0%} of {reports:,} reports"
    whole = False  # seconds alone don't tell so much slow from the rest of a minute fast
    whole_s = _by_bases(receiver, BASES_AGREE_S)
    if whole_s is not None:
        offset_s, whole = whole_s, True
        by += f" and {_bases_told(receiver)}"
    if abs(offset_s) <= SOUND_OFFSET_S:
        return None
    ways = ("fast", "slow") if offset_s > 0 else ("slow", "fast")
    text = f"its clock is {abs(offset_s):.0f} s {ways[0]}"
    if not whole:
        text += f" or {60 - round(abs(offset_s)):.0f} s {ways[1]}, or whole minutes more"
    text += f", by {by}"
    return {"reports": reports, "share": round(share, 3), "offset_s": offset_s, "text": text}


def _wrong_minutes(receiver: _Receiver, reports: int) -> dict[str, Any] | None:
    """Say what is wrong with a clock of whole minutes, which only base stations can tell.

    Cut or rounded, a right one is up to a minute off what they say, and half of it usually.
    """
    offset_s = _by_bases(receiver, MINUTE_S / 2 + BASES_AGREE_S)
    if offset_s is None or abs(offset_s) <= MINUTE_S:
        return None
    way = "fast" if offset_s > 0 else "slow"
    text = (
        f"its clock is about {abs(offset_s) / MINUTE_S:.0f} min {way}, by {_bases_told(receiver)}"
    )
    return {"reports": reports, "share": None, "offset_s": offset_s, "text": text}


def _by_bases(receiver: _Receiver, agree_s: float) -> float | None:
    """Return by how much its times are later than two base stations or more say, most alike."""
    bases = np.array(receiver.bases)
    if len(bases) < MIN_BASES or len(receiver.base_mmsis) < 2:
        return None
    middle_s = float(np.median(bases))
    return middle_s if np.mean(np.abs(bases - middle_s) <= agree_s) >= SOUND_SHARE else None


def _bases_told(receiver: _Receiver) -> str:
    return f"{len(receiver.bases):,} reports of {len(receiver.base_mmsis)} base stations"


class Conduct:
    """Compare how far vessels moved between reports with their speeds over ground."""

    def __init__(self) -> None:
        self._sampled = self._pairs = self._fit = self._may_fit = 0
        self._in_unit = dict.fromkeys(OTHER_UNITS, 0)

    def landed(self, batch: Batch) -> None:
        """Count the pairs of a batch's reports that fit, of each vessel under way."""
        if self._sampled >= MAX_SAMPLED:
            return
        mmsi, time_us = batch.heard
        lat, lon, speed = batch.movement
        few = slice(0, MAX_SAMPLED - self._sampled)
        mmsi, time_s = mmsi[few], time_us[few] / 1e6
        lat, lon, speed = lat[few], lon[few], speed[few]
        self._sampled += len(mmsi)
        moving = np.flatnonzero(speed >= MOVING_KN)
        order = moving[np.lexsort((time_s[moving], mmsi[moving]))]
        between_s = np.diff(time_s[order])
        pairs = (np.diff(mmsi[order]) == 0) & (between_s >= NEAR_S[0]) & (between_s <= NEAR_S[1])
        first, second = order[:-1][pairs], order[1:][pairs]
        moved_m = distance_m(lat[first], lon[first], lat[second], lon[second])
        between_s = between_s[pairs]
        made_kn = speed_kn(moved_m, between_s)
        said_kn = (speed[first] + speed[second]) / 2
        off_kn = np.maximum(FITS_KN, FITS_SHARE * said_kn)
        self._pairs += len(first)
        self._fit += int(np.count_nonzero(np.abs(made_kn - said_kn) <= off_kn))
        round_s = 0.0 if np.any(time_s % MINUTE_S) else MINUTE_S
        least_kn = speed_kn(moved_m, between_s + round_s)
        most_kn = speed_kn(moved_m, np.maximum(between_s - round_s, 1.0))
        may_fit = (said_kn >= least_kn - off_kn) & (said_kn <= most_kn + off_kn)
        self._may_fit += int(np.count_nonzero(may_fit))
        for unit, knots in OTHER_UNITS.items():
            close = np.abs(made_kn - knots * said_kn)
            close = close <= np.maximum(UNIT_KN, UNIT_SHARE * knots * said_kn)
            self._in_unit[unit] += int(np.count_nonzero(close))

    def found(self) -> list[dict[str, Any]]:
        """Say that movements contradict the times, or the unit of the speeds, if they do."""
        if self._pairs < MIN_REPORTS or self._fit >= FITTING_SHARE * self._pairs:
            return []
        share = self._fit / self._pairs
        unit, fit = max(self._in_unit.items(), key=lambda one: one[1])
        if fit >= FITTING_SHARE * self._pairs:
            share = fit / self._pairs
            text = (
                f"its speeds over ground are in {unit}, not in knots: of {self._pairs:,} pairs of "
                f"reports {share:.0%} lie {OTHER_UNITS[unit]:.2f} times as far apart as they say"
            )
            found = {"receiver": "", "reports": self._pairs, "share": round(share, 3)}
            return [{**found, "offset_s": None, "unit": unit, "text": text}]
        if self._may_fit >= FITTING_SHARE * self._pairs:
            return []
        text = (
            f"its times, or its speeds, don't fit how vessels move: of {self._pairs:,} pairs of "
            f"reports {share:.0%} lie as far apart as their speed over ground makes"
        )
        found = {"receiver": "", "reports": self._pairs, "share": round(share, 3)}
        return [{**found, "offset_s": None, "text": text}]


def told(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what became of a feed's clocks, from its report, each with what to do about it."""
    said = []
    if late := report.get("time_of_delivery", 0):
        mean_min = report["delivery_lag_s"] / max(report["time_put_right"], 1) / 60
        text = (
            f"the times behind {late:,} sentences are those of their delivery, {mean_min:.0f} min "
            "late on average; they got those of their reception, from $PGHP lines"
        )
        said.append((text, PUT_RIGHT_HINT))
    if refused := report["rejected"].get("delivery time", 0):
        text = f"{refused:,} reports were rejected, since only the time of their delivery is known"
        said.append((text, REFUSED_HINT))
    for one in report.get("clocks", []):
        receiver = f"receiver {one['receiver']}: " if one["receiver"] else ""
        hint = ZONE_HINT if one.get("put_right") else WRONG_HINT
        hint = UNIT_HINT.replace("UNIT", one["unit"]) if one.get("unit") else hint
        said.append((f"{receiver}{one['text']}", hint))
    return said


def in_words(report: Mapping[str, Any]) -> list[str]:
    """Say what became of a feed's clocks, from its report; empty if there was one, and sound."""
    return [text for text, _ in told(report)]
