"""``python -m benchmarks.questions``: every method on the same pairs, one table."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.questions.baselines import averaged, best_on, characters, words
from benchmarks.questions.table import markdown
from likeness.cli.options import Changes, changed
from likeness.model.opening import open_model
from likeness.reports.content import json_text
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.sentence_pairs import SentencePairs, Similarity, spearman
from likeness.tasks.sentences.sts import sts
from likeness.tasks.sentences.training import train_similarity

HERE = Path(__file__).parent

BASELINES = {
    "tfidf_words": ("TF-IDF over words, cosine", words),
    "tfidf_characters": ("TF-IDF over n-grams of letters, cosine", characters),
    "averaged_vectors": ("averaged word vectors (SVD of the training sentences), cosine", averaged),
}
app = typer.Typer()

OURS = {
    "contrastive": "likeness, contrastive",
    "correlation": "likeness, correlation (regression)",
}


def described(parts: dict[str, SentencePairs]) -> dict[str, dict[str, Any]]:
    """Return how large the parts are, and what they share."""
    learned = set(parts["train"].sentences)
    found = {}
    for name, pairs in parts.items():
        often = Counter(text for side in (pairs.left, pairs.right) for text in side)
        both = zip(pairs.left, pairs.right, strict=True)
        found[name] = {
            "pairs": len(pairs),
            "sentences": len(pairs.sentences),
            "digest": pairs.digest,
            "pairs_with_a_shared_sentence": sum(max(often[a], often[b]) > 1 for a, b in both),
            "sentences_in_training": len(learned & set(pairs.sentences)),
        }
    return found


def trained(recipe: SimilarityRecipe, parts: dict[str, SentencePairs], keep: Path | None) -> Any:
    """Return the recipe's model, taken from ``keep`` if it is there, else trained and put there."""
    folder = None if keep is None else keep / f"{recipe.loss}-{recipe.seed}"
    if folder is not None and (folder / "model.json").is_file():
        model = open_model(folder)
        same_data = model.record["data"]["digest"] == parts["train"].digest
        if same_data and _decisive(SimilarityRecipe.from_dict(model.record["recipe"])) == _decisive(
            recipe
        ):
            return model
    model = train_similarity(recipe, parts["train"], parts["dev"])
    if folder is not None:
        model.save(folder, overwrite=True)
    return model


def _decisive(recipe: SimilarityRecipe) -> SimilarityRecipe:
    """Return the settings that decide the weights: margins are of the contrastive loss alone."""
    return (
        recipe if recipe.loss == "contrastive" else recipe.replace(margin=1.0, genuine_margin=0.0)
    )


def figures_of(energies: dict[str, list[Any]], parts: dict[str, SentencePairs]) -> dict[str, Any]:
    """Return the figures on each part; means over the seeds, the intervals' bounds too."""
    found = {}
    for part, runs in energies.items():
        each = [Similarity.of(parts[part].scores, run).to_json() for run in runs]
        found[part] = {
            name: np.mean([one[name] for one in each], axis=0).tolist()
            for name in ("spearman", "pearson", "spearman_interval", "pearson_interval")
        }
    return found


def gain_of(ours: list[Any], other: Any, pairs: SentencePairs) -> dict[str, float]:
    """Return by how much Spearman's ρ is higher, with an interval: the same draws for both."""
    rng = np.random.default_rng(0)

    def difference(chosen: Any) -> float:
        scores = pairs.scores[chosen]
        mine = np.mean([spearman(scores, -run[chosen]) for run in ours])
        return float(mine - spearman(scores, -other[chosen]))

    drawn = [difference(rng.integers(0, len(pairs), len(pairs))) for _ in range(1000)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    whole = difference(np.arange(len(pairs)))
    return {"difference": whole, "low": float(low), "high": float(high)}


@app.command()
def main(  # noqa: PLR0917
    data: Annotated[Path | None, typer.Option(help="The STS benchmark; else looked for.")] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds of ours.")] = 3,
    pairs: Annotated[int | None, typer.Option(help="Only the first so many of each part.")] = None,
    set_: Changes = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the models here, and take those that are there.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of results.json and results.md.")] = HERE,
) -> None:
    """Measure every method and write the table."""
    parts = {name: sts(data, part=name) for name in ("train", "dev", "test")}  # type: ignore[arg-type]
    if pairs is not None:
        parts = {name: part.first(pairs) for name, part in parts.items()}
    methods: dict[str, dict[str, Any]] = {}
    energies: dict[str, dict[str, list[Any]]] = {}
    measured = ("dev", "test")
    for name, (title, variants) in BASELINES.items():
        best = best_on(variants(list(parts["train"].sentences)), parts["dev"])
        energies[name] = {part: [best["method"](parts[part])] for part in measured}
        methods[name] = {"title": title, "settings": best["settings"], "tried": best["tried"]}
    for name, title in OURS.items():
        energies[name] = {part: [] for part in measured}
        recipe = changed(SimilarityRecipe(loss=name), set_)
        runs = []
        for seed in range(seeds):
            model = trained(recipe.replace(seed=seed), parts, keep)
            for part in measured:
                energies[name][part].append(parts[part].energies(model))
            runs.append({key: model.record[key] for key in ("epochs", "histories", "seconds")})
            typer.echo(f"{title}, seed {seed}: {model.record['histories']['choosing']['spearman']}")
        methods[name] = {"title": title, "recipe": recipe.as_dict(), "runs": runs}
    for name, entry in methods.items():
        entry["figures"] = figures_of(energies[name], parts)
    best_other = max(BASELINES, key=lambda one: methods[one]["figures"]["dev"]["spearman"])
    best_ours = max(OURS, key=lambda one: methods[one]["figures"]["dev"]["spearman"])
    document = {
        "format": "likeness.benchmark.questions/1",
        "data": described(parts),
        "seeds": list(range(seeds)),
        "methods": methods,
        "gain": {
            "ours": methods[best_ours]["title"],
            "other": methods[best_other]["title"],
            **gain_of(energies[best_ours]["test"], energies[best_other]["test"][0], parts["test"]),
        },
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json_text(document), encoding="utf-8")
    table = markdown(document)
    (out / "results.md").write_text(f"# Similar sentences\n\n{table}", encoding="utf-8")
    typer.echo(table)


if __name__ == "__main__":
    app()
