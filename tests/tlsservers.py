"""TLS contexts of servers that are as they should be, or wrong in one thing; and the files for a client."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import trustme

What = Literal["good", "expired", "other-name", "wants-certificate"]


class Authority:
    """An authority of one's own, with its file for ``SSL_CERT_FILE``.

    Args:
        folder: where files are put.
    """

    def __init__(self, folder: Path) -> None:
        self._ca, self._folder = trustme.CA(), folder
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, what: What) -> ssl.SSLContext:
        """The context of a server at 127.0.0.1 and localhost."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = ("other.example",) if what == "other-name" else ("localhost", "127.0.0.1")
        expired = datetime(2020, 1, 2, tzinfo=UTC)
        begun = datetime(2020, 1, 1, tzinfo=UTC)
        made = (
            self._ca.issue_cert(*names, not_after=expired, not_before=begun)
            if what == "expired"
            else self._ca.issue_cert(*names)
        )
        made.configure_cert(context)
        if what == "wants-certificate":
            context.verify_mode = ssl.CERT_REQUIRED
            self._ca.configure_trust(context)
        return context

    def client(self, name: str = "agent") -> tuple[Path, Path]:
        """Files of a client certificate and of its key."""
        made = self._ca.issue_cert(f"{name}@example.com")
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(key))
        return certificate, key
