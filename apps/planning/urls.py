from django.urls import URLPattern, path

from apps.planning.pages import editor_views, history_views, replay_views, results_views, told_views

MODEL = "p/<slug:project>/models/<slug:model>/sampling/"

urlpatterns: list[URLPattern] = [
    path(MODEL, editor_views.sampling_page, name="sampling"),
    path(f"{MODEL}edit/", editor_views.sampling_edit, name="sampling_edit"),
    path(f"{MODEL}json/", editor_views.sampling_json, name="sampling_json"),
    path(f"{MODEL}proposal/", editor_views.sampling_proposal, name="sampling_proposal"),
    path(f"{MODEL}target/", editor_views.sampling_target, name="sampling_target"),
    path(f"{MODEL}save/", editor_views.sampling_save, name="sampling_save"),
    path(f"{MODEL}discard/", editor_views.sampling_discard, name="sampling_discard"),
    path(f"{MODEL}rebase/", editor_views.sampling_rebase, name="sampling_rebase"),
    path(f"{MODEL}agreement/", editor_views.sampling_agreement, name="sampling_agreement"),
    path(f"{MODEL}proposals/<int:draft>/", editor_views.sampling_answer, name="sampling_answer"),
    path(f"{MODEL}told/", told_views.sampling_told, name="sampling_told"),
    path(f"{MODEL}results.<slug:form>", results_views.results_file, name="sampling_results_file"),
    path(f"{MODEL}replays/", replay_views.replay_ask, name="replays"),
    path(f"{MODEL}replays/<int:replay>/", replay_views.replay_page, name="replay"),
    path(f"{MODEL}replays/<int:replay>/cases.<slug:form>", replay_views.replay_file, name="replay_file"),
    path(f"{MODEL}history/", history_views.history_page, name="sampling_history"),
    path(f"{MODEL}history.<slug:form>", history_views.history_file, name="sampling_history_file"),
    path(f"{MODEL}history/<int:number>/draft/", history_views.version_take, name="sampling_version_take"),
    path(f"{MODEL}compare/", history_views.compare_page, name="sampling_compare"),
]
