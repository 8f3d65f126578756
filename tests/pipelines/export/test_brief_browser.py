"""The brief in a real browser (skipped where there is none): it works, and it asks for nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.export import brief
from pipelines.products import Products


@pytest.fixture(scope="module")
def files(
    products: Products, hostile: Products, empty: Products, tmp_path_factory: Any
) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("briefs")
    made = {"products": products, "hostile": hostile, "empty": empty}
    return {name: brief.write(p, out / f"{name}.html") for name, p in made.items()}


@pytest.mark.parametrize("which", ["products", "hostile", "empty"])
def test_it_asks_for_nothing_and_complains_of_nothing(
    page: Any, files: dict[str, Path], which: str
) -> None:
    page.open(files[which])
    assert page.evaluate("document.documentElement.dataset.ready") == "true"
    page.evaluate(
        "document.querySelectorAll('.vessel .show, .zoom button').forEach((b) => b.click())"
    )
    page.settle()
    assert page.requests == [files[which].as_uri()]
    assert page.messages == []


def test_text_from_ais_makes_no_element(page: Any, files: dict[str, Path]) -> None:
    page.open(files["hostile"])
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, a').length") == 0
    for i in range(16):
        page.evaluate(f"document.querySelectorAll('.vessel .show')[{i}].click()")
    page.settle()
    assert page.evaluate("document.querySelectorAll('img, #popup script').length") == 0
    assert "</script>" in page.evaluate("document.querySelector('#rank-10 .select').textContent")
    assert page.messages == []


def test_an_event_opens_from_list_mark_and_keyboard(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    title = (
        "document.querySelector('#popup').hidden ? '' : document.querySelector('#popup').innerText"
    )
    page.evaluate("document.querySelector('.vessel .show').click()")
    page.settle()
    assert "OCEAN KASIH" in page.evaluate(title)
    assert page.evaluate("document.querySelector('.vessel.selected').dataset.rank") == "1"
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape")
    assert page.evaluate(title) == ""
    scale = "document.querySelectorAll('#marks button:not([hidden])').length"
    near = page.evaluate(scale)
    page.evaluate("document.querySelector('#all').click()")
    page.settle()
    assert page.evaluate(scale) == len(products.events) > near
    page.evaluate("document.querySelectorAll('#marks button')[3].click()")
    page.settle()
    assert page.evaluate(title)
    page.evaluate("document.querySelector('#map').focus()")
    before = page.evaluate(title)
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="n", code="KeyN", text="n")
    page.settle()
    assert page.evaluate(title) not in {"", before}


def test_marks_sit_where_a_pointer_finds_them(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"])
    page.evaluate("document.querySelector('.legend').open = false")
    centre = page.evaluate(
        "(() => { const b = document.querySelector('#marks button:not([hidden])')"
        ".getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call(
            "Input.dispatchMouseEvent", type=kind, x=centre[0], y=centre[1], button="left",
            clickCount=1,
        )  # fmt: skip
    page.settle()
    assert page.evaluate("document.querySelector('#popup').hidden") is False


def test_drag_and_wheel_move_the_chart(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"])
    places = (
        "[...document.querySelectorAll('#marks button')].filter((b) => !b.hidden)"
        ".map((b) => b.getBoundingClientRect().x)"
    )
    before = page.evaluate(places)
    for kind, x in (("mousePressed", 900), ("mouseMoved", 960), ("mouseReleased", 960)):
        page.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=200, button="left", buttons=1,
            clickCount=1,
        )  # fmt: skip
    page.settle()
    dragged = page.evaluate(places)
    assert dragged[0] - before[0] == pytest.approx(60, abs=1)
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=900, y=400, deltaX=0, deltaY=-300)
    page.settle()
    zoomed = page.evaluate(places)
    assert max(zoomed) - min(zoomed) > (max(dragged) - min(dragged)) or len(zoomed) < len(dragged)


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (1024, 640), (390, 844), (320, 568)])
def test_no_sideways_scrolling(page: Any, files: dict[str, Path], width: int, height: int) -> None:
    for which in ("products", "hostile", "empty"):
        page.open(files[which], width=width, height=height)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, which
        over = "(list) => list.scrollWidth - list.clientWidth"
        inner = page.evaluate(f"({over})(document.querySelector('#list'))")
        assert inner <= 0, which


def test_it_starts_with_the_readers_own_light(page: Any, files: dict[str, Path]) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page.open(files["products"], night=True)
    night = page.evaluate(background)
    page.evaluate("document.querySelector('#night').click()")
    day = page.evaluate(background)
    page.open(files["products"])
    assert page.evaluate(background) == day != night


def test_without_scripts_the_list_is_there(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"], scripts=False)
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    cards = page.call("DOM.querySelectorAll", nodeId=document, selector=".vessel")["nodeIds"]
    assert len(cards) == len(products.flagged)
    assert page.call("DOM.getBoxModel", nodeId=cards[0])["model"]["height"] > 50
    shown = page.call("DOM.querySelector", nodeId=document, selector=".no-map")["nodeId"]
    assert page.call("DOM.getBoxModel", nodeId=shown)["model"]["height"] > 20


def test_paper_shows_the_whole_chart(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"])
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    used = page.evaluate(
        "(() => { const c = document.querySelector('#paper');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const seen = new Set(); for (let i = 0; i < d.length; i += 4004)"
        "seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]); return seen.size; })()"
    )
    assert used > 5


def test_an_event_without_a_place_still_opens(
    page: Any, changed: Callable[..., Products], products: Products, tmp_path: Path
) -> None:
    lost = products.events.assign(lat=float("nan"), lon=float("nan"))
    one = changed(products, events=lost, flagged=products.flagged.head(1))
    page.open(brief.write(one, tmp_path / "brief.html"))
    page.evaluate("document.querySelector('.vessel .show').click()")
    page.settle()
    assert page.messages == []
    assert page.evaluate("document.querySelector('.where').textContent").count("place not known")
