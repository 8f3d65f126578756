"""The command `selat`. Heavy imports wait until a command needs them, so that --help is instant."""

import atexit
import errno
import gc
import inspect
import os
import re
import sys
import threading
from pathlib import Path
from signal import Signals
from typing import Annotated, Final, NoReturn

import typer
from typer.models import CommandInfo, TyperInfo

from detectors.core.errors import ConfigError, SelatError
from pipelines.base.terminal import guard
from pipelines.base.visible import clean
from pipelines.cli import (
    backfill,
    backtest,
    backup,
    correct,
    desk,
    disposition,
    exercise,
    explain,
    flagged,
    health,
    incidents,
    keys,
    learn,
    listen,
    operation,
    packs,
    plan,
    recall,
    redetect,
    reference,
    run,
    service,
    sightings,
    sql,
    store,
    vessel,
    watch,
)

app = typer.Typer(
    name="selat", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)

OPERATOR: Final = "Operator: the night"
ANALYST: Final = "Analyst: why, and what if"
PATROL: Final = "Patrol and partners: what goes to sea"
ADMINISTRATOR: Final = "Administrator: install, keep, look after"

# In the order of use, by who needs them; `selat --help` shows them so.
for panel, name, command in (
    (OPERATOR, "nightly", run.nightly),
    (OPERATOR, "watch", watch.watch),
    (OPERATOR, "status", health.status),
    (OPERATOR, "doctor", health.doctor),
    (OPERATOR, "ingest", run.ingest),
    (OPERATOR, "listen", listen.listen),
    (OPERATOR, "sightings", sightings.app),
    (OPERATOR, "detect", run.detect),
    (OPERATOR, "desk", desk.app),
    (ANALYST, "incidents", incidents.incidents),
    (ANALYST, "flagged", flagged.flagged),
    (ANALYST, "since", recall.since),
    (ANALYST, "explain", explain.explain),
    (ANALYST, "vessel", vessel.vessel),
    (ANALYST, "find", recall.find),
    (ANALYST, "disposition", disposition.app),
    (ANALYST, "backtest", backtest.backtest),
    (ANALYST, "sql", sql.sql),
    (ANALYST, "operation", operation.app),
    (ANALYST, "exercise", exercise.app),
    (PATROL, "plan", plan.plan),
    (PATROL, "export", packs.export),
    (PATROL, "verify", packs.verify),
    (PATROL, "open", packs.open_),
    (PATROL, "exports", packs.exports),
    (PATROL, "correct", correct.correct),
    (PATROL, "keys", keys.app),
    (ADMINISTRATOR, "serve", service.serve),
    (ADMINISTRATOR, "notify", service.notify),
    (ADMINISTRATOR, "reference", reference.app),
    (ADMINISTRATOR, "backup", backup.backup),
    (ADMINISTRATOR, "restore", backup.restore),
    (ADMINISTRATOR, "store", store.app),
    (ADMINISTRATOR, "learn", learn.app),
    (ADMINISTRATOR, "backfill", backfill.backfill),
    (ADMINISTRATOR, "redetect", redetect.redetect),
):
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name, rich_help_panel=panel)
    else:
        app.command(name, rich_help_panel=panel)(command)


def _let_help_flow(commands: typer.Typer) -> None:
    """Let `--help` break its paragraphs where the terminal ends, not where the source does.

    What is indented, as examples are, stays as it is written: typer takes the margin of what
    follows the first paragraph for none, unless a paragraph without anything stands before it.
    """
    helped: list[CommandInfo | TyperInfo] = [*commands.registered_commands]
    if commands.registered_callback:
        helped.append(commands.registered_callback)
    for one in helped:
        paragraphs = (one.help or inspect.getdoc(one.callback) or "").split("\n\n")
        paragraphs[1:1] = [""] * (len(paragraphs) > 1)
        one.help = "\n\n".join(p if "\n " in f"\n{p}" else p.replace("\n", " ") for p in paragraphs)
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _let_help_flow(group.typer_instance)


_let_help_flow(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"selat {version('selat')}")
        raise typer.Exit


@app.callback()
def selat(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Maritime vessel-tracking analytics for the Straits of Malacca.

    AIS feeds in, a ranked and explained list of vessels out. Flags are leads, not findings.
    """


_SUPERVISED: Final = frozenset({"nightly", "serve", "backfill", "learn"})
"""Commands that start other processes."""

_AT_WORK: Final = _SUPERVISED | {"backtest", "desk", "detect", "ingest", "redetect", "watch"}
"""Commands that work on many reports."""


def main() -> None:
    """Run the command; an error for a person is a message, a hint and an exit code.

    What it produces is for its owner alone, unless SELAT_UMASK (octal, e.g. 027) lets others read.
    """
    guard()
    # What is imported stays: to look for cycles in it at every 700 objects took a tenth of a start,
    # and to look through it again at the end as much.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    # Nothing here multiplies large matrices, and pydantic has no plugins: threads for the one, and
    # a look through all that is installed for the other, take as long as a query each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.umask(_umask())
    _refuse_no_text(sys.argv[1:])
    name = next((one for one in sys.argv[1:] if not one.startswith("-")), "")
    if name in _AT_WORK:
        from pipelines.base.allocation import keep_what_is_freed

        keep_what_is_freed()
    if _is_own() and name in _SUPERVISED and "--help" not in sys.argv:
        from pipelines.base.processes import supervise

        supervise(lambda: _run(name), stopped=lambda by: _say_stopped(name, by))
    else:
        _run(name)


def _umask() -> int:
    """Return what nobody else may do with what is written; ends with exit code 2 if it is no mode.

    One that would keep the owner out as well is refused: nothing written could be read again.
    """
    given = os.environ.get("SELAT_UMASK") or "077"
    if re.fullmatch(r"0{0,2}[0-7]{1,2}", given) is None:
        hint = "mend SELAT_UMASK in the environment: 077 lets nobody else in, 027 a group read"
        _fail(ConfigError(f"SELAT_UMASK is {given!r}, no octal mode of group and others", hint))
    return int(given, 8)


def _refuse_no_text(arguments: list[str]) -> None:
    """End with exit code 2 where something typed is neither text nor the name of a file.

    Names of files are bytes; what else holds half a character can't be asked for in the store, nor
    written to it.
    """
    for text in arguments:
        name = text.partition("=")[2] if text.startswith("--") else text
        if re.search("[\ud800-\udfff]", text) and not os.path.lexists(name):
            _fail(ConfigError(f"{text} isn't UTF-8 text", "no file is called so; type it again"))


def _is_own() -> bool:
    """Tell whether this process is the command's own, and not one that calls it, such as a notebook
    or somebody's script: what is supervised is done in a child, in which that would go on, too.
    """
    begun = sys.modules["__main__"]
    file = getattr(begun, "__file__", None)
    ours = file is not None and (Path(file).name == "selat" or Path(file).samefile(__file__))
    return ours and getattr(begun, "main", None) is main and threading.active_count() == 1


def _say_stopped(name: str, by: Signals) -> int:
    """Say that a command was asked to end; returns its exit code."""
    if name == "serve":  # that is how it ends
        typer.echo(f"stopped ({by.name})", err=True)
        return 0
    typer.echo(
        f"stopped ({by.name}): what is in the store stays; the same command again goes on", err=True
    )
    return 128 + by


def _app_of(name: str) -> typer.Typer:
    """Return the command with what is asked for alone; all of it where that isn't a command's name.

    To look at the parameters of all fifty took a tenth of a second at each start.
    """
    commands = [one for one in app.registered_commands if one.name == name]
    groups = [one for one in app.registered_groups if one.name == name]
    if not commands and not groups:
        return app
    alone = typer.Typer(name=app.info.name, rich_markup_mode="rich", pretty_exceptions_enable=False)
    alone.registered_callback = app.registered_callback
    alone.registered_commands, alone.registered_groups = commands, groups
    return alone


_NOT_OURS: Final = "run it as the account that owns this, or have that give yours access"
_FULL: Final = "make room on that disk: selat status says what this home takes"
_OF_SYSTEM: Final = {
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
    errno.EROFS: "that disk can only be read from: name another place",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
}
"""What to do about what the system refuses, where nothing nearer to it knew."""


_WANTED: Final = (
    "nothing in the store is lost; raise what holds this to less (ulimit -v, MemoryMax=, a "
    "container's limit), or lower detection.memory_gb and store.memory_limit; see docs/capacity.md"
)


class _TooLittleMemoryError(SelatError):
    """The system gives no more."""

    exit_code = 2


def _run(name: str) -> None:
    try:
        _app_of(name)()
    except SelatError as error:
        _fail(error)
    except OSError as error:
        text = f"{error.filename or 'the system'}: {error.strerror or error}"
        _fail(SelatError(text, hint=_OF_SYSTEM.get(error.errno or 0, "")))
    except Exception as error:
        if not _is_for_want_of_memory(error):
            raise
        _fail(_TooLittleMemoryError(f"there is too little memory for selat {name}", _WANTED))


def _is_for_want_of_memory(error: Exception) -> bool:
    """Tell whether memory was refused; DuckDB, which isn't imported for that, has its own error."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"


def _fail(error: SelatError) -> NoReturn:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    console.print(f"error: {clean(error.message)}", style="red")
    if error.hint:
        console.print(f"hint: {clean(error.hint)}")
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
