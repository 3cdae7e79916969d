"""Ship the top-level napari.yaml inside the package, where npe2 looks for it."""

from pathlib import Path
from shutil import copyfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = "napari.yaml"
PACKAGE = "osteocount"


class ManifestHook(BuildHookInterface):
    """Wheels get a copy of the manifest, editable installs a link to the one file we edit."""

    def initialize(self, version, build_data):
        """Add the manifest to this build."""
        if version != "editable":
            build_data["force_include"][MANIFEST] = f"{PACKAGE}/{MANIFEST}"
            return
        link = Path(self.root, "src", PACKAGE, MANIFEST)
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(Path("..", "..", MANIFEST))
        except OSError:  # Windows without developer mode
            copyfile(Path(self.root, MANIFEST), link)
