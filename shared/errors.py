"""The error tree. Leaves are named by what the catcher does.

    ProctorError
    ├── ConfigError    the installation is wrong: say it, exit 2, never retry
    ├── Unavailable    somebody needed is away: retry with back-off
    ├── Rejected       the peer asked for what it may not have: tell it, drop that one thing
    └── Corrupt        bytes that are not what they claim: refuse, count, alarm

Foreign exceptions are translated once, at the border where they appear, with the cause chained.
Messages say what happened, where and what to do; they never carry personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ProctorError(Exception):
    """Anything this product raises on purpose. It may cross to another process by pickle."""

    def __reduce__(self) -> tuple[object, ...]:
        # An exception is pickled as a call of its class with its message, which leaves are not made by.
        return _remade, (type(self), self.args), vars(self)


def _remade(kind: type[ProctorError], args: tuple[object, ...]) -> ProctorError:
    return kind.__new__(kind, *args)


class ConfigError(ProctorError):
    """The installation or its configuration is wrong; a person must mend it."""


class Unavailable(ProctorError):
    """Something needed is not there now; the same request may succeed later.

    `code` is a short stable word for programs (`"no-node-online"`); `retry_after_s` says when to ask again.
    """

    def __init__(self, message: str, *, code: str = "unavailable", retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class Rejected(ProctorError):
    """The peer's request is refused and changes nothing.

    `status` is the HTTP status that says it best, also where the transport is not HTTP; `code` is a short
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
        """When the same request may be made again (status 429)."""
        self.errors = tuple(errors)
        """One entry per wrong part, with its `path` and `message`."""


class Corrupt(ProctorError):
    """Bytes that fail their hash, signature, seal or schema."""
