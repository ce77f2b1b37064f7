from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from fased_litellm.schemas import differences, main, schemas, texts, write
from fased_litellm.usage.query.query import ALL_COLUMNS, TIMES
from fased_litellm.usage.record import UsageRecord

SCHEMAS = Path(__file__).parent.parent / "schemas"


def test_the_schemas_in_the_repository_are_current() -> None:
    assert differences(SCHEMAS) == [], "run `make schemas`"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_is_a_schema(name: str) -> None:
    schema = schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]


def test_each_dimension_is_a_field_of_a_group() -> None:
    group = schemas()["usage-report.schema.json"]["$defs"]["UsageGroup"]
    assert set(group["properties"]) - set(group["required"]) == {*ALL_COLUMNS, *TIMES, "taskName"}


def test_each_field_of_a_row_is_in_its_document() -> None:
    assert set(UsageRecord("c", 0).as_dict()) == set(schemas()["usage-record.schema.json"]["required"])


def test_write_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "old.schema.json").write_text("{}")
    name = min(texts())
    assert main(["--check", str(folder)]) == 1
    assert "old.schema.json: nothing writes it" in capsys.readouterr().out
    write(folder)
    assert main(["--check", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(texts())
    (folder / name).write_text("{}")
    assert differences(folder) == [f"{name}: out of date"]
