"""Migrations: Alembic brings a store to the newest schema; nothing in it is lost."""

from __future__ import annotations

from importlib import resources

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import Engine

from evalkit.errors import StoreError

_LOCK = 0x65766B  # any number that only evalkit's migrations take


def upgrade(engine: Engine) -> None:
    """Run what is missing of the migrations, in one transaction, one process at a time.

    Raises:
        StoreError: the store is at a migration that this evalkit does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(resources.files("evalkit.store").joinpath("migrations")))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            shown = engine.url.render_as_string(hide_password=True)
            raise StoreError(
                f"the store {shown} is of another version of evalkit ({error}); upgrade evalkit"
            ) from error
