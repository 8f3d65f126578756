"""A slice of time on the air: all reports of all ships, as the lines that reach the feed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from pipelines.exercise import aivdm, garble, radio
from pipelines.exercise.geography import STATIONS
from pipelines.exercise.radio import Actor, Reception
from pipelines.exercise.receivers import SATELLITE_CODE, Faults, Receivers
from pipelines.exercise.truth import FaultyReport


@dataclass(frozen=True)
class OnAir:
    """The feed lines of a slice in the order of their arrival, who was heard when, and what of it
    is wrong.
    """

    lines: list[bytes]
    heard_actor: Ints
    heard_s: Floats
    faulty: list[FaultyReport] = field(default_factory=list)


class Broadcast:
    """All that a cast of actors sends and the receivers hear, slice by slice."""

    def __init__(
        self,
        actors: Sequence[Actor],
        receivers: Receivers,
        faults: Faults,
    ) -> None:
        self._actors = actors
        self._faults = faults
        self._late: list[tuple[float, bytes]] = []
        self._receivers = receivers
        self._class_b = np.array([actor.ship.ais_class == "B" for actor in actors])
        self._mmsi = np.array([actor.ship.mmsi for actor in actors])
        self._positions = [_while_sending(a, radio.report_times(a)) for a in actors]
        self._statics = [_while_sending(a, radio.static_times(a)) for a in actors]
        # What a ship says of itself stays the same, so that it is encoded once.
        ships = [actor.ship for actor in actors]
        self._voyage = aivdm.static_a(ships)
        self._name, self._hull = aivdm.static_b_name(ships), aivdm.static_b_hull(ships)

    def slice(self, start: float, end: float, rng: np.random.Generator) -> OnAir:
        """Return what is sent in [start, end), as it reaches the feed."""
        lines, arrivals, actor, when, faulty = self._position_lines(start, end, rng)
        static_lines, static_arrivals = self._static_lines(start, end, rng)
        every, arrival = lines + static_lines, np.r_[arrivals, static_arrivals]
        every, arrival = self._with_the_late(every, arrival, end)
        ordered = [every[k] for k in np.argsort(arrival, kind="stable")]
        radio.damage(ordered, rng)
        return OnAir(ordered, actor, when, faulty)

    def rest(self) -> list[bytes]:
        """Return what arrives after the last slice."""
        return [line for _, line in sorted(self._late)]

    def _with_the_late(
        self, every: list[bytes], arrival: Floats, end: float
    ) -> tuple[list[bytes], Floats]:
        """Hold back what arrives after the slice, and add what arrives in it from earlier ones."""
        every = every + [line for _, line in self._late]
        arrival = np.r_[arrival, [when for when, _ in self._late]]
        late = np.flatnonzero(arrival >= end)
        self._late = [(float(arrival[k]), every[k]) for k in late]
        return [every[k] for k in np.flatnonzero(arrival < end)], arrival[arrival < end]

    def _position_lines(
        self, start: float, end: float, rng: np.random.Generator
    ) -> tuple[list[bytes], Floats, Ints, Floats, list[FaultyReport]]:
        actor, t = _between(self._positions, start, end)
        counts = np.bincount(actor, minlength=len(self._actors))
        offsets = np.r_[0, np.cumsum(counts)]
        lat, lon, sog_kn, cog_deg, heading_deg = (np.zeros(len(t)) for _ in range(5))
        from_lat, from_lon = np.zeros(len(t)), np.zeros(len(t))
        status = np.zeros(len(t), "int64")
        for k in np.flatnonzero(counts).tolist():
            own = slice(offsets[k], offsets[k + 1])
            said = radio.measured(self._actors[k], t[own], rng)
            lat[own], lon[own], sog_kn[own], cog_deg[own], heading_deg[own] = said
            from_lat[own], from_lon[own] = lat[own], lon[own]
            if self._actors[k].aerial is not None or self._actors[k].disturbed is not None:
                from_lat[own], from_lon[own] = self._actors[k].afloat.at(t[own])
            status[own] = self._actors[k].path.status_at(t[own])
        class_b, second = self._class_b[actor], np.floor(t).astype("int64") % 60
        heard = radio.receive(t, from_lat, from_lon, class_b, rng, self._receivers)
        true = lat, lon
        lat, lon = radio.corrupted(lat, lon, rng)
        corrupt = (lat != true[0]) | (lon != true[1])
        lat, lon, off = garble.displaced(self._faults, actor, t, lat, lon)
        heard, wrong = garble.misdated(self._faults, actor, t, heard, rng)
        wrong[off[heard.sent] & (wrong == "")] = garble.OFF
        wrong[corrupt[heard.sent] & (wrong == "")] = garble.CORRUPT
        faulty = self._faulty(heard, wrong, actor, t, (lat, lon))
        payload = np.where(
            class_b[:, None],
            aivdm.position_b(self._mmsi[actor], sog_kn, lat, lon, cog_deg, heading_deg, second),
            aivdm.position_a(
                self._mmsi[actor], status, sog_kn, lat, lon, cog_deg, heading_deg, second
            ),
        )
        lines = radio.lines(payload[heard.sent], heard)
        return lines, heard.arrival_s, actor[heard.sent], t[heard.sent], faulty

    def _faulty(
        self,
        heard: Reception,
        wrong: NDArray[np.str_],
        actor: Ints,
        t: Floats,
        said: tuple[Floats, Floats],
    ) -> list[FaultyReport]:
        codes = [*(station.code for station in STATIONS), SATELLITE_CODE]
        return [
            FaultyReport(
                garble.FAULT_OF[str(wrong[k])],
                int(self._mmsi[actor[heard.sent[k]]]),
                float(heard.epoch_s[k]),
                float(said[0][heard.sent[k]]),
                float(said[1][heard.sent[k]]),
                float(t[heard.sent[k]]),
                f"SELATSIM-{codes[heard.station[k]]}",
                str(wrong[k]),
            )
            for k in np.flatnonzero(wrong != "").tolist()
        ]

    def _static_lines(
        self, start: float, end: float, rng: np.random.Generator
    ) -> tuple[list[bytes], Floats]:
        actor, t = _between(self._statics, start, end)
        where = [self._actors[k].afloat.place(when) for k, when in zip(actor, t, strict=True)]
        lat, lon = np.array(where, "float64").reshape(-1, 2).T
        heard = radio.receive(t, lat, lon, self._class_b[actor], rng, self._receivers)
        sender = actor[heard.sent]
        b = self._class_b[sender]
        heard_a, heard_b = _rows(heard, ~b), _rows(heard, b)
        lines = [
            *radio.lines(self._voyage[sender[~b]], heard_a, two_parts=True),
            *radio.lines(self._name[sender[b]], heard_b),
            *radio.lines(self._hull[sender[b]], heard_b),
        ]
        return lines, np.r_[heard_a.arrival_s, heard_b.arrival_s, heard_b.arrival_s + 0.01]


def _while_sending(actor: Actor, t: Floats) -> Floats:
    return t[radio.sending(actor, t)]


def _between(times: Sequence[Floats], start: float, end: float) -> tuple[Ints, Floats]:
    """Return the times of all actors in [start, end): the actor's row, and the time."""
    kept = [t[np.searchsorted(t, start) : np.searchsorted(t, end)] for t in times]
    return np.repeat(np.arange(len(kept)), [len(t) for t in kept]), np.concatenate(kept)


def _rows(heard: Reception, keep: NDArray[np.bool_]) -> Reception:
    return Reception(
        heard.sent[keep], heard.station[keep], heard.epoch_s[keep], heard.arrival_s[keep]
    )
