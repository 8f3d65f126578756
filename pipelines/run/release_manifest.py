"""What a pack's manifest says: of its run only what its recipient may know."""

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from pipelines.assess.ranking import Assessment
from pipelines.base.files import digest_of_files, sha256_of
from pipelines.base.text import iso
from pipelines.publish.products import Planned
from pipelines.run import plan
from pipelines.run.manifest import (
    count_by,
    git_commit,
    out_of_reach,
    reception,
    silent_at_once,
    totals_of,
)

if TYPE_CHECKING:
    from pipelines.run.release import Making

UNTOLD: Final = "its owner can say why"
"""What a reader is told of why something failed that the reader may know of, behind its name."""


def run_id_of(made: "Making") -> str:
    """Name the run as the recipient knows it: its end, and a digest of what it is made from."""
    rests_on = [made.window.start.isoformat(), sorted(one["sha256"] for one in made.inputs)]
    digest = hashlib.sha256(json.dumps(rests_on).encode()).hexdigest()[:4]
    return f"{made.window.end:%Y%m%dT%H%M%SZ}-{digest}"


def manifest_of(
    made: "Making",
    run_id: str,
    assessed: Assessment,
    events: pd.DataFrame,
    flagged: pd.DataFrame,
    planned: Planned | None,
) -> dict[str, Any]:
    """Return what the pack says of how it was made.

    What a failed feed or detector says may quote the feed: only that it failed is told.
    """
    totals = totals_of(made.inputs)
    told = [
        "a feed" if made.recipient.redacts("feeds") else name
        for name in known_to_fail(made.night.failures, set(made.rights.ledger["name"]))
    ]
    told += [f"detector {name}" for name in made.found.failures]
    failures = {name: UNTOLD for name in told if name}
    named = not made.recipient.redacts("feeds")
    return {
        "run_id": run_id,
        "state": "partial" if failures else "complete",
        "simulated": bool(made.store.simulated),
        "window": {"start": iso(made.window.start), "end": iso(made.window.end)},
        "contact": made.installation.settings.contact,
        "git_commit": git_commit(),
        "configuration_sha256": _configuration(made),
        "inputs": [
            {
                **({"name": PurePath(one["name"]).name} if named else {}),
                "sha256": one["sha256"],
                **made.rights.marks[one["feed_key"]].fields,
            }
            for one in made.inputs
        ],
        "detectors": {d.name: d.version for d in made.view.detectors},
        "counts": {
            "feeds": len(made.inputs),
            "reports_looked_at": made.found.heard.reports,
            "vessels_looked_at": made.found.heard.vessels,
            **{key: value for key, value in totals.items() if key != "rejected"},
            "events": count_by(events, "kind"),
            "status": count_by(events, "status"),
            "flagged": len(flagged),
            "out_of_reach": out_of_reach(events),
            "over_budget": assessed.over_budget,
        },
        "heard_within_deg": list(made.found.heard.within_deg),
        # Where less is heard than usual would say where receivers stand.
        "reception": {**reception(made.store, made.installation, made.window), "poor": None},
        "silent_at_once": silent_at_once(events, made.installation),
        "lacking": list(made.found.lacking),
        "held_back": [str(rule) for rule in assessed.held_back],
        "rejected": totals["rejected"],
        "failures": failures,
        **({} if planned is None else {"plan": plan.summary(planned)}),
    }


def _configuration(made: "Making") -> str:
    """Digest of the configuration that the pack rests on, and of no other."""
    config, settings = made.installation.config, made.installation.settings
    lists = [
        sha256_of(made.installation.watchlists / f"{one.name}{ending}")
        for one in made.lists
        for ending in (".csv", ".yaml")
    ]
    rests_on = {
        "detectors": made.installation.detectors,
        "zones": digest_of_files(config / "zones"),
        "reference": digest_of_files(made.installation.reference),
        "detection": settings.detection.model_dump(mode="json"),
        "assess": settings.assess.model_dump(mode="json"),
        "watchlists": lists,
        "recipient": made.recipient.model_dump(mode="json"),
        "patrol": None if made.planning is None else made.planning.config.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()


def known_to_fail(failures: Iterable[str], released: Collection[str]) -> list[str]:
    """Return the failed feeds that a pack may name: released ones that were damaged.

    Those that weren't read at all have no mark to go by. What couldn't be read is known by what a
    person named, a folder or a pattern, which says nothing of whose feeds were in it.
    """
    names = [name.removeprefix("feed ") for name in failures if name.startswith("feed ")]
    return [f"feed {PurePath(name).name}" for name in names if name in released]
