"""Values changed in the text of a JSON or YAML file, of which all else stays as somebody wrote it.

Comments, the order of keys, how numbers are written and what no program knows are a user's own: a
file that is loaded, changed and dumped has lost them.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()

Span = tuple[int, int]
Change = tuple[int, int, str]


def changed(text: str, changes: Sequence[Change]) -> str:
    """Return a text with some of its stretches (start, end, what stands there then) replaced.

    >>> changed("abcd", [(1, 2, "x"), (3, 4, "")])
    'axc'
    """
    for start, end, put in sorted(changes, reverse=True):
        text = text[:start] + put + text[end:]
    return text


# ---- JSON


def members(text: str, start: int) -> dict[str, Span]:
    """Return where the value of each key stands, of the object that begins at `start`.

    >>> members('{"a": 1, "b": [2]}', 0)
    {'a': (6, 7), 'b': (14, 17)}
    """
    found = {}
    at = _after(text, start + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after(text, _after(text, at) + 1)  # its colon
        _, end = _DECODER.raw_decode(text, at)
        found[key] = (at, end)
        at = _after(text, end)
        at = _after(text, at + 1) if text[at] == "," else at
    return found


def items(text: str, start: int) -> list[Span]:
    """Return where each item stands, of the list that begins at `start`.

    >>> items("[1, [2, 3]]", 0)
    [(1, 2), (4, 10)]
    """
    found = []
    at = _after(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append((at, end))
        at = _after(text, end)
        at = _after(text, at + 1) if text[at] == "," else at
    return found


def beginning(text: str) -> int:
    """Return where the value of a JSON text begins."""
    return _after(text, 0)


def json_like(text: str, span: Span, value: Any) -> str:
    """Return a value as JSON, over several lines where the one in its place is, and as far in.

    >>> print(json_like('{"a": {"b": 1}}', (6, 14), {"b": "kuala", "c": True}))
    {"b": "kuala", "c": true}
    """
    if "\n" not in text[slice(*span)]:
        return json.dumps(value, ensure_ascii=False)
    line = text[text.rfind("\n", 0, span[0]) + 1 : span[0]]
    inset = line[: len(line) - len(line.lstrip())]
    end = "\r\n" if "\r\n" in text else "\n"
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", end + inset)


def without_item(text: str, start: int, number: int) -> str:
    """Return a JSON text without one item of the list that begins at `start`.

    >>> without_item("[1, 2, 3]", 0, 0), without_item("[1, 2]", 0, 1), without_item("[1]", 0, 0)
    ('[2, 3]', '[1]', '[]')
    """
    spans = items(text, start)
    if number + 1 < len(spans):
        cut = (spans[number][0], spans[number + 1][0])
    else:
        cut = (spans[number - 1][1] if number else start + 1, spans[number][1])
    return text[: cut[0]] + text[cut[1] :]


def _after(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


# ---- YAML


def yaml_with(text: str, held: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    r"""Return the text of a YAML mapping that says `held`, so that it says `made`.

    A value of several lines is changed item by item. What can't be changed in its place, such as
    a value that an alias shares, isn't: who asks reads what came out.

    >>> yaml_with("a: 1  # one\nb: 2\n", {"a": 1, "b": 2}, {"a": 3, "b": 2, "c": [4]})
    'a: 3  # one\nb: 2\nc: [4]\n'
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return text
    changes: list[Change] = []
    known = set()
    for key, value in node.value:
        known.add(key.value)
        if key.value not in made:
            changes.append((*_lines(text, key.start_mark.index, _end(value)), ""))
        elif made[key.value] != held[key.value]:
            changes += _replaced(text, value, held[key.value], made[key.value])
    more = "".join(f"{key}: {_flow(made[key])}\n" for key in made if key not in known)
    whole = changed(text, changes)
    return whole + ("\n" if more and whole and not whole.endswith("\n") else "") + more


def _replaced(text: str, node: yaml.Node, old: Any, new: Any) -> Iterator[Change]:
    """Yield what puts a value in another's place; of two lists, only the items that differ."""
    block = isinstance(node, yaml.SequenceNode) and not node.flow_style
    if not (block and isinstance(new, list) and new):
        yield node.start_mark.index, _end(node), _flow(new)
        return
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    before, after = node.value[same : len(old) - tail], new[same : len(new) - tail]
    for one, value in zip(before, after, strict=False):
        yield one.start_mark.index, _end(one), _flow(value)
    for one in before[len(after) :]:
        yield *_lines(text, one.start_mark.index, _end(one)), ""
    if more := after[len(before) :]:
        last = node.value[same + len(before) - 1] if same + len(before) else node.value[0]
        inset = " " * node.start_mark.column
        at = _lines(text, last.start_mark.index, _end(last))[1 if same + len(before) else 0]
        begin = "" if at == 0 or text[at - 1] == "\n" else "\n"
        yield at, at, begin + "".join(f"{inset}- {_flow(value)}\n" for value in more)


def _end(node: yaml.Node) -> int:
    """Return where a value ends; PyYAML has a block end where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _lines(text: str, start: int, end: int) -> Span:
    """Return the whole lines from one place in a text to another."""
    stop = text.find("\n", max(end - 1, start))
    return text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop + 1


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False
    )
    return dumped.strip()[1:-1]
