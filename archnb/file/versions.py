"""The versions of the file format: which one this archnb writes, and how an older file becomes a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archnb.design import FORMAT
from archnb.exceptions import FormatVersionError, InputError, Problem, quote


@dataclass(frozen=True)
class Migration:
    """The step from one format to the next: top-level sections that have another name now."""

    about: str
    renamed: Mapping[str, str] = field(default_factory=dict)  # old name -> new name


# from version -> the step to the next one
MIGRATIONS: Mapping[int, Migration] = {
    0: Migration("access patterns stood under `access_patterns`", {"access_patterns": "access"}),
}


def read_version(data: Mapping[Any, Any]) -> int:
    """The format version that a file's data says; a file that says none is of the present one.

    Raises FormatVersionError for a newer one, InputError for what is no version.
    """
    said = data.get("archnb", FORMAT)
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        told = f"{quote(said)} is given where the format version is expected"
        raise InputError([Problem.of("archnb", told, f"write `archnb: {FORMAT}`", given=said)])
    if said > FORMAT:
        told = f"the file is of format {said}, written by a newer archnb; this one reads up to {FORMAT}"
        raise FormatVersionError([Problem.of("archnb", told, f"upgrade archnb, or write archnb: {FORMAT}", given=said)])
    return said


def find_renames(version: int) -> dict[str, str]:
    """The top-level names that have another name in the present format: old name -> new name."""
    renames: dict[str, str] = {}
    for step in range(version, FORMAT):
        moved = MIGRATIONS[step].renamed
        renames = {old: moved.get(new, new) for old, new in renames.items()} | {
            k: v for k, v in moved.items() if k not in renames
        }
    return renames


def migrate(data: Mapping[Any, Any], version: int) -> dict[Any, Any]:
    """The data of a file of an older version as the present format has it.

    Raises InputError where both the old and the new name of a section are there.
    """
    renames = find_renames(version)
    twice = [(old, new) for old, new in renames.items() if old in data and new in data]
    if twice:
        raise InputError(
            [
                Problem(
                    old, f"this is the name that format {version} has for {new!r}, which stands here too; join them."
                )
                for old, new in twice
            ]
        )
    made = {renames.get(name, name): value for name, value in data.items()}
    return made | {"archnb": FORMAT}
