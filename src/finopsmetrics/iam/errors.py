"""What can go wrong when somebody proves who they are."""

from __future__ import annotations

from finopsmetrics.core.errors import FinOpsError


class UnknownAskerError(FinOpsError):
    """Nobody is logged in, or what was shown as proof does not hold."""

    code = "unauthenticated"
    exit_code = 4
    http_status = 401

    def __init__(
        self, cause: str = "This needs a log-in.", *, cure: str = "Log in, or send a token as Authorization: Bearer."
    ) -> None:
        super().__init__(cause, cure=cure)


class SecondFactorError(UnknownAskerError):
    """The password is right; a code of the authenticator is needed too."""

    code = "second_factor"

    def __init__(self, cause: str = "A code of the authenticator app is needed.") -> None:
        super().__init__(cause, cure="Send it as `code`: six digits, or a recovery code.")


class TooManyAttemptsError(FinOpsError):
    """Too many attempts in a short time."""

    code = "too_many_attempts"
    exit_code = 4
    http_status = 429

    def __init__(self, cause: str, seconds: int) -> None:
        super().__init__(cause, cure=f"Wait {seconds} seconds.", retryable=True)
        self.seconds = seconds
