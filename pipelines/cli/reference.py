"""`selat reference`: layers of land, boundaries and landmarks for any waters."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import AsJson, Config, installation_of
from pipelines.cli.present import print_json

app = typer.Typer(
    no_args_is_help=True, help="Layers of land, boundaries and landmarks, for any waters."
)


@app.command("make")
def reference_make(
    land: Annotated[
        Path,
        typer.Option(help="Land polygons: GeoJSON, Shapefile, GeoPackage, GeoParquet, or a .zip."),
    ],
    bbox: Annotated[
        str, typer.Option(help="W,S,E,N in degrees; W above E crosses the antimeridian.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to make; else reference beside settings.yaml.")
    ] = None,
    tolerance_m: Annotated[
        float, typer.Option(min=0, max=5000, help="No coast is moved by more than this.")
    ] = 50.0,
    boundaries: Annotated[
        Path | None, typer.Option(help="Boundary lines with columns left, right, kind.")
    ] = None,
    places: Annotated[Path | None, typer.Option(help="CSV of name, lat, lon, kind.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make the folder of reference layers of some waters from a file of land polygons.

    OpenStreetMap's land polygons (osmdata.openstreetmap.de, WGS84), Natural Earth's land or
    countries and GSHHG's level 1 serve as they come. Kinds of places: port, light, island, cape.

    For example:

      selat reference make --land land-polygons.zip --bbox 22.5,36.5,25.5,38.5
    """
    from pipelines.reference.make import make
    from pipelines.reference.make.folder import parse_bbox

    folder = out or installation_of(None, config).config / "reference"
    made = make(
        folder.expanduser().absolute(),
        land.expanduser(),
        parse_bbox(bbox),
        tolerance_m=tolerance_m,
        boundaries=boundaries,
        places=places,
    )
    states = sorted(set(made.land.frame["iso3"]) - {""})
    facts = {
        "folder": str(made.folder),
        "polygons": len(made.land.frame),
        "states": states,
        "points": made.land.points,
        "points_before": made.land.points_before,
        "outlines_mended": made.land.mended,
        "tolerance_m": tolerance_m,
        "boundaries": made.boundaries,
        "places": made.places,
    }
    if as_json:
        print_json(facts)
        return
    typer.echo(
        f"{made.folder}: {len(made.land.frame):,} land polygons of {made.land.points:,} points "
        f"(of {made.land.points_before:,}; moved by at most {tolerance_m:g} m), "
        f"{made.land.mended} outlines that crossed themselves mended, {made.boundaries} boundary "
        f"lines, {made.places} places"
    )
    if states:
        typer.echo(f"Land of {', '.join(states)}")
    else:
        typer.echo("No column says whose land it is (iso3, ISO_A3): nothing crosses then")
    typer.echo(f"Now name it in settings.yaml: reference: {made.folder}")
