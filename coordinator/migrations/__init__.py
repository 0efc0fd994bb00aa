"""The database's history: Alembic revisions for SQLite and PostgreSQL alike (see `coordinator.schema`).

env  what Alembic runs for every command     versions/  the revisions
"""
