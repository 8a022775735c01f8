"""The map with a route that the walk knows no address for."""

from django.urls import path

from cortx.health import version
from cortx.urls import urlpatterns as served

urlpatterns = [*served, path("api/v1/cells/<slug:cell>", version, name="cell")]
