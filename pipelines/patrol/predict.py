"""Where vessels will be: dead reckoning along what was learned of their ways, with uncertainty.

What a vessel did in the hour before it was last heard says how it goes on:

- *still*: at anchor, moored or aground, or without way. It stays.
- *working*: slow, or going to and fro. It stays about there and spreads like a random walk.
- *under way*: it keeps its speed made good. In a learned lane it takes the lane's direction; in a
  learned ferry route it goes on to the end, lies there, and comes back; elsewhere it keeps its
  course. Where land lies ahead it turns as little as clears it, and stops where nothing does.

The error is a bivariate Student t along and across the course: its scale is that of a fix at first
and grows in proportion to time and speed (a wrong speed along, a wrong course across), with the
square root of time for what wanders. A normal distribution wouldn't do: most vessels keep on, some
turn off, so that errors are either small or very large. The growth and the tails are fitted so that
the region said to hold 80 % does (see `calibration`). That dead reckoning errs in proportion to the
distance run is the rule of search and rescue (IAMSAR Manual vol. II).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from detectors.core.frames import SECOND_US, TRACKED, epoch_us, offsets, validate
from detectors.kinematics import geodesy
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.patrol.seamap import SeaMap

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STILL, WORKING, UNDER_WAY = "still", "working", "under way"
STEP_S: Final = 600
_RECENT_S: Final = 3600
"""What a vessel did in the last hour says how it goes on."""
_MADE_GOOD_S: Final = 1200
"""Course and speed are made good over this, not what one report said."""
_FIXED_STATUS: Final = (1, 5, 6)
"""At anchor, moored, aground: ITU-R M.1371-5, table 45."""
_LANE_TURN_DEG: Final = 45.0
"""A vessel whose course differs by more crosses the lane and doesn't follow it."""
_LOOK_AHEAD_S: Final = 1800
_TURNS_DEG: Final = (0.0, 15.0, -15.0, 30.0, -30.0, 45.0, -45.0, 60.0, -60.0, 75.0, -75.0)
_ANGLES: Final = 72


class PredictionParameters(BaseModel):
    """How vessels go on, and how wrong that is.

    Attributes
    ----------
    max_still_kn
        Slower than this over ground it lies still, if the way it sailed in the last hour is no
        longer than twice that speed makes it (a fix jitters).
    max_working_kn
        Slower than this it works or drifts.
    min_straight
        Net distance over the way sailed in the last hour; below this it goes to and fro.
    fix_m
        Scale of the error at once: AIS position, latency, the vessel's own size.
    still_m_per_h
        How fast the scale grows of what lies still: a few weigh anchor.
    working_m_per_sqrt_h
        How fast, with the square root of time, of what works, at 1 kn; more in proportion.
    along_fraction, across_fraction
        Share of the distance run by which what is under way errs along and across its course.
    lane_across_fraction
        The same across, while it follows a lane or a ferry route.
    still_dof, working_dof, under_way_dof
        Degrees of freedom of the Student t; smaller means heavier tails.
    ferry_turn_min
        How long a ferry lies at the end of its route.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_still_kn: float = Field(0.5, gt=0)
    max_working_kn: float = Field(3.0, gt=0)
    min_straight: float = Field(0.6, ge=0, le=1)
    fix_m: float = Field(150.0, gt=0)
    still_m_per_h: float = Field(40.0, ge=0)
    working_m_per_sqrt_h: float = Field(700.0, ge=0)
    along_fraction: float = Field(0.16, ge=0)
    across_fraction: float = Field(0.15, ge=0)
    lane_across_fraction: float = Field(0.08, ge=0)
    still_dof: float = Field(0.6, gt=0)
    working_dof: float = Field(2.0, gt=0)
    under_way_dof: float = Field(1.0, gt=0)
    ferry_turn_min: float = Field(30.0, ge=0)


@dataclass(frozen=True)
class Motions:
    """How vessels moved when last heard, one entry a vessel.

    Attributes
    ----------
    mmsi
        In ascending order.
    time_us
        When it was last heard, microseconds since 1970-01-01 UTC.
    lat, lon
        Where.
    speed_kn, course_deg
        Made good over the last 20 minutes; what the last report says where there is no more.
    mode
        `STILL`, `WORKING` or `UNDER_WAY`.
    """

    mmsi: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    speed_kn: Floats
    course_deg: Floats
    mode: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.mmsi)


Along = Literal["", "lanes", "ferry"]


@dataclass(frozen=True)
class How:
    """How a vessel is thought to go on.

    Attributes
    ----------
    mode
        `STILL`, `WORKING` or `UNDER_WAY`.
    course_deg, speed_kn
        As it was last heard.
    along
        Whether a vessel under way follows learned lanes or a ferry route.
    """

    mode: str
    course_deg: float
    speed_kn: float
    along: Along = ""


@dataclass(frozen=True)
class Prediction:
    """Where vessels will be at the ticks of a common clock.

    Attributes
    ----------
    mmsi
        One a row, as in the motions it is made of.
    tick_us
        Times, microseconds since 1970-01-01 UTC, `STEP_S` apart.
    lat, lon
        (vessel, tick): where it is most likely; NaN before it was last heard.
    course_deg
        The same: the direction of the long axis of what is said about its error.
    along_m, across_m
        The same: scale of the error along and across that.
    dof
        By vessel: degrees of freedom of its error's Student t.
    how
        How each is thought to go on.
    """

    mmsi: Ints
    tick_us: Ints
    lat: Floats
    lon: Floats
    course_deg: Floats
    along_m: Floats
    across_m: Floats
    dof: Floats
    how: tuple[How, ...]

    def at(self, vessel: int, time_us: ArrayLike) -> tuple[Floats, Floats]:
        """Most likely place of a vessel (its row) at times within the ticks."""
        where = self._index(time_us)
        left = np.clip(np.floor(where).astype("int64"), 0, max(len(self.tick_us) - 2, 0))
        right = np.minimum(left + 1, len(self.tick_us) - 1)
        return geodesy.interpolate(
            self.lat[vessel, left],
            self.lon[vessel, left],
            self.lat[vessel, right],
            self.lon[vessel, right],
            where - left,
        )

    def scale_at(self, vessel: int, time_us: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Course (deg) and scales (m) along and across it, of a vessel's error at times."""
        where = self._index(time_us)
        near = np.clip(np.round(where).astype("int64"), 0, len(self.tick_us) - 1)
        ticks = np.arange(len(self.tick_us))
        along = np.interp(where, ticks, self.along_m[vessel])
        across = np.interp(where, ticks, self.across_m[vessel])
        return self.course_deg[vessel, near], along, across

    def _index(self, time_us: ArrayLike) -> Floats:
        return np.asarray(
            (np.asarray(time_us, "int64") - self.tick_us[0]) / (STEP_S * SECOND_US), "float64"
        )


# ---- the error's distribution


def chance_within(
    radius_m: ArrayLike, along_m: ArrayLike, across_m: ArrayLike, dof: ArrayLike
) -> Floats:
    """Probability that the error is no longer than a radius, 0-1.

    A bivariate Student t with scales `along_m` and `across_m`, integrated over the disc: the radial
    part is elementary, the angle is summed over evenly spaced directions, which for a periodic
    function converges faster than any power of their number.

    >>> chance_within(1000.0, 500.0, 500.0, 3.0).round(3)
    np.float64(0.719)
    """
    radius, along, across, dof = np.broadcast_arrays(
        *(np.asarray(a, "float64")[..., None] for a in (radius_m, along_m, across_m, dof))
    )
    angle = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    q = (np.cos(angle) / along) ** 2 + (np.sin(angle) / across) ** 2
    mass = (1 - (1 + radius**2 * q / dof) ** (-dof / 2)) / q
    total = mass.sum(axis=-1) / _ANGLES / (along * across)[..., 0]
    return np.asarray(np.clip(total, 0.0, 1.0))[()]


def ellipse_factor(share: float, dof: ArrayLike) -> Floats:
    """How many scales long the half axes are of the ellipse that holds a share of the errors.

    >>> ellipse_factor(0.8, 3.0).round(2)
    np.float64(2.4)
    """
    dof = np.asarray(dof, "float64")
    return np.asarray(np.sqrt(dof * ((1 - share) ** (-2 / dof) - 1)))[()]


# ---- how vessels moved


def motions(tracked: pd.DataFrame, parameters: PredictionParameters) -> Motions:
    """How each vessel moved when it was last heard.

    Parameters
    ----------
    tracked
        `frames.TRACKED`. Of two hulls on one MMSI the one that was heard last counts.
    """
    validate(tracked, TRACKED)
    time_us = epoch_us(tracked["time"])
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    sog, cog = tracked["sog_kn"].to_numpy(), tracked["cog_deg"].to_numpy()
    bounds = offsets(tracked["track_id"].to_numpy())
    last = bounds[1:] - 1 if len(tracked) else np.empty(0, "int64")
    ends = pd.DataFrame(
        {
            "row": last,
            "first": bounds[:-1][: len(last)],
            "time": time_us[last],
            "mmsi": tracked["mmsi"].to_numpy()[last],
        }
    )
    ends = ends.sort_values(["mmsi", "time", "row"], kind="stable")
    ends = ends.drop_duplicates("mmsi", keep="last")
    found = []
    for row, first in zip(ends["row"].tolist(), ends["first"].tolist(), strict=True):
        recent = first + int(
            np.searchsorted(time_us[first : row + 1], time_us[row] - _RECENT_S * SECOND_US)
        )
        part = slice(recent, row + 1)
        found.append(
            _motion(
                time_us[part],
                lat[part],
                lon[part],
                sog[part],
                cog[part],
                int(tracked["nav_status"].iloc[row]),
                parameters,
            )
        )
    rows = ends["row"].to_numpy()
    speed, course, mode = (
        (np.array([f[k] for f in found]) for k in range(3))
        if found
        else (np.empty(0), np.empty(0), np.empty(0, "str"))
    )
    return Motions(
        ends["mmsi"].to_numpy("int64"), time_us[rows], lat[rows], lon[rows], speed, course, mode
    )


def _motion(
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    sog: Floats,
    cog: Floats,
    status: int,
    parameters: PredictionParameters,
) -> tuple[float, float, str]:
    """Speed (kn), course (deg) and mode at the last of some reports of one vessel."""
    back = int(np.searchsorted(time_us, time_us[-1] - _MADE_GOOD_S * SECOND_US))
    if back == len(time_us) - 1 and back > 0:
        back -= 1  # heard rarely: over the last two reports of the hour
    seconds = (time_us[-1] - time_us[back]) / SECOND_US
    speed = float(np.nan_to_num(sog[-1]))
    course = float(np.nan_to_num(cog[-1]))
    straight, mean_kn = 1.0, speed
    if seconds >= 120:
        metres = float(geodesy.distance_m(lat[back], lon[back], lat[-1], lon[-1]))
        speed = float(geodesy.speed_kn(metres, seconds))
        course = float(geodesy.bearing_deg(lat[back], lon[back], lat[-1], lon[-1]))
        legs_m = float(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())
        net_m = float(geodesy.distance_m(lat[0], lon[0], lat[-1], lon[-1]))
        straight = net_m / legs_m if legs_m else 1.0
        mean_kn = float(geodesy.speed_kn(legs_m, (time_us[-1] - time_us[0]) / SECOND_US))
    fixed = status in _FIXED_STATUS and speed <= 2 * parameters.max_still_kn
    if fixed or max(speed, mean_kn / 2) <= parameters.max_still_kn:
        return speed, course, STILL
    if speed <= parameters.max_working_kn or straight < parameters.min_straight:
        return max(speed, mean_kn), course, WORKING
    return speed, course, UNDER_WAY


# ---- how they go on


def predict(
    motion: Motions,
    start_us: int,
    end_us: int,
    parameters: PredictionParameters,
    zones: Zones | None = None,
    sea: SeaMap | None = None,
) -> Prediction:
    """Where vessels will be between two times.

    Parameters
    ----------
    motion
        How they moved when last heard.
    start_us, end_us
        The span, microseconds since 1970-01-01 UTC; the ticks are the multiples of `STEP_S` that
        hold it.
    zones
        Lanes and ferry routes among them are followed. None: neither is.
    sea
        Where land is. None: land is no obstacle.
    """
    step_us = STEP_S * SECOND_US
    first, last = start_us // step_us, -(-end_us // step_us)
    ticks = np.arange(first, last + 1) * step_us
    n = len(motion)
    lat, lon, course = (np.full((n, len(ticks)), np.nan) for _ in range(3))
    along_m, across_m = np.full((n, len(ticks)), np.nan), np.full((n, len(ticks)), np.nan)
    moving = motion.mode == UNDER_WAY
    ferries = _Ferries.of(motion, moving, zones, parameters)
    at_lat, at_lon, towards = motion.lat.copy(), motion.lon.copy(), motion.course_deg.copy()
    going = moving & ~ferries.aboard
    guided = np.zeros(n)  # how much of the distance run was along a lane
    followed = np.zeros(n, bool)
    begin = int(motion.time_us.min()) // step_us if n else first
    for tick in range(min(begin, first), last + 1):
        now = tick * step_us
        elapsed_s = np.clip((now - motion.time_us) / SECOND_US, 0.0, STEP_S)
        rows = np.flatnonzero(going & (elapsed_s > 0))
        if len(rows):
            in_lane = _take_lanes(at_lat, at_lon, towards, rows, zones)
            clear = _turn_from_land(at_lat, at_lon, towards, rows, motion.speed_kn, sea)
            going[rows[~clear]] = False
            metres = motion.speed_kn[rows] * geodesy.KNOT_MPS * elapsed_s[rows]
            guided[rows] += np.where(in_lane, metres, 0.0)
            followed[rows] |= in_lane
            metres = np.where(clear, metres, 0.0)
            at_lat[rows], at_lon[rows] = geodesy.destination(
                at_lat[rows], at_lon[rows], towards[rows], metres
            )
        column = tick - first
        if column < 0:
            continue
        heard = motion.time_us <= now
        hours = np.maximum((now - motion.time_us) / SECOND_US / 3600.0, 0.0)
        lat[heard, column], lon[heard, column] = at_lat[heard], at_lon[heard]
        course[heard, column] = towards[heard]
        ferries.put(now, lat[:, column], lon[:, column], course[:, column])
        along, across = _scales(motion, hours, guided, ferries, parameters)
        along_m[heard, column], across_m[heard, column] = along[heard], across[heard]
    return Prediction(
        motion.mmsi,
        ticks,
        lat,
        lon,
        course,
        along_m,
        across_m,
        _dof(motion, parameters),
        tuple(
            _how(motion, row, bool(followed[row]), bool(ferries.aboard[row])) for row in range(n)
        ),
    )


def _dof(motion: Motions, parameters: PredictionParameters) -> Floats:
    by_mode = {
        STILL: parameters.still_dof,
        WORKING: parameters.working_dof,
        UNDER_WAY: parameters.under_way_dof,
    }
    return np.array([by_mode[str(mode)] for mode in motion.mode], "float64")


def _how(motion: Motions, row: int, in_lane: bool, aboard: bool) -> How:
    under_way = motion.mode[row] == UNDER_WAY
    along: Along = "ferry" if aboard else "lanes" if in_lane else ""
    return How(
        str(motion.mode[row]),
        float(motion.course_deg[row]),
        float(motion.speed_kn[row]),
        along if under_way else "",
    )


def _take_lanes(
    lat: Floats, lon: Floats, towards: Floats, rows: Ints, zones: Zones | None
) -> NDArray[np.bool_]:
    """Turn vessels in a lane into its direction; says which are in one they follow."""
    followed = np.zeros(len(rows), bool)
    if zones is None:
        return followed
    point, zone = zones.members(lat[rows], lon[rows], ("lane",))
    direction = zones.direction_deg[zone]
    turn = lanes.turned_deg(direction, towards[rows[point]])
    fits = np.flatnonzero(np.isfinite(direction) & (turn <= _LANE_TURN_DEG))
    order = fits[np.lexsort((zone[fits], turn[fits]))][::-1]  # the best fitting one is put last
    towards[rows[point[order]]] = direction[order]
    followed[point[order]] = True
    return followed


def _turn_from_land(
    lat: Floats, lon: Floats, towards: Floats, rows: Ints, speed_kn: Floats, sea: SeaMap | None
) -> NDArray[np.bool_]:
    """Turn vessels that have land ahead as little as clears it; says which have a way ahead.

    One that lies nearer to land than the clearance (a fairway, a berth) keeps its course while
    that leads to free water within a step.
    """
    clear = np.ones(len(rows), bool)
    if sea is None:
        return clear
    ahead_m = speed_kn[rows] * geodesy.KNOT_MPS * _LOOK_AHEAD_S
    there = geodesy.destination(lat[rows], lon[rows], towards[rows], ahead_m)
    free = sea.free(lat[rows], lon[rows])
    step_m = ahead_m * STEP_S / _LOOK_AHEAD_S
    near = geodesy.destination(lat[rows], lon[rows], towards[rows], step_m)
    clear[~free & ~sea.free(*near) & sea.covers(*near)] = False
    blocked = free & ~sea.sees(lat[rows], lon[rows], *there)
    turned = np.flatnonzero(blocked & sea.covers(*there))
    clear[turned] = False
    for turn in _TURNS_DEG[1:]:
        ask = turned[~clear[turned]]
        if not len(ask):
            break
        here, heading = rows[ask], towards[rows[ask]] + turn
        there = geodesy.destination(lat[here], lon[here], heading, ahead_m[ask])
        open_ = sea.sees(lat[here], lon[here], *there)
        towards[here[open_]] = heading[open_] % 360.0
        clear[ask[open_]] = True
    return clear


def _scales(
    motion: Motions,
    hours: Floats,
    guided_m: Floats,
    ferries: "_Ferries",
    parameters: PredictionParameters,
) -> tuple[Floats, Floats]:
    still, working = motion.mode == STILL, motion.mode == WORKING
    # What stopped for land before it is all the less certain to be there: the time counts on.
    sailed = motion.speed_kn * geodesy.KNOT_MPS * 3600.0 * hours
    free_m = np.maximum(sailed - guided_m, 0.0)
    grown_along = parameters.along_fraction * sailed
    grown_across = parameters.across_fraction * free_m + parameters.lane_across_fraction * guided_m
    limit = ferries.length_m / 2
    ferry_m = np.minimum(parameters.along_fraction * sailed, limit)
    grown_along = np.where(ferries.aboard, ferry_m, grown_along)
    grown_across = np.where(ferries.aboard, ferries.half_width_m, grown_across)
    stay_m = np.where(
        still,
        parameters.still_m_per_h * hours,
        parameters.working_m_per_sqrt_h * np.maximum(motion.speed_kn, 0.5) * np.sqrt(hours),
    )
    stays = still | working
    along = np.hypot(parameters.fix_m, np.where(stays, stay_m, grown_along))
    across = np.hypot(parameters.fix_m, np.where(stays, stay_m, grown_across))
    return along, across


# ---- ferries


@dataclass(frozen=True)
class _Ferries:
    """Vessels that ply a learned ferry route, and where that leaves them.

    `aboard` says which vessels do; the rest is by vessel too: the route's line (lat, lon), its
    length, half its width, how far along it the vessel was and which way it went (+1, -1).
    """

    aboard: NDArray[np.bool_]
    line: dict[int, Floats]
    length_m: Floats
    half_width_m: Floats
    along_m: Floats
    way: Floats
    speed_mps: Floats
    time_us: Ints
    turn_s: float

    @classmethod
    def of(
        cls,
        motion: Motions,
        moving: NDArray[np.bool_],
        zones: Zones | None,
        parameters: PredictionParameters,
    ) -> "_Ferries":
        n = len(motion)
        aboard, line = np.zeros(n, bool), dict[int, Floats]()
        length, half, along, way = np.full(n, np.inf), np.zeros(n), np.zeros(n), np.zeros(n)
        if zones is not None and moving.any():
            rows = np.flatnonzero(moving)
            point, zone = zones.members(motion.lat[rows], motion.lon[rows], ("ferry_route",))
            for row, shape in zip(rows[point], zones.frame.geometry.to_numpy()[zone], strict=True):
                path, wide_m = middle_line(shape)
                at, bearing = _beside(path, motion.lat[row], motion.lon[row])
                turned = float(lanes.turned_deg(bearing, motion.course_deg[row]))
                if aboard[row] or min(turned, 180 - turned) > _LANE_TURN_DEG:
                    continue  # it crosses the route
                aboard[row], line[int(row)] = True, path
                length[row], half[row] = _along(path)[-1], wide_m
                along[row], way[row] = at, 1.0 if turned < 90 else -1.0
        return cls(
            aboard,
            line,
            length,
            half,
            along,
            way,
            motion.speed_kn * geodesy.KNOT_MPS,
            motion.time_us,
            parameters.ferry_turn_min * 60.0,
        )

    def put(self, now_us: int, lat: Floats, lon: Floats, course: Floats) -> None:
        """Put these vessels where they are at a time, in place."""
        for row, path in self.line.items():
            seconds = (now_us - self.time_us[row]) / SECOND_US
            if seconds < 0:
                continue
            length = self.length_m[row]
            way, speed = self.way[row], self.speed_mps[row]
            left = length - self.along_m[row] if way > 0 else self.along_m[row]
            trip_s = length / speed
            # Clock that stands at 0 when it arrives at the end it is making for.
            clock = (seconds - left / speed) % (2 * (trip_s + self.turn_s))
            if seconds < left / speed:
                at = self.along_m[row] + way * speed * seconds
            else:
                end = length if way > 0 else 0.0
                leg, within = divmod(clock, trip_s + self.turn_s)
                sailed = max(within - self.turn_s, 0.0) * speed
                from_end = sailed if leg == 0 else length - sailed
                at = end - way * from_end
            metres = _along(path)
            lat[row] = np.interp(at, metres, path[:, 0])
            lon[row] = np.interp(at, metres, path[:, 1])
            course[row] = _beside(path, lat[row], lon[row])[1]


def middle_line(shape: shapely.Geometry, stations: int = 24) -> tuple[Floats, float]:
    """The line through the middle of a corridor, as (lat, lon), and half its width in metres.

    The corridor is cut across the long axis of the smallest rectangle around it; the middles of the
    cuts make the line. One that bends back on itself has no such line and gives a wrong one.
    """
    middle = shapely.centroid(shape)
    lat0, lon0 = float(middle.y), float(middle.x)
    rectangle = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    east, north = geodesy.to_local_m(rectangle[:, 1], rectangle[:, 0], lat0, lon0)
    corners = np.column_stack([east, north])
    sides = np.diff(corners[:3], axis=0)
    long, short = sides[np.argsort(-np.hypot(*sides.T))]
    low = corners[:4].mean(axis=0) - long / 2
    fraction = (np.arange(stations) + 0.5) / stations
    centre = low + fraction[:, None] * long
    ends = np.stack([centre - short, centre + short], axis=1)
    lat, lon = geodesy.from_local_m(ends[..., 0], ends[..., 1], lat0, lon0)
    sections = np.asarray(shapely.linestrings(np.stack([lon, lat], axis=-1)))
    cuts = np.asarray(shapely.intersection(sections, shape))
    met = ~shapely.is_empty(cuts)
    points = shapely.get_coordinates(shapely.centroid(cuts[met]))
    line = points[:, ::-1]
    length_m = float(_along(line)[-1])
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    area_m2 = float(shapely.area(shape)) * degree_m**2 * np.cos(np.radians(lat0))
    return line, area_m2 / length_m / 2


def _along(line: Floats) -> Floats:
    metres = geodesy.distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    return np.asarray(np.r_[0.0, np.cumsum(metres)])


def _beside(line: Floats, lat: float, lon: float) -> tuple[float, float]:
    """How far along a line the point nearest to a place lies (m), and the line's bearing there."""
    path, point = shapely.LineString(line[:, ::-1]), shapely.Point(lon, lat)
    share = float(shapely.line_locate_point(path, point, normalized=True))
    along = _along(line)
    at = share * along[-1]
    leg = min(int(np.searchsorted(along, at, side="right")), len(line) - 1)
    bearing = geodesy.bearing_deg(line[leg - 1, 0], line[leg - 1, 1], line[leg, 0], line[leg, 1])
    return at, float(bearing)
