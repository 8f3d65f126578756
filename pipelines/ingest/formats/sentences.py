"""AIVDM and AIVDO sentences, bare or in a logger's lines."""

from collections.abc import Iterator, Sequence
from typing import Final

from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.nmea import NmeaReader
from pipelines.ingest.rows import Batch


class Sentences:
    """A feed with an AIS sentence in its first bytes."""

    title = "AIVDM sentences (!AIVDM,1,1,…)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if SENTENCE.search(head.data) and not head.is_json:
            return [Found("nmea", _read)]
        return []

    def why_not(self, head: Head) -> IngestError | None:
        """Return None: nothing is nearly a sentence."""
        return None


def _read(feed: Feed) -> Iterator[Batch]:
    yield from NmeaReader(feed.lines, feed.source, feed.options, feed.report, feed.announce)


SENTENCES: Final[Format] = Sentences()
