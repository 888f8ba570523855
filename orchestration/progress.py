"""What a run is doing right now, told to whoever watches: a log by default, the console in the CLI."""

import logging
from collections.abc import Callable

Listener = Callable[[str, bool], None]

_listeners: list[Listener] = []


def say(message: str, *, is_passing: bool = False) -> None:
    """Tells the listeners, or the log where nobody listens.

    A passing message (one file of thousands) is worth showing while it lasts, but not keeping.
    """
    if not _listeners:
        logging.getLogger("faultline").log(logging.DEBUG if is_passing else logging.INFO, message)
    for listener in _listeners:
        listener(message, is_passing)


def listen(listener: Listener) -> Callable[[], None]:
    """Adds a listener; the returned function removes it again."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
