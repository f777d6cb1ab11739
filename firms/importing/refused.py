"""How the child says no. In a module of its own, because every other import is time its parent waits for."""


class Refused(Exception):  # noqa: N818
    """``args``: a code of ``spool._REFUSALS`` and a detail."""
