"""Migrations of a database that another version made are refused."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db


def test_a_database_of_this_version_is_migrated_again_in_silence(capsys):
    call_command("migrate", verbosity=0)
    assert capsys.readouterr().out == ""


def test_a_database_of_another_version_is_refused_with_advice():
    MigrationRecorder(connection).record_applied("predictions", "0002_payload_partitions")
    with pytest.raises(CommandError, match=r"Another version .*predictions\.0002_payload_partitions.* empty database"):
        call_command("migrate", verbosity=0)
