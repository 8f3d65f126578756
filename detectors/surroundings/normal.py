"""What traffic does where: densities of velocity by class of ship and cell, learned from the past.

For each class of ship and each cell a Gaussian mixture over (east, north) velocity tells streams
apart, and the share of the class's vessels that come there at all tells how usual the place is.
Opposed lanes lie nearer to one another than such a cell is wide, so the courses of all vessels are
counted in cells of a mile as well. What is asked is the mean surprise over an hour or two: a ship
that gives way, or calls at a port, surprises for less.

Gaussian mixtures of position and velocity: Laxhammar (2008), Anomaly Detection for Sea
Surveillance, FUSION; fitted on cells as in Laxhammar, Falkman & Sviestins (2009), Anomaly Detection
in Sea Traffic - a Comparison of the Gaussian Mixture Model and the Kernel Density Estimator,
FUSION. Means over sliding windows: Laxhammar & Falkman (2014), Online Learning and Sequential
Anomaly Detection in Trajectories, IEEE TPAMI 36(6), doi:10.1109/TPAMI.2013.172.

A fitted model is plain arrays. It holds nothing that could be executed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.errors import FrameError
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import lanes
from detectors.surroundings.mixtures import SPEED_BINS, Mixture

CLASSES: Final = ("other", "fishing", "working", "passenger", "cargo", "tanker")
"""Classes of ship: by their AIS type (ITU-R M.1371-5, table 53), "other" where it isn't told."""
SIZES_DEG: Final = (0.1, 0.5)
"""Sides of the cells: the finer where enough vessels of the class came, else the coarser."""
FLOW_DEG: Final = 0.02
"""Side of the cells in which courses are counted: a lane is a mile wide and more."""
MIN_FLOW_KN: Final = 5.0
"""Slower vessels don't sail along a lane."""
MIN_FLOW_VESSELS: Final = 8
"""Fewest vessels that show which way traffic goes in a cell."""
MIN_FLOW_SURPRISE: Final = 3.0
"""A course that one in twenty takes there is none to look at, whatever the others do."""
WINDOWS: Final = (6, 12)
"""Ticks of the sliding windows: one hour and two, of ten minutes each. What is odd for long stands
out from what ordinary ships do for a while."""
MAX_POINTS: Final = 5000
"""Of a cell's ticks no more than this are fitted, evenly over them."""
FLOOR_KN: Final = 0.5
"""Standard deviation that no stream falls below: ten minutes between positions good to tens of
metres, and the water's own movement."""
MIN_OWN: Final = 1000
"""Held-out means from which on a class is judged by its own: some 150 hours under way."""
NEVER: Final = 1e9
"""A threshold that nothing exceeds."""
LEVEL_OF_ANYWHERE: Final = len(SIZES_DEG)


def ship_class(ship_type: NDArray[Any]) -> Ints:
    """Row of `CLASSES` for AIS ship type codes.

    >>> ship_class(np.array([-1, 30, 52, 60, 70, 84]))
    array([0, 1, 2, 3, 4, 5])
    """
    code = np.asarray(ship_type, "int64")
    conditions = [
        code == 30,
        ((code >= 31) & (code <= 35)) | ((code >= 50) & (code <= 59)),
        ((code >= 40) & (code <= 49)) | ((code >= 60) & (code <= 69)),
        (code >= 70) & (code <= 79),
        (code >= 80) & (code <= 89),
    ]
    return np.select(conditions, [1, 2, 3, 4, 5], default=0).astype("int64")


def velocity(course_deg: Floats, speed_kn: Floats) -> tuple[Floats, Floats]:
    """East and north parts of a velocity, knots."""
    radians = np.radians(course_deg)
    return speed_kn * np.sin(radians), speed_kn * np.cos(radians)


@dataclass(frozen=True)
class Surprise:
    """How surprising each tick is, in nats (natural logarithm), NaN where nothing is known."""

    vessels: Ints
    """Different vessels of the class that came to the (finer) cell."""
    place: Floats
    """Minus the log of the share of the class's vessels that come to the cell (half a vessel more
    than came)."""
    motion: Floats
    """Minus the log of the density of the velocity there (per square knot)."""
    level: Ints
    """Which cells it rests on: index of `SIZES_DEG`, or `LEVEL_OF_ANYWHERE` where too few vessels
    of the class came even to the coarser one."""
    course_deg: Floats
    speed_kn: Floats
    """Of the stream that fits best."""
    without_course: Floats
    without_speed: Floats
    """The motion's surprise if the vessel had that stream's course, or its speed."""
    flow: Floats
    """Minus the log of the share of all vessels in the cell of a mile that went within 34 degrees
    of that course; NaN where too few did, or the vessel is slow."""
    flow_deg: Floats
    """Which way most of them go there."""

    @property
    def total(self) -> Floats:
        """Place and motion together."""
        return np.asarray(self.place + self.motion)


ARRAYS: Final[Mapping[str, tuple[str, tuple[int | None, ...]]]] = {
    "step_s": ("int64", ()),
    "max_silence_s": ("int64", ()),
    "min_speed_kn": ("float64", ()),
    "typical_place": ("float64", (None,)),
    "class_vessels": ("int64", (None,)),
    "threshold": ("float64", (None, len(WINDOWS))),
    "flow_threshold": ("float64", (None, len(WINDOWS))),
    "speed_density": ("float64", (None, SPEED_BINS)),
    "flow_cell": ("int64", (None,)),
    "flow_vessels": ("int64", (None,)),
    "flow_courses": ("int64", (None, lanes.BINS)),
    "heard_cell": ("int64", (None,)),
    **{
        f"{name}_{level}": shape
        for level in range(len(SIZES_DEG))
        for name, shape in (
            ("key", ("int64", (None,))),
            ("vessels", ("int64", (None,))),
            ("weight", ("float64", (None, None))),
            ("mean", ("float64", (None, None, 2))),
            ("covariance", ("float64", (None, None, 2, 2))),
        )
    },
}
"""The arrays of a model with their types and shapes; None is any length."""


@dataclass(frozen=True)
class Normal:
    """A fitted model.

    Raises FrameError if an array is missing, or has another type or shape.

    Parameters
    ----------
    arrays
        `ARRAYS`. ``key_<level>`` is cell * len(CLASSES) + class, sorted; ``vessels_<level>`` the
        different vessels behind it; the mixtures have zero weight where there were too few.
        ``heard_cell`` are the coarser cells where anybody was heard.
    name, hash
        Of the snapshot, for evidence.
    """

    arrays: Mapping[str, NDArray[Any]]
    name: str = ""
    hash: str = ""

    def __post_init__(self) -> None:
        for name, (dtype, shape) in ARRAYS.items():
            array = self.arrays.get(name)
            if array is None:
                raise FrameError(f"the model of normal traffic lacks {name}")
            fits = len(array.shape) == len(shape) and all(
                want in (None, have) for want, have in zip(shape, array.shape, strict=True)
            )
            if str(array.dtype) != dtype or not fits or not np.isfinite(array).all():
                raise FrameError(f"the model of normal traffic has a damaged {name}")
        for level in range(len(SIZES_DEG)):
            rows = {len(self.arrays[f"{n}_{level}"]) for n in ("key", "vessels", "weight", "mean")}
            parts = {self.arrays[f"{n}_{level}"].shape[1] for n in ("weight", "mean", "covariance")}
            if len(rows) != 1 or len(parts) != 1:
                raise FrameError("the arrays of the model of normal traffic don't fit together")

    @property
    def step_s(self) -> int:
        """Step of the time grid that it was fitted on."""
        return int(self.arrays["step_s"])

    @property
    def max_silence_s(self) -> int:
        """Longest silence that was interpolated over."""
        return int(self.arrays["max_silence_s"])

    @property
    def min_speed_kn(self) -> float:
        """Slower vessels were left out: lying still is another detector's matter."""
        return float(self.arrays["min_speed_kn"])

    def threshold(self, ship: Ints) -> Floats:
        """Mean surprise that no more than the stated share of a class exceeded, by window."""
        return np.asarray(self.arrays["threshold"][ship])

    def flow_threshold(self, ship: Ints) -> Floats:
        """Return the same of the surprise at the course alone."""
        return np.asarray(self.arrays["flow_threshold"][ship])

    def surprise(
        self, ship: Ints, lat: Floats, lon: Floats, course_deg: Floats, speed_kn: Floats
    ) -> Surprise:
        """Return how surprising vessels are where they are, as they move.

        Parameters
        ----------
        ship
            Rows of `CLASSES`.
        lat, lon, course_deg, speed_kn
            Places, and courses and speeds made good.
        """
        n = len(ship)
        east, north = velocity(course_deg, speed_kn)
        came = np.zeros(n, "int64")
        motion, level = np.full(n, np.nan), np.full(n, LEVEL_OF_ANYWHERE, "int64")
        stream_deg, stream_kn = np.full(n, np.nan), np.full(n, np.nan)
        no_course, no_speed = np.full(n, np.nan), np.full(n, np.nan)
        heard = np.isin(lanes.cell_of(lat, lon, SIZES_DEG[-1]), self.arrays["heard_cell"])
        open_ = heard & (self.arrays["class_vessels"][ship] > 0)
        for k, size in enumerate(SIZES_DEG):
            key = lanes.cell_of(lat, lon, size) * len(CLASSES) + ship
            row, known = _found(self.arrays[f"key_{k}"], key)
            if k == 0:  # how usual the place is, is asked of the finest cells
                came[known] = self.arrays["vessels_0"][row[known]]
            fitted = known & open_
            fitted[fitted] = self.arrays[f"weight_{k}"][row[fitted]].sum(axis=1) > 0
            todo, open_ = np.flatnonzero(fitted), open_ & ~fitted
            level[todo] = k
            mixture = Mixture(
                self.arrays[f"weight_{k}"][row[todo]],
                self.arrays[f"mean_{k}"][row[todo]],
                self.arrays[f"covariance_{k}"][row[todo]],
                self.arrays["speed_density"][ship[todo]],
            )
            self._fill(
                mixture,
                todo,
                east,
                north,
                course_deg,
                speed_kn,
                (motion, stream_deg, stream_kn, no_course, no_speed),
            )
        todo = np.flatnonzero(open_)
        nothing = Mixture(
            np.zeros((len(todo), 1)),
            np.zeros((len(todo), 1, 2)),
            np.broadcast_to(np.eye(2), (len(todo), 1, 2, 2)),
            self.arrays["speed_density"][ship[todo]],
        )
        self._fill(
            nothing,
            todo,
            east,
            north,
            course_deg,
            speed_kn,
            (motion, stream_deg, stream_kn, no_course, no_speed),
        )
        place = np.log((self.arrays["class_vessels"][ship] + 1.0) / (came + 0.5))
        return Surprise(
            came,
            np.where(np.isnan(motion), np.nan, place),
            motion,
            level,
            stream_deg,
            stream_kn,
            no_course,
            no_speed,
            *self._flow(lat, lon, course_deg, speed_kn),
        )

    def _flow(
        self, lat: Floats, lon: Floats, course_deg: Floats, speed_kn: Floats
    ) -> tuple[Floats, Floats]:
        row, known = _found(self.arrays["flow_cell"], lanes.cell_of(lat, lon, FLOW_DEG))
        known &= speed_kn >= MIN_FLOW_KN
        surprise, usual = np.full(len(lat), np.nan), np.full(len(lat), np.nan)
        row, at = row[known], np.flatnonzero(known)
        total = self.arrays["flow_vessels"][row]
        alike = lanes.windowed(self.arrays["flow_courses"][row])
        own = np.minimum(alike[np.arange(len(at)), lanes.bin_of(course_deg[at])], total)
        prior = 3.0 / lanes.BINS  # one vessel more, on any course
        surprise[at] = -np.log((own + prior) / (total + 1.0))
        usual[at] = (alike.argmax(axis=1) + 0.5) * (360.0 / lanes.BINS)
        return surprise, usual

    @staticmethod
    def _fill(
        mixture: "Mixture",
        rows: Ints,
        east: Floats,
        north: Floats,
        course_deg: Floats,
        speed_kn: Floats,
        into: tuple[Floats, ...],
    ) -> None:
        if not len(rows):
            return
        motion, stream_deg, stream_kn, no_course, no_speed = into
        best = mixture.nearest(east[rows], north[rows])
        motion[rows] = -mixture.log_density(east[rows], north[rows])
        stream_deg[rows] = np.degrees(np.arctan2(best[:, 0], best[:, 1])) % 360.0
        stream_kn[rows] = np.hypot(best[:, 0], best[:, 1])
        no_course[rows] = -mixture.log_density(*velocity(stream_deg[rows], speed_kn[rows]))
        no_speed[rows] = -mixture.log_density(*velocity(course_deg[rows], stream_kn[rows]))


def _found(keys: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Row of each wanted key in sorted keys, and whether it is there."""
    if not len(keys):
        return np.zeros(len(wanted), "int64"), np.zeros(len(wanted), bool)
    row = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return row, keys[row] == wanted


# ---- fitting

SAMPLES: Final = ("mmsi", "track_id", "tick", "ship", "lat", "lon", "course_deg", "speed_kn")


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 (hexadecimal) over names, types, shapes and values: the same for the same model."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name}|{array.dtype}|{array.shape}|".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def ticks_of(
    track_id: Ints, time_us: Ints, lat: Floats, lon: Floats, step_s: int, max_silence_s: int
) -> tuple[timegrid.Grid, Ints, Floats]:
    """Return the time grid of tracks, the rows of it whose movement is known, and their courses.

    Returns `timegrid.Grid`; rows with a speed; course made good over the step of each of them.
    """
    grid = timegrid.resample(track_id, time_us, lat, lon, step_s, max_silence_s)
    rows = np.flatnonzero(np.isfinite(grid.speed_kn))
    course_deg = geodesy.course_deg(grid, rows, rows + 1)
    return grid, rows, np.atleast_1d(course_deg)
