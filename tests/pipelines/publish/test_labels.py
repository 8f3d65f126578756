"""Labels and catalogues: whole in each language, with the same values in the same format."""

import ast
import re
import string
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, get_args

import pandas as pd
import pytest

import detectors
from detectors.core import explain
from detectors.core.evidence import Evidence, Explained
from detectors.core.sentences import numbers, places_in
from detectors.core.telling import Told
from detectors.spoofing.belief import BELIEFS
from detectors.surroundings.landmarks import COMPASS_POINTS, Gazetteer
from detectors.surroundings.nearby import NOT_ASSESSED
from detectors.surroundings.rules import Rule
from pipelines.assess.feed_faults import FAULTS, FeedFault
from pipelines.assess.guard import HeldBack
from pipelines.assess.incidents import beside, steps, wording
from pipelines.assess.incidents.first import CERTAINTIES
from pipelines.assess.reasons import Teller
from pipelines.assess.scoring import ORDINALS
from pipelines.base import labels as catalogues
from pipelines.base.labels import LANGUAGES, labels
from pipelines.base.schemas import CONCLUSIONS
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.base.spoken import spoken
from pipelines.base.text import MONTHS, moment
from pipelines.publish.brief import _flat
from pipelines.publish.briefing import span, without_time
from pipelines.publish.checks import WORDED, shown
from pipelines.publish.packs.recipients import Language
from pipelines.reference.codes import ship_type_words
from pipelines.reference.layers import boundaries, zones

TRANSLATED = [name for name in detectors.names() if not detectors.find(name).local]
LOCAL = {*detectors.names()} - {*TRANSLATED}
OTHERS = [language for language in LANGUAGES if language != "en"]


@cache
def said() -> dict[str, str]:
    """Every text in which an event is told, and where: what `say` is called with in the source."""
    found = {}
    checks = PROJECT / "pipelines" / "publish" / "checks.py"
    for folder in (PROJECT / "detectors", PROJECT / "pipelines" / "assess", checks):
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            if path.relative_to(PROJECT).parts[1].removesuffix(".py") in LOCAL:
                continue
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)) if "say(" in text else ():
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called == "say" and isinstance(node.args[0], ast.Constant):
                    found[str(node.args[0].value)] = f"{path.name}:{node.lineno}"
    return found


def lists() -> dict[str, set[str]]:
    """What is said without standing in such a call: closed lists."""
    hypotheses = {h.name for name in TRANSLATED for h in detectors.find(name).hypotheses}
    kinds = {name.replace("_", " ") for name in TRANSLATED}
    of_incidents = {role for pair in wording.ROLES.values() for role in pair} | {
        *steps.NEXT_STEPS.values(),
        *beside.PARTS.values(),
        *(word for _, word in CERTAINTIES),
    }
    values = {word for words in WORDED.values() for word in words}
    types = {one for words in ship_type_words(range(256)) for one in str(words).split(", ")}
    return {
        "sayings": {*said(), *COMPASS_POINTS, *ORDINALS, *kinds, *of_incidents, *values, *MONTHS}
        - {""},
        "sentences": {
            text
            for name in TRANSLATED
            for one in detectors.find(name).hypotheses
            for text in (*(case.says for case in one.cases), one.looks_for, one.overturned_by)
        }
        - {""},
        "hypotheses": {*hypotheses, NOT_ASSESSED.split(": ")[1]},
        "ship_types": types - {""},
        "layers": {*boundaries.BOUNDARY_NAMES.values(), zones.SEA_OF},
    }


def values_in(text: str) -> set[tuple[str, str, str]]:
    """What is put into a text, and how it is written."""
    parts = string.Formatter().parse(text)
    return {(name, spec or "", how or "") for _, name, spec, how in parts if name is not None}


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHERS)
def test_all_that_is_said_of_events_is_in_the_catalogue(language: str) -> None:
    known, where = labels(language), said()
    assert len(where) > 60
    for name, wanted in lists().items():
        there = getattr(known, name).keys()
        missing = {text: where.get(text, "") for text in wanted - there}
        assert not missing, (
            f"translate them in pipelines/base/labels/{language}.yaml, {name}, or say that the "
            "detector is one of this installation alone: `local: ClassVar[bool] = True`"
        )
        if name == "sayings":  # of explanations a store keeps those that nobody gives any more
            assert not there - wanted, "nobody says this any more"


@pytest.mark.parametrize("language", OTHERS)
def test_values_are_written_alike_in_every_language(language: str) -> None:
    english, other = labels("en"), labels(language)
    for text, told in (
        *other.sayings.items(),
        *other.sentences.items(),
        *other.spoken.items(),
        *other.spoken_parts.items(),
    ):
        assert values_in(text) == values_in(told), text
    for name, text in flat(english.model_dump()):
        told = dict(flat(other.model_dump()))[name]
        assert told.strip(), name
        assert values_in(text) == values_in(told), name


def test_a_mile_is_written_alike_on_every_page_in_malay() -> None:
    told = [text for _, text in flat(labels("ms").model_dump())]
    assert not [text for text in told if re.search(r"\bbn\b", text)], "nm, as beside it"


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_measured_is_called_something_in_every_language(language: str) -> None:
    english, other = labels("en").facts, labels(language).facts
    assert english.keys() == other.keys()
    assert labels("en").measures.keys() == labels(language).measures.keys()
    assert len(english) > 250


BOUNDS = {"Bound", "at_least", "at_most"}


def bounded(tree: ast.AST) -> Iterator[str]:
    """Names of evidence that a module holds to a limit."""
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr | None, ast.expr]] = []
        if isinstance(node, ast.Dict):
            pairs = list(zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.Assign):
            pairs = [(t.slice, node.value) for t in node.targets if isinstance(t, ast.Subscript)]
        for key, value in pairs:
            made = value.func if isinstance(value, ast.Call) else None
            if isinstance(key, ast.Constant) and isinstance(made, ast.Name) and made.id in BOUNDS:
                yield str(key.value)


def test_every_limit_is_called_something() -> None:
    """Six weren't: at the desk they were "step", and "[Inggeris: step]"."""
    modules = (PROJECT / "detectors").rglob("*.py")
    found = {n for path in modules for n in bounded(ast.parse(path.read_text("utf-8")))}
    assert len(found) > 40
    assert found <= labels("en").facts.keys()


def test_every_label_that_is_asked_for_is_there() -> None:
    """The checker of types doesn't know the names: they are those of `en.yaml`."""
    english = labels("en")
    known = {"Labels": english, "PlanLabels": english.plan}
    asked = 0
    for path in (PROJECT / "pipelines").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(text)) if "Labels" in text else ():
            if not isinstance(function, ast.FunctionDef):
                continue
            kinds = {a.arg: ast.unparse(a.annotation) for a in function.args.args if a.annotation}
            attributes = (n for n in ast.walk(function) if isinstance(n, ast.Attribute))
            for node in attributes:
                kind = kinds.get(node.value.id) if isinstance(node.value, ast.Name) else None
                if kind in known:
                    assert hasattr(known[kind], node.attr), f"{path.name}:{node.lineno}"
                    asked += 1
    assert asked > 150


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_without_a_label_cant_be_loaded(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = catalogues.read_value

    def without(text: str) -> dict[str, Any]:
        read: dict[str, Any] = whole(text)
        return {name: one for name, one in read.items() if name != "now"}

    labels("en")
    monkeypatch.setattr(catalogues, "read_value", without)
    with pytest.raises(ValueError, match="now"):
        labels.__wrapped__(language)


def flat(labels: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in labels.items():
        if isinstance(value, dict) and name == "plan":
            yield from flat(value, f"{name}.")
        elif isinstance(value, str):
            yield before + name, value


def test_an_event_is_told_in_malay() -> None:
    start = pd.Timestamp("2026-01-05T18:10Z")
    event = Told(
        "encounter",
        "",
        533000001,
        533000002,
        start,
        start + pd.Timedelta(hours=4),
        4.2,
        100.4,
        Evidence.of(
            {"median_distance_m": 40.0, "median_speed_kn": 0.1, "other_median_speed_kn": 0.2}
        ),
        "encounter",
    )
    places = pd.DataFrame({"name": ["Lumut"], "lat": 4.23, "lon": 100.63, "prominence": 1})
    told = {
        language: Teller(
            {533000002: "MT {other} KASIH"}, Gazetteer(places), start, labels(language).say
        ).tell(event, 533000001)
        for language in LANGUAGES
    }
    assert told["en"] == (
        "Stopped 4.0 h with MT {other} KASIH 40 m alongside, 14 nm W of Lumut, outside any port or "
        "anchorage (06 Jan 02:10 to 06:10 MYT)"
    )
    assert told["ms"] == (
        "Berhenti 4.0 jam bersama MT {other} KASIH rapat, 40 m, 14 nm B dari Lumut, di luar "
        "mana-mana pelabuhan atau kawasan berlabuh (06 Jan 02:10 hingga 06:10 MYT)"
    )
    assert without_time(told["ms"]).endswith("berlabuh")


def test_an_explanation_keeps_its_sentence_and_a_type_its_category() -> None:
    malay = labels("ms")
    assert malay.explanation("pilot transfer: a pilot vessel: 12 m") == (
        "pemindahan malim: a pilot vessel: 12 m"
    )
    assert malay.explanation("not assessed: no land or zone layer reaches this place").startswith(
        f"{explain.NOT_ASSESSED}: tiada"
    )
    assert malay.explanation("") == ""


def test_recipients_may_ask_for_every_language() -> None:
    assert set(get_args(Language)) == set(LANGUAGES)


def test_malay_names_every_kind_that_a_detector_finds() -> None:
    assert not [name for name in TRANSLATED if name not in labels("ms").kinds]


def test_what_the_catalogue_lacks_is_english_and_marked_so() -> None:
    malay, english = labels("ms"), labels("en")
    text = "Stopped {duration} over a cable{{}}"
    assert malay.say(text, duration="{40}") == "[Inggeris: Stopped {40} over a cable{}]"
    assert english.say(text, duration="{40}") == "Stopped {40} over a cable{}"
    assert malay.kind_of("cable_stop", "") == "[Inggeris: cable stop]"
    assert english.kind_of("cable_stop", "") == "cable stop"
    told = Explained(0.5, 0.6, "cable work", "it lies {duration_s:min.0f} min", {"duration_s": 600})
    assert malay.explained("", told) == "[Inggeris: cable work]: [Inggeris: it lies 10 min]"
    assert english.explained("", told) == "cable work: it lies 10 min"


def test_why_a_track_is_believed_is_told_in_the_readers_language() -> None:
    assert set(BELIEFS) == set(WORDED["believed_because"])
    said = next(one for one in BELIEFS if "{kn}" in one).format(kn="11.6")
    assert shown("believed_because", said) == said
    told = shown("believed_because", said, labels("ms"))
    assert told.endswith("pada 11.6 kn")
    assert shown("other_name", "7.5 kn") == "7.5 kn"


def test_the_counts_of_a_run_are_told_in_the_readers_language() -> None:
    counts = {"reports_looked_at": 5, "events": {"gap": 2, "a_kind_of_tomorrow": 1}}
    told = [list(_flat(counts, "", labels(one))) for one in ("en", "ms")]
    assert [fact.label for fact in told[0]] == [
        *("reports looked at", "events · gap", "events · a kind of tomorrow")
    ]
    assert told[1][0].label == "laporan dilihat"
    assert told[1][1].label == f"kejadian · {labels('ms').sayings['gap']}"
    source = (PROJECT / "pipelines/run/release_manifest.py").read_text(encoding="utf-8")
    counts_of = source.partition('"counts": {')[2].partition("        },")[0]
    names = re.findall(r'^            "(\w+)":', counts_of, re.MULTILINE)
    assert {"out_of_reach", "over_budget"} <= {*names}
    said = {*labels("ms").sayings, *labels("ms").desk}
    assert {name.replace("_", " ") for name in names} <= said


def test_dates_are_told_with_the_months_of_the_language() -> None:
    malay, time = labels("ms"), pd.Timestamp("2026-05-31T18:10Z")
    assert span(time, None, None, "UTC", malay) == "sejak 31 Mei 18:10 UTC"
    assert moment(time, say=malay.say) == "01 Jun 2026 02:10 MYT"
    assert (
        malay.dates("up to 03 Aug 02:10 MYT, in 03 Aug.gz")
        == "up to 03 Ogo 02:10 MYT, in 03 Aug.gz"
    )
    assert labels("en").dates("up to 03 Aug 2026 02:10") == "up to 03 Aug 2026 02:10"


@pytest.mark.parametrize(
    ("text", "values", "english"),
    [
        ("{n} vessels", {"n": 1}, "1 vessel"),
        ("{n} cells", {"n": "1"}, "1 cell"),
        ("{n} more events", {"n": 1}, "1 more event"),
        ("{n} more events", {"n": 21}, "21 more events"),
        ("{n} that can be no places", {"n": 1}, "1 that can be no place"),
        ("{n} incidents, {new} new", {"n": 1, "new": 1}, "1 incident, 1 new"),
        ("{open} open of {n} incidents", {"open": 1, "n": 2}, "1 open of 2 incidents"),
        (
            "{n} incidents, {vessels} vessels, {events} events",
            {"n": 1, "vessels": 2, "events": 1},
            "1 incident, 2 vessels, 1 event",
        ),
        ("{n} vessel-hours", {"n": 1}, "1 vessel-hours"),
        ("{name} and {n} others", {"name": "{n} vessels", "n": 1}, "{n} vessels and 1 other"),
    ],
)
def test_the_desk_counts_one_as_one(text: str, values: dict[str, Any], english: str) -> None:
    """In Malay one and many are said alike."""
    assert labels("en").at_desk(text, **values) == english
    malay = labels("ms")
    assert malay.at_desk(text, **values) == malay.desk[text].format(**values)


def test_seas_and_boundaries_of_states_are_named_in_the_language() -> None:
    malay = labels("ms")
    assert malay.zone("Territorial sea of Singapore") == "Laut wilayah Singapura"
    line = "Territorial sea boundary Indonesia-Malaysia"
    assert malay.zone(line) == "Sempadan laut wilayah Indonesia-Malaysia"
    assert malay.zone("Melaka anchorage") == "Kawasan berlabuh Melaka"
    assert malay.zone("Our anchorage") == "Our anchorage"
    said = malay.say("Stayed {duration} in {zone}", duration="2.0 jam", zone=line)
    assert said.endswith("Sempadan laut wilayah Indonesia-Malaysia")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conclusion_has_one_word_in_brief_plan_and_desk(language: str) -> None:
    words = labels(language)
    for name in CONCLUSIONS:
        word = words.at_desk(name.replace("_", " "))
        assert getattr(words, f"conclusion_{name}").partition(":")[0] == word
        by = getattr(words.plan, f"{name}_by", f"{word}, by")
        assert by.partition(",")[0] == word


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_tells_its_distances_by_the_rule_of_all(language: str) -> None:
    words = labels(language)
    texts = [text for text in (words.sentences or labels("ms").sentences) if "_m:.0f} m " in text]
    assert len(texts) > 20
    for text in texts:
        names = places_in(text)
        for metres, wanted, other in ((1400.0, "1400 m", "0.8 nm"), (9260.0, "5.0 nm", "9260 m")):
            told = words.told(text, **numbers(dict.fromkeys(names, metres)))
            assert wanted in told, text
            assert other not in told, text


def test_a_reason_that_another_quotes_is_told_in_the_language() -> None:
    """Two could have met: the silence of one has a reason of its own, which is kept in English."""
    malay = labels("ms")
    quoted = (
        "sailing out of range: it was under way to where vessels were heard in only 0% of the half "
        "hours that followed"
    )
    [text] = [one for one in malay.sentences if one.endswith("{own_explanation}")]
    told = malay.told(text, own_explanation=quoted)
    assert "belayar keluar dari jangkauan: ia sedang belayar ke tempat" in told
    assert "half hours" not in told
    assert labels("en").explanation(quoted) == quoted


@pytest.mark.parametrize("away_m", [700.0, 7000.0])
def test_whatever_a_reason_said_is_told_again_as_it_is_told(away_m: float) -> None:
    malay, english = labels("ms"), labels("en")
    known = 0
    for text in malay.sentences:
        values = {name: away_m if name.endswith("_m") else 3.0 for name in places_in(text)}
        try:
            said = english.told(text, **numbers(values))
        except ValueError:  # it has words in it
            continue
        known += 1
        found = f"pilot transfer: {said}".replace(english.english.format(text=""), "")
        assert malay.explanation(found) == (
            f"pemindahan malim: {malay.told(text, **numbers(values))}"
        )
    assert known > 500


def test_a_text_that_fits_a_sentence_in_ways_without_end_stands_as_it_is() -> None:
    malay = labels("ms")
    for text in malay.sentences:
        literal = re.split(r"\{[^{}]*\}", text)
        hostile = "x".join(literal) * 200
        assert malay.explanation(f"pilot transfer: {hostile}") == f"pemindahan malim: {hostile}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_event_of_which_a_pack_lacks_the_measures_is_told_by_its_kind(language: str) -> None:
    words, time = labels(language), pd.Timestamp("2026-01-05T18:10Z")
    event = Told("crossing", "half", 1, 0, time, None, 4.2, 100.4, Evidence.of({}), "retired")
    places = pd.DataFrame({"name": ["Lumut"], "lat": 4.23, "lon": 100.63, "prominence": 1})
    told = Teller({}, Gazetteer(places), time + pd.Timedelta(hours=3), words.say).sentence(event, 1)
    kind = "crossing half" if language == "en" else words.kinds["crossing half"]
    assert told.lower().startswith(f"{kind} "), told


def test_zones_of_ours_are_called_and_noted_in_malay() -> None:
    """All but proper names: what has a word in small letters says what it is."""
    malay = labels("ms")
    ours = zones.load_zones(PROJECT / "config" / "zones", REFERENCE).frame
    ours = ours[~ours["file"].astype(str).str.startswith("watch_areas")]
    assert len(ours) > 100
    for name in ours["name"]:
        if re.search(r"(?<![A-Za-z/])[a-z]{2,}|\b(?:Strait|River|Joint)\b", name):
            assert malay.zone(name) != name
    sentences = {one for note in ours["note"] for one in re.split(r"(?<=\.) ", note) if one}
    assert sorted(sentences - malay.zones.keys()) == []
    sources = {rule.source for of in ours["rules"] for rule in of}
    assert sorted(sources - malay.zones.keys()) == []
    for source in sources:
        cited = Rule("ais", "required", source, date(2025, 8, 1), date(2026, 8, 1)).cited
        assert malay.cited(cited) == f"{malay.zones[source]} (sejak 2025-08-01 hingga 2026-08-01)"
    known = {*ours["name"], *sentences, *sources}
    assert sorted(malay.zones.keys() - known) == []  # no zone has it any more
    own = "Our yard, off the pier"
    assert (malay.zone(own), malay.note(own)) == (own, own)


def test_what_was_held_back_or_is_a_feeds_fault_is_told_in_the_language() -> None:
    """A brief in Malay said in English that a feed is at fault."""
    rules = [HeldBack(name, 60, 12, 200, alike) for name in TRANSLATED for alike in (0, 7)]
    said = [str(one) for one in (*rules, *(FeedFault(60, 200, what) for what in FAULTS.values()))]
    for text in said:
        told, english = spoken(labels("ms"), text)
        assert not english, told
        assert {"60", "200"} <= set(re.findall(r"\d+", told)), told
        assert spoken(labels("en"), text) == (text, False)
