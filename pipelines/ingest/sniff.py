"""What a stream of bytes is, by its content: one of `formats.FORMATS`, or not a feed and why."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.ingest import beside
from pipelines.ingest.containers import NO_ARCHIVES, kind_of, not_read
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats import FORMATS, Found, Head
from pipelines.ingest.formats.delimited import likely_header
from pipelines.ingest.formats.parquet import PARQUET
from pipelines.ingest.formats.sentences import mostly_sentences
from pipelines.ingest.layouts import Layout
from pipelines.ingest.lines import BOM


def sniff(
    data: bytes,
    name: str,
    layouts: Mapping[str, Layout],
    mapping: str | None,
    path: Path | None = None,
) -> Found:
    """Tell what a feed is by its first bytes.

    What else is given is said of `formats.Head`.

    Raises IngestError if it is empty, not a feed, or a table that matches no layout or several.
    """
    if not data.strip(b"\0 \r\n\t" + BOM):
        raise IngestError(f"{name} is empty", hint="there is nothing to read in it")
    head = Head(data, name, path, layouts, mapping)
    if mapping is None and (sentences := mostly_sentences(head)):
        return sentences[0]
    if error := beside.truth(name, data, likely_header(head.lines)):
        raise error
    for form in FORMATS:
        found = form.find(head)
        if len(found) > 1:
            names = ", ".join(way.name for way in found)
            raise IngestError(
                f"{name}: its header matches several layouts: {names}",
                hint="name one: --mapping NAME",
            )
        if found:
            return found[0]
    raise _why_not(head)


def table_header(data: bytes) -> list[str]:
    """Return the columns of the first line that could be a header; none of what is no text."""
    return [] if _is_binary(data) else likely_header(Head(data, "", None, {}, None).lines)


def looks_like_csv(data: bytes) -> bool:
    """Return whether the text begins with a header that has an MMSI column."""
    if _is_binary(data):  # a database that names such a column isn't a table
        return False
    head = Head(data, "", None, {}, None)
    return not head.is_json and any("mmsi" in c.casefold() for c in likely_header(head.lines))


def _why_not(head: Head) -> IngestError:
    name = head.name
    other = not_read(head.data)
    if other:
        hint = "export its table as CSV or Parquet" if other in NO_ARCHIVES else "unpack it first"
        return IngestError(f"{name} is a {other} file, which isn't read", hint=hint)
    if kind_of(head.data) != "plain":
        return IngestError(f"{name} is an archive in an archive", hint="unpack it first")
    if head.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return IngestError(f"{name} is UTF-16 text", hint="save it as UTF-8")
    if head.data.removeprefix(BOM).lstrip().startswith((b"<?xml", b"<")):
        return IngestError(
            f"{name} is XML or HTML, which isn't read", hint="fetch it as CSV or JSON instead"
        )
    known = ", ".join(form.title for form in FORMATS)
    # Parquet is the one binary format; it knows itself by its first bytes.
    binary = _is_binary(head.data)
    for form in (PARQUET,) if binary else FORMATS:
        error = form.why_not(head)
        if error is not None:
            return error
    if binary:
        return IngestError(
            f"{name} is binary, not text", hint=f"feeds are {known}; plain or as .gz, .zst, .zip"
        )
    return IngestError(
        f"{name} isn't a feed: there is no AIS sentence and no table header in it",
        hint=f"feeds are {known}",
    )


def _is_binary(data: bytes) -> bool:
    odd = sum(data.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return odd > len(data) / 100
