"""From Arrow tables to frames without holding the rows twice, and words by their place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray


def ranks(words: Sequence[Any]) -> NDArray[np.int32]:
    """Return the place of each of some different words among them, in their order."""
    rank = np.empty(len(words), "int32")
    rank[np.argsort(np.array(words, dtype=object))] = np.arange(len(words))
    return rank


def categorical(words: Sequence[Any], codes: NDArray[Any]) -> pd.Categorical:
    """Return rows by the places of their words; the categories are in order."""
    names = pd.Index(sorted(words), dtype="str")
    return pd.Categorical.from_codes(ranks(words)[codes], names)


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
