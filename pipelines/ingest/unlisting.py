"""A list of JSON objects to one object a line, as its bytes come.

Interfaces give lists, or a GeoJSON collection of features, and some put a word about the answer
before them (`[{"ERROR": false}, [{…}, …]]`). Objects are cut apart where one ends and the next
begins; a text in which that stands too makes two lines that are rejected.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

# What may stand before the first object: a byte order mark, a collection's own members.
_BEGIN: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,64}(?:\{[^\[\]]{0,4096}\"features\"\s{0,64}:\s{0,64})?\[\s{0,64}(?=\{\s{0,64}\")"
)
_BETWEEN: Final = re.compile(rb"\}\s{0,64},\s{0,64}\[?\s{0,64}\{")
# What may turn out to stand between two objects, or behind the last.
_OPEN_END: Final = re.compile(rb"\}[\s,\[\]}]{0,256}\Z")
_PEEKED: Final = 8192


def unlisted(blocks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield what comes; of a list of JSON objects, the objects with a line feed between them.

    >>> b"".join(unlisted(iter([b'[{"a": {"b": 1}}, ', b'{"a": 2}]'])))
    b'{"a": {"b": 1}}\n{"a": 2}\n'
    """
    head = b""
    for block in blocks:
        head += block
        if len(head) >= _PEEKED:
            break
    begin = _BEGIN.match(head)
    if begin is None:
        yield from chain([head] if head else [], blocks)
        return
    held = b""
    for block in chain([head[begin.end() :]], blocks):
        data = _BETWEEN.sub(b"}\n{", held + block)
        end = _OPEN_END.search(data, max(len(data) - 300, 0))
        held = data[end.start() :] if end else b""
        if done := data[: len(data) - len(held)]:
            yield done
    if held:
        yield held.partition(b"]")[0].rstrip() + b"\n"
