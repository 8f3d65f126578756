"""What can be asked of a catalogue, by readers and by the writer alike."""

from pipelines.store.queries.feeds import FeedQueries
from pipelines.store.queries.files import FileQueries
from pipelines.store.queries.runs import RunQueries
from pipelines.store.queries.sightings import SightingQueries
from pipelines.store.queries.traffic import TrafficQueries
from pipelines.store.queries.vessels import VesselQueries

__all__ = ["Queries"]


class Queries(FeedQueries, FileQueries, TrafficQueries, VesselQueries, SightingQueries, RunQueries):
    """Questions to one generation of the store."""
