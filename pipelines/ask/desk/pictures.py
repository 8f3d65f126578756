"""Pictures for notebooks (matplotlib), readable without a network."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.base.text import one_line
from pipelines.publish.maps.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Axes = Any
"""Axes take dates, which their own types don't know."""

MAX_NEIGHBOURS: Final = 14
_MARK, _OTHER, _THIRD = (COLOURS[name].day for name in ("magenta", "track", "zone"))
_TITLE_LIMIT: Final = 300
_SIGNS: Final = "xs^odv"


def approach(table: pd.DataFrame, event: pd.Series, end: pd.Timestamp, title: str) -> "Figure":
    """Distance between two vessels and their speeds over time, the event's span shaded."""
    figure, (upper, lower) = _timed((9, 5), 2)
    upper.plot(table["time"], table["distance_m"] / METRES_PER_NM, color=_MARK)
    upper.set_yscale("log")
    upper.set_ylabel("distance, nm")
    lower.plot(table["time"], table["sog_kn"], label=f"{event['mmsi']:09d}")
    lower.plot(table["time"], table["other_sog_kn"], label=f"{event['other_mmsi']:09d}")
    lower.set_ylabel("speed over ground, kn")
    lower.legend(loc="best", fontsize=8)
    return _spanned(figure, [upper, lower], event["start"], end, title)


def silence(
    own: pd.DataFrame, near: pd.DataFrame, event: pd.Series, end: pd.Timestamp, title: str
) -> "Figure":
    """Return when a vessel and those near its last position were heard: a line each, a tick a
    report.
    """
    figure, [axes] = _timed((9, 5), 1)
    busiest = near.groupby("mmsi").size().sort_values(ascending=False).head(MAX_NEIGHBOURS)
    shown = list(busiest.index)
    axes.plot(own["time"], np.zeros(len(own)), "|", ms=14, color=_MARK)
    for row, mmsi in enumerate(shown, 1):
        times = near.loc[near["mmsi"] == mmsi, "time"]
        axes.plot(times, np.full(len(times), row), "|", ms=7, color=_OTHER)
    labels = [f"{event['mmsi']:09d}", *shown]
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_ylabel("who was heard near its last position")
    axes.invert_yaxis()
    return _spanned(figure, [axes], event["start"], end, title)


def identity(history: pd.DataFrame, title: str) -> "Figure":
    """Draw what a vessel called itself, as bars from when to when."""
    figure, [axes] = _timed((9, 4.5), 1)
    labels = []
    for row, one in enumerate(history.itertuples()):
        begin: Any = one.first_time
        finish = max(one.last_time, begin + pd.Timedelta("5min"))
        axes.plot([begin, finish], [row, row], lw=7, color=_MARK, solid_capstyle="butt")
        labels.append(one_line(f"{one.field}: {one.value}", 40))
    axes.set_yticks(range(len(labels)), labels, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.set_title(_plain(title), fontsize=9, wrap=True, parse_math=False)
    axes.set_xlabel("UTC")
    figure.autofmt_xdate()
    return figure


def bars(table: pd.DataFrame, title: str, *, alike: bool = False) -> "Figure":
    """Numbers side by side: an axis for each row of a table, a bar for each column.

    `alike` says that rows count the same: bars as high are as many, whatever their axis.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    colors = [_OTHER, _MARK, _THIRD]
    for axes, (name, row) in zip(
        np.atleast_1d(figure.subplots(1, len(table))), table.iterrows(), strict=True
    ):
        values = row.to_numpy("float64")
        axes.bar([str(c) for c in table.columns], values, color=colors[: len(row)])
        among = table.to_numpy("float64") if alike else values
        axes.set_ylim(0, max(1.0, 1.1 * float(np.nanmax(among, initial=0.0))))
        axes.set_title(str(name).replace("_", " "), fontsize=8)
        axes.tick_params(axis="x", labelrotation=30, labelsize=8)
    figure.suptitle(_plain(title), fontsize=9, parse_math=False)
    return figure


def stacked(
    names: Sequence[str], heights: Mapping[str, pd.Series], unit: str, title: str
) -> "Figure":
    """Draw a bar for each name, of parts one upon the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes: Axes = figure.subplots()
    base = np.zeros(len(names))
    for color, (label, height) in zip((_OTHER, _MARK, _THIRD), heights.items(), strict=False):
        axes.bar(names, height, bottom=base, color=color, label=label)
        base = base + height.to_numpy("float64")
    axes.set_ylabel(unit)
    axes.legend(loc="best", fontsize=8)
    axes.set_title(_plain(title), fontsize=9, parse_math=False)
    return figure


def here_and_there(table: pd.DataFrame, title: str) -> "Figure":
    """Draw two scores of each vessel on a line of its own: here, and as a partner would see it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.22 * len(table)), layout="constrained")
    axes: Axes = figure.subplots()
    rows = np.arange(len(table))
    here, there = (table[name].to_numpy("float64") for name in ("score_here", "score_there"))
    axes.hlines(rows, np.fmin(here, there), np.fmax(here, there), color=_OTHER, lw=1)
    axes.plot(here, rows, "o", ms=7, mfc="none", color=_OTHER, label="here")
    axes.plot(there, rows, "o", ms=4, color=_MARK, label="in the pack")
    names = [one_line(_plain(f"{m} {n}"), 34) for m, n in table[["mmsi", "name"]].to_numpy()]
    axes.set_yticks(rows, names, fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_xlabel("score")
    axes.invert_yaxis()
    axes.legend(loc="lower right", fontsize=8)
    figure.suptitle(_plain(title), fontsize=9, parse_math=False)
    return figure


def verdicts(reports: pd.DataFrame, title: str) -> "Figure":
    """Draw judged reports on a map: sound ones as dots, each other verdict by a sign of its own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes: Axes = figure.subplots()
    sound = (reports["verdict"] == "sound").to_numpy()
    axes.plot(reports["lon"][sound], reports["lat"][sound], ".", ms=2, color=_OTHER, label="sound")
    others = sorted(set(reports["verdict"][~sound]) - {"copy"})
    for k, (sign, verdict) in enumerate(zip(_SIGNS, others, strict=False), 1):
        own = reports[reports["verdict"] == verdict]
        label = f"{verdict} ({len(own):,})"
        look: Any = {"ms": 6, "mew": 1, "ls": "", "mfc": "none", "color": f"C{k}"}
        axes.plot(own["lon"], own["lat"], sign, label=label, **look)
    middle = float(np.nanmedian(reports["lat"])) if len(reports) else 0.0
    axes.set_aspect(1 / max(np.cos(np.radians(middle)), 0.1))
    axes.set_xlabel("longitude, degrees")
    axes.set_ylabel("latitude, degrees")
    axes.grid(alpha=0.3)
    axes.legend(loc="best", fontsize=8)
    axes.set_title(_plain(title), fontsize=9, parse_math=False)
    return figure


def _timed(size: tuple[float, float], n: int) -> "tuple[Figure, list[Axes]]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(n, 1, sharex=True)))


def _spanned(
    figure: "Figure", axes: "list[Axes]", start: pd.Timestamp, end: pd.Timestamp, title: str
) -> "Figure":
    import matplotlib.dates as mdates

    for one in axes:
        one.axvspan(start, end, color=_MARK, alpha=0.08)
        one.grid(alpha=0.3)
    locator = mdates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes[-1].set_xlabel("UTC; the event is shaded")
    axes[0].set_title(_plain(title), fontsize=9, wrap=True, parse_math=False)
    return figure


def _plain(text: Any) -> str:
    """Text from AIS as a title: one line, nothing invisible."""
    return one_line(str(text), _TITLE_LIMIT)
