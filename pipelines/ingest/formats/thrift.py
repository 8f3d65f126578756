"""Thrift's compact protocol, as far as descriptions of Parquet files use it.

pyarrow ends the process where a description that it has read contradicts itself (a histogram of the
wrong size is enough), so what is asked of one before anything is unpacked is read here. Source:
Apache Thrift, thrift-compact-protocol.md.
"""

from typing import Any, Final

_MAX_DEPTH: Final = 16
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_WHOLE: Final = frozenset({4, 5, 6})


class Compact:
    """A reader of one value after another."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by number: numbers, texts as bytes, lists, structs.

        Raises ValueError if it is cut off, nested too deep, or none.
        """
        if depth > _MAX_DEPTH:
            raise ValueError("a description that is nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while byte := self._byte():
            kind = byte & 15
            number = number + (byte >> 4) if byte >> 4 else self._whole()
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth)
        return fields

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise ValueError("a description that is cut off")
        self.at += 1
        return self._data[self.at - 1]

    def _bytes(self, length: int) -> bytes:
        if not 0 <= length <= len(self._data) - self.at:
            raise ValueError("a description that is cut off")
        self.at += length
        return self._data[self.at - length : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number that is too long")

    def _whole(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _WHOLE:
            return self._whole()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind in {_BYTE, _TRUE, _FALSE}:  # the latter two as elements of a list
            return self._byte()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in {_LIST, _SET}:
            return self._list(depth + 1)
        if kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            pairs = min(size, len(self._data))
            return [
                (self._value(kinds >> 4, depth + 1), self._value(kinds & 15, depth + 1))
                for _ in range(pairs)
            ]
        raise ValueError("a field of an unknown kind")

    def _list(self, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            raise ValueError("a description that is nested too deep")
        head = self._byte()
        size = self._varint() if head >> 4 == 15 else head >> 4
        if size > len(self._data) - self.at:  # an element takes a byte at least
            raise ValueError("a description that is cut off")
        return [self._value(head & 15, depth) for _ in range(size)]
