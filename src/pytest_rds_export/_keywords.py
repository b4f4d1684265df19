"""``suggesting_keywords``: an unknown keyword argument is an error that says which one may be meant."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ._messages import unknown_name

__tracebackhide__ = True

_P = ParamSpec("_P")
_R = TypeVar("_R")


def suggesting_keywords(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Return the function with a better ``TypeError`` for a keyword argument that it does not have."""
    of = f" of {function.__name__}"
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind in named and parameter.name != "self"]

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for name in kwargs:
            if name not in names:
                raise TypeError(unknown_name("argument", name, names, of=of))
        return function(*args, **kwargs)

    return checked
