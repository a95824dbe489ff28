#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: a learning rate schedule is evaluated once for every weight of
# the model, in every step; `CosineDecay` with a warm-up puts a branch into the graph each time.
#
# One expects: one learning rate a step, computed once.
# Seen: AdamW calls the schedule once for each trainable variable and once more for the weight decay.
# A network of 20 dense layers (40 weights) has 41 evaluations in its step, and with a warm-up 41 `If`
# nodes, whose branches are graphs of their own: tracing takes longer, and each step runs them. A
# schedule of plain arithmetic (`minimum` of the rise and the fall) has none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$place/venv/bin/python" - 2>/dev/null <<'PYTHON'
import keras
import tensorflow as tf


class Counting(keras.optimizers.schedules.CosineDecay):
    calls = 0

    def __call__(self, step):
        type(self).calls += 1
        return super().__call__(step)


def step_of(**warm_up):
    model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(20))])
    optimizer = keras.optimizers.AdamW(Counting(0.01, 100, **warm_up), weight_decay=1e-4)
    optimizer.build(model.trainable_variables)
    weights = len(model.trainable_variables)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    Counting.calls = 0
    graph = step.get_concrete_function(tf.zeros((8, 4))).graph
    branches = sum(node.type in {"If", "StatelessIf"} for node in graph.get_operations())
    return weights, Counting.calls, branches


print(f"keras {keras.__version__}, tensorflow {tf.__version__}")
for name, warm_up in (("plain", {}), ("warm-up", {"warmup_target": 0.1, "warmup_steps": 10})):
    weights, calls, branches = step_of(**warm_up)
    print(f"CosineDecay, {name}: {weights} weights, {calls} evaluations, {branches} branches")
    assert (weights, calls) == (40, 41), "the behaviour has changed"
    assert branches == (41 if warm_up else 0), "the behaviour has changed"
PYTHON
