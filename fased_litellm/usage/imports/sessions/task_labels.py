"""The names of tasks: from where the agent defines them, and from the labels of their sessions.

Facts: Fased's tasks are in ``tasks/task-ledger.sqlite`` (``task_ledger_definitions``, collection ``cron_store``) and were in
``cron/jobs.json`` before, which is also where its upstream had them: ``src/cron/store.ts``. Newer releases of that have them
in ``state/openclaw.sqlite``, table ``cron_jobs``. A session of a task has the label ``Cron: <name>``:
``src/cron/isolated-agent/run.ts``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from .... import plainfile
from ..transcripts.jsonlines import plain
from ..transcripts.numbers import text
from .sqlite_store import Unusable, opened
from .store import Store

_MOST_BYTES = 64 * 1024 * 1024
_LABEL = "Cron: "


def read(file: str) -> tuple[dict[str, str], str | None]:
    """The names in a file that defines tasks; or none, and why it cannot be read."""
    try:
        tree = _in_database(file) if file.endswith(".sqlite") else [plain(plainfile.read(file, _MOST_BYTES))]
    except OSError as error:
        return {}, error.strerror or type(error).__name__
    except (Unusable, ValueError) as error:
        return {}, str(error)
    jobs = [job for store in tree for job in _jobs(store)]
    return {
        task.lower(): name for job in jobs if (task := text(job.get("id"))) and (name := text(job.get("name")))
    }, None


def of_store(store: Store) -> dict[str, str]:
    """The names in the labels of a session store."""
    return {
        entry.about.task: name
        for entry in store.entries.values()
        if entry.about.task
        and (label := entry.about.label or "").startswith(_LABEL)
        and (name := label[len(_LABEL) :].strip())
    }


def keep(connection: sqlite3.Connection, names: Mapping[str, str], *, defined: bool) -> None:
    """Keep names in the ledger.

    Args:
        connection: to it, in a transaction.
        names: id of a task → its name.
        defined: whether they are from where tasks are defined; a label does not replace those.
    """
    connection.executemany(
        "INSERT INTO task_name (task, name, defined) VALUES (?1, ?2, ?3) ON CONFLICT (task) DO UPDATE "
        "SET name = excluded.name, defined = excluded.defined WHERE excluded.defined >= defined",
        [(task, name, defined) for task, name in names.items()],
    )


def _jobs(store: Any) -> Iterable[Mapping[str, Any]]:
    jobs = store.get("jobs") if type(store) is dict else None
    return [job for job in jobs if type(job) is dict] if type(jobs) is list else []


def _in_database(file: str) -> list[Any]:
    found: list[Any] = []
    for (record,) in opened(file).texts("task_ledger_definitions", ("record_json",), collection_kind="cron_store"):
        found.append(plain(record.encode("utf-8", "surrogateescape")))
    jobs = [{"id": task, "name": name} for task, name in opened(file).texts("cron_jobs", ("job_id", "name"))]
    return [*found, {"jobs": jobs}]
