"""A recipient's part of the patrol plan."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.base.marks import Mark, MarkRules
from pipelines.base.settings import Installation
from pipelines.patrol import units
from pipelines.patrol.plan import for_units, make
from pipelines.patrol.units import PatrolConfig
from pipelines.publish import release as cut
from pipelines.publish.packs import recipients
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.products import Planned
from pipelines.run import plan

if TYPE_CHECKING:
    from pipelines.run.release import Making


@dataclass(frozen=True)
class Planning:
    """How a recipient's plan is made."""

    config: PatrolConfig
    units: frozenset[str]


def planning_of(
    installation: Installation, recipient: Recipient, rules: MarkRules
) -> Planning | None:
    """Return how to plan for a recipient; None where it gets no plan."""
    if recipient.plan is None or not cut.may_have([rules.of_plan()], recipient)[0]:
        return None
    config = units.of(installation.config, installation.reference)
    return Planning(config, recipients.units_of(recipient, config))


def planned_of(
    made: "Making",
    run_id: str,
    begin: pd.Timestamp | None,
    flagged: pd.DataFrame,
    incidents: pd.DataFrame,
    told: pd.DataFrame,
    positions: pd.DataFrame,
    history: pd.DataFrame,
    mark: Mark,
) -> Planned | None:
    """Cut the plan that all units would have to the recipient's; None where it gets none."""
    if made.planning is None:
        return None
    config = made.planning.config
    begin = plan.begun(made.window.end, begin)
    first = begin - pd.Timedelta(days=config.planning.history_days)
    history = history[history["start"] <= begin]
    history = history[history["end"].isna() | (history["end"] >= first)]
    inside = made.area.contains(history["lat"].to_numpy(), history["lon"].to_numpy())
    since = made.window.start
    if len(flagged):
        since = flagged["last_seen"].min() - plan.BEFORE
    mine = positions["mmsi"].isin(flagged["mmsi"]) & (positions["time"] >= since)
    inputs = plan.inputs_of(
        run_id,
        bool(made.store.simulated),
        begin,
        flagged,
        incidents,
        told,
        positions[mine].reset_index(drop=True),
        history[inside].reset_index(drop=True),
        made.store.days_heard(first, min(begin, made.window.end)),
        made.zones,
        made.installation.reference,
    )
    sea = plan.sea_map(made.installation.reference, config.planning.clearance_m)
    whole = make(inputs, config, sea)
    return Planned(for_units(whole, made.planning.units), mark, made.recipient.language)
