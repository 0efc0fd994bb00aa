"""The database's history: Alembic revisions for SQLite and PostgreSQL (see `coordinator.schema`).

env  run by Alembic for every command     versions/  the revisions
"""
