"""The enrolment doctor: what is wrong with the photos of a gallery, and with whom it will err."""

from likeness.evaluation.doctor.diagnosis import Copy, Diagnosis, diagnose
from likeness.evaluation.doctor.gallery_energies import GalleryEnergies
from likeness.evaluation.doctor.look_alikes import LookAlike, look_alikes
from likeness.evaluation.doctor.misplaced import Misplaced, misplaced_photos
from likeness.evaluation.doctor.risk import SMALLEST_GAIN, PersonRisk, person_risks

__all__ = [
    "SMALLEST_GAIN",
    "Copy",
    "Diagnosis",
    "GalleryEnergies",
    "LookAlike",
    "Misplaced",
    "PersonRisk",
    "diagnose",
    "look_alikes",
    "misplaced_photos",
    "person_risks",
]
