"""Ship the top-level napari.yaml inside the package, where npe2 looks for it, and the guide of the window."""

from pathlib import Path
from shutil import copyfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = "napari.yaml"
PACKAGE = "osteocount"
GUIDE = "window.md", "images/napari_*_light.png"


class ManifestHook(BuildHookInterface):
    """Wheels get a copy of the manifest, editable installs a link to the one file we edit."""

    def initialize(self, version, build_data):
        """Add the manifest to this build."""
        if version != "editable":
            build_data["force_include"][MANIFEST] = f"{PACKAGE}/{MANIFEST}"
            docs = Path(self.root, "docs")
            for page in [page for pattern in GUIDE for page in docs.glob(pattern)]:
                build_data["force_include"][str(page)] = f"{PACKAGE}/guide/{page.relative_to(docs).as_posix()}"
            return
        link = Path(self.root, "src", PACKAGE, MANIFEST)
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(Path("..", "..", MANIFEST))
        except OSError:  # Windows without developer mode
            copyfile(Path(self.root, MANIFEST), link)
