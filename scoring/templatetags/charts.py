"""The table of a chart as a file, inside the page itself.

The link carries the file (``data:``), so that it needs neither a script nor an address for every chart of every page, and
holds exactly what the table shows, to whoever was shown it.
"""

import base64
import csv
import io
import re

from django import template

from firms.exports import disarm
from scoring.presenters.charts import Chart

register = template.Library()
_NUMBER = re.compile(r"[+−-]?\d[\d,]*(\.\d+)?")


@register.simple_tag
def chart_csv(chart: Chart) -> str:
    """``data:text/csv;…``: UTF-8 with BOM; numbers plain, "—" an empty cell, nothing a spreadsheet would run."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([disarm(cell) for cell in chart.head])
    writer.writerows([[_cell(cell) for cell in row] for row in chart.rows])
    content = base64.b64encode(out.getvalue().encode("utf-8-sig")).decode()
    return f"data:text/csv;charset=utf-8;base64,{content}"


def _cell(cell: object) -> str:
    text = str(cell)
    if text == "—":
        return ""
    if _NUMBER.fullmatch(text):
        return text.replace(",", "").replace("−", "-").removeprefix("+")
    return disarm(text)
