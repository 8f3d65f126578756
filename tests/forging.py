"""Lay forged reports over the leads of an exercise's night, and tell which of them are lost.

`python tests/forging.py EXERCISE HOME OUT ATTACK --n 3`: EXERCISE is a folder that
`selat exercise simulate` wrote, HOME that of a night of it, OUT is made anew. Of one sender each,
in a number of its own: `held` where it was before, `way` on its likely way, `off` four miles beside
that, `burst` a mile beside it within two minutes. Of numbers that nobody has: `beside` (n class B
vessels around a lead; `--type` says what they say they are), `device` (a distress transmitter),
`copies` (n of one lead's vessel for the whole night; `--spread-m`, `--lag-s`). `--of MMSI` attacks
the leads of one vessel alone. Not part of `make test`: a night takes a minute.
"""

import argparse
import gzip
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from pipelines.exercise import aivdm

TOLD = 0.3
MILE_DEG = 1 / 60
ATTACKS = ("held", "way", "off", "burst", "beside", "device", "copies")
OWN = ATTACKS[:4]
POSITIONS = "SELECT mmsi, epoch(time) AS s, lat, lon, sog_kn, cog_deg, ais_class FROM positions"


def selat(*words):
    made = [sys.executable, "-m", "pipelines.cli.main", *map(str, words)]
    return subprocess.run(made, check=True, capture_output=True, text=True).stdout


def heard(home):
    """Return what a home holds, by number."""
    table = pd.read_csv(io.StringIO(selat("sql", POSITIONS, "--csv", "--home", home)))
    table = table.dropna(subset=["lat", "lon"]).sort_values("s")
    return dict(iter(table.groupby("mmsi")))


def leads(home):
    table = pd.read_csv(home / "latest" / "events.csv", keep_default_na=False)
    table["score"] = table["score"].astype(float)
    for name in ("mmsi", "other_mmsi"):
        table[name] = pd.to_numeric(table[name]).fillna(0).astype("int64")
    start, end = (pd.to_datetime(table[name], utc=True) for name in ("start", "end"))
    since, until = start, end.fillna(max(start.max(), end.max()))
    one = pd.Timedelta(seconds=1)
    table = table.assign(since=(since - pd.Timestamp(0, tz="UTC")) / one)
    return table.assign(until=(until - pd.Timestamp(0, tz="UTC")) / one)


def say(text):
    sys.stdout.write(f"{text}\n")


class Forger:
    """Sentences as a receiver of the exercise would have passed them on."""

    def __init__(self):
        self.lines = []

    def send(self, mmsi, at_s, lat, lon, sog_kn=0.0, cog_deg=0.0, *, class_b=True, status=0):
        n = len(at_s)
        ways = (sog_kn, lat, lon, cog_deg, np.full(n, np.nan), at_s.astype("int64") % 60)
        columns = [np.broadcast_to(one, n) for one in ways]
        numbers = np.full(n, mmsi)
        made = (
            aivdm.position_b(numbers, *columns)
            if class_b
            else aivdm.position_a(numbers, np.full(n, status), *columns)
        )
        self._add(made, at_s)

    def name(self, mmsi, at_s, name, ship_type):
        said = {"mmsi": mmsi, "name": name, "callsign": f"9M{mmsi % 10_000}"}
        hull = dict.fromkeys(("bow_m", "stern_m", "port_m", "starboard_m"), 8)
        who: Any = SimpleNamespace(**said, **hull, ship_type=ship_type)
        for made in (aivdm.static_b_name, aivdm.static_b_hull):
            self._add(made([who] * len(at_s)), at_s)

    def _add(self, payload, at_s):
        n = len(at_s)
        station = np.tile(np.frombuffer(b"BPT", np.uint8), (n, 1))
        tags = aivdm.tag_blocks(station, at_s.astype("int64"))
        sentences = aivdm.one_part(payload, np.full(n, ord("A"), np.uint8))
        pairs = zip(tags, sentences, strict=True)
        self.lines += [
            (t, bytes(a) + bytes(b)) for t, (a, b) in zip(at_s.tolist(), pairs, strict=True)
        ]

    def among(self, feed, out):
        """Write a feed with what was forged where it would have come in."""
        forged, last, lines = sorted(self.lines), 0.0, []
        for line in gzip.decompress(feed.read_bytes()).split(b"\n"):
            if said := re.search(rb"c:(\d{10})", line):
                last = float(said[1])
            while forged and forged[0][0] <= last:
                lines.append(forged.pop(0)[1])
            lines.append(line)
        out.write_bytes(gzip.compress(b"\n".join(lines + [one for _, one in forged]), 1))


def forge(attack, told, tracks, n, ship_type, spread_m, lag_s):
    forger, rng = Forger(), np.random.default_rng(7)
    for k, lead in enumerate(told.itertuples()):
        own = tracks.get(lead.mmsi)
        if own is None:
            continue
        times, lat, lon = (own[name].to_numpy() for name in ("s", "lat", "lon"))
        inside = np.linspace(lead.since, lead.until, n + 2)[1:-1]
        if attack == "burst":
            inside = (lead.since + lead.until) / 2 + 20.0 * np.arange(n)
        there = np.arange(lead.since - 900, lead.until + 900, 60.0)
        at_s = inside if attack in OWN else there
        now_lat, now_lon = np.interp(at_s, times, lat), np.interp(at_s, times, lon)
        if attack in OWN:
            if attack == "held":
                now_lat, now_lon = (np.full(n, np.interp(lead.since, times, x)) for x in (lat, lon))
            now_lat = now_lat + {"off": 4, "burst": 1}.get(attack, 0) * MILE_DEG
            is_b = bool((own["ais_class"] == "B").mean() > 0.5)
            forger.send(lead.mmsi, at_s, now_lat, now_lon, class_b=is_b)
        elif attack == "device":
            forger.send(970_100_000 + k, at_s, now_lat, now_lon, class_b=False, status=14)
        elif attack == "beside":
            for j in range(n):
                mmsi, turn = 533_100_000 + 100 * k + j, 2 * np.pi * j / n
                by_lat, by_lon = (0.06 * MILE_DEG * side(turn) for side in (np.cos, np.sin))
                forger.send(mmsi, at_s, now_lat + by_lat, now_lon + by_lon)
                forger.name(mmsi, at_s[::6], f"FORGED {k} {j}", ship_type)
        else:
            for j in range(n):
                by_lat, by_lon = rng.normal(0, spread_m / 1852 * MILE_DEG, 2)
                ways = own["sog_kn"].to_numpy(), own["cog_deg"].to_numpy()
                late = times + (j % 5) * lag_s
                forger.send(533_200_000 + 7 * j, late, lat + by_lat, lon + by_lon, *ways)
            break
    return forger


def compare(told, before, after):
    """Print which leads are lower, or of vessels that the list no longer has."""
    lists = [pd.read_csv(home / "latest" / "flagged.csv") for home in (before, after)]
    score_of = [dict(zip(one["mmsi"], one["score"], strict=True)) for one in lists]
    events, lost = leads(after), 0
    for lead in told.itertuples():
        who = {lead.mmsi, lead.other_mmsi} - {0}
        same = events[(events["kind"] == lead.kind) & (events["until"] >= lead.since - 600)]
        same = same[same["since"] <= lead.until + 600]
        both = zip(same["mmsi"], same["other_mmsi"], strict=True)
        same = same[[who <= {*pair} for pair in both]]
        now = float(same["score"].max()) if len(same) else 0.0
        flags = [[one.get(mmsi, 0.0) for mmsi in sorted(who)] for one in score_of]
        if now < lead.score - 0.1 or any(b < a - 0.1 for a, b in zip(*flags, strict=True)):
            lost += now < TOLD or any(a and not b for a, b in zip(*flags, strict=True))
            now_and_then = f"{lead.score:.2f}, now {now:.2f}; flags {flags[0]}, now {flags[1]}"
            say(f"{lead.kind} {sorted(who)} {lead.start}: {now_and_then}")
    say(f"{lost} of {len(told)} leads lost; {len(lists[0])} vessels flagged, {len(lists[1])} now")


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("exercise", "home", "out"):
        asked.add_argument(name, type=Path)
    asked.add_argument("attack", choices=ATTACKS)
    asked.add_argument("--n", type=int, default=3)
    asked.add_argument("--of", type=int, default=0)
    asked.add_argument("--type", type=int, default=30)
    asked.add_argument("--spread-m", type=float, default=30.0)
    asked.add_argument("--lag-s", type=float, default=1.0)
    how = asked.parse_args()
    told = leads(how.home)
    told = told[(told["score"] >= TOLD) & (told["mmsi"] > 0)]
    told = told[told["kind"] != "unmatched_sighting"]
    attacked = told if not how.of else told[(told[["mmsi", "other_mmsi"]] == how.of).any(axis=1)]
    if how.attack == "copies" and not how.of:
        attacked = attacked[attacked["kind"] == "crossing"]
    tracks = heard(how.home)
    forger = forge(how.attack, attacked, tracks, how.n, how.type, how.spread_m, how.lag_s)
    say(f"{how.attack}: {len(forger.lines)} messages over {len(attacked)} leads")
    shutil.rmtree(how.out, ignore_errors=True)
    how.out.mkdir(parents=True)
    feed, home = how.out / "feed.nmea.gz", how.out / "home"
    forger.among(how.exercise / "feed.nmea.gz", feed)
    seen = how.exercise / "sightings.csv"
    selat("nightly", "--plain", "--feed", feed, "--sightings", seen, "--home", home)
    compare(told, how.home, home)


if __name__ == "__main__":
    main()
