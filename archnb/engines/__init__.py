"""The engines that a design may name: one module each, found by looking; nothing else lists them.

A module in this package that holds an `ENGINE` is an engine. Its record says what it is for, what it can do and where
its limits are; a name that no module has is an error with the nearest one, never a silent other engine.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from archnb.engines.engine import (
    ABILITIES,
    STANDINGS,
    Ability,
    Alarm,
    Change,
    Choice,
    Engine,
    FullText,
    Identifier,
    Kind,
    Limit,
    LimitName,
    Measure,
    Queueing,
    QueueKind,
    Running,
    Subject,
)
from archnb.exceptions import ArchnbError, Problem, quote, unknown_name


@lru_cache(maxsize=1)
def engines() -> Mapping[str, Engine]:
    """Every engine by its name, the more usual ones first.

    >>> "postgresql" in engines(), "oracle" in engines()
    (True, False)
    """
    found: dict[str, Engine] = {}
    for module in pkgutil.iter_modules(__path__):
        made = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ENGINE", None)
        if isinstance(made, Engine):
            if made.name in found:
                raise ArchnbError(f"two modules declare an engine {made.name!r}; name one of them otherwise.")
            found[made.name] = made
    return MappingProxyType(dict(sorted(found.items(), key=lambda one: (one[1].rank, one[0]))))


def find_engine(name: str | None) -> Engine | None:
    """The engine of that name, None where there is none; other words for it do not count."""
    return engines().get(name or "")


def load_engine(name: str) -> Engine:
    """The engine of that name. Raises ArchnbError with the nearest one."""
    found = find_engine(name)
    if found is None:
        raise ArchnbError(ANY_ENGINE.explain_unknown(name))
    return found


def is_relational(name: str | None) -> bool:
    """Whether a name is that of a relational engine.

    >>> is_relational("mysql"), is_relational("mongodb"), is_relational(None)
    (True, False, False)
    """
    found = find_engine(name)
    return found is not None and found.is_relational


@lru_cache
def list_engines(kind: Kind) -> tuple[Engine, ...]:
    """The engines that serve a kind of question, the more usual ones first."""
    return tuple(one for one in engines().values() if one.serves(kind))


def find_cache(running: Running) -> Engine | None:
    """The cache that runs in a way: as a part of its own, inside each process, at the edge; the more usual one first."""
    return next((one for one in list_engines("cache") if one.running == running), None)


@lru_cache
def propose_engine(kind: Kind) -> Engine:
    """The engine that is proposed for a kind of question. Raises ArchnbError where none is."""
    for one in engines().values():
        if one.choice(kind) is not None:
            return one
    raise ArchnbError(f"no engine is proposed for {kind!r}.")


# a word for an engine that is shorter than this may begin another word's phrase: "es", "pg", "neo"
SHORT = 5


def _fold(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, str]:
    """Every word that means an engine, folded, with the engine's name."""
    found: dict[str, str] = {}
    for name, one in engines().items():
        for word in (name, one.label, *one.meanings):
            found.setdefault(_fold(word), name)
    return found


def mean_engine(text: str | None) -> Engine | None:
    """The engine that a text begins with: its name, its label, or another word for it; None where it names several or none.

    >>> mean_engine("Postgres").name, mean_engine("PostgreSQL 18").name, mean_engine("Apache Kafka 4").name
    ('postgresql', 'postgresql', 'kafka')
    >>> mean_engine("PostgreSQL (SKIP LOCKED)").name, mean_engine("our own bus") is None
    ('postgresql', True)
    """
    words = (text or "").split("(")[0].split()
    known = _meanings()
    for end in range(len(words), 0, -1):
        word = _fold("".join(words[:end]))
        name = known.get(word)
        rest = words[end:]
        # what follows the name may be a version or a remark, but not a second engine; a short word must stand alone
        if name is not None and (len(word) >= SHORT or all(_is_version(one) for one in rest)):
            others = {known.get(_fold(one)) for one in rest} - {None, name}
            return None if others else engines()[name]
    return None


def _is_version(word: str) -> bool:
    bare = word.casefold().lstrip("v")
    return bare[:1].isdigit()


class Roster:
    """The engines that one field of a design may name, with the words that are allowed beside them."""

    def __init__(self, what: str, belongs: Callable[[Engine], bool], *more: str) -> None:
        self.what = what
        self._belongs = belongs
        self.more = more

    def __iter__(self) -> Iterator[str]:
        return iter(self.list_names())

    def list_names(self) -> tuple[str, ...]:
        """The names that are allowed, the more usual ones first."""
        return (*(name for name, one in engines().items() if self._belongs(one)), *self.more)

    def list_meanings(self) -> Mapping[str, str]:
        """Other words for the names, in small letters: what people call an engine, and products that speak as it does."""
        allowed = self.list_names()
        found: dict[str, str] = {}
        for name, one in engines().items():
            if name in allowed:
                for word in (one.label, *one.meanings, *one.likes):
                    found.setdefault(word.casefold(), name)
        return found

    def explain_unknown(self, given: str) -> str:
        """Why a name will not do: the engine that it means, or the nearest spelling, or all that are allowed.

        >>> STORE_ENGINES.explain_unknown("postgres")
        "store engine 'postgres' is not known; did you mean 'postgresql'?"
        """
        return self.tell_unknown("", given).message

    def tell_unknown(self, path: str, given: str) -> Problem:
        """The problem of a name at a path that will not do; `nearest` is the engine that it means, is like or is spelt as."""
        allowed = self.list_names()
        meant = mean_engine(given)
        if meant is not None and meant.name in allowed:
            fault = f"{self.what} {quote(given)} is not known"
            return Problem.of(
                path, fault, f"did you mean {meant.name!r}?", given=given, allowed=allowed, nearest=meant.name
            )
        if meant is not None:
            kinds, listed = " and ".join(meant.kinds), f"Allowed: {', '.join(allowed)}."
            fault = f"{self.what} {quote(given)} will not do: {meant.label} is for {kinds}."
            return Problem(path, f"{fault} {listed}", None, given, allowed, None, listed)
        for one in engines().values():
            for product, difference in one.likes.items():
                if _fold(product) == _fold(given) and one.name in allowed:
                    fault = f"{self.what} {quote(given)} is not known; the nearest is {one.name!r} ({difference})."
                    step = f"Say {one.name!r} if that will do."
                    return Problem(path, f"{fault} {step}", None, given, allowed, one.name, step)
        return unknown_name(path, self.what, given, allowed)


ANY_ENGINE = Roster("engine", lambda one: True)
STORE_ENGINES = Roster("store engine", lambda one: one.is_store)
CACHE_ENGINES = Roster("cache engine", lambda one: one.serves("cache") and one.is_shared, "none")
CACHE_PLACES = Roster("cache engine", lambda one: one.serves("cache"))
QUEUE_ENGINES = Roster("queue engine", lambda one: one.serves("queue"))
PART_ENGINES = Roster("engine", lambda one: one.is_shared or one.is_store)


def forget_engines() -> None:
    """Look for the modules again when next asked; for those who add one while a program runs."""
    for found in (engines, list_engines, propose_engine, _meanings):
        found.cache_clear()


__all__ = [
    "ABILITIES",
    "ANY_ENGINE",
    "CACHE_ENGINES",
    "CACHE_PLACES",
    "PART_ENGINES",
    "QUEUE_ENGINES",
    "STANDINGS",
    "STORE_ENGINES",
    "Ability",
    "Alarm",
    "Change",
    "Choice",
    "Engine",
    "FullText",
    "Identifier",
    "Kind",
    "Limit",
    "LimitName",
    "Measure",
    "QueueKind",
    "Queueing",
    "Roster",
    "Running",
    "Subject",
    "engines",
    "find_cache",
    "find_engine",
    "forget_engines",
    "is_relational",
    "list_engines",
    "load_engine",
    "mean_engine",
    "propose_engine",
]
