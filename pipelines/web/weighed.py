"""How the score of an incident's leading event came about, step by step."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pipelines.assess.incidents import with_events
from pipelines.base.text import one_line
from pipelines.publish import checks
from pipelines.publish.briefing import SENTENCE_LIMIT
from pipelines.web.line import Line
from pipelines.web.night import Shown

DECISIVE: Final[Mapping[str, Sequence[str]]] = {"gap": ("silence_probability",)}
"""What two events of a kind differ by that are alike in their limits: how usual such is there."""


def steps(shown: Shown, line: Line) -> tuple[str, ...]:
    """Return what was measured, what each innocent reason left of it, and what else lowers it."""
    found = shown.events_of(line.events[:1]).to_dict("records")
    if not found:
        return ()
    lead, t = found[0], shown.words.at_desk
    evidence, kind = lead["evidence"], str(lead["kind"])
    given = evidence.explained
    lowered = given is not None and given.weight > 0
    measured = f"{given.base_score if lowered else lead['score']:.2f}"
    about = "; ".join(
        f"{shown.words.fact_of(name, checks.label(name))} "
        f"{checks.shown(name, evidence.facts[name], shown.words)}"
        for name in DECISIVE.get(kind, ())
        if evidence.facts.get(name) is not None
    )
    if about:
        said = [t("{score} by what was measured ({about})", score=measured, about=about)]
    else:
        said = [t("{score} by what was measured", score=measured)]
    if lowered:
        why = shown.words.hypotheses.get(given.name, given.name)
        now = f"{lead['score']:.2f}"
        said.append(t("{score} after an innocent reason: {why}", score=now, why=why))
    else:
        said.append(t("no innocent reason lowers it"))
    row = shown.incidents.set_index("incident_id").loc[line.incident_id].to_dict()
    events = shown.events_of(line.events)
    parts = json.loads(with_events(str(row["made_of"]), events, int(row["mmsi"])))
    for one in parts:
        if one["kind"] == kind and "voluntary" in one:
            counted = f"{one['score']:.2f}"
            said.append(t("{score}, since class B need not send AIS", score=counted))
    if len(parts) > 1:
        said.append(t("{score} with the other parts", score=f"{line.score:.2f}"))
    return tuple(one_line(text, SENTENCE_LIMIT) for text in said)
