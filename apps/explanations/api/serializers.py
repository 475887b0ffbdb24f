"""Model files on the wire."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common import strict_json
from apps.common.api import StrictSerializer
from apps.explanations.models import Artifact, ParityCheck


@extend_schema_field(
    {
        "type": "string",
        "description": "JSON: `format`, `features` (names, or objects with `name`, `dtype`, `missing`, `categories`,"
        " `unknown`, `is_categorical`), `reads` (features or processed), `output` (`kind`, `classes`, `name`, `slope`,"
        " `intercept`, `decimals`, `threshold`), `background` (rows), `method`, `tolerance`. All may be left out.",
    }
)
class DocumentField(serializers.CharField):
    """A JSON object in a part of a form."""

    def to_internal_value(self, data: Any) -> Any:
        found = strict_json.loads(str(super().to_internal_value(data)).encode())
        if not isinstance(found, dict):
            raise serializers.ValidationError("The document is a JSON object.")
        return found


class ArtifactRequestSerializer(StrictSerializer):
    file = serializers.FileField(
        allow_empty_file=True,
        help_text="XGBoost JSON, LightGBM text, ONNX or skops; the end of its name tells the format, or the document",
    )
    document = DocumentField(required=False)


class ParitySerializer(serializers.ModelSerializer[ParityCheck]):
    """How many of the stored predictions the file reproduces: of the first 50, and of the others."""

    class Meta:
        model = ParityCheck
        fields = (
            "created_at",
            "finished_at",
            "rows",
            "matched",
            "more_rows",
            "more_matched",
            "largest_difference",
            "misses",
            "suspects",
            "error",
        )


class ArtifactSerializer(serializers.Serializer[Artifact]):
    """The file in force of a version."""

    version = serializers.CharField(source="version.name")
    format = serializers.ChoiceField(choices=Artifact.Format.choices)
    sha256 = serializers.SerializerMethodField()
    size = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Artifact.State.choices)
    reason = serializers.CharField()
    library = serializers.CharField()
    method = serializers.CharField()
    space = serializers.CharField()
    registered_at = serializers.DateTimeField()
    parity = serializers.SerializerMethodField()

    def get_sha256(self, artifact: Artifact) -> str:
        return bytes(artifact.sha256).hex()

    @extend_schema_field(ParitySerializer(allow_null=True))
    def get_parity(self, artifact: Artifact) -> Any:
        newest = artifact.checks.order_by("-id").first()
        return None if newest is None else ParitySerializer(newest).data
