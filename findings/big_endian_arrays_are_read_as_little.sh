#!/bin/sh
# Three packages take a NumPy array of big-endian numbers, and read its bytes as little-endian: flax 0.12.8's
# msgpack_serialize (and so its checkpoints), ONNX Runtime 1.32.0's inputs, and tinygrad 0.14.0's Tensor. There is no
# error; 1, 2, 3 becomes 4.6e-41, 9.0e-44, 2.3e-41.
#
# NumPy itself hides the order: such arrays print, compare and compute as others do. They come from IDX files (MNIST),
# FITS, netCDF 3 and np.frombuffer(..., '>f4'). One would expect a conversion, as safetensors 0.8.0 makes it, or an
# error, as of JAX 0.10.2 and onnx 1.23.2. Small numbers turn into denormal ones, which look like zeros in most output;
# gradients of what was read are then right, at another point.
#
# Seen, of [1, 2, 3] as '>f4':
#     flax        [4.6006e-41 8.9683e-44 2.3049e-41]    safetensors [1. 2. 3.]
#     onnxruntime [4.6006e-41 8.9683e-44 2.3049e-41]    jax TypeError
#     tinygrad    [4.6006e-41 8.9683e-44 2.3049e-41]    onnx ValueError
# Needs: python3 with venv, pip, a little-endian machine.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install numpy==2.4.6 flax==0.12.8 jax==0.10.2 jaxlib==0.10.2 tinygrad==0.14.0 onnx==1.23.2 \
    onnxruntime==1.32.0 safetensors==0.8.0 >log 2>&1 || { cat log >&2; exit 2; }
cat >order.py <<'P'
import flax.serialization
import jax.numpy
import numpy as np
import onnx
import onnxruntime
import safetensors.numpy
from tinygrad import Tensor

big = np.array([1, 2, 3], '>f4')
swapped = np.array([1, 2, 3], '<f4').byteswap()


def by_flax():
    return flax.serialization.msgpack_restore(flax.serialization.msgpack_serialize({'w': big}))['w']


def by_onnxruntime():
    x, y = (onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [3]) for n in 'xy')
    graph = onnx.helper.make_graph([onnx.helper.make_node('Identity', ['x'], ['y'])], 'g', [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {'x': big})[0]


ok = True
for name, f, expected in (
        ('flax', by_flax, swapped),
        ('onnxruntime', by_onnxruntime, swapped),
        ('tinygrad', lambda: Tensor(big).numpy(), swapped),
        ('safetensors', lambda: safetensors.numpy.load(safetensors.numpy.save({'w': big}))['w'], big),
        ('jax', lambda: jax.numpy.asarray(big), TypeError),
        ('onnx', lambda: onnx.numpy_helper.from_array(big), ValueError)):
    try:
        seen = f()
        same = isinstance(expected, np.ndarray) and np.array_equal(seen, expected)
    except Exception as e:
        seen, same = type(e).__name__, type(e) is expected
    print(name, seen)
    if not same:
        print('changed:', name)
        ok = False
raise SystemExit(not ok)
P
DEV=CPU packages/bin/python order.py
