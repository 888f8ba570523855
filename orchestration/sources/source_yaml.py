"""The YAML of a source file: its values as text, the line of every key, and settings with old names."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.sources.source_errors import SourceError

OLD_SETTINGS = {"delivered": "delivered_at_pattern", "keep_new": "keep_unmapped", "known": "ignore_columns"}
"""Settings of a file set by their names in version 0.x; read until the next version, with a warning."""
OLD_FIELD_SETTINGS = {"otherwise": "default"}
"""The same of settings of a field."""


@dataclass(frozen=True)
class OldSetting:
    """A setting that a source file writes by its old name."""

    file: Path
    line: int
    old: str
    new: str

    @property
    def problem(self) -> str:
        """What to say about it, without its place."""
        return f"the setting {self.old!r} is called {self.new!r} now."

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return "Rename it: the next version of Faultline reads the new name only."


@dataclass(frozen=True)
class YamlFile:
    """What a source file holds: its values, the lines of its keys, and the settings with old names."""

    raw: Any
    lines: "Lines"
    old_settings: tuple[OldSetting, ...]


class _TextLoader(yaml.SafeLoader):
    """Reads every plain value as text, except null.

    YAML would turn the key `No` of a value map into false and 007 into 7, which no export contains.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the shape that yaml asks for
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Lines:
    """Line of every key of a YAML document; refuses keys written twice."""

    def __init__(self, file: Path, root: yaml.MappingNode) -> None:
        self._file = file
        self._lines: dict[tuple[Hashable, ...], int] = {(): 1}
        self._walk(root, ())

    def _walk(self, node: yaml.Node, path: tuple[Hashable, ...]) -> None:
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self._lines[(*path, i)] = item.start_mark.line + 1
                self._walk(item, (*path, i))
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # constructing the values refuses such a key
            here = (*path, key.value)
            line = key.start_mark.line + 1
            if here in self._lines:
                raise SourceError(self._file, line, f"{key.value!r} is written twice.", "Keep one of them.")
            self._lines[here] = line
            self._walk(value, here)

    def of(self, path: tuple[Hashable, ...]) -> int:
        """Line of the key, or of its nearest parent."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def read(file: Path) -> YamlFile:
    """Reads a source file; its settings have their new names, whichever the file writes.

    Raises:
        SourceError: it cannot be read, is no YAML, holds no settings, or writes a key twice.
    """
    with _explained(file):
        text = file.read_text(encoding="utf-8-sig")
        loader = _TextLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise SourceError(
                file, 1, "the file holds no settings.", "Start one with: faultline sources new FILE"
            )
        old_settings = tuple(_renamed(file, root))
        lines = _lines_of(file, root)
        return YamlFile(loader.construct_document(root), lines, old_settings)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Turns what reading and parsing raise into mistakes of the file."""
    try:
        yield
    except OSError as error:
        raise SourceError(file, 1, f"cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise SourceError(file, 1, f"not UTF-8 ({error.reason}).", "Save the file as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceError(
            file, line, f"not valid YAML: {error.problem}.", "Check the indentation and quotes."
        ) from error
    except yaml.YAMLError as error:
        problem = str(error).splitlines()[0]
        raise SourceError(file, 1, f"not valid YAML: {problem}.", "Remove control characters.") from error


def _lines_of(file: Path, root: yaml.MappingNode) -> Lines:
    try:
        return Lines(file, root)
    except RecursionError as error:
        raise SourceError(
            file, 1, "an alias (`*name`) stands for something that it is part of.", "Write it out."
        ) from error


def _renamed(file: Path, root: yaml.MappingNode) -> Iterator[OldSetting]:
    """Renames the keys of old settings in place, and yields each; a value map keeps its own keys."""
    for file_set in _values(root, "files"):
        yield from _rename(file, file_set, OLD_SETTINGS)
        for feed in _values(file_set, "feeds"):
            for field in _values(feed):
                yield from _rename(file, field, OLD_FIELD_SETTINGS)


def _values(node: yaml.Node, key: str = "") -> list[yaml.Node]:
    """The values of a mapping, or of the mapping under one of its keys."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    if not key:
        return [value for _, value in pairs]
    return [inner for name, value in pairs if name.value == key for inner in _values(value)]


def _rename(file: Path, node: yaml.Node, names: dict[str, str]) -> Iterator[OldSetting]:
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value in names:
            old, key.value = key.value, names[key.value]
            yield OldSetting(file, key.start_mark.line + 1, old, key.value)
