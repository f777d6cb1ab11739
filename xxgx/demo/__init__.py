"""演示园区: a synthetic zone whose totals are those the zone published, and nobody's data."""

from xxgx.demo.accounts import ACCOUNTS, PASSWORD

__all__ = ["ACCOUNTS", "PASSWORD"]
