"""Invented ships: identities that are plausible and belong to nobody.

MMSIs have real country digits followed by a 9, a block that administrations rarely assign; IMO
numbers have right check digits but begin with 3, a series never given to a ship. A name may
still happen to exist: every tag block of the feed says that the ship is simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np

from pipelines.base.yaml_files import read_yaml

T = TypeVar("T", int, str)

_CALLSIGNS: Final = {
    533: "9M",
    525: "YB",
    563: "9V",
    564: "9V",
    566: "9V",
    538: "V7",
    636: "A8",
    352: "3E",
    353: "3F",
    354: "H3",
    355: "HO",
    356: "HP",
    357: "H9",
    477: "VR",
    412: "BP",
    574: "XV",
    567: "HS",
}
"""Maritime identification digits in use here, with the call-sign prefix of their state
(ITU Radio Regulations, appendix 42)."""
_OCEAN: Final = (538, 636, 352, 353, 354, 355, 356, 357, 477, 412, 563, 564, 566, 574, 533, 525)
_LOCAL: Final = (533, 525, 563, 564, 566)
_FISHERMEN: Final = (525, 525, 533, 533, 567)

_NAMES: Final = read_yaml(Path(__file__).with_name("names.yaml"))
_FIRST, _SECOND, _PORTS = (tuple(_NAMES[name]) for name in ("first", "second", "ports"))


class Model(NamedTuple):
    """What ships of one kind look like."""

    prefix: str
    ship_types: tuple[int, ...]
    length_m: tuple[float, float]
    length_to_beam: float
    speed_kn: tuple[float, float]
    mids: tuple[int, ...]
    ais_class: str = "A"
    has_imo: bool = True


MODELS: Final = {
    "cargo": Model("MV", (70, 70, 70, 71, 72, 79), (110, 230), 6.4, (10.5, 14.5), _OCEAN),
    "container": Model("", (70, 71, 79), (170, 366), 7.0, (14.5, 19.5), _OCEAN),
    "tanker": Model("MT", (80, 80, 81, 82, 83, 89), (120, 333), 6.0, (10.5, 14.0), _OCEAN),
    "gas": Model("", (84,), (220, 295), 6.2, (14.5, 17.5), _OCEAN),
    "bunker tanker": Model("MT", (80, 89), (55, 95), 5.6, (7.0, 9.0), _LOCAL),
    "ferry": Model("MV", (60, 60, 40), (28, 45), 5.0, (20.0, 27.0), _LOCAL),
    "tug": Model("TB", (52, 31), (22, 32), 3.1, (7.0, 10.0), _LOCAL),
    "barge": Model("BG", (70, 79), (70, 100), 3.8, (4.0, 6.0), _LOCAL, "A", False),
    "pilot": Model("PILOT", (50,), (14, 20), 3.4, (15.0, 19.0), _LOCAL, "A", False),
    "fishing": Model("KM", (30,), (14, 28), 3.8, (6.0, 8.5), _FISHERMEN, "B", False),
    "trawler": Model("KM", (30,), (24, 38), 3.8, (7.5, 10.0), _FISHERMEN, "A", False),
    "small craft": Model("", (37, 37, 36, 0, 99), (7, 16), 3.4, (10.0, 18.0), _LOCAL, "B", False),
    "pom-pom": Model(
        "", (30, 79, 37, 0, 99), (10, 18), 3.6, (6.0, 8.0), (525, 525, 533), "B", False
    ),
    "fibreglass": Model("", (37, 0, 40, 99), (7, 10), 3.2, (16.0, 26.0), _LOCAL, "B", False),
    "four-engined": Model("", (37, 40, 0), (9, 13), 3.4, (30.0, 42.0), (525, 533), "B", False),
    "trader": Model("KLM", (70, 79, 0), (20, 34), 3.6, (7.0, 9.0), (525,), "B", False),
    "net buoy": Model("NET", (30, 0, 99), (1, 1), 1.0, (0.0, 0.1), _FISHERMEN, "B", False),
    "fish carrier": Model("MV", (70, 79), (60, 110), 6.2, (9.0, 12.0), _OCEAN),
    "crew boat": Model("SRV", (50, 90, 99), (14, 26), 3.6, (12.0, 20.0), _LOCAL, "B", False),
    "patrol": Model("KD", (55, 55, 35), (18, 44), 5.0, (14.0, 22.0), _LOCAL, "A", False),
    "rescue": Model("RESCUE", (51,), (18, 42), 4.6, (16.0, 24.0), _LOCAL, "A", False),
    "survey": Model("RV", (33, 33, 90), (48, 90), 4.6, (9.0, 12.0), _LOCAL),
    "cable layer": Model("CS", (90, 33), (90, 145), 5.4, (10.0, 13.0), _LOCAL),
    "supply": Model("SV", (90, 99), (45, 80), 4.4, (9.0, 12.0), _LOCAL),
}
_BRIDGE_FORWARD: Final = (
    "tug",
    "pilot",
    "fishing",
    "ferry",
    "trawler",
    "small craft",
    "crew boat",
    "patrol",
    "rescue",
    "survey",
    "supply",
)
_COASTAL: Final = ("tug", "barge", "pilot", "ferry", "trawler", "patrol", "rescue")


@dataclass(frozen=True)
class Identity:
    """What a ship says of itself, in the units of `frames.STATICS`."""

    model: str
    mmsi: int
    imo: int
    name: str
    callsign: str
    ship_type: int
    bow_m: int
    stern_m: int
    port_m: int
    starboard_m: int
    draught_m: float
    destination: str
    ais_class: str
    speed_kn: float
    """The speed it sails at; no report says so."""


def imo_number(serial: int) -> int:
    """IMO number of a six-digit serial: its digits weighted 7 to 2, summed, give the check digit
    (IMO Resolution A.1117(30)).

    >>> imo_number(907472)
    9074729
    """
    digits = [int(digit) for digit in f"{serial:06d}"]
    check = sum(weight * digit for weight, digit in zip(range(7, 1, -1), digits, strict=True)) % 10
    return serial * 10 + check


class Fleet:
    """Makes ships, no two with the same MMSI, IMO number or name."""

    def __init__(self, rng: np.random.Generator, *, odd_numbers: float = 0.0) -> None:
        """Make ships; that share of those with class B has a number that no state gave it."""
        self._rng = rng
        self._odd_numbers = odd_numbers
        self._mmsis: set[int] = set()
        self._imos: set[int] = set()
        self._names: set[str] = set()

    def new(self, model_name: str) -> Identity:
        """Return a new ship of one of the `MODELS`."""
        rng, model = self._rng, MODELS[model_name]
        mid = int(rng.choice(model.mids))
        mmsi = _unused(self._mmsis, lambda: mid * 1_000_000 + 900_000 + int(rng.integers(10**5)))
        if model.ais_class == "B" and self._odd_numbers and rng.random() < self._odd_numbers:
            mmsi = _unused(self._mmsis, lambda: odd_number(mid, rng))
        imo = 0
        if model.has_imo:
            imo = _unused(self._imos, lambda: imo_number(300_000 + int(rng.integers(100_000))))
        length = round(rng.uniform(*model.length_m))
        beam = max(round(length / model.length_to_beam * rng.uniform(0.93, 1.07)), 4)
        bow_share = 0.25 if model_name in _BRIDGE_FORWARD else 0.82
        bow, port = round(length * bow_share), beam // 2
        sea_going = model.ais_class == "A" and model_name not in _COASTAL
        return Identity(
            model=model_name,
            mmsi=mmsi,
            imo=imo,
            name=self._name(model.prefix, numbered=not sea_going),
            callsign=f"{_CALLSIGNS[mid]}{_letters(rng, 2)}{int(rng.integers(2, 10))}",
            ship_type=int(rng.choice(model.ship_types)),
            bow_m=bow,
            stern_m=length - bow,
            port_m=port,
            starboard_m=beam - port,
            draught_m=round(float(np.clip(length / 20 * rng.uniform(0.7, 1.1), 1.2, 22.0)), 1),
            destination=str(rng.choice(_PORTS)) if sea_going else "",
            ais_class=model.ais_class,
            speed_kn=float(rng.uniform(*model.speed_kn)),
        )

    def _name(self, prefix: str, *, numbered: bool) -> str:
        def draw() -> str:
            words = [prefix, str(self._rng.choice(_FIRST)), str(self._rng.choice(_SECOND))]
            if numbered:
                words[2] = str(self._rng.integers(2, 1000))
            elif len(self._names) > 400:
                words[0] = str(self._rng.choice(_SECOND))
            return " ".join(word for word in words if word)[:20].strip()

        return _unused(self._names, draw)


def odd_number(mid: int, rng: np.random.Generator) -> int:
    """Draw a number as installers leave it in sets of class B, or type it in wrong.

    Most send 009 and six digits, a default; some a handheld's 8 and MID, a tender's 98 and MID
    (ITU-R M.585), or a number with a digit missing.
    """
    sort = float(rng.random())
    if sort < 0.75:
        return 9_000_000 + int(rng.integers(10**6))
    if sort < 0.85:
        return (8_000 + mid) * 10**5 + int(rng.integers(10**5))
    if sort < 0.93:
        return (98_000 + mid) * 10**4 + int(rng.integers(10**4))
    return mid * 100_000 + int(rng.integers(10**5))


def careless(ship: Identity, rng: np.random.Generator) -> Identity:
    """Return the ship as a crew might have entered it: something missing or wrong.

    Its MMSI and class stay. An IMO number is only ever left out: a mistyped one is a finding.
    """
    flaw = int(rng.integers(5))
    if flaw == 0:
        return replace(ship, ship_type=int(rng.choice((0, 0, 90, 99))))
    if flaw == 1:
        return replace(ship, bow_m=0, stern_m=0, port_m=0, starboard_m=0)
    if flaw == 2:
        return replace(ship, imo=0, callsign="")
    if flaw == 3:
        return replace(ship, name="", callsign="", draught_m=0.0)
    return replace(ship, destination="@@@@", draught_m=0.0, ship_type=0)


def _unused(taken: set[T], draw: Callable[[], T]) -> T:
    value = draw()
    while value in taken:
        value = draw()
    taken.add(value)
    return value


def _letters(rng: np.random.Generator, n: int) -> str:
    return "".join(chr(65 + int(k)) for k in rng.integers(26, size=n))
