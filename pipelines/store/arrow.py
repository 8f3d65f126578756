"""From Arrow tables to frames without holding the rows twice."""

import pandas as pd
import pyarrow as pa


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
