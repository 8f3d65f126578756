"""`selat flagged`: who deserves a look, in rank order."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.base.text import counted
from pipelines.base.visible import clean
from pipelines.cli.incidents import print_first
from pipelines.cli.options import (
    SHOWN,
    AsCsv,
    AsJson,
    AsOf,
    Config,
    Home,
    TopOrAll,
    shown_installation,
)
from pipelines.cli.present import (
    mark_exercise,
    moment_text,
    print_json,
    print_line,
    records,
    vessel_cell,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from pipelines.assess.dispositions.models import Model
    from pipelines.assess.incidents import First
    from pipelines.base.settings import Installation


def flagged(
    top: TopOrAll = None,
    as_of: AsOf = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the flagged vessels of the newest run, or of the newest that was known at a past moment.

    A run is known from the newest report on that it had looked at; its id names it exactly.

    For example:

      selat flagged --top 20

      selat flagged --csv > flagged.csv

      selat flagged --as-of 2026-11-20T06:00
    """
    installation = shown_installation(home, config)
    folder, known = (
        (_latest(installation), None) if as_of is None else _folder_then(installation, as_of)
    )
    if as_csv:
        text = (folder / "flagged.csv").read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        sys.stdout.write("".join(lines if top is None else lines[: top + 1]))
        return
    listed = SHOWN if top is None and not as_json else top
    _show(installation, folder, top=listed, as_json=as_json, known=known)


def _latest(installation: "Installation") -> Path:
    from pipelines.base.failure import failure_of
    from pipelines.run.windows import NoDataError

    if not installation.newest.exists():
        failed = failure_of(installation)
        why = f" ({failed})" if failed else ""
        raise NoDataError(
            f"no finished run in {installation.home}{why}",
            hint="selat doctor says what is wrong"
            if why
            else "start one: selat nightly --feed PATH",
        )
    return installation.newest.resolve()


def _folder_then(installation: "Installation", as_of: str) -> "tuple[Path, pd.Timestamp]":
    """Return the folder of the run that was the newest at a moment, and the moment's time."""
    from pipelines import store
    from pipelines.ask import recall

    with store.read(installation.store, installation.settings.store) as reader:
        then = recall.moment(reader, as_of)
    folder = installation.runs / then.run_id
    if not (folder / "manifest.json").exists():
        raise recall.RecallError(
            f"the folder of run {then.run_id} is gone", hint="put it back from a copy"
        )
    return folder, then.time


def show_latest(installation: "Installation", *, as_json: bool) -> None:
    """Show the first ten of the newest run; to a program all."""
    _show(installation, _latest(installation), top=None if as_json else SHOWN, as_json=as_json)


def _show(
    installation: "Installation",
    folder: Path,
    *,
    top: int | None,
    as_json: bool,
    known: "pd.Timestamp | None" = None,
) -> None:
    from pipelines.ask import recall
    from pipelines.ask.beside import beside
    from pipelines.base.failure import failure_of

    if failed := failure_of(installation):
        typer.echo(failed, err=True)
    manifest, vessels = _read(folder)
    total, vessels = len(vessels), vessels.iloc[:top]
    more = beside(
        installation,
        vessels["score"].astype(float).tolist(),
        vessels["event_ids"].tolist(),
        simulated=bool(manifest["simulated"]),
        known=known,
    )
    vessels = vessels.assign(concluded=more.concluded)
    if more.model is not None:
        vessels = vessels.assign(probability=more.probability)
    first = recall.first_in(installation, manifest["run_id"], known)
    if as_json:
        print_json(
            {
                "run_id": manifest["run_id"],
                "state": manifest["state"],
                "simulated": manifest["simulated"],
                "folder": str(folder),
                "failures": manifest["failures"],
                "first": [asdict(one) for one in first],
                "provisional": manifest.get("provisional"),
                "calibration": more.model.name if more.model else None,
                "flagged": records(vessels.assign(**_numbers(vessels))),
            }
        )
        return
    _print_table(manifest, vessels, first, total=total, folder=folder, model=more.model)


def _read(folder: Path) -> "tuple[dict[str, Any], pd.DataFrame]":
    """Read a run's manifest and list; raise SelatError where a power cut, say, left none."""
    import pandas as pd

    from detectors.core.errors import SelatError
    from pipelines.base.files import read_plain
    from pipelines.base.schemas import FLAGGED

    name = "manifest.json"
    try:
        manifest = json.loads(read_plain(folder / name))
        _ = manifest["run_id"], manifest["simulated"]
        name = "flagged.csv"
        vessels = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        if "incident_id" not in vessels:  # a run of before there were incidents
            vessels = vessels.assign(incident_id="")
        _ = vessels[list(FLAGGED)], vessels["score"].astype(float)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SelatError(
            f"{name} of run {folder.name} is damaged",
            hint="selat incidents reads the store; selat nightly looks at that window again",
        ) from error
    return dict(manifest), vessels


def _numbers(vessels: "pd.DataFrame") -> "dict[str, pd.Series]":
    """Return the columns of numbers, which flagged.csv holds as text; what is empty is null."""
    import pandas as pd

    kinds: dict[str, Any] = {
        "rank": "Int64",
        "imo": "Int64",
        "score": "Float64",
        "lat": "Float64",
        "lon": "Float64",
    }
    return {name: pd.to_numeric(vessels[name]).astype(kind) for name, kind in kinds.items()}


def _print_table(
    manifest: dict[str, Any],
    vessels: "pd.DataFrame",
    first: "list[First]",
    *,
    total: int,
    folder: Path,
    model: "Model | None",
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.base.labels import labels

    console, simulated = Console(), f"{labels('en').simulated}: "
    mark_exercise(simulated=manifest["simulated"])
    score = ("score",) if model is None else ("score", "prob.")
    table = Table("#", *score, "vessel", "why", show_lines=True)
    for row in vessels.itertuples(index=False):
        texts = str(row.reasons).split(" | ")
        reasons = [clean(text.removeprefix(simulated)) for text in texts]
        more = [f"… and {len(reasons) - 2} more"] if len(reasons) > 2 else []
        more += [f"Concluded: {clean(str(row.concluded))}"] if row.concluded else []
        more += [_where(str(row.last_seen), str(row.lat), str(row.lon))]
        incident = f", incident {str(row.incident_id)[:8]}" if row.incident_id else ""
        more += [f"event {str(row.event_ids)[:8]}{incident}"]
        scores = [row.score] if model is None else [row.score, row.probability]
        table.add_row(
            str(row.rank),
            *(f"{float(str(value)):.2f}" for value in scores),
            Text(vessel_cell(str(row.mmsi), str(row.name), str(row.flag_state))),
            Text("\n".join([*reasons[:2], *(text for text in more if text)])),
        )
    if len(vessels):
        console.print(table)
    else:
        console.print("No vessel was flagged. That is not an all-clear: see the brief.")
    if model is not None:
        console.print(
            f"prob.: how often flags of such a score were confirmed, by {model.card['outcomes']} "
            f"outcomes ({model.name}); unaided boarding: {model.card['unaided']:.2f}",
            highlight=False,
        )
    if pending := manifest.get("provisional", {}).get("flagged", 0):
        until = moment_text(datetime.fromisoformat(manifest["provisional"]["until"]))
        print_line(
            f"Provisional: {pending} of {total} flagged, the last until {until}: "
            "reports that come in by then may show that some they rest on are false"
        )
    print_first(first)
    _print_state(console, manifest, total)
    typer.echo(f"Flags are leads, not findings.\nResults: {folder}")
    if (brief := folder / "brief.html").exists():  # a look between nights has none
        typer.echo(f"Brief:   {brief}")
    if names := manifest.get("look", {}).get("put_off"):
        since = moment_text(datetime.fromisoformat(manifest["look"]["put_off_since"]))
        typer.echo(f"A look between nights: {', '.join(names)} looked up to {since}")


def _print_state(console: "Console", manifest: dict[str, Any], total: int) -> None:
    """Print what the run looked at, what of it failed or can't be judged and what its feeds lack:
    last, where a terminal still shows it.
    """
    from rich.text import Text

    from pipelines.base.labels import labels
    from pipelines.publish.notices import reception

    start, end = (datetime.fromisoformat(manifest["window"][edge]) for edge in ("start", "end"))
    console.print(
        f"Run {manifest['run_id']}: {manifest['state']}, {moment_text(start)} to "
        f"{moment_text(end)}, "
        f"{counted(manifest['counts']['vessels_looked_at'], 'vessel')} looked at, {total} flagged",
        highlight=False,
    )
    if text := manifest.get("now"):
        console.print(Text(text, style="yellow"))
    for text in reception(manifest, end, labels("en")):
        console.print(Text(text, style="yellow"))
    for name, text in manifest["failures"].items():
        console.print(Text(clean(f"failed: {name}: {text}"), style="bold red"))
    for text in manifest.get("held_back", []):
        console.print(Text(f"held back: {text}", style="bold yellow"))
    if over := manifest["counts"].get("over_budget", 0):
        console.print(f"Over the night's budget (assess.max_flags): {counted(over, 'more vessel')}")
    if own := manifest["counts"].get("of_own_vessels", 0):
        console.print(f"Set aside (config/watchlists): {counted(own, 'event')} with own vessels")


def _where(last_seen: str, lat: str, lon: str) -> str:
    """Say where a vessel was heard last, as flagged.csv tells it."""
    from pipelines.base.text import LOCAL, LOCAL_NAME, position_text

    if not (lat and lon):
        return ""
    heard = f"{datetime.fromisoformat(last_seen).astimezone(LOCAL):%d %b %H:%M} {LOCAL_NAME}"
    return f"Last heard {heard} {position_text(float(lat), float(lon))}"
