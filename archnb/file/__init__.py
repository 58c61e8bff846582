"""The design file: YAML that people read, compare and edit by hand. What is saved unchanged stays as it is to the byte,
a change touches only its lines, and the file on disk is at every moment either the old one or the new one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from archnb.design import FORMAT, Design, find_origin, remember_origin
from archnb.design.origin import Held, Origin
from archnb.exceptions import ArchnbError, FileChangedError, FileUseError, InputError, Problem, nearest, quote
from archnb.file.disk import create_file, find_place, hold_file, replace_file
from archnb.file.editing import edit_text, write_design
from archnb.file.tree import MAX_CHARACTERS, Node, build_data, find_line, parse_text
from archnb.file.versions import find_renames, migrate, read_version

__all__ = ["create_file", "dumps", "load", "loads", "replace_file", "save"]


def load(path: str | os.PathLike[str], *, must_say_format: bool = False) -> Design:
    """Read a design file. The design remembers what it was read from, so that `save` knows when somebody else changed it.

    must_say_format: refuse a file without the line `archnb: 1`, which is what tells a design from other YAML.

    Raises InputError with every problem and its line, FormatVersionError for a file of a newer format.
    """
    text = _decode(_read_bytes(Path(path)), str(path))
    if must_say_format and not _MARK.search(text):
        _check_mark(text, str(path))
    design = loads(text, str(path))
    origin = find_origin(design)
    assert origin is not None
    origin.believe(os.path.realpath(path), text)
    return design


# a quick look, so that a file is not read twice: most say their format on a line of its own
_MARK = re.compile(r"""^\s*(?:---\s*)?\{?\s*["']?archnb["']?\s*:""", re.MULTILINE)


def _check_mark(text: str, where: str) -> None:
    """Refuse a file that is empty or does not say that it is a design."""
    root = _parse(text, where)
    if root is None:
        next = "`archnb new FILE` writes one to start from"
        raise InputError([Problem.of("", "the file is empty, so it is no design", next, line=1)], where)
    if root.kind == "mapping" and root.find("archnb") is None:
        missing = "the line is missing that tells a design from other YAML, and its format"
        error = InputError([Problem.of("", missing, f"add the line `archnb: {FORMAT}` at the top", line=1)], where)
        try:
            loads(text)
        except InputError as more:
            error = InputError([*error.problems, *more.problems], where)
            error.data, error.locate = more.data, more.locate
        raise error


def _parse(text: str, where: str) -> Node | None:
    try:
        return parse_text(text)
    except InputError as error:
        raise InputError(error.problems, where) from None


def loads(text: str, where: str = "") -> Design:
    """Read a design from YAML text; `where` is what errors call it.

    >>> loads("entities: {Order: {fields: {id: key, total: money}}}").entities["Order"].fields["total"].type
    'money'

    Raises InputError with every problem and its line, FormatVersionError for a text of a newer format.
    """
    try:
        design = _read_design(text)[0]
    except InputError as error:
        told = type(error)(error.problems, where)
        told.data, told.locate = error.data, _Lines(text)
        raise told from None
    remember_origin(design, Origin(Held(text), where, _Lines(text)))
    return design


def dumps(design: Design, original_text: str | None = None) -> str:
    """The YAML text of a design: the original text with only what changed touched, or a new one.

    >>> print(dumps(loads("name: shop  # ours\\n").replace("name", "store"), "name: shop  # ours\\n"), end="")
    name: store  # ours

    Raises InputError where the original text is no design.
    """
    if original_text is None:
        return write_design(design)
    old, version = _read_design(original_text)
    return edit_text(original_text, old, design, version, loads)


def save(design: Design, path: str | os.PathLike[str], expected: str | None = None) -> str:
    """Write a design file; an existing one keeps everything that did not change, to the byte. Gives the text it now holds.

    The file is replaced in one step, so that a reader, or a kill in the middle, finds the old one or the new one. It must
    hold what the design was read from, or what was last saved of it; under another name the comments come along.
    expected: the text, or its SHA-256 in hexadecimal, that the file is believed to hold, where it is not that one.

    Raises FileChangedError where the file holds something else or changes meanwhile, FileUseError where it cannot be
    written, InputError where what stands there is no design (it is then left as it is).
    """
    shown, (place, _) = str(path), find_place(path)
    origin = find_origin(design)
    with hold_file(path):
        before = _read_bytes(place, shown) if find_place(path)[1] else None
        believed = origin.files.get(str(place)) if origin is not None else None
        if expected is not None:
            is_changed = not _is_expected(before, expected)
        else:
            # a file that is gone can be written again: nobody's change is lost
            is_changed = believed is not None and before is not None and before != believed.encode("utf-8")
        if is_changed:
            raise FileChangedError(
                f"{shown}: the file is not the one that was read: it was changed since, and is left as it is. "
                "Next: load it again and repeat the change, or save under another name."
            )
        made = _edit_file(design, before, origin, shown)
        if before is None or made.encode("utf-8") != before:
            try:
                replace_file(path, made, before)
            except FileChangedError:
                raise FileChangedError(
                    f"{shown}: the file changed while it was being saved. Next: load it again, and repeat the change."
                ) from None
    if origin is None:
        origin = Origin(Held(made))
        remember_origin(design, origin)
    origin.believe(str(place), made)
    return made


def _edit_file(design: Design, before: bytes | None, origin: Origin | None, shown: str) -> str:
    """The text that a file is to hold: what stands there, edited; in a new file what the design was read from, edited."""
    if before is None:
        return dumps(design, origin.text if origin is not None else None)
    original = _decode(before, shown)
    try:
        return dumps(design, original)
    except InputError as error:
        told = Problem(
            "",
            "what stands there is not a design that can be read, so it is left as it is; save under another name.",
        )
        raise InputError([told, *error.problems], shown) from None


def _read_design(text: str) -> tuple[Design, int]:
    """The design in a text, and the format version that the text is of."""
    root = parse_text(text)
    renames: dict[str, str] = {}
    slips: list[Problem] = []
    try:
        data = build_data(root, text, slips)
        if data is None:
            data = {}
        if not isinstance(data, Mapping):
            raise InputError(
                [
                    Problem.of(
                        "", f"{quote(data)} is given where a design is expected", "write for instance 'name: shop'"
                    )
                ]
            )
        version = read_version(data)
        renames = {new: old for old, new in find_renames(version).items()}
        design = _build(migrate(data, version))
    except InputError as error:
        found = [_locate(root, problem, renames) for problem in error.problems]
        told = type(error)([*slips, *(one for one in found if one.path not in {slip.path for slip in slips})])
        told.data = error.data
        raise told from None
    if slips:
        raise InputError(slips)
    return design, version


class _Lines:
    """Finds the lines of problems in a text that a design was read from; the text is parsed again when first asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getstate__(self) -> dict[str, Any]:
        # the tree is made anew where a copy is asked
        return {"text": self.text}

    def __call__(self, problem: Problem) -> Problem:
        root, renames = self._found
        return _locate(root, problem, renames)

    @cached_property
    def _found(self) -> tuple[Node | None, Mapping[str, str]]:
        root = parse_text(self.text)
        version = read_version(build_data(root, self.text, []))
        return root, {new: old for old, new in find_renames(version).items()}


def _build(data: Mapping[Any, Any]) -> Design:
    try:
        return Design.of(data)
    except ArchnbError:
        raise
    except (ArithmeticError, ValueError, RecursionError) as error:
        # a value that no check foresaw must not end in a traceback
        raise InputError([Problem("", f"a value cannot be read: {quote(str(error), 200)}.")]) from error


def _locate(root: Node | None, problem: Problem, renames: Mapping[str, str]) -> Problem:
    """The problem with its line; an older file has the section under its older name."""
    if problem.line is not None:
        return problem
    first, dot, rest = problem.path.partition(".")
    as_written = Problem(renames.get(first, first) + dot + rest, problem.message)
    return problem.at(find_line(root, as_written))


def _read_bytes(path: Path, shown: str | None = None) -> bytes:
    where = shown or str(path)
    try:
        with open(path, "rb") as file:
            # one byte in UTF-8 is at least a quarter of a character
            data = file.read(4 * MAX_CHARACTERS + 1)
    except FileNotFoundError:
        names = [one.name for one in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        match = nearest(path.name, names)
        next = f"did you mean {match!r}?" if match else f"`archnb new {where}` writes one to start from"
        raise InputError([Problem.of("", "there is no such file", next, nearest=match)], where) from None
    except (OSError, ValueError) as error:
        raise FileUseError(where, "cannot be read", error) from None
    if len(data) > 4 * MAX_CHARACTERS:
        raise InputError(
            [
                Problem(
                    "",
                    f"the file is larger than {4 * MAX_CHARACTERS:,} bytes; a design file has at most {MAX_CHARACTERS:,} characters.",
                )
            ],
            where,
        )
    return data


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        told = f"the byte {data[error.start]:#04x} is not UTF-8"
        raise InputError([Problem.of("", told, "save the file as UTF-8", line=line)], where) from None


def _is_expected(data: bytes | None, expected: str) -> bool:
    if data is None:
        return False
    return data == expected.encode("utf-8", "surrogatepass") or hashlib.sha256(data).hexdigest() == expected.casefold()
