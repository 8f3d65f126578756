"""IMO numbers: the check digit, against one digit at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.vessels.numbers import imo_is_valid, imo_kind


def by_hand(number: int) -> bool:
    text = str(number)
    if len(text) != 7:
        return False
    total = sum(int(digit) * (7 - place) for place, digit in enumerate(text[:6]))
    return total % 10 == int(text[6])


@given(st.lists(st.integers(0, 2**30 - 1) | st.integers(1_000_000, 9_999_999), max_size=50))
def test_agrees_with_one_digit_at_a_time(numbers: list[int]) -> None:
    assert imo_is_valid(numbers).tolist() == [by_hand(number) for number in numbers]


@pytest.mark.parametrize("number", [9074729, 9343340, 9417464, 9538440, 9664225, 9045807])
def test_numbers_of_real_ships(number: int) -> None:
    assert imo_is_valid(number)
    assert imo_kind(number) == "imo"


@given(st.integers(100_000, 999_999), st.integers(1, 9))
def test_a_wrong_check_digit_is_told(first_six: int, off: int) -> None:
    [check] = [last for last in range(10) if by_hand(10 * first_six + last)]
    wrong = 10 * first_six + (check + off) % 10
    assert not imo_is_valid(wrong)
    assert imo_kind(wrong) == "invalid"


def test_kinds() -> None:
    kinds = imo_kind([0, 9074729, 9074728, 999_999, 10_000_000, 1_073_741_823, -1])
    assert kinds.tolist() == ["", "imo", "invalid", "invalid", "official", "official", "invalid"]
    assert imo_kind(np.array([], "int64")).tolist() == []
