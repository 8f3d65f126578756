"""`selat store`: what was read, whether it is whole, fewer and larger files."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.base.visible import clean
from pipelines.cli.options import AsJson, Config, Home, Quiet, installation_of, shown_installation
from pipelines.cli.present import print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Look into the store, verify it, tidy it.")


@app.command("feeds")
def store_feeds(home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show what was read from each feed, and what was rejected and why.

    For example:

      selat store feeds

      selat store feeds --json
    """
    installation = shown_installation(home, config)
    from pipelines.store import read

    with read(installation.store, installation.settings.store) as store:
        ledger = store.ledger()
    texts = zip(*(ledger[c].tolist() for c in ("feed_key", "name", "report")), strict=True)
    reports = [(str(key), str(name), json.loads(text)) for key, name, text in texts]
    if as_json:
        print_json([{"key": key, "name": name, **report} for key, name, report in reports])
        return
    names = ("key", "feed", "format", "rows", "positions", "static", "outside", "rejected")
    rows = []
    for key, name, report in reports:
        told = {**report["rejected"], **report.get("unknown_words", {})}
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in told.items())
        counts = [f"{report[c]:,}" for c in ("rows_read", "positions", "statics", "outside_area")]
        rows.append((key, name, report["format"], *counts, reasons))
    print_table(names, rows, drop=("static", "format"), most=400)


@app.command("check")
def store_check(
    repair: Annotated[bool, typer.Option(help="Mend what can be mended without a guess.")] = False,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Verify every file and table of the store; exit code 1 if something is wrong.

    For example:

      selat store check

      selat store check --repair
    """
    installation = shown_installation(home, config)
    from pipelines.base.progress import reporter
    from pipelines.store.check import check

    with reporter(quiet=quiet or as_json) as report, report.bar("Checking", None) as bar:
        problems = check(
            installation.store, installation.settings.store, repair=repair, progress=bar.to
        )
    if as_json:
        print_json([asdict(problem) for problem in problems])
    for problem in problems if not as_json else ():
        state = " (repaired)" if problem.repaired else ""
        typer.echo(clean(f"{problem.level}: {problem.where}: {problem.message}{state}"))
        if problem.hint and not problem.repaired:
            typer.echo(f"  hint: {clean(problem.hint)}")
    if not problems and not as_json:
        typer.echo("the store is whole")
    if any(p.level == "error" and not p.repaired for p in problems):
        raise typer.Exit(1)


@app.command("compact")
def store_compact(
    home: Home = None, config: Config = None, quiet: Quiet = False, as_json: AsJson = False
) -> None:
    """Merge the small files of each date into one; readers are not held up.

    Superseded files stay for a grace period, for readers that opened the store before.

    For example:

      selat store compact
    """
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.store import compact

    with reporter(quiet=quiet or as_json) as report, report.bar("Compacting", None) as bar:
        merged = compact(installation.store, installation.settings.store, progress=bar.to)
    if as_json:
        print_json(merged.to_dict("records"))
        return
    before, after = int(merged["bytes_before"].sum()), int(merged["bytes"].sum())
    typer.echo(
        f"dates merged: {len(merged)}, {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now"
    )


@app.command("delete")
def store_delete(
    keys: Annotated[list[str], typer.Argument(help="Keys of feeds, see `selat store feeds`.")],
    home: Home = None,
    config: Config = None,
) -> None:
    """Remove what some feeds brought, and nothing else; detect again over their span afterwards.

    For example:

      selat store delete 3f9a0c2b71d4e865
    """
    installation = installation_of(home, config)
    from pipelines.store import delete_feed

    delete_feed(installation.store, *keys, settings=installation.settings.store)
    typer.echo(f"feeds removed: {len(keys)}")
