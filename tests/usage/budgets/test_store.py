"""The file of the budgets."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import BudgetError, UsageError
from fased_litellm.schemas import schemas
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import ACTIONS, SCOPES, Budget, Scope
from fased_litellm.usage.budgets.edits import put
from fased_litellm.usage.budgets.store import Book, change, load, mark_of, text_of
from fased_litellm.usage.budgets.windows import PERIODS

NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
SCHEMA = schemas()["budgets.schema.json"]


@st.composite
def books(draw: st.DrawFn) -> Book:
    scopes = draw(
        st.lists(
            st.dictionaries(st.sampled_from(SCOPES), NAME),
            max_size=5,
            unique_by=lambda names: str(sorted(names.items())),
        )
    )
    budgets = []
    number = 0
    for names in scopes:
        number += draw(st.integers(1, 3))
        limits = {
            period: draw(st.integers(1, 10**18))
            for period in draw(st.sampled_from([PERIODS, PERIODS[:1], PERIODS[1:]]))
        }
        budgets.append(
            Budget(
                number,
                Scope(**names),
                limits,
                draw(st.sampled_from(ACTIONS)),
                draw(st.sampled_from(["UTC", "Europe/Berlin"])),
            )
        )
    return Book(tuple(budgets), number + draw(st.integers(1, 3)))


@given(books())
def test_what_is_written_is_read_back(book: Book) -> None:
    text = text_of(book)
    assert store._book(json.loads(text)) == book
    jsonschema.validate(json.loads(text), SCHEMA)


def test_half_of_a_character_in_a_name_stops_no_edit(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    half = Scope(task="\ud800")
    change(path, lambda book: put(book, half, {"day": 10**12}, None, None)[0])
    assert half in {budget.scope for budget in set_main(path).budgets}
    assert half in {budget.scope for budget in load(path).budgets}


def set_main(path: Path, usd: int = 5) -> Book:
    return change(path, lambda book: put(book, Scope(agent="main"), {"day": usd * 10**12}, None, None)[0])


def test_it_is_private_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "new" / "budgets.json"
    assert load(path) == Book()
    assert mark_of(path) is None
    book = set_main(path)
    assert load(path) == book
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["budgets.json"]
    before = mark_of(path)
    set_main(path, 6)
    assert mark_of(path) != before
    change(path, lambda _: Book())
    assert list(path.parent.iterdir()) == []


def test_a_refused_edit_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    set_main(path)
    before = path.read_bytes()

    def refuse(_: Book) -> Book:
        raise UsageError("no")

    with pytest.raises(UsageError):
        change(path, refuse)
    assert path.read_bytes() == before
    assert not (tmp_path / "budgets.json.lock").exists()


GOOD: dict[str, Any] = {
    "version": 1,
    "nextId": 2,
    "budgets": [{"id": 1, "scope": {"agent": "main"}, "limits": {"daily": "5"}, "action": "stop", "timeZone": "UTC"}],
}


def broken(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "budgets": [{**GOOD["budgets"][0], **changes}]}


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {**GOOD, "version": 0},
        {**GOOD, "version": True},
        {**GOOD, "version": "1"},
        {**GOOD, "nextId": 1},
        {**GOOD, "nextId": "2"},
        {**GOOD, "budgets": None},
        {**GOOD, "extra": 1},
        {**GOOD, "budgets": [*GOOD["budgets"], *GOOD["budgets"]]},
        {**GOOD, "nextId": 3, "budgets": [*GOOD["budgets"], {**GOOD["budgets"][0], "id": 2}]},
        broken(id=0),
        broken(id="1"),
        broken(scope=[]),
        broken(scope={"agnet": "main"}),
        broken(scope={"agent": ""}),
        broken(scope={"agent": 1}),
        broken(limits={}),
        broken(limits={"weekly": "5"}),
        broken(limits={"daily": 5}),
        broken(limits={"daily": "-5"}),
        broken(limits={"daily": "NaN"}),
        broken(action="block"),
        broken(action=None),
        broken(timeZone=""),
        broken(timeZone=None),
        broken(dailly="5"),
        {**GOOD, "budgets": [{key: value for key, value in GOOD["budgets"][0].items() if key != "action"}]},
    ],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, body: Any) -> None:
    path = tmp_path / "budgets.json"
    path.write_text(json.dumps(body))
    with pytest.raises(BudgetError, match="are damaged") as caught:
        load(path)
    assert str(path) in (caught.value.hint or "")
    with pytest.raises(BudgetError, match="are damaged"):
        set_main(path)
    assert json.loads(path.read_text()) == body


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nul", b'{"version": NaN}'])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "budgets.json"
    path.write_bytes(data)
    with pytest.raises(BudgetError, match="are damaged"):
        load(path)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    path.write_text(json.dumps({"version": 2, "something": "else"}))
    with pytest.raises(BudgetError, match=r"newer fased-litellm \(version 2 of budgets; this one knows 1\)"):
        load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    set_main(path)
    path.chmod(0)
    with pytest.raises(BudgetError, match="cannot be read"):
        load(path)


def test_where_there_can_be_no_file_there_are_no_budgets(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load(tmp_path / "file" / "budgets.json") == Book()
    assert mark_of(tmp_path / "file" / "budgets.json") is None


def test_a_folder_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "budgets.json").mkdir()
    with pytest.raises(BudgetError, match="cannot be read"):
        load(tmp_path / "budgets.json")
    assert mark_of(tmp_path / "budgets.json") is not None


def _set_task(path: Path, number: int) -> None:
    change(path, lambda book: put(book, Scope(task=f"t{number}"), {"day": 10**12}, None, None)[0])


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "budgets.json"
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=_set_task, args=(path, number)) for number in range(6)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
        assert process.exitcode == 0
    book = load(path)
    assert {budget.scope.task for budget in book.budgets} == {f"t{number}" for number in range(6)}
    assert sorted(budget.id for budget in book.budgets) == [1, 2, 3, 4, 5, 6]
