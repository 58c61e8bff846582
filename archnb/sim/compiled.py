"""Loops that numba compiles where it is installed (the extra `fast`), and that run as plain Python, with the same results, where not.

A loop is marked with `@loop` and written in what both understand: numbers, arrays, other loops. Nothing is compiled or
imported before the first call; what was compiled is kept on disk by numba, beside the module.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

PLAIN = "ARCHNB_PLAIN"


@cache
def has_compiler() -> bool:
    """Whether loops are compiled here: numba is installed, and ARCHNB_PLAIN is not set in the environment."""
    return not os.environ.get(PLAIN) and importlib.util.find_spec("numba") is not None


class Loop:
    """A function that is compiled when first called; `plain` is the function as written."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        self.plain = plain
        self.__name__, self.__doc__, self.__module__ = plain.__name__, plain.__doc__, plain.__module__
        self._compiled: Any = None

    def __call__(self, *values: Any) -> Any:
        """Run it, compiled where it can be."""
        return self.compile()(*values) if has_compiler() else self.plain(*values)

    def compile(self) -> Any:
        """The compiled function, made once; the loops that it calls are compiled with it. Needs numba."""
        if self._compiled is None:
            import numba

            function = self.plain
            assert isinstance(function, FunctionType)
            used = function.__code__.co_names
            inner = {
                name: value.compile() if isinstance(value, Loop) else value
                for name, value in function.__globals__.items()
                if name in used or name.startswith("__")
            }
            copy = FunctionType(function.__code__, inner, function.__name__, function.__defaults__)
            self._compiled = numba.njit(
                cache=True, nogil=True, inline="always" if function.__name__.startswith("_") else "never"
            )(copy)
        return self._compiled


def loop(function: Callable[..., Any]) -> Loop:
    """Mark a function as a loop to be compiled."""
    return Loop(function)
