"""Keeping: the state, the deliveries as fetched, and the lake: old state or new, never between."""
