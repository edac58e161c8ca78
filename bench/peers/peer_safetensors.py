#!/usr/bin/env python3
"""The cases of files by safetensors' own library, with NumPy's arrays."""
import measuring

chosen = measuring.options()
import numpy  # noqa: E402: after the number of cores is settled
from safetensors import safe_open  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

peer = measuring.Peer(chosen)


def uniform(n):
    return numpy.random.default_rng(1).random(n, numpy.float32)


def touch(path):
    """It gives no views of all numbers, so its slices are made and not read."""
    with safe_open(path, framework='np') as file:
        for name in file.keys():
            file.get_slice(name)


measuring.measure_files(peer, 'safetensors', uniform, lambda path, arrays: save_file(arrays, path),
                        load_file, touch)
peer.tell()
