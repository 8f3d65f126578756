"""The desk's pages: templates, and what all of them are given."""

import re
from typing import Any, Final

from pipelines.base.labels import LANGUAGES, labels
from pipelines.publish.brief import speeds
from pipelines.publish.maps import page as maps_page
from pipelines.publish.maps.style import MARKS, mark_of
from pipelines.web.concluding import CHOICES

OWN_ADDRESS: Final = re.compile(r"/(?!/)[\w/?=&%.:+-]*", re.ASCII)
"""An address of the desk, where a form says where to go back to."""

NAMES = {"en": "English", "ms": "Bahasa Melayu"}


def page(name: str, language: str, **values: Any) -> str:
    """Return a page; what it shows is escaped, a name that it lacks is an error.

    Parameters
    ----------
    shown
        The night that it is about, where it is about one.
    account, may_change
        Who signed in, None for whoever was given an address; whether they may change what belongs
        to all.
    """
    words = labels(language)
    plain = {"shown": None, "drawn": None, "recorded": False, "work": None}
    given = {**plain, **values}
    return maps_page.template(__package__, f"pages/{name}.html.j2").render(
        words=words,
        t=words.at_desk,
        language=language,
        languages=[(one, NAMES[one]) for one in LANGUAGES],
        choices=CHOICES,
        marks=MARKS,
        mark_of=mark_of,
        speeds=speeds(words),
        page=name,
        **given,
    )
