"""The schema topic: tables, keys, indexes, stores and sizes follow from what was said, each with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from archnb import Design, Plan, plan
from archnb.design.schema import SchemaTable
from archnb.model.identifiers import claim, quote_ansi, shorten
from archnb.model.lookups import Access, Demand, covers, find_accesses, find_demands
from archnb.shapes import Graph, Table
from tests.designs import ALL

ACCOUNT = {"fields": {"id": "key", "email": "email unique"}, "rows": "10k"}


def make(entities: dict[str, Any], access: dict[str, Any] | None = None, **rest: Any) -> Plan:
    """The plan of a small design."""
    load = {"load": {"daily_users": "10k", "requests_per_user": "10/day"}}
    return plan(Design.of({"requirements": load, "entities": entities, "access": access or {}, **rest}))


def tables(made: Plan) -> dict[str, SchemaTable]:
    """The tables of a plan that are for entities and relationships."""
    return {name: one for name, one in made.design.schema.tables.items() if one.role is None}


# -- columns and keys


def test_a_table_is_its_entity_in_snake_case_and_the_singular() -> None:
    """`OrderLine` is kept in `order_line`."""
    assert list(tables(make({"OrderLine": {"fields": {"id": "key"}}}))) == ["order_line"]


def test_tables_are_named_in_the_plural_where_that_was_said() -> None:
    """`naming: plural` names tables after many rows."""
    made = make(
        {"OrderLine": {"fields": {"id": "key"}}, "Category": {"fields": {"id": "key"}}}, schema={"naming": "plural"}
    )
    assert list(tables(made)) == ["order_lines", "categories"]


def test_names_that_become_alike_are_kept_apart() -> None:
    """Two entities whose names differ only in signs have two tables."""
    made = make({"a b": {"fields": {"id": "key"}}, "a-b": {"fields": {"id": "key"}}})
    assert list(tables(made)) == ["a_b", "a_b_2"]


def test_a_reference_has_the_type_of_the_key_it_refers_to() -> None:
    """A foreign key column is typed as the key, and numbered by nobody."""
    made = make({"Token": {"fields": {"id": "code(9) key"}}, "Use": {"fields": {"id": "key", "token": "-> Token"}}})
    column = tables(made)["use"].columns["token_id"]
    assert (column.type, column.length, column.is_generated, column.nullable) == ("code", 9, None, False)


def test_a_reference_to_a_key_of_two_columns_has_two_columns() -> None:
    """A composite key is referred to as a whole."""
    made = make({
        "Seat": {"fields": {"hall": "uuid", "no": "int"}, "key": ["hall", "no"]},
        "Ticket": {"fields": {"id": "key", "seat": "-> Seat optional"}},
    })  # fmt: skip
    key = tables(made)["ticket"].foreign_keys["ticket_seat_hall_seat_no_fkey"]
    assert (key.columns, key.referenced, key.on_delete) == (("seat_hall", "seat_no"), ("hall", "no"), "set null")


def test_money_is_an_exact_amount_with_its_currency() -> None:
    """A money field is two columns, and a limit holds for the amount."""
    table = tables(make({"Bill": {"fields": {"id": "key", "total": "money >= 0 optional", "amount": "money"}}}))["bill"]
    assert list(table.columns) == ["id", "total_amount", "total_currency", "amount", "currency", "version"]
    assert (
        table.columns["total_amount"].type,
        table.columns["total_amount"].length,
        table.columns["total_amount"].scale,
    ) == ("decimal", 19, 4)
    assert [one.condition for one in table.checks.values()] == [
        "total_amount >= 0",
        "(total_amount IS NULL) = (total_currency IS NULL)",
    ]


def test_words_of_an_enum_are_checked_and_escaped() -> None:
    """An enum is a text with a check, whatever signs its words hold."""
    table = tables(make({"Order": {"fields": {"id": "key", "order": "enum(new, it's)"}}}))["order"]
    assert table.checks["order_order_check"].condition == "\"order\" IN ('new', 'it''s')"


def test_a_special_case_shares_the_key_of_the_general_one() -> None:
    """`extends` is a joined table whose key is a foreign key to the parent's."""
    made = make(
        {
            "Party": {"fields": {"id": "key", "name": "text"}},
            "Firm": {"extends": "Party", "fields": {"vat": "text(20)"}},
        }
    )
    firm = tables(made)["firm"]
    assert (list(firm.columns), firm.primary_key) == (["id", "vat"], ("id",))
    assert firm.foreign_keys["firm_id_fkey"].on_delete == "cascade"
    assert not firm.columns["id"].is_generated
    assert "joined table" in made.why("schema.tables.firm.primary_key").reason


def test_many_to_many_is_a_junction_with_a_way_back() -> None:
    """A junction's key is the pair, its attributes are columns, and the second half has an index of its own."""
    made = make(
        {"Book": {"fields": {"id": "key"}}, "Writer": {"fields": {"id": "key"}}},
        relationships={
            "wrote": {"between": "Book, Writer", "kind": "many-to-many", "fields": {"share": "decimal(5, 2)"}}
        },
    )
    wrote = tables(made)["wrote"]
    assert wrote.primary_key == ("book_id", "writer_id")
    assert [one.columns for one in wrote.indexes.values()] == [("writer_id",)]
    assert {one.on_delete for one in wrote.foreign_keys.values()} == {"cascade"}
    assert wrote.columns["share"].type == "decimal"


def test_one_to_one_is_a_unique_reference_and_one_to_many_a_plain_one() -> None:
    """The many side holds the key; on a one-to-one it is unique."""
    made = make(
        {"Car": {"fields": {"id": "key"}}, "Plate": {"fields": {"id": "key"}}, "Wheel": {"fields": {"id": "key"}}},
        relationships={"plate of": {"between": "Car, Plate", "kind": "one-to-one"}, "wheels": {"between": "Car, Wheel", "kind": "one-to-many", "optional": True}},
    )  # fmt: skip
    found = tables(made)
    assert [one.columns for one in found["plate"].uniques.values()] == [("car_id",)]
    assert not found["wheel"].uniques
    assert found["wheel"].columns["car_id"].nullable
    assert found["plate"].foreign_keys["plate_car_id_fkey"].on_delete == "restrict"


def test_what_a_row_belongs_to_takes_it_along() -> None:
    """The first reference of a composite key is the owner: cascade; the others are only used: restrict; optional ones: set null."""
    made = make({
        "Order": {"fields": {"id": "key"}}, "Product": {"fields": {"id": "key"}},
        "Line": {"fields": {"order": "-> Order", "product": "-> Product", "gift": "-> Product optional"}, "key": "order, product"},
    })  # fmt: skip
    keys = {one.columns[0]: one.on_delete for one in tables(made)["line"].foreign_keys.values()}
    assert keys == {"order_id": "cascade", "product_id": "restrict", "gift_id": "set null"}


# -- indexes

ORDERS = {"Customer": ACCOUNT, "Order": {"fields": {
    "id": "key", "customer": "-> Customer", "status": "enum(new, paid)", "placed_at": "timestamp", "note": "text(200)"}, "rows": "1M"}}  # fmt: skip


def index_columns(access: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The order table's indexes and what they serve."""
    return {one.columns: one.serves for one in tables(make(ORDERS, access))["order"].indexes.values()}


def test_equal_columns_come_first_then_the_range_then_the_order() -> None:
    """An index follows the rule of the b-tree."""
    found = index_columns({"due": {"reads": "Order", "by": "status", "range": "placed_at", "sort": "-placed_at"}})
    assert found[("status", "-placed_at")] == ("due",)


def test_one_index_serves_patterns_and_the_foreign_key_it_begins_with() -> None:
    """What is the beginning of a longer index is merged into it."""
    found = index_columns({
        "latest": {"reads": "Order", "by": "customer", "sort": "-placed_at", "limit": 9},
        "all of one": {"reads": "Order", "by": "customer"},
        "open of one": {"reads": "Order", "by": "status, customer"},
    })  # fmt: skip
    assert set(found) == {("customer_id", "-placed_at"), ("customer_id", "status")}
    assert set(found[("customer_id", "-placed_at")]) | set(found[("customer_id", "status")]) == {
        "latest",
        "all of one",
        "open of one",
    }


def test_an_order_turned_round_needs_no_second_index() -> None:
    """A b-tree is read backwards as well."""
    found = index_columns({
        "newest": {"reads": "Order", "by": "customer", "sort": "-placed_at", "limit": 9},
        "oldest": {"reads": "Order", "by": "customer", "sort": "placed_at", "limit": 9},
    })  # fmt: skip
    assert found == {("customer_id", "-placed_at"): ("newest", "oldest")}


def test_a_unique_serves_as_an_index() -> None:
    """What is found by a unique needs no index."""
    made = make({"Customer": ACCOUNT}, {"sign_in": {"reads": "Customer", "by": "email"}})
    assert not tables(made)["customer"].indexes
    assert covers(next(iter(find_accesses("customer", tables(made)["customer"]))), Demand("customer", ("id",)))


def test_a_field_of_what_is_referred_to_is_indexed_there() -> None:
    """`customer.country` is found in the customer's table."""
    made = make(
        {
            "Customer": {"fields": {"id": "key", "country": "country"}},
            "Order": {"fields": {"id": "key", "customer": "-> Customer"}},
        },
        {"of_country": {"reads": "Order", "by": "customer.country"}},
    )
    assert [one.serves for one in tables(made)["customer"].indexes.values()] == [("of_country",)]


def test_words_are_found_by_a_full_text_index() -> None:
    """A search over few rows is served by a GIN index of the main store."""
    made = make(ORDERS, {"find": {"reads": "Order", "search": "note", "rate": "1/s", "limit": 10}})
    index = tables(made)["order"].indexes["order_note_search_idx"]
    assert (index.method, index.serves) == ("gin", ("find",))


@pytest.mark.parametrize("name", ALL)
def test_every_pattern_and_foreign_key_has_an_index_and_none_is_redundant(name: str) -> None:
    """In every design each demand is covered, and no index is the beginning of another."""
    made = plan(ALL[name]())
    schema = made.design.schema
    for one in made.design.access.values():
        for demand in find_demands(made.model.places, one):
            table = schema.tables[demand.table]
            if not demand.search and made.model.places.is_relational(table):
                assert any(covers(access, demand) for access in find_accesses(demand.table, table)), (one, demand)
    for table_name, table in schema.tables.items():
        accesses = list(find_accesses(table_name, table))
        for key in table.foreign_keys.values():
            assert any(covers(access, Demand(table_name, key.columns)) for access in accesses)
        for one in accesses:
            others = [other for other in accesses if other is not one and other.where is None]
            assert one.kind != "index" or not any(other.columns[: len(one.columns)] == one.columns for other in others)


@pytest.mark.parametrize("name", ALL)
def test_everything_proposed_has_a_reason(name: str) -> None:
    """Every table, key, constraint and index that nobody said answers why."""
    made = plan(ALL[name]())
    for table_name, table in tables(made).items():
        path = f"schema.tables.{table_name}"
        for part in ("uniques", "checks", "foreign_keys", "indexes"):
            for one in getattr(table, part):
                assert f"{path}.{part}.{one}" in made.draft.reasons
        assert made.draft.reasons[path].reason
        assert made.draft.reasons[f"{path}.primary_key"].reason


def test_a_partial_index_serves_only_who_gives_its_column() -> None:
    """Rows without a value are left out of an index only where nobody looks for them by it."""
    access = Access("i", ("parent_id",), "index", "parent_id IS NOT NULL")
    assert covers(access, Demand("t", ("parent_id",)))
    assert not covers(Access("i", ("a",), "index", "b = 1"), Demand("t", ("a",)))


# -- what was said

SAID = {
    "customer": {"entity": "Customer"},
    "orders": {
        "entity": "Order",
        "columns": {"id": {"type": "int"}, "customer_id": {"type": "bigint"}, "odd": {"type": "other", "native": "tsvector"}},
        "primary_key": "id", "foreign_keys": {"fk": {"columns": "customer_id", "references": "customer", "referenced": "id"}},
    },
}  # fmt: skip


def test_a_table_said_in_full_stays_exactly_so() -> None:
    """An imported table gets its store, and nothing else: what it lacks is a finding."""
    made = make(ORDERS, {"latest": {"reads": "Order", "by": "customer"}}, schema={"tables": SAID})
    said, done = made.said.schema.tables["orders"], tables(made)["orders"]
    assert done.store == "main"
    for part in ("columns", "primary_key", "uniques", "checks", "foreign_keys", "indexes", "partition_by", "comment"):
        assert getattr(done, part) == getattr(said, part)
    assert "schema-foreign-key-without-index" in {one.rule.id for one in made.findings}
    assert "order" not in tables(made)


def test_a_table_said_in_part_is_completed() -> None:
    """An index that was said stands beside the proposed ones and keeps others away that it serves."""
    made = make(
        ORDERS,
        {"latest": {"reads": "Order", "by": "status"}},
        schema={"tables": {"order": {"indexes": {"mine": {"columns": "status"}}}}},
    )
    assert list(tables(made)["order"].indexes) == ["mine", "order_customer_id_idx"]
    assert tables(made)["order"].indexes["mine"].serves == ("latest",)


def test_an_engine_that_was_said_is_kept() -> None:
    """A said engine is the main store's, and searches are indexed as it can."""
    made = make(
        ORDERS,
        {"find": {"reads": "Order", "search": "note", "limit": 3}},
        schema={"stores": {"db": {"engine": "mysql"}}},
    )
    assert {name: store.engine for name, store in made.design.schema.stores.items()} == {"db": "mysql"}
    assert tables(made)["order"].indexes["order_note_search_idx"].method == "fulltext"


def test_an_entity_goes_to_the_store_that_was_said_to_hold_it() -> None:
    """What a document store holds has no foreign key to it, and the rest goes to a relational store."""
    stores = {"docs": {"engine": "mongodb", "holds": "Customer"}}
    made = make(ORDERS, schema={"stores": stores})
    assert list(made.design.schema.stores) == ["main", "docs"]
    assert tables(made)["customer"].store == "docs"
    assert not tables(made)["order"].foreign_keys
    assert "another store" in made.why("schema.tables.order.columns.customer_id").reason


# -- stores

EVENT = {"fields": {"id": "key", "at": "timestamp", "value": "float"}, "rows": "1bn", "growth": "2bn/day"}


@pytest.mark.parametrize(
    ("entity", "access", "store", "engine"),
    [
        (
            {"fields": {"id": "key", "name": "text"}, "rows": "50M"},
            {"reads": "X", "search": "name", "rate": "500/s", "limit": 9},
            "search",
            "elasticsearch",
        ),
        (
            {"fields": {"id": "key", "friend": "-> X optional"}},
            {"reads": "X", "by": "id", "depth": 4, "limit": 9},
            "graph",
            "neo4j",
        ),
        (EVENT, {"writes": "X", "action": "create", "rate": "90k/s"}, "metrics", "influxdb"),
        (
            {"fields": {"id": "uuid key", "v": "text(90)"}, "rows": "90bn"},
            {"reads": "X", "by": "id", "rate": "90k/s"},
            "lookup",
            "dynamodb",
        ),
        (
            {"fields": {"id": "uuid key", "body": "json"}, "rows": "50bn"},
            {"reads": "X", "by": "id", "rate": "9/s"},
            "documents",
            "mongodb",
        ),
    ],
)
def test_another_store_is_proposed_where_the_numbers_ask_for_it(
    entity: Any, access: Any, store: str, engine: str
) -> None:
    """Search, graph, time series, key-value and document stores come with rates and rows, and say which."""
    made = make({"X": entity}, {"use": access})
    assert made.design.schema.stores[store].engine == engine
    because = made.why(f"schema.stores.{store}")
    assert "above" in because.reason
    row = made.schema["stores"].frame.iloc[0]
    assert engine in row["store"]
    assert row["refused"]


@pytest.mark.parametrize("name", ["tiny", "shop", "shortener"])
def test_a_usual_design_stays_with_one_store(name: str) -> None:
    """Where no threshold is passed, PostgreSQL does everything, and the refused alternatives say from where on they pay."""
    assert [store.engine for store in plan(ALL[name]()).design.schema.stores.values()] == ["postgresql"]


def test_copies_name_their_source() -> None:
    """A search copy is fed by the main store, which stays the truth."""
    made = make(
        {"X": {"fields": {"id": "key", "name": "text"}, "rows": "50M"}},
        {"use": {"reads": "X", "search": "name", "rate": "500/s", "limit": 9}},
    )
    search = made.design.schema.stores["search"]
    assert (search.copies, search.fed_by, tables(made)["x"].store) == (("X",), "main", "main")


# -- partitions and sizes


def test_what_only_grows_is_split_by_time_and_the_key_takes_the_column_in() -> None:
    """Above the threshold a table with a made key is split by month."""
    made = make(
        {"Event": {"fields": {"id": "key", "at": "timestamp", "kind": "text(20)"}, "rows": "2bn", "growth": "5M/day"}}
    )
    table = tables(made)["event"]
    assert (table.partition_by, table.primary_key) == ("range (at) monthly", ("id", "at"))


def test_what_is_found_by_a_given_key_is_split_by_a_hash_of_it() -> None:
    """A key from outside stays alone, or it would no longer be unique."""
    made = make({"Link": {"fields": {"code": "code(7) key", "at": "timestamp"}, "rows": "9bn", "growth": "5M/day"}})
    table = tables(made)["link"]
    assert table.primary_key == ("code",)
    assert str(table.partition_by).startswith("hash (code) ")


def test_a_small_table_is_not_split() -> None:
    """Below the threshold there is no partition."""
    assert tables(plan(ALL["tiny"]()))["order"].partition_by is None


def test_sizes_count_the_engine_s_overhead() -> None:
    """rows × (columns aligned to 8 + 28 B) ÷ 99.7 %, and for an index (key aligned to 8 + 12 B) ÷ 90 %."""
    made = make({"A": {"fields": {"id": "key", "n": "int"}, "rows": 1000}})
    assert made.facts["schema.a.size"].base == pytest.approx(1000 * (16 + 28) / 0.997)
    assert made.facts["schema.a.a_pkey.size"].base == pytest.approx(1000 * (8 + 12) / 0.9)
    assert made.facts["schema.size"].base > 1000 * 44 / 0.997 + 1000 * 20 / 0.9
    assert "schema.row_overhead" in made.facts["schema.a.row_size"].formula()


@pytest.mark.parametrize("name", ALL)
def test_every_table_and_index_has_a_size(name: str) -> None:
    """Sizes are there for all tables and all indexes."""
    made = plan(ALL[name]())
    for table_name, table in tables(made).items():
        assert made.facts[f"schema.{table_name}.size"].base >= 0
        for index in table.indexes:
            assert made.facts[f"schema.{table_name}.{index}.size"].base >= 0


def test_the_parts_of_a_split_table_are_not_found_wanting() -> None:
    """A dump lists partitions as tables without the keys of the whole; that is no table without a primary key."""
    columns = {"id": {"type": "bigint"}, "at": {"type": "timestamp"}}
    whole = {"columns": columns, "primary_key": "id, at", "partition_by": "range (at)"}
    made = make({}, schema={"tables": {"log": whole, "log_2026": {"columns": columns}, "other": {"columns": columns}}})
    assert [one.path for one in made.findings if one.rule.id == "schema-table-without-primary-key"] == [
        "schema.tables.other"
    ]


# -- views


def test_er_lines_end_in_crows_feet() -> None:
    """The foot is at the table that holds the key; optional and unique references say so."""
    made = make({
        "A": {"fields": {"id": "key"}, "domain": "first"},
        "B": {"fields": {"id": "key", "a": "-> A", "one": "-> A unique optional"}},
    })  # fmt: skip
    er = made.schema["er"]
    assert isinstance(er, Graph)
    assert {(one.label, one.tail, one.head) for one in er.edges} == {
        ("a_id", "zero-or-many", "one"),
        ("one_id", "zero-or-one", "zero-or-one"),
    }
    assert [one.label for one in er.groups] == ["first"]
    assert er.nodes[1].lines[1] == ("FK", "a_id", "bigint")


@pytest.mark.parametrize("name", ALL)
def test_views_are_there_for_every_design(name: str) -> None:
    """Each design shows its diagram and tables, with pandas behind them."""
    made = plan(ALL[name]())
    assert [one.name for one in made.schema.views] == ["er", "stores", "tables", "columns", "constraints", "indexes"]
    tables_view = made.schema["tables"]
    assert isinstance(tables_view, Table)
    assert len(tables_view.frame) == len(made.design.schema.tables)


def test_the_same_design_gives_the_same_schema() -> None:
    """Planning twice gives equal schemas, and the design stays as it was."""
    before = repr(ALL["awkward"]())
    assert plan(ALL["awkward"]()).design.schema == plan(ALL["awkward"]()).design.schema
    assert repr(ALL["awkward"]()) == before


# -- names


def test_long_names_keep_apart_in_63_bytes() -> None:
    """Two names that begin alike differ after the cut, also where letters take several bytes."""
    long = ["ü" * 80 + "a", "ü" * 80 + "b"]
    assert len({shorten(one) for one in long}) == 2
    assert all(len(shorten(one).encode()) <= 63 for one in long)
    assert claim("X", ["x"]) == "X_2"


def test_names_in_conditions_are_quoted_where_they_must() -> None:
    """A quote within a name cannot end it."""
    assert quote_ansi('a"b') == '"a""b"'
    assert quote_ansi("select") == '"select"'


def test_an_include_is_served_by_the_index_of_its_foreign_key_or_its_key() -> None:
    """Children are fetched by their parent's key, what is referred to by its own; a search by words is served by no b-tree."""
    entities = {
        "Brand": {"fields": {"id": "key", "name": "text(80)"}},
        "Product": {"fields": {"id": "key", "brand": "-> Brand", "name": "text(80)"}, "rows": "9k"},
        "Picture": {"fields": {"id": "key", "product": "-> Product", "url": "url"}, "rows": "20k"},
    }
    access = {
        "see": {"reads": "Product", "by": "id", "include": ["Brand", "Picture"], "limit": 1, "rate": "9/s"},
        "find": {"reads": "Product", "search": ["name"], "limit": 20, "rate": "2/s"},
    }
    made = plan(Design.of({"name": "includes", "entities": entities, "access": access}))
    index = made.design.schema.tables["picture"].indexes["picture_product_id_idx"]
    assert index.serves == ("see",)
    assert "see fetches the picture rows of one product by it." in str(
        made.why("schema.tables.picture.indexes.picture_product_id_idx")
    )
    view = made.schema["indexes"]
    assert isinstance(view, Table)
    serves = view.frame.set_index("index")["serves"]
    assert "see" in serves["brand_pkey"].split(", ")
    assert "find" not in serves["product_pkey"]


def test_what_is_said_of_a_key_hides_no_other_reason() -> None:
    """A table whose key is said keeps the reasons of all that was proposed beside it."""
    entities = {"Pupil": {"fields": {"code": "text(8) unique", "name": "text(80)"}, "rows": "1k"}}
    said = {"tables": {"pupil": {"entity": "Pupil", "primary_key": "code"}}}
    made = plan(Design.of({"entities": entities, "schema": said}))
    free = plan(Design.of({"entities": entities}))
    path = "schema.tables.pupil"
    assert {f"{path}.primary_key", f"{path}.uniques.pupil_code_key"} <= set(free.draft.reasons)
    assert f"{path}.primary_key" not in made.draft.reasons and made.why(f"{path}.primary_key").is_said
    assert f"{path}.uniques.pupil_code_key" in made.draft.reasons
