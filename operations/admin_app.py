"""Django's admin panel, with a front page of our own. Apart from `apps`: one module has one app to offer by default."""

from django.contrib.admin.apps import AdminConfig


class PanelConfig(AdminConfig):
    """Which site `django.contrib.admin.site` is."""

    default_site = "operations.admin_site.Site"
