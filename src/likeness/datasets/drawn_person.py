"""Who a drawn person is, and what changes from photo to photo.

Lengths are in half heights of a 112×92 photo: the head of an average person is 1.5 high.
Greys are 0…1. Angles are in radians.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class DrawnPerson:
    """The identity: geometry and greys that stay."""

    head_width: float  # half
    crown: float  # above the middle of the head
    chin: float  # below it
    jaw: float  # 1.7 pointed … 3 square
    skin: float
    ears: float
    ear_height: float
    hair: float  # grey
    hair_line: float  # height of the hair line above the middle
    hair_volume: float
    hair_length: float  # how far hair falls beside the face; below 0.2: short
    side_hair: float  # how far the hair line drops at the temples
    parting: float
    waves: float
    eye_distance: float  # half
    eye_height: float
    eye_size: float
    eye_slant: float
    iris: float
    brow_distance: float  # above the eye
    brow_thick: float
    brow_arch: float
    brow_slant: float
    nose_length: float
    nose_width: float
    nose_bridge: float  # how strongly it shows
    mouth_height: float
    mouth_width: float
    lips: float
    lip_dark: float
    cheeks: float
    folds: float
    moustache: float
    beard: float
    wears_glasses: bool
    glasses_round: float
    glasses_size: float
    shirt: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "DrawnPerson":
        """Draw who somebody is."""

        def between(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        long_haired = rng.random() < 0.3
        balding = not long_haired and rng.random() < 0.18
        bearded = not long_haired and rng.random() < 0.3
        skin = between(0.50, 0.80)
        return cls(
            head_width=between(0.46, 0.59),
            crown=between(0.72, 0.84),
            chin=between(0.70, 0.84),
            jaw=between(1.75, 2.9),
            skin=skin,
            ears=0.0 if long_haired else between(0.07, 0.13),
            ear_height=between(-0.02, 0.1),
            hair=min(between(0.06, 0.5) ** 1.2, skin - 0.22),
            hair_line=between(0.60, 0.72) if balding else between(0.32, 0.56),
            hair_volume=0.0 if balding else between(0.02, 0.14),
            hair_length=between(0.45, 1.15) if long_haired else between(-0.12, 0.12),
            side_hair=between(0.35, 0.75),
            parting=between(-0.28, 0.28),
            waves=between(0.0, 1.0),
            eye_distance=between(0.205, 0.275),
            eye_height=between(-0.12, 0.0),
            eye_size=between(0.095, 0.128),
            eye_slant=between(-0.12, 0.12),
            iris=between(0.08, 0.34),
            brow_distance=between(0.12, 0.20),
            brow_thick=between(0.014, 0.042),
            brow_arch=between(0.2, 1.6),
            brow_slant=between(-0.22, 0.22),
            nose_length=between(0.24, 0.36),
            nose_width=between(0.085, 0.14),
            nose_bridge=between(0.25, 1.0),
            mouth_height=between(0.39, 0.49),
            mouth_width=between(0.15, 0.23),
            lips=between(0.028, 0.056),
            lip_dark=between(0.52, 0.76),
            cheeks=between(0.0, 1.0),
            folds=between(0.0, 1.0),
            moustache=between(0.4, 0.9) if bearded and rng.random() < 0.7 else 0.0,
            beard=between(0.25, 0.85) if bearded else 0.0,
            wears_glasses=bool(rng.random() < 0.35),
            glasses_round=between(2.0, 4.5),
            glasses_size=between(0.15, 0.19),
            shirt=between(0.12, 0.9),
        )


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The nuisance: pose, light and expression of one photo."""

    turn: float  # in the picture plane
    yaw: float
    nod: float
    scale: float
    right: float
    down: float
    light_x: float
    light_y: float
    gain: float
    backdrop: float
    smile: float
    mouth_open: float
    brow_lift: float
    eyes_open: float
    gaze: float
    glasses: bool
    shirt_change: float
    blur: float  # pixels of 112×92
    noise: float

    @classmethod
    def draw(cls, rng: np.random.Generator, person: DrawnPerson) -> "Moment":
        """Draw what one photo of a person adds."""
        smiles = rng.random() < 0.4
        opens = rng.random() < 0.22
        blinks = rng.random() < 0.07
        return cls(
            turn=float(rng.normal(0, 0.045)),
            yaw=float(np.clip(rng.normal(0, 0.17), -0.38, 0.38)),
            nod=float(np.clip(rng.normal(0, 0.05), -0.13, 0.13)),
            scale=float(np.exp(rng.normal(0, 0.035))),
            right=float(rng.normal(0, 0.03)),
            down=float(rng.normal(0, 0.03)),
            light_x=float(rng.normal(0, 0.13)),
            light_y=float(rng.normal(-0.05, 0.07)),
            gain=float(np.exp(rng.normal(0, 0.07))),
            backdrop=float(rng.uniform(0.30, 0.46)),
            smile=float(rng.uniform(0.4, 1.0) if smiles else rng.uniform(-0.25, 0.25)),
            mouth_open=float(rng.uniform(0.2, 1.0) if opens else 0.0),
            brow_lift=float(rng.normal(0, 0.018)),
            eyes_open=0.08 if blinks else float(rng.uniform(0.75, 1.1)),
            gaze=float(rng.normal(0, 0.25)),
            glasses=bool(rng.random() < (0.75 if person.wears_glasses else 0.04)),
            shirt_change=float(rng.choice([0.0, 0.0, 0.0, -0.25, 0.25])),
            blur=float(rng.uniform(0.25, 0.7)),
            noise=float(rng.uniform(0.005, 0.014)),
        )
