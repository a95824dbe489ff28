"""scikit-learn estimators: a Siamese network for arrays and images.

Keras is imported only when they are fitted.
"""

from likeness.tasks.sklearn.classifier import SiameseClassifier
from likeness.tasks.sklearn.embedder import SiameseEmbedder

__all__ = ["SiameseClassifier", "SiameseEmbedder"]
