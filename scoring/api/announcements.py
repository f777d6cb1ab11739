"""公告公示 by program: what the public list shows."""

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scoring.api.parameters import Parameters
from scoring.api.schema import answers
from scoring.api.views import Reading
from scoring.models import Announcement, AnnouncementFile
from scoring.presenters.announcements import public_list


class AnnouncementParameters(Parameters):
    kind = serializers.ChoiceField(Announcement.Kind.choices, required=False, help_text="类型代码")
    q = serializers.CharField(required=False, max_length=64, help_text="标题或正文中的词，多个词用空格分开")
    page = serializers.IntegerField(required=False, min_value=1, max_value=100_000, help_text="第几页，从1起")


class AttachmentSerializer(serializers.Serializer):
    name = serializers.CharField(source="file_name", help_text="文件名")
    size = serializers.IntegerField(help_text="字节数")
    media_type = serializers.CharField(help_text="媒体类型")
    url = serializers.SerializerMethodField(help_text="下载地址")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, file: AnnouncementFile) -> str:
        address = reverse("scoring:announcement_file", args=[file.announcement_id, file.pk])
        return self.context["request"].build_absolute_uri(address)


class AnnouncementSerializer(serializers.Serializer):
    id = serializers.IntegerField(help_text="编号")
    kind = serializers.CharField(help_text="类型代码")
    kind_name = serializers.CharField(source="get_kind_display", help_text="类型")
    title = serializers.CharField(help_text="标题")
    body = serializers.CharField(help_text="正文，纯文本，空行分段")
    pinned = serializers.BooleanField(help_text="是否置顶")
    published_at = serializers.DateTimeField(help_text="发布时间")
    attachments = AttachmentSerializer(source="attached", many=True, help_text="附件")


class AnnouncementsSerializer(serializers.Serializer):
    count = serializers.IntegerField(help_text="符合条件的公告数")
    page = serializers.IntegerField(source="number", help_text="第几页")
    pages = serializers.IntegerField(help_text="共几页")
    rows = AnnouncementSerializer(many=True, help_text="本页公告，置顶的在前，其余最近的在前")


class Announcements(Reading):
    @extend_schema(
        operation_id="announcements",
        summary="公告公示",
        description="已发布的公告，与公告列表页相同；草稿和已撤下的不在其中。",
        parameters=[AnnouncementParameters],
        responses=answers(AnnouncementsSerializer, 400),
    )
    def get(self, request: Request) -> Response:
        asked = AnnouncementParameters.read(request)
        return Response(AnnouncementsSerializer(public_list(**asked, bodies=True), context={"request": request}).data)
