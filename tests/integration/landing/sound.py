"""Sound deliveries in every format that landing reads: what the fuzzer damages."""

import csv
import io
import json
import zipfile
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

FIELDS = ("id", "seq", "started", "queue", "agent", "talk", "reason")
N_RECORDS = 30
# What the file sets leave out, where they have a filter.
FILTERED_QUEUE = "Q3"
# Words that stand in cells and nowhere else.
CANARIES = ("Quokka", "Numbat")

_REASONS = (
    "Numbat stays",
    'Numbat "said", or wrote',
    "Numbat; Zürich",
    "Numbat\nover two lines",
    "Numbat\r\nand, after them,\n\nmore",
    "",
    "Numbat\twith a tab",
    "Numbat ''quoted'' \\ slash",
)
_FEED = {
    "contact_id": "id",
    "leg_seq": "seq",
    "started_at": "started",
    "queue_id": "queue",
    "agent_id": "agent",
    "talk_seconds": "talk",
    "end_reason": "reason",
}
_NESTED = {"agent_id": "call->>'$.agent'", "talk_seconds": "call->>'$.talk'"}
# With these a line that is read as nothing would still become a row.
_HELPED = {
    "contact_id": "coalesce(id, 'none')",
    "leg_seq": "coalesce(seq, '0')",
    "started_at": "coalesce(started, '2025-01-01 00:00:00')",
}

FILE_SETS: dict[str, dict[str, Any]] = {
    "csv": {"format": "csv"},
    "tsv": {"format": "tsv"},
    "semicolon": {"format": "csv", "delimiter": ";", "decimal": ","},
    "latin1": {"format": "csv", "delimiter": ";", "encoding": "latin-1"},
    "utf16": {"format": "csv", "encoding": "utf-16-le"},
    "jsonl": {"format": "jsonl"},
    "json": {"format": "json"},
    "parquet": {"format": "parquet"},
    "xlsx": {"format": "xlsx"},
}
BINARY = ("parquet", "xlsx")
DELIMITED = ("csv", "tsv", "semicolon", "latin1", "utf16")
TEXTS = (*DELIMITED, "jsonl", "json")
_MAPPINGS = {
    "tsv": _FEED | {"where": f"queue <> '{FILTERED_QUEUE}'"},
    "jsonl": _FEED | _NESTED | _HELPED,
    "json": _FEED | _NESTED,
}


def document() -> dict[str, Any]:
    """The source file: one file set for each format, one folder for each file."""
    return {
        "source": "fuzz",
        "time_zone": "UTC",
        "files": {
            name: {"glob": f"{name}/*/*", **options, "feeds": {"legs": _MAPPINGS.get(name, _FEED)}}
            for name, options in FILE_SETS.items()
        },
    }


def delimiter(file_set: str) -> str:
    """What stands between the values of a delimited file."""
    default = "\t" if file_set == "tsv" else ","
    return str(FILE_SETS[file_set].get("delimiter", default))


def codec(file_set: str) -> str:
    """The encoding in which sound files of a set are written."""
    return {"utf16": "utf-16", "latin1": "latin-1"}.get(file_set, "utf-8")


def records(n: int = N_RECORDS) -> list[dict[str, str]]:
    """Rows as text, by their id."""
    return [
        {
            "id": f"K{i}",
            "seq": str(i % 5 + 1),
            "started": f"2025-01-{i % 28 + 1:02d} {i % 24:02d}:15:{i % 60:02d}",
            "queue": f"Q{i % 7}",
            "agent": f"Quokka{i}",
            "talk": f"7310{i}.25" if i % 9 else "",
            "reason": _REASONS[i % len(_REASONS)],
        }
        for i in range(n)
    ]


def text(file_set: str, rows: list[dict[str, str]]) -> str:
    """Rows as a text file of a set."""
    match file_set:
        case "jsonl":
            return "".join(json.dumps(_nested(row), ensure_ascii=False) + "\n" for row in rows)
        case "json":
            return json.dumps([_nested(row) for row in rows], indent=1)
    fields = list(rows[0]) if rows else list(FIELDS)
    target = io.StringIO()
    # Windows line ends in one format, because they are usual there.
    end = "\r\n" if file_set == "semicolon" else "\n"
    # A bare carriage return is quoted by this writer only where everything is.
    writer = csv.DictWriter(target, fields, delimiter=delimiter(file_set), lineterminator=end)
    writer.writeheader()
    for row in rows:
        is_comma = FILE_SETS[file_set].get("decimal") == ","
        writer.writerow(row | {"talk": row["talk"].replace(".", ",")} if is_comma and "talk" in row else row)
    return target.getvalue()


def _nested(row: dict[str, str]) -> dict[str, Any]:
    talk = float(row["talk"]) if row["talk"] else None
    return {
        "id": row["id"],
        "seq": int(row["seq"]),
        "started": row["started"],
        "queue": row["queue"],
        "call": {"agent": row["agent"], "talk": talk, "steps": [1, {"to": row["queue"]}]},
        "reason": row["reason"],
    }


@cache
def content(file_set: str, n: int = N_RECORDS) -> bytes:
    """A sound file of a set."""
    rows = records(n)
    if file_set == "xlsx":
        return packed(workbook(rows))
    if file_set != "parquet":
        return text(file_set, rows).encode(codec(file_set))
    return parquet(rows, "snappy")


def parquet(rows: list[dict[str, str]], compression: str, version: str = "1.0") -> bytes:
    """Rows as a Parquet file of text columns."""
    target = io.BytesIO()
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in FIELDS}
    pq.write_table(
        pa.table(columns), target, compression=compression, row_group_size=8, data_page_version=version
    )
    return target.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET = "xl/worksheets/sheet1.xml"
_PARTS = {
    "[Content_Types].xml": f'''<Types xmlns="{_PACKAGE}/content-types">
        <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Override PartName="/xl/workbook.xml" ContentType="{_SHEETS}.sheet.main+xml"/>
        <Override PartName="/{SHEET}" ContentType="{_SHEETS}.worksheet+xml"/>
        <Override PartName="/xl/styles.xml" ContentType="{_SHEETS}.styles+xml"/>
        <Override PartName="/xl/sharedStrings.xml" ContentType="{_SHEETS}.sharedStrings+xml"/></Types>''',
    "_rels/.rels": f'''<Relationships xmlns="{_PACKAGE}/relationships">
        <Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>''',
    "xl/_rels/workbook.xml.rels": f'''<Relationships xmlns="{_PACKAGE}/relationships">
        <Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>
        <Relationship Id="r3" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>''',
    "xl/workbook.xml": f'''<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
        <sheets><sheet name="Legs" sheetId="1" r:id="r1"/></sheets></workbook>''',
    "xl/styles.xml": f'''<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts><fills><fill/></fills>
        <borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>
        <cellXfs><xf/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>''',
}


def workbook(rows: list[dict[str, str]]) -> dict[str, str]:
    """Rows as the parts of a workbook: texts that cells share, numbers, and dates as days since 1899."""
    texts: dict[str, int] = {}

    def cell(name: str, value: str) -> str:
        if name == "started" and value != name:
            days = (datetime.fromisoformat(value) - datetime(1899, 12, 30)).total_seconds() / 86_400
            return f'<c s="1"><v>{days!r}</v></c>'
        if name in ("seq", "talk") and value != name:
            return f"<c><v>{value}</v></c>" if value else "<c/>"
        return f'<c t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'

    lines = [dict(zip(FIELDS, FIELDS, strict=True)), *rows]
    written = "".join(f"<row>{''.join(cell(n, row[n]) for n in FIELDS)}</row>" for row in lines)
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    return _PARTS | {
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>',
        SHEET: f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>',
    }


def packed(parts: dict[str, str] | dict[str, bytes]) -> bytes:
    """The parts as an archive, the same bytes each time."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return target.getvalue()
