"""The whole map on one screen."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from cortx import api
from cortx.health import health, service_health, version
from cortx.openapi import Documentation, OpenApiDocument
from cortx.trust.views import trust, trust_home
from records.dashboards.views import guide, home
from tenants.access.views import select_tenant
from tenants.invitations.views import invitation

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^health/?$", health, name="health"),
    re_path(r"^health/(?P<service>[-\w]+)/?$", service_health, name="service_health"),
    re_path(r"^version/?$", version, name="version"),
    re_path(r"^openapi\.json/?$", OpenApiDocument.as_view(), name="openapi"),
    re_path(r"^docs/?$", Documentation.as_view(), name="docs"),
    *api.urlpatterns,
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/invitation/<str:token>/", invitation, name="account_invitation"),
    path("", home, name="home"),
    path("trust/", trust_home, name="trust_home"),
    path("t/<slug:slug>/trust/", trust, name="trust"),
    path("t/<slug:slug>/", include("records.urls")),
    path("styleguide/", guide, name="styleguide"),
    path("admin/tenant/", select_tenant, name="select_tenant"),
    path("admin/", admin.site.urls),
]

handler400 = "cortx.errors.bad_request"
handler403 = "cortx.errors.permission_denied"
handler404 = "cortx.errors.page_not_found"
handler500 = "cortx.errors.server_error"
