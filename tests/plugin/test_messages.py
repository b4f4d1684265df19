"""The wording that errors share: lists of names, and names that may be meant."""

import pytest

from helpers.errors import raises_exactly

NAMES = [f"n{number:02}" for number in range(21)]


def hint(tasks, name="xyz"):
    """Return what the error for an unknown task says besides its name."""
    with pytest.raises(KeyError) as error:
        tasks[name]
    return error.value.args[0].partition(". ")[2]


@pytest.mark.parametrize("count", [1, 20, 21])
def test_longest_list(tasks, count):
    """Up to 20 names are listed whole; of more, the first 20 and their number."""
    tasks.seed_all(NAMES[:count])
    names = list(map(repr, NAMES))

    assert (
        hint(tasks)
        == "The region has "
        + {
            1: "'n00'",
            20: f"{', '.join(names[:19])} and 'n19'",
            21: f"{', '.join(names[:20])}, ... (21 in all)",
        }[count]
    )


@pytest.mark.parametrize(
    ("known", "name", "similar"),
    [
        (["night1", "night2", "night3", "night4"], "night", 3),
        ([f"the-long-night-of-the-{letter}" for letter in "abcd"], "night", 3),
        (["weekly-orders"], "ord", 1),
        (["weekly-orders"], "or", 0),
        ([*(f"n{number:04}" for number in range(499)), "weekly-1"], "weekly", 1),
        ([*(f"n{number:04}" for number in range(500)), "weekly-1"], "weekly", 0),
    ],
    ids=["alike", "a part", "short part", "too short", "many", "too many"],
)
def test_similar_names(tasks, known, name, similar):
    """At most three of the first 500 names are suggested, alike in spelling or with a part of three characters."""
    tasks.seed_all(known)

    found = hint(tasks, name)
    assert found.startswith("Did you mean") == (similar > 0)
    assert not similar or found.count("'") == 2 * similar


def test_one_name(tasks):
    """One name alone is not called one of many."""
    with raises_exactly(TypeError, "unknown argument 'xyz' of in_region. Use 'name'"):
        tasks.in_region(xyz="eu-west-1")
