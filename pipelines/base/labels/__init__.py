"""The words of the products, one YAML file a language; what vessels say is never translated."""

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from detectors.core.evidence import Explained
from detectors.core.sentences import numbers, places_in
from pipelines.base.labels.distances import as_distances, with_units
from pipelines.base.text import MONTHS
from pipelines.base.yaml_files import read_value

LANGUAGES: Final = ("en", "ms")

_PLACE: Final = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_LONGEST_VALUE: Final = 100
_LONGEST_SENTENCE: Final = 600
"""Characters. A text made to fit one of our sentences in many ways, and in none, took seconds."""
_DATES: Final = re.compile(rf"\b(\d\d) ({'|'.join(MONTHS)})(?= (?:\d{{4}} )?\d\d:\d\d)")

_COUNTED: Final = re.compile(
    r"\{(\w+)\} ((?:more |earlier |that can be no )?)"
    r"(cell|conclusion|day|event|incident|other|part|place|vessel|visit)s\b(?!-)"
)
"""What the desk counts, in English: Malay says one and many alike."""


class PlanLabels(BaseModel):
    """Every label of a patrol plan, by its name in `en.yaml`."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, str]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> str: ...


class Labels(PlanLabels):
    """Every label of every product, by its name in `en.yaml`; a language that lacks one can't be
    loaded.

    ``{…}`` is filled in by whoever shows the label. `kinds` names what happened, by kind or by
    kind and subkind, `facts` what is measured, by its name in the evidence, and
    `measures` what reasons ask besides. Four lists hold
    what the program says in English, and what that is in the language: `sayings`, sentences and
    their parts in which events are told (`detectors.core.telling.Words.say`); `hypotheses`, the
    names of innocent explanations, and `sentences`, what they say
    (`detectors.core.hypothesis.Case.says`); `ship_types`. What a list lacks, such as the texts
    of a local detector, is given in English, marked as `english` says. `layers` and `zones` are
    what zones of ours are called, by the beginning of a name and whole, and sentences of their
    notes; proper names, and what users call theirs, stand as they are. `desk` is what the pages
    of `pipelines.web` say; `spoken` and `spoken_parts` what the program says of its own state, and
    of what was typed: whole, and between commas and semicolons.
    """

    plan: PlanLabels
    facts: dict[str, str]
    measures: dict[str, str]
    kinds: dict[str, str]
    sayings: dict[str, str]
    hypotheses: dict[str, str]
    sentences: dict[str, str]
    ship_types: dict[str, str]
    layers: dict[str, str]
    zones: dict[str, str]
    spoken: dict[str, str]
    spoken_parts: dict[str, str]
    desk: dict[str, str]

    def status_of(self, status: str) -> str:
        """Put a status into words; as it is where it isn't known."""
        return str(getattr(self, f"status_{status}", status))

    def kind_of(self, kind: str, subkind: str) -> str:
        """Return what happened in a word or two."""
        both = f"{kind} {subkind}".strip()
        found = self.kinds.get(both) or self.kinds.get(kind)
        return found or self._in_english(both.replace("_", " "))

    def _happened(self, english: str) -> str:
        """Return what happened in a word or two, from its kind and subkind in English words."""
        known = {one.replace("_", " "): told for one, told in self.kinds.items()}
        fits = [one for one in known if f"{english} ".startswith(f"{one} ")]
        return known[max(fits, key=len)] if fits else self._in_english(english)

    def fact_of(self, name: str, english: str) -> str:
        """Return what a name of the evidence is called; in English, marked so, where none says."""
        return self.facts.get(name) or self._in_english(english)

    def say(self, text: str, **values: Any) -> str:
        """See `telling.Words`; English, marked so, where the catalogue lacks a text."""
        if text in self.sayings:
            if "zone" in values:
                values["zone"] = self.zone(str(values["zone"]))
            if "happened" in values:
                values["happened"] = self._happened(str(values["happened"]))
            return self.sayings[text].format(**values)
        return self._in_english(text.format(**values))

    def dates(self, text: str) -> str:
        """Return what the program said in English with the months of its dates in the language."""
        return _DATES.sub(lambda date: f"{date[1]} {self.say(date[2])}", text)

    def zone(self, name: str) -> str:
        """Return the name of a zone, as on a chart; of one of ours, in the language."""
        if name in self.zones:
            return self.zones[name]
        what = next((one for one in self.layers if name.startswith(f"{one} ")), "")
        if not what:
            return name
        states = name[len(what) + 1 :].split("-")
        return f"{self.layers[what]} {'-'.join(self.sayings.get(one, one) for one in states)}"

    def note(self, text: str) -> str:
        """Return what is noted of a zone, the sentences that are ours in the language."""
        return " ".join(self.zones.get(one, one) for one in re.split(r"(?<=\.) ", text))

    def cited(self, text: str) -> str:
        """Return who says what zones of ours ask, and since when (`Rule.cited`)."""
        for source in (one for one in self.zones if one in text):
            text = text.replace(source, self.zones[source])
        words = {"from": self.rule_from, "until": self.rule_until}
        return re.sub(r"\b(from|until)(?= \d{4}-\d\d-\d\d\b)", lambda m: words[m[1]], text)

    def sea(self, state: str) -> str:
        """Say in whose territorial sea a place lies; nothing where that isn't known."""
        return self.in_sea.format(state=self.sayings.get(state, state)) if state else ""

    def at_desk(self, text: str, **values: Any) -> str:
        """Return a text of the desk's pages; English, marked so, where the catalogue lacks it."""
        if text in self.desk:
            return self.desk[text].format(**values)

        def counted(found: re.Match[str]) -> str:
            one = str(values.get(found[1])) == "1"
            return f"{{{found[1]}}} {found[2]}{found[3]}" if one else found[0]

        return self._in_english(_COUNTED.sub(counted, text).format(**values))

    def field(self, name: str) -> str:
        """Return what a field of a vessel's own statement is called."""
        plain = "call sign" if name == "callsign" else name.removesuffix("_m")
        return self.at_desk(plain.replace("_", " "))

    def explanation(self, text: str) -> str:
        """Put an event's explanation ("name: sentence") into words of the language, as far as the
        catalogue has them.
        """
        name, colon, sentence = text.partition(": ")
        again = self._again(sentence) if name in self.hypotheses else ""
        told = self.hypotheses.get(sentence) or again or sentence
        return self.hypotheses.get(name, name) + colon + told

    def _again(self, english: str) -> str:
        """Return a sentence of an innocent reason, with its values in it, in the language; empty
        where none fits.
        """
        if len(english) > _LONGEST_SENTENCE:
            return ""
        fits = ((_pattern(text).fullmatch(english), told) for text, told in self.sentences.items())
        found, told = next(((one, told) for one, told in fits if one), (None, ""))
        said = found.groupdict() if found else {}
        return _PLACE.sub(lambda place: str(said[place[1]]), with_units(told))

    def explained(self, text: str, told: Explained | None) -> str:
        """Return an event's explanation with its sentence in the language too.

        English, marked so, where the catalogue lacks the sentence; as it was stored where the event
        is one of an older version.
        """
        if told is None or not told.name or not told.values.keys() >= set(places_in(told.says)):
            return self.explanation(text)
        name = self.hypotheses.get(told.name) or self._in_english(told.name)
        if not told.says:
            return name
        return f"{name}: {self.told(told.says, **numbers(told.values))}"

    def told(self, text: str, **values: Any) -> str:
        """Return what an innocent reason says; English, marked so, where the catalogue lacks it."""
        found = self.sentences.get(text)
        # A reason may quote another one, that of the silence which it is about.
        said = {k: self.explanation(v) if isinstance(v, str) else v for k, v in values.items()}
        told = as_distances(found or text, values).format(**said)
        return told if found else self._in_english(told)

    def _in_english(self, text: str) -> str:
        return self.english.format(text=text)

    def ship_type(self, words: str) -> str:
        """Return a ship's type, and what follows a comma, such as a hazard category."""
        return ", ".join(self.ship_types.get(one, one) for one in words.split(", "))

    def tlp(self, label: str) -> str:
        """Return what a TLP label allows (FIRST, TLP 2.0)."""
        return str(getattr(self, "tlp_" + label.lower().replace("+", "_")))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Return what a sentence with values in it looks like; a value may stand in it twice."""
    parts, seen = _PLACE.split(with_units(text)), set[str]()
    made = ""
    for k, one in enumerate(parts):
        if k % 2 == 0:
            made += re.escape(one)
        else:
            made += f"(?P={one})" if one in seen else f"(?P<{one}>.{{1,{_LONGEST_VALUE}}}?)"
            seen.add(one)
    return re.compile(made)


@cache
def labels(language: str) -> Labels:
    """Return the labels of a language of `LANGUAGES`.

    Raises ValueError if its file hasn't the names that the English one has.
    """
    text = resources.files(__package__).joinpath(f"{language}.yaml").read_text("utf-8")
    found = Labels.model_validate(read_value(text))
    if language != LANGUAGES[0] and (other := _names(found) ^ _names(labels(LANGUAGES[0]))):
        raise ValueError(f"{language}.yaml and {LANGUAGES[0]}.yaml differ in {sorted(other)}")
    return found


def _names(known: Labels) -> set[str]:
    return {*known.model_dump(), *(f"plan.{name}" for name in known.plan.model_dump())}
