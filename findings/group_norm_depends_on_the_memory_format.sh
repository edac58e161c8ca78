#!/bin/sh
# PyTorch 2.13.0's group_norm on the CPU gives other numbers for the same float32 tensor in the channels-last memory
# format: around 1000 it is wrong in the first digit, around 3000 by a factor of hundreds, and so is the gradient.
#
# A memory format is about speed; one would expect the last bits to differ. The channels-last kernel seems to take the
# variance as mean(x^2) - mean(x)^2, which cancels far from 0, and to cut it off at 0: then differences to the mean are
# divided by sqrt(1e-5). batch_norm is right in both formats. A model and its input turn channels-last by a call of
# to(memory_format=torch.channels_last), so numbers that were right before that are not after it.
#
# Seen, greatest error against float64, of the result and of the gradient by x, relative to its greatest element:
#     around 0:    contiguous below 1e-4, channels last below 1e-4
#     around 1000: contiguous below 1e-2, channels last above 5e-2
#     around 3000: contiguous below 1e-2, channels last above 10
#     batch_norm around 3000, channels last: below 1e-2
# Needs: python3 with venv, pip. PyTorch is large, and its ordinary package may bring CUDA's libraries along.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install torch==2.13.0 >log 2>&1 || { cat log >&2; exit 2; }
cat >norms.py <<'P'
import warnings

warnings.simplefilter('ignore')  # of NumPy, which is not needed
import torch
from torch.nn.functional import batch_norm, group_norm

print('torch', torch.__version__)
deviations = torch.sin(torch.arange(2 * 8 * 6 * 6, dtype=torch.float64)).reshape(2, 8, 6, 6)
weights = torch.cos(torch.arange(2 * 8 * 6 * 6, dtype=torch.float64)).reshape(2, 8, 6, 6)


def in_groups(x):
    return group_norm(x, 2)


def in_batches(x):
    return batch_norm(x, None, None, training=True)


def result_and_gradient(f, x):
    x = x.detach().requires_grad_()
    y = f(x)
    (y * weights.to(y.dtype)).sum().backward()
    return y.detach().double(), x.grad.double()


def errors(f, around, memory_format):
    x = (deviations + around).float().contiguous(memory_format=memory_format)
    pairs = zip(result_and_gradient(f, x), result_and_gradient(f, x.double().contiguous()))
    return [((a - b).abs().max() / b.abs().max()).item() for a, b in pairs]


plain, last = torch.contiguous_format, torch.channels_last
ok = True
for name, f, around, memory_format, low, high in (
        ('group_norm', in_groups, 0, plain, 0, 1e-4), ('group_norm', in_groups, 0, last, 0, 1e-4),
        ('group_norm', in_groups, 1000, plain, 0, 1e-2), ('group_norm', in_groups, 1000, last, 5e-2, 10),
        ('group_norm', in_groups, 3000, plain, 0, 1e-2), ('group_norm', in_groups, 3000, last, 10, 1e9),
        ('batch_norm', in_batches, 3000, plain, 0, 1e-2), ('batch_norm', in_batches, 3000, last, 0, 1e-2)):
    seen = errors(f, around, memory_format)
    print(f'{name} around {around:4}, {str(memory_format):24} result {seen[0]:.1e} gradient {seen[1]:.1e}')
    if not all(low <= e < high for e in seen):
        print('changed:', name, around, memory_format)
        ok = False
raise SystemExit(not ok)
P
packages/bin/python norms.py
