"""Databricks: its bills."""
