#!/bin/sh
# SciPy 1.17.1's mmwrite of a COO matrix with duplicate entries, which count by their sum, may write an unsymmetric
# matrix as symmetric. Of the entries above the diagonal nothing is in the file, so what is read back is another
# matrix; the matrix that was to be written has been changed in memory as well. There is no warning.
#
# Matrices that are assembled element by element are full of duplicates. To find out about symmetry mmwrite counts the
# entries above and below the diagonal, each duplicate for itself, and where there are as many it compares those below
# with their partners; an entry above without a partner is never looked at if a duplicate below makes up for it. The
# search sums the duplicates of its argument on the way. It is made for matrices below 100 rows, or with symmetry=None.
# symmetry='general' and a.tocsr() help.
#
# Seen, of 5 at (1, 2), 1 at (2, 3), and 0.5 + 0.5 at (3, 2):
#     coo              real symmetric, 1 entry, read back right False, stored entries 4 -> 3
#     coo, general     real general, 4 entries, read back right True, stored entries 4 -> 4
#     csr              real general, 3 entries, read back right True, stored entries 3 -> 3
#     coo, 100 rows    real general, 4 entries, read back right True, stored entries 4 -> 4
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install scipy==1.17.1 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >duplicates.py <<'P'
import io
import warnings

import scipy.sparse
from scipy.io import mmread, mmwrite

warnings.simplefilter('error')


def matrix(rows=3):
    return scipy.sparse.coo_array(([5, 1, 0.5, 0.5], ([0, 1, 2, 2], [1, 2, 1, 1])), shape=(rows, rows))


def show(name, a, **options):
    values, stored = a.toarray(), a.nnz
    file = io.BytesIO()
    mmwrite(file, a, **options)
    banner, *lines = [line for line in file.getvalue().decode().splitlines() if line != '%']
    file.seek(0)
    right = (mmread(file).toarray() == values).all()
    print(f'{name}: {" ".join(banner.split()[-2:])}, {lines[0].split()[2]} entries, read back right {right}, '
          f'stored entries {stored} -> {a.nnz}')


show('coo', matrix())
show('coo general', matrix(), symmetry='general')
show('csr', matrix().tocsr())
show('coo 100 rows', matrix(100))
P
packages/bin/python duplicates.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
coo: real symmetric, 1 entries, read back right False, stored entries 4 -> 3
coo general: real general, 4 entries, read back right True, stored entries 4 -> 4
csr: real general, 3 entries, read back right True, stored entries 3 -> 3
coo 100 rows: real general, 4 entries, read back right True, stored entries 4 -> 4
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
