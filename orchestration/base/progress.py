"""Messages about what a run is doing: to the log by default, to the console in the CLI."""

import logging
from collections.abc import Callable

from orchestration.base.text import printable

Listener = Callable[[str, float | None], None]

WARNING = "Warning: "
"""What a message begins with that a person should not overlook."""

_listeners: list[Listener] = []


def say(message: str, share: float | None = None) -> None:
    """Sends a message to the listeners, or to the log where nobody listens.

    With a share (how much of the stage is done, 0 to 1) the message is a passing one: worth showing while
    it lasts, but not keeping. Names of files may hold anything: unprintable characters are replaced.
    """
    _emit(message, share, logging.INFO if share is None else logging.DEBUG)


def warn(message: str) -> None:
    """Sends a message that a person should not overlook."""
    _emit(f"{WARNING}{message}", None, logging.WARNING)


def _emit(message: str, share: float | None, level: int) -> None:
    message = printable(message)
    if not _listeners:
        logging.getLogger("faultline").log(level, message)
    for listener in _listeners:
        listener(message, share)


def listen(listener: Listener) -> Callable[[], None]:
    """Adds a listener; the returned function removes it again."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
