"""What an address may hold beyond Django's own converters."""

from django.urls import register_converter


class YearConverter:
    """A data year. ``int`` would pass thirty digits on to the database, and the reader a 500."""

    regex = "(?:19[4-9][0-9]|20[0-9]{2}|2100)"

    def to_python(self, value: str) -> int:
        year = int(value)
        if year < 1949:
            raise ValueError
        return year

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(YearConverter, "year")
