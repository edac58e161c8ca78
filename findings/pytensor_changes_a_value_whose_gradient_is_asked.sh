#!/bin/sh
# PyTensor 3.0.7: solve(a, b, assume_a='pos', lower=True) of a matrix of which only the lower half is filled is right
# as the only output of a function. When the function returns the gradient as well, the value changes: both are then
# those of the diagonal matrix, as the half that counts is not read.
#
# The documentation of lower says that "the calculation uses only the data in the lower triangle"; NumPy's tril of a
# covariance, or a matrix that a C library filled by half, is good for it. With the gradient there are two solves with
# one matrix, and a rewrite of the graph seems to share a factor that is taken of the other half. FAST_COMPILE,
# which leaves out such rewrites, keeps the value. So does assume_a='sym', and so does a matrix that is filled.
#
# Seen, the sum of the solution for [[4, 1, 0], [1, 3, 1], [0, 1, 2]] and [1, 2, 3] (16/9; of the diagonal: 29/12):
#     lower half: alone 1.7777778, with the gradient 2.4166667, the same by FAST_COMPILE 1.7777778
#     upper half, lower=False: the same three
#     assume_a='sym': 1.7777778 three times; the whole matrix, 'pos': 1.7777778 three times
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install pytensor==3.0.7 numpy==2.4.6 scipy==1.17.1 >log 2>&1 || { cat log >&2; exit 2; }
cat >solve.py <<'P'
import numpy as np
import pytensor
import pytensor.tensor as pt

matrix = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
b = np.array([1.0, 2, 3])


def totals(values, assume, lower):
    a = pt.dmatrix()
    y = pt.linalg.solve(a, b, assume_a=assume, lower=lower).sum()
    g = pytensor.grad(y, a)
    return (pytensor.function([a], y)(values), pytensor.function([a], [y, g])(values)[0],
            pytensor.function([a], [y, g], mode='FAST_COMPILE')(values)[0])


for name, *arguments in (('lower half pos:', np.tril(matrix), 'pos', True),
                         ('upper half pos:', np.triu(matrix), 'pos', False),
                         ('lower half sym:', np.tril(matrix), 'sym', True),
                         ('whole pos:', matrix, 'pos', True)):
    print(name, *(f'{float(v):.7f}' for v in totals(*arguments)))
P
PYTENSOR_FLAGS=base_compiledir="$scratch/compiled" packages/bin/python solve.py 2>>log >seen || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
lower half pos: 1.7777778 2.4166667 1.7777778
upper half pos: 1.7777778 2.4166667 1.7777778
lower half sym: 1.7777778 1.7777778 1.7777778
whole pos: 1.7777778 1.7777778 1.7777778
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
