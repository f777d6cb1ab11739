"""Files handed out as somebody uploaded them."""

from django.db.models.fields.files import FieldFile
from django.http import FileResponse


def original(file: FieldFile, *, name: str, media_type: str) -> FileResponse:
    """The bytes to be saved under ``name``: never shown inside the site's own pages, whatever a browser takes them for."""
    response = FileResponse(file.open("rb"), as_attachment=True, filename=name, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
