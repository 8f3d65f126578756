"""A recipient's pack: a folder of products with README, manifest and signature, and its archive."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detectors.core.errors import ConfigError
from pipelines.base import zipping
from pipelines.base.files import sha256_of
from pipelines.base.settings import PROJECT
from pipelines.publish import readme
from pipelines.publish.files import write_formats
from pipelines.publish.packs import manifest, minisign
from pipelines.publish.packs.sealed import MAX_SEALED_BYTES
from pipelines.publish.products import Products

README: Final = "README.txt"


def name_of(products: Products) -> str:
    """Return what a pack's folder and archive are called: recipient, run and TLP label.

    Raises PackError if the products are for nobody.
    """
    if products.release is None:
        raise manifest.PackError("these products are for nobody")
    label = str(products.release.mark.tlp).replace("+", "-")
    name = f"{products.release.recipient}_{products.run_id}_TLP-{label}"
    return manifest.safe_name(name)


def fill(
    products: Products, formats: Sequence[str], folder: Path, private: Ed25519PrivateKey | None
) -> bytes:
    """Write all files of a pack into an empty folder; give the manifest.

    The signature's trusted comment names the pack and holds no time, so that signing again gives
    the same bytes.
    """
    written = write_formats(products, formats, folder)
    names = sorted([README, *(path.name for path in written)])
    readme.write(products, folder / README, names, signed=private is not None)
    return sign(products, names, folder, private)


def sign(
    products: Products, names: Sequence[str], folder: Path, private: Ed25519PrivateKey | None
) -> bytes:
    """Write the manifest of some files of a folder, and its signature; give the manifest."""
    files = {name: folder / name for name in names}
    content = manifest.make(products, files, sha256_of(PROJECT / "requirements.lock"))
    (folder / manifest.NAME).write_bytes(content)
    if private is not None:
        comment = f"file:{manifest.NAME} pack:{name_of(products)}"
        signature = minisign.sign(private, content, comment)
        (folder / manifest.SIGNATURE).write_text(signature, encoding="utf-8", newline="\n")
    return content


def archive(folder: Path, name: str, path: Path) -> None:
    """Write the files of a folder to a ZIP archive, inside one folder of that name.

    Manifest and signature aren't packed: no hash in the manifest could vouch for how they are.
    """
    members = {f"{name}/{file.name}": file for file in folder.iterdir()}
    zipping.write(path, members, {f"{name}/{manifest.NAME}", f"{name}/{manifest.SIGNATURE}"})


def sealed(content: bytes, keys: Sequence[str]) -> bytes:
    """Content encrypted to age keys; each time in other bytes, as encryption must.

    Raises
    ------
    ConfigError
        If a key isn't one.
    PackError
        If it is larger than is opened.
    """
    if len(content) > MAX_SEALED_BYTES:
        raise manifest.PackError(
            f"the archive is larger than {MAX_SEALED_BYTES:,} bytes, too large to be encrypted",
            hint="fewer formats for this recipient, in recipients.yaml",
        )
    recipients = []
    for key in keys:
        try:
            recipients.append(pyrage.x25519.Recipient.from_str(key))
        except pyrage.RecipientError as error:
            raise ConfigError(
                f"{key} isn't an age key: {error}", hint="mend encrypt_to in recipients.yaml"
            ) from error
    return bytes(pyrage.encrypt(content, recipients))
