"""What people call the tasks whose ids calls have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .dialect import SQLITE, Connection, Dialect


def task_names(connection: Connection, dialect: Dialect = SQLITE) -> dict[str, str]:
    """Id of a task → its name, as far as that is known.

    Raises:
        sqlite3.Error: the database cannot be read.
    """
    return {str(task): str(name) for task, name in connection.execute(dialect.task_names)}


def labels(names: Mapping[str, str]) -> dict[str, str]:
    """The names as they are shown to people: of several tasks with one name, each with its id."""
    often = Counter(names.values())
    return {task: name if often[name] == 1 else f"{name} ({task})" for task, name in names.items()}


def shown_keys(
    by: Sequence[str], keys: Iterable[tuple[str | None, ...]], names: Mapping[str, str]
) -> list[tuple[str | None, ...]]:
    """Keys of groups with tasks by their names.

    Args:
        by: the dimensions.
        keys: a value for each of them.
        names: of tasks, by id.
    """
    if "task" not in by or not names:
        return list(keys)
    place, named = by.index("task"), labels(names)
    return [(*key[:place], named.get(key[place] or "", key[place]), *key[place + 1 :]) for key in keys]


def ids_of(names: Mapping[str, str], text: str) -> list[str]:
    """The tasks with that name, whatever its case."""
    word = text.strip().casefold()
    return [task for task, name in names.items() if name.casefold() == word]
