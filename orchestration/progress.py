"""What a run is doing right now, told to whoever watches: a log by default, the console in the CLI."""

import logging
from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def say(message: str) -> None:
    """Tells the listeners, or the log where nobody listens."""
    if not _listeners:
        logging.getLogger("faultline").info(message)
    for listener in _listeners:
        listener(message)


def listen(listener: Callable[[str], None]) -> Callable[[], None]:
    """Adds a listener; the returned function removes it again."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
