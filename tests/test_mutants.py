"""The mutants themselves: each is another program, and the same seed draws the same ones."""

from __future__ import annotations

import ast

from tests.mutants import ROOT, TARGETS, draw_sample, find_mutants, find_tests

FILE = ROOT / "archnb" / "quantity.py"


def test_every_mutant_is_another_program() -> None:
    """It compiles, and means something else than the source."""
    source = FILE.read_text(encoding="utf-8")
    found = list(find_mutants(FILE))
    assert {mutant.kind for mutant in found} == {"constant", "comparison", "operator", "and/or", "return", "condition"}
    before = ast.dump(ast.parse(source))
    for mutant in found:
        assert ast.dump(ast.parse(mutant.apply(source))) != before, mutant
        assert mutant.diff(source).count("\n+") >= 1, mutant


def test_a_seed_draws_the_same_sample() -> None:
    """So that a survivor can be looked at again."""
    targets = ("archnb/quantity.py", "archnb/topics/errors")
    assert draw_sample(20, 3, targets) == draw_sample(20, 3, targets) != draw_sample(20, 4, targets)


def test_what_does_not_run_is_left_alone() -> None:
    """Neither types nor decorators nor messages of errors are mutated, and every target has tests."""
    source = FILE.read_text(encoding="utf-8").split("\n")
    assert not [mutant for mutant in find_mutants(FILE) if source[mutant.line - 1].lstrip().startswith(("@", "raise "))]
    for target in TARGETS:
        path = ROOT / target
        for file in [path] if path.is_file() else path.rglob("*.py"):
            assert find_tests(file.relative_to(ROOT).as_posix())[1:], file
