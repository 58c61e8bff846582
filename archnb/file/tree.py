"""The YAML text as a tree that knows where every name and value stands, so that errors have lines and edits touch only
what changed. Built from ruamel.yaml's events without recursion: depth, size and what aliases expand to are bounded, and
nothing in a file is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from archnb.exceptions import InputError, Problem, quote
from archnb.file.slips import explain_comma, explain_error, explain_no_value

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 40
MAX_VALUES = 400_000
MAX_TEXT = 20_000
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))


class _WrittenInt(int):
    """A whole number that keeps how it was written, so that a field that wants a text gets `007` and not `7`."""

    text: str

    def __str__(self) -> str:
        return self.text


class _WrittenFloat(float):
    """A number that keeps how it was written, so that a version `1.10` stays `1.10`."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class Node:
    """One value in the text: where it starts and ends (a block ends with its last value), and what it holds."""

    kind: Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    line: int
    is_flow: bool = True
    value: Any = None
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    target: Node | None = None
    names: dict[Any, tuple[Node, Node]] | None = None  # the entries by name, made when first asked for
    is_merge: bool = False  # a bare `<<`, which takes over the entries of other mappings

    def find(self, name: str) -> tuple[Node, Node] | None:
        """The name and the value of an entry, the one behind an alias too; None where there is none."""
        node = self.resolved
        if node.names is None:
            # of a name that stands twice the second one is the one to point at
            node.names = {str(entry[0].resolved.value): entry for entry in node.entries}
        return node.names.get(name)

    @property
    def resolved(self) -> Node:
        """The node itself, or what the alias stands for."""
        return self.target if self.target is not None else self


def parse_text(text: str) -> Node | None:
    """The tree of one YAML document, None for an empty one.

    Raises InputError with the line where the text is not YAML, is too large or too deep, or holds two documents.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            [Problem("", f"the file has {len(text):,} characters; a design file has at most {MAX_CHARACTERS:,}.")]
        )
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    reader = YAML(typ="safe", pure=True)
    try:
        return _Builder(text, reader.resolver).build(reader.parse(text))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        given = quote(chr(error.character)) if isinstance(error.character, int) else quote(error.character)
        raise InputError([Problem("", f"the character {given} is not allowed in YAML; take it out.", line)]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        began = error.context_mark.line if error.context_mark is not None else None
        raise InputError([explain_error(text, what, mark.line if mark is not None else 0, began)]) from None
    except (YAMLError, RecursionError, ValueError, AttributeError, IndexError, TypeError) as error:
        raise InputError([Problem("", f"this is not YAML: {quote(str(error), 200)}.")]) from None


class _Builder:
    """Turns events into nodes with a stack of its own."""

    def __init__(self, text: str, resolver: Any) -> None:
        self.text, self.resolver = text, resolver
        self.anchors: dict[str, Node] = {}
        self.stack: list[tuple[Node, list[Node]]] = []
        self.root: Node | None = None
        self.count = 0

    def build(self, events: Iterator[Any]) -> Node | None:
        from ruamel.yaml import events as kinds

        documents = 0
        for event in events:
            if isinstance(event, kinds.ScalarEvent):
                self._add(self._make_scalar(event), event.anchor)
            elif isinstance(event, kinds.AliasEvent):
                self._add_alias(event)
            elif isinstance(event, kinds.CollectionStartEvent):
                self._open(event, "mapping" if isinstance(event, kinds.MappingStartEvent) else "sequence")
            elif isinstance(event, kinds.CollectionEndEvent):
                self._close(event)
            elif isinstance(event, kinds.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    raise InputError([Problem("", "a second document starts here; a design file holds one.", line)])
        return self.root

    def _add(self, node: Node, anchor: str | None) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise InputError([Problem("", f"the file holds more than {MAX_VALUES:,} values.", node.line)])
        if anchor:
            self.anchors[anchor] = node
        if self.stack:
            self.stack[-1][1].append(node)
        else:
            self.root = node

    def _add_alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        target = self.anchors.get(event.anchor)
        if target is None or any(target is open_ for open_, _ in self.stack):
            why = "stands for nothing" if target is None else "stands inside what it stands for"
            raise InputError(
                [Problem("", f"the alias {quote('*' + event.anchor)} {why}; put the text in quotes.", line)]
            )
        node = Node("alias", event.start_mark.index, event.end_mark.index, line, target=target)
        self._add(node, None)

    def _open(self, event: Any, kind: Literal["mapping", "sequence"]) -> None:
        line = event.start_mark.line + 1
        if len(self.stack) >= MAX_DEPTH:
            raise InputError([Problem("", f"values are nested more than {MAX_DEPTH} deep.", line)])
        self._check_tag(event, line)
        node = Node(kind, event.start_mark.index, event.end_mark.index, line, is_flow=bool(event.flow_style))
        self._add(node, event.anchor)
        self.stack.append((node, []))

    def _close(self, event: Any) -> None:
        node, children = self.stack.pop()
        if node.kind == "mapping":
            node.entries = list(zip(children[::2], children[1::2], strict=True))
        else:
            node.items = children
        # the end event of a block stands at the next name, after comments and blank lines
        node.end = event.end_mark.index if node.is_flow else max((one.end for one in children), default=node.start)

    def _check_tag(self, event: Any, line: int) -> None:
        tag = str(event.tag) if event.tag is not None else None
        if tag is not None and tag not in _KNOWN_TAGS and tag != "!":
            raise InputError([Problem("", f"the tag {quote(tag)} is not allowed; leave it out.", line)])

    def _make_scalar(self, event: Any) -> Node:
        from ruamel.yaml.nodes import ScalarNode

        start, end, line = event.start_mark.index, event.end_mark.index, event.start_mark.line + 1
        if event.style in ("|", ">"):
            end = start + len(self.text[start:end].rstrip())
        if len(event.value) > MAX_TEXT:
            raise InputError(
                [Problem("", f"a text has {len(event.value):,} characters; at most {MAX_TEXT:,} are read.", line)]
            )
        self._check_tag(event, line)
        tag = (
            str(event.tag)
            if event.tag is not None
            else str(self.resolver.resolve(ScalarNode, event.value, event.implicit))
        )
        is_merge = tag == f"{_TAG}merge"
        value = _convert_scalar(_join_halves(event.value), tag, line)
        return Node("scalar", start, end, line, value=value, is_merge=is_merge)


def _join_halves(text: str) -> str:
    """The text with each character that is written as two halves, as JSON has it, as the one that it is."""
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _convert_scalar(text: str, tag: str, line: int) -> Any:
    kind = tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return text.casefold() == "true"
    try:
        if kind == "int":
            return _convert_int(text)
        if kind == "float":
            return _convert_float(text)
    except ValueError:
        raise InputError(
            [Problem("", f"{quote(text)} is not a number that can be read; put it in quotes.", line)]
        ) from None
    return text


def _convert_int(text: str) -> int:
    bare = text.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(bare.lstrip("+-")[:2].lower(), 10)
    if len(bare) > 400:
        raise ValueError
    whole = int(bare, base)
    if str(whole) == text:
        return whole
    made = _WrittenInt(whole)
    made.text = text
    return made


def _convert_float(text: str) -> float:
    bare = text.replace("_", "").lower()
    if bare.lstrip("+-") in (".inf", ".nan"):
        return float(bare.replace(".", ""))
    value = float(bare)
    if str(value) == text:
        return value
    made = _WrittenFloat(value)
    made.text = text
    return made


def build_data(root: Node | None, text: str = "", slips: list[Problem] | None = None) -> Any:
    """The plain data of a tree. Raises InputError for names that stand twice and for aliases that expand too far.

    text: what the tree was read from. What a comma or a missing colon inside {} made of a value is told in `slips`, and
    the value left out, so that reading goes on.
    """
    if root is None:
        return {}
    problems: list[Problem] = []
    made = _Data(problems, text, slips).build(root, "", 0)
    if problems:
        raise InputError([*problems, *(slips or ())])
    return made


class _Data:
    def __init__(self, problems: list[Problem], text: str, slips: list[Problem] | None) -> None:
        self.problems, self.text, self.slips, self.count = problems, text, slips, 0

    def build(self, node: Node, path: str, depth: int) -> Any:
        node = node.resolved
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise InputError(
                [Problem(path, "aliases (*name) expand to more than can be read; write the values out.", node.line)]
            )
        if node.kind == "scalar":
            return node.value
        if node.kind == "sequence":
            return [self.build(one, f"{path}.{n}", depth + 1) for n, one in enumerate(node.items)]
        bare = self._find_bare(node) if node.is_flow and self.slips is not None else {}
        left_out = self._tell_slips(node, bare, path) if bare else frozenset()
        made: dict[Any, Any] = {}
        lines: dict[Any, int] = {}
        merged: list[dict[Any, Any]] = []
        for n, (key, value) in enumerate(node.entries):
            if n in left_out:
                continue
            name = key.resolved.value
            if key.resolved.kind != "scalar":
                self.problems.append(Problem(path, "a name must be a text, not a list or a mapping.", key.line))
                continue
            here = f"{path}.{name}" if path else str(name)
            if key.is_merge:
                inner = self.build(value, here, depth + 1)
                several = inner if isinstance(inner, list) else [inner]
                merged += [one for one in several if isinstance(one, dict)]
                continue
            if name in lines:
                first = lines[name]
                self.problems.append(
                    Problem(
                        here,
                        f"the name {quote(name)} stands twice; it first stands on line {first}. Take one of them out.",
                        key.line,
                    )
                )
                continue
            lines[name] = key.line
            made[name] = self.build(value, here, depth + 1)
        for one in merged:
            for name, inherited in one.items():
                made.setdefault(name, inherited)
        return made

    def _find_bare(self, node: Node) -> dict[int, str]:
        """The entries of a {} that are no name with a value, by their number, with how they are written."""
        found: dict[int, str] = {}
        for n, (key, value) in enumerate(node.entries):
            is_empty = value.kind == "scalar" and value.value is None and value.start >= value.end
            if is_empty and key.kind == "scalar":
                # the value of `a: ` is empty too, and stands behind a colon
                after = self.text[key.end : key.end + 40].lstrip()
                if not after.startswith(":"):
                    found[n] = self.text[key.start : key.end]
        return found

    def _tell_slips(self, node: Node, bare: dict[int, str], path: str) -> frozenset[int]:
        """Tell what a comma or a missing colon did, and give the entries that are no use any more."""
        assert self.slips is not None
        left_out = set(bare)
        for n in bare:
            if n - 1 in bare:
                continue
            rests = [bare[m] for m in range(n, n + len(bare)) if all(k in bare for k in range(n, m + 1))]
            key, value = node.entries[n - 1] if n else node.entries[n]
            colons = [one for one in rests if ":" in one]
            if n == 0 or value.resolved.kind != "scalar" or value.kind == "alias" or colons:
                for m, text in enumerate(rests):
                    here = f"{path}.{text}" if path else text
                    self.slips.append(explain_no_value(here, text, node.entries[n + m][0].line))
                continue
            name = self.text[key.start : key.end]
            here = f"{path}.{name}" if path else name
            self.slips.append(explain_comma(here, name, self.text[value.start : value.end], rests, key.line))
            left_out.add(n - 1)
        return frozenset(left_out)


def find_line(root: Node | None, problem: Problem) -> int | None:
    """The line of what a problem is about: of its name, else of the nearest thing above it that is in the file."""
    if root is None:
        return None
    node, line = root, None
    parts = problem.path.split(".") if problem.path else []
    at = 0
    while at < len(parts):
        here = node.resolved
        if here.kind == "sequence" and parts[at].isdigit() and int(parts[at]) < len(here.items):
            node, at = here.items[int(parts[at])], at + 1
            line = node.line
            continue
        # a name that is wrong may itself hold dots
        for stop in range(at + 1, len(parts) + 1):
            if (entry := here.find(".".join(parts[at:stop]))) is not None:
                line, node, at = entry[0].line, entry[1], stop
                break
        else:
            break
    quoted = re.match(r"the name (.+?) (?:is not|does not)", problem.message)
    if quoted:
        named = (key.line for key, _ in node.resolved.entries if quote(key.resolved.value) == quoted[1])
        line = next(named, line)
    return line if line is not None else root.line


def list_scalars(root: Node | None) -> list[tuple[int, int]]:
    """Where every plain value and name stands, in order."""
    return [(one.start, one.end) for one in _walk(root) if one.kind == "scalar"]


def list_aliases(root: Node | None) -> list[Node]:
    """Every `*name`, in order."""
    return [one for one in _walk(root) if one.kind == "alias"]


def _walk(root: Node | None) -> Iterator[Node]:
    """Every node in the text, in order, without what aliases stand for."""
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        yield node
        inner = [one for entry in node.entries for one in entry] if node.kind == "mapping" else node.items
        waiting += reversed(inner)


_COMMENT = re.compile(r"(?:(?<=[\s\ufeff])|(?<![\s\S]))#[^\r\n]*")


def find_comments(text: str, root: Node | None) -> list[tuple[int, int]]:
    """Where the comments of a text start and end: what begins with # after a blank, outside of values."""
    found: list[tuple[int, int]] = []
    at = 0
    for start, end in [*list_scalars(root), (len(text), len(text))]:
        found += [one.span() for one in _COMMENT.finditer(text, at, start)]
        at = max(at, end)
        if text[start : start + 1] in ("|", ">"):
            # behind the mark of a text over several lines
            line_end = text.find("\n", start, end)
            found += [one.span() for one in _COMMENT.finditer(text, start, line_end if line_end >= 0 else end)]
    return [(start, start + len(text[start:end].rstrip())) for start, end in found]
