"""The detector `watch_area`: its facts, its rule, its events."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from pydantic import PositiveInt

from detectors.core import events, telling
from detectors.core.detector import Context, Detector
from detectors.core.evidence import Bound
from detectors.core.frames import SECOND_US
from detectors.core.relations import EventsOf, Relation
from detectors.core.telling import Told, Words
from detectors.kinematics import timespan
from detectors.surroundings.watches import Watch

READS: Final = {"meet": "encounter", "silence": "gap"}
"""What is watched for, and the detector whose events tell of it."""


class WatchArea(Detector):
    """Meetings (``meet``) and silences (``silence``) in areas where users asked to be told of them.

    An event of `encounter` or `gap` that lies in a zone with such a watch, whose span it asks for,
    of a vessel that it is about (of a meeting: either), is an event here with the score that the
    watch says, whatever explains it. Who enters, stays, stops or speeds is found by `geofence`.
    """

    settle_s: PositiveInt = 10_800
    """3 hours: an encounter or a gap that ended no longer ago may still change."""

    name: ClassVar[str] = "watch_area"
    version: ClassVar[str] = "2"
    requires: ClassVar[tuple[str, ...]] = ("mmsi", "ais_class", "track_id")
    source: ClassVar[str] = "Own rule: what users ask to be told of, in areas that they drew"
    after: ClassVar[tuple[str, ...]] = ("encounter", "gap")
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return those in events with the vessel."""
        return (EventsOf(self.after, shared=True),)

    @property
    def settle(self) -> timedelta:
        """As long as what it reads may still change."""
        return timedelta(seconds=self.settle_s)

    @property
    def lookback(self) -> timedelta:
        """Return what it reads has looked back already."""
        return timedelta(seconds=self.settle_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find them; see the class for the rule and `Detector.detect` for the frames."""
        window = timespan.window_us(context.start - self.settle, context.end)
        best: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row, watch in context.zones.watches:
            if watch.when not in READS:
                continue
            for made in self._of(row, watch, positions, context, window):
                key = (made["subkind"], made["zone_id"], made["track_ids"], made["anchor"])
                if key not in best or made["score"] > best[key]["score"]:
                    best[key] = made
        return events.build(list(best.values()))

    def _of(
        self,
        row: int,
        watch: Watch,
        positions: pd.DataFrame,
        context: Context,
        window: tuple[int, int],
    ) -> list[dict[str, Any]]:
        found, zones = context.events_of(READS[watch.when]), context.zones
        loaded = found["mmsi"].isin(positions["mmsi"].unique())
        found = found[loaded].reset_index(drop=True)
        only = np.arange(len(zones.frame)) == row
        inside = np.zeros(len(found), bool)
        inside[zones.members_of(found["lat"], found["lon"], only)[0]] = True
        start_us, end_us = events.spans_us(found)
        seen = [one.seen_until for one in telling.told(found)]
        upto_us = np.array([window[1] if t is None else t.value // 1_000 for t in seen], "int64")
        inside &= (upto_us - start_us) >= watch.min_duration_s * SECOND_US
        inside &= watch.asks(start_us, upto_us) & timespan.touches(
            start_us, end_us, window, timedelta(0)
        )
        sets = positions.drop_duplicates("mmsi").set_index("mmsi")["ais_class"].astype("str")
        types = context.vessels.drop_duplicates("mmsi").set_index("mmsi")["ship_type"]
        concerned = np.zeros(len(found), bool)
        for side in ("mmsi", "other_mmsi"):
            concerned |= (found[side] != 0).to_numpy() & watch.concerns(
                types.reindex(found[side]).fillna(-1).to_numpy("int64"),
                sets.reindex(found[side]).fillna("").to_numpy("str"),
            )
        return [
            self._event(one, row, watch, context, (start_us[i], end_us[i], upto_us[i]))
            for i, one in enumerate(events.records(found))
            if inside[i] and concerned[i]
        ]

    def _event(
        self,
        read: dict[str, Any],
        row: int,
        watch: Watch,
        context: Context,
        span_us: tuple[int, int, int],
    ) -> dict[str, Any]:
        """Return the event of one that was read; of its span also how far it is known."""
        start_us, end_us, upto_us = map(int, span_us)
        about, evidence = context.zones.records[row], read["evidence"]
        told = evidence.explained
        sources = ("first_report_source", "last_report_source")
        return events.row(
            self,
            [int(track) for track in read["track_ids"].split(";")],
            subkind=watch.when,
            zone_id=str(about["zone_id"]),
            start_us=start_us,
            end_us=None if end_us == events.NEVER else end_us,
            lat=read["lat"],
            lon=read["lon"],
            score=watch.score,
            evidence={
                "zone_class": str(about["zone_class"]),
                "zone_name": str(about["name"]),
                "zone_confidence": str(about["confidence"]),
                "watch": watch.text,
                "watch_asked_by": watch.source,
                "duration_s": Bound(
                    (upto_us - start_us) // SECOND_US, watch.min_duration_s, "at_least"
                ),
                "read_event": read["event_id"],
                "read_score": float(read["score"]),
                "read_explanation": "" if told is None else told.name,
                **{name: evidence.get(name) for name in sources if name in evidence},
            },
        )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say who met whom, or fell silent, and where."""
        zone, place = event.evidence["zone_name"], words.place(event.lat, event.lon)
        lasted = words.duration(event.start, event.seen_until)
        if event.subkind == "meet":
            return words.say(
                "Met {other} for {duration} in the watched area {zone}, {place}",
                other=words.name(event.partner_of(mmsi)),
                duration=lasted,
                zone=zone,
                place=place,
            )
        return words.say(
            "Silent for {duration} in the watched area {zone}, {place}",
            duration=lasted,
            zone=zone,
            place=place,
        )
