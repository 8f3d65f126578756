"""`selat keys`: make, list, rotate and revoke keys of packs."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines.cli.options import AsJson, Config, Home, installation_of
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pipelines.base.settings import Installation
    from pipelines.publish.packs.keys import Key, Keyring, Signer


PASSPHRASE: Final = "SELAT_KEY_PASSPHRASE"  # noqa: S105 - its name
"""Environment variable with the passphrase of the signing key."""


app = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke keys of packs.")


@app.command("make")
def keys_make(
    opening: Annotated[
        bool,
        typer.Option(help="A key that opens packs encrypted to it, instead of one that signs."),
    ] = False,
    passphrase: Annotated[
        bool, typer.Option(help=f"Lock the signing key; asked for, or taken from {PASSPHRASE}.")
    ] = False,
    title: Annotated[str, typer.Option(help="Whose key it is.")] = "",
    home: Home = None,
    config: Config = None,
) -> None:
    """Make the key that signs packs, or one that opens packs encrypted to it.

    For example:

      selat keys make --passphrase --title "MMEA Lumut"

      selat keys make --opening
    """
    keyring = keyring_of(home, config)
    if opening:
        _show(keyring.make_opening(datetime.now(UTC), title))
        return
    secret = passphrase_of_key(new=True) if passphrase else None
    _show(keyring.make(datetime.now(UTC), secret, title))


@app.command("list")
def keys_list(home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """All keys: what signs, what opens, what is trusted, and what became of each.

    For example:

      selat keys list
    """
    from dataclasses import asdict

    known = keyring_of(home, config).entries()
    if as_json:
        print_json([asdict(key) for key in known])
        return
    for key in known:
        _show(key)
    if not known:
        typer.echo("there are no keys: selat keys make")


@app.command("rotate")
def keys_rotate(
    passphrase: Annotated[
        bool | None, typer.Option(help="Lock the new key; asked for where the old one is locked.")
    ] = None,
    title: Annotated[str, typer.Option(help="Whose key it is; else as before.")] = "",
    home: Home = None,
    config: Config = None,
) -> None:
    """Retire the signing key and make the next; what the old one signed stays good.

    For example:

      selat keys rotate --passphrase
    """
    keyring = keyring_of(home, config)
    if passphrase is None:  # who forgets the option doesn't leave the next key open
        passphrase = keyring.locked()
    secret = passphrase_of_key(new=True) if passphrase else None
    _show(keyring.rotate(datetime.now(UTC), secret, title))


@app.command("revoke")
def keys_revoke(
    key: Annotated[str, typer.Argument(help="The key's id, or the beginning of it.")],
    reason: Annotated[str, typer.Option(help="Why: lost, stolen, …")],
    home: Home = None,
    config: Config = None,
) -> None:
    """Revoke a key: nothing that it signed is good any more. It can't be undone.

    For example:

      selat keys revoke 8F31 --reason "laptop stolen in Lumut"
    """
    from pipelines.publish.packs import record

    _show(record.revoke(keyring_of(home, config), key, datetime.now(UTC), reason))


@app.command("trust")
def keys_trust(
    key: Annotated[str, typer.Argument(help="A .pub file, or its line.")],
    title: Annotated[str, typer.Option(help="Whose key it is.")],
    home: Home = None,
    config: Config = None,
) -> None:
    """Believe what another installation signs; compare the key's id with its owner by voice first.

    For example:

      selat keys trust partner.pub --title "ABF Darwin"
    """
    _show(keyring_of(home, config).trust(key_text(key), datetime.now(UTC), title))


def key_text(key: str) -> str:
    """Return a public key that is given as it is, or as the file that holds it."""
    from pipelines.base.files import read_plain

    path = Path(key)
    return read_plain(path).decode("utf-8", "replace") if path.is_file() else key


def keyring_of(home: Path | None, config: Path | None) -> "Keyring":
    """Return the keys of an installation."""
    from pipelines.publish.packs.keys import Keyring

    return Keyring(installation_of(home, config).keys)


def _show(key: "Key") -> None:
    from pipelines.base.visible import clean

    ended = f" {key.ended} ({key.reason})" if key.ended else ""
    line = f"{key.name}  {key.kind}  {key.state}{ended}  made {key.made}  {key.title}"
    typer.echo(clean(line).rstrip())
    typer.echo(f"  {key.public}")


def signer_of(installation: "Installation", *, unsigned: bool) -> "Signer | None":
    """Return what signs packs; None where nothing is to be signed, and no key is there."""
    from pipelines.publish.packs.keys import Keyring

    keyring = Keyring(installation.keys)
    if unsigned and not keyring.signing():
        return None
    return keyring.signer(passphrase_of_key() if keyring.locked() else None)


def passphrase_of_key(*, new: bool = False) -> str:
    """Return the passphrase from the environment, or from a person at the terminal."""
    given = os.environ.get(PASSPHRASE)
    if given:
        return given
    if not sys.stdin.isatty():
        from pipelines.publish.packs.keys import KeyProblem

        raise KeyProblem("the signing key needs a passphrase", hint=f"set {PASSPHRASE}")
    asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return asked
