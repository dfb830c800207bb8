"""A folder with the files that configs name, a right config, and the messages for a wrong one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.config import load_config
from evalkit.errors import ConfigError

FILES = {
    "datasets/support/cases.jsonl": '{"id": "1", "input": "Hello?"}\n',
    "datasets/support/production.jsonl": '{"id": "1", "output": "Hello."}\n',
    "datasets/support/correctness.md.j2": "Is the answer correct?\n",
    "datasets/support/answer.md.j2": "Answer: {{ input }}\n",
    "datasets/support/blank.md": " \n",
    "datasets/support/cases.xlsx": "no\n",
    "datasets/support/notes": "no\n",
}

BASE = """\
name = "support"
[dataset]
path = "datasets/support/cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[graders]]
name = "correctness"
rubric = "Is it correct?"
[[candidates]]
name = "main"
outputs = "answer"
[gate]
baseline = "main"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "datasets/support/latin.md").write_bytes(b"caf\xe9")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def right(folder: Path) -> str:
    """A config that nothing is wrong with."""
    (folder / "evalkit.toml").write_text(BASE, encoding="utf-8")
    assert load_config(folder).name == "support"
    return BASE


@pytest.fixture
def refused(folder: Path) -> Callable[[str], list[str]]:
    """The messages for a config, without the name of the file that they all begin with."""

    def messages(text: str) -> list[str]:
        Path("evalkit.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_config(Path("evalkit.toml"))
        assert all(str(problem).startswith("evalkit.toml") for problem in caught.value.problems)
        return [str(problem).removeprefix("evalkit.toml") for problem in caught.value.problems]

    return messages


@pytest.fixture
def broken(right: str, refused: Callable[[str], list[str]]) -> Callable[..., list[str]]:
    """The messages for the right config with some of its text replaced."""

    def messages(*pairs: tuple[str, str]) -> list[str]:
        text = right
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        return refused(text)

    return messages
