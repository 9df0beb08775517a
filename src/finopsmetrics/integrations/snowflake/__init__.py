"""Snowflake: its bills."""
