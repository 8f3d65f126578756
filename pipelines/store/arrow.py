"""From Arrow tables and answers of DuckDB to frames, and words by their place."""

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

_UTC: Final = pd.DatetimeTZDtype("us", "UTC")
_NOTHING: Final = {"M": np.datetime64("NaT", "us"), "f": np.nan, "O": pd.NA}
"""What stands where nothing does, by kind of values; whole numbers have a type of their own."""
_TEXT: Final = "VARCHAR"
_TIME: Final = "TIMESTAMP WITH TIME ZONE"


def answer(asked: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return what a statement gave that was executed, as its `df` does.

    That takes thrice as long for the few rows that most statements give: it finds out by each
    value what a column of texts holds.
    """
    kinds = [str(column[1]) for column in asked.description]
    columns = asked.fetchnumpy()
    return pd.DataFrame(
        {
            name: _column(values, kind)
            for (name, values), kind in zip(columns.items(), kinds, strict=True)
        }
    )


def _column(values: Any, kind: str) -> Any:
    gaps = np.ma.getmaskarray(values)
    some = bool(gaps.any())
    plain = values.data if isinstance(values, np.ma.MaskedArray) else values
    if some and kind == _TEXT:
        plain = _filled(plain, gaps, None)
    elif some and plain.dtype.kind in _NOTHING:
        plain = _filled(plain, gaps, _NOTHING[plain.dtype.kind])
    elif some:
        whole = pd.arrays.BooleanArray if plain.dtype.kind == "b" else pd.arrays.IntegerArray
        return whole(np.array(plain), np.array(gaps))
    if kind == _TIME:
        return pd.array(plain, dtype=_UTC)
    # A column without any text isn't known to be one.
    return pd.array(plain, dtype="str") if kind == _TEXT and not gaps.all() else plain


def _filled(values: NDArray[Any], gaps: NDArray[np.bool_], nothing: object) -> NDArray[Any]:
    filled = np.array(values)
    filled[gaps] = nothing
    return filled


def ranks(words: Sequence[Any]) -> NDArray[np.int32]:
    """Return the place of each of some different words among them, in their order."""
    rank = np.empty(len(words), "int32")
    rank[np.argsort(np.array(words, dtype=object))] = np.arange(len(words))
    return rank


def categorical(words: Sequence[Any], codes: NDArray[Any]) -> pd.Categorical:
    """Return rows by the places of their words; the categories are in order."""
    names = pd.Index(sorted(words), dtype="str")
    return pd.Categorical.from_codes(ranks(words)[codes], names)


def to_table(frame: pd.DataFrame) -> pa.Table:
    """Return the rows of a frame; what isn't a number is missing."""
    columns = [pa.Array.from_pandas(values) for _, values in frame.items()]
    return pa.Table.from_arrays(columns, names=list(frame.columns))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return the rows of a table that DuckDB made; the table is used up.

    A column of texts would go on using the table's buffers, and each of these, made by DuckDB for a
    batch of rows, is only freed with all the others of its batch: so texts are copied.
    """
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(index, field, table.column(index).combine_chunks())
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame
