"""References on the wire."""

from rest_framework import serializers

from apps.monitoring.models import Reference


class ReferenceSerializer(serializers.ModelSerializer[Reference]):
    """A reference: where it comes from, and how many rows it holds. Days are half-open, [start, end)."""

    class Meta:
        model = Reference
        fields = ("number", "source", "start", "end", "rows", "created_at")
