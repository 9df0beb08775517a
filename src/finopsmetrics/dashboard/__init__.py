"""Dashboards: widgets that ask, draw and say in one sentence what they found; layouts for each role."""
