"""The button of the debug bundle, and the line that opens it elsewhere."""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from tests.explanations import bundled
from tests.explanations.factories import make_scored_model

pytestmark = pytest.mark.django_db


def test_both_lead_to_this_case_and_have_their_keys() -> None:
    _, prediction = bundled.make_case(make_scored_model())
    model = prediction.model
    arguments = [model.project.slug, model.slug, prediction.pk]
    request = RequestFactory().get("/")
    request.project = model.project
    link = settings.ORIGIN + reverse("prediction", args=arguments)
    shown = {"model": model, "prediction": prediction, "page_url": link}
    page = render_to_string("review/_debug_bundle.html", shown, request=request)
    assert f"countersign debug {link}</code>" in page
    assert f'href="{reverse("case_bundle", args=arguments)}" data-hotkey="b"' in page
    assert 'data-copy="debug-command" data-hotkey="y"' in page
