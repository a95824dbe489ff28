"""Face detection: positions, pose, and the check for exactly one face."""

from likeness.images.faces.face import Face, FaceFinder, only_face
from likeness.images.faces.haar import HaarFaceFinder
from likeness.images.faces.yunet import YuNetFaceFinder

__all__ = ["Face", "FaceFinder", "HaarFaceFinder", "YuNetFaceFinder", "only_face"]
