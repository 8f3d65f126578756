"""The units of a table's columns whose names don't say them, by the numbers that they hold."""

from typing import Any, Final

from pipelines.ingest.samples import SHARE, Sample, numbers_of

# No ship that sends AIS makes more: what says so counts in a smaller unit.
_MAX_KN: Final = 70
# What those who count in knots write where there is no speed; 1023 is that of who counts in tenths.
_NO_SPEEDS: Final = frozenset({102, 103, 255, 511, 999})
# MarineTraffic calls columns so; its SPEED and DRAUGHT are in tenths.
_IN_TENTHS: Final = frozenset({"DSRC", "SHIP_ID"})
# AIS says no deeper draught; it counts in tenths of metres, up to 255.
_MAX_DRAUGHT_M: Final = 25.5
_MAX_DRAUGHT_FT: Final = 84


def set_units(columns: dict[str, Any], sample: Sample, decimal: str) -> list[str]:
    """Find the units that names don't say; returns what is assumed."""
    said = []
    if "sog_kn" in columns and not columns["sog_kn"]["unit"]:
        said.append(_unsaid_unit(sample, columns["sog_kn"], decimal))
    if "cog_deg" in columns and not columns["cog_deg"]["unit"]:
        said += _tenths(sample, columns["cog_deg"], decimal)
    if "draught_m" in columns and columns["draught_m"]["unit"] in ("", "m"):
        said += _draught_tenths(sample, columns, decimal)
    return said


def _unsaid_unit(sample: Sample, column: dict[str, str], decimal: str) -> str:
    """Say in which unit speeds are whose name doesn't tell; sets it."""
    numbers = numbers_of(sample.of(column["from"]), decimal)
    # AIS itself, and who hands its numbers on, counts tenths of knots, up to 1023 (not available).
    whole = all(number == int(number) for number in numbers)
    fast = sum(number > _MAX_KN and number not in _NO_SPEEDS for number in numbers)
    named = _is_marinetraffic(column["from"], "speed", sample)
    if whole and (named or fast > (1 - SHARE) * len(numbers)):
        column["unit"] = "kn/10"
        return "speeds are in tenths of knots"
    return "speeds are in knots"


def _is_marinetraffic(column: str, name: str, sample: Sample) -> bool:
    """Tell whether a column is MarineTraffic's of that name, in tenths; in capitals as a rule."""
    if column == name.upper():
        return "MMSI" in sample.header and not _IN_TENTHS.isdisjoint(sample.header)
    return column == name and "dsrc" in sample.header


def _tenths(sample: Sample, column: dict[str, str], decimal: str) -> list[str]:
    """Say it where courses are in tenths of degrees, as AIS itself has them; sets their unit."""
    numbers = numbers_of(sample.of(column["from"]), decimal)
    beyond = [number for number in numbers if 360 < number < 3600]
    whole = all(number == int(number) for number in numbers)
    # Some write 511 or 999 where there is no course.
    if not whole or len(set(beyond)) < 3 or len(beyond) <= (1 - SHARE) * len(numbers):
        return []
    column["unit"] = "deg/10"
    return ["courses are in tenths of degrees"]


def _draught_tenths(sample: Sample, columns: dict[str, Any], decimal: str) -> list[str]:
    """Say it where draughts are in tenths of metres, as AIS itself has them; sets their unit.

    They aren't read where they may as well be feet: where no name says metres, though no ship has
    as many.
    """
    column = columns["draught_m"]
    numbers = [number for number in numbers_of(sample.of(column["from"]), decimal) if number]
    beyond = [number for number in numbers if _MAX_DRAUGHT_M < number <= 10 * _MAX_DRAUGHT_M]
    whole = all(number == int(number) for number in numbers)
    if not whole or len(set(beyond)) < 2 or len(beyond) <= (1 - SHARE) * len(numbers):
        return []
    named = column["unit"] == "m" or _is_marinetraffic(column["from"], "draught", sample)
    if max(beyond) <= _MAX_DRAUGHT_FT and not named:
        del columns["draught_m"]
        return []
    column["unit"] = "m/10"
    return ["draughts are in tenths of metres"]
