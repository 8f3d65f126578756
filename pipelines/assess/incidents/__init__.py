"""Incidents: what happened, as one.

A ranked list of vessels tells the same story several times: a mother ship, each boat that came to
her, a hull under two numbers. An incident is the events that belong together and the vessels in
them with their roles (`grouping`), in a sentence with what to do next (`wording`), under one id
that lasts while it grows (`lasting`).
"""

from pipelines.assess.incidents.grouping import grouped
from pipelines.assess.incidents.lasting import Known, lasting, vessels_in
from pipelines.assess.incidents.wording import described, retold

__all__ = ["Known", "described", "grouped", "lasting", "retold", "vessels_in"]
