"""What was known when: the time machine, what is new since the last watch, and who is who.

Runs have no clock, so that a run made again after a crash is the same to the last byte. What a
run learned is known from the newest report on that it, or a run before it, had looked at: its
`known_time`. Where reports came late and a night was looked at again, what that taught is known
from the same moment on as the night itself; name the run instead of a time where that matters.
Conclusions of people have the time at which they were recorded.
"""

from pipelines.ask.recall.changes import Changes, changes
from pipelines.ask.recall.find import find, of_numbers, placed, places, unheard
from pipelines.ask.recall.incidents import (
    events_of,
    first_in,
    first_of,
    incident,
    incident_of,
    meant,
    told_at,
    told_until,
)
from pipelines.ask.recall.moment import (
    Moment,
    RecallError,
    known_at,
    last_watch,
    latest,
    moment,
    ordinal_of,
    time_of,
)

__all__ = [
    "Changes",
    "Moment",
    "RecallError",
    "changes",
    "events_of",
    "find",
    "first_in",
    "first_of",
    "incident",
    "incident_of",
    "known_at",
    "last_watch",
    "latest",
    "meant",
    "moment",
    "of_numbers",
    "ordinal_of",
    "placed",
    "places",
    "time_of",
    "told_at",
    "told_until",
    "unheard",
]
