"""Anomalies of the lake: what is watched, judged night after night, gathered into incidents, and explained from rows."""
