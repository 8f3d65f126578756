"""Text on its way out can neither hide nor break out."""

import csv
import io
import json
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.base.text import clean_json, formula_safe, one_line, script_json
from pipelines.base.visible import clean

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)


@given(ANYTHING)
def test_clean_text_is_visible_and_fit_for_xml_and_utf8(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    element = ElementTree.Element("name")
    element.text = shown
    assert ElementTree.fromstring(ElementTree.tostring(element, "utf-8")).text == (shown or None)


@given(ANYTHING)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=60))
def test_plain_text_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "character", "\u202e\u200f\u200b\u2066\ufeff\x00\x1b\n\u00a0\u3000\ufe0f\u3164"
)
def test_what_hides_is_shown(character: str) -> None:
    assert clean(f"A{character}B") == f"A[U+{ord(character):04X}]B"


@given(ANYTHING, st.integers(2, 30))
def test_a_line_is_bounded_and_trimmed(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert "  " not in line
    assert line == line.strip()


@given(st.dictionaries(ANYTHING, ANYTHING, max_size=4))
def test_clean_json_is_the_same_value_without_anything_hidden(value: dict[str, str]) -> None:
    shown = clean_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(shown) == value
    assert not any(unicodedata.category(c) in {"Cf", "Cc", "Cs", "Zl", "Zp"} for c in shown)


@given(ANYTHING)
def test_script_json_holds_nothing_that_ends_a_script(text: str) -> None:
    block = script_json({"name": text})
    assert json.loads(block) == {"name": text}
    assert not set("<>&\u2028\u2029") & set(block)


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝"))
def test_a_formula_gets_an_apostrophe(start: str) -> None:
    assert formula_safe(f"{start}1+1") == f"'{start}1+1"
    assert formula_safe(f"MT KASIH;{start}1+1;{start}2") == f"MT KASIH;'{start}1+1;'{start}2"


def test_a_formula_in_quotes_gets_an_apostrophe_too() -> None:
    """CSV doubles quotes: where a line is split at semicolons, they are gone."""
    written = io.StringIO()
    csv.writer(written).writerow(["1", formula_safe('MT KASIH;"=1+1;""@2;'), "x"])
    (cells,) = csv.reader([written.getvalue().strip()], delimiter=";")
    assert len(cells) == 4
    assert not [cell for cell in cells if cell[0] in "=@"]


@pytest.mark.parametrize("text", ["", "MT KASIH", "'quoted", "1-2", "a=b", "a;b; -c"])
def test_other_text_gets_none(text: str) -> None:
    assert formula_safe(text) == text
