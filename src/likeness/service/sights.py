"""How the service looks at photos, by its settings."""

from dataclasses import replace

from likeness.model.opening import FaceModel
from likeness.recogniser.sight import Sight, sight_for
from likeness.service.settings import Settings


def sight_of(settings: Settings, model: FaceModel) -> Sight:
    """Return how photos are looked at for a model.

    Raises:
        SettingError: faces are to be cut out and nothing finds them.
        FaceError, MissingExtraError: what should find faces cannot be had.
    """
    sight = sight_for(settings.faces, cut=settings.cut_faces, model=model)
    return replace(sight, most_pixels=settings.max_pixels)
