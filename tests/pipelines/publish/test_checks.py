"""Evidence in readable form: limits beside what was measured, and nothing lost."""

import re

import pytest

from detectors.core.evidence import Bound, Evidence
from pipelines.base.labels import labels
from pipelines.publish import checks

ENCOUNTER = Evidence.of(
    {
        "median_distance_m": Bound(51.0, 500.0, "at_most", "max_distance_m"),
        "duration_s": Bound(20400, 1800.0, "at_least", "min_duration_s"),
        "median_speed_kn": Bound(0.07, 2.5, "at_most", "max_speed_kn"),
        "min_distance_m": 40.0,
        "near_land": False,
        "first_report_source": "bfc7fd6cbbb339e6:7207142",
    },
    {"max_silence_s": 1800},
)


def test_each_limit_stands_beside_what_was_measured_the_nearest_first() -> None:
    assert checks.rows(ENCOUNTER) == [
        checks.Row("usual distance apart", "51 m", "at most 500 m", "449 m less", "max_distance_m"),
        checks.Row(
            "usual speed by its positions",
            "0.07 kn",
            "at most 2.5 kn",
            "2.43 kn less",
            "max_speed_kn",
        ),
        checks.Row(
            "how long, as measured", "5.7 h", "at least 30 min", "5.2 h more", "min_duration_s"
        ),
    ]


def test_nothing_of_the_evidence_is_lost() -> None:
    told = [name for name, _ in (*checks.facts(ENCOUNTER), *checks.settings(ENCOUNTER))]
    assert told == ["nearest", "close to land", "max silence"]
    assert checks.reports(ENCOUNTER) == {"first report": ("bfc7fd6cbbb339e6", 7207142)}
    assert checks.values(ENCOUNTER)["max_distance_m"] == 500.0


def test_what_was_not_measured_stands_last() -> None:
    told = checks.facts(Evidence.of({"length_m": None, "n_reports": 29}))
    assert [text for _, text in told] == ["29", checks.UNKNOWN]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (1, ["at anchor", "90 %"]),
        (15, [checks.UNKNOWN, checks.UNKNOWN]),
        (None, [checks.UNKNOWN, "90 %"]),
    ],
)
def test_of_what_status_a_share_is_is_said(code: int | None, told: list[str]) -> None:
    found = checks.facts(Evidence.of({"nav_status": code, "nav_status_fraction": 0.9}))
    assert dict(found) == dict(
        zip(("navigation status stated", "share of reports with that status"), told, strict=True)
    )


@pytest.mark.parametrize(
    ("bound", "measured", "margin"),
    [
        (Bound(9.0, 2.5, "at_most"), "9 kn", "6.5 kn more"),
        (Bound(1.0, 2.5, "at_least"), "1 kn", "1.5 kn less"),
        (Bound(float("nan"), 2.5, "at_least"), "not known", ""),
    ],
)
def test_a_value_beyond_its_limit_says_so(bound: Bound, measured: str, margin: str) -> None:
    (row,) = checks.rows(Evidence.of({"speed_kn": bound}))
    assert (row.measured, row.margin) == (measured, margin)


@pytest.mark.parametrize(
    ("name", "bound", "row"),
    [
        ("heard_fraction", Bound(0.9249, 0.6, "at_least"), ("92 %", "at least 60 %", "32 points")),
        ("heard_fraction", Bound(0.614, 0.6, "at_least"), ("61 %", "at least 60 %", "1 point")),
        ("duration_s", Bound(5830.0, 3600.0, "at_least"), ("1.6 h", "at least 60 min", "36 min")),
        ("distance_m", Bound(51.4, 20.4, "at_least"), ("51 m", "at least 20 m", "31 m")),
        ("speed_kn", Bound(10.04, 2.55, "at_least"), ("10 kn", "at least 2.55 kn", "7.45 kn")),
    ],
)
def test_the_three_numbers_of_a_row_agree(
    name: str, bound: Bound, row: tuple[str, str, str]
) -> None:
    (told,) = checks.rows(Evidence.of({name: bound}))
    assert (told.measured, told.limit, told.margin) == (*row[:2], f"{row[2]} more")


def test_a_share_is_told_by_points_in_malay_too() -> None:
    (told,) = checks.rows(
        Evidence.of({"heard_fraction": Bound(0.92, 0.6, "at_least")}), labels("ms")
    )
    assert told.margin.startswith("32 mata peratusan ")


def test_hours_are_called_in_malay_as_its_sentences_call_them() -> None:
    told = next(one for one in checks.rows(ENCOUNTER, labels("ms")) if "jam" in one.measured)
    assert (told.measured, "5.2 jam" in told.margin) == ("5.7 jam", True)
    bare = {text for text in labels("ms").sayings.values() if re.search(r"\} [jh]\b", text)}
    assert not bare


def test_sides_ways_and_reasons_behind_a_meeting_are_told_in_malay() -> None:
    of = {
        "from_side": "Singapore",
        "how": "apart",
        "home_report_source": "",
        "partner_explanation": "out over the feed's own edge: the feed hears nobody",
    }
    told = dict(checks.facts(Evidence.of(of), labels("ms"))).values()
    assert list(told) == [
        "Singapura",
        "berasingan",
        "keluar melepasi pinggir suapan data sendiri: the feed hears nobody",
    ]
    limits = ("frozen_s", "offset_spread_m", "sailed_m")
    for row in checks.rows(
        Evidence.of({name: Bound(900.0, 600.0, "at_least") for name in limits}), labels("ms")
    ):
        assert "Inggeris" not in row.label


def test_a_zone_of_our_layers_is_named_in_the_language_and_any_other_as_on_its_chart() -> None:
    of = {"zone_name": "Territorial sea of Malaysia-Singapore"}
    assert checks.facts(Evidence.of(of), labels("ms")) == [
        ("zon", "Laut wilayah Malaysia-Singapura")
    ]
    assert checks.facts(Evidence.of(of)) == [("zone", "Territorial sea of Malaysia-Singapore")]
    [(_, name)] = checks.facts(Evidence.of({"zone_name": "Waters off <Kukup>"}), labels("ms"))
    assert name == "Waters off <Kukup>"
