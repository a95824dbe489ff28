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
# # Similar questions: the same network on text
#
# One encoder reads both questions, and an energy measures their dissimilarity. A text is split into
# its words and the n-grams of letters within them; each piece has a weight and a vector, and both
# are learned from pairs with scores from 0 (nothing in common) to 5 (the same meaning).
#
# The questions below are synthetic: a frame such as «where can I leave my …» and a word for a
# thing, of which each thing has three. Figures on them show that the program works, and nothing
# about language; those on the STS benchmark, beside TF-IDF and averaged vectors, are in
# [docs/questions.md](../docs/questions.md).

# %% tags=["parameters"]
SEED = 0
PAIRS = 1500  # learned from
SETTINGS = {"epochs": 10, "embedding_size": 128, "buckets": 4096, "batch_size": 64}

# %%
import itertools

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from likeness.tasks.sentences.sentence_pairs import SentencePairs, Similarity
from likeness.tasks.sentences.questions import Question, QuestionSearch
from likeness.recogniser.gallery import GalleryModel, create_gallery
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.training import train_similarity

# %% [markdown]
# Two words for one thing have few letters in common: only the scores show that they mean the same.
# The sentence frames of the test are not in the training pairs, but its words are: the model learns
# which words mean the same.

# %%
THINGS = {
    "car": ("car", "vehicle", "auto"),
    "dog": ("dog", "puppy", "hound"),
    "house": ("house", "dwelling", "cottage"),
    "bill": ("bill", "invoice", "statement"),
    "phone": ("phone", "mobile", "handset"),
}
FRAMES = {
    "training": (
        "how do i sell my {}",
        "where can i leave my {} overnight",
        "who looks after a {} for me",
        "is my {} covered when i travel",
        "what does a second {} cost",
        "can somebody else collect my {}",
    ),
    "choosing": ("what happens if i lose my {}", "may i share a {} with others"),
    "test": ("who do i call about a broken {}", "how long may i keep the {}"),
}
rng = np.random.default_rng(SEED)
data = {}
for part, frames in FRAMES.items():
    asked = [
        (frame.format(word), frame, thing)
        for frame in frames
        for thing, words in THINGS.items()
        for word in words
    ]
    both = list(itertools.combinations(asked, 2))
    kept = rng.permutation(len(both))[:PAIRS]
    data[part] = SentencePairs(
        left=[both[index][0][0] for index in kept],
        right=[both[index][1][0] for index in kept],
        # Both alike: 5; the thing alone: 2; the frame alone: 1; neither: 0.
        scores=[
            (0, 1, 2, 5)[(one[1] == other[1]) + 2 * (one[2] == other[2])]
            for one, other in (both[index] for index in kept)
        ],
        name=f"synthetic questions, {part}",
    )
    print(f"{data[part].name}: {len(data[part])} pairs of {len(data[part].sentences)} sentences")

# %%
model = train_similarity(
    SimilarityRecipe(seed=SEED, **SETTINGS), data["training"], data["choosing"]
)
print(
    f"trained in {model.record['seconds']:.0f} s; the same at an energy of at most "
    f"{model.threshold:.2f}"
)

# %% [markdown]
# Do the energies fall as the scores rise? Spearman's ρ, with 95 % intervals over pairs, beside
# TF-IDF over the same stretches of letters: it uses the training sentences, but not the scores.

# %%
test = data["test"]
tfidf = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit(data["training"].sentences)
left, right = (tfidf.transform(side) for side in (test.left, test.right))
energies = {
    "network": test.energies(model),
    "TF-IDF": 1 - np.asarray(left.multiply(right).sum(axis=1)).ravel(),
}
for name, found in energies.items():
    figures = Similarity.of(test.scores, found)
    low, high = figures.spearman_interval
    print(f"{name}: Spearman {figures.spearman:.3f} ({low:.3f} to {high:.3f})")

# %%
figure, places = plt.subplots(1, 2, figsize=(10, 3.5), sharey=True, layout="constrained")
scores = np.unique(test.scores)
for place, (name, found) in zip(places, energies.items(), strict=True):
    place.boxplot([found[test.scores == score] for score in scores], showfliers=False)
    place.set_xticks(range(1, len(scores) + 1), [f"{score:g}" for score in scores])
    place.set(title=name, xlabel="score (5: asks the same)", ylabel="energy")
places[0].axhline(model.threshold, color="black", linestyle="--", label="threshold")
places[0].legend()
plt.show()

# %% [markdown]
# ## Searching answered questions
#
# The questions go into the gallery that faces use; `likeness faq questions.txt "…" --model texts`
# does the same from the shell.

# %%
answered = [
    Question(text="who do i call about a broken car", answer="The garage."),
    Question(text="who do i call about a broken phone", answer="The shop."),
    Question(text="how long may i keep the dog", answer="As long as it likes."),
]
with create_gallery(":memory:", GalleryModel.of(model)) as gallery:
    search = QuestionSearch(model=model, gallery=gallery)
    search.enrol(answered)
    for text in (
        "who do i call about a broken vehicle",
        "how long may i keep the puppy",
        "is my cottage covered when i travel",
    ):
        found = search.find(text)
        answer = found.nearest[0].answer if found.status == "known" else "no answer"
        print(f"{text}? {found.status}: {answer} (energy {found.nearest[0].energy:.2f})")
