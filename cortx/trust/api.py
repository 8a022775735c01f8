"""The last trust report over the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cortx.trust.report import Verdict
from cortx.trust.stored import report_newest
from tenants.filtering import nothing_else
from tenants.http import TenantAPIView


class PromiseShape(serializers.Serializer):
    """What came of one promise."""

    promise = serializers.CharField(help_text="P1 to P12.")
    name = serializers.CharField()
    tried = serializers.CharField()
    figure = serializers.CharField()
    target = serializers.CharField()
    verdict = serializers.ChoiceField(choices=[(verdict.value, verdict.value) for verdict in Verdict])
    reason = serializers.CharField(help_text="Why it is not met, or not carried here; empty when it is met.")
    seconds = serializers.CharField()


class ReportShape(serializers.Serializer):
    """What `manage.py trust_check` found when it last ran."""

    checked_at = serializers.DateTimeField()
    version = serializers.CharField()
    commit = serializers.CharField()
    database = serializers.CharField()
    seconds = serializers.CharField()
    kept = serializers.BooleanField(help_text="Every promise that this installation carries is met.")
    results = PromiseShape(many=True)


class TrustShape(serializers.Serializer):
    """The newest report, null before the first."""

    report = ReportShape(allow_null=True)


class Trust(TenantAPIView):
    """Every promise, tried on this installation."""

    @extend_schema(responses=TrustShape)
    def get(self, request: Request) -> Response:
        """Figure, target and verdict of each promise; about the installation, not about a tenant."""
        nothing_else(request.query_params)
        if self.identity.is_anonymous:
            raise NotAuthenticated("The trust report is for members and their programs")
        report = report_newest()
        return Response({"report": report.document() if report else None})
