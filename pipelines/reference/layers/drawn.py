"""One zone of a GeoJSON file, changed where it stands; the rest of the file stays as it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from detectors.core.errors import ConfigError
from pipelines.base import rewriting
from pipelines.base.files import locked, write_text
from pipelines.reference.layers.areas import AreaTakenError, Piece
from pipelines.reference.layers.features import read_zone, zone_features, zone_files


@dataclass(frozen=True)
class Drawn:
    """A feature of a file of zones."""

    path: Path
    text: str
    """All of the file."""
    start: int
    """Where its list of features begins in it."""
    number: int
    """Which of them it is, from 0."""
    feature: Mapping[str, Any]

    @property
    def seen(self) -> str:
        """Return what tells this feature from what anybody may have made of it since."""
        start, end = rewriting.items(self.text, self.start)[self.number]
        return sha256(self.text[start:end].encode()).hexdigest()

    @property
    def pieces(self) -> list[Piece]:
        """Its outline, in two dimensions, as `areas.pieces_of` has it."""
        outline = self.feature["geometry"]
        pieces = outline["coordinates"]
        plain = [
            [[list(point[:2]) for point in ring] for ring in piece]
            for piece in (pieces if outline["type"] == "MultiPolygon" else [pieces])
        ]
        return [[r[:-1] if r[0] == r[-1] else r for r in piece] for piece in plain]

    def with_it(self, properties: Mapping[str, Any], pieces: Sequence[Piece] | None) -> str:
        """Return the text of the file with other properties, and another outline unless None.

        What was of several pieces stays what GIS calls so, though one be left.
        """
        begin = rewriting.items(self.text, self.start)[self.number][0]
        places = rewriting.members(self.text, begin)
        changes = []
        if properties != self.feature["properties"]:
            span = places["properties"]
            changes.append((*span, rewriting.json_like(self.text, span, properties)))
        if pieces is not None:
            closed = [[[*ring, ring[0]] for ring in piece] for piece in pieces]
            many = len(closed) > 1 or self.feature["geometry"]["type"] == "MultiPolygon"
            kind, outline = ("MultiPolygon", closed) if many else ("Polygon", closed[0])
            changes.append(
                (*places["geometry"], json.dumps({"type": kind, "coordinates": outline}))
            )
        return rewriting.changed(self.text, changes)


def find_drawn(zones_dir: Path, zone_id: str) -> Drawn | None:
    """Return a zone of a GeoJSON file by its id; None where it stands in none.

    Raises ConfigError if a file before it can't be read.
    """
    for path in zone_files(zones_dir):
        for number, (_, feature) in enumerate(zone_features(path)):
            properties = feature.get("properties") if isinstance(feature, dict) else None
            if isinstance(properties, dict) and properties.get("zone_id") == zone_id:
                # Not as text, which would give all lines the same end.
                text = path.read_bytes().decode("utf-8")
                start = rewriting.members(text, rewriting.beginning(text))["features"][0]
                return Drawn(path, text, start, number, feature)
    return None


def check_drawn(drawn: Drawn, text: str) -> dict[str, Any]:
    """Return the zone that another text of its file would make of it.

    Raises ConfigError if it would be none.
    """
    where = f"{drawn.path.name}, feature {drawn.number + 1}"
    feature = json.loads(text)["features"][drawn.number]
    return read_zone(feature, where, drawn.path.name)


def write_drawn(
    zones_dir: Path,
    zone_id: str,
    properties: Mapping[str, Any],
    pieces: Sequence[Piece] | None,
    *,
    seen: str,
) -> Path:
    """Change a zone, whole or not at all; what the file said stays as ``NAME.geojson.before``.

    `pieces`: None leaves its outline. `seen`: `Drawn.seen` of what was changed.

    Raises
    ------
    ConfigError
        If it would be no zone.
    AreaTakenError
        If it was changed meanwhile, or isn't there.
    """
    with locked(zones_dir):
        drawn = _same(zones_dir, zone_id, seen)
        text = drawn.with_it(properties, pieces)
        check_drawn(drawn, text)
        return _replace(drawn, text)


def remove_drawn(zones_dir: Path, zone_id: str, *, seen: str) -> Path:
    """Take a zone out of its file; what the file said stays as ``NAME.geojson.before``.

    Raises AreaTakenError if it was changed meanwhile, or isn't there.
    """
    with locked(zones_dir):
        drawn = _same(zones_dir, zone_id, seen)
        return _replace(drawn, rewriting.without_item(drawn.text, drawn.start, drawn.number))


def _same(zones_dir: Path, zone_id: str, seen: str) -> Drawn:
    drawn = find_drawn(zones_dir, zone_id)
    if drawn is None or drawn.seen != seen:
        raise AreaTakenError(f"{zone_id} was changed since it was opened", hint="open it again")
    return drawn


def _replace(drawn: Drawn, text: str) -> Path:
    try:
        write_text(drawn.path.with_name(f"{drawn.path.name}.before"), drawn.text)
        return write_text(drawn.path, text)
    except OSError as error:
        raise ConfigError(f"{drawn.path.name} can't be written: {error.strerror}") from error
