#!/bin/sh
# PyTorch 2.13.0 notices when a number that the backward pass needs has been overwritten, and refuses; not when it was
# written through from_dlpack or numpy() of the detached tensor. Then the gradient is that of another point, without an
# error.
#
# Tensors that share memory within PyTorch share a counter of versions; detach says that changes in place "may trigger
# errors in correctness checks". A tensor that goes out by DLPack and comes back in has a counter of its own, in
# PyTorch's hands as in another library's. One would expect the same refusal for from_dlpack of PyTorch's own tensor.
# The error for a tensor with a gradient, "Can't export tensors that require gradient, use tensor.detach()", leads
# straight there. as_tensor, asarray and as_strided keep the counter.
#
# Seen, y = v * v at v = [1, 2], the alias of v times 10 in place, then the gradient of y's sum, which is [2, 4]:
#     v.detach()                         RuntimeError     as_strided, as_tensor, asarray: RuntimeError
#     from_dlpack(v.detach())            [20, 40]
#     v.detach().numpy()                 [20, 40]
#     from_numpy(v.detach().numpy())     [20, 40]
# Needs: python3 with venv, pip. PyTorch is large, and its ordinary package may bring CUDA's libraries along.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install torch==2.13.0 numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >aliases.py <<'P'
import warnings

import torch

warnings.simplefilter('error')


def gradient(alias):
    v = torch.tensor([1.0, 2.0], requires_grad=True)
    y = v * v
    a = alias(v.detach())
    a *= 10
    try:
        y.sum().backward()
    except RuntimeError as e:
        assert 'modified by an inplace operation' in str(e)
        return 'RuntimeError'
    return v.grad.tolist()


for name, alias in (('detach', lambda t: t),
                    ('as_strided', lambda t: t.as_strided((2,), (1,))),
                    ('as_tensor', torch.as_tensor),
                    ('asarray', torch.asarray),
                    ('from_dlpack', torch.from_dlpack),
                    ('numpy', torch.Tensor.numpy),
                    ('from_numpy', lambda t: torch.from_numpy(t.numpy()))):
    print(name, gradient(alias))
P
packages/bin/python aliases.py >seen 2>log || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
detach RuntimeError
as_strided RuntimeError
as_tensor RuntimeError
asarray RuntimeError
from_dlpack [20.0, 40.0]
numpy [20.0, 40.0]
from_numpy [20.0, 40.0]
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
