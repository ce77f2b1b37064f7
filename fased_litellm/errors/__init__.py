"""Every exception of the package, with its code, exit status and hint.

::

    FasedError                      error                 1
    ├── UsageError                  usage                 2
    │   └── FilterError             filter                2   of --filter, with the place
    ├── Cancelled                   cancelled           130
    ├── ConfigError                 config                1
    │   ├── ConfigSyntaxError       config-syntax         1   file, line, column, the line
    │   ├── ConfigInvalid           config-invalid        1   every problem at once
    │   ├── MissingVariable         missing-variable      1   a value was needed whose ${VAR} is not set
    │   ├── ConfigConflict          config-conflict       1   changed by another program
    │   └── ConfigWriteError        config-write          1   nothing was written
    ├── RefError                    ref                   1
    │   ├── InvalidRef              invalid-ref           1
    │   ├── UnknownModel            unknown-model         1   with the nearest ids
    │   └── ModelNotAllowed         model-not-allowed     1
    ├── SecretError                 secret                1
    │   ├── MissingKey              missing-key           1
    │   └── SecretStoreError        secret-store          1
    │       └── KeyringError        keyring               1   no backend, locked, too slow, failed
    ├── PluginError                 plugin                1
    ├── CatalogError                catalog               1
    ├── LedgerError                 ledger                1
    │   └── LedgerDamaged           ledger-damaged        1   `fased usage` sets it aside and saves what can be read
    ├── NotInHistory                not-in-history        1   a session or task without calls; with the nearest ones
    ├── FleetError                  fleet                 1   the database with the usage of many machines
    ├── BudgetError                 budget                1   budgets cannot be read, written or checked
    │   └── BudgetExceeded          budget-exceeded       1   which, spent, limit, resets when; nothing was sent
    ├── ExportError                 export                1   a file is there already, or cannot be written
    ├── LocalProxyError             local-proxy           1
    ├── KeyAdminError               key-admin             1   the proxy refuses to make, change or show a virtual key
    ├── SpendError                  spend                 1   the proxy does not show what was spent
    └── CallError                   call-failed           1   cause, origin, remedy
        ├── NetworkError            network               1
        │   ├── AddressBlocked      address-blocked       1
        │   ├── ConnectFailed       connect-failed        1
        │   ├── TlsFailed           tls-failed            1
        │   ├── TimedOut            timed-out             1
        │   └── BadAnswer           bad-answer            1   too large, not HTTP, not JSON
        ├── ProxyError              proxy                 1   the proxy answered with a failure
        └── StreamInterrupted       stream-interrupted    1   with what arrived before

The second column is ``code``, as printed in ``{"error": {"code": …}}``; the third is the exit status of the command.
A message says what happened and where; the hint says what to do. Neither ever holds a secret.
"""

from __future__ import annotations

from .calls import (
    AddressBlocked,
    BadAnswer,
    CallError,
    ConnectFailed,
    KeyAdminError,
    NetworkError,
    ProxyError,
    SpendError,
    StreamInterrupted,
    TimedOut,
    TlsFailed,
)
from .general import (
    Cancelled,
    CatalogError,
    ConfigConflict,
    ConfigError,
    ConfigInvalid,
    ConfigSyntaxError,
    ConfigWriteError,
    FasedError,
    FilterError,
    InvalidRef,
    Issue,
    KeyringError,
    LocalProxyError,
    MissingKey,
    MissingVariable,
    ModelNotAllowed,
    PluginError,
    RefError,
    SecretError,
    SecretStoreError,
    UnknownModel,
    UsageError,
)
from .kinds import KeyringTrouble, Origin
from .usage import BudgetError, BudgetExceeded, ExportError, FleetError, LedgerDamaged, LedgerError, NotInHistory

__all__ = [
    "AddressBlocked",
    "BadAnswer",
    "BudgetError",
    "BudgetExceeded",
    "CallError",
    "Cancelled",
    "CatalogError",
    "ConfigConflict",
    "ConfigError",
    "ConfigInvalid",
    "ConfigSyntaxError",
    "ConfigWriteError",
    "ConnectFailed",
    "ExportError",
    "FasedError",
    "FilterError",
    "FleetError",
    "InvalidRef",
    "Issue",
    "KeyAdminError",
    "KeyringError",
    "KeyringTrouble",
    "LedgerDamaged",
    "LedgerError",
    "LocalProxyError",
    "MissingKey",
    "MissingVariable",
    "ModelNotAllowed",
    "NetworkError",
    "NotInHistory",
    "Origin",
    "PluginError",
    "ProxyError",
    "RefError",
    "SecretError",
    "SecretStoreError",
    "SpendError",
    "StreamInterrupted",
    "TimedOut",
    "TlsFailed",
    "UnknownModel",
    "UsageError",
]
