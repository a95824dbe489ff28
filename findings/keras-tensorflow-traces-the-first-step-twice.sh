#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: `fit` traces the training step twice, unless the optimizer was
# built before.
#
# One expects: a compiled model whose layers are built has its step traced once by `fit`.
# Seen: the optimizer's slots (Adam's moments) come into being inside the first trace. A tf.function
# that creates variables while it is traced is traced again, so every layer's `call` runs twice. One
# line before `fit`, `model.optimizer.build(model.trainable_variables)`, makes it once; the weights
# after training are the same. Tracing takes seconds for a network with augmentation, so short
# trainings, folds and tests take nearly half as long.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$place/venv/bin/python" - 2>/dev/null <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf


class Counting(keras.layers.Layer):
    traces = 0

    def call(self, x):
        if not tf.executing_eagerly() and not isinstance(x, keras.KerasTensor):
            type(self).traces += 1
        return x


def traces(*, built_before):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), Counting(), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    if built_before:
        model.optimizer.build(model.trainable_variables)
    Counting.traces = 0
    x = np.arange(24, dtype="float32").reshape(8, 3)
    model.fit(x, x[:, :2], batch_size=4, epochs=2, shuffle=False, verbose=0)
    return Counting.traces, model.get_weights()


late, weights = traces(built_before=False)
early, same = traces(built_before=True)
print(f"keras {keras.__version__}, tensorflow {tf.__version__}")
print(f"traces of a layer in fit: {late} as it comes, {early} with the optimizer built before")
assert (late, early) == (2, 1), "the behaviour has changed"
assert all(np.array_equal(a, b) for a, b in zip(weights, same)), "the weights differ"
PYTHON
