"""The guards, broken on purpose: the invariants that the sweeps hold evalkit against can fail, and do."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from typing import Any, Final

import pytest

from evalkit.sandbox import Fault

_RETRIES: Final = """
from functools import cached_property
from evalkit import session
from evalkit.provider import Provider

class Retrying(Provider):
    @cached_property
    def client(self):
        client = Provider.client.func(self)
        class Eager(type(client)):
            def with_options(self, **options):
                return super().with_options(**{**options, "max_retries": 2})
        client.__class__ = Eager
        return client

session.Provider = Retrying
"""
_TAKEN_FOR_REFUSED: Final = """
from evalkit.pipeline import sender
from evalkit.provider import NotCreated, Provider, Unknown

class Guessing(Provider):
    def create(self, body):
        outcome = Provider.create(self, body)
        return NotCreated(reason="guessed", retry_after=0.01) if isinstance(outcome, Unknown) else outcome

from evalkit import session
session.Provider = Guessing
"""
_NO_INTENT: Final = """
from dataclasses import replace
from evalkit.run import IntentState
from evalkit.store.intents import Intents

claim, created = Intents.claim, Intents.created

def claimed(self, intent, *, body_digest, account, base_url, holder, now):
    known = dict(body_digest=body_digest, account=account, base_url=base_url, holder=holder, intended_at=now)
    self.forgotten = dict(body_digest=body_digest, account=account, base_url=base_url, holder=holder, now=now)
    return replace(intent, state=IntentState.INTENDED, **known)

def settled(self, intent, **known):
    created(self, claim(self, replace(intent, state=IntentState.PLANNED), **self.forgotten), **known)

Intents.claim, Intents.created = claimed, settled
"""
_SUBMIT: Final = """
import os
import evalkit

try:
    evalkit.submit(os.getcwd())
except evalkit.EvalkitError as error:
    print(error)
"""


def _submit(place: Any, nest: Any, broken: str, **env: str) -> int:
    """Submit in a process of its own whose guard is broken."""
    return place.hatch(nest, "-c", broken + _SUBMIT, env=env).wait().code


def test_the_unbroken_guards_hold_where_the_broken_ones_do_not(faults: Any, nest: Any) -> None:
    place = faults.new(Fault("create", "commit-then-500"))

    assert _submit(place, nest, "") == 0
    place.again()

    faults.kept_promises(place)
    assert faults.creates(place) == 6


@pytest.mark.parametrize("broken", [_RETRIES, _TAKEN_FOR_REFUSED], ids=["retried by the SDK", "taken for refused"])
@pytest.mark.parametrize("fault", ["commit-then-500", "commit-then-reset"])
def test_a_create_that_is_sent_again_is_caught(faults: Any, nest: Any, broken: str, fault: Any) -> None:
    place = faults.new(Fault("create", fault))

    assert _submit(place, nest, broken) == 0
    place.again()

    with pytest.raises(faults.broken, match="the store does not know"):
        faults.kept_promises(place)


@pytest.mark.parametrize("step", ["claimed", "answered"])
def test_a_create_without_a_durable_intent_is_caught(faults: Any, nest: Any, step: str) -> None:
    place = faults.new()

    assert _submit(place, nest, _NO_INTENT, EVALKIT_FAIL_AT=step) == -signal.SIGKILL
    place.again()

    if step == "claimed":
        faults.kept_promises(place)  # nothing had been sent: only a kill after the create shows what is amiss
        return
    with pytest.raises(faults.broken, match="the store does not know"):
        faults.kept_promises(place)


HARMS: Final = (
    ("delete from scores where case_id = 'case-00'", "cases = scored"),
    ("update scores set value = 0.5 where value = 1", "scores as without a fault"),
    ("update results set output_tokens = output_tokens * 2", "usage as billed"),
    ("delete from results where custom_id like '%case-00'", "usage as billed"),
    ("update intents set body_digest = 'x'", "the digest of the intent"),
    ("update batches set state = 'ended'", "batches that are not collected"),
)


def test_what_is_lost_or_counted_twice_is_caught(faults: Any) -> None:
    place = faults.new()
    place.again()
    faults.kept_promises(place)

    for number, (harm, said) in enumerate(HARMS):
        harmed = replace(place, db=place.db.with_name(f"harmed-{number}.db"))
        shutil.copy(place.db, harmed.db)
        harmed.harm(harm)
        with pytest.raises(faults.broken, match=said):
            faults.kept_promises(harmed)
    faults.kept_promises(place)
