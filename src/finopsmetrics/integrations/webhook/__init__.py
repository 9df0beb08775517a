"""Webhooks: notices as signed JSON to an address of one's own."""
