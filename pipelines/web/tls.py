"""Certificates: the context that the desk speaks TLS in, and one made by ourselves.

TLS 1.2 at least, there with the ciphers that also authenticate (RFC 9325, sections 3.1.1 and 4.2).
"""

import errno
import ipaddress
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from detectors.core.errors import ConfigError

VALID_DAYS: Final = 397
"""Of a certificate of ours: no browser takes one of a server that is good for longer than 398."""


def context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a server with a certificate and its key, PEM files.

    Raises ConfigError if one can't be read, they don't belong together, it has expired, or others
    can read or change the key.
    """
    for path, what in ((cert, "certificate"), (key, "key")):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe is not waited for
            about = os.fstat(handle)
            os.close(handle)
            if not stat.S_ISREG(about.st_mode):
                raise OSError(errno.EINVAL, "it isn't a file")
        except OSError as error:
            raise ConfigError(
                f"the {what} {path} can't be read: {error.strerror or error}",
                hint="selat desk certificate makes one, and its key",
            ) from error
        if what == "key" and stat.S_IMODE(about.st_mode) & 0o027:
            raise ConfigError(
                f"everybody here can read the key {path}, or others can change it",
                hint=f"chmod 600 {path}",
            )
        if what == "key" and about.st_uid not in {0, os.geteuid()}:
            raise ConfigError(
                f"the key {path} is another account's",
                hint="who wrote it can pretend to be the desk",
            )
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    made.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    made.set_alpn_protocols(["http/1.1"])
    try:
        made.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"{cert} and {key} are no certificate and its key",
            hint="PEM files; the key without a passphrase; selat desk certificate makes both",
        ) from error
    _refuse_expired(cert)
    return made


def _no_password() -> str:
    raise ValueError("the key has a passphrase")


def _refuse_expired(cert: Path) -> None:
    ends = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    if ends < datetime.now(UTC):
        raise ConfigError(
            f"the certificate {cert} expired on {ends:%Y-%m-%d}", hint="have a new one"
        )


def fingerprint(cert: Path) -> str:
    """Return a certificate's SHA-256, as browsers show it."""
    digest = x509.load_pem_x509_certificate(cert.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def self_signed(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Make a certificate for names and addresses, and its key; return where they are.

    Raises ConfigError if there is one, or a name is none.
    """
    cert, key = folder / "desk.crt", folder / "desk.key"
    taken = next((one for one in (cert, key) if one.exists()), None)
    if taken is not None:
        raise ConfigError(f"there is {taken}", hint="move it away, or name another folder: --out")
    try:
        listed = x509.SubjectAlternativeName([_general(one) for one in names])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    except ValueError as error:
        raise ConfigError(f"that is no name of a host: {error}") from error
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(listed, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for path, content in ((key, pem), (cert, made.public_bytes(Encoding.PEM))):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    return cert, key


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not name.isascii() or not name or any(one in " /:@" for one in name):
            raise ValueError(repr(name)) from None
        return x509.DNSName(name)
