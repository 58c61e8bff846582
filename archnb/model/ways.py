"""The way from a row to whom it belongs: the shortest chain of references, which is what a permission can check in a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archnb.model.references import Reference, References

# further away, a row belongs to somebody only in the way in which everything belongs to everybody
DEEPEST = 4


@dataclass(frozen=True)
class Way:
    """The references from an entity to the one it belongs to: `OrderLine.order -> Order.customer`; none to itself.

    `back` is the last step of a way that ends in rows which join two entities: from a project to its workspace, and from
    there back along `Member.workspace` to `Member.user`. Such a row belongs to everybody who has a joining row. `home` is
    the last step of one that ends in people who refer to what they are in: from a project to its company, and from there
    back along `User.company` to the user. `is_claim`: the token says in which the caller is. `is_missing`: the last
    reference is empty, so that the row is nobody's yet.
    """

    steps: tuple[Reference, ...]
    back: tuple[Reference, Reference] | None = None
    home: Reference | None = None
    is_claim: bool = False
    is_missing: bool = False

    @property
    def is_itself(self) -> bool:
        """Whether the row is the one that is looked for."""
        return not self.steps and self.back is None and self.home is None and not self.is_claim

    @property
    def is_required(self) -> bool:
        """Whether every row has its way; else some belong to nobody, as a guest's cart."""
        return all(one.is_required for one in self.steps)

    def __str__(self) -> str:
        there = " -> ".join(str(one) for one in self.steps)
        if self.is_missing:
            return f"{there} is missing"
        if self.home is not None:
            return f"{there} <- {self.home}".lstrip()
        if self.back is None:
            return there or "its own key"
        joined = f"{self.back[0]} & {self.back[1]}"
        return f"{there} <- {joined}" if there else f"<- {joined}"


class Ways:
    """The shortest ways, found backwards from each target once: what a thousand tables ask costs one walk a target."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._required: dict[str, Mapping[str, tuple[Reference, ...]]] = {}
        self._found: dict[str, Mapping[str, tuple[Reference, ...]]] = {}

    def find(self, entity: str, target: str) -> Way | None:
        """The shortest way of references from an entity to another, or None.

        All of them are required, but for the last: a guest's cart is nobody's, and a customer's cart is the customer's.
        """
        found = self._walk(target).get(entity)
        return Way(found) if found is not None else None

    def find_required(self, entity: str, target: str) -> Way | None:
        """The shortest way that every row has, or None."""
        found = self._walk_required(target).get(entity)
        return Way(found) if found is not None else None

    def has_references(self, entity: str) -> bool:
        """Whether an entity refers to another one."""
        return any(not one.is_self for one in self._references.list_from(entity))

    def list_belonging(self, target: str) -> Mapping[str, tuple[Reference, ...]]:
        """The entities from which a required way leads to the target, the target itself first, with the ways."""
        return self._walk_required(target)

    def _walk_required(self, target: str) -> Mapping[str, tuple[Reference, ...]]:
        if target not in self._required:
            self._required[target] = self._spread(target, {})
        return self._required[target]

    def _walk(self, target: str) -> Mapping[str, tuple[Reference, ...]]:
        if target not in self._found:
            required = self._walk_required(target)
            loose = [one for one in self._references.list_to(target) if not one.is_required and not one.is_self]
            if not loose:
                self._found[target] = required
            else:
                last: dict[str, list[Reference]] = {}
                for one in loose:
                    last.setdefault(one.entity, []).append(one)
                # a required way goes before a shorter one that not every row has
                self._found[target] = {**self._spread(target, last), **required}
        return self._found[target]

    def _spread(self, target: str, last: Mapping[str, list[Reference]]) -> dict[str, tuple[Reference, ...]]:
        """Breadth first from the target: required references, and of the optional ones those that end in the target."""
        found: dict[str, tuple[Reference, ...]] = {target: ()}
        edge = [target]
        for _ in range(DEEPEST):
            following: dict[str, None] = {}
            for here in edge:
                for one in self._references.list_to(here):
                    if one.entity not in found and (one.is_required or (here == target and one.entity in last)):
                        following[one.entity] = None
            near = set(edge)
            for name in following:
                # of several ways of one length, the one whose first reference is declared first
                step = next(
                    one
                    for one in self._references.list_from(name)
                    if one.target in near and (one.is_required or (one.target == target and name in last))
                )
                found[name] = (step, *found[step.target])
            edge = list(following)
        return found
