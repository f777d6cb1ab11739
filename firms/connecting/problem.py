"""Why nothing was fetched: a code, what happened in words, and what to do."""

from __future__ import annotations


class Unfetched(Exception):  # noqa: N818  (an answer about a source, not an error of the program)
    """The source as a whole gave nothing that can be used. Whatever was known before stays as it was."""

    def __init__(self, code: str, message: str, hint: str = "", *, place: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place
