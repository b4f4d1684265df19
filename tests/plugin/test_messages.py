"""The wording that errors share: lists of names, and names that may be meant."""

import pytest

from pytest_rds_export._messages import find_similar, format_choices, unknown_name

NAMES = [f"n{number:02}" for number in range(21)]


def test_longest_list():
    """Up to 20 names are listed whole; of more, the first 20 and their number."""
    assert format_choices(NAMES[:20]) == ", ".join(map(repr, NAMES[:19])) + " or 'n19'"
    assert format_choices(NAMES) == ", ".join(map(repr, NAMES[:20])) + ", ... (21 in all)"


@pytest.mark.parametrize(
    "known", [["night1", "night2", "night3", "night4"], [f"the-long-night-of-the-{n}" for n in "abcd"]]
)
def test_three_similar_names(known):
    """At most three names are suggested, whether alike in spelling or a part of the other."""
    assert len(find_similar("night", known)) == 3


def test_short_part():
    """From three characters on, a part of a name suggests the name."""
    assert find_similar("ord", ["weekly-orders"]) == ["weekly-orders"]
    assert find_similar("or", ["weekly-orders"]) == []


def test_many_known_names():
    """A name is compared with the first 500 known names."""
    known = [f"{number:04}" for number in range(500)]
    assert find_similar("nightly", [*known[:499], "nightly-1"]) == ["nightly-1"]
    assert find_similar("nightly", [*known, "nightly-1"]) == []


@pytest.mark.parametrize(("known", "use"), [(["a"], "Use 'a'"), (["a", "b"], "Use one of 'a' or 'b'")])
def test_use(known, use):
    """Where no name is similar, all are listed; one alone is not called one of many."""
    assert unknown_name("status", "xyz", known) == f"unknown status 'xyz'. {use}"
