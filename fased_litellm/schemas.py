"""The JSON Schemas of what this package prints and of the config parts which it owns, as files.

``python -m fased_litellm.schemas DIR`` writes them, ``--check`` only says whether the files are current.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from . import atomicfile
from .catalog.listing import ModelList
from .catalog.report import RefreshReport
from .config import jsonschema as config
from .doctor.checks.examine import ExaminationDocument
from .doctor.debug.run import DebugResult
from .doctor.explain.explain import ExplainResult
from .doctor.modelmap.inspect import ModelMapDocument
from .doctor.verify.run import VerificationDocument
from .errors.documents import ErrorDocument
from .keys.created_key import KeyMadeDocument, VirtualKeyDocument
from .provider.chatresult import ChatResult
from .spend import SpendDocument
from .usage.budgets.listing import BudgetList, BudgetRemoved, BudgetSet
from .usage.budgets.store import BudgetsFile
from .usage.compare.comparison import CompareDocument
from .usage.costs.reprice import RepriceDocument
from .usage.costs.whatif import WhatIfDocument
from .usage.exports.fased import FasedUsageDocument
from .usage.exports.formats import UsageExportDocument
from .usage.imports.result import UsageImportDocument
from .usage.postgres.push import UsagePushDocument
from .usage.postgres.schema import UsagePrepareDocument
from .usage.query.calls import UsageCallsDocument
from .usage.query.report import UsageReportDocument
from .usage.reconcile.run import ReconciledRows, ReconciledTotals
from .usage.record import UsageRecordDocument

SUFFIX = ".schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: dict[str, tuple[str, Any]] = {
    "budget-list": ("Budget list", BudgetList),
    "budget-removed": ("Budgets removed", BudgetRemoved),
    "budget-set": ("Budget set", BudgetSet),
    "budgets": ("Budgets", BudgetsFile),
    "chat-result": ("Chat result", ChatResult),
    "debug-result": ("Debug result", DebugResult),
    "error": ("Error", ErrorDocument),
    "examination": ("Examination", ExaminationDocument),
    "explain-result": ("Explain result", ExplainResult),
    "fased-usage": ("Fased usage", FasedUsageDocument),
    "model-map": ("Model map", ModelMapDocument),
    "models-list": ("Models of fased models list", ModelList),
    "reconciliation": ("Reconciliation", ReconciledRows | ReconciledTotals),
    "refresh-report": ("Report of fased providers refresh", RefreshReport),
    "spend": ("Spend at the proxy", SpendDocument),
    "usage-calls": ("Usage calls", UsageCallsDocument),
    "usage-compare": ("Usage of two periods", CompareDocument),
    "usage-export": ("Usage export", UsageExportDocument),
    "usage-import": ("Usage import", UsageImportDocument),
    "usage-prepare": ("Usage push --prepare", UsagePrepareDocument),
    "usage-push": ("Usage push", UsagePushDocument),
    "usage-record": ("Usage record", UsageRecordDocument),
    "usage-report": ("Usage report", UsageReportDocument),
    "usage-reprice": ("Usage reprice", RepriceDocument),
    "usage-what-if": ("Usage on another model", WhatIfDocument),
    "verification": ("Verification", VerificationDocument),
    "virtual-key": ("Virtual key", VirtualKeyDocument),
    "virtual-key-made": ("Virtual key that was made", KeyMadeDocument),
}
"""File name → title, and the declaration."""


class _Untitled(GenerateJsonSchema):
    """Without titles of fields, which would only repeat their names."""

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema, for all rooms. Made once; nobody may change them."""
    return {
        **{f"{name}{SUFFIX}": _schema(title, declared) for name, (title, declared) in DOCUMENTS.items()},
        **config.schemas(),
    }


def _schema(title: str, declared: Any) -> dict[str, Any]:
    schema = TypeAdapter(declared).json_schema(mode="serialization", schema_generator=_Untitled)
    return {"$schema": DIALECT, **schema, "title": title}


def texts() -> dict[str, str]:
    """File name → the file's text."""
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas().items()}


def differences(folder: Path) -> list[str]:
    """What is wrong with the files of a folder, one line each: missing, out of date, or of nobody."""
    wanted = texts()
    found = {path.name for path in folder.glob(f"*{SUFFIX}")}
    wrong = [f"{name}: nothing writes it any more" for name in sorted(found - set(wanted))]
    for name, text in wanted.items():
        if name not in found:
            wrong.append(f"{name}: missing")
        elif (folder / name).read_text(encoding="utf-8") != text:
            wrong.append(f"{name}: out of date")
    return wrong


def write(folder: Path) -> list[str]:
    """Make the files of a folder current; gives back what had to be changed."""
    wrong = differences(folder)
    wanted = texts()
    for name in sorted({path.name for path in folder.glob(f"*{SUFFIX}")} - set(wanted)):
        (folder / name).unlink()
    for name, text in wanted.items():
        atomicfile.replace(folder / name, text.encode(), mode=0o644)
    return wrong


def main(argv: list[str] | None = None) -> int:
    """The command; 1 if ``--check`` finds something."""
    parser = argparse.ArgumentParser(prog="python -m fased_litellm.schemas", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(argv)
    wrong = differences(options.folder) if options.check else write(options.folder)
    for line in wrong:
        sys.stdout.write(f"{options.folder}/{line}\n")
    if wrong and options.check:
        sys.stdout.write("Run: make schemas\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
