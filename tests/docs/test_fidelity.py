"""The fidelity page: each row has evidence, a source, and a way to change what is not certain."""

import re

from helpers import fidelity


def test_strength():
    """The evidence of each row begins with its strength."""
    assert [row for row in fidelity.rows() if row.strength is None] == []


def test_counts():
    """The page has the number of rows by strength; ``python -m helpers.fidelity`` in tests/ writes it."""
    assert fidelity.written_counts() == fidelity.counts()


def test_inferred_behaviour():
    """Each behaviour that is inferred, unknown or made up, if only in part, names a way to replace it."""
    weak = [row for row in fidelity.rows() if re.search("|".join(fidelity.WEAK), row.evidence)]
    assert len(weak) > 50
    assert [row for row in weak if not row.way.strip()] == []


def test_source():
    """Each row with evidence names a source that can be looked up, or says why not."""
    named = re.compile(r"\]|^model|source not published|was not kept")
    assert [
        row for row in fidelity.rows() if row.strength not in fidelity.WEAK and not named.search(row.evidence)
    ] == []


def test_sources():
    """Each source that a row names has an address, and each address is used."""
    text = re.sub("`[^`]*`", "", fidelity.PAGE.read_text("utf-8"))
    addresses = set(re.findall(r"^\[([^]]+)\]: http", text, re.MULTILINE))
    used = set(re.findall(r"\]\[([^]]+)\]", text)) | set(re.findall(r"(?<!\])\[([^]\n]+)\](?![(\[:])", text))
    assert used - addresses == set()
    assert addresses - used == set()
