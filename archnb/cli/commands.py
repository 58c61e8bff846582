"""The commands: one a verb, each over the functions that a notebook calls too."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archnb.address import show_address
from archnb.cli.answers import (
    BAD_INPUT,
    CODES,
    FOUND,
    LOSES_DATA,
    Commands,
    careful,
    echo_json,
    fail,
    say,
    say_artefact,
)
from archnb.exceptions import ArchnbError, unknown
from archnb.finding import PRINCIPLES, SEVERITIES
from archnb.shapes import Cell

if TYPE_CHECKING:
    from archnb.finding import Rule
    from archnb.plan import Plan

AsJson = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
FailOn = click.option(
    "--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="never", show_default=True,
    help="Exit with 1 where a finding is at least this severe.",
)  # fmt: skip
DesignFile = click.argument("design", type=click.Path(path_type=Path))


def _plan(design: Path) -> Plan:
    from archnb import plan

    return plan(design)


def _finding_data(plan: Plan) -> list[dict[str, Any]]:
    from archnb.design import plain

    return [
        {
            "severity": one.severity, "path": one.path, "effect": one.effect, "remedy": one.remedy,
            "evidence": one.evidence, "rule": one.rule.id, "principle": one.rule.principle,
            "is_accepted": one.is_accepted,
            "acceptance": plain(one.acceptance) if one.acceptance is not None else None,
        }
        for one in plan.findings
    ]  # fmt: skip


def _finding_counts(plan: Plan) -> dict[str, int]:
    return {"open": len(plan.findings.open), "accepted": len(plan.findings.accepted), "rules": len(plan.draft.rules)}


def _exit_for(plan: Plan, fail_on: str) -> None:
    if fail_on != "never" and plan.findings.at_least(fail_on):  # type: ignore[arg-type]
        sys.exit(FOUND)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=CODES)
@click.version_option(package_name="archnb", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Where archnb itself fails, print where.")
def main(debug: bool) -> None:
    """Design a backend: a short YAML file in, a complete and checked design with its reasons out.

    Start with: archnb new shop.yaml && archnb report shop.yaml
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
    from archnb.file import create_file

    name = json.dumps(design.stem[:MAX_NAME], ensure_ascii=False)
    create_file(design, STARTER.format(name=name, file=design.name, schema=FILENAME))
    # a file beside the design works for every editor and without a network
    beside = design.with_name(FILENAME)
    if _put_schema(beside):
        say(f"{design} is written, and {FILENAME} beside it for editors. Next: archnb plan {design}")
    else:
        say(
            f"{design} is written. {beside} is there already and is no schema of archnb's, so it is left as it is; "
            f"archnb schema --output FILE writes one elsewhere. Next: archnb plan {design}"
        )


def _put_schema(place: Path) -> bool:
    """Write the schema of design files, also over an older one of archnb's, never over anything else; whether it stands there."""
    from archnb.design.json_schema import is_schema
    from archnb.file import create_file, replace_file

    try:
        before = place.read_bytes()
    except FileNotFoundError:
        create_file(place, _write_schema())
        return True
    if not is_schema(before):
        return False
    if before != _write_schema().encode("utf-8"):
        replace_file(place, _write_schema(), before)
    return True


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
        say_artefact(_write_schema().removesuffix("\n"))
        return
    from archnb.file import replace_file

    replace_file(output, _write_schema())
    say(f"{output} is written.")


@main.command(epilog="Example: archnb explain access.steps")
@click.argument("entry", required=False)
@AsJson
@careful
def explain(entry: str | None, as_json: bool) -> None:
    """Explain a section, a field, a type, a mark, a unit or a grammar of design files; without one, list them all."""
    from archnb.design import Design
    from archnb.design.reference import explain_data, explain_entry, list_words

    if as_json:
        echo_json(explain_data(Design, entry))
    else:
        say(list_words(Design) if entry is None else explain_entry(Design, entry))


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
        known = (why_path,) if why_path in made.facts else ()
        if not known or why_path in made.paths():
            why = made.why(why_path)
            say(f"{why.path} = {why.value}\n{'said' if why.is_said else 'proposed'}: {why.reason}")
            known = (*known, *why.facts)
        for name in dict.fromkeys(known):
            say(made.facts[name].why())
        return
    if as_json:
        facts = {
            # JSON has no word for what never comes
            name: {"value": one.value if math.isfinite(one.value) else None, "unit": one.unit.symbol, "text": one.text}
            for name, one in made.facts.items()
        }
        echo_json({"name": made.name, "design": made.data(), "facts": facts, "findings": _finding_data(made)})
    else:
        from archnb.render import bundle

        if section is not None and section not in made.sections:
            fail(unknown("section", section, made.sections), BAD_INPUT)
        say(bundle(made.sections[section] if section is not None else made)["text/plain"])
    _exit_for(made, fail_on)


@main.command(epilog="Example: archnb check shop.yaml --fail-on high")
@DesignFile
@click.option("--all", "is_all", is_flag=True, help="Print every place, and what is accepted in full.")
@AsJson
@FailOn
@careful
def check(design: Path, is_all: bool, as_json: bool, fail_on: str) -> None:
    """Run the rules and print what they found, one rule after the other, the worst first.

    What the design accepts is counted apart, and --fail-on does not look at it.
    """
    made = _plan(design)
    if as_json:
        echo_json({"findings": _finding_data(made), **_finding_counts(made)})
    else:
        _print_findings(made, is_all)
    _exit_for(made, fail_on)


def _print_findings(made: Plan, is_all: bool) -> None:
    """One paragraph a rule: effect, remedy, and its worst places."""
    from archnb.finding import SHOWN

    most = None if is_all else SHOWN
    for group in made.findings.groups:
        count = len(group.findings)
        say(f"{group.rule.severity}: {group.rule.id}, {count} place{'s' * (count > 1)}")
        say(f"  {group.effect}\n  {group.remedy}")
        for place in group.places[:most]:
            say(f"  - {place.replace('`', '')}")
        if most is not None and count > most:
            say(f"  and {count - most} more: --all")
    for row in made.findings.accepted_table.rows if is_all else ():
        severity, _, where, reason, since, until, rule = (str(cell) for cell in row)
        ends = f", until {until}" if until != "None" else ""
        say(f"accepted ({severity}): {rule}, on {since}{ends}: {reason}")
        cell = row[2]
        assert isinstance(cell, Cell)
        for place in (*where.split("\n"), *cell.more):
            say(f"  - {place.replace('`', '')}")
    accepted = len(made.findings.accepted)
    told = f", {accepted} more accepted" if accepted else ""
    count = len(made.findings.open)
    say(f"{count} finding{'s' * (count != 1)} from {len(made.draft.rules)} rules{told}.")


@main.command("rules", epilog="Example: archnb rules schema-foreign-key-without-index")
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--topic", help="Only the rules of this section: schema, api, cache, …")
@click.option("--principle", type=click.Choice(PRINCIPLES), help="Only the rules that serve this principle.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only the rules of this severity.")
@AsJson
@careful
def rules_command(
    rule_id: str | None, topic: str | None, principle: str | None, severity: str | None, as_json: bool
) -> None:
    """List the rules, or show one: its effect, its remedy, an example of each kind, and how to accept it."""
    from archnb import rules

    known = {one.id: one for one in rules()}
    if rule_id is not None:
        if rule_id not in known:
            fail(unknown("rule", rule_id, known, "'archnb rules' lists them."), BAD_INPUT)
        page = _read_rule_page(rule_id)
        if as_json:
            echo_json({**_rule_data(known[rule_id]), "page": page})
        else:
            say(page)
        return
    if topic is not None and topic not in {one.topic for one in known.values()}:
        fail(unknown("topic", topic, dict.fromkeys(one.topic for one in known.values())), BAD_INPUT)
    chosen = [
        one
        for one in known.values()
        if topic in (None, one.topic) and principle in (None, one.principle) and severity in (None, one.severity)
    ]
    if as_json:
        echo_json([_rule_data(one) for one in chosen])
        return
    width = max((len(one.id) for one in chosen), default=0)
    for one in chosen:
        say(f"{one.severity:8}  {one.id:{width}}  {one.condition}")
    say(f"{len(chosen)} rules. 'archnb rules ID' shows one.")


def _rule_data(one: Rule) -> dict[str, str]:
    names = ("id", "topic", "principle", "severity", "condition", "effect", "remedy")
    return {name: getattr(one, name) for name in names}


def _read_rule_page(rule_id: str) -> str:
    """A rule's page: beside the package in a wheel, in docs/rules in a checkout."""
    return _find_shipped("rule_pages", "docs/rules", f"{rule_id}.md").read_text(encoding="utf-8")


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
        from archnb.file import replace_file

        replace_file(output, made.text)
    if as_json:
        echo_json(
            {"name": name, "language": made.language, "filename": made.filename, "output": output, "text": made.text}
        )
    else:
        if output is not None:
            say(f"{output} is written.")
        else:
            say_artefact(made.text)


@main.command(epilog="Example: archnb verify shop.yaml --json")
@DesignFile
@AsJson
@careful
def verify(design: Path, as_json: bool) -> None:
    """Run every artefact on the real thing, and say honestly what was executed, emulated, parsed or not verified."""
    evidence = _plan(design).verify()
    if as_json:
        echo_json(evidence.data())
    else:
        from archnb.render import bundle

        say(bundle(evidence)["text/plain"])
    if not evidence.is_passed:
        sys.exit(FOUND)


@main.command(epilog="Example: archnb serve shop.yaml --port 8000")
@DesignFile
@click.option(
    "--engine",
    type=click.Choice(["sqlite", "postgresql"]),
    default="sqlite",
    show_default=True,
    help="What it runs on: SQLite in memory, or a PostgreSQL that is started for it.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; by default one that is free.")
@click.option(
    "--limits/--no-limits", "is_strict", default=True, show_default=True, help="Refuse what is over a rate limit."
)
@careful
def serve(design: Path, engine: str, port: int, is_strict: bool) -> None:
    """Run the planned service on this machine, filled with sample rows, to try it out; Ctrl-C ends it.

    /docs shows the API, and /dev/token gives a token for a role and a person.
    """
    from archnb.serve import Limits
    from archnb.serve.running import run
    from archnb.verify.service import open_service

    with open_service(_plan(design), engine, limits=Limits(is_strict=is_strict)) as service:
        run(
            service,
            port,
            lambda address: say(
                f"{address}/docs  the API\n{address}/dev/token  tokens to try it with\n{address}/dev/jobs  what the workers do"
            ),
            say,
        )


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
@click.option(
    "--simulated/--no-simulated",
    "is_simulated",
    default=False,
    show_default=True,
    help="Simulate overload and failures and put them in.",
)
@AsJson
@FailOn
@careful
def report(
    design: Path, output: Path | None, is_verified: bool, is_simulated: bool, as_json: bool, fail_on: str
) -> None:
    """Write the whole design as one HTML file that needs nothing else."""
    made = _plan(design)
    target = output or design.with_suffix(".html")
    evidence = made.verify() if is_verified else None
    path = made.report(str(target), evidence=evidence, simulated=is_simulated)
    if as_json:
        echo_json(
            {
                "report": path,
                "bytes": Path(path).stat().st_size,
                "findings": len(made.findings.open),
                "accepted": len(made.findings.accepted),
                "facts": len(made.facts),
            }
        )
    else:
        say(f"{path} is written ({Path(path).stat().st_size / 1e3:,.0f} kB).")
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
        file.create_file(output, file.dumps(found.design))
    notes, remarks = _note_data(found.notes), _note_data(found.remarks)
    if as_json:
        echo_json({**found.counts, "output": output, "notes": notes, "remarks": remarks, "skipped": found.skipped})
        return
    if output is None:
        say_artefact(file.dumps(found.design))
    for note in notes:
        say(f"not understood, line {note['line']}: {note['reason']}: {note['text']}", err=True)
    for remark in remarks:
        say(f"remark, line {remark['line']}: {remark['reason']}: {remark['text']}", err=True)
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items())
    say(f"{show_address(source)}: {counted}", err=output is None)


def _note_data(notes: Any) -> list[dict[str, Any]]:
    return [{"line": note.line, "text": note.text, "reason": note.reason} for note in notes]


@main.command("diff", epilog="Example: archnb diff shop-1.yaml shop-2.yaml --fail-on loses-data")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--fail-on", type=click.Choice(["loses-data", "breaking", "never"]), default="breaking", show_default=True,
    help="Exit with 1 where a change is breaking, with 5 where one loses data; milder ones are let through.",
)  # fmt: skip
@AsJson
@careful
def diff_command(old: Path, new: Path, fail_on: str, as_json: bool) -> None:
    """Say what changed between two designs, whom it breaks, what it loses, and how it is carried out.

    Exits with 0 where all is compatible, 1 where a change is breaking, 5 where one loses data.
    """
    from archnb import load, plan
    from archnb.diff import diff

    found = diff(plan(load(old)), plan(load(new)))
    if as_json:
        echo_json(found.data())
    else:
        say(repr(found))
    if found.effect == "loses data" and fail_on != "never":
        sys.exit(LOSES_DATA)
    if found.effect == "breaking" and fail_on == "breaking":
        sys.exit(FOUND)


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
    file.replace_file(directory / "shop.yaml", text)
    if not as_json:
        say(f"Planned {made.name!r}: {made.note}\nRunning its artefacts …")
    evidence = made.verify()
    report_path = Path(made.report(str(directory / "shop.html"), evidence=evidence))
    artefacts = []
    others = [made.export("sql", dialect=dialect) for dialect in ("mysql", "sqlite")]
    for source in [*export_all(made), *others]:
        target = directory / source.filename
        file.replace_file(target, source.text)
        artefacts.append(target)
    worst = next(iter(made.findings.open), None)
    seconds = time.perf_counter() - started
    if as_json:
        echo_json({
            "report": report_path, "artefacts": artefacts, "facts": len(made.facts), "findings": _finding_data(made),
            "evidence": evidence.data(), "seconds": seconds,
        })  # fmt: skip
    else:
        _print_demo(made, evidence, report_path, artefacts, worst, seconds)
    if not evidence.is_passed:
        sys.exit(FOUND)


def _read_shop() -> str:
    """The shop's design: beside the package in a wheel, in notebooks/designs in a checkout."""
    return _find_shipped("designs", "notebooks/designs", "shop.yaml").read_text(encoding="utf-8")


def _find_shipped(inside: str, beside: str, name: str) -> Path:
    """A file that travels with the package: in a folder of it in a wheel, in another of the checkout otherwise."""
    package = Path(__file__).parent.parent
    for place in (package / inside, package.parent / beside):
        if (place / name).exists():
            return place / name
    raise ArchnbError(f"{name} is missing from {package / inside}; install archnb again.")


def _print_demo(
    made: Plan, evidence: Any, report_path: Path, artefacts: list[Path], worst: Any, seconds: float
) -> None:
    for proof in evidence:
        say(f"  {proof.verdict:8} {proof.artefact}: {proof.kind}, {proof.engine} {proof.version}".rstrip())
    say(f"\nReport     {report_path.resolve()}  ({report_path.stat().st_size / 1e3:,.0f} kB)")
    say(f"Artefacts  {', '.join(one.name for one in artefacts)}  in {report_path.parent.resolve()}")
    say(f"Counts     {len(made.facts)} facts, {made.findings.note}, {len(evidence)} proofs, in {seconds:.1f} s")
    if worst is not None:
        say(
            f"\nWorst finding ({worst.severity}), {worst.path}: {worst.effect}\n  Evidence: {worst.evidence}\n  Remedy: {worst.remedy}"
        )


@main.command(epilog='Example: eval "$(archnb completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    say(found(main, {}, "archnb", "_ARCHNB_COMPLETE").source())
