"""A believable night in the Straits, and a hostile one."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core import events, frames
from detectors.kinematics import geodesy
from detectors.surroundings.zones import Zones
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.publish.products import Products
from pipelines.reference.layers import load_zones
from tests import making

PROJECT = Path(__file__).resolve().parents[3]
START = pd.Timestamp("2026-11-20T16:00Z")
END = START + pd.Timedelta(hours=24)
LANE = np.array(
    [
        [97.6, 5.75],
        [98.9, 4.55],
        [100.1, 3.45],
        [100.85, 2.83],
        [101.25, 2.62],
        [101.75, 2.3],
        [102.2, 2.0],
        [102.75, 1.72],
        [103.2, 1.38],
        [103.42, 1.19],
        [103.75, 1.16],
        [104.1, 1.25],
        [104.55, 1.37],
        [105.2, 1.95],
    ]
)
NAMES = (
    "OCEAN KASIH",
    "SRI MELAKA 8",
    "HAI XIANG 6",
    "BINTANG LAUT",
    "PACIFIC AMBER",
    "MT DORADO",
    "KIM HENG 223",
    "GOLDEN TERN",
    "NUSA JAYA II",
    "STAR ORCHID",
    "TB SETIA 15",
    "ASIAN GRACE",
    "ARGO PELICAN",
    "CAHAYA TIMUR",
    "SEA VENTURE",
    "LADY RENATA",
    "DUMAI EXPRESS 7",
    "",
    "MV SAMUDERA",
    "RUBY CREST",
)
AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
RUN_AXE = (
    "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations.map("
    "(one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))]))"
)
HOSTILE = {
    533000001: "<script>alert(1)</script>",
    533000002: '=HYPERLINK("http://x")',
    533000003: "]]>",
    533000004: "EVIL\u202eTXET\u200f \u200bZW",
    533000005: " " * 20,
    533000006: "../../etc/passwd",
    533000007: "\"quoted\" 'single' & <b>bold</b>",
    533000008: "NUL\x00 BEL\x07 LF\nTAB\tESC\x1b[31m",
    533000009: "⚓ SHIP \U0001f6a2 \U0001f468\u200d\U0001f469",
    533000010: "</script><!--<script>{{7*7}}${x}$[description]\u2028",
    533000011: "+1-1@SUM(A1)",
    533000012: "שלום \u2067RTL",
    533000013: "W" * 5000,
    533000014: "\tTABBED",
    533000015: "-2+3",
    533000016: "<img src=x onerror=alert(1)>",
    533000017: "A;=CMD|'/C CALC'!A0;",
}
MANIFEST: dict[str, Any] = {
    "run_id": "20261121T1600Z-exercise",
    "git_commit": "0123456789abcdef0123456789abcdef01234567",
    "state": "complete",
    "simulated": True,
    "detectors": {"encounter": "1", "gap": "1", "geofence": "1", "loitering": "1"},
    "counts": {"in": {"rows": 812044, "positions": 790310}, "out": {"events": 61, "flagged": 40}},
    "rejected": {"bad checksum": 1739, "no time": 12},
    "failures": [],
}


def decoded(coded: Sequence[int], size: int) -> np.ndarray:
    """Return what `delta_coded` coded, `size` numbers a point, still in its units."""
    return np.cumsum(np.asarray(coded, "float64").reshape(-1, size), axis=0)


def positions(mmsi: int, lat: Any, lon: Any, time: Any, **columns: Any) -> pd.DataFrame:
    """Tracked positions of one vessel."""
    plain = {"nav_status": 0, "source": "0" * 16, **columns}
    lon = geodesy.wrap_lon(lon)
    return making.reports(frames.TRACKED, mmsi=mmsi, time=time, lat=lat, lon=lon, **plain)


def strait_zones() -> Zones:
    """The project's own land and zones."""
    return load_zones(PROJECT / "config/zones", PROJECT / "data/reference")


def flagged_row(rank: int, **columns: Any) -> dict[str, Any]:
    """A row of FLAGGED with plain defaults."""
    return {
        "rank": rank,
        "mmsi": 533000000 + rank,
        "imo": 0,
        "name": "",
        "callsign": "9MAB1",
        "flag_state": "MYS",
        "ship_type": "Tanker",
        "score": 0.9,
        "reasons": "",
        "explanations": "",
        "last_seen": END,
        "lat": 3.0,
        "lon": 100.5,
        "event_ids": "",
        "incident_id": f"{rank:016x}",
        **columns,
    }


def event_row(kind: str, mmsi: int, start: pd.Timestamp, **columns: Any) -> dict[str, Any]:
    """A row for `events.build`, of four hours off the products' place."""
    plain = {"lat": 3.0, "lon": 100.5, "score": 0.8, "evidence": {"n_reports": 9}}
    end = start + pd.Timedelta(hours=4)
    return making.event_row(kind, start, end, mmsi=mmsi, **{**plain, **columns})


def flagged_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """FLAGGED from rows."""
    if not rows:
        return frames.empty(FLAGGED)
    frame = pd.DataFrame(rows)
    frame["last_seen"] = pd.to_datetime(frame["last_seen"], utc=True)
    return frames.conform(frame, FLAGGED)


def incidents_frame(flagged: pd.DataFrame, events_: pd.DataFrame) -> pd.DataFrame:
    """INCIDENTS: one for each flagged vessel, of its events."""
    rows = []
    for flag in flagged.to_dict("records"):
        ids = [key for key in flag["event_ids"].split(";") if key]
        own = events_[events_["event_id"].isin(ids)]
        if own.empty:
            continue
        rows.append(
            {
                **dict.fromkeys(INCIDENTS, ""),
                "incident_id": f"{flag['rank']:016x}",
                "title": f"{flag['name']}: {flag['reasons'].split(' | ')[0]}",
                "status": "created",
                "certainty": "high",
                "vessels": f"{flag['mmsi']:09d} {flag['name']}",
                "start": own["start"].min(),
                "end": own["end"].max(),
                **{name: flag[name] for name in ("rank", "score", "lat", "lon", "mmsi")},
                "events": ";".join(ids),
                "next_step": "ask by VHF",
                "made_of": '[{"kind": "gap", "score": 0.7}, {"kind": "loitering", "score": 0.42, '
                '"before": 0.6, "why": "anchored or moored"}]',
                "last_seen": flag["last_seen"],
                "last_lat": flag["lat"],
                "last_lon": flag["lon"],
                "last_sog_kn": 12.0,
                "last_cog_deg": 40.0,
            }
        )
    return frames.conform(pd.DataFrame(rows, columns=list(INCIDENTS)), INCIDENTS)


def vessels_frame(names: dict[int, str]) -> pd.DataFrame:
    """VESSELS with nothing but names."""
    plain = {"callsign": "9MAB1", "ship_type": 80, "flag_state": "MYS"}
    rows = ({"mmsi": mmsi, "name": name, **plain} for mmsi, name in names.items())
    return making.said(*rows, schema=frames.VESSELS)


def make(
    rows: list[dict[str, Any]],
    reasons: list[str],
    flagged: list[dict[str, Any]],
    names: dict[int, str],
    tracks: pd.DataFrame | None = None,
    **columns: Any,
) -> Products:
    """Products from events (with `flagged` naming them by position in `event_ids`)."""
    built = [events.build([row]) for row in rows]
    keys = [frame["event_id"].iloc[0] for frame in built]
    reason_of = dict(zip(keys, reasons, strict=True))
    together = events.concat(built)
    together["status"] = pd.Series("created", index=together.index, dtype="str")
    together["reason"] = pd.Series([reason_of[k] for k in together["event_id"]], dtype="str")
    for row in flagged:
        row["event_ids"] = ";".join(keys[i] for i in row["event_ids"])
    flags = flagged_frame(flagged)
    plain = {
        "run_id": MANIFEST["run_id"],
        "start": START,
        "end": END,
        "simulated": True,
        "events": together,
        "flagged": flags,
        "parts": frames.empty(PARTS),
        "incidents": incidents_frame(flags, together),
        "vessels": vessels_frame(names),
        "tracks": frames.empty(frames.TRACKED) if tracks is None else tracks,
        "zones": Zones.none(),
        "manifest": MANIFEST,
    }
    return Products(**{**plain, **columns})


def _passage(
    rng: np.random.Generator, n: int, hold: float, stops: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (s), latitudes and longitudes along the lane; `stops` for four hours from `hold` on."""
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(LANE, axis=0).T))]
    speed = rng.uniform(7, 13) / 60 / 3600
    seconds = np.sort(rng.uniform(0, 86400, n))
    under_way = seconds - np.clip(seconds - hold, 0, 14400) * stops
    first = rng.uniform(0, max(along[-1] - speed * 72000, 0.1))
    at = np.minimum(first + speed * under_way, along[-1])
    if rng.random() < 0.5:
        at = along[-1] - at
    lon, lat = np.interp(at, along, LANE[:, 0]), np.interp(at, along, LANE[:, 1])
    side = rng.normal(0, 0.02) + 0.006 * np.sin(at * 9 + rng.uniform(0, 6))
    return seconds, lat + side, lon + 0.6 * side


def night(seed: int = 5, n_vessels: int = 40, n_points: int = 500) -> Products:
    """A night with meetings, drifting and silences along the lane."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    reasons: list[str] = []
    flagged: list[dict[str, Any]] = []
    tracks = []
    names: dict[int, str] = {}
    for i in range(n_vessels):
        mmsi = int(rng.choice([533, 525, 563, 636, 352, 477])) * 1_000_000 + 10_000 + i
        base = NAMES[i % len(NAMES)]
        names[mmsi] = f"{base} {i // len(NAMES) + 1}" if base and i >= len(NAMES) else base
        hold = rng.uniform(15000, 60000)
        kind = ("encounter", "loitering", "gap", "encounter", "geofence")[i % 5]
        stops = kind in {"encounter", "loitering"}
        seconds, lat, lon = _passage(rng, n_points, hold, stops)
        slow = (seconds > hold) & (seconds < hold + 14400)
        j = int(np.searchsorted(seconds, hold))
        if stops:
            drift = (0.004 if kind == "loitering" else 0.0006) / 6
            lat[slow] += np.cumsum(rng.normal(0, drift, slow.sum()))
            lon[slow] += np.cumsum(rng.normal(0, drift, slow.sum()))
        keep = ~slow if kind == "gap" else np.ones(len(seconds), bool)
        stamps = (START + pd.to_timedelta(np.round(seconds[keep]), unit="s")).as_unit("us")
        course = geodesy.bearing_deg(lat[keep][-2], lon[keep][-2], lat[keep][-1], lon[keep][-1])
        one = positions(mmsi, lat[keep], lon[keep], stamps, cog_deg=float(course))
        tracks.append(one.drop_duplicates("time"))
        start = START + pd.Timedelta(seconds=int(hold))
        where = {"lat": float(lat[j]), "lon": float(lon[j])}
        other = 0
        if kind == "encounter":
            other = 538_000_100 + i
            names[other] = f"PARTNER {i}" if i % 3 else ""
            near = slow | ((seconds > hold - 3000) & (seconds < hold + 17400))
            away = np.abs(seconds[near] - hold - 7200) / 7200
            off = np.where(away < 1, 0.0006, 0.0006 + 0.05 * (away - 1))
            met = (START + pd.to_timedelta(np.round(seconds[near]), unit="s")).as_unit("us")
            tracks.append(
                positions(other, lat[near] + off, lon[near] - off, met).drop_duplicates("time")
            )
        score = round(float(0.95 - 0.018 * i), 3)
        explanation = (
            "bunkering in port limits: a bunker barge alongside for 4 h in daylight"
            if i % 4 == 1
            else ""
        )
        reason = {
            "encounter": f"Stopped 4.0 h with {names.get(other) or f'MMSI {other}'} 60 m alongside,"
            " 14 nm W of Port Dickson, outside any port or anchorage (21 Nov 02:10 to 06:10 MYT)",
            "loitering": "Drifted 4.0 h at 0.6 kn, 9 nm SW of Lumut, outside any port or anchorage",
            "gap": "Sent nothing for 4.0 h, last heard 9 nm W of Muar, where 41 other vessels were"
            " heard meanwhile; heard again 31 nm away",
            "geofence": "Entered the transfer area at 6.2 kn and stayed 4.0 h",
        }[kind]
        rows.append(
            event_row(
                kind,
                min(mmsi, other) if other else mmsi,
                start,
                score=score,
                other_mmsi=max(mmsi, other) if other else 0,
                explanation=explanation,
                subkind="dwell" if kind == "geofence" else "",
                end=pd.NaT if i % 7 == 6 else start + pd.Timedelta(hours=4),
                evidence={
                    "duration_s": 14400,
                    "min_duration_s": 1800,
                    "median_sog_kn": 0.6,
                    "max_median_sog_kn": 2.0,
                    "n_reports": 88,
                },
                **where,
            )
        )
        reasons.append(reason)
        ids = [len(rows) - 1]
        if i % 3 == 0:
            k = min(j + 90, len(lat) - 1)
            rows.append(
                event_row(
                    "geofence",
                    mmsi,
                    start + pd.Timedelta(hours=5),
                    subkind="enter",
                    zone_id="z",
                    score=score / 2,
                    lat=float(lat[k]),
                    lon=float(lon[k]),
                )
            )
            reasons.append("Entered the waters of another state 5 h later")
            ids.append(len(rows) - 1)
        flagged.append(
            flagged_row(
                i + 1,
                mmsi=mmsi,
                name=names[mmsi],
                score=score,
                event_ids=ids,
                imo=9_300_000 + i if i % 2 else 0,
                reasons=" | ".join(reasons[n] for n in ids),
                explanations=explanation,
                last_seen=stamps[-1],
                lat=lat[keep][-1],
                lon=geodesy.wrap_lon(lon[keep][-1]),
                flag_state={533: "MYS", 525: "IDN", 563: "SGP", 636: "LBR", 352: "PAN", 477: "HKG"}[
                    mmsi // 1_000_000
                ],
                ship_type=("Tanker", "Cargo", "Tug", "Fishing", "")[i % 5],
            )
        )
    together = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
    return make(rows, reasons, flagged, names, together, zones=strait_zones())


@pytest.fixture(scope="session")
def products() -> Products:
    """Forty flagged vessels and about twenty thousand reports."""
    return night()


@pytest.fixture(scope="session")
def coastless(products: Products) -> Products:
    """The same night without land and zones, quicker to draw."""
    return replace(products, zones=Zones.none())


@pytest.fixture(scope="session")
def hostile() -> Products:
    """Every text that AIS or a person may bring, as vessel name, reason and explanation."""
    rows, reasons, flagged, tracks = [], [], [], []
    for i, (mmsi, name) in enumerate(HOSTILE.items()):
        rows.append(
            event_row(
                "encounter",
                mmsi,
                START,
                other_mmsi=mmsi + 100,
                lat=3 + i / 20,
                explanation=name,
                evidence={"said": name if name.isascii() else "A\u202eB", "n_reports": 3},
            )
        )
        reasons.append(f"Met {name}")
        flagged.append(
            flagged_row(
                i + 1,
                mmsi=mmsi,
                name=name,
                callsign=name,
                reasons=f"Met {name}",
                explanations=name,
                ship_type=name,
                event_ids=[i],
                lat=3 + i / 20,
            )
        )
        times = START + pd.to_timedelta(np.arange(5), unit="h").as_unit("us")
        tracks.append(positions(mmsi, np.full(5, 3 + i / 20), 100.5 + np.arange(5) / 100, times))
    return make(rows, reasons, flagged, HOSTILE, pd.concat(tracks, ignore_index=True))


@pytest.fixture(scope="session")
def empty() -> Products:
    """A run that flagged nothing."""
    return make([], [], [], {533000001: "OCEAN KASIH"}, zones=strait_zones())


class Page:
    """A page in headless Chromium, driven over the DevTools pipe; it remembers every request."""

    def __init__(self, binary: str, profile: Path, more: str = "") -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        command = (
            f'exec "$0" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run'
            f" --disable-background-networking --disable-component-update --disable-sync"
            f" --user-data-dir={profile} --remote-debugging-pipe {more} about:blank"
            f" 3<&{to_read} 4>&{to_write}"
        )
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command, binary],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.requests: list[str] = []
        self.messages: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Call a DevTools method and return its result, noting events on the way."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(
        self,
        file: Path | str,
        width: int = 1400,
        height: int = 900,
        night: bool = False,
        scripts: bool = True,
    ) -> None:
        """Open a file or address at a size; wait until its script, if it may run, has drawn."""
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url="about:blank")  # the page before may be asking still
        self.requests.clear()
        self.messages.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if night else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=file if isinstance(file, str) else file.as_uri())
        for _ in range(200):
            if self.evaluate("document.readyState") == "complete":
                break
            time.sleep(0.05)
        if scripts:
            self.settle()

    def settle(self) -> None:
        """Wait for two frames, so that what was asked for is drawn."""
        frames_drawn = "requestAnimationFrame(() => requestAnimationFrame(() => done(1)))"
        self.evaluate(f"new Promise((done) => {frames_drawn})")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression holds, at most twenty seconds."""
        for _ in range(400):
            if self.evaluate(condition):
                return
            time.sleep(0.05)
        raise TimeoutError(condition)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Send a mouse event and wait until it has been drawn."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)
        self.settle()

    def violations(self) -> list[list[Any]]:
        """Return what axe-core finds against a page, each with the elements."""
        self.evaluate(f"{AXE}; 1")
        found: list[list[Any]] = self.evaluate(RUN_AXE)
        return found

    def click(self, x: float, y: float) -> None:
        """Click the left button."""
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def key(self, key: str, code: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        virtual = {
            "Backspace": 8,
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "PageDown": 34,
            "End": 35,
            "+": 187,
        }.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=virtual,
                **more,
            )
        self.settle()

    def picture(self, file: Path) -> None:
        """Save a screenshot."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], 60)[0]:
                raise TimeoutError("the browser is silent")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise EOFError("the browser ended")
            self._buffer += chunk
        raw, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(raw)
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.messages.append(str(params["exceptionDetails"]))
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.messages.append(str(params["args"]))
        elif message.get("method") == "Log.entryAdded":
            self.messages.append(str(params["entry"]))
        elif message.get("method") == "Page.javascriptDialogOpening":
            self.messages.append(f"dialog: {params['message']}")
        return message


def browser(factory: pytest.TempPathFactory, more: str = "") -> Iterator[Page]:
    """A headless Chromium; the test skips where there is none, or where it doesn't start."""
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("no Chromium on this machine")
    try:
        opened = Page(binary, factory.mktemp("chromium"), more)
    except (EOFError, TimeoutError, OSError) as error:
        pytest.skip(f"Chromium doesn't start here: {error}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return `browser`, as people have it."""
    yield from browser(tmp_path_factory)
