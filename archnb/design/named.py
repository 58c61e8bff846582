"""Values by names: an ordered mapping that does not change, and one whose names have dots in them."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
D = TypeVar("D")


class Named(Mapping[str, T], Generic[T]):
    """An ordered mapping from names to records that does not change."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, T] | None = None, /, **more: T) -> None:
        self._items: dict[str, T] = {**(items or {}), **more}

    def __getitem__(self, name: str) -> T:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    # the mapping's own views, which are several times faster than those that Mapping builds

    def __contains__(self, name: object) -> bool:
        return name in self._items

    @overload
    def get(self, name: str, default: None = None, /) -> T | None: ...

    @overload
    def get(self, name: str, default: T | D, /) -> T | D: ...

    def get(self, name: str, default: Any = None, /) -> Any:
        """The value of that name, or the default."""
        return self._items.get(name, default)

    def keys(self) -> KeysView[str]:
        return self._items.keys()

    def values(self) -> ValuesView[T]:
        return self._items.values()

    def items(self) -> ItemsView[str, T]:
        return self._items.items()

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Named({self._items!r})"

    def having(self, more: Mapping[str, T]) -> Named[T]:
        """The same mapping with more names, or other values for names it has."""
        return Named({**self._items, **more})


class Dotted(Named[T]):
    """Values by dotted names: `cache.least_saved: 10 %`, or nested, `cache: {least_saved: 10 %}`. Written nested."""

    def nested(self) -> dict[str, Any]:
        """The values as nested mappings, as they are written."""
        made: dict[str, Any] = {}
        for name, value in self.items():
            place = made
            *above, last = name.split(".")
            for part in above:
                place = place.setdefault(part, {})
            place[last] = value
        return made
