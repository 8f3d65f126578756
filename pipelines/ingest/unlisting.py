"""A list of JSON objects to one object a line, as its bytes come.

Interfaces give lists, or a list among a document's members (GeoJSON's features; `{"data":
{"vessels": [{…}, …]}}`), and some put a word about the answer before them (`[{"ERROR": false},
[{…}, …]]`). Objects are cut apart where one ends and the next begins; a text in which that stands
too makes two lines that are rejected. What follows the list isn't part of its last object. Of
objects one a line each stays as it is, whatever lists are in it.
"""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

# What may stand before the first object: a byte order mark, the document's own members.
_BEGIN: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,64}(?:\{[^\[\]]{0,4096}\"(?:features|data|vessels|ships|positions|records|rows"
    rb"|results|result|items|nodes|value|objects|vesselPositions)\"\s{0,64}:\s{0,64})?\[\s{0,64}(?=\{\s{0,64}\")"
)
_BETWEEN: Final = re.compile(rb"\}\s{0,64},\s{0,64}\[?\s{0,64}\{")
# No object that is read is as long (`lines.MAX_LINE`).
_LONGEST: Final = 1 << 16
# Longer than what stands between two objects.
_KEPT: Final = 300
_PEEKED: Final = 8192
_LINES: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,64}\{[^\n]*\}[ \t\r]{0,64}\n\s{0,64}\{")


def unlisted(blocks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield what comes; of a list of JSON objects, the objects with a line feed between them.

    >>> b"".join(unlisted(iter([b'[{"a": {"b": 1}}, ', b'{"a": 2}]'])))
    b'{"a": {"b": 1}}\n{"a": 2}\n'
    """
    head = b""
    for block in blocks:
        head += block
        if len(head) >= (_PEEKED if b"\n" in head else _LONGEST):
            break
    begin = _BEGIN.match(head)
    # a vessel's own list
    if begin is None or b"mmsi" in begin[0].lower() or _LINES.match(head):
        yield from chain([head] if head else [], blocks)
        return
    held = b""
    for block in chain([head[begin.end() :]], blocks):
        data = _BETWEEN.sub(b"}\n{", held + block)
        cut = data.rfind(b"}\n{") + 2 if b"}\n{" in data else 0
        if len(data) - cut > _LONGEST:  # no list of objects that are read, or the end of one
            cut = len(data) - _KEPT
        held = data[cut:]
        if cut:
            yield data[:cut]
    if held:
        yield _first_object(held) + b"\n"


def _first_object(text: bytes) -> bytes:
    """Return the object that a text begins with; all of it where it begins with none."""
    decoded = text.decode("utf-8", "surrogateescape")
    try:
        _, end = json.JSONDecoder().raw_decode(decoded)
    except (ValueError, RecursionError):
        return text.partition(b"]")[0].rstrip()
    return decoded[:end].encode("utf-8", "surrogateescape")
