"""Packs from the command line: make, verify, open, and the log."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyrage
import pytest
import yaml

from detectors.core import events as event_schema
from detectors.surroundings.zones import Zones
from pipelines.base.labels import labels
from pipelines.base.marks import Mark, Tlp
from pipelines.base.settings import PROJECT
from pipelines.ingest import Area
from pipelines.publish import earlier
from pipelines.run.release import Making
from tests.making import event_row
from tests.pipelines.conftest import Ran

Selat = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The project's configuration with one small recipient."""
    folder = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    profile = {
        "title": "Boat",
        "holds": ["MYS"],
        "max_tlp": "AMBER",
        "formats": ["csv"],
        "stale_after_h": 744,
    }
    (folder / "recipients.yaml").write_text(yaml.safe_dump({"boat": profile}))
    return folder


def test_a_pack_has_the_way_to_what_began_before_its_window() -> None:
    """Where nothing had begun sooner, a silence of the night before began at its mark."""
    start = pd.Timestamp("2026-01-06T16:00Z")
    end, hour = start + pd.Timedelta(days=1), pd.Timedelta(hours=1)
    store = SimpleNamespace(track_positions=lambda *asked: asked)
    making = SimpleNamespace(window=SimpleNamespace(start=start, end=end), store=store)

    def asked(*begins: pd.Timestamp) -> object:
        events = pd.DataFrame({"start": list(begins), "mmsi": 533000001, "other_mmsi": 0})
        return Making._positions(making, events)  # type: ignore[arg-type]

    assert asked(start + hour) == ([533000001], start, end)
    assert asked(start - hour, start) == ([533000001], start - hour - earlier.BEFORE, end)


@pytest.mark.parametrize(
    ("area", "struck", "kinds"),
    [
        ("all", [], ["spoofing", "loitering", "loitering"]),
        ("99,3,101,5", [], ["loitering"]),
        ("all", ["spoofing"], ["loitering"]),
    ],
)
def test_what_lay_at_a_false_place_is_no_lead_for_who_is_not_told_that_it_was_false(
    area: str, struck: list[str], kinds: list[str]
) -> None:
    """The vessel is shown 200 nm off, out of the recipient's area, or that is struck."""
    start, hour = pd.Timestamp("2026-01-05T16:00Z"), pd.Timedelta(hours=1)
    about = {"false_track_id": "53300000102", "believed_track_id": "53300000101", "returned": True}
    rows = [
        event_row("spoofing", start, start + 6 * hour, subkind="jump", lat=1.0, evidence=about),
        event_row("loitering", start + hour, start + 5 * hour, track_ids="53300000102"),
        event_row("loitering", start + 8 * hour, start + 9 * hour),
    ]
    events = event_schema.build(rows).assign(status="created")
    making = SimpleNamespace(
        area=Area.parse(area, Zones.none()),
        _sure=events,
        window=SimpleNamespace(end=start + 24 * hour),
        words=labels("en"),
        _enough=0.3,
        _redacted=lambda events: events,
    )
    left = events[~events["kind"].isin(struck)].reset_index(drop=True)
    mark = Mark(Tlp.CLEAR, frozenset())
    kept, marks = Making._cut(making, left, [mark] * len(left))  # type: ignore[arg-type]
    assert (kept["kind"].tolist(), len(marks)) == (kinds, len(kinds))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_locks")
def test_from_key_to_opened_pack(
    selat: Selat, home: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("--home", home, "--config", config)
    theirs = ("--home", tmp_path / "laptop", "--config", config)
    assert selat("export", "--to", "boat", *common).code == 1  # no key yet
    monkeypatch.setenv("SELAT_KEY_PASSPHRASE", "correct horse")
    public = selat("keys", "make", "--passphrase", *common).out.splitlines()[1].strip()
    opening = selat("keys", "make", "--opening", *theirs).out.splitlines()[1].strip()
    profile = yaml.safe_load((config / "recipients.yaml").read_text())
    profile["boat"]["encrypt_to"] = [opening]
    (config / "recipients.yaml").write_text(yaml.safe_dump(profile))

    made = selat("export", "--to", "boat", "--json", *common)
    assert made.code == 0, made.err
    [entry] = json.loads(made.out)
    [path] = entry["paths"]
    assert path.endswith(".zip.age")
    assert [p.name for p in (home / "packs").iterdir()] == [Path(path).name]

    assert selat("verify", path, *common).code == 1  # it isn't for us
    unknown = selat("verify", path, *theirs)
    assert unknown.code == 10
    assert "then --key FILE" in unknown.out
    assert selat("verify", path, "--key", public, *theirs).code == 11  # an old exercise
    selat("keys", "trust", public, "--title", "maker", *theirs)
    opened = selat("open", path, tmp_path / "out", *theirs)
    assert opened.code == 11
    assert "SIMULATED DATA" in opened.out
    assert (tmp_path / "out" / "flagged.csv").exists()

    (tmp_path / "out" / "flagged.csv").write_text("")
    spoilt = selat("verify", tmp_path / "out", *theirs)
    assert spoilt.code == 9
    assert "changed: flagged.csv" in spoilt.out
    assert "have it sent again" in spoilt.out
    assert selat("open", tmp_path / "out", tmp_path / "again", *theirs).code == 9
    assert not (tmp_path / "again").exists()

    whole = selat("exports", *common)
    [first] = [line.split() for line in whole.out.splitlines() if line.split()[0] == "1"]
    assert first[3] == "MYT"
    pack = first[5]
    for named in (pack, home / "packs" / f"{pack}.zip", home / "packs" / pack):
        told = selat("correct", named, *common)  # by the name that was told, or by its file
        assert (told.code, f"{pack} stands" in told.err) == (7, True)
    assert whole.code == 0
    assert "whole; newest hash" in whole.out
    head = whole.out.split()[-1]
    assert selat("exports", "--expect", head, *common).code == 0
    log = home / "exports.jsonl"
    log.write_text(log.read_text().replace('"boat"', '"abf"'))
    assert selat("exports", *common).code == 9
    listed = selat("correct", *common)
    assert (listed.code, listed.out) == (9, "")  # no all-clear
    assert "line 1 was changed" in listed.err
    assert selat("exports", "--expect", "f" * 64, *common).code == 9


@pytest.mark.slow
@pytest.mark.usefixtures("quick_locks")
def test_revoking_tells_and_all_packs_are_signed_with_one_unlocking(
    selat: Selat, home: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("--home", home, "--config", config)
    monkeypatch.setenv("SELAT_KEY_PASSPHRASE", "correct horse")
    key = selat("keys", "make", "--passphrase", *common).out.split()[0]
    profiles = yaml.safe_load((config / "recipients.yaml").read_text())
    profiles["boat-2"] = profiles["boat"]
    (config / "recipients.yaml").write_text(yaml.safe_dump(profiles))
    unlocked, decrypt = [], pyrage.passphrase.decrypt
    monkeypatch.setattr(
        pyrage.passphrase, "decrypt", lambda *given: unlocked.append(1) or decrypt(*given)
    )
    made = json.loads(selat("export", "--to", "all", "--json", *common).out)
    assert [entry["recipient"] for entry in made] == ["boat", "boat-2"]
    assert len(unlocked) == 1
    for entry in made:
        assert selat("verify", entry["paths"][0], *common).code == 11
    [folder, _archive] = made[0]["paths"]
    selat("keys", "revoke", key[:6], "--reason", "stolen", *common)
    revoked = selat("verify", folder, *common)
    assert revoked.code == 10
    assert "signed by a key that holds" in revoked.out
    assert "stolen" in revoked.out
    assert "revoked" in selat("keys", "list", *common).out


@pytest.mark.slow
def test_what_was_closed_here_is_said_before_it_goes_out(
    selat: Selat, home: Path, config: Path
) -> None:
    common = ("--home", home, "--config", config)
    listed = json.loads(selat("incidents", "--json", *common).out)["incidents"]
    for incident, conclusion in zip(listed, ("cleared", "watch"), strict=False):
        about = ("--as", conclusion, "--reason", "seen by KM Tegas", "--by", "KD")
        told = selat("disposition", "add", incident["incident_id"], *about, *common).out
        n = incident["events"].count(";") + 1
        assert len(told.splitlines()) == 1  # however many events it has
        assert f"{conclusion} (KD)" in told
        assert n == 1 or f"on its {n} events" in told
    made = selat("export", "--to", "boat", "--unsigned", *common)
    assert made.code == 0, made.err
    concluded = [line for line in made.err.splitlines() if "concluded here" in line]
    mmsi = listed[0]["mmsi"]
    assert concluded == [f"boat: concluded here: 1 {mmsi} cleared (KD: seen by KM Tegas)"]
    assert "--strike leaves a lead out" in made.err
    [folder] = (path for path in (home / "packs").iterdir() if path.is_dir())
    assert "KM Tegas" not in "".join(path.read_text(errors="replace") for path in folder.iterdir())


@pytest.mark.slow
def test_mistakes_are_told(selat: Selat, home: Path, config: Path, tmp_path: Path) -> None:
    common = ("--home", home, "--config", config)
    nobody = selat("export", "--to", "nobody", "--unsigned", *common)
    assert nobody.code == 2
    assert "known: boat" in nobody.err
    assert selat("export", *common).code == 2
    assert selat("verify", tmp_path / "none", *common).code == 1
    no_run = selat("export", "--to", "boat", "--run", "x", "--unsigned", *common)
    assert no_run.code == 7
    (config / "marks.yaml").write_text("default: {tlp: PINK, rel: ALL}\n")
    wrong = selat("export", "--to", "boat", "--unsigned", *common)
    assert wrong.code == 2
    assert "default.tlp" in wrong.err
    assert "line 1" in wrong.err
    assert selat("doctor", *common).code == 1


@pytest.mark.slow
def test_the_doctor_looks_at_recipients(selat: Selat, tmp_path: Path, config: Path) -> None:
    text = (config / "recipients.yaml").read_text()
    (config / "recipients.yaml").write_text(text.replace("MYS", "XXX") + "  area: atlantis\n")
    found = selat("doctor", "--json", "--home", tmp_path / "none", "--config", config)
    told = [
        (p["level"], p["message"])
        for p in json.loads(found.out)
        if p["where"] == "recipients.yaml, boat"
    ]
    assert found.code == 1
    assert told == [
        ("error", "there is no zone 'atlantis'"),
        ("warning", "no mark names XXX, so nothing goes to it"),
    ]
