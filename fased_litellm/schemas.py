"""The JSON Schemas of what this package prints and of the config parts which it owns, as files.

``python -m fased_litellm.schemas DIR`` writes them, ``--check`` only says whether the files are current.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from . import atomicfile
from .catalog import jsonschema as catalog
from .config import jsonschema as config
from .doctor.checks import jsonschema as examination
from .doctor.debug import jsonschema as debug
from .doctor.explain import jsonschema as explain
from .doctor.modelmap import jsonschema as modelmap
from .doctor.verify import jsonschema as verification
from .onboarding import jsonschema as onboarding
from .provider import jsonschema as provider
from .usage import jsonschema as usage
from .usage.exports import jsonschema as exports
from .usage.imports import jsonschema as imports
from .usage.postgres import jsonschema as fleet

SUFFIX = ".schema.json"


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema, for all rooms."""
    return {
        **provider.schemas(),
        **usage.schemas(),
        **exports.schemas(),
        **fleet.schemas(),
        **imports.schemas(),
        **catalog.schemas(),
        **config.schemas(),
        **modelmap.schemas(),
        **examination.schemas(),
        **debug.schemas(),
        **explain.schemas(),
        **verification.schemas(),
        **onboarding.schemas(),
    }


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
