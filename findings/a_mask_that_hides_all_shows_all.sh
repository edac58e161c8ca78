#!/bin/sh
# Attention for a query that may see no key: JAX 0.10.2 and MLX 0.32.4 return the mean of all values for a boolean
# mask, so those that are hidden get gradients of 1/n; the same mask written as 0 and -inf gives NaN. ONNX Runtime
# 1.32.0, which may run the same net, returns 0 for both.
#
# Such rows come with the padding of a batch of sequences. One would expect one result for two spellings of a mask, and
# no gradient for a value that is hidden. A boolean mask puts a large negative number in place of the scores, it seems,
# and a softmax of equal numbers is uniform. A loss that counts such rows trains what the padding holds, and the net
# computes something else where it is deployed.
#
# Seen, two queries, of which the second sees nothing, three keys with the values 1, 2, 6; result of the second
# query, and gradient of it by the values:
#     jax boolean 3 [1/3 1/3 1/3]   jax -inf nan   mlx boolean 3 [1/3 1/3 1/3]   mlx -inf nan
#     onnxruntime boolean 0, -inf 0
# Needs: python3 with venv, pip.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv packages
packages/bin/pip -q install jax==0.10.2 jaxlib==0.10.2 'mlx[cpu]==0.32.4' onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.4.6 >log 2>&1 || { cat log >&2; exit 2; }
cat >attention.py <<'P'
import jax
import mlx.core as mx
import numpy as np
import onnx
import onnxruntime

seen = np.array([[True, True, True], [False, False, False]])
additive = np.where(seen, 0, -np.inf).astype('f4')
query, key = np.ones((2, 4), 'f4'), np.ones((3, 4), 'f4')
values = np.array([1, 2, 6], 'f4')[:, None] * np.ones(4, 'f4')


def by_jax(value, **mask):
    q, k, v = (jax.numpy.asarray(a)[None, :, None] for a in (query, key, value))
    return jax.nn.dot_product_attention(q, k, v, **{n: m[None, None] for n, m in mask.items()})[0, 1, 0, 0]


def by_mlx(value, mask):
    q, k, v = (mx.array(a)[None, None] for a in (query, key, value))
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=0.5, mask=mx.array(mask))[0, 0, 1, 0]


def by_onnxruntime(mask):
    kinds = {'f': onnx.TensorProto.FLOAT, 'b': onnx.TensorProto.BOOL}
    inputs = {'q': query[None, None], 'k': key[None, None], 'v': values[None, None], 'm': mask}
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node('Attention', list(inputs), ['y'])], 'g',
        [onnx.helper.make_tensor_value_info(n, kinds[a.dtype.kind], a.shape) for n, a in inputs.items()],
        [onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 23)], ir_version=11)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0][0, 0, 1, 0]


def show(name, value, gradient=()):
    print(name, f'{abs(float(value)):.4g}', *(f'{float(g):.4g}' for g in gradient))


show('jax boolean', by_jax(values, mask=seen), jax.grad(lambda v: by_jax(v, mask=seen))(values)[:, 0])
show('jax -inf', by_jax(values, bias=additive))
show('mlx boolean', by_mlx(values, seen).item(),
     np.array(mx.grad(lambda v: by_mlx(v, seen))(mx.array(values)))[:, 0])
show('mlx -inf', by_mlx(values, additive).item())
show('onnxruntime boolean', by_onnxruntime(seen))
show('onnxruntime -inf', by_onnxruntime(additive))
P
packages/bin/python attention.py 2>>log >seen || { cat log >&2; exit 2; }
cat seen
cat >expected <<'P'
jax boolean 3 0.3333 0.3333 0.3333
jax -inf nan
mlx boolean 3 0.3333 0.3333 0.3333
mlx -inf nan
onnxruntime boolean 0
onnxruntime -inf 0
P
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
