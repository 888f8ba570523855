"""Workbooks for tests: written by openpyxl, and changed as other programs and damage would."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import openpyxl

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def book(rows: Iterable[Sequence[Any]], edit: Callable[[Any], None] = lambda book: None) -> bytes:
    """A workbook with these rows in its first sheet, edited further."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    edit(made)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def changed(content: bytes, change: Callable[[bytes], bytes], part: str = SHEET) -> bytes:
    """The workbook with another text of one of its parts."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text) if name == part else text)
    return target.getvalue()


def plain(rows: bytes, *texts: str, behind: bytes = b"", prefix: str = "") -> bytes:
    """A workbook of few parts as other programs write it: texts that cells share, no styles."""
    base = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'''<Types xmlns="{_PACKAGE}/content-types">
            <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
            <Override PartName="/xl/workbook.xml" ContentType="{base}.sheet.main+xml"/>
            <Override PartName="/{SHEET}" ContentType="{base}.worksheet+xml"/>
            <Override PartName="/{STRINGS}" ContentType="{base}.sharedStrings+xml"/></Types>''',
        "_rels/.rels": f'''<Relationships xmlns="{_PACKAGE}/relationships">
            <Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>''',
        "xl/_rels/workbook.xml.rels": f'''<Relationships xmlns="{_PACKAGE}/relationships">
            <Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
            <Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>''',
        "xl/workbook.xml": f'''<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
            <sheets><sheet name="Report" sheetId="1" r:id="r1"/></sheets></workbook>''',
        STRINGS: f'<sst xmlns="{_MAIN}">' + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>",
        SHEET: f'<worksheet xmlns="{_MAIN}"><sheetData>{rows.decode()}</sheetData>{behind.decode()}</worksheet>',
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            is_prefixed = prefix and name in (SHEET, STRINGS)
            archive.writestr(name, _prefixed(text, prefix) if is_prefixed else text)
    return target.getvalue()


def _prefixed(xml: str, prefix: str) -> str:
    return re.sub(r"<(/?)(?=\w)", rf"<\1{prefix}", xml).replace("xmlns=", f"xmlns:{prefix[:-1]}=")
