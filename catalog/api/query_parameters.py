"""Query parameters of the API."""

from typing import Any

from rest_framework import serializers
from rest_framework.generics import GenericAPIView


def query_parameters(
    view: GenericAPIView[Any], kind: type[serializers.Serializer[Any]], **context: Any
) -> dict[str, Any]:
    """Check the query of the view's request by a serializer; 400 with ``fields`` for what it refuses.

    ``context`` is that of the serializer.
    """
    parameters = kind(data=view.request.query_params.dict(), context=context)
    parameters.is_valid(raise_exception=True)
    return dict(parameters.validated_data)
