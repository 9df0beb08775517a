"""Durability: nothing is lost, nothing is torn, nothing lies about."""
