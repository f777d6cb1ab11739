"""The back office of facts: Django's admin, in Chinese, audited, guarded against lost updates."""

from firms.admin import facts, people, reference, work

__all__ = ["facts", "people", "reference", "work"]
