"""The API's description: built once, before the web workers are forked, and then served as bytes."""

from functools import cache
from threading import Lock

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

# The generator keeps what it has found in module globals, so only one thread may run it.
_lock = Lock()


def build() -> dict[str, bytes]:
    """Return the description by format."""
    with _lock:
        return _built()


@cache
def _built() -> dict[str, bytes]:
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    renderers = (OpenApiYamlRenderer(), OpenApiJsonRenderer())
    return {each.format: each.render(described, renderer_context={}) for each in renderers}


class SchemaView(SpectacularAPIView):
    """Serves the description as YAML, or as JSON to who asks for it."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        return HttpResponse(build()[renderer.format], content_type=f"{renderer.media_type}; charset=utf-8")
