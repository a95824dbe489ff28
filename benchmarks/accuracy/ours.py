"""Our recipes, as `likeness train` runs them."""

from dataclasses import dataclass, replace

from benchmarks.accuracy.method import Embedding
from likeness.datasets import Dataset
from likeness.training import TrainingRecipe


@dataclass(frozen=True)
class Likeness:
    """A network trained by a recipe."""

    title: str
    source: str
    recipe: TrainingRecipe

    def fit(self, train: Dataset, *, seed: int) -> Embedding:
        """Train it, choosing the epoch on training people held out."""
        from likeness.training import train as train_network  # late: brings Keras

        model = train_network(replace(self.recipe, seed=seed), train)
        return Embedding(model, int(model.encoder.count_params()))
