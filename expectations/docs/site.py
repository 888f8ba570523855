"""Site of Great Expectations' Data Docs whose style and scripts lie beside its pages.

Great Expectations' own pages load them from six hosts: without a network they have no style, and the lists of
suites and validations stay empty. Importing this module imports Great Expectations.
"""

import shutil
from pathlib import Path
from typing import Any

from great_expectations.render import view as gx_view
from great_expectations.render.renderer.site_builder import SiteBuilder
from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"
GX_IMAGES = Path(gx_view.__file__).parent / "static" / "images"
IMAGES = ("favicon.ico", "logo-long.png")


class _OwnTemplates:
    """Puts our templates before those of Great Expectations, which finds them by name."""

    def __init__(
        self, custom_styles_directory: str | None = None, custom_views_directory: str | None = None
    ) -> None:
        super().__init__(custom_styles_directory, custom_views_directory)  # type: ignore[call-arg]
        self.env: Any
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])


class OfflinePageView(_OwnTemplates, DefaultJinjaPageView):
    """Page of a suite or a validation."""


class OfflineIndexPageView(_OwnTemplates, DefaultJinjaIndexPageView):
    """Page that lists suites and validations."""


class OfflineSiteBuilder(SiteBuilder):
    """Builds the site with the files that its pages need, not with every picture Great Expectations has."""

    def build(self, resource_identifiers: Any = None, build_index: bool = True) -> tuple[Any, Any]:
        """Writes the pages, the files they need and the index; returns the index's address and its links."""
        for section in self.site_section_builders.values():
            section.build(resource_identifiers=resource_identifiers)
        self._copy_assets()
        _, links = self.site_index_builder.build(build_index=build_index)
        return self.get_resource_url(only_if_exists=False), links

    def _copy_assets(self) -> None:
        static = Path(self.target_store.store_backends["static_assets"].full_base_directory) / "static"
        shutil.copytree(ASSETS, static, dirs_exist_ok=True)
        (static / "images").mkdir(exist_ok=True)
        for name in IMAGES:
            shutil.copyfile(GX_IMAGES / name, static / "images" / name)


_PAGE = {"view": {"module_name": __name__, "class_name": OfflinePageView.__name__}}
SITE: dict[str, Any] = {
    "module_name": __name__,
    "class_name": OfflineSiteBuilder.__name__,
    "show_how_to_buttons": False,
    "store_backend": {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": "uncommitted/data_docs/local_site/",
    },
    "site_index_builder": {
        "class_name": "DefaultSiteIndexBuilder",
        "view": {"module_name": __name__, "class_name": OfflineIndexPageView.__name__},
    },
    "site_section_builders": {"expectations": _PAGE, "validations": _PAGE, "profiling": "none"},
}
