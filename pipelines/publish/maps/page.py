"""The frame of every page: its policy, its one style sheet, its marks, and where words go.

A page is one file that asks the network for nothing. Its Content-Security-Policy allows exactly
the style sheet and the scripts that are in it, by their hashes, and no address at all; templates
escape what is put into them.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
from markupsafe import Markup

from pipelines.base import labels
from pipelines.base.labels import Labels
from pipelines.base.marks import Mark
from pipelines.publish.maps import style
from pipelines.publish.maps.elements import IN_PAGE
from pipelines.publish.maps.scene import Scene
from pipelines.publish.maps.sheet import ratio_of
from pipelines.publish.maps.svg import svg


@dataclass(frozen=True)
class Head:
    """What a page says of itself, above and below whatever it is about."""

    heading: str
    """What it is about."""
    title: str = ""
    """The same for the browser's list of pages; empty: the heading."""
    language: str = "en"
    mark: Mark | None = None
    simulated: bool = False
    """How it must be handled, and whether it is an exercise."""

    @property
    def words(self) -> Labels:
        """The labels in its language."""
        return labels.labels(self.language)

    @property
    def marks(self) -> list[str]:
        """Return what must stand on every sheet of it."""
        handling = [] if self.mark is None else [str(self.mark)]
        return [*handling, *([self.words.simulated] if self.simulated else [])]


def text_of(package: str | None, name: str) -> str:
    """Read a file of a package, with plain line ends."""
    return resources.files(package or "").joinpath(name).read_text("utf-8").replace("\r\n", "\n")


def hash_of(text: str) -> str:
    """Return a style sheet or script as a Content-Security-Policy names it (CSP 3, 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def template(package: str, name: str) -> jinja2.Template:
    """Load a template of a package; what it puts on a page is escaped, unknown names fail."""
    return _environment(package).get_template(name)


@cache
def _environment(package: str) -> jinja2.Environment:
    """Templates of a package, and those of this one: the frame and the parts of a map."""

    def load(name: str) -> str | None:
        for where in (package, __package__):
            if where and resources.files(where).joinpath(name).is_file():
                return text_of(where, name)
        return None

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    package: str,
    name: str,
    head: Head,
    *,
    sheets: Sequence[str] = (),
    scripts: Sequence[str] = (),
    **values: Any,
) -> str:
    """Make a page with a template that extends ``frame.html.j2``."""
    sheet = "".join([_sheet(), *sheets, _on_every_sheet(head)])
    allowed = [f"default-src 'none'; style-src '{hash_of(sheet)}'"]
    if scripts:
        allowed.append("script-src " + " ".join(f"'{hash_of(code)}'" for code in scripts))
    return template(package, name).render(
        head=head,
        words=head.words,
        policy="; ".join([*allowed, "img-src data:; base-uri 'none'; form-action 'none'"]),
        style=Markup(sheet),  # noqa: S704 - ours
        scripts=[Markup(code) for code in scripts],  # noqa: S704 - ours, and Leaflet's
        **values,
    )


def still(scene: Scene, title: str) -> Markup:
    """Return a scene as a drawing to stand in a page."""
    drawn = svg(scene, ratio_of(scene.fit), ink=IN_PAGE, title=title)
    return Markup(drawn)  # noqa: S704 - `svg` escapes titles and names


@cache
def _sheet() -> str:
    return style.variables() + text_of(__package__, "page.css")


_NOT_PLAIN: Final = re.compile(r"[^\w :·+,–-]")


def _on_every_sheet(head: Head) -> str:
    """Rules that print the marks above and below every sheet; none where there are no marks."""
    if not head.marks:
        return ""
    quoted = _NOT_PLAIN.sub(lambda odd: f"\\{ord(odd[0]):x} ", " · ".join(head.marks))
    box = f'content: "{quoted}"; font: bold 8pt sans-serif; color: #000;'
    return f"@media print {{ @page {{ @top-center {{ {box} }} @bottom-center {{ {box} }} }} }}\n"
