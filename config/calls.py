"""Calls that stages share: one address, another stage for each method."""

from rest_framework.renderers import BaseRenderer

from apps.predictions.api.pushes import PredictionsView
from apps.review.api.finding import PredictionsFoundView


class PredictionsCall(PredictionsFoundView, PredictionsView):
    """Reads predictions and takes new ones."""

    required_scope = {  # type: ignore[assignment]  # by method, where a view of one method has one for all
        "GET": PredictionsFoundView.required_scope,
        "POST": PredictionsView.required_scope,
    }
    required_role = {  # type: ignore[assignment]  # the same
        "GET": PredictionsFoundView.required_role,
        "POST": PredictionsView.required_role,
    }

    def get_renderers(self) -> list[BaseRenderer]:
        """Answer pushes in JSON alone."""
        renderers: list[BaseRenderer] = super().get_renderers()
        is_push = getattr(self, "request", None) is not None and self.request.method == "POST"
        return renderers[:1] if is_push else renderers
