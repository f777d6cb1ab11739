"""A figure as people write it, in every message of reading and checking. Pure."""


def plain(value: float) -> str:
    """``618306100.0`` → ``618,306,100``: thousands separated, no trailing zeros, never an exponent; up to six decimals."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
