#!/bin/sh
# NumPy 2.4.6 and PyTorch 2.13.0 each guard an array in which several elements are one number in memory: what NumPy's
# broadcast_to gives is read-only, and PyTorch refuses to add to an expanded tensor in place. An expanded tensor that
# goes to NumPy, by from_dlpack or numpy(), is writable, and a write to one row shows in all.
#
# Such an array looks like any other; only a stride of 0 tells. PyTorch's error says that "more than one element of the
# written-to tensor refers to a single memory location", and NumPy could see it by the stride; one would expect one of
# them to say so where the two meet. A sum in place, as of gradients into rows, keeps only what came last.
#
# Seen, of zeros (3) as (2, 3), with [[1], [10]] added in place:
#     torch expand             RuntimeError      numpy from_dlpack of expand    [[10, 10, 10], [10, 10, 10]]
#     numpy broadcast_to       ValueError        numpy() of expand              [[10, 10, 10], [10, 10, 10]]
# Needs: python3 with venv, pip. PyTorch is large, and its ordinary package may bring CUDA's libraries along.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install torch==2.13.0 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >rows.py <<'P'
import warnings

import numpy as np
import torch

warnings.simplefilter('error')


def expanded():
    return torch.zeros(3).expand(2, 3)


for name, a, increment in (('torch expand', expanded(), torch.tensor([[1.0], [10.0]])),
                           ('numpy broadcast_to', np.broadcast_to(np.zeros(3), (2, 3)), [[1], [10]]),
                           ('numpy from_dlpack', np.from_dlpack(expanded()), [[1], [10]]),
                           ('torch numpy', expanded().numpy(), [[1], [10]])):
    try:
        a += increment
        print(name, a.tolist())
    except (RuntimeError, ValueError) as e:
        print(name, type(e).__name__)
P
packages/bin/python rows.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
torch expand RuntimeError
numpy broadcast_to ValueError
numpy from_dlpack [[10.0, 10.0, 10.0], [10.0, 10.0, 10.0]]
torch numpy [[10.0, 10.0, 10.0], [10.0, 10.0, 10.0]]
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
