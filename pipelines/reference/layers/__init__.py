"""Reference layers: zones, land, boundaries, places and code tables, from the files of a folder.

Callers say where the files are. A file is parsed once as long as it doesn't change; a frame that
is returned is the caller's own copy, zones are shared by all who ask for the same files.
"""

from pipelines.reference.gazetteer import load_gazetteer, load_landmarks
from pipelines.reference.layers.areas import (
    area_files,
    area_seen,
    area_text,
    check_area,
    read_area,
    remove_area,
    write_area,
)
from pipelines.reference.layers.boundaries import load_boundaries
from pipelines.reference.layers.changes import Changed, last_changes, noting
from pipelines.reference.layers.drawn import (
    check_drawn,
    find_drawn,
    remove_drawn,
    write_drawn,
)
from pipelines.reference.layers.features import (
    read_polygon,
    read_watches,
    read_zone,
    zone_features,
    zone_files,
)
from pipelines.reference.layers.places import landing_points
from pipelines.reference.layers.rules import RULES_FILE, load_rules, write_rules, written_rules
from pipelines.reference.layers.zones import (
    LANDING_RADIUS_M,
    learned_places,
    load_land,
    load_reach,
    load_zones,
    sea_states,
    states_with_seas,
    with_zone,
)

__all__ = [
    "LANDING_RADIUS_M",
    "RULES_FILE",
    "Changed",
    "area_files",
    "area_seen",
    "area_text",
    "check_area",
    "check_drawn",
    "find_drawn",
    "landing_points",
    "last_changes",
    "learned_places",
    "load_boundaries",
    "load_gazetteer",
    "load_land",
    "load_landmarks",
    "load_reach",
    "load_rules",
    "load_zones",
    "noting",
    "read_area",
    "read_polygon",
    "read_watches",
    "read_zone",
    "remove_area",
    "remove_drawn",
    "sea_states",
    "states_with_seas",
    "with_zone",
    "write_area",
    "write_drawn",
    "write_rules",
    "written_rules",
    "zone_features",
    "zone_files",
]
