"""The house's one-way doors: who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import archnb
from archnb import topics

ROOT = Path(archnb.__file__).parent
BASE = {"address", "exceptions", "quantity", "naming"}

# room -> the rooms it may import at module level or in functions; itself is always allowed
DOORS: dict[str, set[str]] = {
    "address": set(),
    "exceptions": set(),
    "naming": set(),
    "quantity": {"exceptions"},
    "shapes": set(),
    "engines": {"exceptions"},
    "design": BASE | {"engines"},
    "model": BASE | {"design", "engines"},
    "fact": BASE | {"shapes"},
    "finding": BASE | {"design", "shapes"},
    "sim": {"exceptions"},
    "planned": BASE | {"design", "engines", "model"},
    "topics": BASE | {"design", "engines", "fact", "finding", "model", "planned", "shapes", "sim"},
    "answers": BASE | {"fact", "plan", "planned", "shapes", "sim"},
    "diff": BASE | {"design", "fact", "plan", "planned", "shapes"},
    "plan": BASE | {"design", "fact", "finding", "model", "planned", "shapes", "topics"},
    "file": BASE | {"design"},
    "readers": BASE | {"design", "engines"},
    "render": {"exceptions", "shapes"},
    "export": BASE | {"design", "engines", "fact", "finding", "model", "plan", "planned", "shapes", "sim"},
    "serve": BASE | {"design", "engines", "export", "model", "plan", "planned", "shapes"},
    "verify": BASE | {"design", "engines", "export", "fact", "model", "plan", "planned", "serve", "shapes", "sim"},
    "report": BASE | {"answers", "design", "export", "fact", "file", "finding", "plan", "render", "shapes", "verify"},
    "capture": BASE | {"design", "fact", "file", "finding", "plan", "render", "shapes"},
    "__main__": {"cli"},
    "cli": BASE | {"capture", "design", "diff", "export", "fact", "file", "finding", "plan", "readers", "render", "report", "serve", "shapes", "verify"},
}  # fmt: skip


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    """The modules of archnb that a file imports anywhere, type-checking imports left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names if one.name.startswith("archnb")}
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{path}: line {node.lineno}: imports are absolute here, so that doors can be read")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "archnb":
            found |= {f"{node.module}.{one.name}" for one in node.names}
    return found


TOPICS = sorted(
    path.name for path in (ROOT / "topics").iterdir() if path.stem not in ("__init__", "topic", "__pycache__")
)
FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py" or path.parent != ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_doors_are_used_one_way(path: Path) -> None:
    """A room imports only the rooms that its doors lead to."""
    room = _room(path)
    for name in _imports(path):
        other = name.split(".")[1]
        if other not in DOORS:
            # a public name of the front door, which only the command line and the desk use
            assert room in ("cli", "capture"), f"{path.name} imports {name} through the front door"
            continue
        assert other == room or other in DOORS[room], f"{path.name} imports {name}: no door from {room} to {other}"


def test_topics_do_not_import_each_other() -> None:
    """A topic reads the completed design and earlier facts, never another topic."""
    folder = ROOT / "topics"
    for path in folder.rglob("*.py"):
        own = path.relative_to(folder).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for name in _imports(path):
            parts = name.split(".")
            if parts[1] == "topics" and len(parts) > 2:
                assert parts[2] not in {*TOPICS} - {own}, f"{path.name} imports {name}"


# what a topic offers, by the file that it comes from: the same in every topic
VERBS = {
    "complete": "proposals",
    "measure": "measures",
    "conclude": "conclusions",
    "RULES": "rules",
    "views": "views",
}


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_have_the_same_files(topic: str) -> None:
    """A topic is a folder with five files of verbs, each defining its own; what it is called by only names them."""
    folder, package = ROOT / "topics" / topic, f"archnb.topics.{topic}"
    for verb, file in VERBS.items():
        module = importlib.import_module(f"{package}.{file}")
        offered = getattr(importlib.import_module(package), verb)
        assert offered is getattr(module, verb)
        if verb != "RULES":
            assert offered.__module__ == module.__name__
        assert (folder / f"{file}.py").is_file() or (verb == "RULES" and (folder / "rules" / "__init__.py").is_file())
    docstring, *body = ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    imported, named = {}, []
    for node in body:
        if isinstance(node, ast.ImportFrom):
            imported |= {one.asname or one.name: node.module for one in node.names}
        else:
            assert isinstance(node, ast.Assign | ast.AnnAssign), (
                f"{topic}/__init__.py defines something: {ast.unparse(node)}"
            )
            named += [ast.unparse(one) for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    assert imported == {"annotations": "__future__", **{verb: f"{package}.{file}" for verb, file in VERBS.items()}}
    assert named == ["NAME", "TITLE", "CLOSES", "__all__"]


def test_every_topic_runs() -> None:
    """What stands in `topics/` and what a plan runs are the same, each called as its folder is."""
    assert sorted(topic.NAME for topic in topics.TOPICS) == TOPICS
    assert [topic.NAME for topic in topics.TOPICS] == [topic.__name__.rpartition(".")[2] for topic in topics.TOPICS]


def test_no_import_cycles() -> None:
    """The modules import each other in one direction, imports inside functions counted; the front door is everybody's."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    modules = {
        ".".join(("archnb", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in ROOT.rglob("*.py")
    }
    for module, path in modules.items():
        if module == "archnb":
            continue
        for full in _imports(path):
            target = full if full in modules else full.rpartition(".")[0]
            if target not in (module, "archnb"):
                graph.add_edge(module, target)
    assert list(networkx.simple_cycles(graph)) == []


def test_import_loads_nothing_heavy() -> None:
    """`import archnb` leaves pandas, matplotlib, networkx and every engine for when they are used."""
    heavy = "pandas matplotlib networkx numpy scipy numba sqlalchemy sqlglot jinja2 ipywidgets IPython psycopg ruamel"
    code = f"import sys, archnb; print([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
