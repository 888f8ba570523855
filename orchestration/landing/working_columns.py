"""Working columns: what the SQL of landing computes beside the columns of an export.

Each name begins with a sign, so that none meets a column that a mapping can name without quotes.

| name | holds |
|---|---|
| `?_source_file`, `?_delivery_id`, `?_delivered_at` | the origin of the row |
| `?path` | the path of its file, where a relation reads several |
| `?record` | the number of its record among all files, from 1 |
| `?n_before` | the records of the files before its own |
| `?fits` | whether the record has the shape that the mapping expects |
| `?differs` | whether columns of one name hold different values |
| `?=<column>` | a column of the export as text, untrimmed |
| `<field>` | the value of a field: trimmed text after its value map, or a type of the file |
| `!<field>` | whether the expression of the field failed |
| `0~<field>`, `1~<field>`, ... | what the value may be, one way to read it each |
| `=<field>` | the value in the contract's type, NULL where it cannot be read |
| `*<field>` | whether the value is a placeholder for a time |
| `!!<field>` | whether the value is personal, so that a rule hashes or masks it |
"""

from orchestration.base import sql

PATH = "?path"
N_BEFORE = "?n_before"
RECORD = sql.name("?record")
FITS = sql.name("?fits")
DIFFERS = sql.name("?differs")


def origin_column(column: str) -> str:
    """One of the columns of the origin, such as `_delivery_id`."""
    return f"?{column}"


def origin(column: str) -> str:
    """SQL name of one of the columns of the origin."""
    return sql.name(origin_column(column))


def untrimmed(column: str) -> str:
    """SQL name of a column of the export before it is trimmed."""
    return sql.name(f"?={column}")


def failed(field: str) -> str:
    """SQL name of whether the expression of a field failed."""
    return sql.name(f"!{field}")


def reading(number: int, field: str) -> str:
    """SQL name of one way to read the value of a field."""
    return sql.name(f"{number}~{field}")


def parsed(field: str) -> str:
    """SQL name of the value of a field in the contract's type."""
    return sql.name(f"={field}")


def is_placeholder(field: str) -> str:
    """SQL name of whether the value of a field is a placeholder."""
    return sql.name(f"*{field}")


def is_personal(field: str) -> str:
    """SQL name of whether a rule hashes or masks the value of a field."""
    return sql.name(f"!!{field}")
