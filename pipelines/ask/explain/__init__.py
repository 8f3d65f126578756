"""Explanations: all that an event rests on, for whoever has to argue it, or argue against it.

`gather` collects it from the store and the feeds; `terminal` and `page` show it, `as_dict` hands it
to a program.
"""

from pipelines.ask.explain.gather import EventNotFoundError, Explanation, as_dict, gather, matching
from pipelines.ask.explain.quoted import quoted
from pipelines.ask.explain.sides import from_side_of, of_incident

__all__ = [
    "EventNotFoundError",
    "Explanation",
    "as_dict",
    "from_side_of",
    "gather",
    "matching",
    "of_incident",
    "quoted",
]
