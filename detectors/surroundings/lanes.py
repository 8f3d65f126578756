"""Which way traffic goes: a direction field by cell, and what each cell of it is.

A cell counts *passages*: one vessel on one UTC date, each weighing the same however slowly it went
or how often it reported, and the distinct vessels behind them, so that no single vessel makes a
lane. Courses are binned by sixteenths of the circle; a mode is the heaviest window of three bins,
and its mean resultant length measures how concentrated it is (Mardia & Jupp 2000, Directional
Statistics, 2.3). Opposed lanes stay apart because cells are small where traffic is dense and
because a cell with two modes is no lane.

Traffic routes learned from AIS alone: Pallotta, Vespe & Bryan (2013), Vessel Pattern Knowledge
Discovery from AIS Data (TREAD), Entropy 15(6), 2218-2245, doi:10.3390/e15062218.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy

BINS: Final = 16
_BIN_DEG: Final = 360.0 / BINS
_HALF_WINDOW: Final = 1
"""A mode reaches one bin to each side: 67.5 degrees in all."""

DAILY: Final = ("cell", "bin", "day", "passages", "east", "north", "speed_kn")
DISTINCT: Final = ("cell", "window", "vessels")


def cell_of(lat: ArrayLike, lon: ArrayLike, size_deg: float) -> Ints:
    """Return the number of the cell that each point lies in, row by row from the south-west corner.

    >>> cell_of([-90.0, -90.0], [-180.0, 180.0], 90.0)
    array([0, 0])
    """
    lon = np.atleast_1d(geodesy.wrap_lon(lon))
    x = np.floor((lon + 180.0) / size_deg).astype("int64")
    y = np.floor((np.atleast_1d(np.asarray(lat, "float64")) + 90.0) / size_deg).astype("int64")
    return np.asarray(y * _columns(size_deg) + x)


def corner_of(cell: ArrayLike, size_deg: float) -> tuple[Floats, Floats]:
    """South-west corner (lat, lon) of cells."""
    y, x = np.divmod(np.asarray(cell, "int64"), _columns(size_deg))
    return y * size_deg - 90.0, x * size_deg - 180.0


def _columns(size_deg: float) -> int:
    return int(np.ceil(360.0 / size_deg))


@dataclass(frozen=True)
class Flow:
    """Passages through the cells of one size."""

    size_deg: float
    """Side of a cell."""
    daily: pd.DataFrame
    """`DAILY`: passages of a cell, course bin and UTC day (days since 1970-01-01), sums of the unit
    vectors of their courses and of their speeds."""
    distinct: pd.DataFrame
    """`DISTINCT`: different vessels in the three course bins around each, a vessel in several
    windows counting in each."""


def flow(
    vessel: Ints,
    day: Ints,
    lat: Floats,
    lon: Floats,
    course_deg: Floats,
    speed_kn: Floats,
    size_deg: float,
) -> Flow:
    """Passages of moving vessels, from points along their way that lie closer than a cell.

    Parameters
    ----------
    vessel, day, lat, lon, course_deg, speed_kn
        One entry per point: MMSI, UTC day, place, course and speed made good.
    size_deg
        Side of a cell in degrees.
    """
    radians = np.radians(course_deg)
    points = pd.DataFrame(
        {
            "cell": cell_of(lat, lon, size_deg),
            "vessel": vessel,
            "day": day,
            "bin": bin_of(course_deg),
            "east": np.sin(radians),
            "north": np.cos(radians),
            "speed_kn": speed_kn,
        }
    )
    passages = points.groupby(["cell", "vessel", "day", "bin"], as_index=False).mean()
    length = np.hypot(passages["east"], passages["north"]).clip(1e-9)
    passages["east"] /= length
    passages["north"] /= length
    daily = passages.groupby(["cell", "bin", "day"], as_index=False).agg(
        passages=("vessel", "size"),
        east=("east", "sum"),
        north=("north", "sum"),
        speed_kn=("speed_kn", "sum"),
    )
    seen = passages[["cell", "vessel", "bin"]].drop_duplicates()
    reach = np.arange(-_HALF_WINDOW, _HALF_WINDOW + 1)
    window = (seen["bin"].to_numpy()[:, None] + reach).ravel() % BINS
    spread = pd.DataFrame(
        {
            "cell": np.repeat(seen["cell"].to_numpy(), len(reach)),
            "vessel": np.repeat(seen["vessel"].to_numpy(), len(reach)),
            "window": window,
        }
    ).drop_duplicates()
    distinct = spread.groupby(["cell", "window"], as_index=False).agg(vessels=("vessel", "size"))
    return Flow(size_deg, daily[list(DAILY)], distinct[list(DISTINCT)])


def merge(parts: list[Flow]) -> Flow:
    """Flows of disjoint sets of vessels as one."""
    daily = pd.concat([p.daily for p in parts], ignore_index=True)
    distinct = pd.concat([p.distinct for p in parts], ignore_index=True)
    return Flow(
        parts[0].size_deg,
        daily.groupby(["cell", "bin", "day"], as_index=False).sum()[list(DAILY)],
        distinct.groupby(["cell", "window"], as_index=False).sum()[list(DISTINCT)],
    )


def field(parts: Flow) -> pd.DataFrame:
    """Return the direction field: for each cell its heaviest course and the next one apart from it.

    Returns one row per cell: `cell`, `passages`, `days`, and for the heaviest mode (1) and the
    heaviest of those that share no bin with it (2): `direction_deg`, `share` of the cell's
    passages, `vessels`, `days` (of mode 1), `resultant` (mean resultant length, 0-1), `speed_kn`
    (mean); NaN where there is no second mode.
    """
    daily, size = parts.daily, parts.daily["cell"].nunique()
    if not size:
        names = ["direction_deg", "share", "vessels", "resultant", "speed_kn"]
        both = [f"{name}_{k}" for k in (1, 2) for name in names]
        return pd.DataFrame(
            {n: pd.Series(dtype="float64") for n in ("cell", "passages", "days", "days_1", *both)}
        )
    cells, row = np.unique(daily["cell"].to_numpy(), return_inverse=True)
    at = (row, daily["bin"].to_numpy())
    sums = {}
    for name in ("passages", "east", "north", "speed_kn"):
        sums[name] = np.zeros((size, BINS))
        np.add.at(sums[name], at, daily[name].to_numpy("float64"))
    vessels = np.zeros((size, BINS))
    vessels[
        np.searchsorted(cells, parts.distinct["cell"].to_numpy()),
        parts.distinct["window"].to_numpy(),
    ] = parts.distinct["vessels"].to_numpy()
    windows = {name: windowed(values) for name, values in sums.items()}
    total = sums["passages"].sum(axis=1)

    first = windows["passages"].argmax(axis=1)
    offset = (np.arange(BINS)[None, :] - first[:, None]) % BINS
    apart = np.minimum(offset, BINS - offset) > 2 * _HALF_WINDOW
    second = np.where(apart, windows["passages"], -1.0).argmax(axis=1)
    columns: dict[str, NDArray[np.float64] | Ints] = {"cell": cells, "passages": total}
    columns["days"] = _distinct_days(row, daily["day"].to_numpy(), size)
    near = np.minimum((at[1] - first[row]) % BINS, (first[row] - at[1]) % BINS) <= _HALF_WINDOW
    columns["days_1"] = _distinct_days(row[near], daily["day"].to_numpy()[near], size)
    pick = np.arange(size)
    for number, mode in ((1, first), (2, second)):
        n = windows["passages"][pick, mode]
        east, north = windows["east"][pick, mode], windows["north"][pick, mode]
        with np.errstate(invalid="ignore", divide="ignore"):
            none = n <= 0
            direction = np.where(none, np.nan, np.degrees(np.arctan2(east, north)) % 360.0)
            columns[f"direction_deg_{number}"] = direction
            columns[f"share_{number}"] = n / total
            columns[f"vessels_{number}"] = vessels[pick, mode]
            columns[f"resultant_{number}"] = np.where(none, np.nan, np.hypot(east, north) / n)
            columns[f"speed_kn_{number}"] = windows["speed_kn"][pick, mode] / n
    return pd.DataFrame(columns)


def bin_of(course_deg: Floats) -> Ints:
    """Return the bin of each course."""
    return np.floor(course_deg / _BIN_DEG).astype("int64") % BINS


def windowed(values: NDArray[Any]) -> NDArray[Any]:
    """Return sums over each bin and its neighbours, the last with the first, of (cells, bins)."""
    return sum(
        np.roll(values, shift, axis=1) for shift in range(-_HALF_WINDOW, _HALF_WINDOW + 1)
    ) + np.zeros_like(values)


def _distinct_days(row: Ints, day: Ints, size: int) -> Ints:
    pairs = pd.DataFrame({"row": row, "day": day}).drop_duplicates()
    return np.bincount(pairs["row"].to_numpy(), minlength=size)


def turned_deg(a: ArrayLike, b: ArrayLike) -> Floats:
    """Smaller angle between two directions, 0 to 180 degrees.

    >>> turned_deg(350.0, 20.0)
    np.float64(30.0)
    """
    return np.abs(geodesy.wrap_lon(np.asarray(a, "float64") - np.asarray(b, "float64")))


def concentration(resultant: ArrayLike) -> Floats:
    """Von Mises concentration kappa that belongs to a mean resultant length.

    The approximation of Best & Fisher (1981), The bias of the maximum likelihood estimators of the
    von Mises-Fisher concentration parameters, as given by Mardia & Jupp (2000), 5.3.7-5.3.10;
    within 1 % of the exact root.

    >>> concentration([0.0, 0.9]).round(1)
    array([0. , 5.3])
    """
    r = np.clip(np.asarray(resultant, "float64"), 0.0, 0.9999)
    low = 2 * r + r**3 + 5 * r**5 / 6
    middle = -0.4 + 1.39 * r + 0.43 / (1 - r)
    high = 1 / (r**3 - 4 * r**2 + 3 * r + 1e-300)
    return np.asarray(np.where(r < 0.53, low, np.where(r < 0.85, middle, high)))


def lane_cells(
    found: pd.DataFrame, *, min_vessels: int, min_days: int, min_share: float, min_resultant: float
) -> NDArray[np.bool_]:
    """Cells through which traffic goes one way: enough vessels and days, one narrow mode."""
    return np.asarray(
        (found["vessels_1"] >= min_vessels)
        & (found["days_1"] >= min_days)
        & (found["share_1"] >= min_share)
        & (found["resultant_1"] >= min_resultant)
    )


def crossing_cells(
    found: pd.DataFrame, *, min_vessels: int, min_days: int, min_share: float
) -> NDArray[np.bool_]:
    """Cells where two streams cross: two modes, each of many vessels, 45 to 135 degrees apart.

    Opposed streams (more than 135 degrees) are two-way traffic and no crossing.
    """
    angle = turned_deg(found["direction_deg_1"], found["direction_deg_2"])
    return np.asarray(
        (found["vessels_1"] >= min_vessels)
        & (found["vessels_2"] >= min_vessels)
        & (found["days"] >= min_days)
        & (found["share_2"] >= min_share)
        & (angle >= 45.0)
        & (angle <= 135.0)
    )
