"""Alembic's entry point; everything is in services.runtime.alembic_env."""

from services.runtime.alembic_env import run

run()
