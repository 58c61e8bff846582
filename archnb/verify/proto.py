"""gRPC: the service compiled by protoc, as grpcio-tools brings it, and linted by buf where that is on the PATH."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archnb.exceptions import EngineMissing
from archnb.export import export
from archnb.verify.proof import Check, Proof, conclude
from archnb.verify.session import shorten_message

if TYPE_CHECKING:
    from archnb.plan import Plan

ARTEFACT = "gRPC service"
TOOL = "grpcio-tools"


def verify_proto(plan: Plan, **_: Any) -> Proof:
    """Compile the file, and look for a call of each operation; nothing is called, so the kind is 'parsed or schema-checked'."""
    started = time.perf_counter()
    if (missing := find_missing()) is not None:
        check = Check("engine", "not run", str(missing))
        return Proof(ARTEFACT, TOOL, "", "not verified", 0, 0.0, "not run", (check,))
    count = len(plan.planned.operations)
    with tempfile.TemporaryDirectory() as folder:
        text = export(plan, "proto").text
        details = [*_compile(Path(folder), text, count), *_lint(Path(folder) / "lint", text)]
    seconds = time.perf_counter() - started
    return Proof(
        ARTEFACT, TOOL, version(TOOL), "parsed or schema-checked", count, seconds, conclude(details), tuple(details)
    )


def find_missing() -> EngineMissing | None:
    """What to say where grpcio-tools is not installed; None where it is."""
    if importlib.util.find_spec("grpc_tools") is None:
        return EngineMissing.of_extra("a gRPC service is compiled by", TOOL, "verify")
    return None


def _lint(folder: Path, text: str) -> list[Check]:
    """What buf says of the file by its standard rules, where a file lies in the folder of its package."""
    program = shutil.which("buf")
    if program is None:
        return [Check("buf", "not run", "buf is not on the PATH (npm install @bufbuild/buf): style is not checked")]
    package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    place = folder.joinpath(*(package[1].split(".") if package is not None else ()))
    place.mkdir(parents=True)
    (place / "service.proto").write_text(text, encoding="utf-8")
    for command in ("build", "lint"):
        done = subprocess.run(
            [program, command, "."], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            lines = [one for one in (done.stdout + done.stderr).splitlines() if one.strip()] or [
                f"buf {command} failed"
            ]
            return [Check(f"buf {command}", "failed", shorten_message(one)) for one in lines[:20]]
    return [Check("buf", "passed", "it builds, and keeps the standard rules")]


def _compile(folder: Path, text: str, count: int) -> list[Check]:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet  # type: ignore[import-untyped, unused-ignore]

    (folder / "service.proto").write_text(text, encoding="utf-8")
    # a process of its own: the compiler writes its messages to the descriptors of the one that calls it
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{folder}",
        f"--descriptor_set_out={folder / 'out'}",
        str(folder / "service.proto"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        lines = [one for one in done.stderr.splitlines() if one.strip()] or ["protoc failed"]
        return [Check("protoc", "failed", shorten_message(one)) for one in lines[:20]]
    read = FileDescriptorSet.FromString((folder / "out").read_bytes())
    methods = [method.name for one in read.file for service in one.service for method in service.method]
    if len(methods) != count:
        return [Check("calls", "failed", f"{len(methods)} calls for {count} operations")]
    warned = [
        Check("protoc", "passed", shorten_message(one)) for one in done.stderr.splitlines() if "warning" in one.lower()
    ]
    return [Check("protoc", "passed", f"a valid proto3 file with {count} calls"), *warned]
