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

    if key is not None:
        return Found(layout.name, read, key)
    of = f"{layout.name}@{layout.digest}"
    if named is None or not layout.keep:
        return Found(layout.name, read, of)
    every_row = layout.model_copy(update={"keep": {}})
    return Found(layout.name, read, of, f"{layout.name}@{every_row.digest}")
