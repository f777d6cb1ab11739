"""A secret of this installation's own for development and the demo: no key is ever the same on two machines."""

import secrets
import time
from pathlib import Path


def own_secret(path: Path) -> str:
    """The text of ``path``, written with 64 random bytes by whichever process comes first."""
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    # A process that looks between the two steps above finds it empty: wait for the one writing.
    for _ in range(100):
        if text := path.read_text(encoding="ascii"):
            return text
        time.sleep(0.02)
    raise RuntimeError(f"{path} is empty: remove it")
