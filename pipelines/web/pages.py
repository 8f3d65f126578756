"""The desk's pages: templates, and what all of them are given."""

import re
import secrets
from functools import partial
from typing import Any, Final

import pandas as pd

from pipelines.base.labels import LANGUAGES, labels
from pipelines.base.text import DAYS_FROM_S, HOURS_FROM_S, WHOLE_DAYS_FROM_S, iso, moment
from pipelines.publish.brief import speeds
from pipelines.publish.maps import page as maps_page
from pipelines.publish.maps.style import MARKS, mark_of
from pipelines.web.concluding import CHOICES

OWN_ADDRESS: Final = re.compile(r"/(?!/)[\w/?=&%.:+-]*", re.ASCII)
"""An address of the desk, where a form says where to go back to."""

GLOSSARY: Final = (
    ("crossing", "a vessel that left one coast and made for the other's, fast and by itself"),
    ("gap", "a vessel that was heard, then sent nothing while others around it were heard"),
    ("loitering", "a vessel that stayed slow in a small area outside of ports and anchorages"),
    (
        "encounter",
        "two vessels side by side for a while, at sea, nearly stopped; in a score: a meeting",
    ),
    ("certainty", "a band of the score: high from 0.70, moderate from 0.50, low below"),
    ("score", "how much it deserves a look, from 0 to 1, after innocent reasons were tried"),
    (
        "conclusion",
        "boarded, cleared and benign cause close an incident: no unit sails for it, and it isn't "
        "among the first. Watch and unknown leave it open, behind those that nobody has answered; "
        "what is watched and still heard stays with these",
    ),
    ("provisional", "judged before all reports were in; a later run may change it"),
    ("reception", "what our receivers heard: where they hear little, silence says little"),
    ("pack", "the files that one partner gets, with only what it may have"),
    ("watch area", "a place that you draw, with what you want to be told of there"),
)
"""Words that a watch officer meets here, each with what is meant by it; a kind by its id."""

NEW: Final = secrets.token_urlsafe(8)
"""Stands in the addresses of scripts and sheets: a browser that had a page of another account's
server at our port keeps none under these."""

NAMES = {"en": "English", "ms": "Bahasa Melayu"}


def page(name: str, language: str, **values: Any) -> str:
    """Return a page; what it shows is escaped, a name that it lacks is an error.

    Parameters
    ----------
    shown
        The night that it is about, where it is about one.
    served
        When it is shown, in ISO 8601; now, where none is given. Ages on it grow from then.
    account, may_change
        Who signed in, None for whoever was given an address; whether they may change what belongs
        to all.
    """
    words = labels(language)
    served = iso(pd.Timestamp.now("UTC"))
    plain = {"shown": None, "drawn": None, "recorded": False, "work": None, "served": served}
    given = {**plain, **values}
    return maps_page.template(__package__, f"pages/{name}.html.j2").render(
        words=words,
        t=words.at_desk,
        dates=words.dates,
        language=language,
        languages=[(one, NAMES[one]) for one in LANGUAGES],
        choices=CHOICES,
        glossary=GLOSSARY,
        marks=MARKS,
        mark_of=mark_of,
        speeds=speeds(words),
        moment=partial(moment, say=words.say),
        iso=iso,
        page=name,
        new=NEW,
        hours_from_s=HOURS_FROM_S,
        days_from_s=DAYS_FROM_S,
        whole_days_from_s=WHOLE_DAYS_FROM_S,
        **given,
    )
