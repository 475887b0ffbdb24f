"""An import-linter contract that keeps apps out of each other's rooms."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomsContract(Contract):
    """Lets an app import from another app only the modules named in `shared`, with their submodules.

    The apps named in `libraries` have no rooms: every app may import all of them.
    """

    type_name = "rooms"
    container = fields.StringField()
    shared = fields.ListField(subfield=fields.StringField())
    libraries = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # the library's signature
        prefix = f"{self.container}."
        broken = sorted(
            (importer, imported)
            for importer in graph.modules
            if importer.startswith(prefix)
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported.startswith(prefix) and not self._is_allowed(importer, imported)
        )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def _is_allowed(self, importer: str, imported: str) -> bool:
        app, *inside = imported.removeprefix(f"{self.container}.").split(".")
        is_own = importer.startswith(f"{self.container}.{app}.")
        return is_own or app in self.libraries or (bool(inside) and inside[0] in self.shared)

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}, which is not shared with other apps")
