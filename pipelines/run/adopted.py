"""A night made since the last look: where it stands for a look at everything."""

import json
from collections.abc import Collection

from pipelines.run.looked import State
from pipelines.run.manifest import configuration_hashes, learned_in_use
from pipelines.run.setup import Setup
from pipelines.store import Queries


def after_night(
    store: Queries, setup: Setup, state: State | None, digest: str, new: Collection[str]
) -> State | None:
    """Return what a night left that was made since the last look, and looked at all that looks had
    seen by what is configured now: it is a look at everything. Else what the last look left.

    Parameters
    ----------
    digest
        As of `State.setup`.
    new
        Keys of feeds that are new to the next night.
    """
    last = store.last_run()
    if last is None or (state is not None and str(last["run_id"]) == state.run_id):
        return state
    told = json.loads(last["manifest"])
    end, seen = last["end"].to_pydatetime(), set() if state is None else set(state.feeds)
    if "look" in told or last["state"] != "complete" or seen & set(new):
        return state
    if state is not None and end < state.upto:
        return state
    inst = setup.installation
    by = {
        "configuration": configuration_hashes(inst),
        "detectors": {d.name: d.version for d in setup.detectors},
        "learned": learned_in_use(inst, setup.models),
    }
    if any(told.get(name) != value for name, value in by.items()):
        return state
    return State(
        looked=end,
        upto=end,
        whole=end,
        start=last["start"].to_pydatetime(),
        run_id=str(last["run_id"]),
        feeds=(),
        told_from=end,
        setup=digest,
    )
