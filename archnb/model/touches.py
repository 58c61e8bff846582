"""What an access pattern reads and writes: its entity, what its steps change or an erasure reaches, what comes along, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.design.entities import AccessPattern, Relationship
from archnb.model.erasure import Erasures


@dataclass(frozen=True)
class Touch:
    """What one access pattern touches, each entity once, in the order said."""

    pattern: str
    # the entity that it is about
    entity: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    # what its steps have third parties do, whose outcome is written down afterwards
    remote: tuple[str, ...]
    relationships: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Everything whose rows it reads or changes."""
        return tuple(dict.fromkeys((*self.reads, *self.changes)))

    @property
    def changes(self) -> tuple[str, ...]:
        """Everything whose rows it changes, at once or when a third party has answered."""
        return tuple(dict.fromkeys((*self.writes, *self.remote)))


class Touches:
    """The touches of all access patterns, and for each entity the patterns that touch it, in the order of the design."""

    def __init__(
        self,
        access: Mapping[str, AccessPattern],
        relationships: Mapping[str, Relationship],
        erasures: Erasures | None = None,
    ) -> None:
        self._access = access
        # the place of a pattern in the design
        self.order = {name: n for n, name in enumerate(access)}
        self._touches: dict[str, Touch] = {}
        self._about: dict[str, list[str]] = {}
        self._changing: dict[str, list[str]] = {}
        self._reading: dict[str, list[str]] = {}
        for name, pattern in access.items():
            erasure = erasures.find_pattern(name) if erasures is not None else None
            touch = self._touches[name] = _read(name, pattern, relationships, erasure.reached if erasure else ())
            for entity in dict.fromkeys(one for one in (pattern.reads, pattern.writes) if one):
                self._about.setdefault(entity, []).append(name)
            for entity in touch.changes:
                self._changing.setdefault(entity, []).append(name)
            for entity in touch.reads:
                self._reading.setdefault(entity, []).append(name)

    def find(self, pattern: str) -> Touch:
        """What an access pattern touches. Raises KeyError for an unknown one."""
        return self._touches[pattern]

    def list_about(self, entity: str) -> tuple[str, ...]:
        """The patterns that are about an entity: that read or write it themselves."""
        return tuple(self._about.get(entity, ()))

    def list_changing(self, entity: str) -> tuple[str, ...]:
        """The patterns that change rows of an entity, by themselves or by a step, third parties' steps among them."""
        return tuple(self._changing.get(entity, ()))

    def list_reading(self, entity: str) -> tuple[str, ...]:
        """The patterns that read rows of an entity, by themselves or along with others."""
        return tuple(self._reading.get(entity, ()))

    def list_writers(self, entity: str, *actions: str) -> tuple[str, ...]:
        """The patterns whose own write is of an entity, and one of some actions where any are given."""
        return tuple(
            name
            for name in self._about.get(entity, ())
            if self._access[name].writes == entity and (not actions or self._is_one_of(name, actions))
        )

    def _is_one_of(self, name: str, actions: tuple[str, ...]) -> bool:
        action = self._access[name].action
        # an upsert makes rows as well as changing them
        return action in actions or (action == "upsert" and bool({"create", "update"} & {*actions}))


def _read(
    name: str, pattern: AccessPattern, relationships: Mapping[str, Relationship], reached: tuple[str, ...]
) -> Touch:
    along = [one for one in pattern.included if one not in relationships]
    links = tuple(dict.fromkeys(one for one in pattern.included if one in relationships))
    # steps are what a write does besides
    steps = pattern.steps if pattern.writes else ()
    local = [step.entity for step in steps if step.entity and not step.via]
    remote = [step.entity for step in steps if step.entity and step.via]
    return Touch(
        name,
        pattern.reads or pattern.writes or "",
        tuple(dict.fromkeys(one for one in (pattern.reads, *along) if one)),
        tuple(dict.fromkeys(one for one in (pattern.writes, *local, *reached) if one)),
        tuple(dict.fromkeys(remote)),
        links,
    )
