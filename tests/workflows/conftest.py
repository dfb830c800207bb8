"""A repository with pull requests, and enough of GitHub Actions to run the example workflows as they are written.

The events, the conditions, the checkouts, the outputs, the artifacts and every `run:` line are those of the files;
GitHub's own side, which `gh` speaks with, is a folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / ".github" / "examples"
RECEIPTS = ROOT / "datasets" / "receipts"
REPOSITORY = "owner/receipts"
CONFIG = """
name = "receipts"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
max_tokens = 4096
[[graders]]
name = "total"
rubric = "total.md.j2"
labels = { wrong = 0, right = 1 }
[[candidates]]
name = "bot"
outputs = "bot.jsonl"
[gate]
baseline = "label:main"
margin = 0.03
"""
_NAME = re.compile(
    r"'[^']*'|[a-z_][\w-]*(?:\.[\w-]+)*(?=\s*\()|[a-z_][\w-]*(?:\.[\w-]+)*|!(?!=)|&&|\|\|", re.IGNORECASE
)


def parse(text: str) -> Any:
    """The YAML of the workflows: mappings, lists, block literals and plain or quoted words; nothing else is in them."""
    lines = [line.rstrip() for line in text.splitlines()]
    rows = [(len(line) - len(line.lstrip()), line.strip()) for line in lines]
    found, rest = _block([row for row in rows if row[1] and not row[1].startswith("#")], 0)
    assert not rest, rest
    return found


def _block(rows: list[tuple[int, str]], indent: int) -> tuple[Any, list[tuple[int, str]]]:
    if rows[0][1].startswith("- "):
        items: list[Any] = []
        while rows and rows[0][0] == indent and rows[0][1].startswith("- "):
            inner = [(indent + 2, rows[0][1][2:]), *rows[1:]]
            plain = not re.match(r"[\w-]+:( |$)", inner[0][1])
            item, rows = (_scalar(inner[0][1]), rows[1:]) if plain else _block(inner, indent + 2)
            items.append(item)
        return items, rows
    found: dict[str, Any] = {}
    while rows and rows[0][0] == indent and not rows[0][1].startswith("- "):
        name, _, value = rows[0][1].partition(":")
        value, rows = re.sub(r"\s+#.*", "", value).strip(), rows[1:]
        if value:
            found[name] = _scalar(value)
        elif rows and rows[0][0] > indent:
            found[name], rows = _block(rows, rows[0][0])
        else:
            found[name] = None
    return found, rows


def _scalar(text: str) -> Any:
    text = re.sub(r"\s+#.*", "", text)
    if text == "{}":
        return {}
    if text.startswith("["):
        return [word.strip() for word in text[1:-1].split(",")]
    assert not text.startswith(("|", ">", "&", "*")), text
    return text[1:-1] if text[:1] == text[-1:] == '"' else text


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """An expression of a workflow; what is not there is the empty text, as at GitHub."""

    def word(match: re.Match[str]) -> str:
        text = match.group()
        if text in ("!", "&&", "||"):
            return {"!": " not ", "&&": " and ", "||": " or "}[text]
        return text if text[0] == "'" or text in ("fromJSON", "always") else f"get({text!r})"

    def get(path: str) -> Any:
        value: Any = context
        for part in path.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return "" if value is None else value

    code = _NAME.sub(word, expression.strip())
    return eval(code, {"get": get, "fromJSON": json.loads, "always": lambda: True})


def fill(text: str, context: Mapping[str, Any]) -> Any:
    """A text with its expressions; one that is all expression keeps its type."""
    if whole := re.fullmatch(r"\$\{\{((?:(?!\}\}).)*)\}\}", text):
        return evaluate(whole[1], context)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(evaluate(match[1], context)), text)


@dataclass
class Job:
    """How one job ended."""

    folder: Path
    code: int = 0
    log: str = ""
    ran: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    summary: str = ""


@dataclass
class GitHub:
    """The other side: a bare repository, and a folder with pull requests, statuses, comments and artifacts."""

    folder: Path
    secrets: dict[str, str]
    variables: dict[str, str]
    runs: int = 0

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def change(self, **values: Any) -> None:
        (self.folder / "state.json").write_text(json.dumps({**self.state, **values}))

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", *words],
            cwd=cwd or self.folder / "work", check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def pull(self, number: int, files: Mapping[str, str]) -> str:
        """Open a pull request that changes these files of the config's folder; its head commit."""
        self.git("checkout", "-q", "-b", f"branch-{number}", "main")
        for name, text in files.items():
            (self.folder / "work" / "evals" / name).write_text(text)
        self.git("commit", "-q", "-a", "--allow-empty", "-m", "A change")
        self.git("push", "-q", "origin", f"HEAD:refs/pull/{number}/head")
        sha = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "main")
        self.change(pulls=[*self.state["pulls"], {"number": number, "state": "open", "head": {"sha": sha}}])
        return sha

    def status(self, sha: str) -> tuple[str, str]:
        """State and description of the newest status of a commit."""
        found = [one for one in self.state["statuses"] if one["sha"] == sha]
        return found[-1]["state"], found[-1]["description"]

    def comments(self, pull: int) -> list[str]:
        return [one["body"] for one in self.state["comments"] if one["pull"] == str(pull)]

    def fire(
        self, workflow: str, event: str, *, schedule: str = "", attempt: int = 1, **payload: Any
    ) -> dict[str, Any]:
        """Run the jobs that a workflow has for an event: by name, or by name and pull request in a matrix."""
        self.runs += 1
        document = parse((EXAMPLES / workflow).read_text())
        default = {"full_name": REPOSITORY, "default_branch": "main"}
        context: dict[str, Any] = {
            "github": {
                "event_name": event, "repository": REPOSITORY, "token": "token", "run_attempt": attempt,
                "event": {"repository": default, "schedule": schedule, **payload},
            },
            "inputs": payload.get("inputs", {}), "secrets": self.secrets, "needs": {},
        }  # fmt: skip
        done: dict[str, Any] = {}
        for name, job in document["jobs"].items():
            if "needs" in job and job["needs"] not in done:
                continue
            if "if" in job and not evaluate(job["if"], context):
                continue
            assert job["runs-on"] == "ubuntu-latest"
            matrix = fill(job["strategy"]["matrix"]["include"], context) if "strategy" in job else [{}]
            for row in matrix:
                one = self._job(document, job, {**context, "matrix": row})
                done[f"{name} {row['pull']}" if row else name] = one
                context["needs"][name] = {"outputs": one.outputs}
                if one.code:
                    return done
        return done

    def _job(self, document: dict[str, Any], job: dict[str, Any], context: dict[str, Any]) -> Job:
        one = Job(folder=self.folder / f"job-{len(list(self.folder.glob('job-*')))}")
        one.folder.mkdir()
        context = {**context, "steps": {}}
        variables = {**(document.get("env") or {}), **(job.get("env") or {})}
        env = {name: str(fill(str(value), context)) for name, value in variables.items()}
        for step in job["steps"]:
            wanted = evaluate(step["if"], context) if "if" in step else True
            if not wanted or (one.code and "always()" not in step.get("if", "")):
                continue
            if "uses" in step:
                self._use(step, context, one)
            else:
                self._run(step, context, one, env)
        one.outputs = {name: fill(text, context) for name, text in (job.get("outputs") or {}).items()}
        return one

    def _run(self, step: dict[str, Any], context: dict[str, Any], one: Job, env: dict[str, str]) -> None:
        assert "${{" not in step["run"], "an expression in a line of shell lets whoever fills it in run commands"
        output = one.folder.with_suffix(".output")
        summary = one.folder.with_suffix(".summary")
        output.write_text("")
        own = {name: str(fill(str(value), context)) for name, value in (step.get("env") or {}).items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        done = self.shell(step["run"], one.folder, {**self.variables, **env, **own, **files})
        one.log += f"$ {step['run']}\n{done.stdout}"
        one.ran.append(step["run"])
        one.code = one.code or done.returncode
        if "id" in step:
            pairs = (line.partition("=") for line in output.read_text().splitlines())
            context["steps"][step["id"]] = {"outputs": {name: value for name, _, value in pairs}}
        one.summary = summary.read_text() if summary.exists() else ""

    def shell(self, line: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """A line as a runner runs it; its errors are in its output."""
        base = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.folder),
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": str(self.runs), "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.example", "FAKE_GITHUB": str(self.folder), "NO_COLOR": "1",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }  # fmt: skip
        return subprocess.run(
            ["bash", "-e", "-c", line], cwd=folder, env={**base, **env}, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )  # fmt: skip

    def script(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Call the script that a user copies, in the checkout of the main branch."""
        line = " ".join([".github/evalkit-github.sh", *words])
        return self.shell(line, self.folder / "work", {"GH_TOKEN": "token", **env})

    def program(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        _program(self.folder / "bin" / name, text)

    def batches(self) -> int:
        """How many batches the API was made to create."""
        url = f"{self.variables['ANTHROPIC_BASE_URL']}/v1/messages/batches?limit=100"
        headers = {"x-api-key": "key", "anthropic-version": "2023-06-01"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return len(json.load(answer)["data"])

    def _use(self, step: dict[str, Any], context: dict[str, Any], one: Job) -> None:
        action, _, _ = step["uses"].partition("@")
        given = {name: str(fill(str(value), context)) for name, value in (step.get("with") or {}).items()}
        match action:
            case "actions/checkout":
                place = one.folder / given.get("path", ".")
                place.mkdir(exist_ok=True)
                self.git("init", "-q", ".", cwd=place)
                self.git("fetch", "-q", str(self.folder / "origin"), given.get("ref", "main"), cwd=place)
                self.git("checkout", "-q", "FETCH_HEAD", cwd=place)
            case "actions/setup-python":
                assert given["python-version"] == "3.11"
            case "actions/upload-artifact":
                self.upload(given["name"], one.folder / given["path"])
            case "actions/download-artifact":
                found = [one["id"] for one in self.state["artifacts"] if one["name"] == given["name"]]
                zipfile.ZipFile(self.folder / f"{found[-1]}.zip").extractall(one.folder)
            case _:
                raise AssertionError(f"what does {action} do?")

    def upload(self, name: str, path: Path, *, head_repository: int = 1) -> None:
        """Keep a file or a folder as an artifact; nothing where there is nothing, as the action does."""
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path] * path.exists()
        if not files:
            return
        number = len(self.state["artifacts"]) + 1
        with zipfile.ZipFile(self.folder / f"{number}.zip", "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(path if path.is_dir() else path.parent))
        made = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        row = {
            "id": number, "name": name, "expired": False, "created_at": made,
            "workflow_run": {"repository_id": 1, "head_repository_id": head_repository},
        }  # fmt: skip
        self.change(artifacts=[row, *self.state["artifacts"]] if number % 2 else [*self.state["artifacts"], row])


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def server(start: Callable[..., Any], github: GitHub, nest: Any) -> str:
    """The URL of a sandbox that is a process of its own and outlives every job; the jobs' account is there."""
    process = start("-m", "evalkit", "sandbox", "--port", "0")
    said = iter(process.stdout.readline, "")
    url = next(found[0] for line in said if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
    github.variables["ANTHROPIC_BASE_URL"] = url
    github.program("evalkit", nest.program())
    return url


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """A repository whose main branch holds the receipts and the script that a user copies."""
    if shutil.which("jq") is None or shutil.which("git") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the examples need jq and git")
        pytest.skip("the examples need jq and git")
    folder = tmp_path / "github"
    work = folder / "work"
    (work / "evals").mkdir(parents=True)
    (work / ".github").mkdir()
    state = {"repository": REPOSITORY, "pulls": [], "statuses": [], "comments": [], "artifacts": [], "calls": []}
    (folder / "state.json").write_text(json.dumps(state))
    for name in ("cases.jsonl", "total.md.j2"):
        shutil.copy(RECEIPTS / name, work / "evals")
    shutil.copy(RECEIPTS / "main.jsonl", work / "evals" / "bot.jsonl")
    (work / "evals" / "evalkit.toml").write_text(CONFIG)
    shutil.copy(EXAMPLES / "evalkit-github.sh", work / ".github")
    (folder / "bin").mkdir()
    _program(folder / "bin" / "pip", '#!/bin/sh\ncase "$*" in "install evalkit-batch"*) ;; *) exit 1 ;; esac\n')
    _program(folder / "bin" / "gh", f"#!{sys.executable} -IS\n{Path(__file__).with_name('fake_gh.py').read_text()}")
    secrets = {"ANTHROPIC_API_KEY": "key"}
    made = GitHub(folder=folder, secrets=secrets, variables={})
    made.git("init", "-q", "-b", "main", ".")
    made.git("add", ".")
    made.git("commit", "-q", "-m", "The receipts")
    made.git("clone", "-q", "--bare", str(work), str(folder / "origin"))
    made.git("remote", "add", "origin", str(folder / "origin"))
    yield made
    shutil.rmtree(folder, ignore_errors=True)
