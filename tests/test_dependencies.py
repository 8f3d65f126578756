"""What we depend on: pinned by hash, from no address, with a licence that may be used."""

import re
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-uv.lock",
    "requirements-audit.lock",
)

PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|0BSD|Zlib|CC0|CNRI|"
    r"LLVM|Unlicense|Public Domain|HPND",
    re.IGNORECASE,
)
CHOICE = {"text-unidecode"}
"""Under the Artistic License or, if one prefers, the GPL: we take the former."""

UNSAID = {"pyrage"}
"""MIT, which its metadata don't say: github.com/woodruffw/pyrage."""


def names(lock: str) -> list[str]:
    return re.findall(r"^([A-Za-z0-9._-]+)==", (PROJECT / lock).read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_by_hash_and_comes_from_no_address(lock: str) -> None:
    text = (PROJECT / lock).read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert len(lines) == len(names(lock))
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", line), line
        assert "--hash=sha256:" in line, line
        assert "://" not in line, line
        assert not line.startswith("-"), line


def licence(name: str) -> str:
    said = metadata.metadata(name)
    classifiers = [c for c in said.get_all("Classifier", []) if c.startswith("License ::")]
    return said.get("License-Expression") or "; ".join(classifiers) or said.get("License") or ""


def test_every_run_time_dependency_may_be_used() -> None:
    refused = {}
    for name in names("requirements.lock"):
        try:
            said = licence(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or version of Python
        if name in CHOICE:
            assert "Artistic" in said
        elif name in UNSAID:
            assert not said
        elif not PERMISSIVE.search(said) or re.search(r"\b[AL]?GPL|General Public", said):
            refused[name] = said
    assert refused == {}
