"""The app config of Django's admin with our own site. Not in ``apps``, which may define one default config only."""

from django.contrib.admin.apps import AdminConfig


class DashboardAdminConfig(AdminConfig):
    """Make ``operations.admin_site.Site`` the default admin site."""

    default_site = "operations.admin_site.Site"
