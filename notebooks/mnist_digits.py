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
# # The same on digits: Keras' `mnist_siamese`, and its honest form
#
# Keras' old example trains a Siamese network on pairs of MNIST digits and tests it on pairs
# of the same ten digits. The same API as for faces does it here; a digit is an identity.
#
# MNIST is read from a path, `LIKENESS_DATA` or Keras' cache, or downloaded; without a
# network, scikit-learn's bundled 8×8 digits take its place.

# %% tags=["parameters"]
SEED = 0
PER_DIGIT = 150  # items kept of each digit
SCHEDULE = {"epochs": 8, "steps": 50}
CLASSIFIER_STEPS = 100

# %%

import numpy as np

from likeness import datasets
from likeness.tasks.characters.digits import digits as digits_data, mnist
from likeness.errors import DataNotFoundError
from likeness.evaluation import BASELINES, PairEnergies, evaluate_pairs, evaluate_unseen
from likeness.experiments.lab_split import lab_pairs
from likeness.training import PAIRS, train, train_on_pairs

# %%
try:
    digits = mnist(part="train")
except DataNotFoundError:
    digits = digits_data()
kept = np.concatenate([np.flatnonzero(digits.codes == code)[:PER_DIGIT] for code in range(10)])
digits = digits.take(kept)
print(f"{digits.name}: {len(digits)} items of {len(digits.distinct)} digits")

# %% [markdown]
# The recipe: pairs, the contrastive loss on the Euclidean distance, a small convnet. A mirrored
# digit is another character, so nothing is mirrored.

# %%
recipe = PAIRS.replace(
    seed=SEED,
    encoder={"kind": "convnet", "embedding_size": 32},
    preparation={"rows": 16, "columns": 16},
    sampling={"mirror_identities": False},
    views={"mirrored": False, "shift": 1},
    augmentation={"erasing": 0.0},
    schedule=SCHEDULE,
)

# %% [markdown]
# ## The example's way: pairs of the same ten digits in training and test

# %%
some = digits.take(np.arange(len(digits)) % 5 == 0)
learned, tested = lab_pairs(some, seed=SEED)
model = train_on_pairs(recipe, some, learned).model
pairs = PairEnergies.of_pairs(model.embed(some.items), some.codes, tested, energy=model.energy)
result = evaluate_pairs(pairs, threshold=model.threshold)
print("digits seen in training:", {name: round(v, 3) for name, v in result.figures.items()})

# %% [markdown]
# ## Unseen digits
#
# Trained on 0 to 6 (two of them held out to choose the threshold), tested on 7, 8 and 9, as
# a network that meets new people is.

# %%
known, new = digits.of("0123456"), digits.of("789")
datasets.check_disjoint(known, new, between=("training", "test"))
model = train(recipe, known)
network = evaluate_unseen(model, new, threshold=model.threshold)
pixels = evaluate_unseen(BASELINES["raw_pixels"](known), new, threshold=None)
for name, evaluation in (("network", network), ("raw pixels", pixels)):
    print(f"unseen digits, {name}:", {k: round(v, 3) for k, v in evaluation.figures.items()})

# %% [markdown]
# ## The same in scikit-learn, and beside its nearest neighbour
#
# `SiameseClassifier` learns 0 to 6; three items each of 7, 8 and 9 are enrolled without
# training it again. Which of the ten digits is an item? Seven digits are few to learn from:
# [docs/digits.md](../docs/digits.md) has all figures, with intervals.

# %%
from sklearn.neighbors import KNeighborsClassifier

from likeness import SiameseClassifier

labels, items = np.array(digits.identities), digits.items.astype(float)
is_new = np.isin(labels, list("789"))
a_few = np.concatenate([np.flatnonzero(labels == new)[:3] for new in "789"])
asked = np.setdiff1d(np.flatnonzero(is_new), a_few)

classifier = SiameseClassifier(steps=CLASSIFIER_STEPS, random_state=SEED)
classifier.fit(items[~is_new], labels[~is_new])
classifier.partial_fit(items[a_few], labels[a_few])

pixels = items.reshape(len(items), -1)
learned = np.concatenate([np.flatnonzero(~is_new), a_few])
nearest = KNeighborsClassifier(1).fit(pixels[learned], labels[learned])
print("7, 8 and 9 from three items each:")
print("  SiameseClassifier:", round(classifier.score(items[asked], labels[asked]), 3))
print(
    "  nearest neighbour:",
    round(nearest.score(pixels[asked], labels[asked]), 3),
)
