"""Journeys of reads: one row field by field, and every page of a list, compared with what the sample rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archnb.planned import Operation
from archnb.planned.entities import AccessPattern
from archnb.serve.inside import Reply
from archnb.serve.tokens import Caller
from archnb.serve.wire import to_json
from archnb.verify.oracle import Given
from archnb.verify.rows import Row

if TYPE_CHECKING:
    pass

from archnb.verify.visits import PAGES, TRIED, Story, Visits, WrongError, write_text

Json = Any
_HIGH: dict[str, Json] = {"timestamp": "2200-01-01T00:00:00Z", "date": "2200-01-01", "time": "23:59:59"}


class ReadJourneys(Visits):
    """Reads what is there, as whoever may."""

    def _live_get(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        entity = operation.contract.entity
        given_now = Given(now=None)
        for row in self.oracle.list_rows(entity)[:TRIED]:
            if not all(self.oracle.fulfils(entity, row, one, given_now) for one in pattern.where):
                continue
            values = self._parameters(operation, entity, row)
            if any(one is None for one in values.values()):
                continue
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                continue
            reply = self.ask(operation, caller, values)
            self.expect(reply, operation, "read by whoever may")
            self._compare(operation, entity, row, reply.json)
            story.seen.append("one is read by whoever may, field by field as it was stored")
            return
        story.left.append("no row in the sample may be read by anybody in it")

    def _compare(self, operation: Operation, entity: str, row: Row, body: Json) -> None:
        """Raise where a property is not the field of the row."""
        names = {name: one for one, name in self.model.properties.names(entity).items()}
        for name, value in (body or {}).items():
            if name in names:
                wanted = self._json(entity, row, names[name])
                if wanted != value:
                    raise WrongError(f"{name} is {value!r} in the answer and {wanted!r} in the row")

    def _live_list(self, operation: Operation, pattern: AccessPattern, story: Story) -> None:
        entity = operation.contract.entity
        if pattern.aggregate or pattern.depth > 1:
            row = next(iter(self.oracle.list_rows(entity)), None)
            if row is None:
                story.left.append("there are no rows")
                return
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                story.left.append("nobody in the sample may")
                return
            self.expect(self._ask_page(operation, pattern, row, caller, {}), operation, "computed for whoever may")
            story.seen.append("it is computed for whoever may")
            return
        best: tuple[int, Row, Caller | None, list[Row]] | None = None
        for row in self.oracle.list_rows(entity)[:TRIED]:
            caller = None if operation.contract.is_public else self.find_caller(operation, row)
            if caller is None and not operation.contract.is_public:
                continue
            if None in self._parameters(operation, entity, row).values():
                continue
            wanted = self._list_wanted(operation, pattern, row, caller)
            if wanted and (best is None or len(wanted) > best[0]):
                best = (len(wanted), row, caller, wanted)
        if best is None:
            story.left.append("no rows in the sample are found by it for anybody in it")
            return
        _, row, caller, wanted = best
        shown = self._turn_pages(operation, pattern, row, caller, len(wanted))
        self._compare_lists(operation, pattern, wanted, shown)
        told = f"all {len(wanted)} rows that are meant for the caller came"
        story.seen.append(
            told if len(wanted) < 2 or not operation.contract.is_paged else f"{told}, over several pages, each once"
        )

    def _list_wanted(self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None) -> list[Row]:
        """The rows that a list must show to a caller who asks with the values of a row."""
        entity = operation.contract.entity
        by = {one: values for one in pattern.by if (values := self.oracle.read(entity, row, one)) is not None}
        low = self._low(entity, pattern)
        given = Given(by=by, low=low, high=None, word=self._word(entity, pattern, row), **self._who(caller))
        found = [one for one in self.oracle.list_rows(entity) if self._is_meant(entity, pattern, one, given)]
        if caller is None:
            return found
        grant = operation.grants[caller.role]
        return [one for one in found if self.holds(grant, caller, one)]

    def _is_meant(self, entity: str, pattern: AccessPattern, row: Row, given: Given) -> bool:
        import dataclasses

        unbounded = dataclasses.replace(pattern, range="")
        if pattern.range:
            value = self.oracle.main(entity, row, pattern.range)
            if value is None or value < given.low:
                return False
        return self.oracle.is_meant(unbounded, row, given)

    def _low(self, entity: str, pattern: AccessPattern) -> Any:
        if not pattern.range:
            return None
        found = [self.oracle.main(entity, one, pattern.range) for one in self.oracle.list_rows(entity)]
        return min((one for one in found if one is not None), default=None)

    def _word(self, entity: str, pattern: AccessPattern, row: Row) -> str:
        texts = [str(self.oracle.main(entity, row, one) or "") for one in pattern.search]
        return next((word for text in texts for word in text.split() if word.isalpha()), "")

    def _ask_page(
        self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None, more: Mapping[str, Json]
    ) -> Reply:
        """One page of a list, asked for with the values of a row."""
        entity, contract = operation.contract.entity, operation.contract
        values = {
            n: v
            for n, v in self._parameters(operation, entity, row).items()
            if contract.parameters[n].field != pattern.range
        }
        if pattern.range:
            ranged = [name for name, one in contract.parameters.items() if one.field == pattern.range]
            cell = self.records.cells(entity, pattern.range)[-1 if len(ranged) < 2 else 0]
            low = self._low(entity, pattern)
            for name in ranged:
                values[name] = (
                    _HIGH.get(cell.column.type, "1000000000") if name.endswith("_to") else to_json(low, cell.column)
                )
        if "q" in contract.parameters:
            values["q"] = self._word(entity, pattern, row)
        values |= more
        body = None
        if not contract.request.is_empty:
            names = {name: one for one, name in self.model.properties.names(entity).items()}
            properties = contract.request.schema.get("properties", {})
            body = {name: self._json(entity, row, names[name]) for name in properties if name in names}
            body |= {"q": self._word(entity, pattern, row)} if "q" in properties else {}
            body |= {name: value for name, value in more.items() if name in properties}
        return self.ask(operation, caller, values, body)

    def _turn_pages(
        self, operation: Operation, pattern: AccessPattern, row: Row, caller: Caller | None, count: int
    ) -> list[Json]:
        """What a list shows, from the first page to the last."""
        size = max(1, min(count // 3 + 1, 20))
        more: dict[str, Json] = {"limit": size}
        items: list[Json] = []
        for _ in range(PAGES):
            reply = self._ask_page(operation, pattern, row, caller, more)
            self.expect(reply, operation, "listed for whoever may")
            page = reply.json
            if len(page["items"]) > size:
                raise WrongError(f"a page holds {len(page['items'])} rows where {size} were asked for")
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return items
            more = {"limit": size, "cursor": cursor}
        return items

    def _compare_lists(
        self, operation: Operation, pattern: AccessPattern, wanted: Sequence[Row], shown: Sequence[Json]
    ) -> None:
        entity = operation.contract.entity
        names = self.model.properties.names(entity)
        key = self.model.keys.fields(entity)
        if not all(names[one] in (shown[0] if shown else {}) for one in key):
            if shown and len(shown) != min(len(wanted), PAGES * 20):
                raise WrongError(f"{len(shown)} rows came where {len(wanted)} are meant")
            if shown:
                return
        told = [write_text([one[names[name]] for name in key]) for one in shown]
        meant = {write_text([self._json(entity, row, name) for name in key]): row for row in wanted}
        if len(told) != len(set(told)):
            raise WrongError("a row came twice")
        if missing := [one for one in meant if one not in told]:
            if not operation.contract.is_paged and len(told) >= (pattern.limit or len(told) + 1):
                return
            raise WrongError(f"{len(missing)} of {len(meant)} rows did not come, such as {missing[0]}")
        if more := [one for one in told if one not in meant]:
            raise WrongError(f"{len(more)} rows came that are not meant for the caller, such as {more[0]}")
        fault = self.oracle.order_fault(pattern, [meant[one] for one in told], lambda table, column: None)
        if fault:
            raise WrongError(fault)


__all__ = ["ReadJourneys"]
