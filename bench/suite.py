#!/usr/bin/env python3
"""Runs the benchmark suite in rounds: adze-bench, then each peer, and again. What a busy machine
does to one round it does to all who run in it; the medians over the rounds are what counts.

Ends with tables, FOLDER/report.json and, where gnuplot is, FOLDER/*.svg and *.png. With --against
there are no peers but another build of adze: against.py. scripts/bench builds first and then
calls this.
"""
import argparse
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import against
import draw
import program
import tables
from program import fail

HERE = pathlib.Path(__file__).resolve().parent
PYTHON_PEERS = {'peer_pytorch.py': 'torch', 'peer_jax.py': 'jax',
                'peer_safetensors.py': 'safetensors'}  # program: what it imports
CPP_PEERS = 'peer_adolc', 'peer_eigen', 'peer_sacado'               # which know one thread only


# ---- options ----------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f'error: {message}; --help lists the options', file=sys.stderr)
        sys.exit(1)


def number(kind, text):
    value = kind(text)
    if not 0 < value < math.inf:
        raise ValueError
    return value


def count(text):
    return number(int, text)


def seconds(text):
    return number(float, text)


def threads(text):
    return [number(int, part) for part in text.split(',')]


def parser():
    p = Parser(prog='scripts/bench', allow_abbrev=False,
               description='adze, bare and peers side by side; or two builds of adze')
    p.add_argument('--filter', metavar='REGEX', default='', help='only cases whose names match')
    p.add_argument('--threads', metavar='N[,N]', type=threads, default=[1, 2],
                   help='how many threads to run with, one after another (1,2)')
    p.add_argument('--min-time', metavar='S', type=seconds, default=0.3,
                   help='seconds a case in each round (0.3)')
    p.add_argument('--rounds', metavar='N', type=count,
                   help='how many rounds (3, with --against 5, with --smoke 1)')
    p.add_argument('--against', metavar='BUILD', type=pathlib.Path,
                   help='compare with the adze of another build folder, such as that of the '
                        'parent commit, case by case in turn')
    p.add_argument('--peers', action='store_true',
                   help='install PyTorch and JAX into a virtual environment in the build folder')
    p.add_argument('--report', metavar='FOLDER', type=pathlib.Path, help='where to (build/report)')
    p.add_argument('--markdown', metavar='FILE', type=pathlib.Path,
                   help='write the tables into FILE as well, in Markdown')
    p.add_argument('--smoke', action='store_true',
                   help='small sizes, adze and bare only: does it work?')
    p.add_argument('--build', type=pathlib.Path, default=HERE.parent / 'build',
                   help=argparse.SUPPRESS)
    p.add_argument('--check', action='store_true', help=argparse.SUPPRESS)
    return p


def options():
    o = parser().parse_args()
    o.build = o.build.resolve()
    o.report = (o.report or o.build / 'report').resolve()
    o.rounds = o.rounds or (1 if o.smoke else 5 if o.against else 3)
    if o.against and o.peers:
        fail('--against compares two builds of adze, without peers')
    return o


# ---- peers ------------------------------------------------------------------------------


def run(*command, **how):
    return subprocess.run([str(c) for c in command], check=False, **how)


def install(o):
    """PyTorch and JAX into build/peers. Where pip cannot, the suite goes on with what there is."""
    folder = o.build / 'peers'
    if not (folder / 'bin/python').exists():
        if run(sys.executable, '-m', 'venv', folder).returncode:
            fail(f'no virtual environment can be made in {folder}')
    print('installing PyTorch and JAX ...', file=sys.stderr)
    done = run(folder / 'bin/python', '-m', 'pip', 'install', '--quiet', '--requirement',
               HERE / 'peers/requirements.txt', stderr=subprocess.PIPE, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ['pip failed'])[-1]
        print(f'peers cannot be installed: {reason}\n'
              'Debian\'s python3-torch serves as well, if older.', file=sys.stderr)


def python_with(o, module):
    """The first Python that has a module, or None."""
    for python in os.environ.get('ADZE_PEERS_PYTHON'), o.build / 'peers/bin/python', 'python3':
        try:
            if python and run(python, '-c', f'import {module}',
                              stderr=subprocess.DEVNULL).returncode == 0:
                return python
        except OSError:
            continue
    return None


def peers_of(o):
    """Pairs of a command and the numbers of threads that it can run with."""
    found = []
    for program, module in PYTHON_PEERS.items():
        python = python_with(o, module)
        if python:
            found.append(([python, HERE / 'peers' / program], o.threads))
        else:
            print(f'{module} is not there: --peers installs it', file=sys.stderr)
    for name in CPP_PEERS:
        if (o.build / 'bench' / name).exists():
            found.append(([o.build / 'bench' / name], [n for n in o.threads if n == 1]))
    return found


def run_peer(o, command, n):
    how = ['--threads', n, '--min-time', o.min_time, '--filter', o.filter]
    with tempfile.TemporaryDirectory() as folder:  # ADOL-C leaves long tapes where it is
        done = run(*command, *how, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   text=True)
    try:
        return json.loads(done.stdout)['cases']
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ['no result'])[-1]
        print(f'{command[-1]} failed: {last}', file=sys.stderr)
        return []


def run_adze(o):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'adze.json')
        adze = program.in_build(o.build)
        if run(*program.command(o, adze, path, o.filter), stdout=subprocess.DEVNULL).returncode:
            sys.exit(1)  # it has said why
        return program.report(adze, path)


# ---- rounds -----------------------------------------------------------------------------


def run_rounds(o):
    """All of adze-bench's reports, and all rows of the peers."""
    reports, rows = [], []
    peers = [] if o.smoke else peers_of(o)
    for i in range(o.rounds):
        print(f'round {i + 1} of {o.rounds}', file=sys.stderr)
        reports.append(run_adze(o))
        for command, numbers in peers:
            for n in numbers:
                rows += run_peer(o, command, n)
    return reports, rows


def merge_case(rows, ceiling, blis):
    """One row from those of all rounds: medians, but the minimum of all."""
    case = dict(rows[0])
    flops = case['gflops'] * case['median_ns']
    for key in ('median_ns', 'bare_ns', 'same_kernels_ns', 'spread', 'mallocs_per_step',
                'peak_bytes'):
        if case[key] is not None:
            case[key] = statistics.median(row[key] for row in rows)
    case['min_ns'] = min(row['min_ns'] for row in rows)
    case['gflops'] = flops / case['median_ns']
    case['of_ceiling'] = case['gflops'] / ceiling
    case['of_blis'] = case['gflops'] / blis
    case['gb_per_s'] = case['bytes'] / case['median_ns']
    return case


def add_peers(case, rows):
    times, peaks = {}, {}
    for row in rows:
        if row['name'] == case['name'] and row['threads'] == case['threads']:
            times.setdefault(row['peer'], []).append(row['median_ns'])
            if 'peak_bytes' in row:
                peaks.setdefault(row['peer'], []).append(row['peak_bytes'])
    case['peers'] = {peer: statistics.median(ns) for peer, ns in times.items()}
    if peaks:
        case['peers_peak_bytes'] = {peer: statistics.median(b) for peer, b in peaks.items()}


def merge(reports, rows):
    whole = dict(reports[0])
    best = {n: max(reports, key=lambda r, n=n: r['ceiling_gflops'][n])
            for n in whole['ceiling_gflops']}
    whole['ceiling_gflops'] = {n: report['ceiling_gflops'][n] for n, report in best.items()}
    whole['ceilings'] = {n: report['ceilings'][n] for n, report in best.items()}
    whole['cases'] = []
    for together in zip(*(report['cases'] for report in reports)):
        n = str(together[0]['threads'])
        case = merge_case(together, whole['ceiling_gflops'][n], whole['ceilings'][n]['blis_best'])
        add_peers(case, rows)
        whole['cases'].append(case)
    return whole


def measure(o):
    """adze, bare and peers. Returns what was written."""
    if o.peers:
        install(o)
    load = os.getloadavg()[0]
    whole = {**merge(*run_rounds(o)), 'load_at_start': load}
    path = o.report / 'report.json'
    path.write_text(json.dumps(whole, indent=1) + '\n', encoding='utf-8')
    print('\n' + tables.text(whole))
    if o.markdown:
        o.markdown.write_text(tables.markdown(whole), encoding='utf-8')
    return [path, *draw.draw(whole, o.report)]


def check(o):
    """Ends the program where options make no sense, before anything is built."""
    try:
        re.compile(o.filter)
        o.report.mkdir(parents=True, exist_ok=True)
        if o.markdown:
            o.markdown.open('a', encoding='utf-8').close()
    except (re.error, OSError) as reason:
        fail(reason)
    if o.against:
        program.names(program.in_build(o.against), o.filter)


def main():
    o = options()
    check(o)
    if not o.check:
        written = against.compare(o) if o.against else measure(o)
        print('written: ' + ', '.join(map(str, written)))


main()
