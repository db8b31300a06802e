"""Migrations of the database, by alembic.

env   how alembic runs them
"""
