"""Mutants: the code made wrong in one small place at a time, to see whether a test notices. `make mutants`; never in CI.

A seeded sample of all places where a number can be doubled, a comparison or an operator swapped, a condition negated or a
return value dropped, in the rooms that count and conclude. Each mutant lives in a copy of the tree; the goldens of whole
plans judge it first, in one process, then the tests of its module. Whatever fails, crashes or hangs has killed it.

A script of our own, since mutmut and cosmic-ray start a pytest session a mutant, where nine of ten die in the two seconds
of `python -m tests.plan_goldens`; and since both want their configuration and their data in the project.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Queue

ROOT = Path(__file__).parent.parent
TARGETS = ("archnb/fact", "archnb/model", "archnb/topics", "archnb/quantity.py")
COPIED = ("archnb", "tests", "notebooks", "docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "Makefile",
          "constraints.txt", "environment.yml")  # fmt: skip
LEAST_KILLED = 0.9
GOLDENS = ("-m", "tests.plan_goldens")

# mutants that change nothing that can be seen, as "file: the line's text -> the mutated line's text", with the reason
EQUIVALENT: dict[str, str] = {
    'archnb/topics/entities/sizes.py: return apply_model("assumed", lambda size: size, "B", parse("500 B"), is_vectorised=True)'
    ' -> return apply_model("assumed", lambda size: size, "B", parse("500 B"), is_vectorised=(False))': "one number, never an array",
}

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One place of a file, and what stands there instead."""

    path: str
    line: int
    start: int
    end: int
    kind: str
    text: str

    def apply(self, source: str) -> str:
        """The file with the mutation; offsets are of characters."""
        return source[: self.start] + self.text + source[self.end :]

    def diff(self, source: str) -> str:
        """The changed lines, before and after."""
        lines = difflib.unified_diff(source.split("\n"), self.apply(source).split("\n"), lineterm="", n=0)
        return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))

    def key(self, source: str) -> str:
        """How `EQUIVALENT` names it: by text, so that it survives when lines move."""
        before, _, after = self.diff(source).partition("\n+")
        return f"{self.path}: {before[1:].strip()} -> {after.strip()}"


def find_mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    encoded = source.encode()
    where = path.relative_to(ROOT).as_posix()

    def at(node: ast.AST, kind: str, made: ast.AST) -> Mutant:
        begin, stop = (
            len(encoded[: starts[row - 1] + column].decode())
            for row, column in ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))  # type: ignore[attr-defined]
        )
        text = ast.unparse(ast.fix_missing_locations(made))
        is_statement = isinstance(made, ast.stmt)
        return Mutant(where, node.lineno, begin, stop, kind, text if is_statement else f"({text})")  # type: ignore[attr-defined]

    for node in _walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield at(node, "constant", ast.Constant(not node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield at(node, "constant", ast.Constant(node.value * 2 if node.value else 1))
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
            swapped = [COMPARISONS[type(node.ops[0])](), *node.ops[1:]]
            yield at(node, "comparison", ast.Compare(node.left, swapped, node.comparators))
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _has_text(node):
            yield at(node, "operator", ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right))
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield at(node, "and/or", ast.BoolOp(other, node.values))
        elif isinstance(node, ast.Return) and node.value is not None and not _is_falsy(node.value):
            yield at(node, "return", ast.Return(ast.Constant(None)))
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield at(node.test, "condition", ast.UnaryOp(ast.Not(), node.test))
        elif isinstance(node, ast.comprehension):
            yield from (at(one, "condition", ast.UnaryOp(ast.Not(), one)) for one in node.ifs)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of code that runs: neither types, nor what only a type checker reads, nor messages of errors."""
    yield node
    for name, value in ast.iter_fields(node):
        # a decorator says how a class or function is kept, not what follows
        is_no_logic = name in ("annotation", "returns", "decorator_list") or isinstance(node, ast.Raise | ast.Assert)
        if is_no_logic:
            continue
        for child in value if isinstance(value, list) else [value]:
            is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if isinstance(child, ast.AST) and not is_for_types and not isinstance(child, ast.JoinedStr):
                yield from _walk(child)


def _has_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _is_falsy(node: ast.AST) -> bool:
    """Whether a returned value reads as None does, so that dropping it changes nothing."""
    return (isinstance(node, ast.Constant) and not node.value) or (isinstance(node, ast.Tuple) and not node.elts)


def draw_sample(count: int, seed: int, targets: tuple[str, ...] = TARGETS) -> list[Mutant]:
    """Mutants drawn evenly from all places of the targets; the same seed draws the same from the same code."""
    files: list[Path] = []
    for target in targets:
        path = ROOT / target
        files += [path] if path.is_file() else sorted(path.rglob("*.py"))
    found = [mutant for path in files for mutant in find_mutants(path)]
    return random.Random(seed).sample(found, min(count, len(found)))


def find_tests(path: str) -> list[str]:
    """The tests that know a file, for what the goldens let live; the quickest first."""
    parts = Path(path).with_suffix("").parts[1:]
    room, rest = parts[0], parts[1:]
    names = {
        "fact": ["test_fact", "test_estimates"],
        "quantity": ["test_quantity", "test_fact", "test_file"],
        "model": ["test_consistency", "test_plan"],
    }.get(
        room,
        [
            f"test_topic_{rest[0]}" if rest else "test_plan",
            "test_rules",
            "test_consistency",
            "test_plan",
            "test_estimates",
        ],
    )
    names += sorted(one.stem for one in (ROOT / "tests").glob(f"test_{room}*.py"))
    artefact = {"api": "test_export_openapi", "schema": "test_export_sql", "monitoring": "test_export_prometheus"}
    names += [artefact[rest[0]]] if rest and rest[0] in artefact else []
    tests = [f"tests/{name}.py" for name in dict.fromkeys(names) if (ROOT / "tests" / f"{name}.py").exists()]
    return [path, *tests]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed by which judge, or alive."""

    mutant: Mutant
    killer: str
    seconds: float


def judge(mutant: Mutant, tree: Path, limit: float) -> Outcome:
    """Put the mutant into the tree, run the goldens, then the tests of its module, and take it out again."""
    file = tree / mutant.path
    source = file.read_text(encoding="utf-8")
    begun = time.monotonic()
    file.write_text(mutant.apply(source), encoding="utf-8")
    try:
        killer = ""
        for name, arguments in (
            ("goldens", list(GOLDENS)),
            ("tests", ["-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *find_tests(mutant.path)]),
        ):
            code = run(arguments, tree, limit)
            if code != 0:
                killer = name if code is not None else f"{name}: hung"
                break
    finally:
        file.write_text(source, encoding="utf-8")
    return Outcome(mutant, killer, time.monotonic() - begun)


def run(arguments: list[str], tree: Path, limit: float) -> int | None:
    """The exit code of Python in the tree, None where it was stopped at the limit, with all that it had started."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            return None


def copy_tree(folder: Path) -> Path:
    """A copy of what the tests need, compiled once; Python compares sources, so that a mutant is always compiled anew."""
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def main() -> int:
    """Judge a sample and print a table; 1 where fewer than nine of ten were killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one run over one mutant")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help="files and folders to mutate")
    given = parser.parse_args()
    sample = draw_sample(given.count, given.seed, tuple(given.targets))
    sources = {mutant.path: (ROOT / mutant.path).read_text(encoding="utf-8") for mutant in sample}
    sample = [mutant for mutant in sample if mutant.key(sources[mutant.path]) not in EQUIVALENT]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="archnb-mutants-") as folder:
        trees: Queue[Path] = Queue()
        for number in range(given.workers):
            trees.put(copy_tree(Path(folder) / f"tree{number}"))
        tree = trees.get()
        if run(list(GOLDENS), tree, given.limit) != 0:
            print("The goldens fail without a mutant: mend or refresh them first (pytest --refresh-goldens).")
            return 2
        trees.put(tree)

        def take_turn(mutant: Mutant) -> Outcome:
            tree = trees.get()
            try:
                return judge(mutant, tree, given.limit)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(given.workers) as pool:
            for outcome in pool.map(take_turn, sample):
                outcomes.append(outcome)
                mutant = outcome.mutant
                state = f"killed by {outcome.killer}" if outcome.killer else "ALIVE"
                print(
                    f"{len(outcomes):4} {state:22} {outcome.seconds:6.1f} s  {mutant.kind:10} {mutant.path}:{mutant.line}",
                    flush=True,
                )
    return report(outcomes, sources)


def report(outcomes: list[Outcome], sources: dict[str, str]) -> int:
    """Print how many were killed, by kind and by judge, and every survivor with its line."""
    alive = [outcome for outcome in outcomes if not outcome.killer]
    kinds = Counter(outcome.mutant.kind for outcome in outcomes)
    survived = Counter(outcome.mutant.kind for outcome in alive)
    print("\nkind         mutants  killed")
    for kind, count in sorted(kinds.items()):
        print(f"{kind:12} {count:7} {count - survived[kind]:7}")
    print(
        "by:",
        ", ".join(f"{name or 'nobody'} {count}" for name, count in Counter(o.killer for o in outcomes).most_common()),
    )
    for outcome in alive:
        mutant = outcome.mutant
        print(f"\nalive: {mutant.path}:{mutant.line} ({mutant.kind})\n{mutant.diff(sources[mutant.path])}")
    share = 1 - len(alive) / len(outcomes) if outcomes else 0.0
    print(
        f"\n{len(outcomes) - len(alive)} of {len(outcomes)} killed: {share:.0%}; at least {LEAST_KILLED:.0%} must be."
    )
    return 0 if share >= LEAST_KILLED else 1


if __name__ == "__main__":
    sys.exit(main())
