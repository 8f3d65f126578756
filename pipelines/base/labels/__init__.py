"""The words of the products, one YAML file a language; what vessels say is never translated."""

import re
from functools import cache
from importlib import resources
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from detectors.core.evidence import Explained
from detectors.core.sentences import numbers, places_in
from pipelines.base.labels.distances import as_distances
from pipelines.base.text import MONTHS
from pipelines.base.yaml_files import read_value

LANGUAGES: Final = ("en", "ms")

_DATES: Final = re.compile(rf"\b(\d\d) ({'|'.join(MONTHS)})(?= (?:\d{{4}} )?\d\d:\d\d)")


class PlanLabels(BaseModel):
    """Every label of a patrol plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    span: str
    facts: str
    real: str
    sample: str
    abroad: str
    at_stop: str
    stale: str
    depth: str
    expected: str
    in_doubt: str
    boarding: str
    sector: str
    return_: str = Field(alias="return")
    sortie: str
    still: str
    working: str
    under_way: str
    along_lanes: str
    along_ferry: str
    before_high_water: str
    after_high_water: str
    last_heard: str
    no_position: str
    no_water: str
    uncertain: str
    off_watch: str
    out_of_reach: str
    others_sea: str
    lower_value: str
    another_unit: str
    same_incident: str
    concluded: str
    boarded_by: str
    cleared_by: str
    benign_cause_by: str
    never_nearer: str
    could_meet: str
    could_meet_on_watch: str
    base: str
    moved: str
    watch: str
    sample_unit: str
    sailed: str
    stays: str
    unplaced: str
    left_heading: str
    why_not: str
    none: str
    sectors_heading: str
    sectors_note: str
    risk_sector: str
    not_sailed: str
    left_sheet: str
    intercepts_sheet: str
    sortie_number: str
    map: str
    map_note: str
    unit: str
    leave: str
    there: str
    until: str
    where: str
    course: str
    distance: str
    speed: str
    task: str
    chance: str
    within: str
    how: str
    nearest: str
    south_west: str
    landings: str
    per_day: str
    riskiest_hour: str
    any_hour: str


class Labels(BaseModel):
    """Every label of every product; a language that lacks one can't be loaded.

    ``{…}`` is filled in by whoever shows the label. `kinds` names what happened, by kind or by
    kind and subkind, `facts` what is measured, by its name in the evidence, and
    `measures` what reasons ask besides. Four lists hold
    what the program says in English, and what that is in the language: `sayings`, sentences and
    their parts in which events are told (`detectors.core.telling.Words.say`); `hypotheses`, the
    names of innocent explanations, and `sentences`, what they say
    (`detectors.core.hypothesis.Case.says`); `ship_types`. What a list lacks, such as the texts
    of a local detector, is given in English, marked as `english` says. `desk` is what the pages
    of `pipelines.web` say; `spoken` and `spoken_parts` what the program says of its own state, and
    of what was typed: whole, and between commas and semicolons.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    english: str
    simulated: str
    simulated_short: str
    leads: str
    leads_more: str
    blind: str
    incident: str
    incidents: str
    incident_line: str
    incident_summary: str
    incidents_summary: str
    incident_over: str
    next_step: str
    now: str
    nothing_flagged: str
    not_all_clear: str
    not_for_navigation: str
    coast_source: str
    partial_run: str
    run: str
    flagged_vessels: str
    flagged_vessel: str
    events: str
    event: str
    tracks: str
    track_of: str
    reports: str
    no_place_vessels: str
    more_elsewhere: str
    no_name: str
    flag: str
    type: str
    mmsi: str
    imo: str
    callsign: str
    score: str
    last_seen: str
    and_: str = Field(alias="and")
    since: str
    not_assessed: str
    innocent_explanation: str
    score_line: str
    seen_line: str
    event_line: str
    status_created: str
    status_changed: str
    status_unchanged: str
    status_retracted: str
    status_not_assessed: str
    prepared_for: str
    stale_after: str
    about: str
    rank: str
    name: str
    reasons: str
    explanations: str
    latitude: str
    longitude: str
    event_ids: str
    event_id: str
    kind: str
    vessel: str
    vessels: str
    begin: str
    end: str
    status: str
    reason: str
    evidence: str
    when: str
    window: str
    files: str
    correction_of: str
    correction_number: str
    correction_withdrawn: str
    correction_moved: str
    correction_cleared: str
    correction_reopened: str
    verify_line: str
    unsigned_line: str
    tlp_clear: str
    tlp_green: str
    tlp_amber: str
    tlp_amber_strict: str
    tlp_red: str
    night: str
    day: str
    print: str
    partial_heading: str
    partial_more: str
    held_back_heading: str
    held_back_more: str
    score_title: str
    event_score_title: str
    place_not_known: str
    over_budget: str
    of_own_vessels: str
    incidents_left_out: str
    provisional: str
    left_out: str
    blind_heading: str
    this_run: str
    no_coast: str
    map_facts: str
    chart: str
    chart_needs_scripts: str
    chart_help: str
    close: str
    zoom: str
    zoom_in: str
    zoom_out: str
    show_everything: str
    legend: str
    legend_ship: str
    legend_track: str
    legend_silence: str
    legend_partner: str
    legend_filled: str
    legend_zone: str
    legend_border: str
    legend_sea: str
    in_sea: str
    legend_lane: str
    legend_silent_ship: str
    playback: str
    play: str
    pause: str
    play_help: str
    playback_time: str
    playback_speed: str
    speed_line: str
    whole_window: str
    numbers_are_ranks: str
    hours_are_local: str
    facts_counts: str
    facts_rejected: str
    facts_detectors: str
    state: str
    commit: str
    run_fact: str
    look_first: str
    state_complete: str
    state_partial: str
    heard_line: str
    reception_poor: str
    reception_gap: str
    reception_gaps: str
    score_of: str
    find_heading: str
    search: str
    search_hint: str
    all_kinds: str
    any_score: str
    score_from: str
    jump: str
    on_paper: str
    copy_position: str
    copied: str
    ask_on: str
    conclude: str
    conclusion: str
    conclusions_elsewhere: str
    conclusions_upto: str
    conclusion_boarded: str
    conclusion_cleared: str
    conclusion_benign_cause: str
    conclusion_watch: str
    conclusion_unknown: str
    why: str
    your_name: str
    save_conclusions: str
    conclusions_note: str
    legend_reach: str
    plan: PlanLabels
    facts: dict[str, str]
    measures: dict[str, str]
    kinds: dict[str, str]
    sayings: dict[str, str]
    hypotheses: dict[str, str]
    sentences: dict[str, str]
    ship_types: dict[str, str]
    layers: dict[str, str]
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

    def fact_of(self, name: str, english: str) -> str:
        """Return what a name of the evidence is called; in English, marked so, where none says."""
        return self.facts.get(name) or self._in_english(english)

    def say(self, text: str, **values: Any) -> str:
        """See `telling.Words`; English, marked so, where the catalogue lacks a text."""
        if text in self.sayings:
            if "zone" in values:
                values["zone"] = self.zone(str(values["zone"]))
            return self.sayings[text].format(**values)
        return self._in_english(text.format(**values))

    def dates(self, text: str) -> str:
        """Return what the program said in English with the months of its dates in the language."""
        return _DATES.sub(lambda date: f"{date[1]} {self.say(date[2])}", text)

    def zone(self, name: str) -> str:
        """Return the name of a zone, as on a chart; of a layer of ours, in the language."""
        what = next((one for one in self.layers if name.startswith(f"{one} ")), "")
        if not what:
            return name
        states = name[len(what) + 1 :].split("-")
        return f"{self.layers[what]} {'-'.join(self.sayings.get(one, one) for one in states)}"

    def sea(self, state: str) -> str:
        """Say in whose territorial sea a place lies; nothing where that isn't known."""
        return self.in_sea.format(state=self.sayings.get(state, state)) if state else ""

    def at_desk(self, text: str, **values: Any) -> str:
        """Return a text of the desk's pages; English, marked so, where the catalogue lacks it."""
        if text in self.desk:
            return self.desk[text].format(**values)
        return self._in_english(text.format(**values))

    def field(self, name: str) -> str:
        """Return what a field of a vessel's own statement is called."""
        plain = "call sign" if name == "callsign" else name.removesuffix("_m")
        return self.at_desk(plain.replace("_", " "))

    def explanation(self, text: str) -> str:
        """Put the name of an event's explanation ("name: sentence") into words of the language."""
        parts = (self.hypotheses.get(part, part) for part in text.split(": ", 1))
        return ": ".join(parts)

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
        told = as_distances(found or text, values).format(**values)
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
def labels(language: str) -> Labels:
    """Return the labels of a language of `LANGUAGES`."""
    text = resources.files(__package__).joinpath(f"{language}.yaml").read_text("utf-8")
    return Labels.model_validate(read_value(text))
