"""An edit of a design as an edit of its text: only the spans of what changed are replaced, so that comments, order,
spacing, line ends and the author's way of writing stay. Every edit is read back before it is trusted; where a small one
does not say the new design, the next larger piece is written anew, and the comments in it move to its head. Only what is
taken out takes its comments along.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import chain
from typing import Any

from archnb.design import FORMAT, Design
from archnb.design.record import Record, plain
from archnb.exceptions import ArchnbError
from archnb.file.tree import Node, build_data, find_comments, list_aliases, list_scalars, parse_text
from archnb.file.versions import find_renames
from archnb.file.writing import INDENT, write_block, write_entry, write_file, write_inline, write_text

# the colon of `? name` stands on a line of its own
_COLON = re.compile(r"[ \t]*(?:(?:[ \t]#[^\r\n]*)?\r?\n[ \t]*(?:#[^\r\n]*)?)*:(?=\s|\Z|[\"'{\[,}\]])|[ \t]*:")
_LEAD = re.compile(r" *(?:[-?:] +)*")
# anchors are tried one by one up to so many; each try reads the text again
_ANCHORS = 8


class _Unfit(Exception):
    """A piece of text that cannot be edited in place; what encloses it is written anew."""


def edit_text(text: str, old: Design, new: Design, version: int, read: Callable[[str], Design]) -> str:
    """The text with the changes from `old` to `new` applied; `read` reads a text back, as proof.

    version: the format version that the text is of; an older one is brought to the present one.
    """
    if old == new:
        return text
    root = parse_text(text)
    if root is not None and root.kind == "mapping":
        for is_coarse in (False, True):
            for candidate in chain([text], _expand_aliases(text, root, old, read)):
                try:
                    # an editor renames what an older format called otherwise, so that only the first may have this tree
                    tree = root if candidate is text and not is_coarse else parse_text(candidate)
                    made = _Editor(candidate, tree, is_coarse).edit(old, new, version)
                    if read(made) == new:
                        return made
                except (_Unfit, ArchnbError):
                    continue
    return _write_below_comments(text, root, new)


def _expand_aliases(text: str, root: Node, old: Design, read: Callable[[str], Design]) -> Iterator[str]:
    """The text with what stands for an anchor written out: of one anchor each, then of all. It says the same design."""
    aliases = list_aliases(root)
    targets = list(dict.fromkeys(id(one.target) for one in aliases))
    singles = [{one} for one in targets[:_ANCHORS]] if len(targets) > 1 else []
    for wanted in [*singles, set(targets)] if targets else []:
        made = text
        for alias in sorted(aliases, key=lambda one: -one.start):
            if id(alias.target) in wanted:
                made = made[: alias.start] + write_inline(build_data(alias.target)) + made[alias.end :]
        try:
            if read(made) == old:
                yield made
        except ArchnbError:
            continue


def _write_below_comments(text: str, root: Node | None, new: Design) -> str:
    """A text written anew, under all the comments that it had."""
    comments = [text[start:end] for start, end in find_comments(text, root)]
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    written = "".join(f"{one}\n" for one in comments) + write_design(new)
    return mark + (written.replace("\n", "\r\n") if "\r\n" in text else written)


def write_design(design: Design) -> str:
    """A design as a new file."""
    return write_file({"archnb": FORMAT, **plain(design)})


class _Editor:
    def __init__(self, text: str, root: Node | None, is_coarse: bool) -> None:
        if root is None:
            raise _Unfit
        self.text, self.root, self.is_coarse = text, root, is_coarse
        self.comments = find_comments(text, root)
        self.edits: list[tuple[int, int, str]] = []
        # the places of what is taken out, comments and all
        self.taken: list[tuple[int, int]] = []
        self.eol = "\r\n" if "\r\n" in text else "\n"

    def edit(self, old: Design, new: Design, version: int) -> str:
        renames = find_renames(version)
        for key, value in self.root.entries:
            if key.value in renames:
                self._put(key.start, key.end, renames[key.value])
                key.value = renames[key.value]
            elif key.value == "archnb" and version != FORMAT:
                self._put(value.start, value.end, str(FORMAT))
        self._sync_record(self.root, old, new)
        self._keep_comments()
        made = self.text
        # from the end, so that positions before stay true; of two at one place the later one goes in first
        order = sorted(range(len(self.edits)), key=lambda n: (self.edits[n][0], self.edits[n][1] > self.edits[n][0], n))
        edge = len(made) + 1
        for n in reversed(order):
            start, end, replacement = self.edits[n]
            if end > edge:
                raise _Unfit
            made, edge = made[:start] + replacement + made[end:], start
        return made

    def _put(self, start: int, end: int, replacement: str) -> None:
        self.edits.append((start, end, replacement.replace("\n", self.eol)))

    def _keep_comments(self) -> None:
        """Put the comments that an edit would write over on lines of their own above it."""
        moved: dict[int, list[str]] = {}
        for start, end, _ in self.edits:
            for first, last in self.comments:
                if start <= first and last <= end and not any(a <= first and last <= b for a, b in self.taken):
                    moved.setdefault(self._find_head(start), []).append(self.text[first:last])
        for at, comments in moved.items():
            lead = re.match(r" *", self.text[at:])
            assert lead is not None
            self._put(at, at, "".join(f"{lead[0]}{one}\n" for one in comments))

    def _find_head(self, at: int) -> int:
        """The start of the line that holds a place, or of one above it: where a line can stand in between."""
        while True:
            at = self._line_start(at)
            inside = [start for start, end in list_scalars(self.root) if start < at < end]
            inside += [start for start, end, _ in self.edits if start < at < end]
            if not inside:
                return at + (self.text[at : at + 1] == "\ufeff")
            at = min(inside)

    # -- what changed ---------------------------------------------------------------------------------------------

    def _sync(self, node: Node, old: Any, new: Any) -> None:
        """Bring a value from old to new; raises _Unfit where it must be replaced by what encloses it."""
        if isinstance(new, Record) and type(old) is type(new) and node.kind == "mapping":
            self._sync_record(node, old, new)
        elif isinstance(new, Mapping) and isinstance(old, Mapping) and node.kind == "mapping":
            self._sync_names(node, dict(old), dict(new), list(new))
        elif isinstance(new, tuple) and isinstance(old, tuple) and node.kind == "sequence":
            self._sync_list(node, old, new)
        else:
            raise _Unfit

    def _sync_record(self, node: Node, old: Record, new: Record) -> None:
        names = [one.name for one in dataclasses.fields(new)]
        empty = type(new)() if not isinstance(new, Design) else Design()
        had = {name: getattr(old, name) for name in names}
        wanted = {name: value for name in names if (value := getattr(new, name)) != getattr(empty, name)}
        # what was never written and is still not wanted needs no entry, an entry that says nothing may stay
        kept = {
            name: getattr(new, name)
            for name in names
            if name in wanted or (had[name] == getattr(new, name) and node.find(name))
        }
        order = ["archnb", *names] if isinstance(new, Design) else names
        self._sync_names(node, had, kept, order)

    def _sync_names(self, node: Node, old: dict[str, Any], new: dict[str, Any], order: list[str]) -> None:
        present = {key.resolved.value: (key, value) for key, value in node.entries}
        removed = [name for name in present if name in old and name not in new]
        added = [name for name in order if name in new and name not in present]
        kept = [name for name in present if name not in removed]
        for name in kept:
            if name in new and old[name] != new[name]:
                self._sync_entry(node, present[name], old[name], new[name])
        if not removed and not added:
            return
        if not kept:
            raise _Unfit
        self._remove(node, removed)
        last: str | None = None
        after: dict[str | None, list[str]] = {}
        for name in order:
            if name in kept:
                last = name
            elif name in added:
                after.setdefault(last, []).append(name)
        for anchor, names in after.items():
            entries = {name: plain(new[name]) for name in names}
            if node.is_flow:
                self._insert_flow(node, anchor, kept, entries)
            else:
                self._insert_block(node, anchor, kept, entries)

    def _sync_entry(self, parent: Node, entry: tuple[Node, Node], old: Any, new: Any) -> None:
        key, value = entry
        before = len(self.edits)
        try:
            if self.is_coarse:
                raise _Unfit
            self._sync(value, old, new)
        except _Unfit:
            del self.edits[before:]
            self._replace_value(parent, key, value, new)

    def _sync_list(self, node: Node, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
        if len(old) != len(node.items) or not new:
            raise _Unfit
        before, after = [repr(plain(one)) for one in old], [repr(plain(one)) for one in new]
        for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if kind == "replace" and b - a == d - c:
                for n, m in zip(range(a, b), range(c, d), strict=True):
                    self._sync_item(node, node.items[n], old[n], new[m])
            elif kind != "equal":
                self._rewrite_items(node, (a, b), new[c:d])

    def _sync_item(self, parent: Node, node: Node, old: Any, new: Any) -> None:
        before = len(self.edits)
        try:
            self._sync(node, old, new)
        except _Unfit:
            del self.edits[before:]
            if not parent.is_flow and "\n" in self.text[node.start : node.end]:
                raise
            self._put(node.start, node.end, write_inline(plain(new)))

    # -- how the text changes -------------------------------------------------------------------------------------

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """The place after the line break of the line that holds a place."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def _column(self, key: Node, is_first: bool = True) -> int:
        """The column of a name that stands first on its line, behind `? ` perhaps; not first, behind other marks too."""
        lead = self.text[self._line_start(key.start) : key.start].replace("\ufeff", "")
        if not _LEAD.fullmatch(lead) or (is_first and lead.strip(" ") not in ("", "?")):
            raise _Unfit
        return len(lead) - (2 if lead.endswith("? ") else 0)

    def _remove(self, node: Node, names: list[str]) -> None:
        entries = node.entries
        gone = [entry[0].resolved.value in names for entry in entries]
        if node.is_flow:
            last = max(n for n, is_gone in enumerate(gone) if not is_gone)
            for n in range(last):
                if gone[n]:
                    self._take_out(entries[n][0].start, entries[n + 1][0].start)
            if last + 1 < len(entries):
                start, end = self._end(entries[last]), self._end(entries[-1])
                # the comment behind what stays, which stands after the comma
                behind = [b for a, b in self.comments if start <= a and b <= entries[last + 1][0].start]
                self._take_out(max([start, *behind]), end)
            return
        for n, (key, value) in enumerate(entries):
            if gone[n]:
                self._column(key)
                start = self._line_start(key.start)
                if self.text[start : start + 1] == "\ufeff":
                    start += 1
                self._take_out(start, self._line_end(self._end((key, value))))

    def _take_out(self, start: int, end: int) -> None:
        self.taken.append((start, end))
        self._put(start, end, "")

    def _end(self, entry: tuple[Node, Node]) -> int:
        """Where an entry ends: an empty value ends after its colon."""
        key, value = entry
        colon = _COLON.match(self.text, key.end)
        return max(value.end, colon.end() if colon else key.end)

    def _insert_flow(self, node: Node, anchor: str | None, kept: list[str], entries: dict[str, Any]) -> None:
        inner = write_inline(entries)[1:-1]
        if anchor is None:
            found = node.find(kept[0])
            assert found is not None
            self._put(found[0].start, found[0].start, inner + ", ")
            return
        found = node.find(anchor)
        assert found is not None
        at = self._end(found)
        self._put(at, at, ", " + inner)

    def _insert_block(self, node: Node, anchor: str | None, kept: list[str], entries: dict[str, Any]) -> None:
        found = node.find(anchor if anchor is not None else kept[0])
        assert found is not None
        indent = self._column(found[0], is_first=anchor is None)
        block = "".join(write_entry(name, value, indent) for name, value in entries.items())
        if anchor is None:
            at = self._line_start(found[0].start)
            at += self.text[at : at + 1] == "\ufeff"
            self._put(at, at, block)
            return
        at = self._line_end(self._end(found))
        if indent == 0 and block.count("\n") > 1:
            block = "\n" + block
        if at == len(self.text) and not self.text.endswith("\n"):
            # a file without a last line break keeps to it
            block = "\n" + block.removesuffix("\n")
        self._put(at, at, block)

    def _rewrite_items(self, node: Node, span: tuple[int, int], new: tuple[Any, ...]) -> None:
        """Replace the items from span[0] to before span[1] by new ones."""
        first, last = span
        inline = [write_inline(plain(one)) for one in new]
        if node.is_flow:
            if first > 0:
                self._put(
                    node.items[first - 1].end,
                    node.items[last - 1].end if last > first else node.items[first - 1].end,
                    "".join(f", {one}" for one in inline),
                )
            elif last < len(node.items):
                self._put(node.items[0].start, node.items[last].start, "".join(f"{one}, " for one in inline))
            else:
                self._put(node.items[0].start, node.items[-1].end, ", ".join(inline))
            return
        indent = self._dash(node.items[0])
        lines = "".join(f"{' ' * indent}- {one}\n" for one in inline)
        for item in node.items[first:last]:
            self._dash(item)
        start = (
            self._line_start(node.items[first].start) if first < len(node.items) else self._line_end(node.items[-1].end)
        )
        end = self._line_end(node.items[last - 1].end) if last > first else start
        if not new:
            self.taken.append((start, end))
        if start == len(self.text) and not self.text.endswith("\n"):
            lines = "\n" + lines.removesuffix("\n")
        self._put(start, end, lines)

    def _dash(self, item: Node) -> int:
        """The column of the dash before an item that stands alone on its line."""
        lead = self.text[self._line_start(item.start) : item.start]
        if not re.fullmatch(r" *-[ ]+", lead):
            raise _Unfit
        return lead.index("-")

    def _replace_value(self, parent: Node, key: Node, value: Node, new: Any) -> None:
        colon = _COLON.match(self.text, key.end)
        if colon is None or colon.end() > max(value.start, colon.end()):
            raise _Unfit
        data = self._keep_joined(value, plain(new))
        between = self.text[colon.end() : value.start]
        if parent.is_flow or not isinstance(data, Mapping | list) or not data:
            is_alone = not parent.is_flow and isinstance(data, str)
            self._put_inline(colon.end(), between, value, write_text(data, True) if is_alone else write_inline(data))
            return
        indent = self._column(key)
        entry = write_entry(str(key.resolved.value), data, indent).removesuffix("\n")
        written = entry[indent + len(write_text(str(key.resolved.value))) + 1 :]
        was_block = value.kind in ("mapping", "sequence") and not value.is_flow
        if not written.startswith("\n") and not was_block:
            self._put_inline(colon.end(), between, value, written.removeprefix(" "))
        elif was_block and isinstance(data, Mapping | list):
            step = self._step(value, indent)
            block = write_block(data, indent + step).removesuffix("\n")
            start = self._line_start(value.start)
            if start <= colon.end():
                raise _Unfit
            self._put(start, value.end, block)
        else:
            self._put(colon.end(), max(value.end, colon.end()), written)

    def _step(self, value: Node, indent: int) -> int:
        """How far a block is indented below its name."""
        first = value.entries[0][0] if value.kind == "mapping" else value.items[0]
        lead = self.text[self._line_start(first.start) : first.start].rstrip("- ")
        column = (
            len(self.text[self._line_start(first.start) : first.start])
            if value.kind == "mapping"
            else self._dash(first)
        )
        if lead:
            raise _Unfit
        return column - indent if value.kind == "sequence" or column > indent else INDENT

    def _put_inline(self, after_colon: int, between: str, value: Node, written: str) -> None:
        if "\n" in between or not between:
            self._put(after_colon, max(value.end, after_colon), " " + written)
        elif value.start == value.end:
            self._put(after_colon, after_colon, " " + written)
        else:
            self._put(value.start, value.end, written)

    def _keep_joined(self, value: Node, data: Any) -> Any:
        """A list as 'a, b' where the author wrote it so."""
        if not isinstance(data, list) or value.kind != "scalar" or not isinstance(value.value, str):
            return data
        if data and all(isinstance(one, str) and one and one.strip() == one and "," not in one for one in data):
            return ", ".join(data)
        return data
