"""The back office of facts: Django's admin, in Chinese, audited, guarded against lost updates."""

from firms.admin import connectors, facts, people, reference, work

__all__ = ["connectors", "facts", "people", "reference", "work"]
