"""What the tests of the bulk decoder share: sentences with a right checksum, feeds decoded."""

import functools
import operator

import numpy as np
import pytest
from pyais.encode import encode_dict

from pipelines.ingest.aivdm import Columns, Decoder

TABLES = ("positions", "statics", "bases", "others", "rejects")
# Real sentences: position A, position B class, base station.
GOOD = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
OTHER = b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A"
PARTS = (
    b"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E",
    b"!AIVDM,2,2,3,B,1@0000000000000,2*55",
)


def summed(body: bytes) -> bytes:
    """A text between its sign and its checksum: `AIVDM,...` to `...*hh`."""
    return body + b"*%02X" % functools.reduce(operator.xor, body, 0)


def tagged(fields: bytes, sentence: bytes = GOOD) -> bytes:
    """A sentence behind a tag block."""
    return b"\\" + summed(fields) + b"\\" + sentence


class Decoded:
    """A feed that has been decoded, in one or more blocks."""

    def __init__(self, blocks: list[bytes], rows: int = 1 << 12) -> None:
        self.decoder = Decoder(rows=rows)
        parts = [self.decoder.feed(block) for block in blocks]
        parts.append(self.decoder.finish())
        self.columns = Columns.joined(parts, parts[0].memory)
        assert self.decoder.unaccounted == 0

    def __getattr__(self, name: str) -> np.ndarray:
        if name in TABLES:
            return getattr(self.columns, name)
        raise AttributeError(name)

    @property
    def time(self) -> int:
        """Time of the only position."""
        (row,) = self.columns.positions
        return int(row["time"])

    @property
    def station(self) -> str:
        """Station of the only position, empty where there is none."""
        (row,) = self.columns.positions
        return self.decoder.stations[row["station"]] if row["station"] >= 0 else ""

    def everything(self) -> dict[str, object]:
        """All that came out, in an order that doesn't depend on the blocks."""
        rejects = np.sort(self.columns.rejects, order=("start", "end"))
        return {
            **{name: told(getattr(self.columns, name)) for name in TABLES[:-1]},
            "rejects": [tuple(map(int, row)) for row in rejects],
            "counts": self.decoder.counts,
            "reasons": self.decoder.rejects,
            "samples": self.decoder.samples,
            "messages": self.decoder.messages,
            "lines": self.decoder.other_lines,
            "stations": self.decoder.stations,
        }


def told(rows: np.ndarray) -> list[dict[str, object]]:
    """Rows by field; texts as long as they are, since rows are used again."""
    return [
        {
            name: row[name][: row[f"{name}_length"]].tobytes() if row[name].ndim else row[name]
            for name in rows.dtype.names
        }
        for row in rows
    ]


def decoded(*blocks: bytes, rows: int = 1 << 12) -> Decoded:
    return Decoded(list(blocks), rows)


def sentence(**fields: object) -> bytes:
    """Sentences of a message by pyais's encoder, one a line."""
    return "".join(line + "\n" for line in encode_dict(fields, talker_id="AI")).encode()


@pytest.fixture(scope="session")
def samples() -> dict[str, object]:
    return {"good": GOOD, "other": OTHER, "parts": PARTS, "summed": summed, "tagged": tagged}
