"""Answers every endpoint may give besides 200, said once."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class RefusalSerializer(serializers.Serializer):
    """The one shape of every refusal."""

    code = serializers.CharField(help_text="供程序判断的代码")
    message = serializers.CharField(help_text="原因")
    place = serializers.CharField(allow_blank=True, help_text="出在哪里，例如参数名")
    hint = serializers.CharField(allow_blank=True, help_text="怎样更正")
    fields = serializers.DictField(  # type: ignore[assignment]  # declared fields leave the class body
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="逐个参数的原因"
    )


REASONS = {
    304: "未修改：与 If-None-Match 所带的 ETag 一致，没有正文。",
    400: "参数有误，place 为参数名。",
    403: "需要登录，或账号无权查看。",
    404: "没有这项内容，或尚未发布。",
    409: "现在还不能回答，按 hint 所示稍后重试。",
    429: "请求过于频繁，按 Retry-After 所示秒数等待。",
}


def answers(ok: Any, *refusals: int) -> dict[int, OpenApiResponse]:
    """``responses=`` of ``extend_schema``: 200 with ``ok``, 304, 429, and the refusals named."""
    documented = {200: OpenApiResponse(ok, description="成功"), 304: OpenApiResponse(description=REASONS[304])}
    for status in sorted({*refusals, 429}):
        documented[status] = OpenApiResponse(RefusalSerializer, description=REASONS[status])
    return documented
