"""Images for a message: files turned into what the API takes."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ... import plainfile
from ...errors import UsageError

MAX_BYTES = 20 * 1024 * 1024


def user_message(text: str, images: Sequence[Path]) -> dict[str, Any]:
    """A user's message with text and images.

    Raises:
        UsageError: a file cannot be read, is no image, or is larger than 20 MiB.
    """
    if not images:
        return {"role": "user", "content": text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    parts.extend({"type": "image_url", "image_url": {"url": _data_url(path)}} for path in images)
    return {"role": "user", "content": parts}


def _data_url(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or ""
    if not kind.startswith("image/"):
        raise UsageError(f"{path} has an unsupported image extension.", hint="Use a .png, .jpg, .gif or .webp file.")
    try:
        data = plainfile.read(path, MAX_BYTES)
    except plainfile.TooLarge:
        raise UsageError(
            f"{path} is larger than {MAX_BYTES // 1024 // 1024} MiB.", hint="Use a smaller image."
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
