"""A vessel that changes what it says of itself."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US
from detectors.identity.limits import Limits
from detectors.identity.story import FIELDS, SCORES, Story, VesselReports
from detectors.vessels import statement
from detectors.vessels.numbers import imo_is_valid


def changes(
    limits: Limits, reports: VesselReports, spans: Mapping[str, pd.DataFrame], context: Context
) -> Iterator[Story]:
    """Find values that stand where another stood before."""
    found = [c for field in FIELDS for c in statement.changes(spans[field], field, limits.memory)]
    of = dict[int, list[statement.Change]]()
    for change in found:
        of.setdefault(change.mmsi, []).append(change)
    for change in found:
        others = [
            c
            for c in of[change.mmsi]
            if c.field != change.field
            and abs(c.new_us - change.new_us) <= 2 * limits.min_said_s * SECOND_US
        ]
        row = reports.at(change.mmsi, change.new_us)
        place = np.array([reports.lat[row]]), np.array([reports.lon[row]])
        around = reports.between(
            change.mmsi, change.new_us - round(change.memory_s * SECOND_US), change.last_us
        )
        subkind = FIELDS[change.field]
        n_others = len({c.field for c in others})
        said_for_s = (change.last_us - change.new_us) / SECOND_US
        evidence = {
            "field": change.field,
            "old_value": change.old,
            "new_value": change.new,
            "said_before_s": (change.new_us - change.old_us) / SECOND_US,
            "said_for_s": at_least(said_for_s, limits, "min_said_s"),
            "remembered_s": change.memory_s,
            "statics_interval_s": None if np.isnan(change.interval_s) else change.interval_s,
            "returned": change.returned,
            "n_other_fields": n_others,
            "imo_kept": _imo_kept(change, spans["imo"]),
            "n_hulls": len(np.unique(reports.track[around])),
            "speed_kn": reports.speed_kn(row),
            "in_port": bool(context.zones.within(*place, ("port", "anchorage"))[0]),
            "n_reports": len(around),
            "first_report_source": reports.source_of(row),
            "last_report_source": reports.source_of(reports.at(change.mmsi, change.last_us)),
        }
        yield Story(
            subkind,
            (int(reports.track[row]),),
            _start_us(limits, change),
            change.last_us,
            float(reports.lat[row]),
            float(reports.lon[row]),
            min(SCORES[subkind] + 0.15 * n_others, 0.85),
            evidence,
            settings=("memory_s", "memory_intervals", "max_memory_s"),
            anchor_us=change.new_us,
        )


def _start_us(limits: Limits, change: statement.Change) -> int:
    """Return since when a vessel may have said the new value: since it last said the old one, where
    static reports are heard seldom, but no longer than two hours of passes go without her.
    """
    since_us = max(change.old_us, change.new_us - limits.max_pass_pause_s * SECOND_US)
    return min(since_us, change.new_us - limits.static_interval_s * SECOND_US)


def _imo_kept(change: statement.Change, numbers: pd.DataFrame) -> bool:
    """Tell whether a vessel said one IMO number, which can be right, before and after a change."""
    since_us = change.new_us - change.memory_s * SECOND_US
    own = statement.rows_of(numbers[(numbers["mmsi"] == change.mmsi).to_numpy(bool)]).values()
    before = {n.value for n in own if n.last_us >= since_us and n.first_us < change.new_us}
    after = {n.value for n in own if n.last_us >= change.new_us and n.first_us <= change.last_us}
    return before == after and len(after) == 1 and bool(imo_is_valid(int(min(after))))
