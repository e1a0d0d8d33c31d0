"""Runs the migrations on the connection that `store.migrate` hands over; there is no stand-alone mode."""

from alembic import context

from wxlink.relay.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
