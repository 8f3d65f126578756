"""How normal traffic is fitted to the past; see `detectors.surroundings.normal` for the model."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import sliding
from detectors.surroundings import lanes
from detectors.surroundings.mixtures import SPEED_BINS
from detectors.surroundings.normal import (
    CLASSES,
    FLOOR_KN,
    FLOW_DEG,
    MAX_POINTS,
    MIN_FLOW_KN,
    MIN_FLOW_SURPRISE,
    MIN_FLOW_VESSELS,
    MIN_OWN,
    NEVER,
    SAMPLES,
    SIZES_DEG,
    WINDOWS,
    Normal,
    Surprise,
    _found,
    velocity,
)


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
        "step_s": np.array(step_s, "int64"),
        "max_silence_s": np.array(max_silence_s, "int64"),
        "min_speed_kn": np.array(min_speed_kn, "float64"),
    }
    held_out = _held_out(samples["mmsi"].to_numpy("int64"))
    trial = Normal({**fixed, **_fitted(samples[~held_out], *options)})
    arrays = {**fixed, **_fitted(samples, *options)}
    arrays |= _calibrated(trial, samples[held_out], max_share)
    arrays["typical_place"] = _typical(Normal(arrays), samples)
    return Normal(arrays)


def _held_out(mmsi: Ints) -> NDArray[np.bool_]:
    """Choose a fifth of the vessels, whatever else is there (Knuth's multiplicative hash)."""
    return np.asarray((mmsi * 2_654_435_761 % 2**32) % 5 == 0)


def _surprise_of(model: Normal, samples: pd.DataFrame) -> Surprise:
    columns = (samples[c].to_numpy("float64") for c in SAMPLES[4:])
    return model.surprise(samples["ship"].to_numpy("int64"), *columns)


def _typical(model: Normal, samples: pd.DataFrame) -> Floats:
    place, ship = _surprise_of(model, samples).place, samples["ship"].to_numpy("int64")
    known = np.isfinite(place)
    total = np.bincount(ship[known], place[known], len(CLASSES))
    return np.asarray(total / np.maximum(np.bincount(ship[known], minlength=len(CLASSES)), 1))


def _calibrated(model: Normal, samples: pd.DataFrame, max_share: float) -> dict[str, Floats]:
    """Thresholds of each class and window, from the means of its held-out vessels."""
    ship = samples["ship"].to_numpy("int64")
    found = _surprise_of(model, samples)
    where = samples["track_id"].to_numpy("int64"), samples["tick"].to_numpy("int64")
    share = max_share / len(WINDOWS)
    total, flow = (
        np.stack(
            [
                _quantiles(sliding.mean(*where, values, w), ship, share, pooled=pooled)
                for w in WINDOWS
            ],
            axis=1,
        )
        for values, pooled in ((found.total, True), (found.flow, False))
    )
    return {"threshold": total, "flow_threshold": np.maximum(flow, MIN_FLOW_SURPRISE)}


def _quantiles(values: Floats, ship: Ints, max_share: float, *, pooled: bool) -> Floats:
    """Return what no more than a share of each class exceeds.

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
        {
            "mmsi": samples["mmsi"].to_numpy(),
            "ship": samples["ship"].to_numpy(),
            "east": east,
            "north": north,
        }
    )
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
    return {"flow_cell": cell, "flow_vessels": vessels.to_numpy("int64"), "flow_courses": courses}


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
        np.zeros(components),
        np.zeros((components, 2)),
        np.broadcast_to(np.eye(2), (components, 2, 2)).copy(),
    )


def _gaussians(points: Floats, most: int) -> tuple[Floats, Floats, Floats]:
    """Return the mixture with the lowest Bayesian information criterion, filled up with empty
    streams.
    """
    from sklearn.mixture import GaussianMixture  # slow to import

    points = points[:: -(-len(points) // MAX_POINTS)]
    best, lowest = None, np.inf
    for n in range(1, most + 1):
        if len(points) < 10 * n:
            break
        model = GaussianMixture(
            n_components=n,
            reg_covar=FLOOR_KN**2,
            random_state=0,
            max_iter=60,
            tol=1e-2,
            init_params="k-means++",
        ).fit(points)
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
