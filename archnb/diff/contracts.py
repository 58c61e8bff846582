"""The API as its callers see it: operations, addresses, parameters, what is sent, what comes back, which errors."""

from __future__ import annotations

from collections.abc import Iterator

from archnb.diff.bodies import Direction, Turned, compare_schemas
from archnb.diff.changes import Difference, Effect, Whom
from archnb.diff.pair import Pair
from archnb.planned.api import Api, Body, Parameter, normalise

# errors that tell who may call, which is told of the permissions
_OF_PERMISSION = frozenset({401, 403})
_SUNSET = "Announce it (Deprecation and Sunset headers), watch its calls fall to zero, then remove it."
_BESIDE = "Offer it beside the old one, and take that away when no caller is left."


def compare_api(pair: Pair) -> Iterator[Difference]:
    """The differences of the two APIs."""
    old, new = pair.old.api, pair.new.api
    yield from _whole(old, new)
    for name, contract in new.operations.items():
        was = pair.operations.get(name)
        if was is None:
            yield Difference(
                effect="compatible", whom="callers", area="api", path=f"api.operations.{name}",
                causes=pair.causes_of_operation(name, contract), subjects=(name,), words="is new",
                how="Build its index before the code that uses it.",
            )  # fmt: skip
        else:
            yield from ContractPair(pair, name, was).compare()
    kept = set(pair.operations.values())
    for name, contract in old.operations.items():
        if name not in kept:
            entity = pair.renames.entity_onwards(contract.entity)
            causes = (
                f"access.{contract.pattern or name}",
                f"api.operations.{name}",
                *([f"entities.{entity}"] if entity else ()),
            )
            yield Difference(
                effect="breaking", whom="callers", area="api", path=f"api.operations.{name}", causes=causes, subjects=(name,),
                words="who calls it gets 404", how=_SUNSET,
            )  # fmt: skip


def _whole(old: Api, new: Api) -> Iterator[Difference]:
    for name, words in (
        ("style", "the API is {} where it was {}"),
        ("base_path", "every address is below {} where it was below {}"),
    ):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference(
                effect="breaking", whom="callers", area="api", path=f"api.{name}", causes=(f"api.{name}",),
                words=words.format(after or "/", before or "/"), how=_BESIDE,
            )  # fmt: skip


class ContractPair:
    """One operation in both versions."""

    def __init__(self, pair: Pair, name: str, old_name: str) -> None:
        self.pair, self.name, self.old_name = pair, name, old_name
        self.before, self.after = pair.old.api.operations[old_name], pair.new.api.operations[name]
        self.entities = pair.list_entities(name, self.after)

    def _tell(
        self,
        effect: Effect,
        whom: Whom,
        words: str,
        how: str = "",
        *,
        field: str = "",
        part: str = "",
        causes: tuple[str, ...] = (),
    ) -> Difference:
        return Difference(
            effect=effect, whom=whom, area="api", path=f"api.operations.{self.name}" + (f".{part}" if part else ""),
            words=words, subjects=(self.name,), how=how,
            causes=(*causes, *self.pair.causes_of_operation(self.name, self.after, field)),
        )  # fmt: skip

    def compare(self) -> Iterator[Difference]:
        """What callers and readers see of it."""
        before, after = self.before, self.after
        if self.name != self.old_name:
            yield self._tell(
                "breaking",
                "callers",
                f"is called {self.name} where it was {self.old_name}: generated clients have another method",
                _BESIDE,
            )
        if before.method != after.method or normalise(before.path) != normalise(after.path):
            words = f"is at {after.method} {after.path} where it was at {before.method} {before.path}"
            yield self._tell(
                "breaking", "callers", words, "Answer at the old address too, until no caller is left.", part="path"
            )
        if before.action != after.action or self.pair.renames.entity_onwards(before.entity) != after.entity:
            words = f"does something else: {after.action} {after.entity} where it was {before.action} {before.entity}"
            yield self._tell(
                "breaking", "callers", words, "Offer it under a new name; keep the old one until no caller is left."
            )
        yield from self._parameters()
        yield from self._body(before.request, after.request, "request")
        yield from self._body(before.response, after.response, "response")
        if before.status != after.status:
            yield self._tell(
                "breaking",
                "callers",
                f"answers {after.status} where it answered {before.status}",
                _BESIDE,
                part="status",
            )
        elif before.made_status != after.made_status:
            old, new = (one.made_status or one.status for one in (before, after))
            yield self._tell(
                "breaking", "callers", f"answers {new} for a new row where it answered {old}", _BESIDE, part="status"
            )
        yield from self._limits()
        yield from self._errors()

    # -- what is sent

    def _parameters(self) -> Iterator[Difference]:
        old, new = dict(self.before.parameters), dict(self.after.parameters)
        pairs = {name: name for name in new if name in old and old[name].place == new[name].place}
        # the names in a path are no part of an address
        left = [name for name, one in old.items() if one.place == "path" and name not in pairs.values()]
        for name, one in new.items():
            if one.place == "path" and name not in pairs and left:
                pairs[name] = left.pop(0)
        pairs |= {
            name: was for name, one in new.items() if name not in pairs and (was := self._find_renamed(one, old, pairs))
        }
        for name, one in new.items():
            part = f"parameters.{name}"
            if name in pairs:
                yield from self._parameter(name, old[pairs[name]], one, pairs[name])
            elif one.required:
                yield self._tell(
                    "breaking",
                    "callers",
                    f"the {one.place} parameter {name} must be sent: who does not is refused",
                    "Take it where it is sent, and require it in a later version.",
                    field=self._field(one),
                    part=part,
                )
            else:
                yield self._tell(
                    "compatible",
                    "callers",
                    f"the {one.place} parameter {name} may be sent",
                    field=self._field(one),
                    part=part,
                )
        for name, one in old.items():
            if name not in pairs.values():
                field = self.pair.find_field(self.entities, one.field or name, is_old=True)
                yield self._tell(
                    "breaking",
                    "callers",
                    f"the {one.place} parameter {name} is not taken any more",
                    "Take it until nobody sends it.",
                    field=field,
                    part=f"parameters.{name}",
                )

    def _find_renamed(self, one: Parameter, old: dict[str, Parameter], pairs: dict[str, str]) -> str:
        for was, there in old.items():
            is_same = there.place == one.place and there.field and one.field and was not in pairs.values()
            if is_same and self.pair.renames.carry_path(self.after.entity, there.field) == one.field != there.field:
                return was
        return ""

    def _field(self, one: Parameter) -> str:
        return self.pair.find_field(self.entities, one.field, is_old=False) if one.field else ""

    def _parameter(self, name: str, before: Parameter, after: Parameter, was: str) -> Iterator[Difference]:
        field, part = self._field(after), f"parameters.{name}"
        what = f"the {after.place} parameter {name}"
        if was != name and after.place != "path":
            yield self._tell(
                "breaking", "callers", f"{what} was called {was}", "Take both for a while.", field=field, part=part
            )
        if after.required and not before.required:
            yield self._tell(
                "breaking",
                "callers",
                f"{what} must be sent: who does not is refused",
                "Propose a value where it is not sent, and require it in a later version.",
                field=field,
                part=part,
            )
        elif before.required and not after.required:
            yield self._tell("compatible", "callers", f"{what} need not be sent", field=field, part=part)
        if self.after.is_paged and name == "limit":
            yield from self._page(before.schema, after.schema)
            return
        for turned in compare_schemas(before.schema, after.schema, "request"):
            yield self._tell(turned.effect, "callers", f"{what} {turned.words}", turned.how, field=field, part=part)

    def _page(self, before: dict[str, object], after: dict[str, object]) -> Iterator[Difference]:
        """How many items a page has, and may have."""
        causes = ("api.page_size", "api.max_page_size")
        was, now = before.get("default"), after.get("default")
        part = "parameters.limit"
        if isinstance(was, int) and isinstance(now, int) and was != now:
            if now < was:
                yield self._tell(
                    "breaking", "readers", f"pages are shorter: {now} items where they had {was}, unless the caller says how many",
                    "Tell whoever reads one page and no more to follow next_cursor.", part=part, causes=causes,
                )  # fmt: skip
            else:
                yield self._tell(
                    "compatible",
                    "readers",
                    f"pages are longer: {now} items where they had {was}",
                    part=part,
                    causes=causes,
                )
        was, now = before.get("maximum"), after.get("maximum")
        if isinstance(was, int) and isinstance(now, int) and was != now:
            words = f"a caller may ask for {now} items a page where it was {was}"
            yield self._tell(
                "breaking" if now < was else "compatible",
                "callers",
                words,
                "Count the requests that ask for more first." if now < was else "",
                part=part,
                causes=("api.max_page_size",),
            )

    # -- what goes in and comes out

    def _body(self, before: Body, after: Body, direction: Direction) -> Iterator[Difference]:
        whom: Whom = "callers" if direction == "request" else "readers"
        if before.is_empty and after.is_empty:
            return
        if before.is_empty or after.is_empty:
            comes = before.is_empty
            needs = comes and bool(after.schema.get("required"))
            if direction == "request":
                words = "takes a body" if comes else "takes no body any more"
                yield self._tell(
                    "breaking" if needs or not comes else "compatible",
                    whom,
                    words,
                    _BESIDE if needs or not comes else "",
                    part=direction,
                )
            else:
                yield self._tell(
                    "compatible" if comes else "breaking",
                    whom,
                    "answers with a body" if comes else "answers without a body",
                    "" if comes else _BESIDE,
                    part=direction,
                )
            return
        if before.media != after.media:
            yield self._tell(
                "breaking",
                whom,
                f"the {direction} is {after.media} where it was {before.media}",
                _BESIDE,
                part=direction,
            )
        if (before.is_list, before.is_paged) != (after.is_list, after.is_paged):
            yield self._tell(
                "breaking",
                whom,
                f"the {direction} is {_form(after)} where it was {_form(before)}",
                _BESIDE,
                part=direction,
            )
        for turned in compare_schemas(before.schema, after.schema, direction, self._onwards):
            yield self._turned(turned, whom, direction)

    def _onwards(self, path: str, name: str) -> str:
        """What a property of the old body is called by now."""
        old_field = self.pair.find_field(self.entities, name, is_old=True)
        for entity in self.entities if old_field else ():
            was = self.pair.renames.fields(entity).get(old_field)
            if was is not None and was != old_field:
                # the name that the property has, made of the field's new name as it was of the old one
                return f"{old_field}_id" if name.endswith("_id") and not was.endswith("_id") else old_field
        return name

    def _turned(self, turned: Turned, whom: Whom, direction: Direction) -> Difference:
        field = ""
        for part in turned.path.replace("[]", "").split("."):
            field = field or (
                self.pair.find_field(self.entities, part, is_old=False)
                or self.pair.find_field(self.entities, part, is_old=True)
            )
        what = f"{turned.path} in the {direction}" if turned.path else f"the {direction}"
        return self._tell(
            turned.effect,
            whom,
            f"{what} {turned.words}",
            turned.how,
            field=field,
            part=f"{direction}.{turned.path}" if turned.path else direction,
        )

    # -- how often, and what goes wrong

    def _limits(self) -> Iterator[Difference]:
        before, after = self.before.rate_limit, self.after.rate_limit
        if before.base == after.base:
            return
        is_less = after.base < before.base
        words = f"a caller may call it {after} where it was {before}"
        yield self._tell(
            "breaking" if is_less else "compatible",
            "callers",
            words + (": more get 429" if is_less else ""),
            "See who calls that often first." if is_less else "",
            part="rate_limit",
        )

    def _errors(self) -> Iterator[Difference]:
        codes = (self.pair.old.errors.codes, self.pair.new.errors.codes)
        for code in self.after.errors:
            if code in self.before.errors or code not in codes[1] or codes[1][code].http in _OF_PERMISSION:
                continue
            http = codes[1][code].http
            if 400 <= http < 500 and http != 429:
                yield self._tell(
                    "breaking",
                    "callers",
                    f"may be refused with {http} ({code})",
                    "Announce the new error before it comes.",
                    part="errors",
                )
            else:
                yield self._tell("compatible", "callers", f"may fail with {http} ({code})", part="errors")
        for code in self.before.errors:
            if code not in self.after.errors and code in codes[0] and codes[0][code].http not in _OF_PERMISSION:
                yield self._tell(
                    "compatible",
                    "callers",
                    f"is not refused with {codes[0][code].http} ({code}) any more",
                    part="errors",
                )


def _form(body: Body) -> str:
    return "pages of a list" if body.is_paged else "a list" if body.is_list else "one object"
