"""The channels of notifications by their names; each lives with its vendor in `integrations`."""
