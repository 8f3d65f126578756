"""An explanation as a page: the brief of one event, with its chart, and all that it rests on.

The page is the brief's, so it is one file, asks for nothing and works without scripts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from detectors.core import frames
from detectors.core.telling import told
from detectors.surroundings.zones import Zones
from pipelines.ask.explain.gather import Explanation, Past
from pipelines.assess.reasons import Teller
from pipelines.base.files import write_text
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.base.visible import clean
from pipelines.publish import brief, checks
from pipelines.publish.cards import explanation_line
from pipelines.publish.maps import page as maps_page
from pipelines.publish.products import Products
from pipelines.reference.layers import load_gazetteer

EARLIER: Final = 20


def write(explanation: Explanation, zones: Zones, path: Path) -> Path:
    """Write the page; return `path`."""
    return write_text(path, render(explanation, zones))


def render(explanation: Explanation, zones: Zones) -> str:
    """Write the page as HTML."""
    event = explanation.event
    kind = f"{event['kind']} {event['subkind']}".replace("_", " ").strip()
    heading = f"{kind.capitalize()} {event['event_id']}"
    products = _products(explanation, zones)
    return brief.render(products, heading=heading, sections=sections(explanation))


def sections(explanation: Explanation) -> Markup:
    """Return what the page says below its cards, as HTML without styles."""
    html = maps_page.template(__package__, "sections.html.j2").render(**_words(explanation))
    return Markup(html)  # noqa: S704 - autoescaped


def _products(x: Explanation, zones: Zones) -> Products:
    """Return the event as if it were all that a run had found."""
    event = pd.DataFrame([x.event]).assign(status=_status(x))
    start = x.tracks["time"].min() if len(x.tracks) else x.event["start"]
    end = max(x.tracks["time"].max(), x.end) if len(x.tracks) else x.end
    vessels = pd.DataFrame(
        [{"mmsi": past.identity.mmsi, "name": past.identity.name} for past in x.vessels],
        columns=["mmsi", "name"],
    )
    return Products(
        run_id=x.moment.run_id,
        start=start,
        end=end,
        simulated=x.simulated,
        events=event,
        flagged=_flagged(x),
        parts=frames.empty(PARTS),
        incidents=frames.empty(INCIDENTS),
        tracks=x.tracks,
        vessels=vessels,
        zones=zones,
        manifest={},
    )


def _status(x: Explanation) -> str:
    if x.event["retracted"]:
        return "retracted"
    return "created" if x.event["run_id"] == x.moment.run_id else "unchanged"


def _flagged(x: Explanation) -> pd.DataFrame:
    names = {past.identity.mmsi: past.identity.name for past in x.vessels}
    teller = Teller(names, load_gazetteer(x.reference), x.end)
    [told_event] = told(pd.DataFrame([x.event]))
    vessels = [
        {
            "mmsi": past.identity.mmsi,
            "imo": past.identity.imo,
            "name": past.identity.name,
            "callsign": past.identity.callsign,
            "flag_state": past.identity.flag_state,
            "ship_type": past.ship_type,
            "reasons": teller.tell(told_event, past.identity.mmsi),
        }
        for past in x.vessels
    ]
    return as_flagged(x.event, vessels, x.tracks)


def as_flagged(
    event: Mapping[Any, Any], vessels: Sequence[Mapping[str, Any]], tracks: pd.DataFrame
) -> pd.DataFrame:
    """Vessels of one event as if it had flagged them (`schemas.FLAGGED`).

    Parameters
    ----------
    event
        Its score, explanation and id.
    vessels
        Columns of `FLAGGED` that say who they are, and why.
    tracks
        Where they were.
    """
    newest = tracks.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    seen = newest.set_index("mmsi")[["time", "lat", "lon"]].to_dict("index")
    nowhere = {"time": pd.NaT, "lat": float("nan"), "lon": float("nan")}
    rows = []
    for rank, who in enumerate(vessels, 1):
        last = seen.get(who["mmsi"], nowhere)
        rows.append(
            {
                "rank": rank,
                **who,
                "score": float(event["score"]),
                "explanations": event["explanation"],
                "last_seen": last["time"],
                "lat": last["lat"],
                "lon": last["lon"],
                "event_ids": event["event_id"],
            }
        )
    table = pd.DataFrame(rows, columns=list(FLAGGED))
    table["last_seen"] = pd.to_datetime(table["last_seen"], utc=True)
    return frames.conform(table, FLAGGED)


def _words(x: Explanation) -> dict[str, Any]:
    event = x.event
    base = x.lowered_from
    lowered = (
        "" if base is None else f"It lowers the score from {base:.2f} to {event['score']:.2f}."
    )
    heir = f"; its story goes on as {x.superseded_by}" if x.superseded_by else ""
    looks = x.looks.groupby("status", sort=False)["run_id"].agg(list).to_dict()
    return {
        "as_known": "" if x.moment.now else str(x.moment),
        "retracted": f"Retracted by run {event['run_id']}{heir}" if event["retracted"] else "",
        "provisional": x.provisional,
        "concluded": _concluded(x.dispositions),
        "limits": [[one.label, _limit(one)] for one in checks.rows(x.evidence)],
        "measured": [[name, clean(text)] for name, text in checks.facts(x.evidence)],
        "settings": [[name, clean(text)] for name, text in checks.settings(x.evidence)],
        "given": clean(explanation_line(str(event["explanation"])))
        or "None of those that were tried fits.",
        "lowered": lowered,
        "overturned_by": clean(x.overturned_by),
        "others": [
            [f"{one.name}: {one.verdict}", clean(one.sentence)]
            for one in x.considered
            if one.verdict != "fits best"
        ],
        "raw": [
            {
                "what": report.what,
                "where": clean(f"{report.feed or report.source}, place {report.offset}"),
                "problem": clean(report.reported.problem),
                "lines": [clean(line) for line in report.reported.lines],
            }
            for report in x.raw
        ],
        "vessels": [_vessel(past) for past in x.vessels],
        "revisions": [
            {
                "status": one.status,
                "run": f"{one.run_id}, reports up to {one.known_time:%Y-%m-%d %H:%M}Z",
                "changes": [[clean(line)] for line in one.changes],
            }
            for one in x.revisions
        ],
        "looks": [
            f"Since then {str(status).replace('_', ' ')} in {', '.join(runs)}"
            for status, runs in looks.items()
        ],
    }


def _vessel(past: Past) -> dict[str, Any]:
    who = past.identity
    stated = [
        [
            r["field"],
            clean(
                f"{r['value']} ({r['first_time']:%Y-%m-%d %H:%M}Z to "
                f"{r['last_time']:%Y-%m-%d %H:%M}Z)"
            ),
        ]
        for r in past.stated.to_dict("records")
    ]
    earlier = past.events.head(EARLIER).to_dict("records")
    return {
        "title": f"{who.mmsi:09d} {clean(who.name) or '(no name)'}",
        "said": stated,
        "concluded": _concluded(past.dispositions),
        "events": [[clean(f"{row['score']:.2f}  {row['reason']}")] for row in earlier],
        "more": max(len(past.events) - EARLIER, 0),
    }


def _limit(one: checks.Row) -> str:
    return f"{one.measured}, {one.limit}: {one.margin}"


def _concluded(dispositions: pd.DataFrame) -> list[str]:
    return [
        clean(
            f"{row['conclusion']} ({row['kind']} {row['event_id'][:8]}), {row['author']}, "
            f"{row['made_time']:%Y-%m-%d %H:%M}Z: {row['reason']}"
        )
        for row in dispositions.to_dict("records")
    ]
