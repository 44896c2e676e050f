"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from formacion import views

urlpatterns = [
    path("tema/", views.theme, name="theme"),
    path("admin/", admin.site.urls),
    path("cuenta/", include("allauth.account.urls")),
]
