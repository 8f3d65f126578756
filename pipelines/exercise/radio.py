"""From paths to the feed: who reports when, what the receivers hear, and what reaches the file."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import aivdm
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import STATIONS
from pipelines.exercise.motion import AT_ANCHOR, MOORED, Path, speed_kn
from pipelines.exercise.receivers import (
    SATELLITE,
    SATELLITE_CODE,
    Receivers,
)

CLASS_B_RANGE: Final = 0.6
"""Share of a station's range at which it hears class B: 2 W and a low antenna instead of 12.5 W."""
STATIC_INTERVAL_S: Final = 18 * 60.0
"""One in three of the static reports of ITU-R M.1371-5 (every 6 min)."""
_BEST_HEARING: Final = 0.97
_SECOND_COPY: Final = 0.2
"""Share of the second station's receptions that a network leaves in after removing duplicates."""
_BIT_FLIPS: Final = 0.003
_TRUNCATED: Final = 0.002
_DELAYED: Final = 0.02
_GPS_ERROR_M: Final = 6.0
_CORRUPT_FIXES: Final = 1e-4
"""Share of position reports with a wrong position under a right checksum."""
_SATELLITE_DELAY_S: Final = (60.0, 900.0)
"""From reception to the feed: a satellite keeps what it heard until it sees a ground station."""
_HEARD_ASHORE: Final = 0.3
"""Where stations hear less than this, few ships send: see `receivers.SATELLITE_HEARING`."""


@dataclass(frozen=True)
class Interference:
    """What a ship's satellite navigation says while it is disturbed.

    Grant, Williams, Ward & Basker (2009), GPS Jamming and the Impact on Maritime Navigation,
    Journal of Navigation 62(2):173-187, doi:10.1017/S0373463308005213: between the loss of a sound
    fix and that of any, receivers gave positions miles off, other ones each time, with speeds to
    match, and their AIS sent them.
    """

    start: float
    end: float
    """Epoch seconds."""
    spread_m: float
    """Standard deviation of the positions, in each of two directions."""
    share: float
    """Of the reports meanwhile, those that are wrong."""


@dataclass(frozen=True)
class Actor:
    """A ship in the exercise."""

    ship: Identity
    """What it says it is."""
    path: Path
    """Where it is; nothing is sent before or after it."""
    silences: tuple[tuple[float, float], ...] = ()
    """Spans (epoch seconds) in which its transmitter is off."""
    aerial: Path | None = None
    """Where it really is and is heard from, if that isn't where it says (`path`); covers the times
    of `path`."""
    true_speed: bool = False
    """Whether speed and course are those of `aerial` although the position is not."""
    exact: bool = False
    """Whether its positions have no error, as those of a receiver that has stuck."""
    named: bool = True
    """Whether it sends static data."""
    disturbed: Interference | None = None
    """When its fixes scatter around where it is."""

    @property
    def afloat(self) -> Path:
        """Return where it really is."""
        return self.aerial or self.path


def report_times(actor: Actor) -> Floats:
    """Return times of an actor's position reports.

    The intervals of ITU-R M.1371-5, annex 1, thinned so that a day stays small: class A under
    way one report in six (60 s up to 14 kn, 36 s up to 23 kn, then 30 s), at anchor or moored all
    (3 min); class B one in three (90 s above 2 kn), below that all (3 min).
    """
    path, speed = actor.path, speed_kn(actor.path)
    if actor.ship.ais_class == "A":
        interval = np.where(speed <= 14.0, 60.0, np.where(speed <= 23.0, 36.0, 30.0))
        parked = np.isin(path.status[:-1], (AT_ANCHOR, MOORED)) & (speed <= 3.0)
        interval[parked] = 180.0
    else:
        interval = np.where(speed > 2.0, 90.0, 180.0)
    # A report goes out whenever the number of intervals gone by passes a whole number.
    gone_by = np.r_[0.0, np.cumsum(np.diff(path.t) / interval)]
    offset = (actor.ship.mmsi * 0.618) % 1.0
    return np.interp(np.arange(offset, gone_by[-1]), gone_by, path.t)


def static_times(actor: Actor) -> Floats:
    """Return times of an actor's static reports, every `STATIC_INTERVAL_S`; some send none."""
    if not actor.named:
        return np.zeros(0)
    first = float(actor.path.t[0]) + (actor.ship.mmsi * 0.382) % 1.0 * STATIC_INTERVAL_S
    return np.arange(first, float(actor.path.t[-1]), STATIC_INTERVAL_S)


def sending(actor: Actor, t: Floats) -> Bools:
    """Tell whether the transmitter is on at each time."""
    on = np.ones(len(t), bool)
    for start, end in actor.silences:
        on &= (t < start) | (t >= end)
    return on


_STATIONS: Final = np.array([(s.lat, s.lon, s.range_nm) for s in STATIONS]).T


def hearing(lat: Floats, lon: Floats, class_b: Bools) -> Floats:
    """Probability that each station hears a message sent from each point, shape (n, stations).

    Loss grows with the fourth power of the distance and is complete at the station's range.
    """
    station_lat, station_lon, range_nm = _STATIONS
    distance_m = geodesy.distance_m(lat[:, None], lon[:, None], station_lat, station_lon)
    range_m = range_nm * METRES_PER_NM * np.where(class_b, CLASS_B_RANGE, 1.0)[:, None]
    return np.asarray(_BEST_HEARING * np.clip(1.0 - (distance_m / range_m) ** 4, 0.0, 1.0))


def best_hearing(lat: Floats, lon: Floats, *, class_b: bool = False) -> Floats:
    """Probability that the best placed station hears a message sent from each point."""
    return np.asarray(hearing(lat, lon, np.full(len(lat), class_b)).max(axis=1))


@dataclass(frozen=True)
class Reception:
    """What was heard of some messages: one row per message and station that heard it."""

    sent: Ints
    """Row of the message among those sent."""
    station: Ints
    """Row in `STATIONS`, or `receivers.SATELLITE`."""
    epoch_s: Ints
    """Time in the tag block, by the receiver's clock."""
    arrival_s: Floats
    """When it reached the feed."""


def receive(
    t: Floats,
    lat: Floats,
    lon: Floats,
    class_b: Bools,
    rng: np.random.Generator,
    receivers: Receivers | None = None,
) -> Reception:
    """Return which stations hear which messages, and when the receptions reach the feed.

    The two best placed stations that work listen. A second copy is left in now and then, 0-2 s
    later; a few receptions arrive out of order by up to 20 s. Satellites listen when they pass,
    and deliver minutes later.
    """
    receivers = receivers or Receivers()
    chance = hearing(lat, lon, class_b) * receivers.works(t)
    rows = np.arange(len(t))
    order = np.argsort(-chance, axis=1, kind="stable")[:, :2]
    first, second = order[:, 0], order[:, 1]
    draw = rng.random((3, len(t)))
    heard_first = draw[0] < chance[rows, first]
    heard_second = draw[1] < chance[rows, second] * np.where(heard_first, _SECOND_COPY, 1.0)
    crowded = chance[rows, first] >= _HEARD_ASHORE
    alone_above, crowded_above, class_b_above = receivers.heard_above
    from_space = np.where(crowded, crowded_above, alone_above)
    from_space *= np.where(class_b, class_b_above, 1.0)
    heard_above = (draw[2] < from_space) & receivers.overhead(t) & receivers.delivers(t)
    sent = np.r_[rows[heard_first], rows[heard_second], rows[heard_above]]
    above = np.full(int(heard_above.sum()), SATELLITE)
    station = np.r_[first[heard_first], second[heard_second], above]
    copy = np.r_[np.zeros(heard_first.sum(), bool), heard_first[heard_second], above < 0]
    late_s = np.where(copy, rng.integers(0, 3, len(sent)), 0)
    received_s = np.floor(t[sent]).astype("int64") + late_s
    epoch_s = received_s + receivers.clock_error_s[station].astype("int64")
    delay_s = rng.exponential(0.4, len(sent))
    delay_s += np.where(rng.random(len(sent)) < _DELAYED, rng.uniform(0, 20, len(sent)), 0.0)
    delay_s[station == SATELLITE] += rng.uniform(*_SATELLITE_DELAY_S, len(above))
    return Reception(sent, station, epoch_s, received_s + delay_s)


def corrupted(lat: Floats, lon: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Positions, a few of them wrong: a bit turned over before the checksum was made, no fix
    (latitude 91, longitude 181), or a receiver that has just been switched on and says 0, 0.
    """
    lat, lon = lat.copy(), lon.copy()
    draw = rng.random(len(lat))
    for row in np.flatnonzero(draw < _CORRUPT_FIXES).tolist():
        sort = rng.random()
        if sort < 0.5:
            shift = float(2 ** rng.integers(13, 24)) / 600_000 * float(rng.choice((-1.0, 1.0)))
            if rng.random() < 0.5:
                lat[row] += shift
            else:
                lon[row] += shift
        else:
            lat[row], lon[row] = (91.0, 181.0) if sort < 0.75 else (0.0, 0.0)
    return lat, lon


def measured(
    actor: Actor, t: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return what the ship's instruments say at times `t`: lat, lon, SOG, COG and heading.

    Speed and course come from the way made good over 30 s, with noise; a ship that lies still
    has a random course. Small class B boats have no gyro compass: heading NaN.
    """
    path, n = actor.afloat if actor.true_speed else actor.path, len(t)
    before, after = np.maximum(t - 15.0, path.t[0]), np.minimum(t + 15.0, path.t[-1])
    ends = (*path.at(before), *path.at(after))
    speed = geodesy.speed_kn(geodesy.distance_m(*ends), np.maximum(after - before, 1.0))
    course = geodesy.bearing_deg(*ends)
    moving = speed > 0.5
    parked = np.isin(path.status_at(t), (AT_ANCHOR, MOORED)) & ~moving
    noise_kn = np.where(moving, rng.normal(0.0, 0.12, n), np.abs(rng.normal(0.0, 0.06, n)))
    sog_kn = np.clip(speed + noise_kn, 0.0, np.where(parked, 0.28, 60.0))
    wobble = rng.normal(0.0, 1.0, n) * np.clip(12.0 / np.maximum(speed, 0.05), 1.0, 25.0)
    cog_deg = np.where(moving, course + wobble, rng.uniform(0.0, 360.0, n)) % 360.0
    lying = actor.ship.mmsi % 360 + 50.0 * np.sin(2 * np.pi * t / 44_712.0)
    heading_deg = np.where(speed > 1.5, course + rng.normal(0.0, 2.0, n), lying) % 360.0
    if actor.ship.ais_class == "B":
        heading_deg = np.full(n, np.nan)
    error_m, towards = np.abs(rng.normal(0.0, _GPS_ERROR_M, n)), rng.uniform(0.0, 360.0, n)
    lat, lon = actor.path.at(t)
    if not actor.exact:
        lat, lon = geodesy.destination(lat, lon, towards, error_m)
    if actor.disturbed is not None:
        lat, lon, sog_kn, cog_deg = scattered(actor.disturbed, t, (lat, lon, sog_kn, cog_deg), rng)
    return lat, lon, sog_kn, cog_deg, heading_deg


def scattered(
    disturbed: Interference,
    t: Floats,
    said: tuple[Floats, Floats, Floats, Floats],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Latitude, longitude, speed and course at times `t`, wrong ones among them."""
    lat, lon, sog_kn, cog_deg = (values.copy() for values in said)
    off = np.flatnonzero((t >= disturbed.start) & (t < disturbed.end))
    off = off[rng.random(len(off)) < disturbed.share]
    away_m = rng.rayleigh(disturbed.spread_m, len(off))
    lat[off], lon[off] = geodesy.destination(
        lat[off], lon[off], rng.uniform(0.0, 360.0, len(off)), away_m
    )
    sog_kn[off] = np.minimum(sog_kn[off] + np.abs(rng.normal(0.0, 12.0, len(off))), 60.0)
    cog_deg[off] = rng.uniform(0.0, 360.0, len(off))
    return lat, lon, sog_kn, cog_deg


def lines(payload: NDArray[np.uint8], heard: Reception, *, two_parts: bool = False) -> list[bytes]:
    """Feed lines of receptions, each with its line end; a message in two parts gives two lines in
    one element. `payload` is aligned with `heard`.
    """
    names = "".join([*(s.code for s in STATIONS), SATELLITE_CODE])
    codes = np.frombuffer(names.encode(), np.uint8).reshape(-1, 3)
    tags = aivdm.tag_blocks(codes[heard.station], heard.epoch_s)
    channel = np.where(heard.sent % 2 == 0, ord("A"), ord("B")).astype(np.uint8)
    end = np.full((len(tags), 1), ord("\n"), np.uint8)
    if two_parts:
        sequence = (heard.sent % 10).astype(np.uint8)
        one, two = aivdm.two_parts(payload, channel, sequence, fill=2)
        matrix = np.concatenate([tags, one, end, tags, two, end], axis=1)
    else:
        matrix = np.concatenate([tags, aivdm.one_part(payload, channel), end], axis=1)
    return [row.tobytes() for row in np.ascontiguousarray(matrix)]


def damage(feed: list[bytes], rng: np.random.Generator) -> None:
    """Damage a few elements in place: a flipped bit in the payload, or a line cut short."""
    draw = rng.random(len(feed))
    for index in np.flatnonzero(draw < _BIT_FLIPS + _TRUNCATED):
        whole, _, rest = feed[index].partition(b"\n")
        payload_at = whole.index(b"!AIVDM") + 16
        if draw[index] < _BIT_FLIPS:
            at = int(rng.integers(payload_at, len(whole) - 6))
            # One of the three low bits: the character stays printable, the checksum fails.
            flipped = bytes([whole[at] ^ (1 << int(rng.integers(3)))])
            whole = whole[:at] + flipped + whole[at + 1 :]
        else:
            whole = whole[: int(rng.integers(5, len(whole) - 3))]
        feed[index] = whole + b"\n" + rest
