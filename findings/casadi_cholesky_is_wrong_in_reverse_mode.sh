#!/bin/sh
# CasADi 3.8.2: the solution of A x = b by the solver csparsecholesky is right, and so is its forward derivative; the
# reverse derivative is wrong. By b it should be the solution of A g = w, which the same solver finds.
#
# The reverse mode solves with the transposed matrix. A is symmetric, so that this should be the same work; but the
# result is another unless A is diagonal. CasADi chooses the mode by the shape of what is asked for, so a gradient of
# a scalar is wrong, and a Jacobian may be right. The solvers qr and ldl are right in both modes.
#
# Seen, A = [[4, 1, 0], [1, 3, 1], [0, 1, 2]], w = [1, 2, 3], true result [0.222222, 0.111111, 1.444444]:
#     qr               value, forward and reverse [0.222222, 0.111111, 1.444444]
#     ldl              the same
#     csparsecholesky  value and forward the same, reverse wrong by more than 0.1
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install casadi==3.8.2 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >solve.py <<'P'
import casadi as ca
import numpy as np

matrix = ca.DM([[4, 1, 0], [1, 3, 1], [0, 1, 2]])
w = ca.DM([1, 2, 3])
true = np.array([2, 1, 13]) / 9
ok = True
for solver in ('qr', 'ldl', 'csparsecholesky'):
    a, b = ca.MX.sym('a', 3, 3), ca.MX.sym('b', 3)
    x = ca.solve(a, b, solver)
    f = ca.Function('f', [a, b], [x, ca.jtimes(x, b, w, False), ca.jtimes(x, b, w, True)])
    for name, r in zip(('value', 'forward', 'reverse'), f(matrix, w)):
        r = np.array(r).ravel()
        print(solver, name, [round(float(v), 6) for v in r])
        error = abs(r - true).max()
        if not (error > 0.1 if (solver, name) == ('csparsecholesky', 'reverse') else error < 1e-12):
            print('changed:', solver, name)
            ok = False
raise SystemExit(not ok)
P
packages/bin/python solve.py
