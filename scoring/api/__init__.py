"""``/api/v1/``: what the public pages show, for programs. The same presenters, explicit fields, read only."""
