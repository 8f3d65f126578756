"""`selat export`, `verify`, `open`, `exports` and `keys`: what is handed to others."""

import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines.base.text import counted
from pipelines.cli.keys import key_text, signer_of
from pipelines.cli.options import AsJson, Config, Home, Quiet, installation_of, shown_installation
from pipelines.cli.present import mark_exercise, moment_text, print_json, print_line

if TYPE_CHECKING:
    from pipelines.base.progress import Reporter
    from pipelines.base.settings import Installation
    from pipelines.publish.packs.verify import Verdict
    from pipelines.run.release import Released


_SHOWN: Final = 50
"""So many problems of a pack are printed."""
_ADVICE: Final = {
    "changed": "believe nothing in it, and have it sent again",
    "not signed": "ask its maker for one that is signed",
    "unknown key": "get its maker's public key another way than the pack came, then --key FILE",
    "revoked key": "ask its maker for one signed by a key that holds",
    "stale": "ask its maker for a newer one",
    "age unknown": "set this machine's clock, and verify again: timedatectl",
}
"""What to do with a pack that isn't intact, by its state."""
_OPENED: Final = "a program that opened the pack left {names}: delete that, and verify again"


TrustedKey = Annotated[
    list[str] | None,
    typer.Option("--key", help="A key to trust this once: a .pub file or its line. Repeatable."),
]


def export(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="Without --to: the new folder to copy a run to. With it: where packs go, "
            "else HOME/packs."
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="A recipient of config/recipients.yaml, or all of them: all. Repeatable."
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Run id; else the newest. What it was asked for counts.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="A pack of this Kuala Lumpur day, in place of a run's.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="A pack of a span, in place of a run's: from here.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="… to here, ISO 8601 (MYT).")] = None,
    strike: Annotated[
        list[str] | None,
        typer.Option(help="A lead to leave out: an MMSI or an event's id. Repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before signing.")] = False,
    unsigned: Annotated[
        bool,
        typer.Option(
            help="Make packs without a signature; the log is signed where there is a key."
        ),
    ] = False,
    replace: Annotated[bool, typer.Option(help="Replace a pack of the same name.")] = False,
    plan_from: Annotated[
        str | None,
        typer.Option(
            help="When the patrol plan in packs begins, ISO 8601 (MYT); else where the run ends."
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make packs for recipients, or copy the products of a finished run.

    A pack is made from what its recipient may have, as if nothing else were known; it is signed,
    archived, and written to the log of exports. Leads in it that one's own run, knowing more,
    doesn't hold, or that were closed by a conclusion here, are shown on standard error first; at a
    terminal it is asked whether it may go.
    Exit code 14 where it was withheld.

    For example:

      selat export --to mmea

      selat export --to mmea --to patrol-boat /media/usb

      selat export --to patrol-boat --plan-from 2026-11-25T18:00+08:00

      selat export --to abf --date 2026-11-24 --strike 533000123

      selat export /media/usb/night
    """
    installation = shown_installation(home, config)
    if not to:
        from pipelines.run.export import export_run

        if out is None:
            raise typer.BadParameter("name a folder, or a recipient: --to RECIPIENT")
        for path in export_run(installation, run, out):
            typer.echo(path)
        return
    from pipelines.base.progress import reporter
    from pipelines.publish.packs import recipients
    from pipelines.run.packs import export_to
    from pipelines.run.windows import asked_for, utc

    span = asked_for(date, since, until) if date or since or until else None
    if span and run:
        raise typer.BadParameter("name a run, or a span: not both")
    begin, struck = utc(plan_from) if plan_from else None, strike or []
    names = sorted(recipients.load(installation.config)) if to == ["all"] else to
    for name in names:
        recipients.find(installation.config, name)
    signer = signer_of(installation, unsigned=unsigned)
    made = []
    asked = sys.stdin.isatty() and sys.stderr.isatty() and not yes
    with reporter(quiet=quiet or as_json) as report, report.bar("Packs", len(names)) as bar:
        for done, name in enumerate(names):
            bar.to(done, len(names))
            bar.say(f"Pack for {name}")
            sent = export_to(
                installation,
                name,
                run_id=run,
                out=out,
                unsigned=unsigned,
                signer=signer,
                replace=replace,
                plan_from=begin,
                span=span,
                strike=struck,
                report=report,
                agree=partial(
                    _agreed, installation, name=name, strike=struck, asked=asked, report=report
                ),
            )
            entry = sent.entry
            made.append({**entry, "paths": [str(path) for path in sent.paths]})
            if not as_json:
                typer.echo(
                    f"{name}: TLP:{entry['tlp']} REL {entry['rel']}, "
                    f"{counted(entry['flagged'], 'vessel')}, {counted(entry['events'], 'event')}"
                )
                for path in sent.paths:
                    typer.echo(path)
    if as_json:
        print_json(made)


def _agreed(
    installation: "Installation",
    released: "Released",
    name: str,
    strike: list[str],
    asked: bool,
    report: "Reporter",
) -> bool:
    """Show what of a pack isn't held here, knowing more, or was closed; whether it may go."""
    from pipelines.ask.beside import beside, ids_here
    from pipelines.assess.dispositions.outcomes import CLOSED
    from pipelines.base.visible import clean

    table, events = released.products.incidents, released.products.events
    ids = [";".join(own) for own in ids_here(table, events, released.own)]
    scores = table["score"].tolist()
    known = beside(installation, scores, ids, simulated=released.products.simulated)
    about = zip(table["rank"], table["mmsi"], known.concluded, known.standing, strict=True)
    closed = [(rank, mmsi, said) for rank, mmsi, said, how in about if rank and how == CLOSED]
    for rank, mmsi, said in closed:
        typer.echo(f"{name}: concluded here: {rank} {mmsi:09d} {clean(said)}", err=True)
    if closed:
        typer.echo(f"{name}: the pack doesn't say so; --strike leaves a lead out", err=True)

    if not released.own_run:
        typer.echo(f"{name}: no run of one's own over that time to hold it against", err=True)
    for mmsi, ids, reasons in released.not_held.itertuples(index=False, name=None):
        why = clean(str(reasons).split(" | ")[0])
        line = f"{name}: not held here, knowing more: {mmsi:09d} ({str(ids).split(';')[0]}) {why}"
        typer.echo(line, err=True)
    if strike:
        typer.echo(
            f"{name}: without {', '.join(strike)}. Who has the same feeds can work out what lacks: "
            "that it does tells that something else is known of it.",
            err=True,
        )
    if not asked or not (strike or closed or len(released.not_held)):
        return True
    with report.paused():
        return typer.confirm(f"Make the pack for {name}?", err=True)


def verify(
    pack: Annotated[Path, typer.Argument(help="A pack: folder, .zip or .zip.age.")],
    key: TrustedKey = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Is a pack as its maker signed it, is the maker trusted here, is it still fresh?

    Nothing is written. Exit codes: 0 intact, 9 changed (a file differs, is missing or too many, or
    the signature doesn't fit), 10 not signed, or by a key that isn't known or is revoked, 11 intact
    but out of date.

    For example:

      selat verify mmea_20261124T160000Z-0007_TLP-AMBER.zip

      selat verify pack/ --key partner.pub
    """
    installation = installation_of(home, config)
    verdict = _look(installation, pack, key)
    made = verdict.manifest
    if as_json:
        print_json(
            {
                "state": verdict.state,
                "problems": verdict.problems,
                "key": verdict.key,
                "key_title": verdict.title,
                "manifest": made.model_dump(exclude={"files"}) if made else None,
                "files": len(made.files) if made else None,
            }
        )
    else:
        _say(verdict)
    raise typer.Exit(_code(verdict))


def open_(
    pack: Annotated[Path, typer.Argument(help="A pack: .zip.age, .zip or folder.")],
    out: Annotated[Path, typer.Argument(help="Folder to write to; must not exist.")],
    key: TrustedKey = None,
    anyway: Annotated[
        bool, typer.Option(help="Also where nobody that is trusted signed it.")
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Verify a pack, decrypt it if it is encrypted, and write its files to a new folder.

    A changed pack is never opened. Exit codes as for verify; 0 where --anyway opened it.

    For example:

      selat open patrol-boat_20261124T160000Z-0007_TLP-AMBER.zip.age tonight
    """
    installation = installation_of(home, config)
    from pipelines.publish.packs.keys import Keyring
    from pipelines.publish.packs.verify import unpack

    verdict = _look(installation, pack, key)
    _say(verdict)
    trusted = verdict.state in {"intact", "stale", "age unknown"}
    if verdict.state == "changed" or not (trusted or anyway):
        typer.echo("not opened" + ("" if verdict.state == "changed" else " (--anyway does)"))
        raise typer.Exit(_code(verdict))
    for path in unpack(pack, Keyring(installation.keys), out, verdict):
        typer.echo(path)
    raise typer.Exit(_code(verdict) if not anyway else 0)


def exports(
    expect: Annotated[
        str | None, typer.Option(help="A hash noted earlier, which the log must hold.")
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List who got what, when, from which run; and whether the log is what was written.

    Exit code 9 if a line was changed, removed, cut off or put in.

    For example:

      selat exports

      selat exports --expect 3f9a…
    """
    installation = shown_installation(home, config)
    from pipelines.base.visible import clean
    from pipelines.publish.packs import log
    from pipelines.publish.packs.keys import Keyring

    checked = log.check(installation.exports, Keyring(installation.keys))
    problems = list(checked.problems)
    hashes = [str(entry["hash"]) for entry in checked.entries]
    if expect and not any(one.startswith(expect) for one in hashes):
        problems.append(f"no line has the hash {expect}: lines are gone")
    if as_json:
        print_json(
            {
                "entries": checked.entries,
                "problems": problems,
                "notes": checked.notes,
                "head": checked.head,
            }
        )
    else:
        for entry in checked.entries:
            lock = " encrypted" if entry.get("encrypted_to") else ""
            what = (
                f"correction of {entry['corrects']}"
                if "corrects" in entry
                else f"{entry.get('flagged')} vessels"
            )
            line = (
                f"{entry['number']:>4}  {_moment(entry.get('time'))}  {entry.get('recipient')}  "
                f"{entry.get('pack') or 'run ' + str(entry.get('run_id'))}  {what}  "
                f"by {entry.get('by')}{lock}  "
                f"manifest {str(entry.get('manifest_sha256'))[:16]}"
            )
            print_line(clean(line))
        for problem in problems:
            typer.echo(f"problem: {clean(problem)}", err=True)
        for note in checked.notes:
            typer.echo(f"note: {clean(note)}", err=True)
        if checked.entries or problems:
            typer.echo(f"{'broken' if problems else 'whole'}; newest hash {checked.head}")
        else:
            typer.echo("nothing was exported to anyone")
    if problems:
        raise typer.Exit(log.LogBrokenError.exit_code)


def _look(installation: "Installation", pack: Path, key: list[str] | None) -> "Verdict":
    import pandas as pd

    from pipelines.publish.packs import minisign
    from pipelines.publish.packs.keys import Keyring
    from pipelines.publish.packs.manifest import UnsoundError
    from pipelines.publish.packs.verify import Verdict
    from pipelines.publish.packs.verify import verify as look

    also = [minisign.PublicKey.parse(key_text(one)) for one in key or ()]
    try:
        return look(pack, Keyring(installation.keys), pd.Timestamp.now("UTC"), also)
    except UnsoundError as error:
        return Verdict("changed", (error.message,), None, "")


def _say(verdict: "Verdict") -> None:
    from pipelines.base.visible import clean

    made = verdict.manifest
    if made is None:
        typer.echo(f"{verdict.state}: nothing that it says of itself can be believed")
    else:
        mark_exercise(simulated=made.simulated)
        what = f"correction of {made.corrects}" if made.corrects else f"run {made.run_id}"
        typer.echo(
            clean(
                f"{verdict.state}: {what} for {made.recipient.title}, TLP:"
                f"{made.handling.tlp} REL {made.handling.rel}, {counted(len(made.files), 'file')}, "
                f"{f'signed by {verdict.signed_by}' if verdict.key else 'no signature'}, "
                f"out of date after {moment_text(datetime.fromisoformat(made.stale_after))}"
            )
        )
    for problem in verdict.problems[:_SHOWN]:
        typer.echo(f"  {clean(problem)}")
    if (more := len(verdict.problems) - _SHOWN) > 0:
        typer.echo(f"  and {more:,} more: --json has them all")
    if verdict.opened:
        typer.echo(f"hint: {_OPENED.format(names=', '.join(verdict.opened))}")
    elif verdict.state in _ADVICE:
        typer.echo(f"hint: {_ADVICE[verdict.state]}")


def _code(verdict: "Verdict") -> int:
    from pipelines.publish.packs.verify import EXIT_CODES

    return EXIT_CODES[verdict.state]


def _moment(time: object) -> str:
    """Return when a line of the log was written; as it stands where that is no time."""
    try:
        return moment_text(datetime.fromisoformat(str(time)))
    except ValueError:
        return str(time)
