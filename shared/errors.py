"""The error tree. Each error is named by what its catcher does.

    ProctorError
    ├── ConfigError    the installation is wrong: print it, exit 2, never retry
    ├── Unavailable    something needed is not available: retry with back-off
    ├── Rejected       the peer's request is not allowed: answer so, drop that one request
    └── Corrupt        invalid bytes: refuse, count, alarm

Foreign exceptions are translated once, where they first appear, with the cause chained.
Messages say what happened, where and what to do; they never contain personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ProctorError(Exception):
    """Base of all errors that this product raises on purpose. They can be pickled for another process."""

    def __reduce__(self) -> tuple[object, ...]:
        # By default pickle calls the class with only the message, but subclasses take more arguments.
        return _remade, (type(self), self.args), vars(self)


def _remade(kind: type[ProctorError], args: tuple[object, ...]) -> ProctorError:
    return kind.__new__(kind, *args)


class ConfigError(ProctorError):
    """The installation or its configuration is wrong; a person must fix it."""


class Unavailable(ProctorError):
    """Something needed is not available now; the same request may succeed later.

    `code` is a short stable word for programs (`"no-node-online"`); `retry_after_s`: when to try again.
    """

    def __init__(self, message: str, *, code: str = "unavailable", retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class Rejected(ProctorError):
    """The peer's request is refused and changes nothing.

    `status` is the best matching HTTP status, even when the transport is not HTTP; `code` is a short
    stable word for programs (`"token-expired"`); the message is for people.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int = 400,
        retry_after_s: int | None = None,
        errors: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retry_after_s = retry_after_s
        """When the same request may be repeated (status 429)."""
        self.errors = tuple(errors)
        """One entry per wrong part, with its `path` and `message`."""


class Corrupt(ProctorError):
    """Bytes with a wrong hash, signature, seal or schema."""
