"""The command line as `python -m archnb.cli`."""

from __future__ import annotations

from archnb.cli.commands import main

if __name__ == "__main__":
    main()
