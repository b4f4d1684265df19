"""``suggesting_keywords``: an unknown keyword argument is an error that says which one may be meant."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from ._messages import unknown_name

__tracebackhide__ = True

_T = TypeVar("_T", bound=Callable[..., Any])


def suggesting_keywords(target: _T) -> _T:
    """Return a function, or a class with all its public methods, with a better ``TypeError`` for wrong keywords.

    Signatures stay as they are, and arguments that fit are not looked at.
    """
    if not isinstance(target, type):
        function: _T = _suggesting(target, f" of {target.__name__}")
        return function
    for name, value in list(vars(target).items()):
        method = value.__func__ if isinstance(value, classmethod) else value
        if (name.startswith("_") and name != "__init__") or not inspect.isfunction(method):
            continue
        checked = _suggesting(method, f" of {target.__name__ if name == '__init__' else name}")
        setattr(target, name, classmethod(checked) if isinstance(value, classmethod) else checked)
    return target


def _suggesting(function: Any, of: str) -> Any:
    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            # If the arguments did not fit, the function has not begun to run, and has no frame.
            has_begun = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            message = None if has_begun else _explain(function, kwargs, of)
            if message is None:
                raise
            raise TypeError(message) from None

    return checked


def _explain(function: Any, kwargs: dict[str, Any], of: str) -> str | None:
    parameters = inspect.signature(function).parameters.values()
    names = [
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and parameter.name not in ("self", "cls")
    ]
    positional = {parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_ONLY}
    for name, value in kwargs.items():
        if name in positional:
            return f"{name}{of} is given without its name. Write {value!r} instead of {name}={value!r}"
        if name not in names and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return unknown_name("argument", name, names, of=of) if names else f"{name!r} is not an argument{of}"
    return None
