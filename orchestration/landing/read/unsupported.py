"""Files beside exports that hold no rows: read-me files, what systems leave in folders, pictures, programs.

A file is foreign by its name, or by how its content begins where its ending is none that exports have: a
damaged export must not pass for a picture.
"""

import re
from pathlib import Path, PurePosixPath

_BY_NAME = re.compile(
    r"\._.*|\.(?!.*(csv|tsv|txt|json|jsonl|ndjson|parquet|log|gz|zip)$).*|thumbs\.db|desktop\.ini|~\$.*|_success|_committed_.*|_started_.*"
    r"|(readme|read_me|liesmich|licen[cs]e|notice|changelog|copying|authors)(\.(txt|md|rst|html?|pdf|docx?|rtf))?"
    r"|.*\.(md|rst|md5|sha1|sha256|sha512|crc|asc|sig|ds_store|lnk|url|tmp|bak~|html?|docx?|pptx?|rtf|py|sh|sql)",
    re.IGNORECASE,
)
_FOLDERS = ("__MACOSX", ".git", ".svn", "@eaDir", "$RECYCLE.BIN")
# Endings that exports have, also without saying what is inside.
_OF_EXPORTS = re.compile(r"|\.(csv|tsv|tab|txt|log|dat|psv|json|jsonl|ndjson|parquet|pq|xlsx?|xlsm|ods|\d+)")
_PACKED = re.compile(r"\.(gz|zip)$", re.IGNORECASE)
_SIGNATURES = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"BM": "a picture",
    b"II*\0": "a picture",
    b"MM\0*": "a picture",
    b"RIFF": "sound or video",
    b"ID3": "sound or video",
    b"OggS": "sound or video",
    b"fLaC": "sound or video",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"\xca\xfe\xba\xbe": "a program",
}
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_HEAD = 4096


def by_name(name: str) -> str:
    """What a file is that no export is called like; empty for what may be one."""
    path = PurePosixPath(name.replace("!", "/"))
    if any(part in _FOLDERS for part in path.parts):
        return "left by a system"
    return "no export by its name" if _BY_NAME.fullmatch(path.name) else ""


def by_content(name: str, path: Path, encoding: str) -> str:
    """What a plain file is that begins like no export; empty for what may be one."""
    ending = PurePosixPath(_PACKED.sub("", name.rpartition("!")[2])).suffix.lower()
    if _OF_EXPORTS.fullmatch(ending):
        return ""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    kind = next((what for magic, what in _SIGNATURES.items() if head.startswith(magic)), "")
    is_wide = head.startswith(_WIDE_MARKS) or encoding.startswith(("utf-16", "utf-32"))
    return kind or ("binary" if b"\0" in head and not is_wide and not head.startswith(b"PAR1") else "")


def kind_of(name: str, path: Path, *, glob: str, encoding: str) -> str:
    """What a plain file is that a glob of many matches besides exports; empty for what may be one.

    `name` is the file's path, `archive.zip!member` inside archives.
    """
    if names_one_file(glob, name):
        return ""
    return by_name(name) or by_content(name, path, encoding)


def names_one_file(glob: str, name: str) -> bool:
    """Whether a glob names this one file and no kind of files: it is read, whatever it is called.

    A glob that names an archive alone says nothing of the archive's members.
    """
    names_archive_only = "!" in name and "!" not in glob
    return not names_archive_only and not re.search(r"[*?\[]", PurePosixPath(glob.replace("!", "/")).name)
