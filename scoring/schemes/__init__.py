"""The regulations as data: one TOML file a version (docs/scheme-format.md)."""
