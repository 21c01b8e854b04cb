from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate, pre_save
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Catalogue")

    def ready(self) -> None:
        """Connect what happens around migrations: the search index is suspended, the group of curators is made."""
        from catalog import checks  # noqa: F401, PLC0415  # apps are ready only now
        from catalog.curation import groups  # noqa: PLC0415  # apps are ready only now
        from catalog.search import names, schema  # noqa: PLC0415

        for kind in ("Artist", "Album", "Track"):
            pre_save.connect(names.before_save, sender=self.get_model(kind))
        pre_migrate.connect(schema.before_migrations, sender=self)
        post_migrate.connect(schema.after_migrations, sender=self)
        post_migrate.connect(groups.make_group, sender=self)
