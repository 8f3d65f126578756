"""Settings from variables of the environment."""

import pytest

from detectors.core.errors import ConfigError
from pipelines.base.environment import environment, overlaid
from pipelines.base.settings import Settings


def said(**variables):
    return environment(Settings, "SELAT_", variables)


def test_a_variable_names_a_field_or_one_of_a_section():
    assert said(SELAT_AREA="1,2,3,4", selat_store__threads="2") == {
        "area": "1,2,3,4",
        "store": {"threads": "2"},
    }
    assert Settings.model_validate(said(SELAT_STORE__THREADS="2")).store.threads == 2


def test_lists_mappings_and_sections_are_json():
    assert said(SELAT_FEEDS='["a", "b"]') == {"feeds": ["a", "b"]}
    one = said(SELAT_ASSESS__MAX_SHARES='{"gap": 0.1}', SELAT_ASSESS__MAX_SHARES__LOITERING="0.2")
    assert Settings.model_validate(one).assess.max_shares == {"gap": 0.1, "loitering": 0.2}
    both = said(SELAT_STORE__THREADS="3", SELAT_STORE='{"threads": 2, "grace_h": 1}')
    assert both == {"store": {"threads": "3", "grace_h": 1}}


@pytest.mark.parametrize("text", ["hush", "[1", "[" * 100_000])
def test_what_isnt_json_is_refused_and_not_shown(text):
    with pytest.raises(ConfigError, match="SELAT_FEEDS") as refused:
        said(SELAT_FEEDS=text)
    assert text not in str(refused.value)


def test_other_variables_are_somebody_elses():
    assert said(SELAT_UMASK="027", SELAT_EXAMPLES="0.1", HOME="/x", XSELAT_AREA="1") == {}


def test_of_a_known_section_everything_must_be_known():
    with pytest.raises(ValueError, match="forbidden"):
        Settings.model_validate(said(SELAT_STORE__THREDS="2"))
    with pytest.raises(ValueError, match="dictionary"):
        Settings.model_validate(said(SELAT_STORE="[]", SELAT_STORE__THREADS="2"))


def test_the_second_wins_within_sections():
    assert overlaid({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 3}, "d": {"e": 4}}) == {
        "a": {"b": 3, "c": 2},
        "d": {"e": 4},
    }
