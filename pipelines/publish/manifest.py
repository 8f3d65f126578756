"""manifest.json: what went in, what came out, with what, and what failed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.base.files import write_text
from pipelines.base.text import iso
from pipelines.publish.products import Products


def write(products: Products, path: Path) -> Path:
    """Write the run's manifest; return `path`.

    `run_id`, `window` and `simulated` are those of the products, whatever the mapping says; the
    rest is as the run made it. The file is ASCII: hostile text in samples of rejected lines shows
    as JSON escapes. Numbers that JSON doesn't know (NaN, infinity) become null.
    """
    document = {
        **products.manifest,
        "run_id": products.run_id,
        "window": {"start": plain(products.start), "end": plain(products.end)},
        "simulated": products.simulated,
    }
    return write_text(path, json.dumps(plain(document), indent=2, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """Only what JSON knows; times as ISO 8601 UTC to the second."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return None if pd.isna(value) else iso(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)
