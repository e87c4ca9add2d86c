from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from tws.chat import views

urlpatterns = [
    path("", views.live, name="live"),
    path("chat/", views.chat, name="chat"),
    path("chat/<str:agent_id>/", views.chat_with, name="chat-with"),
    path("memories/", views.memories, name="memories"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
]
