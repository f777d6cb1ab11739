from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from xxgx.health import livez, readyz
from xxgx.home import favicon, home
from xxgx.language import choose, script

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("home/", home, name="home"),
    path("favicon.ico", favicon, name="favicon"),
    path("language/<slug:language>/", choose, name="language"),
    path("language/en.js", script, name="language_script"),
    path("admin/", admin.site.urls),
    path("", include("firms.urls")),
    path("", include("scoring.urls")),
]
if settings.DEMO:
    from xxgx.demo import connectors as made_up_sites

    urlpatterns += made_up_sites.urlpatterns

handler400 = "xxgx.errors.bad_request"
handler403 = "xxgx.errors.permission_denied"
handler404 = "xxgx.errors.page_not_found"
handler500 = "xxgx.errors.server_error"
