"""Packs that are verified at the desk: those that were made here, and those that are sent to it."""

import os
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pipelines.base.labels import Labels
from pipelines.base.settings import Installation
from pipelines.base.text import one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.publish.packs import log
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.manifest import PackError, UnsoundError
from pipelines.publish.packs.verify import Verdict, verify
from pipelines.web.here import Here

MAX_PROBLEMS: Final = 20


def archive(one: Installation, title: str) -> Path | None:
    """Return the archive of a pack that was made here; None where it isn't there any more."""
    for ending in (".zip", ".zip.age"):
        path = one.packs / f"{title}{ending}"
        if os.sep not in title and path.is_file() and not path.is_symlink():
            return Path(path)
    return None


def own(one: Installation, title: str) -> Path | None:
    """Return the archive of a pack that stands in the log; None where there is none such."""
    entries = log.check(one.exports, Keyring(one.keys)).entries
    named = any(entry.get("pack") == title for entry in entries)
    return archive(one, title) if named else None


def verdict(here: Here, path: Path) -> Verdict | str:
    """Look at a pack; where it is none, why."""
    try:
        return verify(path, Keyring(here.installation.keys), pd.Timestamp.now("UTC"))
    except UnsoundError as error:
        return Verdict("changed", (error.message,), None, "")
    except PackError as error:
        return error.message


def of(verdict: Verdict | str, words: Labels) -> dict[str, Any]:
    """Return a verdict for a page."""
    if isinstance(verdict, str):
        said = [one_line(verdict, SENTENCE_LIMIT)]
        about = {"about": "", "key": "", "simulated": False}
        return {"state": "no pack", "good": False, "problems": said, **about}
    made = verdict.manifest
    told = ""
    if made is not None:
        what = made.run_id
        if made.corrects:
            what = words.at_desk("correction of {pack}", pack=made.corrects)
        told = f"{what} · {made.recipient.title} · TLP:{made.handling.tlp}"
    problems = [one_line(text, SENTENCE_LIMIT) for text in verdict.problems[:MAX_PROBLEMS]]
    if (more := len(verdict.problems) - MAX_PROBLEMS) > 0:
        problems.append(words.at_desk("and {n} more", n=more))
    return {
        "state": verdict.state,
        "good": verdict.state == "intact",
        "about": one_line(told, SENTENCE_LIMIT),
        "key": one_line(verdict.signed_by, NAME_LIMIT),
        "problems": problems,
        "simulated": bool(made and made.simulated),
    }
