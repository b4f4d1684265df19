"""Run the examples of a page of the documentation in a folder, from top to bottom, as a reader would.

A Python, TOML or INI block begins with a comment with the name of its file. A console block that begins with
``$ pytest`` shows a command and its output, in which ``...`` stands for anything. The tests that no command of the page
runs are run at its end, and pass. The comment ``<!-- skip: next if(missing("moto")) -->`` before a block is Sybil's.
"""

import doctest
import importlib.util
import os
import re
import sys
from pathlib import Path
from unittest import SkipTest

from sybil.document import Document
from sybil.parsers.myst import CodeBlockParser, SkipParser

from helpers.inner import run_again

# An inner run removes its imports from sys.modules at its end, but not what is imported before.
from pytest_rds_export import fake_rds_export, frozen_clock  # noqa: F401

ROOT = Path(__file__).parents[2]
_FILE = re.compile(r"# ([\w.-]+\.(?:py|toml|ini))\n")
_OUTPUT = doctest.OutputChecker()
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Page:
    """A page whose files are written to the folder of *pytester*."""

    def __init__(self, path, pytester, monkeypatch):
        blocks = [CodeBlockParser(language, self._write) for language in ("python", "toml", "ini")]
        self._document = Document.parse(str(ROOT / path), *blocks, CodeBlockParser("console", self._run), SkipParser())
        self._document.namespace.update(missing=_missing, not_requested=_not_requested)
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        self._waiting = []
        self._plugins = [importlib.import_module(name) for name in ("pytest_freezer",) if not _missing(name)]

    def run(self):
        """Evaluate the blocks of the page, then run the tests that no block has run."""
        for example in self._document:
            try:
                example.evaluate()
            except SkipTest:
                continue
        self._run_waiting()

    def _write(self, example):
        found = _FILE.match(example.parsed)
        if found is None:
            return "the block does not begin with a comment with the name of its file"
        name = found[1]
        path = self._pytester.path / name
        if path.exists() or name in ("conftest.py", "pyproject.toml", "pytest.ini"):
            self._run_waiting()
        path.write_text(example.parsed, "utf-8")
        # A module of this test suite may have the same name.
        self._monkeypatch.delitem(sys.modules, path.stem, raising=False)
        if name.startswith("test_"):
            self._waiting.append(name)
        return None

    def _run(self, example):
        command, _, expected = example.parsed.partition("\n")
        if not command.startswith("$ pytest"):
            return None
        arguments = command.split()[2:]
        files = [argument.partition("::")[0] for argument in arguments if argument.startswith("test_")]
        self._waiting = [name for name in self._waiting if files and name not in files]
        got = self._pytest(*arguments).stdout.str() + "\n"
        if _OUTPUT.check_output(expected, got, _FLAGS):
            return None
        return f"expected:\n{expected}\ngot:\n{got}"

    def _run_waiting(self):
        if self._waiting:
            outcomes = self._pytest(*self._waiting).parseoutcomes()
            assert outcomes.keys() <= {"passed", "skipped"}, outcomes
        self._waiting.clear()

    def _pytest(self, *arguments):
        # Old releases of what the tests depend on have deprecation warnings, which a page does not show.
        return run_again(self._pytester, "-p", "no:warnings", *arguments, plugins=self._plugins)


def _missing(module):
    return importlib.util.find_spec(module) is None


def _not_requested():
    return "RDS_EXPORT_CLIENTS" not in os.environ
