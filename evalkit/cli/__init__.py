"""The command line: argv -> api -> print -> exit."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command and exit with its code."""
    from evalkit.cli.exits import run

    sys.exit(run(sys.argv[1:]))
