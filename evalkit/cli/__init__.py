"""The command line: argv -> api -> print -> exit."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run a command and exit with its code."""
    # A command makes many small objects and hardly a cycle, and looking for cycles costs a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    from evalkit.cli.exits import run

    sys.exit(run(sys.argv[1:]))
