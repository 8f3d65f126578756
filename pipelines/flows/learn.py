"""Learning from past traffic: Prefect flows that read as their lists of steps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prefect import flow

import detectors
from detectors.core.errors import SelatError
from pipelines.assess.silenced import silenced
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.base.text import iso
from pipelines.flows.steps import step
from pipelines.learn import gather, parameters, places
from pipelines.learn import normal as normal_traffic
from pipelines.publish.review import page as review_map
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot
from pipelines.reference import models
from pipelines.run.past import LearnRequest, opened


@dataclass(frozen=True)
class Learned:
    """What learning places left behind."""

    snapshot: snapshot.Snapshot
    map: Path


READ_TRAFFIC: Final = step(gather.read, "read past traffic")
FIND_PLACES: Final = step(places.learn, "find places")
READ_TICKS: Final = step(normal_traffic.samples, "read ticks")
FIT_NORMAL: Final = step(normal_traffic.fit, "fit normal traffic")


@flow(name="learn places", validate_parameters=False, persist_result=False)
def learn_places(home: str, config: str, request: LearnRequest, quiet: bool = False) -> Learned:
    """Learn places from a span of past traffic, and draw them for review."""
    installation = load(Path(home), Path(config))
    asked = parameters.places(installation.config, **request.changes)
    # What was learned before is no witness for what is learned now, but lanes in use stay free.
    in_use = reference.learned_places(installation.learned)
    lanes_in_use = in_use.geometry[in_use["zone_class"] == "lane"].tolist()
    zones = reference.load_zones(installation.config / "zones", installation.reference)
    with reporter(quiet=quiet) as report, opened(installation, request, report) as past:
        with report.bar("Reading past traffic", None) as bar:
            traffic = READ_TRAFFIC(past.store, past.start, past.end, asked, bar.to)
        with report.bar("Learning", None) as bar:
            found, refused = FIND_PLACES(traffic, zones, asked, bar.say, lanes_in_use)
        facts = {
            "since": iso(past.start),
            "until": iso(past.end),
            "reports": traffic.reports,
            "vessels": traffic.vessels,
            "simulated": bool(past.store.simulated),
            "parameters": asked.model_dump(mode="json"),
        }
        gazetteer = reference.load_gazetteer(installation.reference)
        written = snapshot.write(installation.learned, found, facts, past.end, gazetteer, refused)
        decided = snapshot.decisions(installation.learned)
        undecided = [f for f in written.features if f["properties"]["zone_id"] not in decided]
        used = detectors.build(installation.detectors)
        nights = silenced(past.store, undecided, used)
    return Learned(written, review_map.write(installation.learned, written, zones, nights))


@flow(name="learn normal traffic", validate_parameters=False, persist_result=False)
def learn_normal(home: str, config: str, request: LearnRequest, quiet: bool = False) -> Path:
    """Fit the model of normal traffic to a span of past traffic; return the path of its card."""
    installation = load(Path(home), Path(config))
    asked = parameters.normal(installation.config, **request.changes)
    with reporter(quiet=quiet) as report, opened(installation, request, report) as past:
        with report.bar("Reading past traffic", None) as bar:
            table, counts = READ_TICKS(past.store, past.start, past.end, asked, bar.to)
        if table.empty:
            raise SelatError("no vessel was under way in that span", hint="name a longer one")
        with report.bar("Fitting", None) as bar:
            model = FIT_NORMAL(table, asked, bar.to)
        simulated = bool(past.store.simulated)
        card = normal_traffic.card(model, counts, past.start, past.end, asked, simulated)
    return models.write(installation.learned, model, card, past.end)
