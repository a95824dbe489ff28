"""Every method of the benchmark, by the name it is asked for on the command line."""

from benchmarks.accuracy.classical import (
    OPENCV,
    Eigenfaces,
    Fisherfaces,
    LocalBinaryPatterns,
    Pixels,
)
from benchmarks.accuracy.dlib_faces import DlibFaces
from benchmarks.accuracy.method import ClosedSetMethod, Method
from benchmarks.accuracy.ours import Likeness
from benchmarks.accuracy.peer_networks import KochStyle, MnistSiamese, TutorialConvnet
from likeness.training import BATCHES, PAIRS

OURS = "batches"
"""The method that times are ratios to."""

METHODS: dict[str, Method] = {
    "raw_pixels": Pixels(),
    "pca": Eigenfaces(),
    "lbp": LocalBinaryPatterns(),
    "mnist_siamese": MnistSiamese(),
    "tutorial_cnn": TutorialConvnet(),
    "koch": KochStyle(),
    "fisherfaces": Fisherfaces(),
    "pairs": Likeness("likeness, *pairs*", "the contrastive loss on the distance", PAIRS),
    "batches": Likeness("likeness, *batches*", "the default recipe", BATCHES),
    "face_recognition": DlibFaces(),
}

CLOSED_SET_METHODS: dict[str, ClosedSetMethod] = {
    f"opencv_{entry.title.split()[-1].lower()}": entry for entry in OPENCV
}

SEEDED = ("pairs", "batches")
"""Trained with every seed asked for; the others with the first one only."""

FEW_DRAWS = ("mnist_siamese", "tutorial_cnn", "koch")
"""Far behind and slow to train: three draws of the closed set show it."""

NEEDS = {
    "lbp": ("skimage", "scikit-image"),
    "face_recognition": ("face_recognition", "face_recognition"),
} | dict.fromkeys(
    CLOSED_SET_METHODS,
    ("cv2.face", '--force-reinstall --no-deps "opencv-contrib-python-headless<5"'),
)
"""Method → the module it needs, and what to give to ``pip install`` for it. (OpenCV's
recognisers are in its contrib build only, which takes the place of another build.)"""
