from __future__ import annotations

from fased_litellm.usage.query.tasknames import ids_of, labels, shown_keys

NAMES = {"7f0c": "Digest", "8a1d": "Backup", "9b2e": "Digest"}


def test_of_several_tasks_with_one_name_each_is_told() -> None:
    assert labels(NAMES) == {"7f0c": "Digest (7f0c)", "8a1d": "Backup", "9b2e": "Digest (9b2e)"}


def test_keys_of_groups() -> None:
    keys = [("main", "8a1d"), ("main", "gone"), ("ops", None)]
    assert shown_keys(("agent", "task"), keys, NAMES) == [("main", "Backup"), ("main", "gone"), ("ops", None)]
    assert shown_keys(("agent", "model"), keys, NAMES) == keys


def test_tasks_with_a_name() -> None:
    assert ids_of(NAMES, " digest ") == ["7f0c", "9b2e"]
    assert ids_of(NAMES, "nothing") == []
