"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from formacion import health, views
from formacion.pages import home, plan, preferences, search

urlpatterns = [
    path("", home.home, name="home"),
    path("plan/", plan.plan, name="plan"),
    path("buscar/", search.search, name="search"),
    path("healthz", health.healthz, name="healthz"),
    path("tema/", views.theme, name="theme"),
    path("admin/", admin.site.urls),
    path("cuenta/", RedirectView.as_view(pattern_name="preferences"), name="account"),
    path("cuenta/ajustes/", preferences.preferences, name="preferences"),
    path("cuenta/", include("allauth.account.urls")),
    path("", include("exercises.urls")),
    path("", include("courses.urls")),
]
