# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Tracking: the same network follows one target through a film
#
# One encoder reads the target of the first frame and a larger search region of the next. The energy
# of a position is minus the cross-correlation of the two maps: lower is more alike, as everywhere
# here (Bertinetto et al., «Fully-Convolutional Siamese Networks for Object Tracking», 2016).
#
# The films below are drawn from a seed: a patterned disc moves over a patterned background, and
# another disc crosses its path. Figures on them show that the program works, and nothing about
# films; those on real sequences are in [docs/tracking.md](../docs/tracking.md).

# %% tags=["parameters"]
SEED = 0
FRAMES = 60
SETTINGS = {"width": 8, "channels": 16, "steps": 150, "pairs": 6, "search": 95}

# %%
import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from likeness.tasks.tracking.sequences import drawn_sequence
from likeness.tasks.tracking.evaluation import TrackEvaluation, overlaps
from likeness.tasks.tracking import Box, Tracker
from likeness.tasks.tracking.pairs import TrackingRecipe
from likeness.tasks.tracking.training import train_tracker

# %% [markdown]
# The network learns from three films. The first quarter of each is held out: the settings of the
# tracker, and the energy above which the target counts as lost, are chosen there. Two further
# films, with other discs on other grounds, are for the test.

# %%
learned = [drawn_sequence(frames=FRAMES, seed=SEED + number) for number in range(3)]
tested = [drawn_sequence(frames=FRAMES, speed=1.5, seed=SEED + 100 + number) for number in range(2)]
trained = train_tracker(TrackingRecipe(seed=SEED, **SETTINGS), learned)
model = trained.model()
print(
    f"{learned[0].name}: {len(learned)} films of {FRAMES} frames, trained in "
    f"{trained.record['seconds']:.0f} s; lost above an energy of {model.threshold:.2f}"
)

# %% [markdown]
# The baseline learns nothing: normalised cross-correlation of the grey pixels of the first frame's
# box with the whole of each frame, by OpenCV.

# %%
ours, pixels, energies = [], [], []
for film in tested:
    tracker = Tracker(model, film.frames[0], Box(*film.boxes[0]))
    steps = [tracker.step(frame) for frame in film.frames[1:]]
    ours.append(np.array([step.box.as_tuple() for step in steps]))
    energies.append([step.energy for step in steps])

    x, y, width, height = film.boxes[0].round().astype(int)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in film.frames]
    template = grey[0][y : y + height, x : x + width]
    maps = [cv2.matchTemplate(frame, template, cv2.TM_CCOEFF_NORMED) for frame in grey[1:]]
    corners = [cv2.minMaxLoc(found)[3] for found in maps]
    pixels.append(np.array([(*corner, width, height) for corner in corners], float))

for name, found in (("network", ours), ("cross-correlation of pixels", pixels)):
    for film, boxes in zip(tested, found, strict=True):
        figures = TrackEvaluation.of(boxes, film.boxes[1:]).figures
        print(
            f"{name}: mean overlap {figures['mean_overlap']:.3f}, centre within 20 pixels in "
            f"{figures['precision_20']:.0%} of the frames"
        )

# %% [markdown]
# The first film of the test: the true box (white), ours (orange), that of the pixels (blue).

# %%
film, boxes, others = tested[0], ours[0], pixels[0]
figure = plt.figure(figsize=(11, 5), dpi=72, layout="constrained")
upper, lower = figure.subfigures(2, 1, height_ratios=(3, 2))
shown = np.linspace(1, FRAMES - 1, 4).round().astype(int)
for place, number in zip(upper.subplots(1, 4), shown, strict=True):
    place.imshow(film.frames[number])
    for (x, y, width, height), colour, line in (
        (film.boxes[number], "white", "-"),
        (boxes[number - 1], "tab:orange", "-"),
        (others[number - 1], "tab:blue", "--"),
    ):
        place.add_patch(
            Rectangle((x, y), width, height, fill=False, edgecolor=colour, linestyle=line, lw=2)
        )
    place.set_title(f"frame {number + 1}, energy {energies[0][number - 1]:.2f}", fontsize=9)
    place.axis("off")
curve = lower.subplots()
after = np.arange(2, FRAMES + 1)
curve.plot(after, overlaps(boxes, film.boxes[1:]), color="tab:orange", label="network")
curve.plot(after, overlaps(others, film.boxes[1:]), "--", color="tab:blue", label="pixels")
curve.set(xlabel="frame", ylabel="overlap (IoU)", ylim=(-0.02, 1.02))
curve.legend(loc="lower left")
plt.show()

# %% [markdown]
# `trained.save("tracker")` writes the model with its card; `likeness track film.mp4 --box
# x,y,w,h --model tracker --out boxes.csv --video boxes.gif` follows a target of your own.
