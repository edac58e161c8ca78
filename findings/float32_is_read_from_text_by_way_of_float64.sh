#!/bin/sh
# NumPy 2.4.6 and pandas 3.1.1 read a decimal number as float32 by way of float64, and so round it twice:
# 1.0000000596046447754 becomes 1, although 1 + 2^-23 is nearer. C's strtof and PyArrow 26.0.1 are right.
#
# The text is above the middle between two float32 numbers, by less than half a step of float64. The first rounding
# puts it on the middle, the second goes to the even neighbour. One would expect the nearest number. Nine digits, as
# printed of a float32, are never so near to a middle; more digits, as another program prints them of its float64 or
# long double, may be. So two programs that read one file of weights may differ in the last bit.
#
# Seen:
#     1            numpy: float32(text), astype, fromstring, loadtxt, genfromtxt
#                  pandas: read_csv with the engines c and python
#     1 + 2^-23    strtof, pyarrow's cast; the nearest by exact fractions
# Needs: python3 with venv, pip, a C library whose strtof rounds rightly (glibc).
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 >log 2>&1 || { cat log >&2; exit 2; }
cat >reading.py <<'P'
import ctypes
import fractions
import io

import numpy as np
import pandas
import pyarrow

text = '1.0000000596046447754'
strtof = ctypes.CDLL(None).strtof
strtof.restype = ctypes.c_float


def nearest():
    exact = fractions.Fraction(text)
    return min((1, 1 + 2**-23), key=lambda v: abs(fractions.Fraction(v) - exact))


def by_pandas(engine):
    return pandas.read_csv(io.StringIO(f'x\n{text}\n'), dtype={'x': 'f4'}, engine=engine).x[0]


for name, read in (('numpy float32', np.float32(text)),
                   ('numpy astype', np.array([text]).astype('f4')[0]),
                   ('numpy fromstring', np.fromstring(text, 'f4', sep=' ')[0]),
                   ('numpy loadtxt', np.loadtxt([text], 'f4')),
                   ('numpy genfromtxt', np.genfromtxt([text], 'f4')),
                   ('pandas c', by_pandas('c')),
                   ('pandas python', by_pandas('python')),
                   ('strtof', strtof(text.encode(), None)),
                   ('pyarrow', pyarrow.scalar(text).cast(pyarrow.float32()).as_py()),
                   ('nearest', nearest())):
    print(f'{name}: 1 + {(float(read) - 1) * 2**23:g} * 2^-23')
P
packages/bin/python reading.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
numpy float32: 1 + 0 * 2^-23
numpy astype: 1 + 0 * 2^-23
numpy fromstring: 1 + 0 * 2^-23
numpy loadtxt: 1 + 0 * 2^-23
numpy genfromtxt: 1 + 0 * 2^-23
pandas c: 1 + 0 * 2^-23
pandas python: 1 + 0 * 2^-23
strtof: 1 + 1 * 2^-23
pyarrow: 1 + 1 * 2^-23
nearest: 1 + 1 * 2^-23
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
