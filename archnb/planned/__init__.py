"""What was concluded: the backend as planned, in records without gaps.

A topic concludes its section once and no other. Exporters, verifiers and whatever else comes after the topics read these
records; nothing here is optional, and every reference is to something that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

from archnb.design.record import Named
from archnb.exceptions import ArchnbError
from archnb.planned.api import Api
from archnb.planned.auth import Auth
from archnb.planned.cache import Cache
from archnb.planned.decisions import Decisions
from archnb.planned.entities import AccessPattern, Entities
from archnb.planned.errors import Errors
from archnb.planned.flow import Flow
from archnb.planned.jobs import Jobs
from archnb.planned.migrations import Migrations
from archnb.planned.monitoring import Monitoring, Slo
from archnb.planned.operation import Caller, Operation
from archnb.planned.patterns import Patterns
from archnb.planned.record import IncompleteError, Planned, conclude
from archnb.planned.requirements import Requirements
from archnb.planned.scaling import Scaling
from archnb.planned.schema import Schema
from archnb.planned.statements import Statement, Statements

S = TypeVar("S", bound=Planned)


class Backend:
    """The planned backend: one record a section. While the topics run it holds those that are concluded so far."""

    def __init__(self) -> None:
        self._sections: dict[str, Planned] = {}

    def put(self, name: str, section: Planned) -> None:
        """Hold a concluded section. Raises ArchnbError where it is concluded already: a topic closes its section once."""
        if name in self._sections:
            raise ArchnbError(f"section {name!r} is concluded twice")
        self._sections[name] = section

    def _get(self, name: str, kind: type[S]) -> S:
        section = self._sections.get(name)
        if not isinstance(section, kind):
            raise ArchnbError(f"section {name!r} is read before its topic concluded it")
        return section

    @property
    def sections(self) -> Mapping[str, Planned]:
        """The concluded sections by name, in the order of the topics."""
        return dict(self._sections)

    @property
    def requirements(self) -> Requirements:
        """What is asked."""
        return self._get("requirements", Requirements)

    @property
    def entities(self) -> Entities:
        """The data model and how it is used."""
        return self._get("entities", Entities)

    @property
    def schema(self) -> Schema:
        """Stores and tables."""
        return self._get("schema", Schema)

    @property
    def api(self) -> Api:
        """The contracts of the operations."""
        return self._get("api", Api)

    @property
    def auth(self) -> Auth:
        """Who may do what."""
        return self._get("auth", Auth)

    @property
    def statements(self) -> Statements:
        """The statements of the operations."""
        return self._get("operations", Statements)

    @property
    def cache(self) -> Cache:
        """What is kept close."""
        return self._get("cache", Cache)

    @property
    def jobs(self) -> Jobs:
        """What runs later."""
        return self._get("jobs", Jobs)

    @property
    def patterns(self) -> Patterns:
        """Which architecture patterns are used."""
        return self._get("patterns", Patterns)

    @property
    def flow(self) -> Flow:
        """How requests travel."""
        return self._get("flow", Flow)

    @property
    def errors(self) -> Errors:
        """What goes wrong."""
        return self._get("errors", Errors)

    @property
    def monitoring(self) -> Monitoring:
        """What is measured."""
        return self._get("monitoring", Monitoring)

    @property
    def scaling(self) -> Scaling:
        """How it grows."""
        return self._get("scaling", Scaling)

    @property
    def migrations(self) -> Migrations:
        """How it changes."""
        return self._get("migrations", Migrations)

    @property
    def decisions(self) -> Decisions:
        """What was decided."""
        return self._get("decisions", Decisions)

    @cached_property
    def operations(self) -> Named[Operation]:
        """Every operation with all that the sections say of it. Asked for once every topic has concluded."""
        slos: dict[str, dict[str, Slo]] = {}
        for name, slo in self.monitoring.slos.items():
            slos.setdefault(slo.operation, {})[name] = slo
        return Named({name: self._join(name, slos.get(name, {})) for name in self.api.operations})

    def _join(self, name: str, slos: Mapping[str, Slo]) -> Operation:
        contract = self.api.operations[name]
        pattern = self.pattern_of(name)
        roles = self.auth.roles_of(name)
        return Operation(
            name=name,
            contract=contract,
            patterns=pattern,
            statements=self._list_statements(contract.pattern or name),
            objective=self.entities.objective_of(name),
            grants=Named(dict(self.auth.grants_of(name))),
            scope=self.auth.scope_of.get(name, ""),
            callers=() if contract.is_public else self._callers_of(roles),
            cached=_found(self.cache.policies, name),
            hops=self.flow.paths[name].hops if name in self.flow.paths else (),
            transactions=tuple(one for one in self.decisions.transactions.values() if one.operation == name),
            sagas=tuple(one for one in self.jobs.sagas.values() if one.operation == name),
            erasures=tuple(one for one in self.jobs.erasures.values() if one.operation == name),
            errors=Named({code: self.errors.codes[code] for code in contract.errors if code in self.errors.codes}),
            slos=Named(slos),
        )

    def _list_statements(self, pattern: str) -> tuple[Statement, ...]:
        found = self.statements.procedures.get(pattern)
        return found.statements if found is not None else ()

    def pattern_of(self, operation: str) -> tuple[AccessPattern, ...]:
        """The access pattern that an operation serves, or none."""
        return _found(self.entities.access, self.api.operations[operation].pattern or operation)

    def _callers_of(self, roles: tuple[str, ...]) -> tuple[Caller, ...]:
        """People, programs of our own, or both; people where no role is named."""
        programs = [role for role in roles if self.auth.is_program(role)]
        people: tuple[Caller, ...] = ("person",) if len(programs) < len(roles) or not roles else ()
        return (*people, "program") if programs else people


T = TypeVar("T")


def _found(records: Mapping[str, T], name: str) -> tuple[T, ...]:
    return (records[name],) if name in records else ()


__all__ = ["Backend", "IncompleteError", "Operation", "Planned", "conclude"]
