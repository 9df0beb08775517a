"""VizlyChart: one typed chart language; the same picture in the browser, in a notebook, in print and in a message."""

from finopsmetrics.vizlychart.chart import VizlyChart
from finopsmetrics.vizlychart.errors import ChartError
from finopsmetrics.vizlychart.spec import ChartSpec, Column, Marker

__all__ = ["ChartError", "ChartSpec", "Column", "Marker", "VizlyChart"]
