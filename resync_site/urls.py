from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views import defaults

from resync_site import health, metrics, settings_page
from resync_site.api import api, unknown_path
from resync_site.sign_in import SignIn

admin.autodiscover()

handler400 = "resync_site.middleware.bad_request"

urlpatterns = [
    # "View on site" of the admin: no model of ours has such an address.
    path("admin/r/<path:rest>", lambda request, rest: defaults.page_not_found(request, None)),
    path("admin/login/", SignIn.as_view()),
    path("admin/settings/", admin.site.admin_view(settings_page.page), name="settings"),
    path("admin/", admin.site.urls),
    path("api/", unknown_path),
    path("api/", api.urls),
    path("api/<path:rest>", unknown_path),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics.metrics),
    path("login/", SignIn.as_view(), name="login"),
    path("", include("tws.urls")),
]
