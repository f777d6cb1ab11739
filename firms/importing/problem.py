"""Why something was not taken: always a code, a place, a reason and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """``level``: error (refused), warning (taken, but look), notice (said for the record). ``column`` is the place."""

    code: str
    message: str
    hint: str = ""
    column: str = ""
    level: str = "error"

    def as_dict(self) -> dict[str, str]:
        return {key: value for key, value in asdict(self).items() if value}


class Unreadable(Exception):  # noqa: N818  (an answer about a file, not an error of the program)
    """The file as a whole cannot be taken."""

    def __init__(self, code: str, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint


class BadCell(ValueError):  # noqa: N818
    """A cell that cannot be taken as what its column holds."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
