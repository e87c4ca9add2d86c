"""What people were told, and whether it arrived; a test message to every channel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits.models import Notice
from audits.notices import wording
from audits.notices.outbox import Channel
from knowledge.admin import ReadOnlyAdmin


class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("said", "channel", "where_it_stands", "created", "tries", "why")
    list_display_links = None
    list_before_template = "audits/notices_head.html"
    ordering = ("-created_at", "-id")

    class Media:
        css = {"all": ["audits/console.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_view)
        return [path("test/", view, name="audits_notice_test"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from audits.notices.news import channels  # with the LLM gateway

        extra = {
            "title": gettext_lazy("Notifications"),
            "channels": [Channel(name).label for name in channels()],
        }
        response: HttpResponse = super().changelist_view(request, extra | (extra_context or {}))
        return response

    def test_view(self, request: HttpRequest) -> HttpResponse:
        from audits.notices import sending

        if request.method != "POST" or not request.user.has_perm("audits.change_notice"):
            raise PermissionDenied
        for channel, problem in sending.test().items():
            label = Channel(channel).label
            if problem:
                messages.error(request, f"{label}: {wording.problem(problem)}")
            else:
                messages.success(
                    request, _("%(channel)s: the test has arrived.") % {"channel": label}
                )
        return HttpResponseRedirect(reverse("admin:audits_notice_changelist"))

    @admin.display(description=gettext_lazy("told"))
    def said(self, notice: Notice) -> str:
        return " ".join(wording.lines(notice.news))

    @admin.display(description=gettext_lazy("status"))
    def where_it_stands(self, notice: Notice) -> str:
        return notice.state

    @admin.display(description=gettext_lazy("created"))
    def created(self, notice: Notice) -> str:
        return timezone.localtime(notice.created_at).strftime("%Y-%m-%d %H:%M %Z")

    @admin.display(description=gettext_lazy("attempts"))
    def tries(self, notice: Notice) -> int:
        return notice.attempts

    @admin.display(description=gettext_lazy("problem"))
    def why(self, notice: Notice) -> str:
        return wording.problem(notice.problem) or "–"
