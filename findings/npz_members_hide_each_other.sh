#!/bin/sh
# NumPy 2.4.6: an archive of np.savez with the arrays 'x' and 'x.npy' has both, and its list of names has both; but the
# one called 'x.npy' cannot be read. Asked for it, the file gives the other array, with no error.
#
# A member of the archive is called after its array, with '.npy' behind; names in the list have that taken off. A name
# that is asked for is first looked up among the members as they are called, so 'x.npy' finds the member of 'x'.
# Names with a dot are not rare: they are paths of parameters in a model, or files that a script packs. One would expect
# a list of names each of which gives its own array, and savez to refuse names that cannot be told apart.
#
# Seen, of x = 1 and x.npy = 2:
#     names ['x', 'x.npy']    x 1    x.npy 1    member x.npy.npy 2
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >names.py <<'P'
import numpy as np

np.savez('a.npz', **{'x': 1, 'x.npy': 2})
with np.load('a.npz') as a:
    print(a.files, *(int(a[n]) for n in ('x', 'x.npy', 'x.npy.npy')))
P
packages/bin/python -W error names.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
echo "['x', 'x.npy'] 1 1 2" >expected
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
