"""OpenFGA: the grants as a model of relations, for a service that keeps who is related to what as tuples.

A type stands for an entity, a relation for a reference of its rows (`document#author`), and `can_…` for each operation. A row
of membership is a relation between a person and a group; what lies in a group asks the group. Whoever has a role of staff or
of programs is related to the one object of the type that stands for the whole system.

Source: the OpenFGA configuration language, schema 1.1 (openfga.dev/docs/configuration-language). A relation may not mix `or`
and `and`, so that what must hold together has a relation of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archnb.naming import snake
from archnb.planned.auth import Grant, Join, Reach
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

PUBLIC = "public"
# the most characters of a relation's name
LONGEST = 50


@dataclass
class Relations:
    """The types of a model with their relations, in the order in which they are needed."""

    plan: Plan
    types: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        planned = self.plan.planned
        taken = {snake(one) for one in self.plan.design.entities}
        self.system = next(one for one in ("system", "the_system", "whole_system") if one not in taken)
        self.staff = next(one for one in ("staff", "staff_member", "operator_staff") if one not in taken)
        self.program = next(one for one in ("program", "client_program", "calling_program") if one not in taken)
        self.visitor = next(one for one in ("visitor", "anybody", "any_visitor") if one not in taken)
        for name, operation in planned.operations.items():
            kind = snake(operation.contract.entity or "") or self.system
            if kind not in taken:
                kind = self.system
            ways = [self._define_public(kind)] if operation.contract.is_public else []
            for role, grant in operation.grants.items():
                if not grant.is_refused:
                    ways += self._define_grant(kind, role, grant)
            if ways:
                self._add(kind, self._name(f"can_{snake(name)}"), " or ".join(dict.fromkeys(ways)))

    # -- relations

    def _add(self, kind: str, relation: str, definition: str) -> str:
        known = self.types.setdefault(kind, {})
        if known.get(relation, definition) != definition:
            n = next(n for n in range(2, 999) if known.get(f"{relation}_{n}", definition) == definition)
            relation = f"{relation}_{n}"
        known[relation] = definition
        return relation

    @staticmethod
    def _name(text: str) -> str:
        return text if len(text) <= LONGEST else text[:LONGEST].rstrip("_")

    def _type(self, name: str) -> str:
        self.types.setdefault(name, {})
        return name

    def _subject(self, role: str) -> str:
        """The type of those who have a role."""
        record = self.plan.planned.auth.roles[role]
        if record.entity:
            return self._type(snake(record.entity))
        return self._type(self.program if record.kind == "service" else self.staff)

    def _define_public(self, kind: str) -> str:
        self._type(self.visitor)
        return self._add(kind, "everybody", f"[{self.visitor}:*]")

    def _define_role(self, kind: str, role: str) -> str:
        """Those who have a role, whatever the row: a relation to the system, asked by each type that needs it."""
        holds = self._add(self.system, self._name(f"role_{snake(role)}"), f"[{self._subject(role)}]")
        if kind == self.system:
            return holds
        self._add(kind, "in_system", f"[{self.system}]")
        return self._add(kind, self._name(f"any_{snake(role)}"), f"{holds} from in_system")

    def _define_grant(self, kind: str, role: str, grant: Grant) -> list[str]:
        if not grant.is_by_row:
            return [self._define_role(kind, role)]
        made = []
        for reach in grant.reaches:
            parts = [self._define_reach(grant.entity, kind, role, part) for part in reach.parts]
            if self._is_shared(role) and not any(part.words for part in reach.parts):
                # several roles stand for rows of one entity, so that the row alone does not say which
                parts.append(self._define_role(kind, role))
            if len(parts) > 1:
                both = self._name("_and_".join(dict.fromkeys(parts)))
                made.append(self._add(kind, both, " and ".join(dict.fromkeys(parts))))
            else:
                made += parts
        return made

    def _is_shared(self, role: str) -> bool:
        roles = self.plan.planned.auth.roles
        return sum(1 for one in roles.values() if one.entity and one.entity == roles[role].entity) > 1

    def _define_reach(self, entity: str, kind: str, role: str, reach: Reach) -> str:
        return self._follow(entity, kind, role, reach, reach.joins)

    def _follow(self, entity: str, kind: str, role: str, reach: Reach, joins: tuple[Join, ...]) -> str:
        """The relation of a type by which its rows are reached: a direct one at the end, else one of what they refer to."""
        if not joins:
            return self._end(entity, kind, role, reach)
        join, rest = joins[0], joins[1:]
        references = self.plan.model.references
        step = references.find(entity, join.field)
        is_forward = (
            step is not None and step.target == join.entity and join.to in self.plan.model.keys.fields(join.entity)
        )
        if is_forward:
            target = snake(join.entity)
            own = self._add(kind, self._name(snake(join.field)), f"[{self._type(target)}]")
            there = self._follow(join.entity, target, role, reach, rest)
            return self._add(kind, self._name(f"{there}_of_{own}"), f"{there} from {own}")
        if join.entity != entity and self.plan.model.inheritance.find_root(
            entity
        ) == self.plan.model.inheritance.find_root(join.entity):
            return self._follow(join.entity, kind, role, reach, rest)
        # back from a group: rows that join people to it
        group, through = (step.target, step.field) if step is not None else (entity, "")
        target = snake(group)
        member = self._define_members(target, role, reach, join)
        if not through:
            return member
        own = self._add(kind, self._name(snake(through)), f"[{self._type(target)}]")
        return self._add(kind, self._name(f"{member}_of_{own}"), f"{member} from {own}")

    def _define_members(self, group: str, role: str, reach: Reach, join: Join) -> str:
        subject, base = self._subject(role), snake(join.entity)
        if not reach.words:
            return self._add(self._type(group), self._name(base), f"[{subject}]")
        words = [
            self._add(self._type(group), self._name(f"{base}_{snake(one)}"), f"[{subject}]") for one in reach.words
        ]
        if len(words) == 1:
            return words[0]
        return self._add(
            group, self._name(f"{base}_as_{'_or_'.join(snake(one) for one in reach.words)}"), " or ".join(words)
        )

    def _end(self, entity: str, kind: str, role: str, reach: Reach) -> str:
        step = self.plan.model.references.find(entity, reach.field)
        if not reach.token:
            # written while nobody has it: document#driver_is_missing@driver:*
            return self._add(kind, self._name(f"{snake(reach.field)}_is_missing"), f"[{self._subject(role)}:*]")
        if reach.token == "tenant":
            # a contextual tuple, from the token: tenant#in_token@person
            target = snake(step.target) if step is not None else kind
            inside = self._add(self._type(target), "in_token", f"[{self._subject(role)}]")
            if step is None:
                return inside
            own = self._add(kind, self._name(snake(reach.field)), f"[{target}]")
            return self._add(kind, self._name(f"in_token_of_{own}"), f"in_token from {own}")
        if step is None:
            return self._add(kind, "itself", f"[{self._subject(role)}]")
        return self._add(kind, self._name(snake(reach.field)), f"[{self._type(snake(step.target))}]")

    @property
    def text(self) -> str:
        """The model in the configuration language."""
        lines = ["model", "  schema 1.1"]
        for name, relations in sorted(self.types.items(), key=lambda one: (bool(one[1]), 0)):
            lines += ["", f"type {name}"]
            if relations:
                lines.append("  relations")
                lines += [f"    define {relation}: {definition}" for relation, definition in relations.items()]
        return "\n".join(lines) + "\n"


def export_openfga(plan: Plan) -> Source:
    """The model of OpenFGA: types, relations, and what each operation asks for."""
    head = f"# {plan.name}: model of OpenFGA, made by archnb. What no relation `can_…` says is refused.\n"
    return Source("openfga", "Model of OpenFGA", "openfga", head + Relations(plan).text, filename="model.fga",
                  description="One relation can_… for each operation; rows of membership and references are tuples.")  # fmt: skip


__all__ = ["Relations", "export_openfga"]
