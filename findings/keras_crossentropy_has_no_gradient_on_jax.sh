#!/bin/sh
# Keras 3.15.1: a model with a softmax at its end, the loss categorical_crossentropy and an output that is wrong by 20
# nats has the gradient (-1, 1) by its logits on the TensorFlow backend, and exactly (0, 0) on the JAX backend. There
# it does not learn from its worst mistakes.
#
# The loss cuts probabilities off at 1e-7, and has the gradient 0 beyond. On TensorFlow Keras remembers the logits that
# a softmax was taken of, and takes the loss of them instead; on JAX it does not. One would expect a backend to change
# the last digits. With from_logits=True, and no softmax in the model, both are right. The binary loss behind a
# sigmoid behaves the same.
#
# Seen, loss and gradient by the logits (-20, 0), the label being the first class:
#     tensorflow  categorical_crossentropy 20 [-1, 1]      binary_crossentropy of -20 for 1: 20 [-1]
#     jax         categorical_crossentropy 16.118 [0, 0]   binary_crossentropy: 16.118 [0]
#     with from_logits=True: 20 [-1, 1] on both
# Needs: python3 with venv, pip. TensorFlow (its CPU build) is large.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 tensorflow-cpu==2.21.0 >log 2>&1 ||
    { cat log >&2; exit 2; }
cat >losses.py <<'P'
import keras
import numpy as np

backend = keras.backend.backend()
one_hot, positive = np.array([[1, 0]], 'f4'), np.array([[1]], 'f4')
losses = keras.losses


def of_softmax(z):
    return losses.categorical_crossentropy(one_hot, keras.activations.softmax(z))[0]


def of_logits(z):
    return losses.categorical_crossentropy(one_hot, z, from_logits=True)[0]


def of_sigmoid(z):
    return losses.binary_crossentropy(positive, keras.activations.sigmoid(z))[0]


def loss_and_gradient(f, z):
    z = np.array([z], 'f4')
    if backend == 'jax':
        import jax
        y, g = jax.value_and_grad(f)(jax.numpy.asarray(z))
    else:
        import tensorflow as tf
        z = tf.constant(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            y = f(z)
        g = tape.gradient(y, z)
    return f'{float(y):.5g} {[round(float(v), 6) + 0.0 for v in np.asarray(g)[0]]}'


print(backend, 'softmax', loss_and_gradient(of_softmax, [-20, 0]))
print(backend, 'logits', loss_and_gradient(of_logits, [-20, 0]))
print(backend, 'sigmoid', loss_and_gradient(of_sigmoid, [-20]))
P
for backend in tensorflow jax; do
    KERAS_BACKEND=$backend packages/bin/python losses.py 2>>log
done >seen
cat seen
cat >expected <<'P'
tensorflow softmax 20 [-1.0, 1.0]
tensorflow logits 20 [-1.0, 1.0]
tensorflow sigmoid 20 [-1.0]
jax softmax 16.118 [0.0, 0.0]
jax logits 20 [-1.0, 1.0]
jax sigmoid 16.118 [0.0]
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
