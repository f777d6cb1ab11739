"""Endpoints: check the parameters, make one presenter call, say it by a serializer."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from firms.services.refusal import Refusal
from scoring.api.explanation import ExplanationSerializer
from scoring.api.method import MethodSerializer
from scoring.api.parameters import Parameters, RankingParameters, YearParameters
from scoring.api.schema import answers
from scoring.api.serializers import FirmSerializer, PeriodSerializer, RankingSerializer
from scoring.models import EvaluationPeriod
from scoring.presenters import method
from scoring.presenters.profile import Profile, profile
from scoring.presenters.ranking import ranking_page


# An answer is hashed into its ETag and a reader who has it gets 304. What one may see depends on who one is.
@method_decorator(conditional_page, name="dispatch")
class Reading(APIView):
    """What every endpoint is: a read, revalidated each time, never kept for another reader."""

    http_method_names = ("get", "head", "options")

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        who = "private" if request.user.is_authenticated else "public"
        response.headers.setdefault("Cache-Control", f"{who}, no-cache")
        return response


class Periods(Reading):
    @extend_schema(
        operation_id="periods",
        summary="评价期",
        description="可以读取的评价期，最近的在前。",
        responses=answers(PeriodSerializer(many=True), 400),
    )
    def get(self, request: Request) -> Response:
        Parameters.read(request)
        periods = EvaluationPeriod.objects.visible_to(request.user).select_related("scheme")
        return Response(PeriodSerializer(periods, many=True).data)


class Method(Reading):
    @extend_schema(
        operation_id="method",
        summary="积分办法",
        description="评价期所用的指标体系：企业类型、权重、指标、负面清单、衰减、附加分、计算次序和本系统解释。",
        parameters=[YearParameters],
        responses=answers(MethodSerializer, 400, 404),
    )
    def get(self, request: Request) -> Response:
        periods = EvaluationPeriod.objects.visible_to(request.user).select_related("scheme", "published_run__scheme")
        asked = YearParameters.read(request)
        chosen = (periods.filter(year=asked["year"]) if asked else periods.published()).order_by("-year_id").first()
        if chosen is None:
            raise Http404
        scheme = chosen.published_run.scheme if chosen.published_run else chosen.scheme
        page = method.described(scheme.sha256, scheme.text)
        return Response(MethodSerializer(page, context={"text": scheme.text}).data)


class Rankings(Reading):
    @extend_schema(
        operation_id="rankings",
        summary="榜单",
        description="一个评价期的榜单，筛选、检索、次序和翻页与页面相同。没有已发布的评价期时返回 404。",
        parameters=[RankingParameters],
        responses=answers(RankingSerializer, 400, 404),
    )
    def get(self, request: Request) -> Response:
        asked = RankingParameters.read(request)
        try:
            page = ranking_page(request.user, period=asked.pop("year", None), **asked)
        except EvaluationPeriod.DoesNotExist:
            raise Http404 from None
        if page.period is None:
            raise Refusal(
                "nothing_published", _("还没有已发布的评价期。"), hint=_("评价结果公布后即可读取。"), status=404
            )
        return Response(RankingSerializer(page).data)


def _profile(request: Request, credit_code: str) -> Profile:
    """The firm's page in the year asked for; a year the reader has no score of is not found, never another year."""
    year = YearParameters.read(request).get("year")
    found = profile(request.user, credit_code, year)
    if year is not None and (found.period is None or found.period.year_id != year):
        raise Http404
    return found


CREDIT_CODE = OpenApiParameter(
    "credit_code",
    {"type": "string", "pattern": "^[0-9A-Z]{18}$"},
    OpenApiParameter.PATH,
    description="统一社会信用代码",
)


class Firm(Reading):
    @extend_schema(
        operation_id="firm",
        summary="企业积分",
        description="一家企业的得分、排名和历年得分。不登录只能读取已发布评价期中参加排名的企业。",
        parameters=[CREDIT_CODE, YearParameters],
        responses=answers(FirmSerializer, 400, 404),
    )
    def get(self, request: Request, credit_code: str) -> Response:
        return Response(FirmSerializer(_profile(request, credit_code)).data)


class Explanation(Reading):
    @extend_schema(
        operation_id="explanation",
        summary="企业得分说明",
        description="得分怎样算出：所用数据及出处、每项指标的计分标准和得分、扣分、衰减、附加分。积分办、领导、职能部门和企业本身可以读取。",
        parameters=[CREDIT_CODE, YearParameters],
        responses=answers(ExplanationSerializer, 400, 403, 404),
    )
    def get(self, request: Request, credit_code: str) -> Response:
        found = _profile(request, credit_code)
        if found.account is None:
            if found.score is not None:
                raise PermissionDenied
            raise Http404
        return Response(ExplanationSerializer(found).data)
