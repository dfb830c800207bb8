"""Migrations: Alembic brings a store to the newest schema; nothing in it is lost."""

from __future__ import annotations

from importlib import resources

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

_LOCK = 0x65766B  # any number that only evalkit's migrations take


def upgrade(engine: Engine) -> None:
    """Run what is missing of the migrations, in one transaction, one process at a time."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("evalkit.store").joinpath("migrations")))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
