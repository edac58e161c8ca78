#!/usr/bin/env python3
"""The cases in PyTorch: eager, and the first networks compiled as well.

As its users do it for speed: modules and the fused optimiser, gradients set to None, inference
mode for what needs none.
"""
import gc
import sys

import measuring

chosen = measuring.options()
import torch  # noqa: E402: after the number of cores is settled
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

torch.set_num_threads(chosen.threads)
torch.set_num_interop_threads(1)
torch.manual_seed(1)
peer = measuring.Peer(chosen)
ELEMENTS = 10000 if chosen.smoke else 10000000
ROWS = 100 if chosen.smoke else 10000


def uniform(*shape, low=-1., high=1., dtype=torch.float32):
    return torch.empty(shape, dtype=dtype).uniform_(low, high)


# ---- networks ---------------------------------------------------------------------------


def model_of(net):
    layers = []
    for inputs, outputs in zip(net.extents, net.extents[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def loss_of(net, model):
    if net.classify:
        return lambda x, y: functional.cross_entropy(model(x), y)
    return lambda x, y: functional.mse_loss(model(x).squeeze(-1), y)


def optimiser_of(model):
    try:
        return torch.optim.SGD(model.parameters(), lr=measuring.RATE, fused=True)
    except (TypeError, RuntimeError):  # older versions have no fused one for CPUs
        return torch.optim.SGD(model.parameters(), lr=measuring.RATE, foreach=True)


def work_of(net, compiled):
    """A function that does the case's work once."""
    batch = min(net.batch, 256) if chosen.smoke else net.batch
    x = uniform(batch, net.extents[0])
    y = torch.randint(0, net.extents[-1], (batch,)) if net.classify else uniform(batch)
    model = model_of(net)
    if net.work == measuring.FORWARD:
        apply = torch.compile(model) if compiled else model

        def forward():
            with torch.inference_mode():
                return apply(x)
        return forward
    loss = loss_of(net, model)
    loss = torch.compile(loss) if compiled else loss
    optimiser = optimiser_of(model)

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss(x, y).backward()
        if net.work == measuring.STEP:
            optimiser.step()
    return step


def warm_up():
    """So that the libraries' own memory does not count as a case's."""
    work_of(measuring.Net(measuring.STEP, 64, 2, 784, 50, 1, False), False)()


def run_nets():
    warm_up()
    for i, (name, net) in enumerate(measuring.nets().items()):
        if not peer.wants(name):
            continue
        look = name == 'lesson_full_batch'
        peer.measure('pytorch', name, work_of(net, False), look_at_memory=look)
        if i < measuring.FIRST and not chosen.smoke and hasattr(torch, 'compile'):
            try:
                peer.measure('pytorch_compiled', name, work_of(net, True))
            except Exception as reason:  # whatever keeps the compiler from working
                print(f'pytorch_compiled {name}: {str(reason)[:200]}', file=sys.stderr)
        gc.collect()


# ---- small operations -------------------------------------------------------------------


def chain_of(name, ops):
    shape, dtype = ((8,), torch.float32) if name == 'op8_f32' else ((), torch.float64)
    x, a, b = (torch.full(shape, value, dtype=dtype, requires_grad=True)
               for value in (.5, 1, 1e-6))
    seed = torch.ones(shape, dtype=dtype)

    def work():
        y = x
        for _ in range(0, ops, 2):
            y = y * a
            y = y + b
        return torch.autograd.grad(y, (x, a, b), seed)
    return work


def run_chains():
    for name, ops in measuring.CHAINS.items():
        if peer.wants(name):
            peer.measure('pytorch', name, chain_of(name, ops), units=ops)


# ---- elementwise operations and reductions ----------------------------------------------

FUNCTIONS = {
    'axpb': lambda a: a * 1.5 + .25, 'relu': torch.relu, 'sqrt': torch.sqrt, 'exp': torch.exp,
    'log': torch.log, 'tanh': torch.tanh, 'sigmoid': torch.sigmoid, 'sin': torch.sin,
    'cos': torch.cos, 'add': torch.add, 'mul': torch.mul, 'div': torch.div,
    'axpb_tanh_exp': lambda a: torch.exp(torch.tanh(a * 1.5 + .25)),
}

ALONG = {'sum': torch.sum, 'mean': torch.mean, 'max': torch.amax, 'logsumexp': torch.logsumexp,
         'softmax': torch.softmax, 'log_softmax': torch.log_softmax}


def run_products():
    for name, (batch, m, k, n, *transposed) in measuring.PRODUCTS.items():
        for kind, dtype in ('f32', torch.float32), ('f64', torch.float64):
            if not peer.wants(f'matmul_{name}_{kind}'):
                continue
            shapes = (batch, m, k), (batch, k, n)
            x = [uniform(*((s[0], s[2], s[1]) if t else s), dtype=dtype)
                 for s, t in zip(shapes, transposed)]
            x = [a.mT if t else a for a, t in zip(x, transposed)]
            measure_both(f'matmul_{name}_{kind}', torch.matmul, x, backward=False)


class Lion:
    """PyTorch has none: the fewest passes that its functions on lists make of it."""

    def __init__(self, x, rate=1e-3, beta1=.9, beta2=.99):
        self.x, self.rate, self.beta1, self.beta2 = x, rate, beta1, beta2
        self.mean = [torch.zeros_like(v) for v in x]

    @torch.no_grad()
    def step(self):
        g = [v.grad for v in self.x]
        way = torch._foreach_lerp(self.mean, g, 1 - self.beta1)
        torch._foreach_sign_(way)
        torch._foreach_mul_(self.x, 1 - self.rate * measuring.DECAY)
        torch._foreach_add_(self.x, way, alpha=-self.rate)
        torch._foreach_lerp_(self.mean, g, 1 - self.beta2)


def fused_or_foreach(make, x, **settings):
    try:
        return make(x, lr=1e-3, fused=True, **settings)
    except (TypeError, RuntimeError):
        return make(x, lr=1e-3, foreach=True, **settings)


def run_optimisers():
    make = {'adam': lambda x: fused_or_foreach(torch.optim.Adam, x),
            'adamw': lambda x: fused_or_foreach(torch.optim.AdamW, x, weight_decay=measuring.DECAY),
            'rmsprop': lambda x: fused_or_foreach(torch.optim.RMSprop, x),
            'lion': Lion}
    for name in measuring.OPTIMISERS:
        if peer.wants(f'{name}_1e6'):
            x = torch.zeros(1000 if chosen.smoke else 1000000)
            x.grad = uniform(*x.shape, low=.5, high=1)
            peer.measure('pytorch', f'{name}_1e6', make[name]([x]).step)


def definite(count, n):
    """Symmetric and positive definite, with eigenvalues that are far from each other."""
    a = uniform(count, n, n, dtype=torch.float64)
    return (a + a.mT) / 2 + torch.diag(n + 2 * torch.arange(n, dtype=torch.float64))


def likelihood(squares, y):
    """-log p(y) of a Gaussian process, but for a constant."""
    def of(p):
        k = torch.exp(2 * p[1] - squares * (0.5 * torch.exp(-2 * p[0])))
        factor = torch.linalg.cholesky(k + torch.exp(2 * p[2]) * torch.eye(len(y), dtype=k.dtype))
        z = torch.linalg.solve_triangular(factor, y, upper=False)
        return 0.5 * (z * z).sum() + factor.diagonal().log().sum()
    return of


def eigen(a):
    values, vectors = torch.linalg.eigh(a)
    return (vectors * vectors).sum(-2) * values


def measure_gradient(name, function, leaves, units=1):
    """Recorded and swept."""
    leaves = [a.requires_grad_() for a in leaves]
    if not peer.wants(name):
        return
    dy = uniform(*function(*leaves).shape, dtype=torch.float64)
    peer.measure('pytorch', name, lambda: torch.autograd.grad(function(*leaves), leaves, dy), units)


def run_linalg():
    few = 20 if chosen.smoke else 1000
    for n in measuring.FACTORS:
        measure_gradient(f'cholesky_{n}', torch.linalg.cholesky, [definite(1, n)])
    right = uniform(few, 6, 1, dtype=torch.float64)
    measure_gradient('cholesky_6x6_1000', torch.linalg.cholesky, [definite(few, 6)], few)
    measure_gradient('solve_6x6_1000', torch.linalg.solve, [definite(few, 6), right], few)
    measure_gradient('eigh_6x6_1000', eigen, [definite(few, 6)], few)
    n = 60 if chosen.smoke else 500
    x = uniform(n, 1, low=0, high=10, dtype=torch.float64)
    p = torch.tensor([0.1, 0.2, -1], dtype=torch.float64)
    measure_gradient('gp_500', likelihood((x - x.mT) ** 2, x.sin()), [p])


def measure_both(name, function, x, units=1, backward=True):
    """Forward alone, without recording; and a sweep by itself, of what was recorded once."""
    def forward():
        with torch.inference_mode():
            return function(*x)
    if peer.wants(name):
        peer.measure('pytorch', name, forward, units)
    if backward and peer.wants(name + '_back'):
        leaves = [a.requires_grad_() for a in x]
        y = function(*leaves)
        dy = uniform(*y.shape)
        peer.measure('pytorch', name + '_back',
                     lambda: torch.autograd.grad(y, leaves, dy, retain_graph=True), units)


def wants_either(name):
    return peer.wants(name) or peer.wants(name + '_back')


def measure_chain(name):
    """Recorded and swept."""
    _, low, high = measuring.MAPS[name]
    x = uniform(ELEMENTS, low=low, high=high).requires_grad_()
    dy = uniform(ELEMENTS)
    peer.measure('pytorch', name + '_1e7_both',
                 lambda: torch.autograd.grad(FUNCTIONS[name](x), x, dy))


def run_maps():
    if peer.wants(measuring.CHAIN + '_1e7_both'):
        measure_chain(measuring.CHAIN)
    for name, (operands, low, high) in measuring.MAPS.items():
        if wants_either(name + '_1e7'):
            x = [uniform(ELEMENTS, low=low, high=high) for _ in range(operands)]
            measure_both(name + '_1e7', FUNCTIONS[name], x)
    for name in measuring.MATH:
        _, low, high = measuring.MAPS[name]
        for kind, dtype in ('f32', torch.float32), ('f64', torch.float64):
            x = [uniform(10000, low=low, high=high, dtype=dtype)]
            measure_both(f'math_{name}_{kind}', FUNCTIONS[name], x, units=10000, backward=False)


def run_reductions():
    for name in measuring.REDUCTIONS:
        for axis, where in (1, 'rows'), (0, 'columns'):
            if wants_either(f'{name}_{where}'):
                measure_both(f'{name}_{where}', lambda x, f=ALONG[name], d=axis: f(x, dim=d),
                             [uniform(ROWS, 1000, low=-2, high=2)])


# ---- convolutions -----------------------------------------------------------------------


def channels_last(x):
    """The layout in which PyTorch is faster, too."""
    return x.to(memory_format=torch.channels_last)


def convolution_of(n, side, channels, taps, out, stride, padding, groups):
    """Recorded and swept."""
    n = 2 if chosen.smoke else n
    x = channels_last(uniform(n, channels, side, side)).requires_grad_()
    w = channels_last(uniform(out, channels // groups, taps, taps)).requires_grad_()

    def apply():
        return functional.conv2d(x, w, stride=stride, padding=padding, groups=groups)
    dy = torch.rand_like(apply())
    return lambda: torch.autograd.grad(apply(), (x, w), dy)


def lenet_of(batch):
    model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                          nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                          nn.Linear(84, 10))
    model, x = channels_last(model), channels_last(uniform(batch, 1, 28, 28))
    y = torch.arange(batch) % 10
    optimiser = optimiser_of(model)

    def step():
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    return step


def run_convolutions():
    for name, shape in measuring.CONVOLUTIONS.items():
        if peer.wants(name):
            peer.measure('pytorch', name, convolution_of(*shape))
    for name, batch in measuring.LENETS.items():
        if peer.wants(name):
            peer.measure('pytorch', name, lenet_of(batch), look_at_memory=name == 'lenet_b64')


# ---- layers of neural networks ----------------------------------------------------------

LAYERS = {
    'attention': lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True),
    'layer_norm': lambda x, g, b: functional.layer_norm(x, g.shape, g, b),
    'rms_norm': lambda x, g: functional.rms_norm(x, g.shape, g, 1e-5),
    'batch_norm': lambda x, g, b: functional.batch_norm(x, None, None, g, b, True),
    'gelu': lambda x: functional.gelu(x, approximate='tanh'),
}


def run_layers():
    for name, (kind, *shape) in measuring.LAYERS.items():
        if not peer.wants(name):
            continue
        shape = [32 if chosen.smoke and i == len(shape) - 2 else n for i, n in enumerate(shape)]
        operands = LAYERS[kind].__code__.co_argcount
        shapes = [shape] * operands if kind == 'attention' else [shape] + [shape[-1:]] * (operands - 1)
        leaves = [uniform(*s).requires_grad_() for s in shapes]
        dy = uniform(*shape)
        peer.measure('pytorch', name, lambda f=LAYERS[kind], x=leaves, dy=dy:
                     torch.autograd.grad(f(*x), x, dy))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.joined = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        tokens, width = x.shape
        heads = self.qkv(self.before(x)).view(tokens, 3, self.heads, -1).permute(1, 2, 0, 3)
        y = functional.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.joined(y.transpose(0, 1).reshape(tokens, width))
        return x + self.narrow(functional.gelu(self.wide(self.between(x)), approximate='tanh'))


def run_transformer():
    if not peer.wants(measuring.TRANSFORMER):
        return
    tokens, width, heads, layers, vocabulary = measuring.TRANSFORMER_SIZES
    embedding, places = nn.Embedding(vocabulary, width), nn.Embedding(tokens, width)
    body = nn.Sequential(*(Block(width, heads) for _ in range(layers)), nn.LayerNorm(width),
                         nn.Linear(width, vocabulary))
    parameters = [*embedding.parameters(), *places.parameters(), *body.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-7, fused=True)
    text = torch.randint(0, vocabulary, (tokens + 1,))

    def step():
        optimiser.zero_grad(set_to_none=True)
        logits = body(embedding(text[:-1]) + places.weight)
        functional.cross_entropy(logits, text[1:]).backward()
        optimiser.step()
    peer.measure('pytorch', measuring.TRANSFORMER, step)


# ---- files ------------------------------------------------------------------------------


def run_files():
    measuring.measure_files(peer, 'pytorch', uniform, lambda path, arrays: torch.save(arrays, path),
                            torch.load)


run_nets()
run_convolutions()
run_layers()
run_transformer()
run_chains()
run_products()
run_optimisers()
run_maps()
run_reductions()
run_linalg()
run_files()
peer.tell()
