"""Check what a programmer gives: mistakes show at start-up, with their cause and their fix."""

from __future__ import annotations

import inspect


def kind_of(value: object) -> str:
    """Return the name of a value's type with its article: `an int`, `a list`."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def check_function(function: object, taker: str, parameters: tuple[str, ...], returns: str) -> None:
    """Refuse an object that can't be called with these parameters.

    :param taker: the name of what takes the function, such as `authorize`.
    :raises TypeError: it can't be called, is a class or a coroutine function, or has other parameters.
    """
    takes = f"{taker} takes a function ({', '.join(parameters)}) -> {returns}."
    if not callable(function):
        raise TypeError(f"{function!r} can't be called: {takes}")
    if isinstance(function, type):
        raise TypeError(f"{function!r} is a class: give an object, such as {function.__name__}(…). {takes}")
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{function!r} is a coroutine function, and nobody would await it: give a plain function.")
    try:
        # A decorator decides what it hands on: look at its own parameters.
        signature = inspect.signature(function, follow_wrapped=False)
    except (ValueError, NameError):
        return  # a builtin doesn't tell; Python 3.14 looks up annotations, which may be imported for type checkers only
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise TypeError(f"{function!r} has other parameters ({error}): {takes}") from error
