"""scikit-learn estimators: a Siamese network for arrays and images.

They come with scikit-learn and bring Keras only when they are fitted.
"""

from likeness.estimators.classifier import SiameseClassifier
from likeness.estimators.embedder import SiameseEmbedder

__all__ = ["SiameseClassifier", "SiameseEmbedder"]
