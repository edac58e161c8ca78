#!/bin/sh
# autograd 1.9.1: scipy.linalg.solve_triangular(a, b, unit_diagonal=True) has the right value, and the gradients of
# another function: that in which the stored diagonal counts.
#
# unit_diagonal says that the diagonal is 1 whatever is stored there, as in the packed factors of lu_factor, where it
# is that of U. autograd passes the flag on for the value; its rule for the gradient solves with a without
# it. So the gradient by b is divided by numbers that the function never reads, and the gradient by a has a diagonal,
# which should be 0. JAX 0.10.2 is right in both.
#
# Seen, of the sum of the solution, a = [[2, 0, 0], [1, 3, 0], [4, 5, 6]], b = [1, 1, 1]:
#                 by b                            diagonal of that by a
#     differences [1, -4, 1]                      [0, 0, 0]
#     jax         [1, -4, 1]                      [0, 0, 0]
#     autograd    [0.138889, 0.055556, 0.166667]  [-0.138889, 0, 0.5]
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install autograd==1.9.1 jax==0.10.2 jaxlib==0.10.2 scipy==1.17.1 numpy==2.4.6 >log 2>&1 ||
    { cat log >&2; exit 2; }
cat >solve.py <<'P'
import autograd
import autograd.scipy.linalg
import jax
import numpy as np
import scipy.linalg

jax.config.update('jax_enable_x64', True)
a = np.array([[2.0, 0, 0], [1, 3, 0], [4, 5, 6]])
b = np.ones(3)


def total(solve):
    return lambda a, b: solve(a, b, lower=True, unit_diagonal=True).sum()


def slope(f, x, i, h=1e-6):
    d = np.zeros_like(x)
    d[i] = h
    return (f(x + d) - f(x - d)) / (2 * h)


def show(name, by_a, by_b):
    print(name, *([round(float(v), 6) + 0.0 for v in g] for g in (by_b, np.diag(by_a))))


f = total(scipy.linalg.solve_triangular)
show('differences', np.diag([slope(lambda a: f(a, b), a, (i, i)) for i in range(3)]),
     [slope(lambda b: f(a, b), b, i) for i in range(3)])
show('jax', *jax.grad(total(jax.scipy.linalg.solve_triangular), (0, 1))(a, b))
f = total(autograd.scipy.linalg.solve_triangular)
show('autograd', autograd.grad(f, 0)(a, b), autograd.grad(f, 1)(a, b))
P
packages/bin/python solve.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
differences [1.0, -4.0, 1.0] [0.0, 0.0, 0.0]
jax [1.0, -4.0, 1.0] [0.0, 0.0, 0.0]
autograd [0.138889, 0.055556, 0.166667] [-0.138889, 0.0, 0.5]
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
