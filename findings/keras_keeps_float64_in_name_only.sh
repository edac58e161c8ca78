#!/bin/sh
# Keras 3.15.1 with dtype='float64' computes some of its layers in float32, on the PyTorch and on the JAX backend. The
# dtype of the result says float64, so only the digits tell; SimpleRNN raises a TypeError on JAX.
#
# The documentation of DTypePolicy says that "float64" makes both the compute and the variable dtypes float64. Inside, a
# common rule for the types of results turns float64 into float32, also where JAX has float64 enabled; what comes later,
# such as adding a bias, makes it float64 again. On PyTorch it is Dense that suffers: its difference quotient for a step
# of 1e-6 is wrong by 2 per cent, and for 1e-8 it is 0. Who chose float64 to check gradients by differences looks for a
# fault in the wrong place. Conv1D is right on both.
#
# Seen ("float32": dtype float64, and a relative error between 1e-9 and 1e-6; "right": below 1e-14):
#                            torch             jax, x64
#     Dense                  float32           right
#     its slope, 0.3         0.3055 by 1e-6    0.3000
#     Conv1D                 right             right
#     SimpleRNN              float32           TypeError
#     BatchNormalization     float32           float32
#     LayerNormalization     float32           float32
# Needs: python3 with venv, pip. PyTorch is large, and its ordinary package may bring CUDA's libraries along.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install keras==3.15.1 torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 >log 2>&1 ||
    { cat log >&2; exit 2; }
cat >precision.py <<'P'
import math

import keras
import numpy as np

layers = keras.layers


def values(kind, x, *weights, **options):
    layer = kind(dtype='float64', **options)
    layer.build(np.shape(x))
    layer.set_weights([np.array(w) for w in weights])
    y = layer(keras.ops.convert_to_tensor(np.array(x), dtype='float64'))
    return keras.ops.convert_to_numpy(y)


def show(name, exact, *arguments, **options):
    try:
        y = values(*arguments, **options)
    except TypeError as e:
        print(name, type(e).__name__)
        return
    error = abs(float(y.ravel()[0]) / exact - 1)
    print(name, y.dtype, 'right' if error < 1e-14 else 'with digits of float32' if 1e-9 < error < 1e-6 else error)


def dense(x):
    return values(layers.Dense, [[x]], [[0.3]], [0.1], units=1)[0, 0]


row = np.array([0.7, 0.1, 0.4])
show('Dense', 0.7 * 0.3 + 0.1, layers.Dense, [[0.7]], [[0.3]], [0.1], units=1)
for h in (1e-4, 1e-6, 1e-8):
    print(f'slope of Dense by {h:g}: {(dense(0.7 + h) - dense(0.7 - h)) / (2 * h):.4f}')
show('Conv1D', 0.7 * 0.3, layers.Conv1D, [[[0.7]]], [[[0.3]]], [0], filters=1, kernel_size=1)
show('SimpleRNN', math.tanh(0.7 * 0.3), layers.SimpleRNN, [[[0.7]]], [[0.3]], [[0.3]], [0], units=1)
show('BatchNormalization', 0.7 / math.sqrt(1.001), layers.BatchNormalization, [[0.7]], [1], [0], [0], [1])
show('LayerNormalization', (0.7 - row.mean()) / math.sqrt(row.var() + 0.001), layers.LayerNormalization,
     [row], [1] * 3, [0] * 3)
P
for backend in torch jax; do
    echo "$backend"
    KERAS_BACKEND=$backend JAX_ENABLE_X64=1 packages/bin/python precision.py 2>>log || { cat log >&2; exit 2; }
done >seen
cat seen
cat >expected <<'P'
torch
Dense float64 with digits of float32
slope of Dense by 0.0001: 0.3000
slope of Dense by 1e-06: 0.3055
slope of Dense by 1e-08: 0.0000
Conv1D float64 right
SimpleRNN float64 with digits of float32
BatchNormalization float64 with digits of float32
LayerNormalization float64 with digits of float32
jax
Dense float64 right
slope of Dense by 0.0001: 0.3000
slope of Dense by 1e-06: 0.3000
slope of Dense by 1e-08: 0.3000
Conv1D float64 right
SimpleRNN TypeError
BatchNormalization float64 with digits of float32
LayerNormalization float64 with digits of float32
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
