"""What a change of a row sets, by its name: `cancel` the state cancelled, `set_role` the role, `move` the times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archnb.design.entities import AccessPattern, Entity, Field
from archnb.model import write_words as words_of
from archnb.model.callers import Callers
from archnb.model.creations import Creations, find_principals
from archnb.model.inheritance import Inheritance
from archnb.model.keys import Keys
from archnb.model.people import People
from archnb.model.references import References
from archnb.model.roles import Roles
from archnb.model.settings import NUMBERS, Setting
from archnb.model.states import States, Step
from archnb.model.tenants import Tenants
from archnb.model.ways import Ways
from archnb.naming import snake, split_words, words


class Changes:
    """The settings of all changes."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        access: Mapping[str, AccessPattern],
        inheritance: Inheritance,
        keys: Keys,
        references: References,
        people: People,
        roles: Roles,
        tenants: Tenants,
        ways: Ways,
        states: States,
        callers: Callers,
        creations: Creations,
    ) -> None:
        self._entities, self._access, self._inheritance, self._keys = entities, access, inheritance, keys
        self._references, self._people, self._tenants, self._ways = references, people, tenants, ways
        self._states, self._callers, self._creations = states, callers, creations
        self._principals = find_principals(roles)

    def is_upsert(self, name: str, pattern: AccessPattern | None = None) -> bool:
        """Whether a change makes its row where there is none: as it says, or as nothing else would make it."""
        asked = pattern or self._access[name]
        if asked.action == "upsert":
            return True
        entity = asked.writes
        if entity is None or asked.effect != "update" or asked.many or self._states.find_step(name, asked) is not None:
            return False
        key = self._keys.find(entity)
        is_told = all(
            (field := self._inheritance.fields(entity).get(one)) is not None and field.references is not None
            for one in key.fields
        )
        if not is_told or {*asked.by} != {*key.fields} or entity in {one.entity for one in self._people.memberships}:
            return False
        return entity not in self._states.made | self._states.moved and self._changes_everything(name, asked)

    def _changes_everything(self, name: str, pattern: AccessPattern) -> bool:
        return snake(name).split("_")[0] in words_of.CHANGING and not self._find_objects(name, pattern)

    def find_moment(self, name: str, pattern: AccessPattern | None = None) -> str | None:
        """The time that tells which of two writes of one row is the later one, where a write from several devices meets itself."""
        asked = pattern or self._access[name]
        if not asked.writes or not self.is_upsert(name, asked):
            return None
        fields = self._inheritance.fields(asked.writes)
        times = [
            n for n, one in fields.items() if one.type == "timestamp" and not self._keys.is_in_key(asked.writes, n)
        ]
        return next((n for n in times if words_of.is_moment_of_change(n)), times[0] if len(times) == 1 else None)

    def propose(self, name: str, pattern: AccessPattern) -> Iterator[Setting]:
        entity = pattern.writes or ""
        fields, is_trusted = self._inheritance.fields(entity), self._callers.is_trusted(pattern)
        is_upsert, step = self.is_upsert(name, pattern), self._states.find_step(name, pattern)
        moment = self.find_moment(name, pattern) if is_upsert else None
        if step is not None:
            yield Setting(step.field, "constant", step.after, reason=step.reason)
            yield from self._propose_traces(name, pattern, step)
        taken = set[str]() if step is not None else {*self._list_changed(name, pattern)}
        counter = self._find_counter(name, entity) if step is None else None
        if counter is not None and taken <= {counter}:
            # `use_credits` takes some of them: it does not set how many there are
            taken = set()
        elif taken:
            counter = None
        if counter is not None:
            sign = "-" if snake(name).split("_")[0] in words_of.TAKING else "+"
            yield Setting(
                counter,
                "row",
                f"{counter} {sign} amount",
                reason=f"{name} moves it by an amount, from what it is at that moment",
            )
        done = words_of.list_done(name)
        for field, about in fields.items():
            if self._keys.is_in_key(entity, field) or field in pattern.by:
                continue
            if field == moment:
                told = "the device knows when it happened; left out, it is now. A later moment wins"
                yield Setting(field, "caller", "", False, told)
            elif words_of.is_moment_of_change(field) and about.type in ("timestamp", "date"):
                yield Setting(field, "server", "now", reason="the server knows when the row is changed")
            elif snake(field) in words_of.VERSIONS and about.type in NUMBERS:
                yield Setting(field, "row", f"{field} + 1", reason="each change is a version of its own")
            elif (
                step is None
                and about.type == "bool"
                and snake(field).removeprefix("is_") in done
                and snake(name).split("_")[0] not in words_of.CHANGING
            ):
                yield Setting(field, "constant", "true", reason=f"{name} is what makes it so")
            elif field in taken:
                price = self._creations.find_price(entity, field) if not is_trusted else None
                if price is not None:
                    yield Setting(field, "row", price, reason=f"the price stands in {price}")
                elif is_upsert:
                    yield Setting(
                        field,
                        "caller",
                        "",
                        not about.optional and about.default is None,
                        "the row is made of it where there is none",
                    )
                else:
                    yield Setting(field, "caller", "", False, "what is not given stays as it is")

    def _find_counter(self, name: str, entity: str) -> str | None:
        """The field that a change moves up or down by its name: `take_stock`, `top_up_wallet`."""
        if snake(name).split("_")[0] not in words_of.TAKING | words_of.GIVING:
            return None
        return next(
            (n for n, one in self._inheritance.fields(entity).items() if one.type in NUMBERS and words_of.COUNTERS.search(snake(n)) and not self._keys.is_in_key(entity, n)),
            None,
        )  # fmt: skip

    def _propose_traces(self, name: str, pattern: AccessPattern, step: Step) -> Iterator[Setting]:
        """What a step leaves beside the state: when, by whom, and what whoever takes the row brings along."""
        entity, done = pattern.writes or "", {snake(step.after), *words_of.list_done(name)}
        principals = self._callers.list_principals(pattern)
        for field, about in self._inheritance.fields(entity).items():
            plain = snake(field)
            if (
                about.type in ("timestamp", "date")
                and about.optional
                and any(plain in (f"{one}_at", f"{one}_on") for one in done)
            ):
                yield Setting(field, "server", "now", reason=f"the row becomes {step.after} now")
            elif about.references is not None and about.optional:
                mine = [one for one in principals if one.entity == about.references]
                is_by = plain.removesuffix("_by") in done and plain.endswith("_by")
                is_taking = not words_of.ENDS.search(snake(step.after)) and step.after in self._states.list_first(
                    entity, step
                )
                if (
                    mine
                    and len(mine) == len(pattern.roles)
                    and (is_by or (is_taking and plain == snake(about.references)))
                ):
                    yield Setting(field, "token", "caller", reason=f"who does it becomes its {words(field)}")
                elif (
                    is_taking
                    and mine == []
                    and any(one.entity and self._ways.find_required(about.references, one.entity) for one in principals)
                ):
                    yield Setting(
                        field, "caller", "", False, f"who takes it says which of their {about.references} rows"
                    )
            elif (
                about.type == "money"
                and about.optional
                and words_of.ENDS.search(snake(step.after))
                and not words_of.UNDONE.search(snake(step.after))
            ):
                yield Setting(
                    field,
                    "server",
                    "computed",
                    reason="it is known when the row reaches its end, and nobody chooses it",
                )

    def _find_objects(self, name: str, pattern: AccessPattern) -> tuple[str, ...]:
        """The fields that a change names: `set_role` the role, `change_plan` the plan, `mark_read` what was read last."""
        entity = pattern.writes or ""
        verb, *rest = snake(name).split("_")
        about = {*split_words(entity)}
        left = [one for one in rest if one not in about and one not in ("my", "own", "a", "the", "of")]
        if not left:
            return ()
        fields = [one for one in self._inheritance.fields(entity) if not self._keys.is_in_key(entity, one)]
        exact = [one for one in fields if split_words(one) == tuple(left)]
        if verb == "mark" and {*left} & words_of.SEEN:
            exact = exact or [one for one in fields if {*split_words(one)} & words_of.SEEN]
        return tuple(exact or [one for one in fields if {*left} <= {*split_words(one)}])

    def _list_changed(self, name: str, pattern: AccessPattern) -> Iterator[str]:
        """The fields that a caller may give for a change, by its name."""
        entity, verb = pattern.writes or "", snake(name).split("_")[0]
        fields = self._inheritance.fields(entity)
        named = self._find_objects(name, pattern)
        if named:
            yield from named
            if verb in words_of.SWITCHING and any(fields[one].references for one in named):
                # how many of the new thing goes with it
                yield from (
                    one
                    for one, about in fields.items()
                    if about.type in ("int", "smallint", "bigint") and (about.minimum or 0) >= 1
                )
            return
        if verb in words_of.MOVING:
            for one, about in fields.items():
                is_time = about.type in ("timestamp", "date", "time") and words_of.PLANNED_AT.fullmatch(snake(one))
                if is_time or (about.references is not None and self._may_move(pattern, entity, one, about)):
                    yield one
            return
        if verb in words_of.CHANGING:
            yield from (one for one, about in fields.items() if self._may_change(name, pattern, entity, one, about))

    def _may_change(self, name: str, pattern: AccessPattern, entity: str, field: str, about: Field) -> bool:
        """Whether a change of no certain purpose may set a field."""
        plain, is_trusted = snake(field), self._callers.is_trusted(pattern)
        if about.secret or plain in words_of.VERSIONS or self._keys.is_in_key(entity, field):
            return False
        if about.references is not None:
            return self._may_move(pattern, entity, field, about)
        if about.type in ("timestamp", "date"):
            is_made = (
                about.default is not None or words_of.is_moment_of_making(field) or words_of.is_moment_of_change(field)
            )
            return (
                not is_made
                and not (about.optional and words_of.is_moment_of_event(field))
                and plain not in words_of.SOFT_DELETED
            )
        if field == self._states.find_field(entity):
            return not self._is_moved_elsewhere(name, entity)
        if about.values and self._people.is_person(entity):
            return is_trusted or not {snake(one) for one in self._people.roles} & {snake(one) for one in about.values}
        if about.type == "bool" and words_of.is_decided(field):
            return is_trusted
        if (
            words_of.is_providers(field)
            or words_of.is_idempotency_key(field)
            or (about.unique and words_of.is_paper_number(field))
        ):
            return False
        if about.type in NUMBERS:
            is_price = about.type == "money" and words_of.PRICES.search(plain) is not None
            is_counter = words_of.COUNTERS.search(plain) is not None and about.minimum == 0
            is_rating = words_of.is_rating(field) and self._people.is_person(entity)
            return is_trusted if is_price or is_counter or is_rating else not words_of.is_sum(field)
        return True

    def _may_move(self, pattern: AccessPattern, entity: str, field: str, about: Field) -> bool:
        """Whether a change may point a reference elsewhere without giving the row to another owner."""
        target = about.references or ""
        whole = self._references.find_whole(entity)
        if target == entity or (whole is not None and whole.field == field) or target == self._tenants.tenant:
            return False
        if self._people.is_person(target) or target in self._principals:
            # an assignee may change, an owner not
            return (
                bool(about.optional)
                and not words_of.is_author(field)
                and not snake(field).endswith("_by")
                and self.find_state_owner(entity) != field
            )
        owners = [one for one in self._people.all if self._ways.find(target, one) is not None]
        is_fenced = bool(self._tenants.tenant) and self._tenants.find_way(target) is not None
        return not owners and not is_fenced

    def find_state_owner(self, entity: str) -> str | None:
        """The reference that a step in a row's life sets to whoever takes it: a trip's driver; None where no step does."""
        for name in self._states.writing.get(entity, ()):
            one = self._access[name]
            if one.effect == "update" and (step := self._states.find_step(name)) is not None:
                for trace in self._propose_traces(name, one, step):
                    if trace.value == "caller" and not snake(trace.field).endswith("_by"):
                        return trace.field
        return None

    def _is_moved_elsewhere(self, name: str, entity: str) -> bool:
        """Whether other writes are the steps that move the state of a row, so that no plain change does."""
        if self._entities[entity].states:
            return True
        others = (one for one in self._states.writing.get(entity, ()) if one != name)
        return any(
            self._states.find_step(one) is not None
            or (self._access[one].effect == "update" and self._access[one].steps)
            for one in others
        )


__all__ = ["Changes"]
