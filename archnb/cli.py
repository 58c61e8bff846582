"""The command line: one command a verb.

Exit codes: 0 fine; 1 findings at or above --fail-on, or a proof that failed; 2 bad input; 3 an engine is missing.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archnb.exceptions import ArchnbError, EngineMissing, InputError, unknown
from archnb.finding import SEVERITIES

if TYPE_CHECKING:
    from archnb.plan import Plan

FINE, FOUND, BAD_INPUT, NO_ENGINE = 0, 1, 2, 3

AsJson = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
FailOn = click.option(
    "--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="never", show_default=True,
    help="Exit with 1 where a finding is at least this severe.",
)  # fmt: skip
DesignFile = click.argument("design", type=click.Path(path_type=Path))


def _fail(message: str, code: int) -> None:
    click.echo(f"archnb: {message}", err=True)
    sys.exit(code)


def careful(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn every error that archnb raises on purpose into its message and exit code."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except EngineMissing as error:
            _fail(str(error), NO_ENGINE)
        except InputError as error:
            if options.get("as_json"):
                # for programs on the one way, for people on the other
                _echo_json({"file": error.where or None, "errors": [one.data() for one in error.problems]})
            _fail(str(error), BAD_INPUT)
        except ArchnbError as error:
            _fail(str(error), BAD_INPUT)
        except FileNotFoundError as error:
            _fail(f"{error.filename}: there is no such file; 'archnb new {error.filename}' makes one.", BAD_INPUT)
        except (IsADirectoryError, PermissionError, UnicodeDecodeError) as error:
            _fail(str(error), BAD_INPUT)

    return run


def _plan(design: Path) -> Plan:
    from archnb import load, plan

    return plan(load(design))


def _echo_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def _finding_data(plan: Plan) -> list[dict[str, str]]:
    return [
        {
            "severity": one.severity, "path": one.path, "effect": one.effect, "remedy": one.remedy,
            "evidence": one.evidence, "rule": one.rule.id, "principle": one.rule.principle,
        }
        for one in plan.findings
    ]  # fmt: skip


def _exit_for(plan: Plan, fail_on: str) -> None:
    if fail_on != "never" and plan.findings.at_least(fail_on):  # type: ignore[arg-type]
        sys.exit(FOUND)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="archnb", message="%(prog)s %(version)s")
def main() -> None:
    """Design a backend: a short YAML file in, a complete and checked design with its reasons out.

    Start with: archnb new shop.yaml && archnb report shop.yaml

    Exit codes: 0 fine, 1 findings at or above --fail-on or a failed proof, 2 bad input, 3 an engine is missing.
    """


STARTER = """\
# yaml-language-server: $schema={schema}
# A design, short on purpose: what is not said here is proposed, each with its reason.
# archnb plan {file}      archnb report {file}
archnb: 1
name: {name}
requirements:
  load: {{daily_users: 10k..30k, requests_per_user: 20/day, peak_factor: 3}}
  objectives:
    items_of_user: {{latency_p95: 150 ms, staleness: 30 s}}
entities:
  User: {{fields: {{id: key, email: email unique personal, name: text(200) personal}}, rows: 50k}}
  Item: {{fields: {{id: key, owner: -> User, title: text(120), created_at: timestamp = now()}}, rows: 400k, growth: 2k/day}}
access:
  items_of_user: {{reads: Item, by: owner, sort: -created_at, limit: 20, rate: 15/s, roles: user}}
  add_item: {{writes: Item, action: create, rate: 1/s, roles: user}}
"""


@main.command(epilog="Example: archnb new shop.yaml")
@click.argument("design", type=click.Path(path_type=Path))
@careful
def new(design: Path) -> None:
    """Write a small design to start from, and the schema beside it that editors complete and check it with.

    It never overwrites a design.
    """
    from archnb.design.json_schema import FILENAME
    from archnb.design.record import MAX_NAME

    name = json.dumps(design.stem[:MAX_NAME], ensure_ascii=False)
    text = STARTER.format(name=name, file=design.name, schema=FILENAME)
    try:
        with design.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _fail(f"{design} is there already; choose another name.", BAD_INPUT)
    # a file beside the design works for every editor and without a network
    design.with_name(FILENAME).write_text(_write_schema(), encoding="utf-8")
    click.echo(f"{design} is written, and {FILENAME} beside it for editors. Next: archnb plan {design}")


def _write_schema() -> str:
    from archnb.design import FORMAT, Design
    from archnb.design.json_schema import write_schema

    return write_schema(Design, FORMAT)


@main.command(epilog="Example: archnb schema --output archnb.schema.json")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
@careful
def schema(output: Path | None) -> None:
    """Print the JSON Schema of a design file (draft 2020-12), for editors and programs.

    An editor finds it by the first line of a design: # yaml-language-server: $schema=archnb.schema.json
    """
    if output is None:
        click.echo(_write_schema(), nl=False)
        return
    output.write_text(_write_schema(), encoding="utf-8")
    click.echo(f"{output} is written.")


@main.command(epilog="Example: archnb explain access.steps")
@click.argument("entry", required=False)
@AsJson
@careful
def explain(entry: str | None, as_json: bool) -> None:
    """Explain a section, a field, a type, a mark, a unit or a grammar of design files; without one, list them all."""
    from archnb.design import Design
    from archnb.design.reference import explain_data, explain_entry, list_words

    if as_json:
        _echo_json(explain_data(Design, entry))
    else:
        click.echo(list_words(Design) if entry is None else explain_entry(Design, entry))


@main.command("plan", epilog="Example: archnb plan shop.yaml --json")
@DesignFile
@click.option("--section", help="Show one section in full: schema, api, cache, …")
@click.option("--why", "why_path", help="Say why the value at a path, or the fact of that name, is what it is.")
@AsJson
@FailOn
@careful
def plan_command(design: Path, section: str | None, why_path: str | None, as_json: bool, fail_on: str) -> None:
    """Complete a design and show what was said, what was proposed, and the worst findings."""
    made = _plan(design)
    if why_path is not None:
        if why_path in made.facts:
            click.echo(made.facts[why_path].why())
        else:
            why = made.why(why_path)
            click.echo(f"{why.path} = {why.value}\n{'said' if why.is_said else 'proposed'}: {why.reason}")
            for name in why.facts:
                click.echo(made.facts[name].why())
        return
    if as_json:
        facts = {
            name: {"value": one.value, "unit": one.unit.symbol, "text": one.text} for name, one in made.facts.items()
        }
        _echo_json({"name": made.name, "design": made.data(), "facts": facts, "findings": _finding_data(made)})
    else:
        from archnb.render import bundle

        if section is not None and section not in made.sections:
            _fail(unknown("section", section, made.sections), BAD_INPUT)
        click.echo(bundle(made.sections[section] if section is not None else made)["text/plain"])
    _exit_for(made, fail_on)


@main.command(epilog="Example: archnb check shop.yaml --fail-on high")
@DesignFile
@AsJson
@FailOn
@careful
def check(design: Path, as_json: bool, fail_on: str) -> None:
    """Run the rules and print the findings, worst first."""
    made = _plan(design)
    if as_json:
        _echo_json({"findings": _finding_data(made), "rules": len(made.draft.rules)})
    else:
        for one in made.findings:
            click.echo(f"{one.severity}: {one.path}\n  {one.effect}\n  {one.remedy}\n  {one.evidence} [{one.rule.id}]")
        click.echo(f"{len(made.findings)} findings from {len(made.draft.rules)} rules.")
    _exit_for(made, fail_on)


@main.command(epilog="Example: archnb export shop.yaml sql --dialect mysql --output shop.sql")
@DesignFile
@click.argument("name")
@click.option("--dialect", help="For sql: postgresql, mysql or sqlite.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of printing.")
@AsJson
@careful
def export(design: Path, name: str, dialect: str | None, output: Path | None, as_json: bool) -> None:
    """Translate a design into an artefact: sql, openapi, prometheus, …"""
    made = _plan(design).export(name, **({"dialect": dialect} if dialect else {}))
    if output is not None:
        output.write_text(made.text, encoding="utf-8")
    if as_json:
        _echo_json(
            {"name": name, "language": made.language, "filename": made.filename, "output": output, "text": made.text}
        )
    else:
        click.echo(f"{output} is written." if output is not None else made.text)


@main.command(epilog="Example: archnb verify shop.yaml --json")
@DesignFile
@AsJson
@careful
def verify(design: Path, as_json: bool) -> None:
    """Run every artefact on the real thing, and say honestly what was executed, emulated, parsed or not verified."""
    evidence = _plan(design).verify()
    if as_json:
        _echo_json(evidence.data())
    else:
        from archnb.render import bundle

        click.echo(bundle(evidence)["text/plain"])
    if not evidence.is_passed:
        sys.exit(FOUND)


@main.command(epilog="Example: archnb report shop.yaml --output shop.html")
@DesignFile
@click.option("--output", type=click.Path(path_type=Path), help="The HTML file; by default beside the design.")
@click.option(
    "--verify/--no-verify",
    "is_verified",
    default=True,
    show_default=True,
    help="Run the artefacts and put the evidence in.",
)
@AsJson
@FailOn
@careful
def report(design: Path, output: Path | None, is_verified: bool, as_json: bool, fail_on: str) -> None:
    """Write the whole design as one HTML file that needs nothing else."""
    made = _plan(design)
    target = output or design.with_suffix(".html")
    evidence = made.verify() if is_verified else None
    path = made.report(str(target), evidence=evidence)
    if as_json:
        _echo_json(
            {
                "report": path,
                "bytes": Path(path).stat().st_size,
                "findings": len(made.findings),
                "facts": len(made.facts),
            }
        )
    else:
        click.echo(f"{path} is written ({Path(path).stat().st_size / 1e3:,.0f} kB).")
    _exit_for(made, fail_on)


@main.command("import", epilog="Example: archnb import dump.sql --output design.yaml --json")
@click.argument("source")
@click.option(
    "--output", type=click.Path(path_type=Path), help="The design file to write; by default the design is printed."
)
@click.option("--dialect", help="postgresql, mysql or sqlite, where the text does not tell.")
@AsJson
@careful
def import_command(source: str, output: Path | None, dialect: str | None, as_json: bool) -> None:
    """Read a database dump or a live database (its URL) into a design; list what was not understood."""
    from archnb import file
    from archnb.readers import read_any

    found = read_any(source, dialect)
    if output is not None:
        if output.exists():
            _fail(f"{output} is there already; choose another name.", BAD_INPUT)
        file.save(found.design, output)
    notes, remarks = _note_data(found.notes), _note_data(found.remarks)
    if as_json:
        _echo_json({**found.counts, "output": output, "notes": notes, "remarks": remarks, "skipped": found.skipped})
        return
    if output is None:
        click.echo(file.dumps(found.design))
    for note in notes:
        click.echo(f"not understood, line {note['line']}: {note['reason']}: {note['text']}", err=True)
    for remark in remarks:
        click.echo(f"remark, line {remark['line']}: {remark['reason']}: {remark['text']}", err=True)
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items())
    click.echo(f"{source}: {counted}", err=output is None)


def _note_data(notes: Any) -> list[dict[str, Any]]:
    return [{"line": note.line, "text": note.text, "reason": note.reason} for note in notes]


@main.command("diff", epilog="Example: archnb diff shop-1.yaml shop-2.yaml")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@AsJson
@careful
def diff_command(old: Path, new: Path, as_json: bool) -> None:
    """Say in words what changed between two designs, and how each change is carried out."""
    from archnb import load
    from archnb.diff import diff

    found = diff(load(old), load(new))
    if as_json:
        _echo_json([{"effect": c.effect, "path": c.path, "change": c.words, "how": c.how} for c in found.changes])
    else:
        click.echo(repr(found))


@main.command(epilog="Example: archnb demo --directory archnb-demo")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path("archnb-demo"),
    show_default=True,
    help="Where the report and the artefacts go.",
)
@AsJson
@careful
def demo(directory: Path, as_json: bool) -> None:
    """Plan an online shop, run its artefacts on real engines, write the report and the artefacts."""
    from archnb import file, plan
    from archnb.export import export_all

    started = time.perf_counter()
    text = _read_shop()
    made = plan(file.loads(text, "shop.yaml"))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "shop.yaml").write_text(text, encoding="utf-8")
    if not as_json:
        click.echo(f"Planned {made.name!r}: {made.note}\nRunning its artefacts …")
    evidence = made.verify()
    report_path = Path(made.report(str(directory / "shop.html"), evidence=evidence))
    artefacts = []
    others = [made.export("sql", dialect=dialect) for dialect in ("mysql", "sqlite")]
    for source in [*export_all(made), *others]:
        target = directory / source.filename
        target.write_text(source.text, encoding="utf-8")
        artefacts.append(target)
    worst = made.findings[0] if len(made.findings) else None
    seconds = time.perf_counter() - started
    if as_json:
        _echo_json({
            "report": report_path, "artefacts": artefacts, "facts": len(made.facts), "findings": _finding_data(made),
            "evidence": evidence.data(), "seconds": seconds,
        })  # fmt: skip
    else:
        _print_demo(made, evidence, report_path, artefacts, worst, seconds)
    if not evidence.is_passed:
        sys.exit(FOUND)


def _read_shop() -> str:
    """The shop's design: beside the package in a wheel, in notebooks/designs in a checkout."""
    package = Path(__file__).parent
    for place in (package / "designs", package.parent / "notebooks" / "designs"):
        if (place / "shop.yaml").exists():
            return (place / "shop.yaml").read_text(encoding="utf-8")
    raise ArchnbError(f"the demo's design is missing from {package / 'designs'}; install archnb again.")


def _print_demo(
    made: Plan, evidence: Any, report_path: Path, artefacts: list[Path], worst: Any, seconds: float
) -> None:
    for proof in evidence:
        click.echo(f"  {proof.verdict:8} {proof.artefact}: {proof.kind}, {proof.engine} {proof.version}".rstrip())
    click.echo(f"\nReport     {report_path.resolve()}  ({report_path.stat().st_size / 1e3:,.0f} kB)")
    click.echo(f"Artefacts  {', '.join(one.name for one in artefacts)}  in {report_path.parent.resolve()}")
    click.echo(
        f"Counts     {len(made.facts)} facts, {len(made.findings)} findings, {len(evidence)} proofs, in {seconds:.1f} s"
    )
    if worst is not None:
        click.echo(
            f"\nWorst finding ({worst.severity}), {worst.path}: {worst.effect}\n  Evidence: {worst.evidence}\n  Remedy: {worst.remedy}"
        )


@main.command(epilog='Example: eval "$(archnb completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "archnb", "_ARCHNB_COMPLETE").source())


if __name__ == "__main__":
    main()
