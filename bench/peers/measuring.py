"""What the peers in Python share: the cases' sizes, options, clocks, the rows that they print.

A peer is a program with the options of adze-bench that matter to it:

    peer_NAME.py [--threads N] [--filter REGEX] [--min-time S] [--smoke]

It prints JSON: {"cases": [{"peer", "name", "threads", "median_ns", "min_ns", "peak_bytes"}...]},
with peak_bytes only where it was looked at. The sizes are those of adze-bench; keep the two alike.
"""
import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--filter', default='')
    parser.add_argument('--min-time', type=float, default=0.25)
    parser.add_argument('--smoke', action='store_true')
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:chosen.threads])  # before a framework counts the cores
    return chosen


# ---- the cases --------------------------------------------------------------------------

FORWARD, GRADIENT, STEP = 'forward', 'gradient', 'step'


class Net:
    def __init__(self, work, batch, layers, inputs, width, outputs, classify):
        self.work, self.batch, self.classify = work, batch, classify
        self.extents = [inputs] + [width] * (layers - 1) + [outputs]


def nets():
    """The networks by name: those of lesson.c and mlp.c first, then the curves'."""
    lesson = 2, 784, 50, 1, False
    cases = {
        'lesson_full_batch': Net(GRADIENT, 60000, *lesson),
        'lesson_forward_10k': Net(FORWARD, 10000, *lesson),
        'step_b1': Net(STEP, 1, *lesson),
        'step_b64': Net(STEP, 64, *lesson),
        'step_b128': Net(STEP, 128, *lesson),
        'step_b512': Net(STEP, 512, *lesson),
        'mlp512_b128': Net(STEP, 128, 3, 784, 512, 10, True),
    }
    for n in 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536:
        cases[f'batch_{n}'] = Net(STEP, n, *lesson)
    for n in 16, 32, 64, 128, 256, 512, 1024, 2048:
        cases[f'width_{n}'] = Net(STEP, 128, 2, 784, n, 10, True)
    for n in 1, 2, 4, 8, 16, 32, 64:
        cases[f'depth_{n}'] = Net(STEP, 64, n, 64, 64, 64, True)
    return cases


FIRST = 6  # of the networks: those that are compiled where compiling takes long
RATE = 1e-7
CHAINS = {'op8_f32': 1000, 'op0_f64': 1000, 'chain_1e1': 10, 'chain_1e2': 100, 'chain_1e3': 1000,
          'chain_1e4': 10000}
# Operands and their range.
MAPS = {'axpb': (1, -2, 2), 'relu': (1, -2, 2), 'sqrt': (1, .5, 2), 'exp': (1, -5, 5),
        'log': (1, .5, 20), 'tanh': (1, -4, 4), 'sigmoid': (1, -8, 8), 'sin': (1, -6, 6),
        'cos': (1, -6, 6), 'add': (2, -2, 2), 'mul': (2, -2, 2), 'div': (2, .5, 2),
        'axpb_tanh_exp': (1, -1, 1)}
# Layers forward and back: what it is, and the shape of its operand.
LAYERS = {'attention_512': ('attention', 8, 512, 64), 'attention_1024': ('attention', 8, 1024, 64),
          'layer_norm_512x64': ('layer_norm', 512, 64), 'layer_norm_1024x768': ('layer_norm', 1024, 768),
          'rms_norm_1024x768': ('rms_norm', 1024, 768), 'batch_norm_64': ('batch_norm', 512, 64),
          'gelu_1024x768': ('gelu', 1024, 768)}
# A transformer's step: tokens, width, heads, layers, vocabulary.
TRANSFORMER = 'transformer_step'
TRANSFORMER_SIZES = 256, 64, 4, 2, 64
CHAIN = 'axpb_tanh_exp'  # of those: forward and back in one as well
MATH = 'exp', 'log', 'tanh', 'sigmoid', 'sin', 'cos', 'sqrt'
# batch, m, k, n, and which operands are transposed: those of products.c.
PRODUCTS = {'lesson': (1, 10000, 784, 50, False, False), 'left': (1, 784, 10000, 50, True, False),
            'right': (1, 128, 512, 512, False, True),
            'square': (1, 1024, 1024, 1024, False, False), 'batch': (100, 64, 64, 64, False, False)}
FACTORS = 32, 128, 512  # cholesky_N
OPTIMISERS = 'adam', 'adamw', 'rmsprop', 'lion'  # on 1e6 parameters
DECAY = .01
# images, side, in, taps, out, stride, padding, groups: those of spatial.c.
CONVOLUTIONS = {'conv3x3_64': (32, 14, 64, 3, 64, 1, 1, 1), 'conv3x3_16_32': (64, 28, 16, 3, 32, 1, 1, 1),
                'conv3x3_stride2': (64, 28, 16, 3, 32, 2, 1, 1), 'conv1x1_64_256': (32, 14, 64, 1, 256, 1, 0, 1),
                'conv_depthwise_64': (32, 28, 64, 3, 64, 1, 1, 64)}
LENETS = {'lenet_b64': 64, 'lenet_b1': 1}
REDUCTIONS = 'sum', 'mean', 'max', 'logsumexp', 'softmax', 'log_softmax'


# ---- files ------------------------------------------------------------------------------


FILES = 'save_100mb', 'save_100mb_unsynced', 'load_100mb', 'map_100mb'


def sync(path):
    """Waits until a file is on the disk."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)


def measure_files(peer, name, make, save, load, touch=None):
    """25 arrays of 4 MB, made by make(n), by save(path, arrays), load(path) and touch(path), which reads no numbers."""
    if not any(peer.wants(case) for case in FILES):
        return
    arrays = {f'w{i:02d}': make(10000 if peer.chosen.smoke else 1000000) for i in range(25)}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'file')
        save(path, arrays)
        works = [lambda: (save(path, arrays), sync(path)), lambda: save(path, arrays), lambda: load(path),
                 touch and (lambda: touch(path))]
        for case, work in zip(FILES, works):
            if work and peer.wants(case):
                peer.measure(name, case, work)


# ---- memory -----------------------------------------------------------------------------


def status_row(name):
    with open('/proc/self/status', encoding='ascii') as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))


def peak_of(work):
    """The growth of the resident memory while work() runs, at its peak; None without Linux."""
    try:
        with open('/proc/self/clear_refs', 'w', encoding='ascii') as file:
            file.write('5\n')
        before = status_row('VmRSS:')
        work()
        return max(status_row('VmHWM:') - before, 0)
    except OSError:
        work()
        return None


# ---- time -------------------------------------------------------------------------------

SAMPLE_NS, FEWEST, MOST = 1e6, 7, 2000


class Peer:
    """Measures cases and collects their rows. finish() waits for what runs in the background; it is
    called once a sample, so that calls may overlap where the framework lets them."""

    def __init__(self, chosen, finish=lambda: None):
        self.chosen, self.finish, self.rows = chosen, finish, []

    def wants(self, name):
        return re.search(self.chosen.filter, name) is not None

    def time_calls(self, work, calls):
        start = time.perf_counter_ns()
        for _ in range(calls):
            work()
        self.finish()
        return time.perf_counter_ns() - start

    def samples(self, work):
        self.time_calls(work, 1)
        calls = 1
        while self.time_calls(work, calls) < SAMPLE_NS / 2 and not self.chosen.smoke:
            calls *= 2
        fewest, most = (2, 2) if self.chosen.smoke else (FEWEST, MOST)
        taken, begin = [], time.perf_counter()
        while len(taken) < fewest or (len(taken) < most
                                      and time.perf_counter() - begin < self.chosen.min_time):
            taken.append(self.time_calls(work, calls) / calls)
        return taken

    def measure(self, peer, name, work, units=1, look_at_memory=False):
        peak = None
        if look_at_memory:
            def once():
                work()
                self.finish()
            peak = peak_of(once)
        taken = self.samples(work)
        row = {'peer': peer, 'name': name, 'threads': self.chosen.threads,
               'median_ns': statistics.median(taken) / units, 'min_ns': min(taken) / units}
        if peak:
            row['peak_bytes'] = peak
        self.rows.append(row)
        print(f'{peer} {name} {row["median_ns"]:.4g} ns', file=sys.stderr)

    def tell(self):
        json.dump({'cases': self.rows}, sys.stdout)
        print()
