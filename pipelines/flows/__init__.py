"""Flows: the only room that imports Prefect.

The nightly run, learning, back-fill and the service, each a list of steps over plain functions of
`run`; and the processes that a service is made of. It imports `ask` and what stands
below, and gives flows for `cli`.
"""

import sys

# Where Jupyter is installed, jsonschema, which Prefect imports, builds a grammar for IRIs: it takes
# more than a second in each process, and nothing of Prefect's asks for that format.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
