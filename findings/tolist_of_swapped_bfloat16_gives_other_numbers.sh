#!/bin/sh
# NumPy 2.4.6 with ml_dtypes 0.6.0, which JAX needs: of an array of bfloat16 in big-endian order, tolist() gives other
# numbers than the elements: [1, 2] becomes -5.8e-39, 5.9e-39. Each element by itself, sums, comparisons and astype are
# right, and so are the bytes.
#
# For NumPy's own types tolist gives the elements in either order. So a test that prints or compares by tolist sees
# garbage in an array that is right, and what is written as JSON that way is wrong without an error. Such arrays come
# about where code writes in network order whatever it is given.
#
# Seen, of [1, 2] as big-endian: tolist, elements, sum, bytes
#     float32   [1.0, 2.0]                                          [1.0, 2.0] 3.0 3f80000040000000
#     bfloat16  [-5.7856362579534463e-39, 5.877471754111438e-39]    [1.0, 2.0] 3.0 3f804000
# Needs: python3 with venv, pip, a little-endian machine.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install numpy==2.4.6 ml_dtypes==0.6.0 >log 2>&1 || { cat log >&2; exit 2; }
cat >order.py <<'P'
import ml_dtypes
import numpy as np

for name in 'float32', 'bfloat16':
    a = np.array([1, 2], name if name == 'float32' else ml_dtypes.bfloat16)
    b = a.astype(a.dtype.newbyteorder('>'))
    print(name, b.tolist(), [float(x) for x in b], float(b.sum()), b.tobytes().hex())
P
packages/bin/python -W error order.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
float32 [1.0, 2.0] [1.0, 2.0] 3.0 3f80000040000000
bfloat16 [-5.7856362579534463e-39, 5.877471754111438e-39] [1.0, 2.0] 3.0 3f804000
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
