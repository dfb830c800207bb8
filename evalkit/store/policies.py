"""Policies: the gate of the config that a run was submitted with, so that a later, looser one is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.store.engine import Database
from evalkit.store.rows import from_json, to_json
from evalkit.store.schema import policies


class Policies:
    """The policies of a store."""

    def __init__(self, database: Database) -> None:
        """Policies of a database."""
        self._database = database

    def add(self, connection: Connection, run: str, policy: Mapping[str, Any]) -> None:
        """Keep the policy of a run, within the transaction that keeps the run; the first one stays."""
        self._database.insert_new(connection, policies, [{"run": run, "policy": to_json(policy)}])

    def of(self, run: str) -> dict[str, Any] | None:
        """The policy that a run was submitted under; None where its config had no gate."""
        with self._database.reading() as connection:
            text = connection.execute(sa.select(policies.c.policy).where(policies.c.run == run)).scalar()
        return None if text is None else from_json(text)
