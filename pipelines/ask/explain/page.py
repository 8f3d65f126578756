"""An explanation as a page: the brief of one event, with its chart, and all that it rests on.

The page is the brief's, so it is one file, asks for nothing and works without scripts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from detectors.core import frames
from detectors.core.telling import Say, told
from detectors.surroundings.zones import Zones
from pipelines.ask.explain.gather import PROVISIONAL, Explanation, Past
from pipelines.ask.explain.reasons import BEST, UNTRIED, not_tried, tried
from pipelines.ask.explain.stated import Otherwise, in_units
from pipelines.ask.explain.unfit import LACKS
from pipelines.assess.dispositions import taken_back
from pipelines.assess.incidents.silences import numbers_since
from pipelines.assess.reasons import Teller, aside_in
from pipelines.base.files import write_text
from pipelines.base.labels import Labels, labels
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS, WITHDRAWN
from pipelines.base.text import file_names, minute
from pipelines.base.visible import clean
from pipelines.publish import brief, checks
from pipelines.publish.cards import explanation_line
from pipelines.publish.maps import page as maps_page
from pipelines.publish.products import Products
from pipelines.reference.layers import load_gazetteer

EARLIER: Final = 20
_ENGLISH: Final = labels("en")


def write(explanation: Explanation, zones: Zones, path: Path) -> Path:
    """Write the page; return `path`."""
    return write_text(path, render(explanation, zones))


def render(explanation: Explanation, zones: Zones) -> str:
    """Write the page as HTML."""
    event = explanation.event
    kind = _ENGLISH.kind_of(event["kind"], event["subkind"])
    heading = f"{kind[:1].upper()}{kind[1:]} {event['event_id']}"
    products = _products(explanation, zones)
    return brief.render(products, heading=heading, sections=sections(explanation))


def sections(explanation: Explanation, words: Labels = _ENGLISH) -> Markup:
    """Return what the page says below its cards, as HTML without styles."""
    told = _words(explanation, words)
    html = maps_page.template(__package__, "sections.html.j2").render(t=words.at_desk, **told)
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
            # Of one vessel as it is kept, which tells also what others say of it.
            "reasons": teller.tell(told_event, past.identity.mmsi) + aside_in(x.event["reason"])
            if x.event["other_mmsi"]
            else x.event["reason"],
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
        Columns of `FLAGGED` that say who they are, and why; what one says goes before the event's.
    tracks
        Where they were.
    """
    newest = tracks.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    seen = newest.set_index("mmsi")[["time", "lat", "lon"]].to_dict("index")
    nowhere = {"time": pd.NaT, "lat": float("nan"), "lon": float("nan")}
    rows = []
    for who in vessels:
        last = seen.get(who["mmsi"], nowhere)
        rows.append(
            {
                "rank": 1,
                "score": float(event["score"]),
                "explanations": event["explanation"],
                "last_seen": last["time"],
                "lat": last["lat"],
                "lon": last["lon"],
                "event_ids": event["event_id"],
                **who,
            }
        )
    table = pd.DataFrame(rows, columns=list(FLAGGED))
    table["last_seen"] = pd.to_datetime(table["last_seen"], utc=True)
    return frames.conform(table, FLAGGED)


def _words(x: Explanation, words: Labels) -> dict[str, Any]:
    event, t = x.event, words.at_desk
    base, score = x.lowered_from, f"{event['score']:.2f}"
    given = words.explained(str(event["explanation"]), x.evidence.explained)
    found = x.considered_in(words)
    feeds = file_names(report.feed or report.source for report in x.raw)
    looks = x.looks.groupby("status", sort=False)["run_id"].agg(list).to_dict()
    return {
        "as_known": "" if x.moment.now else str(x.moment),
        "retracted": _retracted(x, t) if event["retracted"] else "",
        "provisional": _provisional(x, t),
        "clocks": "" if x.doubt is None else clean(x.doubt.said(t)),
        "concluded": _concluded(x.dispositions, words),
        "limits": [
            [one.label, f"{one.measured}, {one.limit}: {one.margin}"]
            for one in checks.rows(x.evidence, words)
        ],
        "measured": [[name, clean(text)] for name, text in checks.facts(x.evidence, words)],
        "settings": [[name, clean(text)] for name, text in checks.settings(x.evidence, words)],
        "given": clean(explanation_line(given, words)) or t("None of those that were tried fits."),
        "lowered": ""
        if base is None
        else t("It lowers the score from {before} to {now}.", before=f"{base:.2f}", now=score),
        "overturned_by": clean(words.told(x.overturned_by)) if x.overturned_by else "",
        "others": [
            [
                f"{words.hypotheses.get(one.name, one.name)}: {t(one.verdict)}",
                clean(" ".join([one.sentence, *(t(LACKS, **asdict(lack)) for lack in one.lacks)])),
            ]
            for one in tried(found)
            if one.verdict != BEST
        ]
        + [[t(UNTRIED), clean(f"{why}: {names}")] for why, names in not_tried(found, words)],
        "raw": [
            {
                "what": t(report.what),
                "where": clean(
                    t(
                        "{feed}, place {n}",
                        feed=feeds[report.feed or report.source],
                        n=report.offset,
                    )
                ),
                "path": clean(report.feed),
                "problem": clean(report.reported.problem),
                "lines": [clean(line) for line in report.reported.lines],
            }
            for report in x.raw
        ],
        "vessels": [_vessel(past, x, words) for past in x.vessels],
        "revisions": [
            {
                "status": words.status_of(one.status),
                "run": t(
                    "{run}, reports up to {time}", run=one.run_id, time=minute(one.known_time)
                ),
                "changes": [[clean(line)] for line in one.changes],
            }
            for one in x.revisions
        ],
        "looks": [
            t(
                "Since then {status} in {runs}",
                status=words.status_of(str(status)),
                runs=", ".join(runs),
            )
            for status, runs in looks.items()
        ],
    }


def _retracted(x: Explanation, t: Say) -> str:
    run = x.event["run_id"]
    if x.superseded_by:
        return t(
            "Retracted by run {run}; its story goes on as {heir}", run=run, heir=x.superseded_by
        )
    return t("Retracted by run {run}", run=run)


def _provisional(x: Explanation, t: Say) -> str:
    until = x.provisional_until
    return "" if until is None else t(PROVISIONAL, time=minute(until))


def _vessel(past: Past, x: Explanation, words: Labels) -> dict[str, Any]:
    who, t = past.identity, words.at_desk
    stated = [
        [
            words.field(str(r["field"])),
            clean(
                t(
                    "{value} ({first} to {last})",
                    value=in_units(str(r["field"]), r["value"]),
                    first=minute(r["first_time"]),
                    last=minute(r["last_time"]),
                )
            ),
        ]
        for r in past.stated.to_dict("records")
    ]
    earlier = past.events.head(EARLIER)
    reasons = earlier["reason"].tolist()
    if words is not _ENGLISH:
        places = load_gazetteer(x.reference)
        teller = Teller(x.names, places, x.end, words.say, numbers_since(earlier))
        reasons = [
            teller.tell(one, who.mmsi) + aside_in(reason, words.say)
            for one, reason in zip(told(earlier), reasons, strict=True)
        ]
    scores = earlier["score"].tolist()
    return {
        "title": f"{who.mmsi:09d} {clean(who.name) or t('(no name)')}",
        "said": stated,
        "otherwise": [_otherwise(one, words) for one in past.otherwise],
        "concluded": _concluded(past.dispositions, words),
        "events": [
            [clean(f"{score:.2f}  {reason}")] for score, reason in zip(scores, reasons, strict=True)
        ],
        "more": max(len(past.events) - EARLIER, 0),
    }


def _otherwise(one: Otherwise, words: Labels) -> list[str]:
    text = words.at_desk(
        "{before} until {until}, {after} since {since}",
        before=in_units(one.field, one.before),
        until=minute(one.until),
        after=in_units(one.field, one.after),
        since=minute(one.since),
    )
    return [words.field(one.field), clean(text)]


def _concluded(dispositions: pd.DataFrame, words: Labels) -> list[str]:
    back = f" [{words.at_desk(WITHDRAWN)}]"
    return [
        clean(
            f"{words.at_desk(row['conclusion'].replace('_', ' '))}{back * taken} "
            f"({words.kind_of(row['kind'], '')} {row['event_id'][:8]}), {row['author']}, "
            f"{minute(row['made_time'])}: {row['reason']}"
        )
        for row, taken in zip(
            dispositions.to_dict("records"), taken_back(dispositions).tolist(), strict=True
        )
    ]
