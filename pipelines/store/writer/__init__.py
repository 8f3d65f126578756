"""The one writer: feeds, worked-out days and runs go into the store whole or not at all.

`publishing` says in which order. Files that no published catalogue names are left-overs of a crash
and are removed when a writer opens (`leftovers`).
"""

from pipelines.store.writer.feeds import FeedWriter
from pipelines.store.writer.files import DERIVED
from pipelines.store.writer.leftovers import clean, remove_work, strays, work_files, writing
from pipelines.store.writer.results import ResultWriter
from pipelines.store.writer.sightings import SightingWriter

__all__ = [
    "DERIVED",
    "Writer",
    "clean",
    "remove_work",
    "strays",
    "work_files",
    "writing",
]


class Writer(FeedWriter, SightingWriter, ResultWriter):
    """A catalogue being changed. Made by `pipelines.store.write`; not for sharing."""
