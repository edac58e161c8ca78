#!/usr/bin/env python3
"""The cases in JAX, each one function under jit.

As its users do it for speed: parameters are donated to the step that replaces them, and one waits
for results once a sample, not at each call. Compilation is not timed. A chain of small operations
is compiled as a whole, so that its figures are those of a fused loop, not of recorded operations.
"""
import os

import measuring

chosen = measuring.options()
if chosen.threads == 1:
    os.environ['XLA_FLAGS'] = (os.environ.get('XLA_FLAGS', '')
                               + ' --xla_cpu_multi_thread_eigen=false')
os.environ.setdefault('JAX_PLATFORMS', 'cpu')
import jax  # noqa: E402: after the number of cores is settled
from jax import numpy as jnp  # noqa: E402

jax.config.update('jax_enable_x64', True)
ELEMENTS = 10000 if chosen.smoke else 10000000
ROWS = 100 if chosen.smoke else 10000
LONGEST = 1000  # chain: the compiler takes minutes for longer ones

last = [None]  # result, to wait for
peer = measuring.Peer(chosen, lambda: jax.block_until_ready(last[0]))
keys = iter(jax.random.split(jax.random.key(1), 1000))


def uniform(*shape, low=-1., high=1., dtype=jnp.float32):
    return jax.random.uniform(next(keys), shape, dtype, low, high)


def calling(function, *arguments, compiled_first=False):
    """A function that calls it under jit and keeps the result to be waited for."""
    compiled = jax.jit(function)
    jax.block_until_ready(arguments)
    if compiled_first:  # so that the compiler's memory does not count as the case's
        compiled = compiled.lower(*arguments).compile()

    def work():
        last[0] = compiled(*arguments)
    return work


# ---- networks ---------------------------------------------------------------------------


def apply(parameters, x):
    *hidden, (w, b) = parameters
    for v, c in hidden:
        x = jax.nn.relu(x @ v + c)
    return x @ w + b


def mse(parameters, x, y):
    return jnp.mean((apply(parameters, x)[:, 0] - y) ** 2)


def cross_entropy(parameters, x, y):
    logits = jax.nn.log_softmax(apply(parameters, x))
    return -jnp.mean(jnp.take_along_axis(logits, y[:, None], axis=1))


def stepping(loss, parameters, x, y):
    def step(p, x, y):
        gradient = jax.grad(loss)(p, x, y)
        return jax.tree.map(lambda w, g: w - jnp.float32(measuring.RATE) * g, p, gradient)
    compiled = jax.jit(step, donate_argnums=0)
    last[0] = parameters

    def work():
        last[0] = compiled(last[0], x, y)
    return work


def work_of(net):
    batch = min(net.batch, 256) if chosen.smoke else net.batch
    x = uniform(batch, net.extents[0])
    y = (jax.random.randint(next(keys), (batch,), 0, net.extents[-1]) if net.classify
         else uniform(batch))
    parameters = [(uniform(i, o, low=-i ** -.5, high=i ** -.5), jnp.zeros(o, jnp.float32))
                  for i, o in zip(net.extents, net.extents[1:])]
    jax.block_until_ready((x, y, parameters))
    if net.work == measuring.FORWARD:
        return calling(apply, parameters, x)
    loss = cross_entropy if net.classify else mse
    if net.work == measuring.GRADIENT:
        return calling(jax.grad(loss), parameters, x, y, compiled_first=True)
    return stepping(loss, parameters, x, y)


def run_nets():
    for name, net in measuring.nets().items():
        if peer.wants(name):
            peer.measure('jax', name, work_of(net), look_at_memory=name == 'lesson_full_batch')


# ---- small operations -------------------------------------------------------------------


def run_chains():
    for name, ops in measuring.CHAINS.items():
        if not peer.wants(name) or ops > LONGEST:
            continue
        shape, dtype = ((8,), jnp.float32) if name == 'op8_f32' else ((), jnp.float64)

        def chain(x, a, b, seed, ops=ops):
            def value(x, a, b):
                for _ in range(0, ops, 2):
                    x = x * a
                    x = x + b
                return x
            return jax.vjp(value, x, a, b)[1](seed)
        leaves = [jnp.full(shape, value, dtype) for value in (.5, 1, 1e-6, 1)]
        peer.measure('jax', name, calling(chain, *leaves), units=ops)


# ---- elementwise operations and reductions ----------------------------------------------

FUNCTIONS = {
    'axpb': lambda a: a * 1.5 + .25, 'relu': jax.nn.relu, 'sqrt': jnp.sqrt, 'exp': jnp.exp,
    'log': jnp.log, 'tanh': jnp.tanh, 'sigmoid': jax.nn.sigmoid, 'sin': jnp.sin, 'cos': jnp.cos,
    'add': jnp.add, 'mul': jnp.multiply, 'div': jnp.divide,
    'axpb_tanh_exp': lambda a: jnp.exp(jnp.tanh(a * 1.5 + .25)),
}

ALONG = {'sum': jnp.sum, 'mean': jnp.mean, 'max': jnp.max,
         'logsumexp': jax.scipy.special.logsumexp, 'softmax': jax.nn.softmax,
         'log_softmax': jax.nn.log_softmax}


def run_products():
    for name, (batch, m, k, n, *transposed) in measuring.PRODUCTS.items():
        def product(a, b, transposed=transposed):
            return jnp.matmul(*(x.mT if t else x for x, t in zip((a, b), transposed)))
        for kind, dtype in ('f32', jnp.float32), ('f64', jnp.float64):
            if peer.wants(f'matmul_{name}_{kind}'):
                shapes = (batch, m, k), (batch, k, n)
                x = [uniform(*((s[0], s[2], s[1]) if t else s), dtype=dtype)
                     for s, t in zip(shapes, transposed)]
                peer.measure('jax', f'matmul_{name}_{kind}', calling(product, *x))


def adam(state, g, decay=0):
    x, mean, square, count = state
    count += 1
    mean = .9 * mean + .1 * g
    square = .999 * square + .001 * g * g
    step = mean / (1 - .9 ** count) / (jnp.sqrt(square / (1 - .999 ** count)) + 1e-8)
    return x - 1e-3 * (step + decay * x), mean, square, count


def adamw(state, g):
    return adam(state, g, measuring.DECAY)


def rmsprop(state, g):
    x, square = state
    square = .99 * square + .01 * g * g
    return x - 1e-3 * g / (jnp.sqrt(square) + 1e-8), square


def lion(state, g):
    x, mean = state
    way = jnp.sign(.9 * mean + .1 * g)
    return x - 1e-3 * (way + measuring.DECAY * x), .99 * mean + .01 * g


def run_optimisers():
    n = 1000 if chosen.smoke else 1000000
    for name in measuring.OPTIMISERS:
        if not peer.wants(f'{name}_1e6'):
            continue
        step = {'adam': adam, 'adamw': adamw, 'rmsprop': rmsprop, 'lion': lion}[name]
        means = 2 if step in (adam, adamw) else 1
        compiled = jax.jit(step, donate_argnums=0)
        g = uniform(n, low=.5, high=1)
        last[0] = tuple(jnp.zeros(n, jnp.float32) for _ in range(1 + means))
        if means == 2:
            last[0] += jnp.float32(0),
        jax.block_until_ready((g, last[0]))

        def work(compiled=compiled, g=g):
            last[0] = compiled(last[0], g)
        peer.measure('jax', f'{name}_1e6', work)


def definite(count, n):
    """Symmetric and positive definite, with eigenvalues that are far from each other."""
    a = uniform(count, n, n, dtype=jnp.float64)
    return (a + a.mT) / 2 + jnp.diag(n + 2. * jnp.arange(n))


def likelihood(squares, y):
    """-log p(y) of a Gaussian process, but for a constant."""
    def of(p):
        k = jnp.exp(2 * p[1] - squares * (0.5 * jnp.exp(-2 * p[0])))
        factor = jnp.linalg.cholesky(k + jnp.exp(2 * p[2]) * jnp.eye(len(y)))
        z = jax.scipy.linalg.solve_triangular(factor, y, lower=True)
        return 0.5 * (z * z).sum() + jnp.log(jnp.diagonal(factor)).sum()
    return of


def eigen(a):
    values, vectors = jnp.linalg.eigh(a)
    return (vectors * vectors).sum(-2) * values


def measure_gradient(name, function, leaves, units=1):
    if not peer.wants(name):
        return
    dy = uniform(*jax.eval_shape(function, *leaves).shape, dtype=jnp.float64)

    def both(dy, *leaves):
        return jax.vjp(function, *leaves)[1](dy)
    peer.measure('jax', name, calling(both, dy, *leaves), units)


def run_linalg():
    few = 20 if chosen.smoke else 1000
    for n in measuring.FACTORS:
        measure_gradient(f'cholesky_{n}', jnp.linalg.cholesky, [definite(1, n)])
    right = uniform(few, 6, 1, dtype=jnp.float64)
    measure_gradient('cholesky_6x6_1000', jnp.linalg.cholesky, [definite(few, 6)], few)
    measure_gradient('solve_6x6_1000', jnp.linalg.solve, [definite(few, 6), right], few)
    measure_gradient('eigh_6x6_1000', eigen, [definite(few, 6)], few)
    n = 60 if chosen.smoke else 500
    x = uniform(n, 1, low=0, high=10, dtype=jnp.float64)
    measure_gradient('gp_500', likelihood((x - x.mT) ** 2, jnp.sin(x)), [jnp.array([0.1, 0.2, -1])])


def measure_both(name, function, x, units=1, backward=True):
    """Forward; and the pullback by itself, given what the forward pass left for it."""
    if peer.wants(name):
        peer.measure('jax', name, calling(function, *x), units)
    if backward and peer.wants(name + '_back'):
        y, pullback = jax.jit(lambda *a: jax.vjp(function, *a))(*x)
        peer.measure('jax', name + '_back',
                     calling(lambda p, dy: p(dy), pullback, uniform(*y.shape)), units)


def wants_either(name):
    return peer.wants(name) or peer.wants(name + '_back')


def measure_chain(name):
    """The value and the pullback, compiled into one."""
    _, low, high = measuring.MAPS[name]

    def both(x, dy):
        y, pullback = jax.vjp(FUNCTIONS[name], x)
        return y, pullback(dy)
    peer.measure('jax', name + '_1e7_both',
                 calling(both, uniform(ELEMENTS, low=low, high=high), uniform(ELEMENTS)))


def run_maps():
    if peer.wants(measuring.CHAIN + '_1e7_both'):
        measure_chain(measuring.CHAIN)
    for name, (operands, low, high) in measuring.MAPS.items():
        if wants_either(name + '_1e7'):
            x = [uniform(ELEMENTS, low=low, high=high) for _ in range(operands)]
            measure_both(name + '_1e7', FUNCTIONS[name], x)
    for name in measuring.MATH:
        _, low, high = measuring.MAPS[name]
        for kind, dtype in ('f32', jnp.float32), ('f64', jnp.float64):
            x = [uniform(10000, low=low, high=high, dtype=dtype)]
            measure_both(f'math_{name}_{kind}', FUNCTIONS[name], x, units=10000, backward=False)


def run_reductions():
    for name in measuring.REDUCTIONS:
        for axis, where in (1, 'rows'), (0, 'columns'):
            if wants_either(f'{name}_{where}'):
                measure_both(f'{name}_{where}', lambda x, f=ALONG[name], d=axis: f(x, axis=d),
                             [uniform(ROWS, 1000, low=-2, high=2)])


# ---- convolutions -----------------------------------------------------------------------

LAYOUT = 'NHWC', 'HWIO', 'NHWC'


def convolved(x, w, stride=1, padding=0, groups=1):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2, dimension_numbers=LAYOUT,
                                        feature_group_count=groups)


def convolution_of(n, side, channels, taps, out, stride, padding, groups):
    n = 2 if chosen.smoke else n
    x, w = uniform(n, side, side, channels), uniform(taps, taps, channels // groups, out)

    def both(x, w, dy):
        y, pullback = jax.vjp(lambda x, w: convolved(x, w, stride, padding, groups), x, w)
        return y, pullback(dy)
    return calling(both, x, w, uniform(*jax.eval_shape(lambda: convolved(x, w, stride, padding, groups)).shape))


def halved(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


def lenet_loss(parameters, x, y):
    (v, a), (w, b), *matrices = parameters
    x = halved(jax.nn.relu(convolved(x, v, padding=2) + a))
    x = halved(jax.nn.relu(convolved(x, w) + b))
    return cross_entropy(matrices, x.reshape(len(x), -1), y)


def lenet_of(batch):
    shapes = (5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)
    parameters = [(uniform(*s, low=-.1, high=.1), jnp.zeros(s[-1], jnp.float32)) for s in shapes]
    return stepping(lenet_loss, parameters, uniform(batch, 28, 28, 1), jnp.arange(batch) % 10)


def run_convolutions():
    for name, shape in measuring.CONVOLUTIONS.items():
        if peer.wants(name):
            peer.measure('jax', name, convolution_of(*shape))
    for name, batch in measuring.LENETS.items():
        if peer.wants(name):
            peer.measure('jax', name, lenet_of(batch))


# ---- layers of neural networks ----------------------------------------------------------


def normed(x, axis, centred=True):
    x = x - x.mean(axis, keepdims=True) if centred else x
    return x * jax.lax.rsqrt((x * x).mean(axis, keepdims=True) + 1e-5)


def attention(q, k, v):
    scores = jnp.where(jnp.tril(jnp.ones((q.shape[1],) * 2, bool)), q @ k.mT / q.shape[2] ** .5, -jnp.inf)
    return jax.nn.softmax(scores) @ v


LAYERS = {
    'attention': attention,
    'layer_norm': lambda x, g, b: normed(x, -1) * g + b,
    'rms_norm': lambda x, g: normed(x, -1, False) * g,
    'batch_norm': lambda x, g, b: normed(x, 0) * g + b,
    'gelu': lambda x: jax.nn.gelu(x),
}


def run_layers():
    for name, (kind, *shape) in measuring.LAYERS.items():
        if not peer.wants(name):
            continue
        shape = [32 if chosen.smoke and i == len(shape) - 2 else n for i, n in enumerate(shape)]
        operands = LAYERS[kind].__code__.co_argcount
        shapes = [shape] * operands if kind == 'attention' else [shape] + [shape[-1:]] * (operands - 1)

        def both(dy, *x, f=LAYERS[kind]):
            y, back = jax.vjp(f, *x)
            return y, back(dy)
        peer.measure('jax', name, calling(both, uniform(*shape), *(uniform(*s) for s in shapes)))


run_nets()
run_convolutions()
run_layers()
run_chains()
run_products()
run_optimisers()
run_maps()
run_reductions()
run_linalg()
peer.tell()
