"""A pack tells nothing of what its recipient may not have.

The same open feeds are packed for the same recipients by a home that holds nothing else, and by one
that holds secret feeds, sightings, a watch-list and conclusions beside them: not a byte may differ.
Neither may one of a correction.
"""

import gzip
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detectors
from detectors.core.errors import SelatError
from detectors.core.events import parsed
from pipelines import store
from pipelines.ask import recall
from pipelines.ask.explain import quoted
from pipelines.ask.health import problems
from pipelines.ask.held_wrong import FORGOTTEN, _wrong, held_wrong
from pipelines.ask.look import look
from pipelines.assess.misplaced import LIES_THERE
from pipelines.assess.reasons import by_feed
from pipelines.base.progress import reporter
from pipelines.base.settings import HealthSettings, Installation, load
from pipelines.base.text import iso_now
from pipelines.exercise import simulate
from pipelines.publish.packs import issued, log
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.standing import due, standing_here
from pipelines.publish.packs.verify import verify
from pipelines.run import feeds, runs
from pipelines.run.corrections import NothingToCorrectError, correct
from pipelines.run.dispositions import record
from pipelines.run.packs import Sent, WithheldError, export_to
from pipelines.run.release import release_run
from pipelines.run.setup import load_zones
from tests.conftest import leaving_out_briefs
from tests.pipelines.publish.packs.conftest import FORMATS, configured

RECIPIENTS = f"""
ally: {{title: An ally, holds: [AUS], max_tlp: RED, formats: {FORMATS}}}
crew: {{title: A crew, holds: [AUS], max_tlp: RED, formats: [csv, geojson], plan: all,
       language: ms, top: 5, redact: ["*_source", callsign]}}
coast: {{title: A coast, holds: [AUS], max_tlp: RED, formats: [csv], area: "100,1,104.6,4",
        redact: [feeds]}}
"""
STRAIT = [[100, 1], [104.6, 1], [104.6, 4], [100, 4], [100, 1]]
RULED = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "zone_id": "ruled",
                "name": "Ruled",
                "zone_class": "ruled_waters",
                "source": "a test",
                "confidence": "approximate",
                "rules": [{"anchoring": "prohibited", "source": "a test"}],
            },
            "geometry": {"type": "Polygon", "coordinates": [STRAIT]},
        }
    ],
}
"""No ship may anchor, so that those at anchor are events."""
WATCHED = f"""
name: Strait
polygon: {STRAIT}
watch:
  - {{when: meet, min_duration_min: 5, score: 0.4}}
  - {{when: silence, min_duration_min: 60, score: 0.4}}
"""
BEGIN_S = 1767628800  # of the exercise
HOURS = 8
NOW = pd.Timestamp("2026-01-06T05:00:30Z")
_TIME = re.compile(rb"^\\[^*]*c:(\d+)")


class Parts:
    """The feed of an exercise in its folder, split by who may have what."""

    def __init__(self, folder: Path) -> None:
        lines = gzip.decompress((folder / "feed.nmea.gz").read_bytes()).splitlines(keepends=True)
        times = [int(found[1]) if (found := _TIME.match(line)) else 0 for line in lines]
        self.folder = folder
        early, late = BEGIN_S + 1800, BEGIN_S + (HOURS - 1) * 3600
        middle = BEGIN_S + HOURS * 3600 * 7 // 12
        # What one receiver hears, and the first half hour and the last hour, are secret.
        whose: dict[str, list[bytes]] = {}
        for line, time in zip(lines, times, strict=True):
            if b"SELATSIM-JUG" in line or not early < time < late:
                name = "secret-1" if time < middle else "secret-2"
                name = "secret-3" if time >= late else name
            else:
                name = "open-1" if time < middle else "open-2"
            whose.setdefault(name, []).append(line)
        for name, own in whose.items():
            (folder / f"{name}.nmea.gz").write_bytes(gzip.compress(b"".join(own), mtime=0))
        shutil.copy(folder / "open-2.nmea.gz", folder / "secret-copy.nmea.gz")
        seen = (folder / "sightings.csv").read_text().splitlines(keepends=True)
        (folder / "open.csv").write_text("".join(seen[:20]))
        # The same rows, others under the same names, and more.
        other = [line.replace(",0.9", ",0.8") for line in seen[10:20]]
        (folder / "secret.csv").write_text("".join([*seen[:10], *other, *seen[20:]]))

    def __getitem__(self, name: str) -> str:
        return str(self.folder / (name if name.endswith(".csv") else f"{name}.nmea.gz"))


_SECRETLY_HEARD = (
    "EXISTS (FROM presence AS p JOIN ledger AS l USING (feed_key) WHERE p.mmsi = events.mmsi "
    "AND p.date = strftime(events.start, '%Y-%m-%d') AND l.name LIKE '%/secret-_.nmea.gz')"
)


class Home:
    """A home that is used as an operator uses one."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        self.installation = load(folder / "home", configured(folder, RECIPIENTS, 20))
        zones = self.installation.config / "zones"
        (zones / "ruled.geojson").write_text(json.dumps(RULED))
        (zones / "watch_areas" / "strait.yaml").write_text(WATCHED)
        self.zones = load_zones(self.installation)
        self.parts = parts
        self.first = ""

    def ingest(self, *names: str) -> None:
        with reporter(quiet=True) as report:
            feeds.ingest_only(
                self.installation,
                self.zones,
                [self.parts[name] for name in names],
                area=None,
                mapping=None,
                report=report,
            )

    def night(self, *sightings: str, date: str | None = None) -> str:
        with reporter(quiet=True) as report:
            paths = [self.parts[name] for name in sightings]
            return runs.detect_only(self.installation, date, None, None, report, paths).run_id

    def conclude(self, event_id: str) -> None:
        record(
            self.installation,
            event_id,
            author="A",
            conclusion="cleared",
            reason="known",
            quiet_until=pd.Timestamp("2026-02-01", tz="UTC"),
            quiet_within_m=1e6,
        )

    def watch(self, mmsis: list[int], name: str) -> None:
        folder = self.installation.config / "watchlists"
        folder.mkdir(exist_ok=True)
        pd.DataFrame({"mmsi": mmsis}).to_csv(folder / f"{name}.csv", index=False)
        (folder / f"{name}.yaml").write_text(f"title: {name}\nsource: a test\nlicence: CC0-1.0\n")

    def flags(self) -> pd.DataFrame:
        with store.read(self.installation.store) as reader:
            run = reader.last_run()
            assert run is not None
            return reader.flags(run["run_id"])

    def events(self, where: str) -> list[str]:
        with store.read(self.installation.store) as reader:
            query = f"SELECT event_id FROM events WHERE NOT retracted AND {where} ORDER BY event_id"
            return list(reader.sql(query)["event_id"])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    folder = tmp_path_factory.mktemp("parts")
    start = pd.Timestamp(BEGIN_S, unit="s", tz="UTC").to_pydatetime()
    # Of the exercise that other tests use partners may see nobody who could have met in silence.
    simulate(folder, seed=15, hours=HOURS, vessels=45, start=start, zones=load_zones(load()))
    return Parts(folder)


@pytest.fixture(scope="module")
def homes(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """A home with the open feeds only, and one with the secret ones too."""
    folder = tmp_path_factory.mktemp("homes")
    with leaving_out_briefs():
        plain, more = Home(folder / "plain", parts), Home(folder / "more", parts)
        plain.ingest("open-1")
        plain.first = plain.night()
        more.ingest("secret-copy", "open-1")  # a copy of an open feed comes first
        more.first = more.night()
        alike = set(plain.events("score > 0.3"))
        for one in [e for e in more.events(f"NOT {_SECRETLY_HEARD}") if e in alike][:3]:
            plain.conclude(one)  # before a secret feed hears the vessel too
            more.conclude(one)
        more.ingest("secret-1", "secret-2", "open-2")
        plain.ingest("open-2")
        with store.read(more.installation.store) as reader:
            heard = reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY mmsi")["mmsi"].tolist()
        for home in (plain, more):
            home.watch(heard[::3], "open")
        more.watch(heard[1::3], "secret")
        plain.night("open.csv")
        more.night("secret.csv", "open.csv")
        secretly = more.events(_SECRETLY_HEARD)
        for one in secretly[:: len(secretly) // 8]:  # each is a write of its own
            more.conclude(one)
        more.ingest("secret-3")  # a night of its own, after all others
        more.night()
    keys = more.installation.keys
    export_to(plain.installation, "coast", out=folder / "first", unsigned=True)
    shutil.copytree(plain.installation.keys, keys)
    return plain, more


@pytest.fixture(scope="module")
def packed(
    homes: tuple[Home, Home], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Sent, Sent]]:
    """The packs of both homes for a recipient; an ally's is of the first night."""
    folder = tmp_path_factory.mktemp("packed")

    @cache
    def both(name: str) -> tuple[Sent, Sent]:
        plain, more = (
            export_to(
                home.installation,
                name,
                out=folder / kind,
                unsigned=True,
                run_id=home.first if name == "ally" else None,
            )
            for home, kind in zip(homes, ("plain", "more"), strict=True)
        )
        return plain, more

    return both


def contents(sent: Sent) -> dict[str, bytes]:
    """Every file of a pack, its archive too, by its name."""
    folder, archive = sent.paths
    files = (path for path in folder.rglob("*") if path.is_file())
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {**found, folder.name: b"", archive.name: archive.read_bytes()}


@pytest.mark.parametrize(
    "recipient", ["ally", pytest.param("crew", marks=pytest.mark.prove), "coast"]
)
def test_a_pack_is_as_if_nothing_else_were_known(
    packed: Callable[[str], tuple[Sent, Sent]], recipient: str
) -> None:
    plain, more = packed(recipient)
    assert len(plain.products.flagged)
    assert sorted(contents(plain)) == sorted(contents(more))
    differing = [
        name for name, content in contents(plain).items() if contents(more)[name] != content
    ]
    assert not differing


def test_the_feeds_exercise_every_detector(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]]
) -> None:
    plain, more = homes
    found = {
        name for who in ("ally", "coast") for name in packed(who)[0].products.events["detector"]
    }
    # An outlier needs what was learned: no pack is made from that.
    assert found == set(detectors.names()) - {"outlier"}
    assert set(more.events("true")) != set(plain.events("true"))
    with store.read(plain.installation.store) as one, store.read(more.installation.store) as other:
        assert 0 < len(one.dispositions()) < len(other.dispositions())
        assert len(one.runs()) < len(other.runs())


def test_two_recipients_cannot_compare_ids(packed: Callable[[str], tuple[Sent, Sent]]) -> None:
    ally, coast = (packed(name)[0] for name in ("ally", "coast"))
    assert set(ally.released.own["event_id"]) & set(coast.released.own["event_id"])
    told = [set(sent.products.events["event_id"]) for sent in (ally, coast)]
    assert not told[0] & told[1]
    for sent in (ally, coast):
        text = b"".join(contents(sent).values()).decode(errors="replace")
        assert not [key for key in sent.released.own["event_id"] if key in text]


def test_a_lead_may_be_struck_or_the_pack_withheld(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]], tmp_path: Path
) -> None:
    installation = homes[1].installation
    mmsi = f"{packed('coast')[1].products.flagged['mmsi'].iloc[0]:09d}"
    with pytest.raises(WithheldError):
        export_to(installation, "coast", out=tmp_path, unsigned=True, agree=lambda _: False)
    assert not list(tmp_path.iterdir())
    sent = export_to(installation, "coast", out=tmp_path, unsigned=True, strike=[mmsi])
    assert sent.entry["struck"] == [mmsi]
    for name, content in contents(sent).items():
        assert mmsi.encode() not in content, name
        assert b"struck" not in content
    with pytest.raises(SelatError, match="no lead"):
        export_to(installation, "coast", out=tmp_path, unsigned=True, strike=["999999999"])


def test_an_id_that_a_partner_quotes_finds_its_event(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]]
) -> None:
    installation, sent = homes[1].installation, packed("coast")[1]
    with store.read(installation.store) as reader:
        moment = recall.latest(reader)
        pairs = zip(sent.products.events["event_id"], sent.released.own["event_id"], strict=True)
        for told, own in list(pairs)[:20]:
            found, lines = quoted(reader, installation, told, moment)
            assert told in lines[0]
            if reader.event(own) is not None:
                assert list(found["event_id"]) == [own]
        assert quoted(reader, installation, "0" * 16, moment)[0].empty


# ---- Corrections, in copies of the homes: they change what is kept of packs


def copied(installation: Installation, folder: Path) -> Installation:
    shutil.copytree(installation.home, folder / "home", symlinks=True)
    return load(folder / "home", installation.config)


def noted(installation: Installation, pack: str) -> Path:
    paths = installation.exported.glob(f"{pack}.*.parquet")
    return max(paths, key=lambda path: (path.stat().st_mtime, path.name))


def wrong(installation: Installation, pack: str) -> pd.DataFrame:
    """What the holder of a pack holds wrong, by all that a home knows."""
    with store.read(installation.store) as reader:
        held = held_wrong(reader, installation, pd.Timestamp.now("UTC"))
    none = pd.DataFrame(columns=["event_id", "told_id", "what"])
    return next((one.leads for one in held if one.pack == pack), none)


def told_otherwise(
    installation: Installation, pack: str, but_for: Collection[str] = ()
) -> tuple[str, str]:
    """Let a pack have told one lead elsewhere, and one that isn't found; gives their ids in it."""
    path = noted(installation, pack)
    table = pq.read_table(path)
    rows = table.to_pandas()
    leads = rows[(rows["told_incident"] != "") & (rows["status"] != "retracted")]
    leads = leads[~leads["told_id"].isin(but_for)]
    moved, gone = leads.index[:2]
    rows.loc[moved, "lat"] += 0.1
    rows.loc[gone, ["mmsi", "other_mmsi"]] = 533999999, 0
    rows.loc[gone, "event_id"] = "f" * 16
    fresh = pa.Table.from_pandas(rows, preserve_index=False)
    pq.write_table(fresh.replace_schema_metadata(table.schema.metadata), path)
    return str(rows.loc[moved, "told_id"]), str(rows.loc[gone, "told_id"])


def corrected(installation: Installation, pack: str, out: Path, **how: bool) -> dict[str, bytes]:
    """The files of a correction, by name."""
    unsigned = not Keyring(installation.keys).signing()
    with reporter(quiet=True) as report:
        paths, _ = correct(
            installation, pack, NOW, out=out, unsigned=unsigned, report=report, **how
        )
    folder, archive = paths
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**found, archive.name: archive.read_bytes()}


class SetBack(datetime):
    """A clock that is years behind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2020, 1, 1, tzinfo=tz)


def test_a_correction_is_as_if_nothing_else_were_known(
    homes: tuple[Home, Home],
    packed: Callable[[str], tuple[Sent, Sent]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = str(packed("coast")[0].entry["pack"])
    plain, more = (
        copied(home.installation, tmp_path / kind)
        for home, kind in zip(homes, ("plain", "more"), strict=True)
    )
    otherwise = set(wrong(more, name)["told_id"])  # by what it knows besides
    ids = [told_otherwise(one, name, otherwise) for one in (plain, more)]
    leads, _ = issued.leads_of(more.exported, name)
    own = next(one for one in leads["event_id"].iloc[2:] if one in set(homes[1].events("true")))
    with monkeypatch.context() as patch:  # a clock that was set back since the pack went
        patch.setattr("pipelines.run.dispositions.datetime", SetBack)
        said = {"author": "KM Tegas", "conclusion": "cleared", "reason": "SECRET"}
        record(more, own, **said, quiet_within_m=1.0)
    made = [corrected(one, name, tmp_path / str(n)) for n, one in enumerate((plain, more))]
    assert ids[0] == ids[1]
    assert made[0] == made[1]
    table = pd.read_csv(tmp_path / "0" / f"{_folder(tmp_path / '0')}" / "correction.csv", dtype=str)
    said = dict(zip(table["event_id"], table["correction"], strict=True))
    assert said == {ids[0][0]: "moved", ids[0][1]: "withdrawn"}
    away = (table["lat"].astype(float) - table["now_lat"].astype(float)).dropna()
    assert away.round(3).tolist() == [0.1]

    # The home alone knows who holds what; what a correction told isn't held any more.
    held = wrong(more, name)
    assert own in held.loc[held["what"] == "cleared", "event_id"].tolist()
    assert not {*ids[0]} & {*held["told_id"]}
    with pytest.raises(NothingToCorrectError):
        corrected(plain, name, tmp_path / "2")
    # Asked for, a conclusion is told, and neither by whom nor why.
    last = corrected(more, name, tmp_path / "2", cleared=True)
    text = b"".join(last.values())
    assert b"cleared" in last["correction.csv"]
    # They may come in the wrong order, and again: each says which it is, and which holds.
    numbers = [b"number %d of" % n in one["CORRECTION.txt"] for n, one in ((1, made[0]), (2, last))]
    assert numbers == [True, True]
    assert not [word for word in (b"KM Tegas", b"SECRET", own.encode()) if word in text]


def test_what_a_correction_told_is_corrected_in_its_turn(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]], tmp_path: Path
) -> None:
    """What it said is kept in the log, and held against what is known now."""
    name = str(packed("coast")[0].entry["pack"])
    installation = copied(homes[0].installation, tmp_path)
    path = noted(installation, name)
    first = path.read_bytes()
    moved, gone = told_otherwise(installation, name)

    def told(number: int) -> dict[str, str]:
        out = tmp_path / f"out {number}"
        table = corrected(installation, name, out)["correction.csv"].decode()
        rows = pd.read_csv(io.StringIO(table), dtype=str)
        return dict(zip(rows["event_id"], rows["correction"], strict=True))

    assert told(1) == {moved: "moved", gone: "withdrawn"}
    with pytest.raises(NothingToCorrectError):
        told(2)
    path.write_bytes(first)  # as if it had been found again
    # Its holder was told that it is withdrawn, and would be told no more of it.
    held = wrong(installation, name)
    assert held[["told_id", "what"]].to_numpy().tolist() == [[gone, "reopened"]]
    assert told(3) == {gone: "reopened"}
    log_path = installation.exports
    lines = [json.loads(line) for line in log_path.read_text().splitlines()]
    assert lines[-2]["moved_to"].keys() == {moved}
    with pytest.raises(NothingToCorrectError):
        told(4)
    assert wrong(installation, name).empty


def test_a_lead_at_a_place_that_turns_out_to_be_false_is_withdrawn(
    homes: tuple[Home, Home],
    packed: Callable[[str], tuple[Sent, Sent]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is found again as it was, and is no lead: its holder would sail to where nobody is."""
    name = str(packed("ally")[0].entry["pack"])
    installation = copied(homes[0].installation, tmp_path)
    leads, made = issued.leads_of(installation.exported, name)
    assert made is not None
    false = leads[leads["kind"].isin(LIES_THERE)].iloc[0]

    def others(events: pd.DataFrame, _: float) -> Iterator[tuple[int, str, bool]]:
        for row, event_id in enumerate(events["event_id"]):
            if event_id == false["event_id"]:
                yield row, str(false["track_ids"]).split(";")[0], False

    def night() -> None:
        with reporter(quiet=True) as report, leaving_out_briefs():
            span = made.start.isoformat(), made.end.isoformat()
            runs.detect_only(installation, None, *span, report)

    night()
    assert false["told_id"] not in set(wrong(installation, name)["told_id"])
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.assess.misplaced._false_tracks", others)
        night()
        held = wrong(installation, name)
        told = dict(zip(held["told_id"], held["what"], strict=True))
        assert told[false["told_id"]] == "set aside"
        table = corrected(installation, name, tmp_path / "1")["correction.csv"].decode()
        rows = pd.read_csv(io.StringIO(table), dtype=str).set_index("event_id")
        assert rows.loc[false["told_id"], "correction"] == "withdrawn"
        assert false["told_id"] not in set(wrong(installation, name)["told_id"])
    night()  # as if it had been right after all
    held = wrong(installation, name)
    assert dict(zip(held["told_id"], held["what"], strict=True))[false["told_id"]] == "reopened"


def test_what_a_feed_has_so_many_vessels_do_is_no_lead_in_a_part_of_its_waters_either(
    homes: tuple[Home, Home],
    packed: Callable[[str], tuple[Sent, Sent]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a feed that said again what it had heard the home flagged nobody; who gets one area got as
    leads what lay there. It is told to who had them before it was known.
    """
    sent = packed("ally")[0]
    installation = copied(homes[0].installation, tmp_path)
    name = str(sent.entry["pack"])
    leads, made = issued.leads_of(installation.exported, name)
    assert made is not None
    strong = leads[(leads["score"] >= 0.3) & (leads["told_incident"] != "")]
    kind = strong.groupby(["kind", "subkind"])["mmsi"].nunique().idxmax()
    one = strong[(strong["kind"] == kind[0]) & (strong["subkind"] == kind[1])]
    n = len({*one["mmsi"]})
    assert n > 1
    for what, so in (("FAULTS", {kind: ""}), ("VESSELS", n), ("SHARE", 0.0)):
        monkeypatch.setattr(f"pipelines.assess.feed_faults.{what}", so)
    struck = [f"{one['mmsi'].iloc[0]:09d}"]
    left = release_run(installation, "ally", homes[0].first, strike=struck).products.events
    left = left[(left["kind"] == kind[0]) & (left["subkind"] == kind[1])]
    assert len(left)
    assert left["reason"].str.endswith(by_feed()).all()
    with reporter(quiet=True) as report, leaving_out_briefs():
        span = made.start.isoformat(), made.end.isoformat()
        runs.detect_only(installation, None, *span, report)
    told = set(wrong(installation, name)["told_id"])
    assert told >= {*one["told_id"]}
    table = corrected(installation, name, tmp_path / "1")["correction.csv"].decode()
    rows = pd.read_csv(io.StringIO(table), dtype=str).set_index("event_id")
    assert (rows.loc[one["told_id"], "correction"] == "withdrawn").all()


def test_what_stands_here_all_along_is_not_listed_since_its_holder_finds_it_no_more(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]], tmp_path: Path
) -> None:
    """What is told of it is worked out from what they may have: it would be listed for two weeks,
    with nothing to tell.
    """
    name = str(packed("coast")[0].entry["pack"])
    installation = copied(homes[0].installation, tmp_path)
    path = noted(installation, name)
    rows = parsed(pq.read_table(path).to_pandas())
    lead = rows[(rows["told_incident"] != "") & (rows["status"] != "retracted")].iloc[:1]
    sent = {"pack": name, "number": 1}
    with store.read(installation.store) as reader:
        held, on = standing_here(reader, lead, reader.heirs())
        assert held["told_id"].tolist() == lead["told_id"].tolist()
        assert on["event_id"].tolist() == lead["event_id"].tolist()
        told = {"corrects": name, "number": 2, "corrected": {held["told_id"].iloc[0]: "withdrawn"}}
        for stood, what in (([*held["told_id"]], []), ([], ["reopened"])):
            due_now = due(lead, (), sent, [{**told, "stood": stood}])
            found = _wrong(reader, due_now, reader.heirs(), set())
            assert found["what"].tolist() == what


def test_a_line_that_somebody_else_wrote_silences_no_correction(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]], tmp_path: Path
) -> None:
    """Who may write in the home, and can't sign: that a correction went out, that none is due."""
    name = str(packed("coast")[0].entry["pack"])
    installation = copied(homes[0].installation, tmp_path)
    Keyring(installation.keys).make(datetime.now(UTC) + timedelta(minutes=1), None)
    moved, gone = told_otherwise(installation, name)
    log_path = installation.exports
    last = json.loads(log_path.read_text().splitlines()[-1])
    said = dict.fromkeys(quoted_ids(installation, name), "withdrawn")
    forged = {
        "time": iso_now(),
        "corrects": name,
        "corrected": said,
        "number": last["number"] + 1,
        "previous": last["hash"],
        "key": "0" * 16,
        "signature": "",
    }
    assert _problem(installation) == []
    with log_path.open("ab") as file:
        file.write(log._line({**forged, "hash": log._digest(forged)}))
    assert moved in set(wrong(installation, name)["told_id"])
    [problem] = _problem(installation)
    assert problem.level == "error"
    assert "signed by a key that isn't known here" in problem.message
    told = corrected(installation, name, tmp_path / "out")["correction.csv"].decode()
    assert {moved, gone} <= set(pd.read_csv(io.StringIO(told), dtype=str)["event_id"])


def quoted_ids(installation: Installation, pack: str) -> list[str]:
    return list(map(str, pq.read_table(noted(installation, pack))["told_id"].to_pylist()))


def _problem(installation: Installation) -> list[Any]:
    health, _ = look(installation, datetime.now(UTC), afresh=False)
    assert health is not None
    return [one for one in problems(health, HealthSettings()) if one.where == "log of exports"]


def test_a_pack_of_which_nothing_is_kept_is_no_all_clear(
    homes: tuple[Home, Home], packed: Callable[[str], tuple[Sent, Sent]], tmp_path: Path
) -> None:
    name = str(packed("coast")[0].entry["pack"])
    installation = copied(homes[0].installation, tmp_path)
    for path in installation.exported.glob(f"{name}.*.parquet"):
        path.unlink()
    with store.read(installation.store) as reader:
        told = {one.pack: one for one in held_wrong(reader, installation, pd.Timestamp.now("UTC"))}
    assert told[name].leads.empty
    assert str(told[name]) == FORGOTTEN
    health, _ = look(installation, datetime.now(UTC), afresh=False)
    assert health is not None
    (problem,) = [one for one in problems(health, HealthSettings()) if one.where == f"pack {name}"]
    assert problem.message.startswith("whether what A coast holds still stands isn't known")
    assert "backup" in problem.hint


def _folder(out: Path) -> str:
    return next(path.name for path in out.iterdir() if path.is_dir())


def test_what_cant_be_looked_at_again_isnt_called_withdrawn(
    homes: tuple[Home, Home],
    packed: Callable[[str], tuple[Sent, Sent]],
    tmp_path: Path,
) -> None:
    name = str(packed("ally")[0].entry["pack"])
    installation, out = copied(homes[0].installation, tmp_path), tmp_path / "out"
    path = noted(installation, name)
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"selat_pack"])
    about["feeds"].append(hashlib.sha256(b"gone").hexdigest())
    metadata = {**table.schema.metadata, b"selat_pack": json.dumps(about).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(SelatError, match="1 of the feeds"):
        corrected(installation, name, out)
    path.write_bytes(b"not a table")
    with pytest.raises(SelatError, match="isn't kept here"):
        corrected(installation, name, out)
    with pytest.raises(SelatError, match="no pack"):
        corrected(installation, "../../etc/passwd", out)
    assert not out.exists()


def test_a_correction_is_signed_and_a_changed_one_is_seen(
    homes: tuple[Home, Home], tmp_path: Path
) -> None:
    signed_home = copied(homes[0].installation, tmp_path)
    after = pd.Timestamp.now("UTC").ceil("s")  # whatever was logged before wasn't signed
    Keyring(signed_home.keys).make(after.to_pydatetime(), None, "exercise")
    sent = export_to(signed_home, "coast", out=tmp_path / "pack")
    name = str(sent.entry["pack"])
    told_otherwise(signed_home, name)
    corrected(signed_home, name, tmp_path / "c")
    folder = tmp_path / "c" / _folder(tmp_path / "c")
    keyring = Keyring(signed_home.keys)
    fresh = verify(folder, keyring, NOW)
    assert fresh.state == "intact"
    assert fresh.manifest is not None
    assert "_C" in fresh.manifest.run_id
    assert fresh.manifest.handling.tlp == sent.entry["tlp"]
    assert verify(folder.with_name(f"{folder.name}.zip"), keyring, NOW).state == "intact"
    checked = log.check(signed_home.exports, keyring)
    assert not checked.problems
    assert checked.entries[-1]["corrects"] == name
    text = (folder / "CORRECTION.txt").read_text()
    assert text.startswith(f"TLP:{sent.entry['tlp']}")
    assert f"Correction of the pack {name}." in text
    assert "MANIFEST.json.minisig signs it" in text
    assert re.search(r"MYT\), .*\d\d°\d\d\.\d\d′[NS] \d{3}°\d\d\.\d\d′[EW]\n", text)
    (folder / "CORRECTION.txt").write_text(text.replace("Withdrawn", "Confirmed"))
    assert verify(folder, keyring, NOW).state == "changed"
    (folder / "correction.csv").unlink()
    assert verify(folder, keyring, NOW).state == "changed"
