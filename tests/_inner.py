"""A run of pytest inside a test: with this plugin and no other."""

# What the inner run imports is forgotten at its end; what is imported here stays.
import boto3  # noqa: F401
import freezegun  # noqa: F401
import pytest

_IMPORTS = "import boto3\nimport pytest\nfrom pytest_rds_export import *\n\n"


def run(pytester, source, *arguments):
    """The outcome of pytest over a test file with *source*, below the imports that every such file needs."""
    pytester.makepyfile(test_it=_IMPORTS + source)
    return run_again(pytester, *arguments)


def run_again(pytester, *arguments):
    """The outcome of pytest over the files that are there."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest("-p", "pytest_rds_export.plugin", "-p", "no:cacheprovider", *arguments)


def lines_after(result, start):
    """The lines of the output between the one that contains *start* and the next section."""
    lines = result.outlines
    index = next(index for index, line in enumerate(lines) if start in line) + 1
    end = next(index for index, line in enumerate(lines[index:], index) if line[:3] in {"===", "---", "___"})
    return lines[index:end]
