#!/usr/bin/env python3
"""Runs the benchmark suite in its short form and looks at what it prints and writes. Ratios are not
judged: what a busy machine measures proves nothing.

    ADZE_BENCH=PROGRAM bench.py CASE

CASE is a function below without its `test_`.
"""
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(os.environ.get('ADZE_BENCH', 'build/bench/adze-bench')).resolve()
SUITE = pathlib.Path(__file__).resolve().parents[2] / 'bench/suite.py'
FIRST = ('lesson_full_batch lesson_forward_10k step_b64 step_b512 step_b1 mlp512_b128 op8_f32 '
         'op0_f64 chain_1e6').split()
POSITIVE = 'median_ns min_ns gflops of_ceiling of_blis bytes gb_per_s bare_ns'.split()
NOT_NEGATIVE = 'spread', 'mallocs_per_step', 'peak_bytes'  # an optimiser takes no memory
NETWORKS = re.compile('lesson|step|mlp|batch|width|depth')  # which know the same kernels


class Failure(Exception):
    """What the suite did wrong."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def call(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


def run(*command):
    """Must end well. Returns what it prints."""
    result = call(*command)
    expect(result.returncode == 0, f'{command} ended with {result.returncode}: {result.stderr}')
    return result.stdout


def refuse_constant(text):
    raise Failure(f'the JSON has {text}')


def read(path):
    return json.loads(path.read_text(encoding='utf-8'), parse_constant=refuse_constant)


def listed():
    return [line.split()[0] for line in run(PROGRAM, '--list').splitlines()]


# ---- the JSON --------------------------------------------------------------------------


def check_case(case):
    wanted = {'name', 'threads', 'peers', 'same_kernels_ns', *POSITIVE, *NOT_NEGATIVE}
    expect(set(case) == wanted, f'{case.get("name")} has the keys {sorted(case)}')
    for key in *POSITIVE, *NOT_NEGATIVE:
        value = case[key]
        expect(isinstance(value, (int, float)) and math.isfinite(value), f'{key} of {case}')
        expect(value > 0 or (key in NOT_NEGATIVE and value == 0), f'{key} of {case}')
    same = case['same_kernels_ns']
    expect(same > 0 if NETWORKS.match(case['name']) else same is None, f'the same kernels of {case}')
    expect(case['min_ns'] <= case['median_ns'], f'the minimum of {case}')


def check_report(report, names, threads):
    expect(report['machine']['cores'] >= 1, f'the machine is {report["machine"]}')
    expect(set(report['ceiling_gflops']) == set(map(str, threads)), 'ceilings are missing')
    for n, gflops in report['ceiling_gflops'].items():
        parts = report['ceilings'][n]
        expect(gflops >= max(parts['blis_best'], parts['adze']) > 0, f'the ceiling is {parts}')
        expect(parts['by'], 'nobody reached the ceiling')
    got = [(case['name'], case['threads']) for case in report['cases']]
    expect(got == [(name, n) for n in threads for name in names], f'the cases are {got}')
    for case in report['cases']:
        check_case(case)


def test_smoke():
    """All cases, once each, with one thread and with two."""
    names = listed()
    expect(set(FIRST) <= set(names), f'some of {FIRST} are missing')
    expect(len(set(names)) == len(names), 'two cases have one name')
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'bench.json')
        printed = run(PROGRAM, '--smoke', '--json', path)
        check_report(read(path), names, [1, 2])
    for line in printed.splitlines():
        expect(len(line) <= 100, f'more than 100 columns: {line}')


def test_filter():
    pattern = '^(step_b1|op0_f64)$'
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'bench.json')
        run(PROGRAM, '--smoke', '--threads', '1', '--filter', pattern, '--json', path)
        names = [name for name in listed() if re.search(pattern, name)]
        expect(len(names) == 2, f'{pattern} finds {names}')
        check_report(read(path), names, [1])


def test_suite():
    """What scripts/bench calls when all is built."""
    with tempfile.TemporaryDirectory() as folder:
        markdown = pathlib.Path(folder, 'tables.md')
        printed = run(sys.executable, SUITE, '--build', PROGRAM.parents[1], '--smoke', '--filter',
                      '^(batch|step)', '--report', folder, '--markdown', markdown)
        names = [name for name in listed() if re.match('batch|step', name)]
        check_report(read(pathlib.Path(folder, 'report.json')), names, [1, 2])
        rows = [line for line in markdown.read_text(encoding='utf-8').splitlines()
                if line.startswith('| step_b64 ')]
        expect(len(rows) == 4, f'{markdown} has the rows {rows}')  # two tables, 1 and 2 threads
    for line in printed.splitlines()[:-1]:  # the last has paths
        expect(len(line) <= 100, f'more than 100 columns: {line}')


# ---- bad input -------------------------------------------------------------------------


def bad_options():
    yield ['--no-such-option']
    yield ['-x']
    yield ['stray']
    yield ['--filter', '(']
    yield ['--filter', 'no such case']
    for option in '--filter', '--threads', '--min-time', '--json':
        yield [option]
    for text in 'many', '0', '-1', '1,', ',1', '1.5', '', '99999999999999999999', '1,x':
        yield ['--threads', text]
    for text in 'soon', '0', '-1', 'nan', 'inf', '':
        yield ['--min-time', text]
    yield ['--smoke', '--json', '/no/such/directory/bench.json']


def expect_one_line(*command):
    result = call(*command)
    expect(result.returncode == 1, f'{command}: exit status {result.returncode}')
    expect(result.stderr.count('\n') == 1 and result.stderr.startswith('error: '),
           f'{command}: not one clear line: {result.stderr!r}')
    print(result.stderr, end='')


def test_bad_input():
    for options in bad_options():
        expect_one_line(PROGRAM, *options)
    for options in (['--rounds', '0'], ['--no-such-option'], ['--threads', 'x'], ['--filter', '('],
                    ['--min-time', 'nan'], ['--report', '/dev/null/report'],
                    ['--report', tempfile.gettempdir(), '--markdown', '/dev/null/tables.md']):
        expect_one_line(sys.executable, SUITE, '--check', *options)
    expect('usage: ' in run(PROGRAM, '--help'), '--help does not help')


def main():
    case = globals().get('test_' + sys.argv[1]) if len(sys.argv) == 2 else None
    if not case:
        sys.exit(__doc__)
    try:
        case()
    except Failure as failure:
        sys.exit(f'failed: {failure}')


main()
