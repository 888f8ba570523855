"""A `faultline ui` that tests start, ask, and stop."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.conftest import FAULTLINE, plain_environment

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "faultline"}


@dataclass(frozen=True)
class Ui:
    """A `faultline ui` at work; `lines` are what it has printed so far."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path
    lines: list[bytes]

    def answer(self, query: str, **variables: object) -> dict[str, Any]:
        """The answer to a query of GraphQL, as soon as the UI gives one without errors."""
        while self.process.poll() is None:
            try:
                found = self._ask(query, variables)
                if '"message":' not in json.dumps(found):  # the key of an error
                    return found
            except OSError:
                pass
            time.sleep(1)
        pytest.fail(f"the UI ended with {self.process.returncode}: {b''.join(self.lines[-30:]).decode()}")

    def launch(self, *, everything: bool = False) -> None:
        """Starts a run as its buttons do: the job publish_marts, or "Materialize all"."""
        assets = self.answer(
            "query($at: RepositorySelector!) { repositoryOrError(repositorySelector: $at) { ... on Repository "
            "{ assetNodes { isMaterializable assetKey { path } } } ... on PythonError { message } "
            "... on RepositoryNotFoundError { message } } }",
            at=LOCATION,
        )["repositoryOrError"]["assetNodes"]
        keys = [{"path": one["assetKey"]["path"]} for one in assets if one["isMaterializable"]]
        chosen = {"pipelineName": "__ASSET_JOB", "assetSelection": keys} if everything else {}
        selector = LOCATION | {"pipelineName": "publish_marts"} | chosen
        done = self._ask(
            "mutation($what: ExecutionParams!) { launchPipelineExecution(executionParams: $what) "
            "{ __typename ... on PythonError { message } } }",
            {"what": {"selector": selector, "mode": "default", "runConfigData": {}}},
        )
        assert done["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess", done

    def _ask(self, query: str, variables: dict[str, object]) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())["data"]
        return found


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: object) -> Iterator[Ui]:
    """Starts `faultline ui` in a folder, and stops it with all its processes."""
    port = free_port()
    process = subprocess.Popen(
        [str(FAULTLINE), "ui", "--port", str(port), *map(str, options)],
        cwd=folder, env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    lines: list[bytes] = []
    assert process.stdout
    Thread(target=lines.extend, args=(process.stdout,), daemon=True).start()
    try:
        yield Ui(process, port, folder, lines)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
