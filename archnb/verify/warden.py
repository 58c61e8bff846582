"""A server lives exactly as long as its owner. The warden is a small process of its own, run as a script with the
standard library only: it starts the server, waits for the end of its standard input, which the system closes however
the owner ends (even by kill -9), then stops the server and removes its folder. An ordinary stop takes the same way:
the owner closes the pipe.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

GRACE = 5.0  # seconds a server may take to stop by itself
LOG_SHOWN = 2_000  # bytes of the log that are told when a command fails


class Warden:
    """Runs the commands of one folder in order; the last one is the server."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.folder = Path(order["folder"])
        self.commands: list[list[str]] = order["commands"]
        self.user: int | None = order["user"]
        self.signal = int(order["signal"])
        self.child: subprocess.Popen[bytes] | None = None
        self.is_stopping = False
        self.turn = threading.Lock()

    def run(self) -> int:
        """Run until the owner is gone or a command fails; the folder is gone afterwards in either case."""
        threading.Thread(target=self.watch_owner, daemon=True).start()
        code = 0
        try:
            with (self.folder / "log").open("ab") as log:
                for command in self.commands:
                    child = self.start(command, log)
                    code = child.wait() if child is not None else 0
                    if code != 0 or self.is_stopping:
                        break
            if not self.is_stopping:
                self.tell_failure(code)
        finally:
            remove_folder(self.folder)
        return code

    def start(self, command: list[str], log: Any) -> subprocess.Popen[bytes] | None:
        """Start a command, unless the owner is gone already; its process id stands in the folder for whoever
        tidies up.
        """
        as_user: dict[str, Any] = {}
        if self.user is not None:
            as_user = {"user": self.user, "group": self.user, "extra_groups": []}
        with self.turn:
            if self.is_stopping:
                return None
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **as_user,
            )
            (self.folder / "server.pid").write_text(str(self.child.pid), encoding="ascii")
            return self.child

    def watch_owner(self) -> None:
        """Wait for the end of the pipe, then stop what runs."""
        while os.read(0, 1024):
            pass
        self.stop()

    def stop(self) -> None:
        """Stop what runs: politely, and after the grace for certain."""
        with self.turn:
            self.is_stopping = True
            child = self.child
        if child is None or child.poll() is not None:
            return
        child.send_signal(self.signal)
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()

    def tell_failure(self, code: int) -> None:
        """Hand the owner the exit code and the end of the log, because the folder goes."""
        tail = (self.folder / "log").read_bytes()[-LOG_SHOWN:].decode("utf-8", "replace")
        sys.stdout.write(f"exit code {code}: {tail.strip()}")
        sys.stdout.flush()


def remove_folder(folder: Path) -> None:
    """Remove the folder; a server's last processes may still be writing into it, so try more than once."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def main() -> int:
    """Take the order from the first argument and serve it."""
    warden = Warden(json.loads(sys.argv[1]))
    # Ctrl-C in the owner's terminal is the owner's affair; a request to end is met by stopping the server first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=warden.stop).start())
    return warden.run()


if __name__ == "__main__":
    sys.exit(main())
