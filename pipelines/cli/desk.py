"""`selat desk`: the night in a browser, to look at and to work; who may, and from where."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.cli.options import AsJson, Config, Home, Quiet, installation_of, shown_installation
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pipelines.web.accounts import Accounts

app = typer.Typer(invoke_without_command=True)
account = typer.Typer(no_args_is_help=True, help="Who may sign in at the desk, and see what there.")
app.add_typer(account, name="account")

Level = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED", "ALL"]
Name = Annotated[str, typer.Argument(help="The account's name; it goes with its conclusions.")]


@app.callback()
def desk(
    context: typer.Context,
    home: Home = None,
    config: Config = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 for any that is free.")
    ] = 0,
    listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address to listen at; any but loopback with --cert, --key and an account.",
        ),
    ] = "127.0.0.1",
    cert: Annotated[
        Path | None, typer.Option(help="Certificate, PEM; then accounts sign in.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name or address by which others reach it. Repeatable."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    lang: Annotated[str, typer.Option(help="Language to begin with: en or ms.")] = "en",
    operator: Annotated[
        str, typer.Option(help="Who sits at it; else it is asked with the first conclusion.")
    ] = "",
) -> None:
    """Open the desk: tonight's incidents in a browser, to look at and to conclude on.

    It prints an address that can be used once, on this machine, and opens the browser with another.
    It needs no network, waits for no run, and shows new runs by itself. With a certificate it is
    for others on the network: each signs in with an account, and sees what its clearance allows.

    For example:

      selat desk --operator "Lt Aminah"

      selat desk --no-browser --port 8765 --lang ms

      selat desk --listen 192.0.2.7 --name desk.example --cert d.crt --key d.key
    """
    from detectors.core.errors import ConfigError

    if context.invoked_subcommand is not None:
        given = [
            name
            for name in context.params
            if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
        ]
        if given:  # they would be forgotten, and another home be changed
            raise ConfigError(
                f"options of selat desk {context.invoked_subcommand} come after it",
                hint=f"selat desk {context.invoked_subcommand} … --{given[0]} …",
            )
        return
    from pipelines.base.labels import LANGUAGES
    from pipelines.web import tls
    from pipelines.web.app import Desk
    from pipelines.web.serving import Network, listening, serve, serve_accounts

    def say(text: str) -> None:
        typer.echo(text, err=True)

    if lang not in LANGUAGES:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}", param_hint="--lang")
    if (cert is None) != (key is None):
        raise ConfigError("--cert and --key go together", hint="selat desk certificate makes both")
    made = Desk(shown_installation(home, config, may_be_new=True), operator, lang)
    if cert is None or key is None:
        if name:
            raise ConfigError("--name is for a desk with a certificate", hint="--cert and --key")
        serve(made, listening(listen, port), browser=browser, out=typer.echo, say=say)
        return
    network = Network(tls.context(cert, key), tuple(name or ()))
    with listening(listen, port, network=True) as sock:
        serve_accounts(made, sock, network, say=say)


@app.command("certificate")
def certificate(
    names: Annotated[
        list[str], typer.Argument(help="Names and addresses by which the desk is reached.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to write to; else HOME/desk.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Make a certificate that nobody has signed, and its key, and print its fingerprint.

    Browsers warn of it once: compare the fingerprint before you go on. One that your own authority
    has signed is better.

    For example:

      selat desk certificate desk.example 192.0.2.7
    """
    from pipelines.web import tls

    folder = out if out is not None else installation_of(home, config).home / "desk"
    cert, key = tls.self_signed(folder, tuple(names))
    typer.echo(f"certificate {cert}\nkey {key}\nSHA-256 {tls.fingerprint(cert)}")


@app.command("prepare")
def prepare(home: Home = None, config: Config = None, quiet: Quiet = False) -> None:
    """Work out what accounts may see that may not see everything; the desk does so after each run.

    It costs about a night's run for each night of the last 30 days, the first time, and a night's
    run after each night; accounts with the same rights share it.

    For example:

      selat desk prepare
    """
    from pipelines.base.progress import reporter
    from pipelines.run.cleared import clear_away, prepare
    from pipelines.web.accounts import Accounts

    installation = installation_of(home, config)
    clearances = list(dict.fromkeys(one.may for one in Accounts(installation.home).all()))
    clear_away(installation, clearances)
    with reporter(quiet=quiet) as report:
        for one in clearances:
            own = prepare(installation, one, report, clearances)
            if not quiet:
                what = "the whole home" if own == installation else f"worked out, in {own.home}"
                typer.echo(f"{one}: {what}")


@account.command("add")
def account_add(
    name: Name,
    clearance: Annotated[
        Level,
        typer.Option(help="The strictest TLP label that it may see; ALL: everything."),
    ],
    holds: Annotated[
        list[str] | None,
        typer.Option(help="A name of releasability lists that it may use, as MYS. Repeatable."),
    ] = None,
    admin: Annotated[
        bool, typer.Option(help="It may also change what belongs to all, if it sees everything.")
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Add an account; its password is asked for twice, or read as two lines of standard input.

    What it sees is what a pack for the same label and names would be made from (config/marks.yaml).

    For example:

      selat desk account add "Lt Aminah" --clearance AMBER --holds MYS
    """
    from pipelines.base.marks import Tlp

    level: Literal["ALL"] | Tlp = "ALL" if clearance == "ALL" else Tlp(clearance)
    accounts = _accounts(home, config)
    accounts.refuse_taken(name)
    added = accounts.add(name, _password(), level, tuple(holds or ()), admin=admin)
    typer.echo(f"{added.name} may sign in, and see: {added.may}")


@account.command("list")
def account_list(home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """All accounts, and what each may see.

    For example:

      selat desk account list
    """
    known = _accounts(home, config).all()
    if as_json:
        print_json([one.model_dump(mode="json", exclude={"secret"}) for one in known])
        return
    for one in known:
        typer.echo(f"{one.name}: {one.may}{', admin' if one.admin else ''}, since {one.made}")
    if not known:
        typer.echo("there are no accounts: selat desk account add")


@account.command("remove")
def account_remove(name: Name, home: Home = None, config: Config = None) -> None:
    """Remove an account; who is signed in with it is out with their next request.

    For example:

      selat desk account remove "Lt Aminah"
    """
    _accounts(home, config).remove(name)
    typer.echo("removed")


@account.command("passwd")
def account_passwd(name: Name, home: Home = None, config: Config = None) -> None:
    """Set an account's password; who is signed in with the old one is out.

    For example:

      selat desk account passwd "Lt Aminah"
    """
    accounts = _accounts(home, config)
    accounts.refuse_missing(name)
    accounts.set_password(name, _password())
    typer.echo("set")


def _accounts(home: Path | None, config: Path | None) -> "Accounts":
    from pipelines.web.accounts import Accounts

    return Accounts(installation_of(home, config).home)


def _password() -> str:
    """Ask for a new password twice; an option would stand in histories and lists of processes."""
    import getpass
    import sys

    from pipelines.web.accounts import AccountError

    if sys.stdin.isatty():
        first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    else:
        first, second = (sys.stdin.readline().rstrip("\r\n") for _ in range(2))
    if first != second:
        raise AccountError("the two passwords differ")
    return first
