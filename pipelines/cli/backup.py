"""`selat backup`, `selat restore`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.base.text import counted
from pipelines.cli.options import AsJson, Config, Home, Quiet, installation_of, there
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pipelines.run.backup import Repository, Snapshot

Folder = Annotated[Path, typer.Argument(help="Folder of backups, on another disk.")]


def backup(
    folder: Folder,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove all but so many of the newest afterwards.")
    ] = None,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Private keys too: who has them can sign.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Only list the backups there.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only read every backup there again.")
    ] = False,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Keep a copy of the store, runs, conclusions, recordings and configuration, verified.

    A nightly run may be going on. What is there already isn't copied again; every backup is whole
    in itself. Exit code 12: it couldn't be made, or one isn't whole.

    For example:

      selat backup /media/backup/selat --keep 30

      selat backup /media/backup/selat --verify
    """
    from pipelines.base.progress import reporter
    from pipelines.run.backup import Repository
    from pipelines.run.backup import backup as make

    if list_ or verify:
        _show(Repository(folder), verify=verify, as_json=as_json)
        return
    installation = there(installation_of(home, config))
    with reporter(quiet=quiet or as_json) as report:
        made = make(installation, folder, report, keep=keep, keys=with_keys)
    row = {
        **_row(made.snapshot),
        "new_bytes": made.new_bytes,
        "freed_bytes": made.freed_bytes,
        "gone": list(made.gone),
    }
    if as_json:
        print_json(row)
        return
    typer.echo(
        f"backup {made.snapshot.name}: {counted(len(made.snapshot.entries), 'file')}, "
        f"{made.snapshot.bytes / 1e6:,.1f} MB, of them {made.new_bytes / 1e6:,.1f} MB new"
    )
    if not made.snapshot.keys and (installation.keys / "keys.json").exists():
        typer.echo("Private keys aren't in it: keep HOME/keys elsewhere, or use --with-keys.")
    for path in made.gone:
        typer.echo(f"removed while it was made: {path}", err=True)


def restore(
    folder: Folder,
    home: Annotated[Path, typer.Option(help="The new home; must not exist, or be empty.")],
    name: Annotated[
        str, typer.Option("--backup", help="Which one, by the beginning of its name.")
    ] = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Take a backup back into a new home, whole and verified, or not at all.

    For example:

      selat restore /media/backup/selat --home data/home

      selat restore /media/backup/selat --backup 20261124 --home /tmp/look
    """
    from pipelines.base.progress import reporter
    from pipelines.run.backup import restore as take

    with reporter(quiet=quiet or as_json) as report:
        done = take(folder, home.expanduser().absolute(), report, name=name)
    if as_json:
        print_json({**_row(done.snapshot), "home": str(done.home), "config": str(done.config)})
        return
    typer.echo(f"{done.home} is as it was in the backup {done.snapshot.name}")
    typer.echo(
        f"The configuration of then is in {done.config}; --config names the one that counts."
    )
    if not done.snapshot.keys:
        typer.echo("Private keys aren't in that backup: put HOME/keys back from where they are.")


def _show(repository: "Repository", *, verify: bool, as_json: bool) -> None:
    from pipelines.base.visible import clean

    rows = []
    repository.snapshot()  # says what is wrong where there is none
    for name in repository.names():
        snapshot = repository.snapshot(name)
        wrong = repository.verify(snapshot) if verify else []
        rows.append(_row(snapshot) | ({"wrong": wrong} if verify else {}))
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            state = "" if not verify else ", whole" if not row["wrong"] else ", NOT whole"
            typer.echo(
                f"{row['name']}  {row['files']:,} files, {row['bytes'] / 1e6:,.1f} MB, "
                f"newest run {clean(row['latest']) or 'none'}{state}"
            )
            for text in row.get("wrong", []):
                typer.echo(f"  {text}")
    if any(row.get("wrong") for row in rows):
        raise typer.Exit(12)


def _row(snapshot: "Snapshot") -> dict[str, Any]:
    row = asdict(snapshot)
    return {
        **{k: v for k, v in row.items() if k != "entries"},
        "bytes": snapshot.bytes,
        "files": len(snapshot.entries),
    }
