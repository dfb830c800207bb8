#!/usr/bin/env python3
"""The part of `gh api` that the example workflows use, against a folder; every call is written down."""

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

FOLDER = Path(os.environ["FAKE_GITHUB"])
STATE = FOLDER / "state.json"


def words(args: Sequence[str]) -> tuple[str, str, dict[str, str], bool]:
    """The method, the path and the fields of a command line."""
    method, path, fields, paginate = "GET", "", {}, False
    rest = iter(args)
    for word in rest:
        if word in ("-f", "-F"):
            name, _, value = next(rest).partition("=")
            fields[name] = Path(value[1:]).read_text() if word == "-F" and value[:1] == "@" else value
        elif word == "--method":
            method = next(rest)
        elif word == "--paginate":
            paginate = True
        elif word != "--silent":
            path = word
    return method, path, fields, paginate


def pages(rows: list[Any], query: dict[str, list[str]], paginate: bool) -> str:
    """As gh prints them: one array after another; without --paginate the first only."""
    size = min(int(query.get("per_page", ["30"])[0]), 2)  # so that every list has pages
    found = [rows[at : at + size] for at in range(0, len(rows), size)] or [[]]
    return "\n".join(json.dumps(page) for page in (found if paginate else found[:1]))


def answer(  # noqa: PLR0911  an answer per endpoint
    state: Any, method: str, path: str, fields: dict[str, str], paginate: bool
) -> str | bytes | None:
    path, _, asked = path.partition("?")
    query = parse_qs(asked)
    repository = f"repos/{state['repository']}/"
    if not path.startswith(repository):
        return None
    match [method, *path.removeprefix(repository).split("/")]:
        case ["GET", "pulls"]:
            return pages([pull for pull in state["pulls"] if pull["state"] in query["state"]], query, paginate)
        case ["GET", "commits", sha, "status"]:
            newest = {one["context"]: one for one in state["statuses"] if one["sha"] == sha}
            return json.dumps({"statuses": list(newest.values())})
        case ["POST", "statuses", sha]:
            assert fields["state"] in ("error", "failure", "pending", "success"), fields
            assert len(fields["description"]) <= 140, fields
            state["statuses"].append({"sha": sha, **fields})
            return ""
        case ["GET", "issues", number, "comments"]:
            return pages([one for one in state["comments"] if one["pull"] == number], query, paginate)
        case ["POST", "issues", number, "comments"]:
            state["comments"].append(
                {"id": len(state["comments"]) + 1, "pull": number, "user": {"type": "Bot"}, "body": fields["body"]}
            )
            return ""
        case ["PATCH", "issues", "comments", number]:
            (found,) = [one for one in state["comments"] if one["id"] == int(number)]
            found["body"] = fields["body"]
            return ""
        case ["GET", "actions", "artifacts"]:
            return json.dumps({"artifacts": [one for one in state["artifacts"] if one["name"] in query["name"]]})
        case ["GET", "actions", "artifacts", number, "zip"] if re.fullmatch(r"\d+", number):
            return (FOLDER / f"{number}.zip").read_bytes()
    return None


def main() -> None:
    assert sys.argv[1] == "api", sys.argv
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: to use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable")
    state = json.loads(STATE.read_text())
    method, path, fields, paginate = words(sys.argv[2:])
    state["calls"].append([method, path, fields])
    said = answer(state, method, path, fields, paginate)
    STATE.write_text(json.dumps(state))
    if said is None:
        sys.exit(f"gh: Not Found (HTTP 404): {method} {path}")
    sys.stdout.buffer.write(said if isinstance(said, bytes) else said.encode())


main()
