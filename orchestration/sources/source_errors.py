"""Mistakes of a source file: each names the file, the line, the problem and the remedy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orchestration.errors import ConfigurationError


class SourceError(ConfigurationError):
    """A source file is wrong at a line; `others` are further mistakes in it."""

    def __init__(
        self, file: Path, line: int, problem: str, remedy: str, others: Sequence["SourceError"] = ()
    ) -> None:
        more = f" And {len(others)} more: faultline sources check lists all." if others else ""
        super().__init__(f"{file}:{line}: {problem} {remedy}{more}")
        self.file, self.line, self.problem, self.remedy = file, line, problem, remedy
        self.others = tuple(others)


class Mistakes:
    """What is wrong in a source file: one mistake does not hide the next."""

    def __init__(self) -> None:
        self._found: list[SourceError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Notes the mistake that ends the block, and goes on behind it."""
        try:
            yield
        except SourceError as error:
            self._found.append(error)

    def stop_if_any(self) -> None:
        """Raises what was noted, the first line first."""
        if self._found:
            raise together(self._found)


def together(found: Sequence[SourceError]) -> SourceError:
    """One mistake out of several: the first by line, with the others behind it."""
    first, *others = sorted(found, key=lambda error: error.line)
    return SourceError(first.file, first.line, first.problem, first.remedy, others)
