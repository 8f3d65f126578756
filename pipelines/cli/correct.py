"""`selat correct`: who holds leads that no longer stand, and a correction for them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.base.text import counted
from pipelines.cli.keys import signer_of
from pipelines.cli.options import AsJson, Config, Home, Quiet, shown_installation
from pipelines.cli.present import moment_text, print_json, print_line, print_table

if TYPE_CHECKING:
    from pipelines.base.settings import Installation
    from pipelines.run.corrections import Correction


def correct(
    pack: Annotated[
        str | None,
        typer.Argument(help="The pack: its name in `selat exports`, or its file; else list all."),
    ] = None,
    cleared: Annotated[
        bool,
        typer.Option(
            "--cleared", help="Tell also that a lead was cleared here: not by whom, nor why."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where it goes; else HOME/packs.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before signing.")] = False,
    unsigned: Annotated[bool, typer.Option(help="Make it without a signature.")] = False,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """List packs whose leads no longer stand, or make the correction of one for its recipient.

    The list is of what this home knows. A correction is worked out from what the recipient may
    have, as the pack was: it tells what was withdrawn or has moved by that alone, and what an
    earlier one called cleared and isn't any more. It is a small pack, signed and logged, and
    `selat verify` verifies it. Exit code 7 where there is nothing to tell, 9
    where the log of exports, by which the list goes, isn't what was written.

    For example:

      selat correct

      selat correct mmea_20261124T160000Z-3f9a_TLP-AMBER --cleared
    """
    installation = shown_installation(home, config)
    if pack is None:
        _list(installation, as_json=as_json)
        return
    pack = Path(pack).name.removesuffix(".age").removesuffix(".zip")
    import sys
    from collections import Counter

    import pandas as pd

    from pipelines.base.labels import labels
    from pipelines.base.progress import reporter
    from pipelines.run.corrections import correct as make

    signer = signer_of(installation, unsigned=unsigned)
    words = labels("en")
    asked = sys.stdin.isatty() and sys.stderr.isatty() and not yes

    def agree(made: "Correction") -> bool:
        for row in made.told.to_dict("records"):
            what = words.kind_of(row["kind"], "")
            line = f"{row['event_id']}  {what}  {row['mmsi']:09d}  {row['correction']}"
            typer.echo(line, err=True)
        counts = Counter(made.told["correction"])
        all_told = ", ".join(f"{n:,} {what}" for what, n in counts.items())
        return not asked or typer.confirm(f"Make the correction of {pack} ({all_told})?", err=True)

    with reporter(quiet=True) as report:
        paths, entry = make(
            installation,
            pack,
            pd.Timestamp.now("UTC"),
            cleared=cleared,
            out=out,
            unsigned=unsigned,
            signer=signer,
            agree=agree,
            report=report,
        )
    if as_json:
        print_json({**entry, "paths": [str(path) for path in paths]})
        return
    if not quiet:
        said = f"TLP:{entry['tlp']} REL {entry['rel']}, {counted(len(entry['corrected']), 'lead')}"
        typer.echo(f"{entry['recipient']}: {said}")
    for path in paths:
        typer.echo(path)


def _list(installation: "Installation", *, as_json: bool) -> None:
    import pandas as pd

    from pipelines.ask.held_wrong import broken_log, held_wrong
    from pipelines.base.labels import labels
    from pipelines.base.visible import clean
    from pipelines.publish.packs.log import LogBrokenError
    from pipelines.store import read

    words = labels("en")

    with read(installation.store, installation.settings.store) as store:
        found = held_wrong(store, installation, pd.Timestamp.now("UTC"))
    broken = broken_log(installation)
    if broken:
        typer.echo(f"problem: {clean(broken)}: selat exports", err=True)
    if as_json:
        named = ("pack", "recipient", "title")
        rows = [
            {**{name: getattr(one, name) for name in named}, "leads": one.leads.to_dict("records")}
            for one in found
        ]
        print_json(rows)
        raise typer.Exit(LogBrokenError.exit_code if broken else 0)
    for one in found:
        print_line(clean(f"{one.pack} ({one.title}): {one}"))
        if one.leads.empty:
            continue
        print_table(
            ("event", "here", "kind", "MMSI", "begun", "now"),
            (
                (
                    row["told_id"],
                    row["event_id"],
                    words.kind_of(row["kind"], ""),
                    f"{row['mmsi']:09d}",
                    moment_text(row["start"]),
                    row["what"],
                )
                for row in one.leads.to_dict("records")
            ),
            drop=("begun", "kind"),
        )
    if found:
        typer.echo("selat correct PACK makes the correction of one for its recipient")
    elif not broken:
        typer.echo("no pack of the last two weeks holds a lead that no longer stands")
    if broken:
        raise typer.Exit(LogBrokenError.exit_code)
