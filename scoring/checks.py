"""What a PDF needs beside Python: said at start, not when somebody asks for one."""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
from typing import Any

from django.core.checks import CheckMessage, Warning, register

FC_LIST = ["fc-list", ":lang=zh", "family"]


@register("pdf")
def pdf_can_be_made(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warnings where pango or a Chinese font is missing."""
    found: list[CheckMessage] = []
    if not ctypes.util.find_library("pango-1.0"):
        found.append(
            Warning(
                "没有找到 pango 库，计分说明不能生成 PDF，其余功能不受影响。",
                hint="Debian 上执行 apt-get install libpango-1.0-0 libpangoft2-1.0-0，然后重启服务。",
                id="scoring.W001",
            )
        )
    if not chinese_fonts():
        found.append(
            Warning(
                "没有找到中文字体，计分说明的 PDF 里汉字会显示为空框。",
                hint="Debian 上执行 apt-get install fonts-noto-cjk fontconfig，然后重启服务。",
                id="scoring.W002",
            )
        )
    return found


def chinese_fonts() -> str:
    """The Chinese fonts fontconfig knows; "" where there are none, or nobody to ask."""
    if shutil.which(FC_LIST[0]) is None:
        return ""
    try:
        return subprocess.run(FC_LIST, capture_output=True, text=True, timeout=10, check=False).stdout.strip()  # noqa: S603
    except subprocess.TimeoutExpired:
        return ""
