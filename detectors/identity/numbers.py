"""Numbers that can't be right."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.identity.limits import Limits
from detectors.identity.story import SCORES, Story, VesselReports
from detectors.vessels import statement
from detectors.vessels.numbers import (
    BAD_FORM,
    BAD_MID,
    imo_is_valid,
    imo_kind,
    is_default_number,
    mmsi_kind,
)

BOTH_WRONG_SCORE: Final = 0.5
"""Of a large ship of which neither the MMSI nor the IMO number can be right: one slip is common,
two are an invention."""
SETTINGS: Final = ("min_ship_m",)


def invalid_imos(
    limits: Limits, reports: VesselReports, statements: pd.DataFrame, numbers: pd.DataFrame
) -> Iterator[Story]:
    """Find ships whose IMO number has a wrong check digit."""
    wrong = imo_kind(statements["imo"]) == "invalid"
    merchant = statements["ship_type"].between(60, 89) | statements["length_m"].ge(
        limits.min_ship_m
    )
    wrong &= (merchant & statements["ais_class"].ne("B")).to_numpy(bool)
    doubtful = statement.rows_of(statement.spans(statements[wrong], "imo")).values()
    whose = numbers["mmsi"].isin({one.mmsi for one in doubtful}).to_numpy(bool)
    said = {mmsi: statement.rows_of(own) for mmsi, own in numbers[whose].groupby("mmsi")}
    for one in doubtful:
        stated_s = (one.last_us - one.first_us) / SECOND_US
        if stated_s < limits.min_said_s or statement.is_corrected(
            one, said[one.mmsi], limits.memory
        ):
            continue
        row = reports.at(one.mmsi, one.first_us)
        evidence = {
            "new_value": one.value,
            "said_for_s": at_least(stated_s, limits, "min_said_s"),
            "default_number": is_default_number(int(one.value)),
            "n_reports": 1,
            "first_report_source": reports.source_of(row),
        }
        yield Story(
            "invalid_imo",
            (int(reports.track[row]),),
            one.first_us,
            one.last_us,
            float(reports.lat[row]),
            float(reports.lon[row]),
            SCORES["invalid_imo"],
            evidence,
            SETTINGS,
        )


def invalid_mmsis(
    limits: Limits, reports: VesselReports, statements: pd.DataFrame, now_us: int
) -> Iterator[Story]:
    """Find vessels whose MMSI no station can have, once for as long as they are heard without a
    silence of `max_interruption_s`.
    """
    kinds = mmsi_kind(reports.vessels)
    wrong = np.flatnonzero((kinds == BAD_MID) | (kinds == BAD_FORM))
    about = statements[statements["mmsi"].isin(reports.vessels[wrong]).to_numpy(bool)]
    is_large = (about["length_m"].ge(limits.min_ship_m) | imo_is_valid(about["imo"])).to_numpy(bool)
    pause_us = limits.max_interruption_s * SECOND_US
    for i in wrong.tolist():
        mmsi = int(reports.vessels[i])
        rows = reports.of(mmsi)
        rows = rows[np.argsort(reports.time_us[rows], kind="stable")]
        bounds = offsets(np.cumsum(np.r_[0, np.diff(reports.time_us[rows]) > pause_us]))
        own = (about["mmsi"] == mmsi).to_numpy(bool)
        said_us = epoch_us(about["first_time"])
        for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            first, last = int(rows[a]), int(rows[b - 1])
            start_us, last_us = int(reports.time_us[first]), int(reports.time_us[last])
            heard_s = (last_us - start_us) / SECOND_US
            if heard_s < limits.min_said_s:
                continue
            then = own & is_large & (said_us >= start_us) & (said_us <= last_us)
            large = bool(then.any())
            lies = bool((imo_kind(about["imo"][then]) == "invalid").any())
            score = SCORES["invalid_mmsi"] * (2 if large else 1)
            evidence = {
                "what_is_wrong": "no such MID" if kinds[i] == BAD_MID else "no such form",
                "says_it_is_large": large,
                "imo_invalid_too": lies,
                "heard_s": at_least(heard_s, limits, "min_said_s"),
                "default_number": is_default_number(mmsi),
                "n_reports": b - a,
                "first_report_source": reports.source_of(first),
                "last_report_source": reports.source_of(last),
            }
            yield Story(
                "invalid_mmsi",
                (int(reports.track[first]),),
                start_us,
                last_us,
                float(reports.lat[first]),
                float(reports.lon[first]),
                BOTH_WRONG_SCORE if lies else score,
                evidence,
                (*SETTINGS, "max_interruption_s"),
                going_on=now_us - last_us <= pause_us,
            )
