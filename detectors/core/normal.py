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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import geodesy, lanes, runs
from detectors.core.errors import FrameError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLASSES: Final = ("other", "fishing", "working", "passenger", "cargo", "tanker")
"""Classes of ship: by their AIS type (ITU-R M.1371-5, table 53), "other" where it isn't told."""
SIZES_DEG: Final = (0.1, 0.5)
"""Sides of the cells: the finer where enough vessels of the class came, else the coarser."""
BACKGROUND_WEIGHT: Final = 0.05
"""Share of the density that is what the class does anywhere: it keeps the tails of the streams
from deciding how surprising something is."""
SPEED_BINS: Final = 60
"""What a class does anywhere: its speeds by the knot, on any course."""
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
    """How surprising each tick is, in nats (natural logarithm), NaN where nothing is known.

    Attributes
    ----------
    vessels
        Different vessels of the class that came to the (finer) cell.
    place
        Minus the log of the share of the class's vessels that come to the cell (half a vessel
        more than came).
    motion
        Minus the log of the density of the velocity there (per square knot).
    level
        Which cells it rests on: index of `SIZES_DEG`, or `LEVEL_OF_ANYWHERE` where too few
        vessels of the class came even to the coarser one.
    course_deg, speed_kn
        Of the stream that fits best.
    without_course, without_speed
        The motion's surprise if the vessel had that stream's course, or its speed.
    flow
        Minus the log of the share of all vessels in the cell of a mile that went within 34 degrees
        of that course; NaN where too few did, or the vessel is slow.
    flow_deg
        Which way most of them go there.
    """

    vessels: Ints
    place: Floats
    motion: Floats
    level: Ints
    course_deg: Floats
    speed_kn: Floats
    without_course: Floats
    without_speed: Floats
    flow: Floats
    flow_deg: Floats

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

    Parameters
    ----------
    arrays
        `ARRAYS`. ``key_<level>`` is cell * len(CLASSES) + class, sorted; ``vessels_<level>`` the
        different vessels behind it; the mixtures have zero weight where there were too few.
        ``heard_cell`` are the coarser cells where anybody was heard.
    name, hash
        Of the snapshot, for evidence.

    Raises
    ------
    FrameError
        If an array is missing, or has another type or shape.
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

    def typical_place(self, ship: Ints) -> Floats:
        """Mean surprise of the places that a class comes to."""
        return np.asarray(self.arrays["typical_place"][ship])

    def threshold(self, ship: Ints) -> Floats:
        """Mean surprise that no more than the stated share of a class exceeded, by window."""
        return np.asarray(self.arrays["threshold"][ship])

    def flow_threshold(self, ship: Ints) -> Floats:
        """The same of the surprise at the course alone."""
        return np.asarray(self.arrays["flow_threshold"][ship])

    def surprise(
        self, ship: Ints, lat: Floats, lon: Floats, course_deg: Floats, speed_kn: Floats
    ) -> Surprise:
        """How surprising vessels are where they are, as they move.

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
            mixture = _Mixture(
                self.arrays[f"weight_{k}"][row[todo]],
                self.arrays[f"mean_{k}"][row[todo]],
                self.arrays[f"covariance_{k}"][row[todo]],
                self.arrays["speed_density"][ship[todo]],
            )
            self._fill(
                mixture, todo, east, north, course_deg, speed_kn,
                (motion, stream_deg, stream_kn, no_course, no_speed),
            )  # fmt: skip
        todo = np.flatnonzero(open_)
        nothing = _Mixture(
            np.zeros((len(todo), 1)), np.zeros((len(todo), 1, 2)),
            np.broadcast_to(np.eye(2), (len(todo), 1, 2, 2)),
            self.arrays["speed_density"][ship[todo]],
        )  # fmt: skip
        self._fill(
            nothing, todo, east, north, course_deg, speed_kn,
            (motion, stream_deg, stream_kn, no_course, no_speed),
        )  # fmt: skip
        place = np.log((self.arrays["class_vessels"][ship] + 1.0) / (came + 0.5))
        return Surprise(
            came, np.where(np.isnan(motion), np.nan, place), motion, level,
            stream_deg, stream_kn, no_course, no_speed, *self._flow(lat, lon, course_deg, speed_kn),
        )  # fmt: skip

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
        mixture: "_Mixture", rows: Ints, east: Floats, north: Floats, course_deg: Floats,
        speed_kn: Floats, into: tuple[Floats, ...],
    ) -> None:  # fmt: skip
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


@dataclass(frozen=True)
class _Mixture:
    """One Gaussian mixture with its background per row."""

    weight: Floats
    mean: Floats
    covariance: Floats
    speed_density: Floats

    def log_density(self, east: Floats, north: Floats) -> Floats:
        """Log density per square knot of each row's velocity in its mixture."""
        streams = _log_normal(east, north, self.mean, self.covariance)
        with np.errstate(divide="ignore"):
            weighted = streams + np.log(self.weight * (1.0 - BACKGROUND_WEIGHT))
        speed_kn = np.hypot(east, north)
        by_speed = np.minimum(speed_kn.astype("int64"), SPEED_BINS - 1)
        density = self.speed_density[np.arange(len(speed_kn)), by_speed]
        # Per knot of speed; per square knot it is spread over the circle of that speed.
        rest = np.log(density / (2 * np.pi * np.maximum(speed_kn, 1.0)) * BACKGROUND_WEIGHT)
        return np.asarray(
            np.logaddexp.reduce(np.concatenate([weighted, rest[:, None]], axis=1), axis=1)
        )

    def nearest(self, east: Floats, north: Floats) -> Floats:
        """Mean of the stream that fits best; the own velocity where there is none, at the class's
        most usual speed.
        """
        streams = _log_normal(east, north, self.mean, self.covariance)
        with np.errstate(divide="ignore"):
            best = (streams + np.log(self.weight)).argmax(axis=1)
        mean = self.mean[np.arange(len(best)), best]
        none = self.weight.sum(axis=1) == 0
        speed_kn = np.maximum(np.hypot(east, north), 1e-6)
        faster = (self.speed_density.argmax(axis=1) + 0.5) / speed_kn
        own = np.stack([east, north], axis=1) * faster[:, None]
        return np.asarray(np.where(none[:, None], own, mean))


def _log_normal(east: Floats, north: Floats, mean: Floats, covariance: Floats) -> Floats:
    x, y = east[:, None] - mean[..., 0], north[:, None] - mean[..., 1]
    a, b, c = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    determinant = a * c - b * b
    squared = (c * x * x - 2 * b * x * y + a * y * y) / determinant
    return np.asarray(-0.5 * squared - 0.5 * np.log(determinant) - np.log(2 * np.pi))


# ---- fitting

SAMPLES: Final = ("mmsi", "track_id", "tick", "ship", "lat", "lon", "course_deg", "speed_kn")


def fit(
    samples: pd.DataFrame,
    *,
    step_s: int,
    max_silence_s: int,
    min_speed_kn: float,
    min_vessels: int,
    max_ticks_per_vessel: int,
    max_components: int,
    max_share: float,
    progress: Callable[[int, int], None] | None = None,
) -> Normal:
    """Fit normal traffic to ticks of past weeks.

    A fifth of the vessels is held out: what they did sets the thresholds of each class, so that no
    more than `max_share` of their means lie beyond one; then all are fitted.

    Parameters
    ----------
    samples
        `SAMPLES`: one row per tick of the time grid and track, sorted by both; ship a row of
        `CLASSES`.
    step_s, max_silence_s, min_speed_kn
        How the ticks were made; kept with the model.
    min_vessels
        Fewest different vessels of a class that make its streams in a cell.
    max_ticks_per_vessel
        Of one vessel in one cell no more than this counts, evenly over its ticks.
    max_components
        Streams in a cell at most; how many there are is chosen by the Bayesian information
        criterion (Schwarz 1978).
    max_share
        Share of held-out means (over an hour and over two) beyond a threshold.
    progress
        Called with (cells fitted, cells in all), twice over.
    """
    options = (min_vessels, max_ticks_per_vessel, max_components, progress)
    fixed = {
        "step_s": np.array(step_s, "int64"), "max_silence_s": np.array(max_silence_s, "int64"),
        "min_speed_kn": np.array(min_speed_kn, "float64"),
    }  # fmt: skip
    held_out = _held_out(samples["mmsi"].to_numpy("int64"))
    trial = Normal({**fixed, **_fitted(samples[~held_out], *options)})
    arrays = {**fixed, **_fitted(samples, *options)}
    arrays |= _calibrated(trial, samples[held_out], max_share)
    arrays["typical_place"] = _typical(Normal(arrays), samples)
    return Normal(arrays)


def _held_out(mmsi: Ints) -> NDArray[np.bool_]:
    """A fifth of the vessels, the same whatever else is there (Knuth's multiplicative hash)."""
    return np.asarray((mmsi * 2_654_435_761 % 2**32) % 5 == 0)


def _surprise_of(model: Normal, samples: pd.DataFrame) -> Surprise:
    columns = (samples[c].to_numpy("float64") for c in SAMPLES[4:])
    return model.surprise(samples["ship"].to_numpy("int64"), *columns)


def _typical(model: Normal, samples: pd.DataFrame) -> Floats:
    place, ship = _surprise_of(model, samples).place, samples["ship"].to_numpy("int64")
    known = np.isfinite(place)
    total = np.bincount(ship[known], place[known], len(CLASSES))
    return np.asarray(total / np.maximum(np.bincount(ship[known], minlength=len(CLASSES)), 1))


def sliding(track_id: Ints, tick: Ints, values: Floats, window: int) -> Floats:
    """Mean of the last `window` ticks of each tick, where they follow one another.

    NaN where fewer do, and where more than half of them are unknown (NaN), which don't count.

    >>> sliding(np.ones(5, int), np.arange(5), np.arange(5.0), 4)
    array([nan, nan, nan, 1.5, 2.5])
    """
    n, w = len(values), window
    mean = np.full(n, np.nan)
    if n < w:
        return mean
    known = np.isfinite(values)
    windows = np.lib.stride_tricks.sliding_window_view
    counts = windows(known, w).sum(axis=1)
    sums = windows(np.where(known, values, 0.0), w).sum(axis=1)
    whole = (track_id[w - 1 :] == track_id[: n - w + 1]) & (
        tick[w - 1 :] - tick[: n - w + 1] == w - 1
    )
    enough = whole & (2 * counts >= w)
    mean[w - 1 :][enough] = sums[enough] / counts[enough]
    return mean


def highest(values: Floats, window: int) -> Floats:
    """The highest value of the windows of `sliding` that each tick lies in; NaN counts as none.

    >>> highest(np.array([np.nan, np.nan, 1.0, 3.0, np.nan]), 3)
    array([  1.,   3.,   3.,   3., -inf])
    """
    best = np.where(np.isnan(values), -np.inf, values)
    first = best.copy()
    for ahead in range(1, window):
        best[:-ahead] = np.maximum(best[:-ahead], first[ahead:])
    return best


def _calibrated(model: Normal, samples: pd.DataFrame, max_share: float) -> dict[str, Floats]:
    """Thresholds of each class and window, from the means of its held-out vessels."""
    ship = samples["ship"].to_numpy("int64")
    found = _surprise_of(model, samples)
    where = samples["track_id"].to_numpy("int64"), samples["tick"].to_numpy("int64")
    share = max_share / len(WINDOWS)
    total, flow = (
        np.stack(
            [_quantiles(sliding(*where, values, w), ship, share, pooled=pooled) for w in WINDOWS],
            axis=1,
        )
        for values, pooled in ((found.total, True), (found.flow, False))
    )
    return {"threshold": total, "flow_threshold": np.maximum(flow, MIN_FLOW_SURPRISE)}


def _quantiles(values: Floats, ship: Ints, max_share: float, *, pooled: bool) -> Floats:
    """What no more than a share of each class exceeds.

    Where a class has too few values to tell (fewer than one to lie beyond), it is the most
    surprising of them; of less than `MIN_OWN`, `pooled` also no less than the quantile of all
    classes.
    """
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(CLASSES), NEVER)  # nothing to go by: nothing is surprising
    enough = 1.0 / max_share
    overall = float(np.quantile(values[known], 1.0 - max_share))
    threshold = np.full(len(CLASSES), overall)
    for k in range(len(CLASSES)):
        own = values[known & (ship == k)]
        if len(own) >= enough:
            threshold[k] = np.quantile(own, 1.0 - max_share)
        elif len(own):
            least = overall if pooled and len(own) < MIN_OWN else 0.0
            threshold[k] = max(least, float(own.max()))
    return threshold


def _fitted(
    samples: pd.DataFrame,
    min_vessels: int,
    max_ticks_per_vessel: int,
    max_components: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, NDArray[Any]]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn's

    east, north = velocity(
        samples["course_deg"].to_numpy("float64"), samples["speed_kn"].to_numpy("float64")
    )
    lat, lon = samples["lat"].to_numpy("float64"), samples["lon"].to_numpy("float64")
    table = pd.DataFrame(
        {"mmsi": samples["mmsi"].to_numpy(), "ship": samples["ship"].to_numpy(),
         "east": east, "north": north}
    )  # fmt: skip
    coarse = lanes.cell_of(lat, lon, SIZES_DEG[-1])
    arrays: dict[str, NDArray[Any]] = {
        "class_vessels": np.array(
            [table.loc[table["ship"] == k, "mmsi"].nunique() for k in range(len(CLASSES))], "int64"
        ),
        "threshold": np.full((len(CLASSES), len(WINDOWS)), NEVER),
        "typical_place": np.zeros(len(CLASSES)),
        "flow_threshold": np.full((len(CLASSES), len(WINDOWS)), NEVER),
        "heard_cell": _heard(coarse, table["mmsi"].to_numpy(), 3),
        "speed_density": _speeds(samples),
        **_flows(samples),
    }
    jobs = [
        (k, group)
        for k, size in enumerate(SIZES_DEG)
        for group in _groups(table, lanes.cell_of(lat, lon, size), max_ticks_per_vessel)
    ]
    rows: dict[int, list[tuple[int, int, Floats, Floats, Floats]]] = {
        k: [] for k in range(len(SIZES_DEG))
    }
    with threadpool_limits(1):  # thousands of small fits: threads would only wait for one another
        for done, (k, group) in enumerate(jobs):
            if progress and done % 20 == 0:
                progress(done, len(jobs))
            vessels = int(group["mmsi"].nunique())
            key = int(group["key"].iloc[0])
            points = group[["east", "north"]].to_numpy("float64")
            mixture = _empty(max_components)
            if vessels >= min_vessels:
                mixture = _gaussians(points, max_components)
            rows[k].append((key, vessels, *mixture))
    for k, found in rows.items():
        arrays |= _stacked(found, k, max_components)
    return arrays


def _heard(cell: Ints, mmsi: Ints, at_least: int) -> Ints:
    pairs = pd.DataFrame({"cell": cell, "mmsi": mmsi}).drop_duplicates()
    counts = pairs["cell"].value_counts()
    return np.sort(counts.index[counts >= at_least].to_numpy("int64"))


def _speeds(samples: pd.DataFrame) -> Floats:
    """Share of each class's ticks by knot of speed, smoothed, with five ticks like all others."""
    speed = np.clip(samples["speed_kn"].to_numpy("float64"), 0.0, SPEED_BINS - 0.5)
    counts = np.zeros((len(CLASSES), SPEED_BINS))
    np.add.at(counts, (samples["ship"].to_numpy("int64"), speed.astype("int64")), 1.0)
    smooth = np.array([0.25, 0.5, 0.25])
    counts = np.apply_along_axis(lambda row: np.convolve(row, smooth, "same"), 1, counts)
    overall = counts.sum(axis=0) / max(counts.sum(), 1.0)
    counts += 5.0 * overall + 0.02
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _flows(samples: pd.DataFrame) -> dict[str, Ints]:
    """Different vessels by cell of a mile, and by course in it."""
    fast = samples[samples["speed_kn"] >= MIN_FLOW_KN]
    table = pd.DataFrame(
        {
            "cell": lanes.cell_of(
                fast["lat"].to_numpy("float64"), fast["lon"].to_numpy("float64"), FLOW_DEG
            ),
            "mmsi": fast["mmsi"].to_numpy("int64"),
            "bin": lanes.bin_of(fast["course_deg"].to_numpy("float64")),
        }
    ).drop_duplicates()
    vessels = table.drop_duplicates(["cell", "mmsi"])["cell"].value_counts().sort_index()
    vessels = vessels[vessels >= MIN_FLOW_VESSELS]
    cell = vessels.index.to_numpy("int64")
    row, known = _found(cell, table["cell"].to_numpy())
    courses = np.zeros((len(cell), lanes.BINS), "int64")
    np.add.at(courses, (row[known], table["bin"].to_numpy()[known]), 1)
    return {
        "flow_cell": cell, "flow_vessels": vessels.to_numpy("int64"), "flow_courses": courses,
    }  # fmt: skip


def _groups(table: pd.DataFrame, cell: Ints, most: int) -> Iterator[pd.DataFrame]:
    """Ticks of one class in one cell at a time, `most` of each vessel."""
    keyed = table.assign(key=cell * len(CLASSES) + table["ship"].to_numpy())
    by_vessel = keyed.groupby(["key", "mmsi"])
    number, size = by_vessel.cumcount(), by_vessel["ship"].transform("size")
    kept = keyed[(number * most // size) != ((number - 1) * most // size)]
    for _, group in kept.groupby("key"):
        yield group


def _empty(components: int) -> tuple[Floats, Floats, Floats]:
    return (
        np.zeros(components), np.zeros((components, 2)),
        np.broadcast_to(np.eye(2), (components, 2, 2)).copy(),
    )  # fmt: skip


def _gaussians(points: Floats, most: int) -> tuple[Floats, Floats, Floats]:
    """The mixture with the lowest Bayesian information criterion, filled up with empty streams."""
    from sklearn.mixture import GaussianMixture  # slow to import

    points = points[:: -(-len(points) // MAX_POINTS)]
    best, lowest = None, np.inf
    for n in range(1, most + 1):
        if len(points) < 10 * n:
            break
        model = GaussianMixture(
            n_components=n, reg_covar=FLOOR_KN**2, random_state=0, max_iter=60, tol=1e-2,
            init_params="k-means++",
        ).fit(points)  # fmt: skip
        bic = float(model.bic(points))
        if bic < lowest:
            best, lowest = model, bic
    weight, mean, covariance = _empty(most)
    if best is not None:
        n = best.n_components
        weight[:n], mean[:n], covariance[:n] = best.weights_, best.means_, best.covariances_
    return weight, mean, covariance


def _stacked(
    found: list[tuple[int, int, Floats, Floats, Floats]], level: int, components: int
) -> dict[str, NDArray[Any]]:
    ordered = sorted(found, key=lambda row: row[0])
    n = len(ordered)
    return {
        f"key_{level}": np.array([r[0] for r in ordered], "int64"),
        f"vessels_{level}": np.array([r[1] for r in ordered], "int64"),
        f"weight_{level}": np.array([r[2] for r in ordered], "float64").reshape(n, components),
        f"mean_{level}": np.array([r[3] for r in ordered], "float64").reshape(n, components, 2),
        f"covariance_{level}": np.array([r[4] for r in ordered], "float64").reshape(
            n, components, 2, 2
        ),
    }


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
) -> tuple[runs.Grid, Ints, Floats]:
    """The time grid of tracks, the rows of it whose movement is known, and their courses.

    Returns
    -------
    grid, rows, course_deg
        `runs.Grid`; rows with a speed; course made good over the step of each of them.
    """
    grid = runs.resample(track_id, time_us, lat, lon, step_s, max_silence_s)
    rows = np.flatnonzero(np.isfinite(grid.speed_kn))
    course_deg = geodesy.bearing_deg(
        grid.lat[rows], grid.lon[rows], grid.lat[rows + 1], grid.lon[rows + 1]
    )
    return grid, rows, np.atleast_1d(course_deg)
