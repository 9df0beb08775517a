"""Integrations: one folder a vendor, each with a manifest that is read without its code."""
