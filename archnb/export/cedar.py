"""Cedar: the grants as a policy set with its schema, for a service that asks Cedar before it does an operation.

A principal is a row of those who sign in, or a member of staff, or a program; its roles are its parents. A resource is the
row that an operation is about (for one that is made, the row as it will be), with the references that lead to whoever may.
Cedar joins nothing: memberships are sets at the principal, which the service fills from their rows. What no policy permits
is refused.

Source: the Cedar policy language reference guide, chapters on schemas and on policy syntax (docs.cedarpolicy.com).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archnb.naming import pascal, snake
from archnb.planned.auth import Grant, Reach
from archnb.planned.reaching import Row, Rows
from archnb.shapes import Source

if TYPE_CHECKING:
    from archnb.plan import Plan

# whoever does not sign in
PUBLIC = "public"


@dataclass
class _Attribute:
    """An attribute of an entity type: the type that it holds, whether it may be absent, whether it is a set."""

    holds: str
    is_optional: bool = False
    is_set: bool = False

    @property
    def text(self) -> str:
        return f"Set<{self.holds}>" if self.is_set else self.holds


@dataclass
class Policies:
    """The Cedar policies of a plan, their schema, and the entities that rows are in it."""

    plan: Plan
    # entity type -> attributes by name
    _attributes: dict[str, dict[str, _Attribute]] = field(default_factory=dict)
    _policies: list[str] = field(default_factory=list)
    _actions: dict[str, tuple[dict[str, None], dict[str, None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        planned = self.plan.planned
        self.namespace = pascal(self.plan.name)
        self.types = {name: pascal(name) for name in self.plan.design.entities}
        taken = {*self.types.values()}
        # the types of those of whom no row is kept, called so that no entity has their name
        self.role_type, self.staff_type, self.program_type, self.anyone_type, self.system_type = (
            next(free for free in (name, f"{name}Principal", f"The{name}") if free not in taken)
            for name in ("Role", "Staff", "Program", "Anyone", "System")
        )
        for name, operation in planned.operations.items():
            entity = operation.contract.entity or ""
            resource = self.types.get(entity, self.system_type)
            if operation.contract.is_public:
                self._permit(name, PUBLIC, self.anyone_type, resource, [])
            for role, grant in operation.grants.items():
                if not grant.is_refused:
                    conditions = self._write_grant(role, entity, grant) if grant.is_by_row else []
                    self._permit(name, role, self.principal_type(role), resource, conditions)

    # -- names

    def principal_type(self, role: str) -> str:
        """The entity type of those who have a role."""
        if role == PUBLIC:
            return self.anyone_type
        record = self.plan.planned.auth.roles[role]
        if record.entity in self.types:
            return self.types[record.entity]
        return self.program_type if record.kind == "service" else self.staff_type

    def uid(self, kind: str, key: object) -> dict[str, str]:
        """An entity's name in requests."""
        return {"type": f"{self.namespace}::{kind}", "id": str(key)}

    def set_name(self, reach: Reach) -> str:
        """The attribute of a principal that holds the groups in which they are a member with some word."""
        words = "_or_".join(snake(one) for one in reach.words)
        return f"{snake(reach.joins[-1].entity)}_as_{words}" if words else f"{snake(reach.joins[-1].entity)}_of"

    # -- policies

    def _permit(self, operation: str, role: str, principal: str, resource: str, conditions: list[str]) -> None:
        principals, resources = self._actions.setdefault(operation, ({}, {}))
        principals[principal] = None
        resources[resource] = None
        spaced = self.namespace
        asked = f"principal is {spaced}::{principal} in {spaced}::{self.role_type}::{json.dumps(role)}"
        lines = [
            f"@id({json.dumps(f'{operation}.{role}')})",
            "permit (",
            f"  {asked},",
            f"  action == {spaced}::Action::{json.dumps(operation)},",
            f"  resource is {spaced}::{resource}",
            ")",
        ]
        if conditions:
            joined = conditions[0] if len(conditions) == 1 else " ||\n  ".join(f"({one})" for one in conditions)
            lines[-1] += " when {"
            lines += [f"  {joined}", "}"]
        self._policies.append("\n".join(lines) + ";")

    def _write_grant(self, role: str, entity: str, grant: Grant) -> list[str]:
        return [" && ".join(self._write_reach(role, entity, part) for part in reach.parts) for reach in grant.reaches]

    def _write_reach(self, role: str, entity: str, reach: Reach) -> str:
        """A reach as conditions: along the resource's references, then compared with the principal or with what it is in."""
        at, path, conditions = entity, "resource", list[str]()
        for step, is_back in self.list_steps(entity, reach):
            if is_back:
                return " && ".join([*conditions, self._write_back(role, reach, at, path, step)])
            target, is_optional = self._reference(at, step)
            self._declare(at, step, target, is_optional)
            if not reach.token and (at, step) == self._last(entity, reach):
                return " && ".join([*conditions, f"!({path} has {json.dumps(step)})"])
            if is_optional:
                conditions.append(f"{path} has {json.dumps(step)}")
            path, at = f"{path}[{json.dumps(step)}]", target
        if reach.token == "tenant":
            conditions.append(f'context has "tenant" && {path} == context["tenant"]')
            self._context.add(at)
        else:
            conditions.append(f"{path} == principal")
        return " && ".join(conditions)

    @property
    def _context(self) -> set[str]:
        return self.__dict__.setdefault("_tenants", set())  # type: ignore[no-any-return]

    def _last(self, entity: str, reach: Reach) -> tuple[str, str]:
        at = entity
        steps = [step for step, _ in self.list_steps(entity, reach)]
        for step in steps[:-1]:
            at = self._reference(at, step)[0]
        return at, steps[-1]

    def list_steps(self, entity: str, reach: Reach) -> list[tuple[str, bool]]:
        """The references that a reach follows from the resource; the last is marked where it is compared with what rows join
        the principal to, rather than with the principal.
        """
        references, made, at = self.plan.model.references, list[tuple[str, bool]](), entity
        for join in reach.joins:
            step = references.find(at, join.field)
            if step is not None and step.target == join.entity and join.to in self.plan.model.keys.fields(join.entity):
                made.append((join.field, False))
                at = join.entity
            elif at != join.entity and self.plan.model.inheritance.find_root(
                at
            ) == self.plan.model.inheritance.find_root(join.entity):
                # the row of the general table is the same thing
                continue
            else:
                # back from the group to rows that join the principal to it
                made.append((join.field, True))
                return made
        if references.find(at, reach.field) is not None:
            made.append((reach.field, False))
        return made

    def _reference(self, entity: str, field_name: str) -> tuple[str, bool]:
        found = self.plan.model.references.find(entity, field_name)
        if found is None:
            raise KeyError(f"{entity}.{field_name} is no reference")
        return found.target, not found.is_required

    def _declare(self, entity: str, name: str, target: str, is_optional: bool) -> None:
        self._attributes.setdefault(self.types[entity], {})[name] = _Attribute(self.types[target], is_optional)

    def _write_back(self, role: str, reach: Reach, at: str, path: str, step: str) -> str:
        """What the last row of a reach is compared with: a set of groups at the principal, or the one that they refer to."""
        references = self.plan.model.references
        found = references.find(at, step)
        condition = ""
        if found is not None:
            self._declare(at, step, found.target, not found.is_required)
            if not found.is_required:
                condition = f"{path} has {json.dumps(step)} && "
            path, at = f"{path}[{json.dumps(step)}]", found.target
        principal = self.principal_type(role)
        join = reach.joins[-1]
        if self.types.get(join.entity) == principal:
            # their own row refers to what they are in
            self._attributes.setdefault(principal, {})[join.to] = _Attribute(self.types[at])
            made = f"{condition}principal[{json.dumps(join.to)}] == {path}"
            if reach.words:
                self._attributes[principal][reach.role_field] = _Attribute("String")
                made += f" && {json.dumps(list(reach.words))}.contains(principal[{json.dumps(reach.role_field)}])"
            return made
        name = self.set_name(reach)
        self._attributes.setdefault(principal, {})[name] = _Attribute(self.types[at], is_set=True)
        return f"{condition}principal[{json.dumps(name)}].contains({path})"

    @property
    def text(self) -> str:
        """The policies."""
        return "\n\n".join(self._policies) + "\n"

    # -- schema

    @property
    def schema(self) -> str:
        """The schema of the policies, in Cedar's own syntax."""
        used = {one for principals, resources in self._actions.values() for one in (*principals, *resources)}
        used |= {*self._attributes} | {one.holds for held in self._attributes.values() for one in held.values()}
        used |= {self.types[one] for one in self._context}
        used -= {"String"}
        callers = {one for principals, _ in self._actions.values() for one in principals}
        lines = [f"namespace {self.namespace} {{", f"  entity {self.role_type};"]
        order = [*self.types.values(), self.staff_type, self.program_type, self.anyone_type, self.system_type]
        for kind in dict.fromkeys(order):
            if kind not in used:
                continue
            inner = ", ".join(
                f"{json.dumps(name)}{'?' if one.is_optional else ''}: {one.text}"
                for name, one in self._attributes.get(kind, {}).items()
            )
            parents = f" in [{self.role_type}]" if kind in callers else ""
            lines.append(f"  entity {kind}{parents}" + (f" = {{ {inner} }}" if inner else "") + ";")
        tenants = sorted(self.types[one] for one in self._context)
        context = f', context: {{ "tenant"?: {tenants[0]} }}' if tenants else ""
        for name, (principals, resources) in self._actions.items():
            lines.append(
                f"  action {json.dumps(name)} appliesTo {{ principal: [{', '.join(principals)}], resource: [{', '.join(resources)}]{context} }};"
            )
        return "\n".join([*lines, "}"]) + "\n"

    # -- entities of rows

    def list_entities(
        self, rows: Rows, role: str, token: Mapping[str, Any], table: str, row: Row
    ) -> list[dict[str, Any]]:
        """What a request hands to Cedar: the principal with its role and what it is in, the resource, and what it refers to."""
        resource_entity = self.plan.planned.schema.tables[table].entity
        made = {self._key(one): one for one in self._walk(resource_entity, row, rows)}
        principal = self.principal(role, token)
        known = self._find_principal(role, token, rows)
        attributes = known["attrs"] if known is not None else {}
        for name, attribute in self._attributes.get(self.principal_type(role), {}).items():
            if attribute.is_set:
                attributes[name] = [
                    {"__entity": self.uid(attribute.holds, key)} for key in self._list_groups(name, role, rows, token)
                ]
        uid = self.uid(self.principal_type(role), principal)
        made[(uid["type"], uid["id"])] = {"uid": uid, "attrs": attributes, "parents": [self.uid(self.role_type, role)]}
        made[("role", role)] = {"uid": self.uid(self.role_type, role), "attrs": {}, "parents": []}
        return list(made.values())

    def principal(self, role: str, token: Mapping[str, Any]) -> object:
        """The id of whoever asks."""
        kind = self.plan.planned.auth.roles[role].kind if role in self.plan.planned.auth.roles else ""
        found = token.get("client" if kind == "service" else "person")
        return found if found is not None else role

    @staticmethod
    def _key(entity: Mapping[str, Any]) -> tuple[str, str]:
        return entity["uid"]["type"], entity["uid"]["id"]

    def row_id(self, entity: str, row: Row) -> str:
        """The id of a row: the values of its key."""
        columns = self.plan.model.places.list_key_columns(entity)
        return "|".join(str(row[one]) for one in columns)

    def _walk(self, entity: str, row: Row, rows: Rows, depth: int = 6) -> Iterator[dict[str, Any]]:
        attributes: dict[str, Any] = {}
        kind = self.types[entity]
        for name, attribute in self._attributes.get(kind, {}).items():
            if attribute.is_set:
                attributes[name] = []
                continue
            place = self.plan.model.places.find_field(entity, name)
            value = row[place.columns[0]] if place is not None else None
            if value is None:
                continue
            if attribute.holds == "String":
                attributes[name] = str(value)
                continue
            target = self._reference(entity, name)[0]
            attributes[name] = {"__entity": self.uid(attribute.holds, value)}
            other = self._find_row(target, value, rows)
            if other is not None and depth:
                yield from self._walk(target, other, rows, depth - 1)
        yield {"uid": self.uid(kind, self.row_id(entity, row)), "attrs": attributes, "parents": []}

    def _find_row(self, entity: str, key: object, rows: Rows) -> Row | None:
        table = self.plan.model.places.find_table(entity) or ""
        column = self.plan.model.places.list_key_columns(entity)[0]
        return next((one for one in rows.get(table, ()) if one[column] == key), None)

    def _find_principal(self, role: str, token: Mapping[str, Any], rows: Rows) -> dict[str, Any] | None:
        record = self.plan.planned.auth.roles.get(role)
        if record is None or not record.entity:
            return None
        row = self._find_row(record.entity, self.principal(role, token), rows)
        return list(self._walk(record.entity, row, rows))[-1] if row is not None else None

    def _list_groups(self, name: str, role: str, rows: Rows, token: Mapping[str, Any]) -> list[object]:
        for reach in self._list_memberships():
            if self.set_name(reach) != name:
                continue
            join = reach.joins[-1]
            return list(
                dict.fromkeys(
                    one[join.columns[0][1]]
                    for one in rows.get(join.table, ())
                    if one[reach.columns[0]] == token.get("person")
                    and (not reach.words or one[reach.role_column] in reach.words)
                )
            )
        return []

    def _list_memberships(self) -> Iterator[Reach]:
        rows = {one.entity for one in self.plan.planned.auth.memberships}
        for role in self.plan.planned.auth.roles.values():
            for grant in role.grants.values():
                for reach in grant.reaches:
                    yield from (part for part in reach.parts if part.joins and part.joins[-1].entity in rows)


def write_policies(plan: Plan) -> Policies:
    """The Cedar policies of a plan."""
    return Policies(plan)


def export_cedar(plan: Plan) -> Source:
    """The policy set of Cedar: a policy for each role and operation that it may do."""
    made = write_policies(plan)
    head = f"// {plan.name}: policies of Cedar, made by archnb. What none of them permits is refused.\n\n"
    return Source("cedar", "Policies of Cedar", "cedar", head + made.text, filename="policies.cedar",
                  description="One policy for each role and operation; the schema is in policies.cedarschema.")  # fmt: skip


def export_cedar_schema(plan: Plan) -> Source:
    """The schema of the Cedar policies: principals, resources with the references that lead to whoever may, actions."""
    made = write_policies(plan)
    head = f"// {plan.name}: schema of the policies of Cedar, made by archnb.\n\n"
    return Source("cedar-schema", "Schema of the Cedar policies", "cedar", head + made.schema, filename="policies.cedarschema",
                  description="Entity types and actions, which the policies are checked against.")  # fmt: skip


__all__ = ["Policies", "export_cedar", "export_cedar_schema", "write_policies"]
