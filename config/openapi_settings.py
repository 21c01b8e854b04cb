"""How drf-spectacular describes the API."""

from typing import Any


def openapi_settings(version: str) -> dict[str, Any]:
    """Return ``SPECTACULAR_SETTINGS`` for this version of the program."""
    return {
        "TITLE": "Stemoteca",
        "DESCRIPTION": "A shared library of separated music: find a song, play its stems, take the parts you need.",
        "VERSION": version,
        "LICENSE": {"name": "MIT", "identifier": "MIT"},
        "OAS_VERSION": "3.1.0",
        "SERVE_INCLUDE_SCHEMA": False,
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "SWAGGER_UI_SETTINGS": {"deepLinking": True, "tryItOutEnabled": True, "displayRequestDuration": True},
        "SCHEMA_PATH_PREFIX": "/api/v1",
        "PREPROCESSING_HOOKS": ["config.schema.exclude_duplicates"],
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "config.schema.add_error_schema",
            "config.schema.add_examples",
            "config.schema.add_server",
        ],
        "COMPONENT_SPLIT_REQUEST": True,
        "ENUM_NAME_OVERRIDES": {
            "Visibility": "catalog.models.Visibility",
            "Status": "separation.models.Status",
        },
    }
