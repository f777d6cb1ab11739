"""What a service says when it may not or cannot do as asked; pages, API and commands show it the same way."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (an answer, not an error of the program)
    """An answer of no: ``code`` for programs; ``message``, ``place`` and ``hint`` (what to do) in Chinese for people.

    ``status`` is the HTTP status an interface answers with: 400 malformed, 403 may not, 409 the state forbids it.
    """

    batch: int | None = None  # the import batch it speaks of, where there is one

    def __init__(self, code: str, message: str, *, place: str = "", hint: str = "", status: int = 409) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
        self.status = status

    def __str__(self) -> str:
        return "".join(part for part in (f"{self.place}：" if self.place else "", self.message, self.hint) if part)
