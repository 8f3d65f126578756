"""The detector `unmatched_sighting`: its facts, its rule, its events."""

import hashlib
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.evidence import at_least
from detectors.core.frames import REPORTED, SECOND_US, epoch_us
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import EventsOf, Relation, SightingsWithin
from detectors.core.telling import Told, Words
from detectors.hypotheses.unmatched_sighting import HYPOTHESES
from detectors.kinematics import timespan
from detectors.surroundings import nearby
from detectors.unmatched_sighting.evidence import SETTINGS, evidence_of
from detectors.unmatched_sighting.leads import Lead, in_silence, lengths, loiterers, silent_vessels
from detectors.unmatched_sighting.limits import Limits
from detectors.unmatched_sighting.told import tell
from detectors.vessels import association

LARGE_SCORE: Final = 0.7
OTHER_SCORE: Final = 0.55
"""Base scores of a lone sighting by the length seen, times the probability that it was a vessel
without AIS: from `voluntary_length_m` on, and else, where a small boat that was seen with a
confidence of 0.7 (as of `min_unmatched_probability`) is still told. Who took the trouble to report
what shows no AIS has a lead; that the law asks none of it is for explanations to say."""
BESIDE_SCORE: Final = 0.65
"""Base score of one beside a loiterer; see `leads.FAR_SHARE`."""
SAR: Final = (
    r"(?i)\b(?:sar\b(?! *(?:helicopter|aircraft|plane|vessel|boat|craft|unit|crew))|sentinel[- ]?1"
    r"|s1[abc]?(?:[ _-]|$)|radarsat|rcm\b|iceye|capella|umbra|cosmo[- ]?skymed|terrasar|tandem-?x"
    r"|paz\b|palsar|alos-?2|saocom|kompsat-?5)"
)
"""Sources that name a synthetic aperture radar, and not search and rescue."""


class UnmatchedSighting(Limits):
    """A sighting that no AIS track explains with a probability of `min_unmatched_probability`.

    Sightings are matched to the tracks around as `detectors.vessels.association` says: interpolated
    or reckoned positions, Gaussian errors, one track for one sighting of a scene at most, against
    the density of vessels that AIS doesn't show. What the assignment gives to a track, or leaves
    unexplained with less than that probability, is no event.

    A vessel in a *gap* explains nothing more than `max_explaining_s` after its last report: it is
    named instead. Where it is what was seen with a probability of `min_lead_probability`, by the
    distance from where its last course and speed would have brought it (and, heard again before
    all is settled, from where those after the silence lead back to), the event is `near_gap`
    and carries its MMSI: the silent vessel may have been seen. Of the sightings of one scene each
    is held against a silent vessel of its own. Else, where a vessel *loiters*
    within `near_m` (and the uncertainty), or did or will within `before_or_after_s` without a
    likely reason, the event is `near_loitering` and carries the loiterer's
    MMSI, of several that of the one beside which it is worth most: something without AIS was
    beside it. All others carry MMSI 0, no vessel known.

    Notes
    -----
    Score before explanations: the probability of a vessel without AIS (unmatched, times the
    sighting's confidence) times 0.7 where it measures `voluntary_length_m` or more, else
    0.55. `near_gap`: that probability times 0.2 + 0.4 times the
    probability that it is the silent vessel, or as a lone one if that is more.
    `near_loitering`: that probability times 0.65, falling to 0.6 of it at `near_m`, and times what
    explanations leave of the loitering.

    All of it is settled `settle` after the sighting: reports after that don't bear upon it, and a
    gap or a loitering that the sighting lies in has shown by then.
    """

    name: ClassVar[str] = "unmatched_sighting"
    version: ClassVar[str] = "15"
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "cog_deg")
    source: ClassVar[str] = (
        "Kroodsma, Hochberg, Davis, Paolo, Joo & Wong (2022), Revealing the global longline fleet "
        "with satellite radar, Scientific Reports 12:21004, doi:10.1038/s41598-022-23688-7; Paolo "
        "et al. (2024), Satellite mapping reveals extensive industrial activity at sea, Nature "
        "625:85-91, doi:10.1038/s41586-023-06825-8"
    )
    after: ClassVar[tuple[str, ...]] = ("gap", "loitering")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who may have been sighted, and all that were silent or loitered."""
        motion = asdict(self.motion)
        return (SightingsWithin(**motion, shift_s=self.sar_shift_s), EventsOf(self.after))

    @property
    def settle(self) -> timedelta:
        """By then a gap of class B that began at the sighting has shown, or a loitering that began
        `before_or_after_s` after it.
        """
        return timedelta(hours=3, seconds=self.before_or_after_s)

    @property
    def lookback(self) -> timedelta:
        """As long; a track's reports reach back no further than `max_silence_s`."""
        return self.settle

    def _sightings(self, context: Context) -> pd.DataFrame:
        wanted = context.sightings["time"].between(context.start - self.settle, context.end)
        return context.sightings[wanted].reset_index(drop=True)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find unmatched sightings; see the class and `Detector.detect`."""
        sightings = self._sightings(context)
        if sightings.empty:
            return events.empty()
        seen = self._seen(sightings)
        tracks = _tracks(positions)
        pairs = association.candidates(tracks, seen, self.motion)
        gaps, loiterings = context.events_of("gap"), context.events_of("loitering")
        known = ~in_silence(self, pairs, seen, gaps)
        pairs = pairs._replace(**{name: of[known] for name, of in pairs._asdict().items()})
        stated_m = lengths(context.vessels, pairs.track_id // 100)
        weight = association.weights(pairs, seen, stated_m, self.prior)
        matches = association.match(pairs, weight, seen.scene)
        raised = ~matches.assigned & (matches.unmatched >= self.min_unmatched_probability)
        rows = np.flatnonzero(raised)
        if len(rows) == 0:
            return events.empty()
        found = zip(
            rows.tolist(),
            evidence_of(self, sightings, seen, pairs, matches, rows, context),
            silent_vessels(self, seen, rows, matches, gaps, context.vessels),
            loiterers(self, seen, rows, loiterings, tracks),
            strict=True,
        )
        return events.build(
            [
                self._event(sightings.iloc[row], evidence, silent, beside)
                for row, evidence, silent, beside in found
            ]
        )

    def _seen(self, sightings: pd.DataFrame) -> association.Seen:
        time_us = epoch_us(sightings["time"])
        moment = time_us // (self.scene_s * SECOND_US)
        scenes = pd.MultiIndex.from_arrays([moment, sightings["source"]])
        return association.Seen(
            np.asarray(pd.factorize(scenes)[0], "int64"),
            time_us,
            sightings["lat"].to_numpy("float64"),
            sightings["lon"].to_numpy("float64"),
            sightings["uncertainty_m"].to_numpy("float64"),
            sightings["length_m"].to_numpy("float64"),
            sightings["confidence"].to_numpy("float64"),
            np.where(sightings["source"].str.contains(SAR), self.sar_shift_s, 0.0),
        )

    def _event(
        self,
        sighting: pd.Series,
        evidence: dict[str, Any],
        silent: Lead | None,
        beside: Lead | None,
    ) -> dict[str, Any]:
        vessel = evidence["unmatched_probability"] * evidence["confidence_fraction"]
        lead = silent or beside
        if silent:
            alone = self._lone_score(evidence["length_m"])
            subkind, score = "near_gap", vessel * max(alone, 0.2 + 0.4 * silent.probability)
            evidence |= {
                "silent_vessel_probability": at_least(
                    silent.probability, self, "min_lead_probability"
                ),
                "silent_s": silent.silent_s,
                "silent_distance_m": silent.distance_m,
                "silent_reach_m": silent.reach_m,
            }
        elif beside:
            score = vessel * BESIDE_SCORE * beside.worth(self.near_m)
            subkind = "near_loitering"
            evidence |= {"loiterer_distance_m": beside.distance_m}
        else:
            subkind, score = "", vessel * self._lone_score(evidence["length_m"])
        if lead:
            evidence |= {"lead_event": lead.event_id, "lead_report_source": lead.report}
        unmatched = at_least(evidence["unmatched_probability"], self, "min_unmatched_probability")
        reached = evidence["zones_reached"]
        at_us = timespan.window_us(sighting["time"], sighting["time"])[0]
        return events.row(
            self,
            [lead.track] if lead else [],
            subkind=subkind,
            start_us=at_us,
            end_us=at_us,
            anchor_us=_anchor_us(str(sighting["sighting_id"])),
            lat=sighting["lat"],
            lon=sighting["lon"],
            score=np.clip(score, 0.0, 1.0) if reached else 0.0,
            explanation="" if reached else nearby.NOT_ASSESSED,
            evidence={**evidence, "unmatched_probability": unmatched},
            settings=SETTINGS,
        )

    def _lone_score(self, length_m: float) -> float:
        """Return the base score of a sighting that nothing is near."""
        return LARGE_SCORE if length_m >= self.voluntary_length_m else OTHER_SCORE

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, in a sentence for a sailor."""
        return tell(event, words, mmsi)


def _tracks(positions: pd.DataFrame) -> association.Tracks:
    return association.Tracks(
        positions["track_id"].to_numpy(),
        epoch_us(positions["time"]),
        *(positions[name].to_numpy("float64") for name in ("lat", "lon", "sog_kn", "cog_deg")),
    )


def _anchor_us(sighting_id: str) -> int:
    """Return a moment that stands for the sighting's name in the event's id.

    All detections of a satellite image have one time, and no track of their own to tell them apart.
    """
    digest = hashlib.blake2b(sighting_id.encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")
