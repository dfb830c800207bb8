"""Alembic's entry point: migrations run on the connection that `evalkit.store.migrate` hands over."""

from alembic import context

from evalkit.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
