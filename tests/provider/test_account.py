"""The account: which key is used, what it is known by, and that it is shown nowhere."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.errors import ExitCode, ProviderError
from evalkit.provider import NotCreated, Provider, Unknown
from evalkit.sandbox import Behaviour, Fault, Sandbox

KEY = "sk-test-0123456789-never-shown"


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The SDK also looks for credentials at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_without_a_key_the_error_says_how_to_set_one_or_do_without() -> None:
    with pytest.raises(ProviderError) as caught, Provider(base_url="http://127.0.0.1:1") as provider:
        provider.create(io.BytesIO(b"{}"))
    assert caught.value.exit_code is ExitCode.PROVIDER
    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "--sandbox" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "spoilt", [f"{KEY}\n", f" {KEY}", f"{KEY} ", "sk-test\x00-never-shown", "sk-test-\u2026-never-shown"]
)
def test_a_key_that_cannot_be_one_is_refused_before_anything_is_sent_and_not_shown(
    sandbox: Sandbox, connect: Callable[..., Provider], spoilt: str
) -> None:
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY") as caught:
        connect(sandbox.url, key=spoilt).create(io.BytesIO(b"{}"))
    assert "never-shown" not in str(caught.value)
    assert sandbox.witness() == []


def test_key_and_base_url_come_from_the_environment_as_the_sdk_reads_them(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., Provider]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{sandbox.url}/")
    with Provider() as provider:
        assert provider.base_url == sandbox.url
        assert provider.account == connect(sandbox.url).account
        assert list(provider.list_batches()) == []


def test_the_account_is_told_by_key_and_base_url_and_by_nothing_else(connect: Callable[..., Provider]) -> None:
    accounts = {
        connect("http://127.0.0.1:1").account,
        connect("http://127.0.0.1:2").account,
        connect("http://127.0.0.1:1", key="another").account,
    }
    assert len(accounts) == 3
    assert connect("http://127.0.0.1:1/").account in accounts
    assert {len(account) for account in accounts} == {16}
    assert Provider(base_url="http://127.0.0.1:1", api_key="x", account="sandbox").account == "sandbox"


def test_the_key_is_shown_nowhere(sandbox: Sandbox, provider: Provider, connect: Callable[..., Provider]) -> None:
    shown = [repr(provider), str(provider), provider.account, provider.base_url, repr(vars(Provider(api_key=None)))]
    for fault in ("reset", "429", "413-html", "500", "redirect", "200-html", "404"):
        sandbox.behaviour = Behaviour(faults=(Fault("create", fault),))
        outcome = provider.create(io.BytesIO(b"{}"))
        assert isinstance(outcome, NotCreated | Unknown)
        shown.append(repr(outcome))
    sandbox.behaviour = Behaviour(keys=("another",))
    with Sandbox() as gone:
        nowhere = connect(gone.url)
    nowhere.__dict__["client"] = nowhere.client.with_options(max_retries=0)
    for asked in (provider.retrieve, nowhere.retrieve, provider.cancel, nowhere.cancel):
        with pytest.raises(ProviderError) as caught:
            asked("msgbatch_1")
        shown.append(str(caught.value))
    assert [text for text in shown if KEY in text or "never-shown" in text] == []
    assert KEY not in str(dict(os.environ))
