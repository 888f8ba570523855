"""A standalone Spark cluster on the loopback address, from pip's pyspark: one master and some workers."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.find_spark_home import _find_spark_home
from pyspark.sql import SparkSession

HOST = "127.0.0.1"
_DEPLOY = "org.apache.spark.deploy"
_STARTED_WITHIN_SECONDS = 300
_MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
_REGISTERED = re.compile(r"Successfully registered with master")


@contextmanager
def session(folder: Path, workers: int = 2, memory: str = "1g") -> Iterator[SparkSession]:
    """A session on a new cluster that works below a folder; both end with the block.

    Every worker has one core, one executor and `memory` for it. Tables live in the folder, their names in
    this process alone.

    Raises:
        RuntimeError: the master or a worker ended, or did not start within five minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        master, log = _start(folder, "master", f"{_DEPLOY}.master.Master", "--host", HOST, "--port", "0")
        processes.append(master)
        url = _logged(master, log, _MASTER)
        for number in range(workers):
            options = ("--host", HOST, "--cores", "1", "--memory", memory, "--work-dir", str(folder / "work"))
            worker, log = _start(folder, f"worker_{number}", f"{_DEPLOY}.worker.Worker", *options, url)
            processes.append(worker)
            _logged(worker, log, _REGISTERED)
        spark = _session(url, folder, workers, memory)
        try:
            yield spark
        finally:
            spark.stop()
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait()


def _start(folder: Path, name: str, main: str, *options: str) -> tuple[subprocess.Popen[bytes], Path]:
    log = folder / f"{name}.log"
    command = [str(Path(_find_spark_home()) / "bin" / "spark-class"), main, "--webui-port", "0", *options]
    environment = os.environ | {"SPARK_LOCAL_IP": HOST, "SPARK_NO_DAEMONIZE": "1"}
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT), log


def _logged(process: subprocess.Popen[bytes], log: Path, pattern: re.Pattern[str]) -> str:
    """Waits for a line of a log; its first group, or the whole match."""
    deadline = time.monotonic() + _STARTED_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := pattern.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[found.re.groups]
        time.sleep(0.1)
    raise RuntimeError(f"{log.name}: {pattern.pattern} was never logged\n{log.read_text(encoding='utf-8')}")


def _session(url: str, folder: Path, workers: int, memory: str) -> SparkSession:
    os.environ["SPARK_LOCAL_IP"] = HOST
    settings = {
        "spark.driver.bindAddress": HOST,
        "spark.driver.host": HOST,
        "spark.driver.memory": "2g",
        "spark.executor.memory": memory,
        "spark.executor.cores": "1",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(workers),
        # The passes over connected components are one statement.
        "spark.sql.analyzer.maxIterations": "1000",
        "spark.sql.optimizer.maxIterations": "1000",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    builder = SparkSession.builder.master(url).appName("faultline")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
