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
# # A Siamese network learns the AT&T faces
# The exercise step by step: the data, pairs, the contrastive loss, `train_test_split`, the
# Siamese network and its picture, training, the accuracies. Then what its figure hides: the same
# network on unseen people.
#
# Cells that would show photographs are kept without their output: the photos are free to
# use with credit to AT&T Laboratories Cambridge, and not ours to pass on. Run the notebook
# to see them.

# %% tags=["parameters"]
SEED = 0
LAB_EPOCHS = 12  # of the lab's network
UNSEEN = {}  # settings of the folds that differ from the recipes
ONE_SHOT_EPISODES = 400

# %%

import keras
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import SVG, display
from rich.console import Console
from sklearn.model_selection import train_test_split

from likeness import datasets
from likeness.encoders import SiameseNet, convnet
from likeness.energies import energy_matrix
from likeness.evaluation import (
    accuracy_at,
    choose_threshold,
    error_rates,
    find_leaks,
    n_way_k_shot,
    roc,
)
from likeness.experiments.unseen_people import unseen_people
from likeness.training.feeds import PairFeed
from likeness.images.preparation import Preparation
from likeness.training.losses import ContrastiveLoss, contrastive
from likeness.reports import TowerPicture, print_protocol
from likeness.datasets.sampling import sample_pairs
from likeness.training import BATCHES, PAIRS

# %% [markdown]
# ## 1. The data
#
# Forty people, ten photos each, 112 rows by 92 columns, 8-bit grey. `datasets.att()` finds
# them (`LIKENESS_DATA`, the cache) or downloads them, and checks every person's pixels:
# a copy in which s1 and s2 are other people is in circulation.

# %%
faces = datasets.att()
print(f"{faces.name}: {len(faces)} photos of {len(faces.distinct)} people, {faces.items.shape[1:]}")
print(faces.licence)

# %% tags=["photographs"]
fig, axes = plt.subplots(4, 10, figsize=(10, 5))
for axis, item in zip(axes.T.flat, range(40), strict=True):
    axis.imshow(faces.items[item, :, :, 0], cmap="gray")
    axis.set_axis_off()
fig.suptitle("The photos of s1 to s4, one row each")
# %% [markdown]
# The network reads them at 56×46, every photo shifted and scaled to mean 0 and deviation 1,
# so that a brighter lamp makes no difference.

# %%
prepare = Preparation(rows=56, columns=46)
prepared = prepare(faces.items)
prepared.shape, float(prepared[0].mean()), float(prepared[0].std())

# %% [markdown]
# ## 2. Pairs
#
# Genuine pairs show one person, impostor pairs two. All 1,800 genuine pairs, and as many
# impostor pairs drawn from all photos of all people; no photo with itself, no pair twice.

# %%
pairs = sample_pairs(faces.codes, seed=SEED)
print(f"{len(pairs)} pairs, {pairs.genuine.sum()} of them genuine")

# %% tags=["photographs"]
fig, axes = plt.subplots(2, 6, figsize=(10, 4))
for column, (left, right) in enumerate(pairs.pairs[:6]):
    for axis, item in zip(axes[:, column], (left, right), strict=True):
        axis.imshow(faces.items[item, :, :, 0], cmap="gray")
        axis.set_axis_off()
    axes[0, column].set_title("genuine" if pairs.genuine[column] else "impostor")

# %% [markdown]
# ## 3. The contrastive loss
#
# Hadsell, Chopra & LeCun 2006: a genuine pair pays for its squared distance, an impostor
# pair for being nearer than a margin. The distance is the Euclidean one, between embeddings
# of unit length, so it lies between 0 and 2.

# %%
distance = np.linspace(0, 2, 101)
for label, name in ((1.0, "genuine"), (0.0, "impostor")):
    plt.plot(distance, contrastive(label, distance, margin=1.0), label=name)
plt.xlabel("Euclidean distance")
plt.ylabel("loss")
plt.legend()
# %% [markdown]
# ## 4. Training and test part, by scikit-learn's `train_test_split`

# %%
learned, tested = (
    pairs.take(part)
    for part in train_test_split(
        np.arange(len(pairs)), test_size=0.25, random_state=SEED, stratify=pairs.genuine
    )
)
print(f"{len(learned)} pairs to train on, {len(tested)} to test on")

# %% [markdown]
# ## 5. The Siamese network and its picture
#
# One encoder, two inputs, one energy: `SiameseNet` is a plain Keras model.

# %%
encoder = convnet(prepare.shape, embedding_size=64, seed=SEED)
net = SiameseNet(encoder, "euclidean")
net.summary(expand_nested=True)

# %%
display(SVG(TowerPicture.of(net).svg()))

# %% [markdown]
# Keras' own picture, where the Graphviz program `dot` is installed:

# %%
try:
    display(
        keras.utils.plot_model(
            net, "siamese.png", show_shapes=True, show_layer_names=True, expand_nested=True, dpi=60
        )
    )
except (ImportError, OSError):
    print("Graphviz is not installed here; the picture above needs nothing.")

# %% [markdown]
# ## 6. Training

# %%
net.compile(optimizer=keras.optimizers.Adam(1e-3), loss=ContrastiveLoss(margin=1.0))
history = net.fit(
    PairFeed(prepared, learned, batch_size=32),
    validation_data=PairFeed(prepared, tested, batch_size=256),
    epochs=LAB_EPOCHS,
    shuffle=False,
    verbose=0,
)
plt.plot(history.history["loss"], label="training pairs")
plt.plot(history.history["val_loss"], label="test pairs")
plt.xlabel("epoch")
plt.ylabel("contrastive loss")
plt.legend()
# %% [markdown]
# ## 7. The accuracies
#
# The threshold is the best one on the training pairs; a pair is accepted if its distance is
# at most the threshold.

# %%
seen, unseen = (
    net.predict(PairFeed(prepared, part, batch_size=256), verbose=0) for part in (learned, tested)
)
threshold = choose_threshold(seen[learned.genuine], seen[~learned.genuine])
rates = {
    "training pairs": error_rates(seen[learned.genuine], seen[~learned.genuine]),
    "test pairs": error_rates(unseen[tested.genuine], unseen[~tested.genuine]),
}
for part, rate in rates.items():
    print(f"accuracy on the {part}: {100 * accuracy_at(rate, threshold):.1f} %")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
bins = np.linspace(0, 2, 50)
left.hist(unseen[tested.genuine], bins, alpha=0.6, label="genuine")
left.hist(unseen[~tested.genuine], bins, alpha=0.6, label="impostor")
left.axvline(threshold, color="black", label="threshold")
left.set_xlabel("distance of test pairs")
left.legend()
right.plot(*roc(rates["test pairs"]))
right.set_xlabel("false acceptance rate")
right.set_ylabel("true acceptance rate")
# %% [markdown]
# ## What the lab's number hides
#
# Who is in the test part?

# %%
for sentence in find_leaks(faces, faces, train_pairs=learned, test_pairs=tested).sentences():
    print(sentence)

# %% [markdown]
# Every person was trained on. The number above says how well forty people were memorised; a door
# meets other people. The same encoder, trained on thirty people and tested on ten unseen people:

# %%
training, test = datasets.identity_folds(faces, 4)[0]
fresh = SiameseNet(convnet(prepare.shape, embedding_size=64, seed=SEED), "euclidean")
fresh.compile(optimizer=keras.optimizers.Adam(1e-3), loss=ContrastiveLoss(margin=1.0))
fresh.fit(
    PairFeed(prepare(training.items), sample_pairs(training.codes, seed=SEED), batch_size=32),
    epochs=LAB_EPOCHS,
    shuffle=False,
    verbose=0,
)
matrix = energy_matrix("euclidean", keras.ops.convert_to_numpy(fresh.encoder(prepare(test.items))))
pixels = energy_matrix("euclidean", test.items.reshape(len(test), -1) / 255.0)
for name, energies in (("lab network", matrix), ("raw pixels", pixels)):
    trials = n_way_k_shot(
        energies, test.codes, ways=10, shots=1, count=ONE_SHOT_EPISODES, seed=SEED
    )
    print(f"10-way one-shot, {name}: {100 * trials.rate:.1f} %")

# %% [markdown]
# ## Done right: protocol U4
#
# Four folds by person; epoch, threshold and settings are chosen on people of the training
# side only; all pairs and all one-shot trials of the test people; intervals by resampling
# people; baselines beside. First the lab's loss (mode *pairs*), with pairs that teach, a
# margin that fits, and whitened embeddings: the loss spreads them along the few directions
# that tell the training people apart, and what tells new people apart lies in the others.

# %%
console = Console(width=100)
pairs_result = unseen_people(PAIRS.replace(seed=SEED, **UNSEEN), faces)
print_protocol(console, pairs_result.result)

# %% [markdown]
# And the recipe that wins: batches of people × photos, a margin softmax over the training
# people (mode *batches*):

# %%
batches_result = unseen_people(BATCHES.replace(seed=SEED, **UNSEEN), faces)
print_protocol(console, batches_result.result)

# %%
for name, section in (("pairs", pairs_result), ("batches", batches_result)):
    plt.plot(*section.curves["network"], label=f"network, {name}")
for baseline in ("raw_pixels", "fisherfaces"):
    plt.plot(*batches_result.curves[baseline], "--", label=baseline.replace("_", " "))
plt.xscale("log")
plt.xlim(1e-3, 1)
plt.xlabel("false acceptance rate")
plt.ylabel("true acceptance rate")
plt.title("People never trained on" + (", drawn faces, not AT&T" if faces.drawn else ""))
plt.legend()
