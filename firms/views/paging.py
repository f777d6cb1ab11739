"""Numbers from an address."""


def number(text: str) -> int:
    """A row's id to go on from; anything else is 0, the beginning."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
