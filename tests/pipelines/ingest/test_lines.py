"""Blocks of lines: the same lines, with the same numbers, as splitting the whole text gives."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.containers import Member
from pipelines.ingest.lines import MAX_LINE, Lines


def member(content: bytes, sizes: list[int]) -> Member:
    def blocks():
        at = 0
        for size in [*sizes, len(content)]:
            if at < len(content):
                yield content[at : at + size]
            at += size

    return Member("feed", blocks(), path=Path("feed"))


def plain(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


@settings(max_examples=200, deadline=None)
@given(
    content=st.lists(st.sampled_from([b"a", b"\n", b",", b"\r\n", b"{}", b"x" * 40])).map(b"".join),
    sizes=st.lists(st.integers(1, 50), max_size=6),
    most=st.integers(1, 9),
)
def test_blocks_hold_the_lines(content, sizes, most):
    lines = Lines(member(content, sizes))
    blocks = list(lines.blocks(most))
    assert all(0 < len(block) <= most and not block.overlong for block in blocks)
    got = [(int(b.numbers[row]), b.line(row)) for b in blocks for row in range(len(b))]
    expected = [line.removesuffix(b"\r") for line in plain(content)]
    assert got == list(enumerate(expected, 1))
    assert lines.next == len(expected) + 1


def test_overlong_lines_are_marked_and_keep_their_numbers():
    for size in (MAX_LINE + 1, 3 * MAX_LINE, 20 * MAX_LINE):
        content = b"one\n" + b"x" * size + b"\nthree\n" + b"y" * MAX_LINE + b"\n" + b"z" * size
        for sizes in ([], [5, 1 << 20], [1 << 16] * 40):
            blocks = list(Lines(member(content, sizes)).blocks(1000))
            assert sum(len(block) for block in blocks) == 5
            assert [int(b.numbers[0]) for b in blocks if b.overlong] == [2, 5]
            assert all(len(b.data) <= MAX_LINE + 1 for b in blocks if b.overlong)


def test_a_file_with_carriage_returns_only():
    blocks = list(Lines(member(b"one\rtwo\rthree", [4])).blocks(10))
    lines = [block.line(row) for block in blocks for row in range(len(block))]
    assert lines == [b"one", b"two", b"three"]


def test_a_part_of_a_block():
    [block] = Lines(member(b"one\ntwo\nthree\n", [])).blocks(10)
    part = block.part(1, 3)
    assert (part.data, part.numbers.tolist(), part.line(1)) == (b"two\nthree\n", [2, 3], b"three")
    assert len(block.part(1, 1)) == 0
