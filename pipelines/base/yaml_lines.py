"""Where in a YAML text a value stands."""

from collections.abc import Sequence

import yaml


def line_of(text: str, path: Sequence[str | int]) -> int:
    r"""Find the line (from 1) of the value that a path of keys and indexes leads to in YAML.

    Where the path ends early (a key that is missing), the line of what should hold it.

    >>> line_of("a:\n  - b: 1\n    c: 2\n", ["a", 0, "c"])
    3
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for step in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step],) * 2 if step < len(node.value) else None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
