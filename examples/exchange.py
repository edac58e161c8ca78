#!/usr/bin/env python3
"""Weights and arrays of Python in adze, and back.

    exchange.py [BUILD]

BUILD is the folder where adze was built (build). It needs NumPy and safetensors. Where PyTorch is there, too, a net
of PyTorch's is exchanged; else NumPy computes what such a net gives.

1. By files: weights and an input go to exchange.c in one file, weights and the net's output come back in another.
2. In memory: an array is lent to adze by DLPack, and values and derivatives come back in the same way. adze is
   called through ctypes, so that nothing has to be compiled.
"""
import ctypes
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import safetensors.numpy
except ImportError as missing:
    sys.exit(f'exchange.py: {missing.name} is not installed: pip install numpy safetensors')
try:
    import torch
except ImportError:
    torch = None

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / 'build')
FEATURES, SIZE, OUTPUTS, TIME, BATCH = 3, 4, 2, 5, 2


def expect(condition, what):
    if not condition:
        sys.exit(f'exchange.py: {what}')


# ---- 1. by files -----------------------------------------------------------------------


def random_weights(random):
    """What the state_dict of an LSTM and a dense layer has."""
    shapes = {'lstm.weight_ih_l0': (4 * SIZE, FEATURES), 'lstm.weight_hh_l0': (4 * SIZE, SIZE),
              'lstm.bias_ih_l0': (4 * SIZE,), 'lstm.bias_hh_l0': (4 * SIZE,),
              'last.weight': (OUTPUTS, SIZE), 'last.bias': (OUTPUTS,)}
    return {name: random.normal(0, 0.5, shape).astype('float32') for name, shape in shapes.items()}


def output_by_torch(weights, x):
    net = torch.nn.ModuleDict({'lstm': torch.nn.LSTM(FEATURES, SIZE),
                               'last': torch.nn.Linear(SIZE, OUTPUTS)})
    net.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    with torch.no_grad():
        _, (h, _) = net['lstm'](torch.from_numpy(x))
        return net['last'](h[0]).numpy()


def output_by_numpy(weights, x):
    def sigmoid(a):
        return 1 / (1 + numpy.exp(-a))
    h = c = numpy.zeros((BATCH, SIZE), 'float32')
    for now in x:
        a = (now @ weights['lstm.weight_ih_l0'].T + h @ weights['lstm.weight_hh_l0'].T +
             weights['lstm.bias_ih_l0'] + weights['lstm.bias_hh_l0'])
        i, f, g, o = numpy.split(a, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
        h = sigmoid(o) * numpy.tanh(c)
    return h @ weights['last.weight'].T + weights['last.bias']


def by_files():
    peer, output = ('PyTorch', output_by_torch) if torch else ('NumPy', output_by_numpy)
    random = numpy.random.default_rng(1)
    weights, x = random_weights(random), random.normal(size=(TIME, BATCH, FEATURES)).astype('float32')
    with tempfile.TemporaryDirectory() as folder:
        given, written = f'{folder}/given.safetensors', f'{folder}/written.safetensors'
        # save_file of NumPy arrays writes what lies in memory, in whatever order: make it row by row.
        arrays = {name: numpy.ascontiguousarray(a) for name, a in {**weights, 'x': x}.items()}
        safetensors.numpy.save_file(arrays, given)
        subprocess.run([BUILD / 'examples/exchange', given, written], check=True)
        back = safetensors.numpy.load_file(written)
    y = back.pop('y')
    there = abs(y - output(weights, x)).max()  # their weights in adze
    again = abs(y - output(back, x)).max()     # adze's weights with them
    print(f"{peer}'s weights in adze: the outputs differ by {there:.1e}; back again by {again:.1e}")
    expect(max(there, again) < 1e-6, 'the outputs are not equal')
    expect(all((back[name] == w).all() for name, w in weights.items() if 'lstm.bias' not in name),
           'weights have changed on their way')


# ---- 2. in memory ----------------------------------------------------------------------


class Shape(ctypes.Structure):
    _fields_ = [('rank', ctypes.c_int), ('dim', ctypes.c_int64 * 8)]


class View(ctypes.Structure):
    _fields_ = [('data', ctypes.c_void_p), ('type', ctypes.c_int), ('shape', Shape),
                ('stride', ctypes.c_int64 * 8)]


class Borrowed(ctypes.Structure):
    _fields_ = [('view', View), ('writable', ctypes.c_bool), ('versioned', ctypes.c_void_p),
                ('unversioned', ctypes.c_void_p)]


class Tensor(ctypes.Structure):
    _fields_ = [('tape', ctypes.c_void_p), ('bits', ctypes.c_uint64)]


class Error(ctypes.Structure):
    _fields_ = [('status', ctypes.c_int), ('text', ctypes.c_char * 508)]


# Capsules keep the addresses of their names.
OLD, NEW = b'dltensor', b'dltensor_versioned'
USED = {OLD: b'used_dltensor', NEW: b'used_dltensor_versioned'}


def load_adze():
    """The library, with the types of the functions that are used."""
    pointer = ctypes.c_void_p
    types = {  # result, arguments
        'ad_dlpack_import': (int, pointer, pointer, pointer),
        'ad_dlpack_import_unversioned': (int, pointer, pointer, pointer),
        'ad_dlpack_release': (None, pointer),
        'ad_dlpack_export_copy': (int, pointer, View, pointer, pointer),
        'ad_dlpack_export_copy_unversioned': (int, pointer, View, pointer, pointer),
        'ad_tape_new': (pointer, pointer), 'ad_tape_free': (None, pointer),
        'ad_watch': (Tensor, pointer, View), 'ad_tanh': (Tensor, Tensor), 'ad_sum': (Tensor, Tensor),
        'ad_backward': (int, Tensor), 'ad_read': (View, Tensor), 'ad_grad': (View, Tensor)}
    adze = ctypes.CDLL(str(BUILD / 'libadze.so'))
    for name, (result, *arguments) in types.items():
        function = getattr(adze, name)
        function.restype = ctypes.c_int if result is int else result
        function.argtypes = arguments
    return adze


def capsules():
    """Python's functions for them."""
    api = ctypes.pythonapi
    api.PyCapsule_New.restype = ctypes.py_object
    api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    api.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
    api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return api


def borrow(adze, api, array):
    """Lends an array to adze, until it is released. adze owns the managed tensor from the call on, so the capsule is
    renamed before it."""
    try:
        capsule = array.__dlpack__(max_version=(1, 0))
    except TypeError:  # it knows tensors without a version alone
        capsule = array.__dlpack__()
    name = NEW if api.PyCapsule_IsValid(capsule, NEW) else OLD
    managed = api.PyCapsule_GetPointer(capsule, name)
    api.PyCapsule_SetName(capsule, USED[name])
    take = adze.ad_dlpack_import if name == NEW else adze.ad_dlpack_import_unversioned
    borrowed, error = Borrowed(), Error()
    status = take(managed, ctypes.byref(borrowed), ctypes.byref(error))
    expect(status == 0, error.text.decode())
    return borrowed


class Exported:
    """Numbers of adze for from_dlpack of any library, which calls these two methods. Each call makes a copy."""

    def __init__(self, adze, api, view):
        self.adze, self.api, self.view = adze, api, view

    def __dlpack_device__(self):
        return 1, 0  # the CPU

    def __dlpack__(self, max_version=None, **_):
        name = NEW if max_version and max_version[0] >= 1 else OLD
        give = (self.adze.ad_dlpack_export_copy if name == NEW
                else self.adze.ad_dlpack_export_copy_unversioned)
        managed, error = ctypes.c_void_p(), Error()
        status = give(None, self.view, ctypes.byref(managed), ctypes.byref(error))
        expect(status == 0, error.text.decode())
        return self.api.PyCapsule_New(managed, name, None)


def tanh_and_slope(adze, api, array, from_dlpack):
    """y = tanh(x) and the gradient of its sum, by adze, as arrays of the library that from_dlpack belongs to."""
    borrowed = borrow(adze, api, array)
    tape = adze.ad_tape_new(None)
    x = adze.ad_watch(tape, borrowed.view)
    y = adze.ad_tanh(x)
    expect(adze.ad_backward(adze.ad_sum(y)) == 0, 'there is no gradient')
    results = [from_dlpack(Exported(adze, api, view)) for view in (adze.ad_read(y), adze.ad_grad(x))]
    adze.ad_tape_free(tape)
    adze.ad_dlpack_release(ctypes.byref(borrowed))
    return results


def in_memory():
    adze, api = load_adze(), capsules()
    x = numpy.linspace(-2, 2, 24).reshape(4, 6).T[::2]  # any strides
    y, slope = tanh_and_slope(adze, api, x, numpy.from_dlpack)
    far = max(abs(y - numpy.tanh(x)).max(), abs(slope - (1 - numpy.tanh(x) ** 2)).max())
    print(f'NumPy: values and derivatives from memory differ by {far:.1e}')
    expect(far < 1e-12, 'values or derivatives are wrong')
    if torch:
        x = torch.linspace(-2, 2, 24, dtype=torch.float64).reshape(4, 6).T
        y, slope = tanh_and_slope(adze, api, x, torch.from_dlpack)
        far = max((y - x.tanh()).abs().max(), (slope - (1 - x.tanh() ** 2)).abs().max())
        print(f'PyTorch: values and derivatives from memory differ by {far:.1e}')
        expect(far < 1e-12, 'values or derivatives are wrong')


for needed in 'examples/exchange', 'libadze.so':
    expect((BUILD / needed).exists(), f'there is no {BUILD / needed}: name the folder where adze was built')
by_files()
in_memory()
