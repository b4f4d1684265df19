"""Run pytest inside a test, with this plugin only."""

# The inner run removes its imports from sys.modules at its end, but not what is imported here.
import boto3  # noqa: F401
import freezegun  # noqa: F401
import pytest

from pytest_rds_export import plugin

_IMPORTS = "import boto3\nimport pytest\nfrom pytest_rds_export import *\n\n"


def run(pytester, source, *arguments, **options):
    """Run pytest on a test file with *source* below the usual imports, and return the result."""
    pytester.makepyfile(test_it=_IMPORTS + source)
    return run_again(pytester, *arguments, **options)


def run_again(pytester, *arguments, plugins=(), **options):
    """Run pytest on the files that exist, also with these modules as plugins, and return the result."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        # What takes longer than most of the tests: rewritten assertions, garbage collection at the end of each run, and
        # plugins by name, which pytest looks for in all that is installed.
        quick = ("-p", "no:cacheprovider", "-p", "no:unraisableexception", "--assert=plain")
        return pytester.runpytest(*quick, *arguments, plugins=[plugin, *plugins], **options)


def blocks(result):
    """Return the output lines below each heading of a failure or an error, by the heading."""
    found, lines = {}, []
    for line in result.outlines:
        if line.startswith("___"):
            lines = found.setdefault(line.strip("_ "), [])
        elif line.startswith("==="):
            lines = []
        else:
            lines.append(line)
    return found


def lines_after(result, start):
    """Return the output lines between the one that contains *start* and the next section."""
    lines = result.outlines
    index = next(index for index, line in enumerate(lines) if start in line) + 1
    end = next(index for index, line in enumerate(lines[index:], index) if line[:3] in {"===", "---", "___"})
    return lines[index:end]
