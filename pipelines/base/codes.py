"""Words that feeds use instead of AIS codes.

Navigation status: ITU-R M.1371-5, table 45. Ship types: ITU-R M.1371-5, table 53, in the words of
the Danish Maritime Authority's and MarineCadastre's files; a group's first code where only the
group is named.
"""

import re
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
        "constrained by draught": 4,
        "constrained by draft": 4,
        "moored": 5,
        "aground": 6,
        "engaged in fishing": 7,
        "under way sailing": 8,
        "underway sailing": 8,
        "under way by sail": 8,
        "underway by sail": 8,
        "reserved for future amendment [hsc]": 9,
        "reserved for future amendment [wig]": 10,
        "power-driven vessel towing astern": 11,
        "power-driven vessel pushing ahead or towing alongside": 12,
        "towing astern": 11,
        "power-driven vessel pushing ahead": 12,
        "pushing ahead or towing alongside": 12,
        "pushing ahead/towing alongside": 12,
        "pushing ahead": 12,
        "ais-sart": 14,
        "ais-sart (active)": 14,
        "ais-sart is active": 14,
        "active (ais-sart)": 14,
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

_KEYWORDS: Final = (
    (20, r"wing.in.gr|ekranoplan|wig\b"),
    (
        55,
        r"law enforce|police|customs|coast ?guard|fishery (patrol|protection)|patrol"
        r"|polis\b|peronda|penguat ?kuasa",
    ),
    (51, r"search and rescue|search & rescue|sar\b|rescue|lifeboat|penyelamat"),
    (58, r"medical|hospital|ambulance"),
    (50, r"pilot|pandu\b"),
    (54, r"anti.?pollution|pollution"),
    (33, r"dredg|hopper"),
    (34, r"div(ing|e|er)\b"),
    (35, r"military|naval|navy|warship|frigate|corvette|destroyer|submarine"),
    (70, r"fish carrier"),
    (
        30,
        r"fish|trawl|(purse )?seine|long.?line|gill.?net|set.?net|crabber|whaler|squid"
        r"|pole.and.line|troll(er|ing)|ikan\b|nelayan|pukat|fisk|fisch|pesc|p[êe]che",
    ),
    (80, r"tanker|lng\b|lpg\b|bunker|tangki|tankskip|tankschiff"),
    (31, r"tow(ing)?\b"),
    (52, r"tug|push(er|ing)|tunda\b|slep|schlepp|remolc|remorq"),
    (53, r"port tender|tender"),
    (36, r"sail|layar|seil|segel|velero|voilier"),
    (37, r"pleasure|yacht|recreation|leisure|motor ?boat"),
    (40, r"high.?speed|hsc\b|hydrofoil|hovercraft"),
    (60, r"passenger|ferry|cruise|ro.?pax|penumpang|feri\b|passasjer|passagier|pasaj|passager"),
    (
        70,
        r"cargo|container|bulk|freight|carrier|reefer|ro.?ro|coaster|kargo|barang\b|kontena"
        r"|fracht|carga",
    ),
    (
        90,
        r"offshore|supply|supplier|crew ?boat|research|survey|cable|pipe.?lay|buoy|drill|barge"
        r"|anchor handling|crane|ice.?breaker|work.?boat|landing craft|floating|fp?so\b|tongkang"
        r"|other",
    ),
)
"""What is looked for at the beginning of a word, the first that fits: the groups of ITU-R M.1371-5,
table 53. What is more particular stands first ("chemical tanker", "fishing patrol vessel")."""

_KEYWORD: Final = tuple((code, re.compile(rf"\b(?:{words})")) for code, words in _KEYWORDS)
_NOTHING: Final = re.compile(
    r"\b(no(?! additional)|not|non|n/?a"
    r"|un(known|defined|specified|classified|available|identified|assigned))\b"
)
_SAYS_NOTHING: Final = re.compile(
    r"(un(known|defined|specified|classified|available|identified|assigned)|none|n/?a"
    r"|no (type|data)|not (available|defined|specified|known|set|applicable)).{0,20}"
)
_HAZARD: Final = re.compile(
    r"\b(?:hazard|hazardous category|category|dg,hs,mp)[ (]*([a-d]|x|y|z|os)\b"
)
_HAZARDS: Final = {"a": 1, "x": 1, "b": 2, "y": 2, "c": 3, "z": 3, "d": 4, "os": 4}


def plain(word: str) -> str:
    """Return a word as glossaries have it: small letters, single blanks."""
    return " ".join(word.replace("_", " ").split()).casefold()


def says_nothing(word: str) -> bool:
    """Return whether a word for a code means that there is none, as "Undefined" does."""
    return _SAYS_NOTHING.fullmatch(plain(word)) is not None


def ship_type(word: str) -> int | None:
    """Return the AIS ship type of a word, None where it isn't understood.

    The words of `SHIP_TYPE` as they are, others by what they contain; a hazard category A to D adds
    one to four to a group that has them. What is denied ("non-passenger") isn't understood; what a
    group's last code says ("no additional information") denies nothing.

    >>> ship_type("Chemical Tanker"), ship_type("Law Enforce"), ship_type("Cargo - Hazard B")
    (80, 55, 72)
    """
    text = plain(word)
    if text in SHIP_TYPE:
        return SHIP_TYPE[text]
    if _NOTHING.search(text):
        return None
    for code, words in _KEYWORD:
        if words.search(text):
            hazard = _HAZARD.search(text)
            grouped = code in (20, 40, 60, 70, 80, 90)
            return code + (_HAZARDS[hazard[1]] if hazard and grouped else 0)
    return None
