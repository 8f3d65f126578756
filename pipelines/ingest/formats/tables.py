"""Tables, whatever file they come from: from a layout to a way to read a feed."""

from collections.abc import Callable, Iterable, Iterator

from pipelines.ingest.cells import Cells
from pipelines.ingest.formats.base import Feed, Found
from pipelines.ingest.layouts import Layout
from pipelines.ingest.naming import Named
from pipelines.ingest.rows import Batch
from pipelines.ingest.tabular import Table


def by_layout(
    layout: Layout,
    cells: Callable[[Feed], Iterable[Cells]],
    named: Named | None = None,
    key: str | None = None,
) -> Found:
    """Return the way to read cells by a layout, which was `named` by its columns or described."""

    def read(feed: Feed) -> Iterator[Batch]:
        if named is not None:
            feed.report.named(named)
        return Table(layout, feed.source, feed.options, feed.report).batches(cells(feed))

    return Found(layout.name, read, f"{layout.name}@{layout.digest}" if key is None else key)
