"""Values of a JSON file one by one, with no more of it in memory than the largest takes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestration.landing.export_file import UnreadableFile

MAX_RECORD_CHARACTERS = 256_000_000
"""A document beyond this that is no wrapper around records is not read."""
_FIRST_CHARACTERS = 1 << 16
_BLANKS = re.compile(r"[ \t\r\n]*")


class JsonStream:
    """Values of a JSON file one by one, with no more of it in memory than the largest takes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._decoder = json.JSONDecoder()
        self._text, self._at, self._marked = "", 0, -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _more(self) -> bool:
        kept = self._at if self._marked < 0 else self._marked
        length = max(_FIRST_CHARACTERS, len(self._text) - kept)
        if len(self._text) - kept > MAX_RECORD_CHARACTERS:
            raise UnreadableFile(f"a document longer than {MAX_RECORD_CHARACTERS:,} characters")
        chunk = self._file.read(length)
        self._text = self._text[kept:] + chunk
        self._at -= kept
        self._marked = min(self._marked, 0)
        return bool(chunk)

    def mark(self) -> None:
        """Keeps what follows, to come back to it."""
        self._marked = self._at

    def forget(self) -> None:
        """Gives up the mark."""
        self._marked = -1

    def return_to_mark(self) -> None:
        """Goes back, and gives up the mark."""
        self._at, self._marked = self._marked, -1

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Passes the next character, which must be this one."""
        if self.peek() != character:
            raise self._damaged()
        self._at += 1

    def goes_on(self, end: str) -> bool:
        """Whether there is another item; passes a comma, or the end."""
        following = self.peek()
        if following == ",":
            self._at += 1
            following = self.peek()
        if following == end:
            self._at += 1
            return False
        if not following:
            raise self._damaged()
        return True

    def value(self) -> tuple[str, Any]:
        """Text and value of what comes next."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self._damaged() from error
            except ValueError as error:
                if not self._more():
                    raise self._damaged() from error
                continue
            if end == len(self._text) and self._more():  # a number may go on
                continue
            raw = self._text[self._at : end]
            self._at = end
            return raw, value

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; whoever asks passes each value."""
        self.take("{")
        while self.goes_on("}"):
            key = self.value()[1]
            self.take(":")
            yield str(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """The items of the list that comes next."""
        self.take("[")
        while self.goes_on("]"):
            yield self.value()

    def _damaged(self) -> UnreadableFile:
        return UnreadableFile("damaged, or not JSON; deliver it again")
