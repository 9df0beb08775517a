"""What can be wrong with a chart."""

from __future__ import annotations

from finopsmetrics.core.errors import UsageError


class ChartError(UsageError):
    """Data that cannot be drawn as asked, or a picture that cannot be made."""

    code = "chart"
