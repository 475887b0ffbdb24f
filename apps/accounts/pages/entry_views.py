"""Pages behind secret links. Opening one, as mail scanners do, spends nothing; its button does."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.utils import perform_login
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.accounts.pages.entry_forms import PasswordForm, SetupForm
from apps.accounts.pages.forms import form_status
from apps.accounts.services.links import (
    find_setup_link,
    find_sign_in_link,
    projects_without_owner,
    redeem_setup_link,
    redeem_sign_in_link,
)
from apps.common.errors import ConflictError, NotFoundError

P = ParamSpec("P")


def link_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Keep the address of the page from other pages."""

    @sensitive_post_parameters("password")
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapper


@link_page
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first owner."""
    form = SetupForm(request.POST or None, projects=projects_without_owner())
    try:
        find_setup_link(token)
        if form.is_valid():
            owner = redeem_setup_link(token, **form.cleaned_data)
            response: HttpResponse = perform_login(request, owner, redirect_url=resolve_url("home"))
            return response
    except NotFoundError:
        return render(request, "accounts/setup_spent.html", status=NotFoundError.status)
    except ConflictError as error:
        form.add_error("email" if error.code == "email_taken" else None, error.message)
    return render(request, "accounts/setup.html", {"form": form}, status=form_status(bound=form.is_bound))


@link_page
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the link's person, who is still asked for a second step where they have one.

    Somebody who lost their password chooses a new one first.
    """
    is_asked = request.method == "POST"
    try:
        link = find_sign_in_link(token)
        form = PasswordForm(request.POST if is_asked else None, person=link.person) if link.asks_password else None
        if not is_asked or (form and not form.is_valid()):
            return render(request, "accounts/enter.html", {"form": form}, status=form_status(bound=is_asked))
        user = redeem_sign_in_link(token, password=form.cleaned_data["password"] if form else "")
    except NotFoundError:
        return render(request, "accounts/link_spent.html", status=NotFoundError.status)
    response: HttpResponse = perform_login(request, user, redirect_url=local_target(request))
    return response


def local_target(request: HttpRequest) -> str:
    """Return `?next=` where it stays on this site, else the home page."""
    target = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)
