"""Numbered migrations of the state database, run by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from finopsmetrics.core.errors import StoreError


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, bound to `connection`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations that are missing up to `to`, inside the caller's transaction."""
    from alembic.util.exc import CommandError

    try:
        command.upgrade(configuration(connection), to)
    except CommandError as error:
        cure = "Use the version of finopsmetrics that wrote this home, or a newer one."
        raise StoreError(f"The state was written by another version: {error}.", cure=cure) from error


def head() -> str:
    """The newest revision."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())
