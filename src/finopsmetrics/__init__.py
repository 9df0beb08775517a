"""finopsmetrics: every bill in one exact FOCUS table, every figure tied to the cent."""

__version__ = "0.1.0"
