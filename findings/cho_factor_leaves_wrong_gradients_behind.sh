#!/bin/sh
# SciPy 1.17.1's cho_factor returns a factor and, in the other half of the array, what was there before. PyTensor
# 3.0.7's cho_solve takes it "as given by cho_factor"; its value is right, its gradient by the factor is not.
#
# The value reads one half, as LAPACK does; the rule for the gradient multiplies by the whole array. Nothing shows it:
# the gradient is zero in the other half, as it should be, and wrong in the half that counts. After np.triu it is
# right. JAX 0.10.2's cho_solve is right with and without. (A factor made by PyTensor's own cholesky has zeros.)
#
# Seen, the gradient of the sum of the solution by the last element of the factor of [[4, 1, 0], [1, 3, 1], [0, 1, 2]]:
#     pytensor: as given -1.852312, after triu -1.642435
#     jax:      as given -1.642435, after triu -1.642435
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install pytensor==3.0.7 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 scipy==1.17.1 >log 2>&1 ||
    { cat log >&2; exit 2; }
cat >solve.py <<'P'
import jax
import numpy as np
import pytensor
import pytensor.tensor as pt
import scipy.linalg

jax.config.update('jax_enable_x64', True)
b = np.array([1.0, 2, 3])
given, lower = scipy.linalg.cho_factor(np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]]))
a = pt.dmatrix()
by_pytensor = pytensor.function([a], pytensor.grad(pt.linalg.cho_solve((a, lower), b).sum(), a))
by_jax = jax.grad(lambda a: jax.scipy.linalg.cho_solve((a, lower), b).sum())
for name, gradient in (('pytensor', by_pytensor), ('jax', by_jax)):
    print(name, *(f'{float(gradient(factor)[2, 2]):.6f}' for factor in (given, np.triu(given))))
P
PYTENSOR_FLAGS=base_compiledir="$scratch/compiled" packages/bin/python solve.py 2>>log >seen || { cat log >&2; exit 2; }
cat seen
printf 'pytensor -1.852312 -1.642435\njax -1.642435 -1.642435\n' >expected
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
