"""A planned design as its demands ask about it: the artefacts by operation, the findings, the facts.

Artefacts are read in their own languages (SQL, OpenAPI, Prometheus rules) rather than out of the code that writes them, so
that a demand outlives any change of how a plan is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from archnb import Plan, load, plan
from archnb.finding import Finding
from archnb.render.text import plain_text
from tests.domains.trial import Trial, open_trials

FOLDER = Path(__file__).parent / "designs"
_OPERATION = re.compile(r"^-- (\w+) \(", re.MULTILINE)
_NEXT_PAGE = "-- the next page"
# what a statement may call the person who asks, whose identity comes from the token
CALLER = r"(?::(?:caller|subject|principal|actor|current|token|me|my|self)\w*|current_setting\s*\(|current_user)"


@dataclass(frozen=True)
class Endpoint:
    """An operation of the OpenAPI document, its references resolved: names only, nested ones included."""

    method: str
    path: str
    parameters: frozenset[str]
    body: frozenset[str]
    answer: frozenset[str]
    statuses: frozenset[str]
    takes_several: bool
    text: str


class Case:
    """One design, planned, and its artefacts as demands read them."""

    def __init__(self, name: str, made: Plan) -> None:
        self.name, self.plan = name, made
        self._opened = ExitStack()
        self._trials: Any = None

    # -- SQL

    @cached_property
    def ddl(self) -> str:
        """The exported schema for PostgreSQL."""
        return str(self.plan.export("sql").text)

    @cached_property
    def row_security(self) -> str:
        """The exported row-level security, which is run after the schema."""
        return str(self.plan.export("row-security").text)

    @cached_property
    def queries(self) -> dict[str, str]:
        """The exported statements of each operation, its comments included."""
        parts = _OPERATION.split(str(self.plan.export("queries").text))
        return {name: f"-- ({text}" for name, text in zip(parts[1::2], parts[2::2], strict=True)}

    def sql(self, operation: str) -> str:
        """All statements of an operation without comments; empty where it has none."""
        return re.sub(r"--[^\n]*", "", self.queries.get(operation, ""))

    def first_page(self, operation: str) -> str:
        """What an operation runs first."""
        return re.sub(r"--[^\n]*", "", self.queries.get(operation, "").split(_NEXT_PAGE)[0])

    def next_pages(self, operation: str) -> list[str]:
        """What it runs for the page after."""
        pages = self.queries.get(operation, "").split(_NEXT_PAGE)[1:]
        return [re.sub(r"--[^\n]*", "", page.partition("\n")[2]) for page in pages]

    def about(self, table: str) -> str:
        """Every statement of the schema that names the table as its subject, without comments."""
        statements = re.sub(r"--[^\n]*", "", self.ddl).split(";\n")
        head = rf'^\s*(CREATE TABLE(?: IF NOT EXISTS)?|ALTER TABLE(?: ONLY)?|CREATE [^;]*?\bON)\s+"?{table}"?\b'
        return ";\n".join(one for one in statements if re.match(head, one, re.IGNORECASE))

    def has_index(self, table: str, *columns: str) -> bool:
        """Whether an index or the key of a table begins with these columns; `-` means downwards."""
        wanted = r"\s*,\s*".join(
            rf'"?{one.lstrip("-")}"?' + (r"\s+DESC" if one.startswith("-") else r"(?!\s+DESC)") for one in columns
        )
        return re.search(rf"\(\s*{wanted}", self._keys(table), re.IGNORECASE) is not None

    def _keys(self, table: str) -> str:
        text = self.about(table)
        return "\n".join(re.findall(r"(?:PRIMARY KEY|UNIQUE|INDEX[^;]*?ON \w+[^(;]*)\s*\([^;]*?\)", text))

    def operations_on(self, verb: str, table: str) -> list[str]:
        """The operations whose statements insert into, update or delete from a table."""
        phrase = {"insert": r"INSERT\s+INTO", "update": r"UPDATE", "delete": r"DELETE\s+FROM"}[verb]
        return [name for name in self.queries if re.search(rf'{phrase}\s+"?{table}"?\b', self.sql(name), re.IGNORECASE)]

    # -- the API

    @cached_property
    def document(self) -> Any:
        """The OpenAPI document."""
        return YAML(typ="safe").load(str(self.plan.export("openapi").text))

    @cached_property
    def api(self) -> dict[str, Endpoint]:
        """The operations of the document by their ids."""
        found = {}
        for path, methods in self.document["paths"].items():
            for method, one in methods.items():
                if isinstance(one, dict) and "operationId" in one:
                    found[one["operationId"]] = self._read_endpoint(method, path, one)
        return found

    def _read_endpoint(self, method: str, path: str, one: dict[str, Any]) -> Endpoint:
        parameters = [self._resolve(each) for each in one.get("parameters", ())]
        body = self._resolve(one.get("requestBody", {})).get("content", {})
        responses = {str(status): self._resolve(each) for status, each in one.get("responses", {}).items()}
        good = [each.get("content", {}) for status, each in responses.items() if status.startswith("2")]
        schemas = [each.get("schema", {}) for each in body.values()]
        return Endpoint(
            method.upper(),
            path,
            frozenset(str(each["name"]) for each in parameters),
            frozenset(name for each in schemas for name in self._names(each)),
            frozenset(
                name for content in good for each in content.values() for name in self._names(each.get("schema", {}))
            ),
            frozenset(responses),
            any(self._has_list(each) for each in schemas),
            f"{one.get('summary', '')} {one.get('description', '')} "
            + " ".join(f"{each['name']}: {each.get('description', '')}" for each in parameters)
            + " ".join(f"{status}: {each.get('description', '')}" for status, each in responses.items()),
        )

    def _resolve(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def _names(self, schema: Any, depth: int = 0) -> Iterator[str]:
        """The names of all properties of a schema, those of what it holds included; ids without their ending too."""
        schema = self._resolve(schema)
        if not isinstance(schema, dict) or depth > 6:
            return
        for name, below in schema.get("properties", {}).items():
            yield name
            if name.endswith("_id"):
                yield name.removesuffix("_id")
            yield from self._names(below, depth + 1)
        for key in ("allOf", "anyOf", "oneOf"):
            for below in schema.get(key, ()):
                yield from self._names(below, depth + 1)
        yield from self._names(schema.get("items"), depth + 1)

    def _has_list(self, schema: Any) -> bool:
        schema = self._resolve(schema)
        return isinstance(schema, dict) and (
            schema.get("type") == "array" or any(self._has_list(one) for one in schema.get("properties", {}).values())
        )

    # -- who may do what

    def scopes(self, operation: str) -> dict[str, str]:
        """The roles that may call an operation, and on which rows; administrators, and who is refused, are left out."""
        return {
            name: role.grants[operation].text
            for name, role in self.plan.planned.auth.roles.items()
            if operation in role.grants and name not in ("admin", "staff") and not role.grants[operation].is_refused
        }

    def is_own(self, operation: str, *roles: str) -> bool:
        """Whether each of these roles (or of all that may) acts on its own rows only."""
        scopes = self.scopes(operation)
        return bool(scopes) and all(scopes.get(role, "any") != "any" for role in roles or scopes)

    def is_fenced(self, operation: str, through: str, *tables: str) -> bool:
        """Whether an operation reaches those rows only that the caller is joined to `through` a table, whatever way it is said:
        in the ways of the right, in a policy of the tables, or in a condition of its statements.
        """
        word = rf"\b{through}\b"
        policies = [
            one
            for one in re.findall(r"CREATE POLICY[^;]*;", self.row_security)
            if any(re.search(rf"ON\s+{t}\b", one) for t in tables)
        ]
        grants = [role.grants[operation] for role in self.plan.planned.auth.roles.values() if operation in role.grants]
        ways = [part.path for grant in grants for reach in grant.reaches for part in reach.parts]
        scopes = " ".join([*(grant.text for grant in grants), *ways])
        if re.search(word, scopes, re.IGNORECASE) or any(re.search(word, one, re.IGNORECASE) for one in policies):
            return True
        sql = self.sql(operation)
        return bool(re.search(CALLER, sql, re.IGNORECASE) and re.search(word, sql, re.IGNORECASE))

    # -- what the plan says

    def named(self, about: str, at: str) -> Finding | None:
        """The first finding whose rule is about the one, at a path or with evidence of the other (patterns)."""
        for found in self.plan.findings:
            rule = f"{found.rule.id} {found.rule.condition}"
            if re.search(about, rule, re.IGNORECASE) and re.search(at, f"{found.path} {found.evidence}"):
                return found
        return None

    @lru_cache  # noqa: B019 - a case lives as long as its tests
    def prose(self, section: str) -> str:
        """All that a section shows, and the reasons of what it proposes, in text."""
        shown = [plain_text(shape) for shape in self.plan.sections[section].views]
        reasons = [because.reason for path, because in self.plan.draft.reasons.items() if path.split(".")[0] == section]
        return re.sub(r"\s+", " ", "\n".join([*shown, *reasons]))

    def says(self, section: str, pattern: str) -> bool:
        """Whether a section says what the pattern looks for."""
        return re.search(pattern, self.prose(section), re.IGNORECASE) is not None

    def shard_key(self, entity: str) -> str:
        """The row of the table of partitions that tells how an entity would be split."""
        frame = self.plan.scaling.frames.get("partitions")
        if frame is None:
            return ""
        rows = frame[frame.iloc[:, 0].astype(str) == entity]
        columns = [column for column in frame.columns if "shard" in str(column)]
        return " ".join(rows[columns].astype(str).to_numpy().ravel()) if len(rows) and columns else ""

    def jobs(self, pattern: str) -> list[Any]:
        """The jobs whose name, summary or trigger matches."""
        jobs = self.plan.design.jobs.jobs
        return [
            job
            for name, job in jobs.items()
            if re.search(pattern, f"{name} {job.summary} {job.trigger}", re.IGNORECASE)
        ]

    def alerts(self, pattern: str) -> list[Any]:
        """The alerting rules of the Prometheus file of which anything matches."""
        document = YAML(typ="safe").load(str(self.plan.export("prometheus").text))
        rules = [rule for group in document["groups"] for rule in group["rules"] if "alert" in rule]
        return [rule for rule in rules if re.search(pattern, str(rule), re.IGNORECASE)]

    def facts(self, pattern: str) -> dict[str, float]:
        """The facts whose name matches, in base units."""
        return {name: fact.base for name, fact in self.plan.facts.items() if re.search(pattern, name)}

    # -- trying it

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """The exported schema on a PostgreSQL of its own; what is tried there is undone at the end."""
        if self._trials is None:
            self._trials = self._opened.enter_context(open_trials(self.ddl))
        with self._trials() as trial:
            yield trial

    def close(self) -> None:
        """Drop the database, where one was made."""
        self._opened.close()
        self._trials = None


@lru_cache
def planned(name: str) -> Case:
    """A design of the folder, planned once."""
    return Case(name, plan(load(FOLDER / f"{name}.yaml")))
