"""Settings of a source file as pydantic models: the whole file, its file sets, and how a field is filled."""

import codecs
import re
from pathlib import PurePosixPath
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestration.base import sql
from orchestration.sources import expressions

MEMBER_SEPARATOR = "!"
"""Separates an archive from its member, in names and in globs."""
_OF_MEMBERS = re.compile(rf"^[^{MEMBER_SEPARATOR}]*(\.zip|\*){MEMBER_SEPARATOR}.", re.IGNORECASE)
DELIMITED = ("csv", "tsv", "lines")
BINARY = ("parquet", "xlsx")
CELL_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d")
"""How dates of a workbook's cells are written as text: understood whatever `dates` a source file lists."""
MAPPED = "mapped"


class FieldMapping(BaseModel):
    """How one field is filled: a DuckDB expression over the file's columns, then a value map."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    expression: str = Field(alias="from")
    map: dict[str, str | None] = {}
    default: str | None = None
    dates: list[str] = []

    @property
    def has_default(self) -> bool:
        """Whether values outside the map are replaced (even by null) instead of kept."""
        return "default" in self.model_fields_set


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
        expressions.parser().execute("SELECT timezone(?::VARCHAR, TIMESTAMP '2000-01-01')", [name])
    except (ZoneInfoNotFoundError, ValueError, OSError, duckdb.Error):
        raise ValueError(f"no time zone is called {name!r}; write e.g. Europe/Berlin") from None
    return name


def glob_parts(glob: str) -> tuple[str, str]:
    """The glob of the files, and that of the members of archives; empty where it means every member."""
    outer, _, inner = glob.partition(MEMBER_SEPARATOR) if _OF_MEMBERS.search(glob) else (glob, "", "")
    return outer, inner


class FileSet(BaseModel):
    """Files of one shape and what they feed."""

    model_config = ConfigDict(extra="forbid")

    glob: str
    format: Literal["csv", "tsv", "lines", "jsonl", "json", "parquet", "xlsx"] = "csv"
    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    list_separator: str = "|"
    header: list[str] = []
    skip: int = Field(0, ge=0, le=1_000)
    header_rows: int = Field(1, ge=1, le=3)
    sheet: str = ""
    nulls: list[str] = [""]
    dates: list[str] = []
    time_zone: str = ""
    delivered_at_pattern: str = ""
    ignore_columns: list[str] = []
    keep_unmapped: bool = True
    records: str = ""
    append: bool | None = None
    feeds: dict[str, dict[str, Any]]

    @property
    def has_header_line(self) -> bool:
        """Whether the first line of a file, or row of a sheet, names its columns."""
        return self.format in ("csv", "tsv", "xlsx") and not self.header

    @property
    def n_top_lines(self) -> int:
        """Lines above the first record; a `sep=` line comes on top of them."""
        return self.skip + (self.header_rows if self.has_header_line else 0)

    @property
    def appends(self) -> bool:
        """Whether content that landed once stays, whatever becomes of its file; logs are like that."""
        return self.format == "lines" if self.append is None else self.append

    @property
    def is_binary(self) -> bool:
        """Whether a file is no text, so that it has no encoding."""
        return self.format in BINARY

    @property
    def is_workbook(self) -> bool:
        """Whether rows are those of a sheet, to be written as CSV before they are read."""
        return self.format == "xlsx"

    def formats_of(self, dates: list[str]) -> list[str]:
        """Date formats of a field: its own or those of the file set, and those of cells beside them."""
        listed = dates or self.dates
        return [*listed, *CELL_DATES] if listed and self.is_workbook else listed

    @property
    def is_json(self) -> bool:
        """Whether records are objects, which leave out what is empty."""
        return self.format in ("json", "jsonl")

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        try:
            "".encode(value)  # refuses what is a codec, but not of text
            return codecs.lookup(value).name
        except (LookupError, ValueError):
            raise ValueError(f"no encoding is called {value!r}") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) > 1 or value in ("\n", "\r"):
            raise ValueError(f"must be one character, not {value!r}")
        return value

    @field_validator("quote")
    @classmethod
    def _quote_is_plain(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError(f"must be an ASCII character, not {value!r}")
        return value

    @field_validator("list_separator")
    @classmethod
    def _separates(cls, value: str) -> str:
        if not value:
            raise ValueError("must be a character or more")
        return value

    @field_validator("header")
    @classmethod
    def _columns_have_names(cls, value: list[str]) -> list[str]:
        if any(not name.strip() for name in value) or len({sql.folded(name) for name in value}) < len(value):
            raise ValueError("each column needs a name of its own")
        return value

    @field_validator("glob")
    @classmethod
    def _glob_can_be_searched(cls, value: str) -> str:
        outer, inner = glob_parts(value)
        for parts in (PurePosixPath(outer).parts, *([PurePosixPath(inner).parts] if inner else [])):
            if not parts or parts[0] == "/" or ".." in parts:
                raise ValueError("must stay below the exports folder")
            if any("**" in part and part != "**" for part in parts):
                raise ValueError("** stands for whole folders, as in **/*.csv")
        return value

    @field_validator("records")
    @classmethod
    def _place_has_steps(cls, value: str) -> str:
        if value and not all(step.strip() for step in value.split(".")):
            raise ValueError(f"{value!r} is no place of records; write e.g. tickets, or data.tickets")
        return value

    @field_validator("delivered_at_pattern")
    @classmethod
    def _pattern_compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(
                f"{value!r} is no pattern ({error}); write e.g. '(\\d{{4}}-\\d{{2}}-\\d{{2}})'"
            ) from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return value and _known_zone(value)

    @model_validator(mode="after")
    def _options_fit_the_format(self) -> "FileSet":
        if self.format not in ("csv", "tsv") and self.delimiter:
            raise ValueError(f"a delimiter means nothing for {self.format}")
        if self.records and not self.is_json:
            raise ValueError(f"records means nothing for {self.format}; set format: json")
        if self.format != "xlsx" and self.sheet:
            raise ValueError(f"a sheet means nothing for {self.format}; set format: xlsx")
        if self.format not in ("csv", "tsv", "xlsx") and self.header:
            raise ValueError(f"a header means nothing for {self.format}")
        if self.format not in ("csv", "tsv", "xlsx") and (self.skip or self.header_rows > 1):
            raise ValueError(f"skip and header_rows mean nothing for {self.format}")
        if self.header and self.header_rows > 1:
            raise ValueError("header lists the names; leave such lines out with skip, not header_rows")
        if self.format == "lines":  # one column: a separator that no text holds, and no quotes
            self.delimiter, self.quote, self.header = "\x1f", "", ["line"]
        self.delimiter = self.delimiter or ("\t" if self.format == "tsv" else ",")
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}")
        return self


class SourceDocument(BaseModel):
    """The whole YAML file."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    centre: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,62})?$")
    connector: str = MAPPED
    time_zone: str
    phone_region: str = ""
    derive_escalations: Literal["", "tier"] = ""
    files: dict[str, FileSet] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return _known_zone(value)

    @field_validator("phone_region")
    @classmethod
    def _region_is_known(cls, value: str) -> str:
        if value and value not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"no phone region is called {value!r}; write e.g. DE or US")
        return value
