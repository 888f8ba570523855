"""Importing our modules does nothing but define things."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT
from tests.structure.reading import below

# Libraries try the folder of temporary files out; paths relative to a handle of theirs are theirs too.
IMPORT_ALL = """
import importlib, json, os, sys

written, imported = {}, ""

def note(event, args):
    is_write = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (is_write or event == "os.mkdir") and isinstance(args[0], str) and os.path.isabs(args[0]):
        if not args[0].startswith((os.environ["TMPDIR"], os.devnull)):
            written.setdefault(imported, []).append(args[0])

before = dict(os.environ)
sys.addaudithook(note)
for imported in sys.argv[1:]:
    importlib.import_module(imported)
changed = {name for name, _ in set(before.items()) ^ set(os.environ.items())}
print(json.dumps({"written": written, "environment": sorted(changed)}))
"""


def _modules() -> list[str]:
    paths = (path for folder in ("orchestration", "expectations") for path in below(folder, ".py"))
    parts = sorted(path.relative_to(PROJECT).with_suffix("").parts for path in paths)
    return [".".join(part for part in module if part != "__init__") for module in parts]


def test_importing_a_module_writes_no_file_and_no_environment(tmp_path: Path) -> None:
    """Without it, a tool that only looks at the code would make a home and parse the models."""
    here, scratch = tmp_path / "here", tmp_path / "scratch"
    here.mkdir(mode=0o500)
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_ALL, *_modules()],
        cwd=here,
        env={"PYTHONPATH": str(PROJECT), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"written": {}, "environment": []}
    assert list(here.iterdir()) == []
