"""The database's history: Alembic revisions for SQLite and PostgreSQL alike (see `coordinator.schema`)."""
