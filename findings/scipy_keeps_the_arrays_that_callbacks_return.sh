#!/bin/sh
# SciPy 1.17.1 keeps the array that a callback returns, and does not copy it. A callback that fills the same array at
# each call, as a wrapper of a C library does, changes numbers that SciPy has stored; three solvers then give wrong
# results, two of them with success.
#
# minimize hands out a copy of x at each call, and L-BFGS-B copies the gradient; so one would expect copies everywhere.
# BFGS subtracts the last gradient from the new one, which are now the same array: their difference is 0.
# least_squares without a Jacobian takes differences of residuals that are one array: the Jacobian is 0, and the start
# is reported as the solution. The BDF method of solve_ivp without a Jacobian takes them from numbers that a later
# call has overwritten, and ends at 1e16 for an oscillation of size 1, with success. Returning array.copy() helps.
#
# Seen, a fresh array against the same one:
#     minimize BFGS      success, Rosenbrock's minimum          failure, elsewhere
#     minimize L-BFGS-B  success, the minimum                   success, the minimum
#     least_squares      success, residual 0 after steps        success at the start, after 1 evaluation
#     solve_ivp BDF      success, error below 1e-4              success, error above 1
#     solve_ivp LSODA    success, error below 1e-4              success, error below 1e-4
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install scipy==1.17.1 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >callbacks.py <<'P'
import warnings

import numpy as np
import scipy
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares, minimize, rosen, rosen_der

warnings.simplefilter('ignore')  # BFGS warns of a division by 0
print('scipy', scipy.__version__)


def returning_one_array(f, n):
    array = np.empty(n)

    def g(*arguments):
        array[:] = f(*arguments)
        return array
    return g


def both(f, n):
    return f, returning_one_array(f, n)


def minimized(method):
    for g in both(rosen_der, 2):
        r = minimize(rosen, [-1.2, 1.0], jac=g, method=method)
        yield r.success, 'the minimum' if abs(r.x - 1).max() < 1e-3 else 'elsewhere'


def fitted():
    for f in both(lambda x: np.array([x[0] ** 2 + x[1] - 3, x[1] ** 2 + x[0] - 5]), 2):
        r = least_squares(f, [1.5, 1.5])
        yield r.success, 'the start' if (r.x == 1.5).all() and r.nfev == 1 else 'a solution'


def integrated(method):
    for f in both(lambda t, y: np.array([y[1], -y[0]]), 2):
        r = solve_ivp(f, (0, 5), [1.0, 0.0], method=method, rtol=1e-6, atol=1e-9)
        error = abs(r.y[:, -1] - [np.cos(5), -np.sin(5)]).max()
        yield r.success, 'right' if error < 1e-4 else 'wrong by more than 1' if error > 1 else 'inexact'


ok = True
for name, seen, expected in (
        ('minimize BFGS', minimized('BFGS'), [(True, 'the minimum'), (False, 'elsewhere')]),
        ('minimize L-BFGS-B', minimized('L-BFGS-B'), [(True, 'the minimum')] * 2),
        ('least_squares', fitted(), [(True, 'a solution'), (True, 'the start')]),
        ('solve_ivp BDF', integrated('BDF'), [(True, 'right'), (True, 'wrong by more than 1')]),
        ('solve_ivp LSODA', integrated('LSODA'), [(True, 'right')] * 2)):
    seen = list(seen)
    print(f'{name:18}', *(f'{"success" if s else "failure"}, {what:22}' for s, what in seen))
    if seen != expected:
        print('changed:', name)
        ok = False
raise SystemExit(not ok)
P
packages/bin/python callbacks.py
