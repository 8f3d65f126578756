"""Fixtures that every test may use."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real feeds and reference layers beside the checkout; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real feeds on this machine")
    return SHARED
