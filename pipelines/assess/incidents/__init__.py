"""Incidents: what happened, as one.

A ranked list of vessels tells the same story several times: a mother ship, each boat that came to
her, a hull under two numbers. An incident is the events that belong together and the vessels in
them with their roles (`grouping`), in a sentence with what to do next (`wording`), under one id
that lasts while it grows (`lasting`). `first` says which to look at first, and why.
"""

from pipelines.assess.incidents.first import First, first
from pipelines.assess.incidents.lasting import Known, lasting, versions_then, vessels_in

__all__ = ["First", "Known", "first", "lasting", "versions_then", "vessels_in"]
