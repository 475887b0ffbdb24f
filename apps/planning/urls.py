from django.urls import URLPattern, path

from apps.planning.pages import replay_views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/sampling/replays/", replay_views.replay_ask, name="replay_ask"),
    path("p/<slug:project>/models/<slug:model>/sampling/replays/<int:replay>/", replay_views.replay_page, name="replay"),
    path(
        "p/<slug:project>/models/<slug:model>/sampling/replays/<int:replay>/cases.<slug:form>",
        replay_views.replay_file,
        name="replay_file",
    ),
]
