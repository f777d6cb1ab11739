"""Regulations as data, one file a version (docs/scheme-format.md)."""
