"""``python -m fased_litellm`` is ``fased``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
