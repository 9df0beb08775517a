"""Wiring: the workspace puts the parts together; the faces are thin over it."""
