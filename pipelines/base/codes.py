"""Words that CSV feeds use instead of AIS codes.

Navigation status: ITU-R M.1371-5, table 45. Ship types: ITU-R M.1371-5, table 53, in the words of
the Danish Maritime Authority's and MarineCadastre's files; a group's first code where only the
group is named.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NAV_STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "under way using engine": 0,
        "underway using engine": 0,
        "under way using engines": 0,
        "underway using engines": 0,
        "under way": 0,
        "underway": 0,
        "at anchor": 1,
        "anchored": 1,
        "not under command": 2,
        "restricted manoeuvrability": 3,
        "restricted maneuverability": 3,
        "restricted manoeuverability": 3,
        "constrained by her draught": 4,
        "constrained by her draft": 4,
        "moored": 5,
        "aground": 6,
        "engaged in fishing": 7,
        "under way sailing": 8,
        "underway sailing": 8,
        "reserved for future amendment [hsc]": 9,
        "reserved for future amendment [wig]": 10,
        "power-driven vessel towing astern": 11,
        "power-driven vessel pushing ahead or towing alongside": 12,
        "ais-sart": 14,
        "ais-sart (active)": 14,
        "ais-sart is active": 14,
        "undefined": 15,
        "not defined": 15,
        "unknown value": 15,
        "default": 15,
        "unknown": 15,
    }
)

SHIP_TYPE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "wig": 20,
        "wing in ground": 20,
        "fishing": 30,
        "towing": 31,
        "towing long/wide": 32,
        "dredging": 33,
        "diving": 34,
        "military": 35,
        "sailing": 36,
        "pleasure": 37,
        "pleasure craft": 37,
        "hsc": 40,
        "high speed craft": 40,
        "pilot": 50,
        "pilot vessel": 50,
        "sar": 51,
        "search and rescue": 51,
        "tug": 52,
        "port tender": 53,
        "anti-pollution": 54,
        "anti pollution": 54,
        "law enforcement": 55,
        "spare 1": 56,
        "spare 2": 57,
        "medical": 58,
        "medical transport": 58,
        "not party to conflict": 59,
        "ships according to rr": 59,
        "passenger": 60,
        "passenger ship": 60,
        "cargo": 70,
        "cargo ship": 70,
        "tanker": 80,
        "other": 90,
    }
)

AIS_CLASS: Final[Mapping[str, str]] = MappingProxyType(
    {"a": "A", "class a": "A", "b": "B", "class b": "B"}
)
