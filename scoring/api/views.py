"""Endpoints: check the parameters, make one presenter call, say it by a serializer."""

from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from scoring.api.parameters import YearParameters
from scoring.api.schema import answers
from scoring.api.serializers import MethodSerializer, PeriodSerializer
from scoring.models import EvaluationPeriod
from scoring.presenters import method


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
        responses=answers(PeriodSerializer(many=True)),
    )
    def get(self, request: Request) -> Response:
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
        chosen = (periods.filter(year=asked["year"]) if asked else periods.published()).order_by("-year").first()
        if chosen is None:
            raise Http404
        scheme = chosen.published_run.scheme if chosen.published_run else chosen.scheme
        page = method.described(scheme.sha256, scheme.text)
        return Response(MethodSerializer(page, context={"text": scheme.text}).data)
