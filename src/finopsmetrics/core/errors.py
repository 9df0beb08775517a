"""One tree of errors. Each carries a code, a cause, a cure, and whether trying again can help.

FinOpsError
├── UsageError            the request is wrong: fix it and ask again (exit code 2, HTTP 400)
│   ├── WindowError       a time window that cannot be read
│   ├── ConditionError    a condition that cannot be read, with line and column
│   ├── QueryError        a question the data cannot answer as asked
│   └── SampleError       a sample that cannot be kept (in core.samples)
├── NotFoundError         the thing that was named does not exist (HTTP 404)
├── ConflictError         somebody else changed it, or two deliveries claim the same bill (HTTP 409)
├── MoneyError            an amount or a sum that would not be exact
├── DeliveryError         a delivery was refused; nothing was changed
│   └── EmptyDeliveryError  it is whole and holds no row
└── StoreError            the lake or the state cannot be read or written
"""

from __future__ import annotations


class FinOpsError(Exception):
    """Base of every error of finopsmetrics. `str(error)` is one message for people: cause, then cure."""

    code = "error"
    exit_code = 1
    http_status = 500

    def __init__(self, cause: str, *, cure: str = "", retryable: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.cure = cure
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.cause} {self.cure}".strip()


class UsageError(FinOpsError):
    """The request itself is wrong; asked differently it can work."""

    code = "usage"
    exit_code = 2
    http_status = 400


class WindowError(UsageError):
    """A time window that cannot be read."""

    code = "window"


class ConditionError(UsageError):
    """A condition that cannot be read. `line` and `column` count from 1."""

    code = "condition"

    def __init__(self, cause: str, *, line: int = 1, column: int = 1, cure: str = "") -> None:
        super().__init__(f"line {line}, column {column}: {cause}", cure=cure)
        self.line = line
        self.column = column


class QueryError(UsageError):
    """A question that the data cannot answer as asked."""

    code = "query"


class NotFoundError(FinOpsError):
    """The thing that was named does not exist."""

    code = "not_found"
    http_status = 404


class ConflictError(FinOpsError):
    """Another writer was there first, or two sources claim the same bill."""

    code = "conflict"
    http_status = 409


class MoneyError(FinOpsError):
    """An amount, or a sum of amounts, that would not be exact."""

    code = "money"
    http_status = 422


class DeliveryError(FinOpsError):
    """A delivery was refused; the lake is as it was."""

    code = "delivery"
    http_status = 422


class EmptyDeliveryError(DeliveryError):
    """A delivery that is whole and holds no row; the lake is as it was."""


class StoreError(FinOpsError):
    """The lake or the state cannot be read or written."""

    code = "store"
