from __future__ import annotations

import jsonschema
import pytest

from fased_litellm.config.jsonschema import schemas
from fased_litellm.config.schema import SECTIONS
from tests.config.schema.test_schema import KEYS, base, with_value

# What JSON Schema's own words cannot say, or say differently: texts checked by a function.
CHECKED_IN_PYTHON = (".apiKey", ".command", ".trustedDirs")
# A fraction of a token is read, but nobody should be led to write one.
TOKENS = (".contextWindow", ".maxTokens")


def validator(section):
    schema = schemas()[f"config-{section}.schema.json"]
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_base_is_valid(section):
    assert list(validator(section).iter_errors(base()[section])) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_agrees_with_the_models(section):
    check = validator(section)
    for path, (good, bad) in KEYS.items():
        if not path.startswith(f"{section}."):
            continue
        for value in good:
            if isinstance(value, float) and path.endswith(TOKENS):
                continue
            assert check.is_valid(with_value(path, value)[section]), (path, value)
        for value in [] if path.endswith(CHECKED_IN_PYTHON) else bad:
            assert not check.is_valid(with_value(path, value)[section]), (path, value)


def test_no_null_is_offered():
    assert "'null'" not in str(schemas())


def test_is_the_same_each_time():
    assert schemas() == schemas()
