"""flagged.gpkg (OGC GeoPackage 1.4): incidents, flagged vessels, events, tracks, styled for QGIS.

QGIS reads the styles from the table `layer_styles`. The labels of the styles are plain fields,
never expressions or HTML: what AIS said is shown and not evaluated. The table `about` holds the
marks and what must be said; every row has `simulated` too, and in a recipient's pack `tlp` and
`rel`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from detectors.kinematics import geodesy
from pipelines.base import labels
from pipelines.base.files import named_if_full
from pipelines.base.visible import clean
from pipelines.publish import notices
from pipelines.publish.briefing import vessel_names
from pipelines.publish.lines import track_lines
from pipelines.publish.products import Products, with_marks
from pipelines.publish.tables import event_table, flagged_table, incident_table

_ROOM: Final = 1 << 20
"""Bytes. Where these can't be written either, a file failed for want of room."""

_MAGENTA: Final = "176,26,122,255"
_SLATE: Final = "80,110,140,255"


def write(products: Products, path: Path) -> Path:
    """Write layers `incidents`, `flagged`, `events`, `tracks`; tables `about`, `layer_styles`."""
    words = labels.labels(products.language)
    layers = (
        ("incidents", words.incidents, _points(incident_table(products), products), "Point"),
        ("flagged", words.flagged_vessels, _points(flagged_table(products), products), "Point"),
        ("events", words.events, _events(products), "Point"),
        ("tracks", words.tracks, _tracks(products), "Unknown"),
    )
    # GDAL wants the file to end in .gpkg.
    with TemporaryDirectory(dir=path.parent) as folder, _dated(products.end):
        temporary = Path(folder) / "flagged.gpkg"
        with _naming_a_full_disk(path, Path(folder)):
            for name, title, frame, kind in layers:
                metadata = {"handling": notices.marks(products)} if name == "incidents" else None
                pyogrio.write_dataframe(
                    frame,
                    temporary,
                    layer=name,
                    driver="GPKG",
                    append=temporary.exists(),
                    geometry_type=kind,
                    layer_options={"IDENTIFIER": title, "DESCRIPTION": notices.summary(products)},
                    dataset_metadata=metadata,
                )
            for table, name, fid in (
                (_about(products), "about", "fid"),
                (_styles(products.end), "layer_styles", "id"),
            ):
                pyogrio.write_dataframe(
                    table,
                    temporary,
                    layer=name,
                    driver="GPKG",
                    append=True,
                    layer_options={"FID": fid},
                )
        temporary.replace(path)
    return path


@contextmanager
def _naming_a_full_disk(path: Path, folder: Path) -> Iterator[None]:
    """Raise the system's error where GDAL failed for want of room: of that it says other things."""
    try:
        yield
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        with named_if_full(path), (folder / "room").open("wb") as file:
            file.write(bytes(_ROOM))
        raise


@contextmanager
def _dated(time: pd.Timestamp) -> Iterator[None]:
    """Let GDAL write this time as that of the last change, not the clock's."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": time.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _events(products: Products) -> gpd.GeoDataFrame:
    table = event_table(products)
    table["reason"] = [clean(str(text)) for text in products.events["reason"]]
    return _points(table, products)


def _tracks(products: Products) -> gpd.GeoDataFrame:
    lines = track_lines(products.tracks)
    names, flagged = vessel_names(products), set(products.flagged["mmsi"])
    lines["name"] = pd.Series([names.get(int(m), "") for m in lines["mmsi"]], lines.index, "str")
    lines["is_flagged"] = pd.Series(lines["mmsi"].isin(flagged), lines.index, dtype="bool")
    lines["simulated"] = products.simulated
    if products.release:
        marks = [products.release.track_marks[int(key)] for key in lines["track_id"]]
        lines = with_marks(lines, marks)
    return lines.set_geometry(lines.geometry, crs=4326)


def _points(table: pd.DataFrame, products: Products) -> gpd.GeoDataFrame:
    lat, lon = table["lat"].to_numpy(), table["lon"].to_numpy()
    known = np.isfinite(lat) & np.isfinite(lon)
    points = np.full(len(table), None, dtype=object)
    points[known] = shapely.points(geodesy.wrap_lon(lon[known]), lat[known])
    table = table.assign(simulated=products.simulated)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs=4326))


def _about(products: Products) -> pd.DataFrame:
    words = labels.labels(products.language)
    texts = {
        "handling": notices.marks(products),
        "freshness": notices.freshness(products),
        "run": products.run_id,
        "leads": f"{words.leads} {words.leads_more}",
        "blind": words.blind,
        "not_for_navigation": words.not_for_navigation,
        "summary": notices.summary(products),
    }
    return pd.DataFrame({"what": list(texts), "text": list(texts.values())}, dtype="str")


def _styles(time: pd.Timestamp) -> pd.DataFrame:
    """Return the rows of QGIS's table `layer_styles`: the default style of each layer.

    QGIS asks for every one of these columns and takes no style where one is missing.
    """
    styles = {
        "incidents": _qml(_marker("diamond", _MAGENTA, 4.2), "rank"),
        "flagged": _qml(_marker("triangle", _MAGENTA, 3.6), "name"),
        "events": _qml(_marker("circle", _SLATE, 2.4), "kind"),
        "tracks": _qml(_line(_SLATE, 0.4), None),
    }
    rows: list[dict[str, Any]] = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": name,
            "f_geometry_column": "geom",
            "styleName": name,
            "styleQML": qml,
            "styleSLD": "",
            "useAsDefault": True,
            "description": "",
            "owner": "",
            "ui": "",
            "update_time": time,
        }
        for name, qml in styles.items()
    ]
    return pd.DataFrame(rows)


def _marker(shape: str, color: str, size_mm: float) -> str:
    options = {
        "name": shape,
        "color": color,
        "outline_color": "255,255,255,255",
        "outline_width": "0.3",
        "size": f"{size_mm}",
        "size_unit": "MM",
    }
    return _symbol("marker", "SimpleMarker", options)


def _line(color: str, width_mm: float) -> str:
    options = {"line_color": color, "line_width": f"{width_mm}", "line_width_unit": "MM"}
    return _symbol("line", "SimpleLine", options)


def _symbol(kind: str, layer: str, options: dict[str, str]) -> str:
    inner = "".join(
        f'<Option type="QString" name={quoteattr(key)} value={quoteattr(value)}/>'
        for key, value in options.items()
    )
    return (
        f'<symbol type="{kind}" name="0" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0"><Option type="Map">{inner}'
        "</Option></layer></symbol>"
    )


def _qml(symbol: str, label: str | None) -> str:
    """Return a style of one symbol, labelled with a field or not."""
    labelling = (
        '<labeling type="simple"><settings>'
        f'<text-style fieldName="{label}" isExpression="0" allowHtml="0" fontSize="9"'
        ' fontFamily="Sans" textColor="40,40,40,255">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferColor="255,255,255,255"/>'
        "</text-style></settings></labeling>"
        if label
        else ""
    )
    return (
        '<qgis version="3.34.0" styleCategories="Symbology|Labeling" '
        f'labelsEnabled="{int(bool(label))}">'
        '<renderer-v2 type="singleSymbol" enableorderby="0" forceraster="0" symbollevels="0">'
        f"<symbols>{symbol}</symbols></renderer-v2>{labelling}</qgis>"
    )
