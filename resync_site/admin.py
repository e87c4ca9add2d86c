"""People: users, roles and their API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from knowledge.admin import OwnRequests
from resync_site import people_names
from resync_site.models import ApiToken, SignInFailures

TICKED: Any = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
"""Django's pair of lists is wider than the page, and can't be read out."""

people_names.use()
admin.site.unregister(User)
admin.site.unregister(Group)


class Permitting:
    """Ticks permissions that mean something here."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["queryset"] = people_names.offered()
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


@admin.register(User)
class UserAdmin(Permitting, OwnRequests, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = ()
    formfield_overrides = TICKED
    list_display = ("username", "roles", "email", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.prefetch_related("groups")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        if user.is_superuser:
            return str(_("everything"))
        return ", ".join(map(str, user.groups.all())) or "–"


@admin.register(Group)
class GroupAdmin(Permitting, OwnRequests, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    filter_horizontal = ()
    formfield_overrides = TICKED


@admin.register(ApiToken)
class ApiTokenAdmin(OwnRequests, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Made here or by `manage.py create_token`, shown once, revoked; never changed."""

    list_display = ("prefix", "user", "created_at", "revoked_at")
    list_select_related = ("user",)
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return ("prefix", "user", "created_at", "revoked_at") if obj else ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return self.get_fields(request, obj) if obj else ()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kw: Any) -> Any:
        only = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context | only, *args, **kw)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = User.objects.filter(is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not change:
            request.new_token = obj.draw()  # type: ignore[attr-defined]  # shown in response_add
            super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiToken, *args: Any) -> HttpResponse:
        """The page that shows it, in answer to the form: it goes through no cookie or session."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("A new API token"),
            "opts": self.opts,
            "token": request.new_token,  # type: ignore[attr-defined]
            "holder": obj.user,
        }
        return TemplateResponse(request, "resync_site/token.html", context)

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
