"""A collected installation: hashed names, also in the imports of modules."""

import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

IMPORT = re.compile(r'^import .*?"([^"]+)";', re.MULTILINE)


def test_every_import_of_a_collected_module_names_a_hashed_file(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "config.storage.HashedStaticFilesStorage"}}
    call_command("collectstatic", "--no-input", "--ignore=rest_framework", verbosity=0)
    entry = tmp_path / staticfiles_storage.stored_name("js/desk.js")
    seen, waiting = set(), {entry}
    while waiting:
        module = waiting.pop()
        seen.add(module)
        imports = {(module.parent / name).resolve() for name in IMPORT.findall(module.read_text())}
        waiting |= imports - seen
    assert len(seen) == 22
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", module.name) for module in seen)
