"""Incidents: what happened, as one.

A ranked list of vessels tells the same story several times: a mother ship, each boat that came to
her, a hull under two numbers. An incident is the events that belong together and the vessels in
them with their roles (`grouping`), in a sentence (`wording`, `titles`) with what to do next
(`steps`; of boats that crossed, `crossings`), under one id that lasts while it grows (`lasting`,
by what was `known`). `first` says which to look at first, and why; `silences` who fell silent with
whom; `related` what belongs with it; `beside` where its vessel is now, and what the score is made
of.
"""

from pipelines.assess.incidents.beside import (
    as_led,
    made_of,
    shown_span,
    spot,
    story,
    whereabouts,
    with_events,
    with_parts,
)
from pipelines.assess.incidents.crossings import marked_at, place_of
from pipelines.assess.incidents.first import First, certainty_of, danger_in, danger_of, first
from pipelines.assess.incidents.known import Known, told_before
from pipelines.assess.incidents.lasting import lasting, versions_then, vessels_in
from pipelines.assess.incidents.nights import new_to_the_night
from pipelines.assess.incidents.silences import began_together
from pipelines.assess.incidents.titles import excused, without_number

__all__ = [
    "First",
    "Known",
    "as_led",
    "began_together",
    "certainty_of",
    "danger_in",
    "danger_of",
    "excused",
    "first",
    "lasting",
    "made_of",
    "marked_at",
    "new_to_the_night",
    "place_of",
    "shown_span",
    "spot",
    "story",
    "told_before",
    "versions_then",
    "vessels_in",
    "whereabouts",
    "with_events",
    "with_parts",
    "without_number",
]
