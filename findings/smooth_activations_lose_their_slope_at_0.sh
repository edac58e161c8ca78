#!/bin/sh
# MLX 0.32.4's celu and tinygrad 0.14.0's elu are smooth functions, with the slope 1 at 0 from both sides; the
# gradient that these packages compute at exactly 0 is 0.
#
# Both write the function as a sum of two pieces, maximum(x, 0) and a part of minimum(x, 0) or of another relu,
# which are both tied at 0. What each package gives for such a tie is a fair convention for a kink; but here both
# pieces get 0, and the function has no kink. A zero input is common: padding, and outputs of a relu. The other
# function of each pair, MLX's elu and tinygrad's celu, is shown beside it.
#
# Seen, slopes at -0.001, 0, 0.001:
#     mlx celu      0.999 0 1        mlx elu       0.999 1 1
#     tinygrad elu  0.999 0 1        tinygrad celu 0.999 1 1
# Needs: python3 with venv, pip, and a C compiler that tinygrad finds (clang) on Linux, x86-64.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install 'mlx[cpu]==0.32.4' tinygrad==0.14.0 >log 2>&1 || { cat log >&2; exit 2; }
cat >slopes.py <<'P'
import mlx.core as mx
import mlx.nn
from tinygrad import Tensor


def by_mlx(f, x):
    return mx.grad(lambda v: f(v).sum())(mx.array([x])).item()


def by_tinygrad(f, x):
    t = Tensor([x])
    return f(t).sum().gradient(t)[0].item()


for name, slope, f in (('mlx celu', by_mlx, mlx.nn.celu), ('mlx elu', by_mlx, mlx.nn.elu),
                       ('tinygrad elu', by_tinygrad, Tensor.elu),
                       ('tinygrad celu', by_tinygrad, Tensor.celu)):
    print(name, *(f'{slope(f, x):.3g}' for x in (-0.001, 0.0, 0.001)))
P
DEV=CPU packages/bin/python slopes.py >slopes
cat slopes
for line in 'mlx celu 0.999 0 1' 'mlx elu 0.999 1 1' 'tinygrad elu 0.999 0 1' 'tinygrad celu 0.999 1 1'; do
    grep -q -x "$line" slopes || { echo "changed: not '$line'" >&2; exit 1; }
done
