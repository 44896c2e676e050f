"""Addresses of what is practised and reviewed. An exercise's own page is a document of its course."""

from django.urls import path

from exercises import grading_views, review_views, submission_views, views

urlpatterns = [
    path("ejercicios/", views.exercise_list, name="exercise_list"),
    path("ejercicios/<int:pk>/entregar/", views.submit, name="submit"),
    path("ejercicios/<int:pk>/probar/", views.try_out, name="try_out"),
    path("ejercicios/<int:pk>/borrador/", views.save_draft, name="save_draft"),
    path("correcciones/<int:pk>/", grading_views.grading_status, name="grading_status"),
    path("correcciones/<int:pk>/retirar/", grading_views.withdraw, name="withdraw"),
    path("correcciones/<int:pk>/registro/<int:case>/<str:name>/", grading_views.log, name="log"),
    path("entregas/<int:pk>/", submission_views.submission, name="submission"),
    path("entregas/<int:pk>/estado/", submission_views.submission_status, name="submission_status"),
    path("entregas/<int:pk>/archivos/", submission_views.download, name="download"),
    path("entregas/<int:pk>/archivos/<str:name>", submission_views.download, name="download_file"),
    path("entregas/<int:pk>/responder/", submission_views.reply, name="reply"),
    path("revision/", review_views.review_list, name="review_list"),
    path("revision/<int:pk>/", review_views.review, name="review"),
    path("revision/<int:pk>/comentar/", review_views.comment, name="comment"),
    path("revision/<int:pk>/decidir/", review_views.decide, name="decide"),
    path("revision/<int:pk>/puntos/", review_views.give_points, name="give_points"),
]
