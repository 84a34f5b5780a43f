"""Run by Alembic: the migrations go over the connection that `desk/database.py` hands in."""

from alembic import context

from epitome.desk.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
