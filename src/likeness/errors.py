"""The exceptions that `likeness` raises on purpose.

::

    LikenessError
    ├── DataError               the data cannot be used as given
    │   ├── DataNotFoundError       nothing at the path, in the cache or at the mirrors
    │   ├── DigestError             the SHA-256 differs from the expected one
    │   ├── ImageError              a file is not a photo that can be read
    │   ├── FaceError               the photo does not contain a usable face
    │   │   ├── NoFaceError             no face was found in a photo
    │   │   ├── SeveralFacesError       more faces than one were found
    │   │   ├── FaceTooSmallError       the face has too few pixels
    │   │   └── NoEyesError             the two eyes of a face were not found
    │   ├── TooFewError             too few identities or items
    │   └── OverlapError            identities or items are on both sides of a split
    ├── SettingError            an argument is out of its range
    ├── TrainingFailedError     the loss became NaN or infinite
    ├── ModelError              a saved model cannot be used
    │   └── NoThresholdError        a decision needs a threshold, and the model has none
    ├── GalleryError            a gallery cannot be opened, read or written
    │   ├── GalleryMismatchError    it belongs to another model or another version
    │   ├── GalleryDamagedError     its file is damaged
    │   ├── GalleryKeyError         it is encrypted, and the key is missing or wrong
    │   ├── UnknownPersonError      nobody of that name is enrolled
    │   └── AlreadyEnrolledError    the name or the photo belongs to another person
    ├── OutputError             the result cannot be written
    └── MissingExtraError       an optional dependency is not installed

Each message names the argument, what was expected, what came, and what to do next.
The command line prints it as one sentence and exits with code 2.
"""

from importlib import import_module
from typing import Any


class LikenessError(Exception):
    """Base class of all errors that `likeness` raises on purpose."""


class DataError(LikenessError, ValueError):
    """The data cannot be used as given."""


class DataNotFoundError(DataError):
    """Nothing was found at the given path, in the cache or at the mirrors."""


class DigestError(DataError):
    """The SHA-256 differs from the expected one."""


class ImageError(DataError):
    """A file is not a photo that can be read."""


class FaceError(DataError):
    """A photo does not contain a usable face."""


class NoFaceError(FaceError):
    """No face was found in a photo."""


class SeveralFacesError(FaceError):
    """More faces than one were found in a photo of one person."""


class FaceTooSmallError(FaceError):
    """The face in a photo has too few pixels."""


class NoEyesError(FaceError):
    """The two eyes of a face were not found, and the encoder needs them."""


class TooFewError(DataError):
    """There are too few identities, or too few items of each."""


class OverlapError(DataError):
    """Identities or items are on both sides of a split."""


class SettingError(LikenessError, ValueError):
    """An argument is out of its range."""


class TrainingFailedError(LikenessError):
    """The loss became NaN or infinite."""


class ModelError(LikenessError):
    """A saved model cannot be read, or does not fit."""


class NoThresholdError(ModelError):
    """A decision needs a threshold, and the model has none."""


class GalleryError(LikenessError):
    """A gallery cannot be opened, read or written."""


class GalleryMismatchError(GalleryError):
    """The gallery belongs to another model, or to another version of `likeness`."""


class GalleryDamagedError(GalleryError):
    """The gallery file is damaged."""


class GalleryKeyError(GalleryError):
    """The gallery is encrypted, and the key is missing or wrong."""


class UnknownPersonError(GalleryError):
    """Nobody of that name is enrolled, or there is no such template."""


class AlreadyEnrolledError(GalleryError):
    """The name is taken, or the photo belongs to another person."""


class OutputError(LikenessError):
    """The result cannot be written to the given path."""


DISTRIBUTION = "siamese-likeness"
"""What ``pip install`` calls the package: `likeness` belongs to another project there."""


class MissingExtraError(LikenessError, ImportError):
    """An optional dependency is not installed."""


def require_extra(module: str, *, extra: str = "learn", package: str | None = None) -> Any:
    """Import and return an optional dependency.

    The real import error stays visible as the cause: a broken installation must not look like a
    missing module.

    Args:
        module: what is imported.
        extra: the extra of likeness that installs it.
        package: the package that installs it, if no extra does.

    Raises:
        MissingExtraError: the module cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs the module {module!r}, which cannot be imported ({error}). "
            f'Install it with `pip install "{package or f"{DISTRIBUTION}[{extra}]"}"`.'
        ) from error
