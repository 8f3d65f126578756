"""Evidence as stores up to schema version 7 kept it, brought to `detectors.core.evidence.Evidence`.

It was one flat mapping: what was measured, parameters of the detector and margins side by side,
and what the innocent reasons did under five names of their own. Which number a limit bounds is
read off the names here (``max_speed_kn``, ``speed_margin_kn`` and ``median_speed_kn`` are one
check). Frozen, as the stores on people's disks are.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from detectors.core.evidence import Check, Evidence, Explained, Sense, plain, unit_of

_MEASURED_AS: Final = ("", "median_", "mean_", "longest_", "n_")
_EXPLAINED: Final = (
    "base_score",
    "explanation_weight",
    "explanation_overturned_by",
    "untested_explanations",
    "explained_by",
    "simulated",
    "redacted",
)
_SETTINGS: Final = frozenset(
    {
        *("alive_s", "approach_s", "assessed_s", "company_m", "company_s", "habit_s", "history_s"),
        *("leg_s", "memory_s", "near_m", "near_land_m", "neighbour_m", "reach_share", "recent_s"),
        *("same_end_m", "settle_s", "step_s", "tight_area_km2", "voluntary_length_m"),
    }
)
"""Parameters named otherwise than after a limit that evidence held."""
_LIMIT: Final = re.compile(r"^(?:min|max)_|_(?:wanted|required)$")
_MEASURED: Final = frozenset({"min_distance_m"})
"""Names that look like a limit and were measured, unless the value has a margin."""


def converted(text: str, explanation: str) -> str:
    """Return the JSON of `Evidence` from that of a flat mapping and the event's explanation.

    What is no such mapping is given back as it is, and evidence of the new form too.
    """
    try:
        flat = json.loads(text)
    except ValueError:
        return text
    if not isinstance(flat, dict) or isinstance(flat.get("checks"), list):
        return text
    return of_flat(flat, explanation).json()


def of_flat(flat: Mapping[str, Any], explanation: str = "") -> Evidence:
    """Return evidence from a flat mapping."""
    checks, told = _checks(flat)
    rest = {n: plain(v) for n, v in sorted(flat.items()) if n not in told and n not in _EXPLAINED}
    settings = {
        n: v for n, v in rest.items() if n in _SETTINGS or (_LIMIT.search(n) and n not in _MEASURED)
    }
    return Evidence(
        tuple(checks),
        {name: value for name, value in rest.items() if name not in settings},
        settings,
        _explained(flat, explanation),
        tuple(str(name) for name in flat.get("redacted", ())),
        flat.get("simulated") is True,
    )


def _checks(flat: Mapping[str, Any]) -> tuple[list[Check], set[str]]:
    """Return the checks, and the names that they take up."""
    found: dict[str, Check] = {}
    taken = set[str]()
    for name in flat:
        if _number(flat[name]) is None or not _LIMIT.search(name):
            continue
        check, margin = _check(name, flat)
        if check is None or check.name in found:
            continue
        found[check.name] = check
        taken |= {check.parameter, check.name, *margin}
    return list(found.values()), taken


def _check(name: str, flat: Mapping[str, Any]) -> tuple[Check | None, tuple[str, ...]]:
    """Return what was held against a limit, None where nothing was, and its margin's name."""
    limit, stem = flat[name], _LIMIT.sub("", name)
    sense: Sense = "at_most" if name.startswith("max_") else "at_least"
    sign = -1.0 if sense == "at_most" else 1.0
    keys = [key for key in _measured_as(stem, flat) if key != name]
    margin_name = _margin(stem, flat)
    margin = _number(flat.get(margin_name))
    if margin is None:  # on the wrong side of the limit it isn't what the limit is about
        right = [] if name in _MEASURED else [k for k in keys if sign * (flat[k] - limit) >= 0]
        held = [Check(k, flat[k], limit, sense, unit_of(k), name) for k in right[:1]]
        return held[0] if held else None, ()
    measured = limit + sign * margin
    alike = [key for key in (*keys, *flat) if _same(flat[key], measured)]
    alike = [key for key in alike if key not in {name, margin_name}]
    if keys and keys[0] not in alike:  # it was held against another limit, which isn't there
        alike, limit, name = keys, plain(flat[keys[0]] - sign * margin), ""
    key = alike[0] if alike else stem
    value = flat[key] if alike else plain(measured)
    return Check(key, value, limit, sense, unit_of(key), name), (margin_name,)


def _measured_as(stem: str, flat: Mapping[str, Any]) -> list[str]:
    keys = (prefix + stem for prefix in _MEASURED_AS)
    return [key for key in keys if _number(flat.get(key)) is not None]


def _explained(flat: Mapping[str, Any], explanation: str) -> Explained | None:
    if "base_score" not in flat:
        return None
    by_detector = flat.get("explained_by") == "detector"
    name, _, says = explanation.partition(": ")
    if by_detector or not says:
        name, says = "", ""
    untested = str(flat.get("untested_explanations", "") or "")
    return Explained(
        float(flat["base_score"] or 0.0),
        float(flat.get("explanation_weight") or 0.0),
        name,
        says.replace("{", "{{").replace("}", "}}"),
        {},
        str(flat.get("explanation_overturned_by") or ""),
        tuple(untested.split("; ")) if untested else (),
        by_detector,
    )


def _margin(stem: str, flat: Mapping[str, Any]) -> str:
    base, _, unit = stem.rpartition("_")
    keys = (f"{base}_margin_{unit}", f"{stem}_margin")
    return next((key for key in keys if key in flat), "")


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(value: Any, other: float) -> bool:
    number = _number(value)
    return number is not None and abs(number - other) <= 1e-5 * max(1.0, abs(other))
