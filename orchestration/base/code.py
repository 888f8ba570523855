"""Digests of the code that a result depends on: modules, found by their imports, and their libraries."""

import ast
import hashlib
import importlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that our packages lie in."""
REGISTRIES = ROOT / "seeds" / "reference"
"""The folder of the registries, which dbt loads as seeds."""
_FILE_NAME = re.compile(r"\w[\w-]{0,60}\.(?!py\b)[a-z0-9]{2,5}")


@cache
def digest(*modules: str, root: Path = ROOT) -> str:
    """Changes when these modules, a module that they import in turn, or a library of any of them changes.

    A file of data counts that such a module names, such as `contract.yml`, and that lies beside it or among
    the registries.
    Comments, docstrings and layout do not count, nor what is imported for type checks only. Minor versions of
    Python count: they change how text is folded and parsed.
    """
    reached = closure(modules, root)
    parts = [f"python {'.'.join(platform.python_version_tuple()[:2])}"]
    parts += [f"{name} {_version(name)}" for name in libraries(reached.values(), root)]
    for name, tree in sorted(reached.items()):
        parts.append(f"{name} {ast.dump(tree)}")
        parts += [hashlib.sha256(data.read_bytes()).hexdigest() for data in _data(name, tree, root)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def closure(modules: Iterable[str], root: Path = ROOT) -> dict[str, ast.Module]:
    """Our modules that are reached by imports from some of them, these included; parsed, without docstrings.

    Raises:
        LookupError: one of the modules to begin with does not exist.
    """
    reached: dict[str, ast.Module] = {}
    waiting = list(modules)
    for name in waiting:
        if _file(name, root) is None:
            raise LookupError(f"There is no module {name} below {root}.")
    while waiting:
        name = waiting.pop()
        file = _file(name, root)
        if file is None or name in reached:
            continue
        reached[name] = _parsed(file)
        waiting += [".".join(name.split(".")[:n]) for n in range(1, name.count(".") + 1)]
        waiting += _imports(reached[name])
    return reached


def libraries(trees: Iterable[ast.Module], root: Path = ROOT) -> list[str]:
    """Names of the third-party packages that parsed modules import."""
    names = {name.partition(".")[0] for tree in trees for name in _imports(tree)}
    return sorted(
        name for name in names if name not in sys.stdlib_module_names and not (root / name).exists()
    )


def _file(module: str, root: Path) -> Path | None:
    path = root.joinpath(*module.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Names that may be modules: of `from a import b` both `a` and `a.b`. Our code imports absolutely."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node)


def _data(module: str, tree: ast.Module, root: Path) -> list[Path]:
    file = _file(module, root)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    names = sorted(text for text in texts if isinstance(text, str) and _FILE_NAME.fullmatch(text))
    folders = [file.parent, root / REGISTRIES.relative_to(ROOT)] if file else []
    found = (folder / name for name in names for folder in folders)
    return [data for data in found if data.is_file()]


@cache
def _parsed(file: Path) -> ast.Module:
    """The tree without texts that nothing reads: docstrings of modules, classes, functions and constants."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)  # type: ignore[attr-defined]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # the package is called otherwise than what is imported: yaml of PyYAML
        return str(getattr(importlib.import_module(library), "__version__", ""))
