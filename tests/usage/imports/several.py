"""``python -m tests.usage.imports.several STATE``: an import in two processes, which tells how many calls it has written."""

from __future__ import annotations

import sys
import time

from fased_litellm.paths import Paths
from fased_litellm.usage.imports import pipeline, pool
from fased_litellm.usage.imports.pipeline import Progress


def main(state: str) -> None:
    def on_progress(progress: Progress) -> None:
        sys.stdout.write(f"{progress.calls}\n")
        sys.stdout.flush()
        time.sleep(0.02)

    # Little at once, so that there is something between the beginning and the end.
    pool._TASK_SIZE = 30_000
    pool._CALLS = 400
    paths = Paths.from_env({"HOME": state, "FASED_STATE_DIR": state})
    pipeline.run(paths.ledger, paths, wait=True, workers=2, on_progress=on_progress)


if __name__ == "__main__":
    main(sys.argv[1])
