"""What a run is doing right now, told to whoever watches: a log by default, the console in the CLI."""

import logging
from collections.abc import Callable

from orchestration.base.text import printable

Listener = Callable[[str, float | None], None]

WARNING = "Warning: "
"""What a message begins with that a person should not overlook."""

_listeners: list[Listener] = []


def say(message: str, share: float | None = None) -> None:
    """Tells the listeners, or the log where nobody listens.

    With a share (how much of the stage is done, 0 to 1) the message is a passing one: worth showing while
    it lasts, but not keeping. Names of files and columns may hold anything: nothing unprintable is told.
    """
    _tell(message, share, logging.INFO if share is None else logging.DEBUG)


def warn(message: str) -> None:
    """Tells what a person should not overlook."""
    _tell(f"{WARNING}{message}", None, logging.WARNING)


def _tell(message: str, share: float | None, level: int) -> None:
    message = printable(message)
    if not _listeners:
        logging.getLogger("faultline").log(level, message)
    for listener in _listeners:
        listener(message, share)


def listen(listener: Listener) -> Callable[[], None]:
    """Adds a listener; the returned function removes it again."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
