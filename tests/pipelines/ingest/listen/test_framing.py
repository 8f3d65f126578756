from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.listen.framing import MAX_LINE, LineBuffer
from pipelines.ingest.listen.status import Counts

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"\n", b"\r\n", b"\r", b"A" * MAX_LINE, b"B" * (MAX_LINE + 1)]),
    ),
    max_size=12,
)


@given(pieces=PIECES, cuts=st.lists(st.integers(1, 20_000), max_size=20))
def test_any_cut_of_a_stream_gives_the_same_lines(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces) + b"\n"
    expected = [
        line for line in stream.replace(b"\r", b"\n").split(b"\n") if 0 < len(line) <= MAX_LINE
    ]
    counts = Counts()
    buffer = LineBuffer(counts)
    got: list[bytes] = []
    for cut in cuts:
        got += buffer.lines(stream[:cut])
        stream = stream[cut:]
    got += buffer.lines(stream)
    assert got == expected


@given(pieces=PIECES)
def test_every_byte_is_in_a_line_or_counted(pieces: list[bytes]) -> None:
    stream = b"".join(pieces) + b"\n"
    counts = Counts()
    lines = LineBuffer(counts).lines(stream)
    ends = stream.count(b"\n") + stream.count(b"\r")
    assert sum(map(len, lines)) + ends + counts.overlong_bytes == len(stream)


def test_a_line_without_end_takes_no_memory_and_the_next_one_is_found() -> None:
    counts = Counts()
    buffer = LineBuffer(counts)
    for _ in range(200):
        assert buffer.lines(b"x" * 10_000) == []
        assert len(buffer._rest) <= MAX_LINE
    assert buffer.lines(b"end\nnext\n") == [b"next"]
    assert (counts.overlong_lines, counts.overlong_bytes) == (1, 2_000_003)
