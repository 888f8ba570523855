"""What a run is doing, as records of the logger `faultline`, which the command line shows."""

import logging

from orchestration.base.text import printable

LOGGER = logging.getLogger("faultline")


def say(message: str, share: float | None = None) -> None:
    """Logs a message. Names of files may hold anything: unprintable characters are replaced.

    With a share (how much of the stage is done, 0 to 1) the message is a passing one: worth showing while
    it lasts, but not keeping. Its record has the level DEBUG and the attribute `share`.
    """
    LOGGER.log(
        logging.INFO if share is None else logging.DEBUG, "%s", printable(message), extra={"share": share}
    )


def warn(message: str) -> None:
    """Logs a message that a person should not overlook."""
    LOGGER.warning("%s", printable(message), extra={"share": None})
