"""The sockets' addresses."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from tws.answers.unknown import UnknownSocket
from tws.chat.consumer import ChatConsumer
from tws.chat.live_socket import LiveConsumer

_chat: Any = ChatConsumer.as_asgi()  # `path` is typed for views
_live: Any = LiveConsumer.as_asgi()
_unknown: Any = UnknownSocket.as_asgi()
_routes: Any = [
    re_path(r"^ws/chat/(?P<agent_id>[a-z0-9._-]+)/$", _chat),  # no other name is an agent's
    path("ws/live/", _live),
    re_path("", _unknown),
]

websockets = URLRouter(_routes)
