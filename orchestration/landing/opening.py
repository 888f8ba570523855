"""One file of a batch, from the export to plain UTF-8 text that DuckDB reads."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.landing import archives, export_file, files, text_files
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.read import documents, headers, relations, unsupported, workbooks
from orchestration.sources.file_settings import BINARY, DELIMITED, FileSet

BATCH_BYTES = 64_000_000
"""Bytes landed in one batch of several files."""
PACKED_RATIO = 8
"""Expected growth of a packed file; a batch that grows by more is split."""


@dataclass
class BatchFile:
    """One file of a batch: where it can be read, and what is known of it so far."""

    file: ExportFile
    token: str
    supersedes: str
    delivered_at: datetime
    path: Path | None = None
    wrapped: documents.JsonEnvelope | None = None
    rewritten: documents.RewrittenFile | None = None
    reason: str = ""
    digest: str = ""
    foreign: str = ""
    was_landed: bool = False
    n_bytes: int = 0
    n_lines: int = 0


def require_openable(file: ExportFile) -> None:
    """Refuses a file with a known problem.

    Raises:
        UnreadableFile: its archive is damaged, for example.
        FileNotReady: it cannot be opened now.
    """
    if file.problem:
        raise UnreadableFile(file.problem)
    files.require_readable(file)


def plain(file: ExportFile, scratch: Path, options: FileSet) -> Path:
    """The file unpacked, and as plain UTF-8 text with line feeds unless it is binary."""
    path = file.path
    if not export_file.is_plain(file):
        path = archives.unpack(file, scratch.with_suffix(".unpacked"))
    if options.format in BINARY:
        return path
    codec = text_files.needs_transcoding(path, options.encoding)
    if codec == "utf-8-sig" and options.format in DELIMITED and not text_files.has_bare_returns(path):
        return path  # DuckDB's CSV reader knows this mark
    return text_files.transcode(path, codec, scratch.with_suffix(".utf8")) if codec else path


def foreign(member: BatchFile, options: FileSet) -> str:
    """What a file that is no export is; empty for an export, and for every file that landed before."""
    if member.path is None or member.was_landed:
        return ""
    return unsupported.kind_of(member.file.name, member.path, glob=options.glob, encoding=options.encoding)


def batch_key(member: BatchFile, options: FileSet) -> str:
    """Batch key: header line, byte-order mark, JSON layout. Empty: land alone."""
    path = member.path
    if member.reason or member.foreign or path is None or not 0 < path.stat().st_size <= BATCH_BYTES:
        return ""
    if options.format in DELIMITED:
        return repr(headers.top_of(path, options))
    if options.format in BINARY or (member.rewritten and not member.rewritten.is_whole):
        return ""
    return "rewritten" if member.rewritten else relations.layout_of(path, options)


def unwrap(member: BatchFile, target: Path, options: FileSet, form: documents.JsonLayout) -> None:
    """Rewrites the sheet of a workbook as CSV, and JSON in an envelope as one record a line."""
    path = member.path
    if path is None or member.foreign:
        return
    if not options.is_binary:
        text_files.require_text(path)
    if options.is_workbook:
        member.rewritten = workbooks.rewrite(path, target, options)
        member.path = target
        return
    if not options.is_json or not path.stat().st_size:
        return
    try:
        member.wrapped = documents.wrapping(path, form)
    except UnreadableFile:
        return  # other lines may be sound: the reader says which are not
    if member.wrapped:
        rewrite(member, target, form, recasts=False)


def rewrite(member: BatchFile, target: Path, form: documents.JsonLayout, *, recasts: bool) -> None:
    """Rewrites JSON as one record a line; with `recasts`, in the layout and spelling of the mapping."""
    if member.path is None:
        raise RuntimeError("a file that was not opened cannot be rewritten")
    original = member.rewritten.original if member.rewritten else member.path
    member.rewritten = documents.rewrite(original, target, form, member.wrapped, recasts=recasts)
    member.path = target
