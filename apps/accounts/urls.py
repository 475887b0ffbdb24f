"""Pages of accounts, and the allauth pages in use: without sign-up."""

from allauth.account import views as allauth_views
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path

from apps.accounts.pages import audit_views, entry_views, invitation_views, key_views, member_views, session_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("setup/<str:token>/", entry_views.setup, name="setup"),
    path("enter/<str:token>/", entry_views.enter, name="enter"),
    path("p/<slug:project>/members/", member_views.members, name="members"),
    path("invitation/", invitation_views.invitation, name="invitation"),
    path("invitation/sign-out/", invitation_views.invitation_sign_out, name="invitation_sign_out"),
    path("invitation/<str:token>/", invitation_views.invitation_link, name="invitation_link"),
    path("p/<slug:project>/invitations/<int:invitation>/link/", member_views.invitation_renew, name="invitation_renew"),
    path(
        "p/<slug:project>/invitations/<int:invitation>/withdraw/",
        member_views.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path(
        "p/<slug:project>/members/<int:member>/second-step/",
        member_views.member_second_step,
        name="member_second_step",
    ),
    path("p/<slug:project>/members/<int:member>/link/", member_views.member_link, name="member_link"),
    path("p/<slug:project>/members/<int:member>/role/", member_views.member_role, name="member_role"),
    path("p/<slug:project>/members/<int:member>/remove/", member_views.member_remove, name="member_remove"),
    path("p/<slug:project>/keys/", key_views.api_keys, name="api_keys"),
    path("p/<slug:project>/keys/create/", key_views.api_key_create, name="api_key_create"),
    path("p/<slug:project>/keys/<int:key>/replace/", key_views.api_key_rotate, name="api_key_rotate"),
    path("p/<slug:project>/keys/<int:key>/revoke/", key_views.api_key_revoke, name="api_key_revoke"),
    path("p/<slug:project>/audit/", audit_views.audit, name="audit"),
    path("p/<slug:project>/audit/entries.csv", audit_views.audit_csv, name="audit_csv"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    # Closed by the adapter; allauth's sign-in page asks for its address.
    path("accounts/signup/", allauth_views.signup, name="account_signup"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", allauth_views.password_change, name="account_change_password"),
    path("accounts/password/set/", allauth_views.password_set, name="account_set_password"),
    path("accounts/sessions/", session_views.sessions, name="sessions"),
    path("accounts/sessions/<int:session>/end/", session_views.session_end, name="session_end"),
    path("accounts/sessions/end-others/", session_views.sessions_end, name="sessions_end"),
    # These two come before allauth's own.
    path("accounts/2fa/totp/activate/", session_views.ActivateSecondStep.as_view(), name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", session_views.RemoveSecondStep.as_view(), name="mfa_deactivate_totp"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]

# Where there is mail, people reset a forgotten password by it.
mail_urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path("accounts/password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/\Z",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
if settings.SMTP_URL:
    urlpatterns += mail_urlpatterns
