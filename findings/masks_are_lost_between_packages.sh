#!/bin/sh
# PyTorch 2.13.0 takes a NumPy masked array, by from_numpy, as_tensor, tensor and from_dlpack, and drops its mask
# without a word. JAX 0.10.2 refuses such arrays in asarray, device_put and its operations, "numpy masked arrays are not
# supported", but array and from_dlpack take them, without the mask.
#
# A masked array hides numbers that are missing; what is stored in their places is a filler, such as 1e20, -9999 or 0.
# NumPy's mean leaves them out. One would expect an error, and the same of asarray and array. A loss with a filler of
# 1e20 is plainly wrong; with -9999 or 0 it is only off, and so are its gradients.
#
# Seen, mean of [1, 2, hidden 1e20], which is 1.5:
#     numpy mean    1.5      torch from_numpy, as_tensor, tensor, from_dlpack    3.33e+19
#     jax asarray, sin, device_put    ValueError      jax array, from_dlpack     3.33e+19
# Needs: python3 with venv, pip. PyTorch is large, and its ordinary package may bring CUDA's libraries along.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >masks.py <<'P'
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import torch

warnings.simplefilter('error')
hiding = np.ma.masked_array(np.array([1, 2, 1e20], 'f4'), [False, False, True])

for name, take in (('numpy mean', lambda a: a),
                   ('torch from_numpy', torch.from_numpy),
                   ('torch as_tensor', torch.as_tensor),
                   ('torch tensor', torch.tensor),
                   ('torch from_dlpack', torch.from_dlpack),
                   ('jax asarray', jnp.asarray),
                   ('jax sin', jnp.sin),
                   ('jax device_put', jax.device_put),
                   ('jax array', jnp.array),
                   ('jax from_dlpack', jnp.from_dlpack)):
    try:
        print(name, f'{float(take(hiding).mean()):.3g}')
    except ValueError as e:
        print(name, type(e).__name__)
P
packages/bin/python masks.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
numpy mean 1.5
torch from_numpy 3.33e+19
torch as_tensor 3.33e+19
torch tensor 3.33e+19
torch from_dlpack 3.33e+19
jax asarray ValueError
jax sin ValueError
jax device_put ValueError
jax array 3.33e+19
jax from_dlpack 3.33e+19
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
