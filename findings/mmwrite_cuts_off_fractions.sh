#!/bin/sh
# SciPy 1.17.1's mmwrite of a dense array of big-endian or of half precision writes integers: 1.5 and -0.75 become 1
# and 0, under a banner that says integer. There is no error and no warning.
#
# Matrix Market is text, so neither the order of bytes nor the precision should matter; both types convert to float64
# without loss. The writer has functions for the native types of 4 and 8 bytes, and it seems that any other real array
# goes to the one for int64. Complex arrays of big-endian are right, and sparse matrices refuse both types by name.
# Big-endian arrays come from FITS and netCDF 3 files and look like others in Python. field='real' helps.
#
# Seen, of [1.5, -0.75]:
#     <f4 real 1.5 -7.5E-1        >f4 integer 1 0         >c16 complex 1.5 0 -7.5E-1 0
#     <f8 real 1.5 -7.5E-1        >f8 integer 1 0         >f8 with field='real': real 1.5 -7.5E-1
#                                 f2  integer 1 0         >f8 sparse: ValueError
# Needs: python3 with venv, pip, a little-endian machine.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install scipy==1.17.1 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >fractions_of.py <<'P'
import io
import warnings

import numpy as np
import scipy.sparse
from scipy.io import mmwrite

warnings.simplefilter('error')


def written(a, **options):
    file = io.BytesIO()
    mmwrite(file, a, **options)
    banner, _, _, *numbers = file.getvalue().decode().splitlines()
    return ' '.join([banner.split()[3], *numbers])


for kind in ('<f4', '<f8', '>f4', '>f8', 'f2', '>c16'):
    print(kind, written(np.array([[1.5, -0.75]], kind)))
print('>f8 real', written(np.array([[1.5, -0.75]], '>f8'), field='real'))
try:
    print('>f8 sparse', written(scipy.sparse.coo_array(np.array([[1.5, -0.75]], '>f8'))))
except ValueError as e:
    print('>f8 sparse', type(e).__name__)
P
packages/bin/python fractions_of.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
<f4 real 1.5 -7.5E-1
<f8 real 1.5 -7.5E-1
>f4 integer 1 0
>f8 integer 1 0
f2 integer 1 0
>c16 complex 1.5 0 -7.5E-1 0
>f8 real real 1.5 -7.5E-1
>f8 sparse ValueError
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
