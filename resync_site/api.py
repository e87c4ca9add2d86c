"""The root of the REST API: who calls, how often, and how errors look.

A caller has a session cookie (and then CSRF is enforced) or `Authorization: Bearer TOKEN`.
Every error is `{"detail": …}`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, Throttled
from ninja.security import APIKeyCookie, HttpBearer
from ninja.throttling import BaseThrottle
from ninja.utils import check_csrf

from audits import review
from audits.api import router as audit_router
from knowledge.api import router as memories_router
from knowledge.feedback import TooManyReports
from knowledge.hits import SearchUnavailable
from knowledge.models import Memory
from knowledge.secrets import mask_secrets
from resync_site.bodies import BoundedParser
from resync_site.command_line import what_is_down
from resync_site.models import ApiToken
from resync_site.reference import Reference
from resync_site.roles import has_role
from resync_site.sign_in import no_role, note_bad_token
from tws.api import UnknownEngine
from tws.api import router as tws_router
from tws.chat.api import cards as cards_router
from tws.chat.api import router as answers_router
from tws.chat.conversation_api import router as conversations_router
from tws.chat.limits import WINDOW_SECONDS, within
from tws.hwa.errors import TWSError, TWSUnavailable
from tws.plan.query.asked import PlanQueryRefused, PlanUnavailable

logger = logging.getLogger(__name__)


class TokenAuth(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> AbstractBaseUser:
        holder = ApiToken.objects.holders_of(token.strip()).first()
        if holder is None and not note_bad_token(request):
            raise Throttled(wait=WINDOW_SECONDS)
        if holder is None:
            raise AuthenticationError(message="This token is not valid.")
        if not has_role(holder.user):
            raise AuthorizationError(message=no_role())
        request.user = holder.user
        return holder.user


class SessionAuth(APIKeyCookie):
    """Django's session. Anonymous callers get 401 before anybody looks at their CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.param_name)

    def authenticate(self, request: HttpRequest, key: str | None) -> AbstractBaseUser | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise AuthorizationError(message="The CSRF token is missing or wrong.")
        return request.user


class PerUser(BaseThrottle):
    """So many requests in a minute for one user, each counted by what it costs."""

    def allow_request(self, request: HttpRequest) -> bool:
        most, cost = settings.API_REQUESTS_PER_MINUTE, _cost(request)
        return within(f"api-requests-{request.user.pk}", most, cost)

    def wait(self) -> float:
        return WINDOW_SECONDS


SEARCH_COSTS = 10
BODY_COSTS_EACH = 16 * 1024
"""Bytes of a body that count as one request more."""


def _cost(request: HttpRequest) -> int:
    """In simple requests: what looks through all memories and what has to be parsed costs more."""
    searches = bool(request.GET.get("q") or request.GET.get("query"))
    return (SEARCH_COSTS if searches else 1) + len(request.body) // BODY_COSTS_EACH


def _if_open(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The documentation, where API_DOCS opens it."""

    @functools.wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.API_DOCS:
            return unknown_path(request)
        return view(request, *args, **kwargs)

    return opened


api = NinjaAPI(
    title="Resync",
    version="1",
    description="Audit queue, memories, agents and the plan. "
    "Use a session, or `Authorization: Bearer TOKEN`.",
    auth=[TokenAuth(), SessionAuth()],
    throttle=[PerUser()],
    parser=BoundedParser(),
    urls_namespace="api",
    docs=Reference(),
    docs_decorator=_if_open,
)
api.add_router("/audit", audit_router)
api.add_router("/memories", memories_router)
api.add_router("/answers", answers_router)
api.add_router("/plan", cards_router)
api.add_router("/conversations", conversations_router)
api.add_router("", tws_router)


def _error(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    return api.create_response(request, {"detail": detail}, status=status)


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that is not JSON is 422 here, as any other bad body."""
    response = _error(request, 422 if error.status_code == 400 else error.status_code, str(error))
    if error.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.wait or 60)
    return response


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _error(request, 404, _("There is nothing here."))


@api.exception_handler(review.ReviewError)
def review_error(request: HttpRequest, error: review.ReviewError) -> HttpResponse:
    if isinstance(error, review.UnknownMemory):
        return _error(request, 404, str(error))
    if isinstance(error, review.OwnMemory):
        return _error(request, 403, str(error))
    return _error(request, 422 if isinstance(error, review.Invalid) else 409, str(error))


@api.exception_handler(Memory.DoesNotExist)
def unknown_memory(request: HttpRequest, error: Memory.DoesNotExist) -> HttpResponse:
    return _error(request, 404, _("There is no such memory."))


@api.exception_handler(TooManyReports)
def too_many_reports(request: HttpRequest, error: TooManyReports) -> HttpResponse:
    return _error(request, 429, str(error))


@api.exception_handler(SearchUnavailable)
def no_search(request: HttpRequest, error: SearchUnavailable) -> HttpResponse:
    return _error(request, 503, str(error))


@api.exception_handler(DatabaseError)
def no_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """The database is away, also in the middle of a request; a fault of ours stays a 500."""
    sentence = what_is_down(error)
    if sentence is None:
        raise error
    logger.error("/api: %s", sentence)
    response = _error(request, 503, "The database does not answer. Try again in a moment.")
    response.headers["Retry-After"] = "5"
    return response


@api.exception_handler(TWSError)
def no_hwa(request: HttpRequest, error: TWSError) -> HttpResponse:
    """HWA's silence is a 503, its refusals and bad replies a 502."""
    unavailable = isinstance(error, TWSUnavailable)
    return _error(request, 503 if unavailable else 502, mask_secrets(str(error)))


@api.exception_handler(PlanUnavailable)
def no_plan(request: HttpRequest, error: PlanUnavailable) -> HttpResponse:
    return _error(request, 503, mask_secrets(str(error)))


@api.exception_handler(PlanQueryRefused)
def query_refused(request: HttpRequest, error: PlanQueryRefused) -> HttpResponse:
    return _error(request, 422, str(error))


@api.exception_handler(UnknownEngine)
def unknown_engine(request: HttpRequest, error: UnknownEngine) -> HttpResponse:
    return _error(request, 404, "There is no engine of that name.")


@csrf_exempt  # it changes nothing, and a caller with a token has no cookie
def unknown_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is asked for under /api/."""
    return _error(request, 404, "There is no such path.")
