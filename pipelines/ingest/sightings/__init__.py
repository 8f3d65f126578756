"""Sightings: what radar, satellites, aircraft, patrols and the public saw, into the store.

`read` turns one file (CSV or GeoJSON) into `frames.SIGHTINGS` and a report of what was rejected
and why; `find` resolves files, folders and globs. The column layout is in `layout`.
"""

from pipelines.ingest.sightings.files import SightingsFile, find, read
from pipelines.ingest.sightings.report import FUTURE, SightingsError, SightingsReport

__all__ = ["FUTURE", "SightingsError", "SightingsFile", "SightingsReport", "find", "read"]
