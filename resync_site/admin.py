"""People: users, roles and their API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from knowledge.admin import OwnRequests
from resync_site.models import ApiToken, SignInFailures

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(OwnRequests, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(OwnRequests, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    pass


@admin.register(ApiToken)
class ApiTokenAdmin(OwnRequests, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Tokens are made by `manage.py create_token`, which shows them once; here they end."""

    list_display = ("prefix", "user", "created_at", "revoked_at")
    list_select_related = ("user",)
    readonly_fields = ("prefix", "user", "created_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Revoke the selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        messages.success(request, _("%(n)s tokens revoked.") % {"n": count})


@admin.register(SignInFailures)
class SignInFailuresAdmin(OwnRequests, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Who has failed to sign in lately. Deleting a line lets them try again at once."""

    list_display = ("username", "address", "failures", "last_at")
    search_fields = ("username", "address")
    ordering = ("-last_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
