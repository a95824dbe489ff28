"""Small models that come with the package, one for a task: data files beside this one.

They were trained by this project, and run on ONNX Runtime alone. A folder is made of a trained
model by ``python -m benchmarks.shipped``.
"""

from likeness.shipped.tasks import FOLDERS, TASKS, shipped_folder, shipped_model

__all__ = ["FOLDERS", "TASKS", "shipped_folder", "shipped_model"]
