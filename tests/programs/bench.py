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
COMPUTED = 'gflops', 'of_ceiling', 'of_blis'  # 0 where nothing is: in files
FILES = re.compile('(save|load|map)_')
SAME = re.compile(  # which have a second form beside adze's
    'lesson|step|rows_b|mlp|batch_[0-9]|width|depth|lotka_volterra_|program_elementwise|program_pde($|_hessian)')


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
        may_be_0 = key in NOT_NEGATIVE or (key in COMPUTED and FILES.match(case['name']))
        expect(value > 0 or (may_be_0 and value == 0), f'{key} of {case}')
    same = case['same_kernels_ns']
    expect(same > 0 if SAME.match(case['name']) else same is None, f'the second form of {case}')
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
                      '^(batch|step|lotka)', '--report', folder, '--markdown', markdown)
        names = [name for name in listed() if re.match('batch|step|lotka', name)]
        report = read(pathlib.Path(folder, 'report.json'))
        check_report(report, names, [1, 2])
        expect(report['load_at_start'] >= 0, 'the load at the start is missing')
        rows = [line for line in markdown.read_text(encoding='utf-8').splitlines()
                if line.startswith(('| step_b64 ', '| lotka_volterra '))]
        # The first in two tables, for one thread and two; numbers in one, for one thread.
        expect(len(rows) == 5, f'{markdown} has the rows {rows}')
    for line in printed.splitlines()[:-1]:  # the last has paths
        expect(len(line) <= 100, f'more than 100 columns: {line}')


def a_case(name, threads, adze, bare, same, spread=0.01, **peers):
    return {'name': name, 'threads': threads, 'median_ns': adze, 'bare_ns': bare, 'same_kernels_ns': same,
            'spread': spread, 'peers': peers, 'of_ceiling': 1, 'of_blis': 1, 'mallocs_per_step': 0}


def test_pictures():
    """Ratios in pictures are those of the tables, a tool has one colour, and nothing empty is drawn."""
    sys.path.insert(0, str(SUITE.parent))
    import draw
    import tables
    cases = [a_case('step_b64', 1, 10, 5, None, pytorch=40, jax=20), a_case('op0_f64', 1, 50, 1, None, adolc=100),
             a_case('batch_1', 1, 10, 5, 8, new_tool=3), a_case('batch_64', 1, 20, 5, 9),
             a_case('depth_2', 1, 20, 5, None), a_case('step_b512', 1, 1, None, None)]
    whole = {'machine': {'cpu': 'A_CPU @ 2 GHz'}, 'cases': cases, 'load_at_start': 0.5}
    bars, curves = draw.bars(whole, cases), draw.curves(whole, cases)
    rows = {row.split()[0].strip('"'): row.split()[1:] for row in re.findall(r'^".*$', bars, re.M)}
    table = {row[0]: row for row in tables.ratio_table(cases, ['pytorch', 'jax'])}
    near = [10 ** float(x) for x in rows['step\\\\_b64'] if x != 'NaN']
    expect([round(x, 3) for x in near] == [2, 0.25, 0.5] and table['step_b64'][-2:] == ['0.25', '0.50'],
           f'ratios are {near} and {table}')
    expect('adolc' in bars and 'new' not in bars, 'a scalar tool is missing, or another one is there')
    colours = {}
    for text in bars, curves:
        for colour, name in re.findall(r'linecolor rgb "(#\w+)" title "([^"]+)"', text):
            expect(colours.setdefault(name, colour) == colour, f'{name} has two colours')
        where = 'A\\\\_CPU \\\\@ 2 GHz, 1 thread, spread up to 1 %"'
        expect(where in text, f'{where} is not in {text}')
    expect(set(colours) == {'adze', 'bare', 'same', 'pytorch', 'jax', 'adolc'}, f'colours of {set(colours)}')
    expect(curves.count('\nplot ') == 1 and 'new' not in curves, f'a curve of one point: {curves}')
    expect(draw.bars(whole, cases[-1:]) is None and draw.curves(whole, cases[-2:]) is None, 'an empty picture')
    expect(not list(tables.warnings(whole)), 'a warning, and all is quiet')
    busy = {**whole, 'load_at_start': 1.5}
    restless = {**whole, 'cases': [*cases, a_case('step_b1', 1, 1, 1, 1, spread=0.2)]}
    expect('load was 1.5' in ''.join(tables.warnings(busy)), 'no warning of a load')
    expect('20% in step_b1' in ''.join(tables.warnings(restless)), 'no warning of a spread')
    for other in busy, restless:
        expect('the machine was busy' in draw.bars(other, other['cases']), 'a picture without a warning')


# ---- two builds ------------------------------------------------------------------------

# An adze-bench that has one case more than the real one.
RICHER = """#!/bin/sh
"{program}" "$@" || exit
case $1 in --list) echo 'only_there  of this build' ;; esac
"""

# One that tells two cases, and logs when it begins and ends their work.
WORKER = """#!/usr/bin/env python3
import json, sys, time
if sys.argv[1] == '--list':
    print('one  a case\\ntwo  a case')
    sys.exit()
print('case  th  adze', flush=True)
for name in 'one', 'two':
    for event in 'begin', 'end':
        time.sleep(0.5)
        with open('{log}', 'a') as log:
            print(event, file=log)
    print(name, flush=True)
cases = [{{'name': name, 'threads': 1, 'median_ns': {ns}}} for name in ('one', 'two')]
with open(sys.argv[sys.argv.index('--json') + 1], 'w') as file:
    json.dump({{'machine': {{}}, 'cases': cases}}, file)
"""


def make_build(folder, name, text, mode=0o755):
    """A build folder whose adze-bench is this text."""
    path = pathlib.Path(folder, name, 'bench/adze-bench')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    path.chmod(mode)
    return path.parents[1]


def compare(ours, theirs, folder, *options):
    """Returns what is printed and what is written."""
    printed = run(sys.executable, SUITE, '--build', ours, '--against', theirs, '--report', folder,
                  '--smoke', *options)
    return printed, read(pathlib.Path(folder, 'against.json'))


def check_ratio(row, rounds):
    expect(len(row['ours_ns']) == len(row['theirs_ns']) == rounds, f'not {rounds} rounds: {row}')
    expect(0 < row['lowest'] <= row['ratio'] <= row['highest'] < math.inf, f'ratios of {row}')


def test_against():
    """A build against itself, and against one that has a case more."""
    with tempfile.TemporaryDirectory() as folder:
        markdown = pathlib.Path(folder, 'table.md')
        build, options = PROGRAM.parents[1], ['--filter', '^op', '--markdown', markdown]
        printed, whole = compare(build, build, folder, '--rounds', '3', *options)
        expect(('Warning' in printed) == (whole['load_at_start'] > 2), 'a warning of the load, or none')
        names = [(row['name'], row['threads']) for row in whole['cases']]
        wanted = [(name, n) for name in listed() if name.startswith('op') for n in (1, 2)]
        expect(sorted(names) == sorted(wanted), f'{names}, not {wanted}')
        values = [row['ratio'] for row in whole['cases']]
        expect(values == sorted(values, reverse=True), f'the slowest is not first: {values}')
        for row in whole['cases']:
            check_ratio(row, 3)
            expect(f'| {row["name"]} | {row["threads"]} |' in markdown.read_text(encoding='utf-8'),
                   f'{row["name"]} is not in {markdown}')
        expect('Only' not in printed, f'one build, and cases of one side: {printed}')
        richer = make_build(folder, 'richer', RICHER.format(program=PROGRAM))
        printed, whole = compare(build, richer, folder, '--filter', '^op0', '--threads', '1')
        expect(whole['only_theirs'] == ['only_there'] and not whole['only_ours'], f'{whole}')
        expect('Only theirs: only_there' in printed, f'a case of one side is not named: {printed}')
        check_ratio(whole['cases'][0], 1)


def test_in_turn():
    """One of the programs is held while the other works; a ratio is our time over theirs."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, 'log')
        builds = [make_build(folder, name, WORKER.format(log=log, ns=ns))
                  for name, ns in (('ours', 1), ('theirs', 2))]
        _, whole = compare(*builds, folder)
        events = log.read_text(encoding='utf-8').split()
        expect(events == ['begin', 'end'] * 4, f'both worked at once: {events}')
        rows = [(row['name'], row['ratio'], row['verdict']) for row in whole['cases']]
        expect(rows == [('one', 0.5, 'faster'), ('two', 0.5, 'faster')], f'{rows}')


def test_verdicts():
    """More than 3 % are called by their name, with a doubt where a round says the opposite."""
    sys.path.insert(0, str(SUITE.parent))
    from against import verdict
    for ratio, lowest, highest, word in (
            (1.04, 1.02, 1.05, 'slower'), (1.04, 0.99, 1.05, 'slower?'),
            (0.96, 0.95, 0.99, 'faster'), (0.96, 0.95, 1.01, 'faster?'),
            (1.02, 1.01, 1.50, ''), (0.98, 0.50, 0.99, ''), (1, 1, 1, '')):
        got = verdict({'ratio': ratio, 'lowest': lowest, 'highest': highest})
        expect(got == word, f'{ratio} of {lowest} to {highest} is called {got!r}, not {word!r}')


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


def expect_one_line(*command, text=''):
    """On stderr, of which the suite's rounds are no part."""
    result = call(*command)
    lines = [line for line in result.stderr.splitlines() if not line.startswith('round ')]
    expect(result.returncode == 1, f'{command}: exit status {result.returncode}')
    expect(len(lines) == 1 and lines[0].startswith('error: ') and text in lines[0],
           f'{command}: not one clear line: {result.stderr!r}')
    print(lines[0])


# What an adze-bench may do, and what is said about it.
BAD_PROGRAMS = (
    ('exit 3', 'not list its cases: it ended with 3'),
    ('echo "error: out of order" >&2; exit 1', 'out of order'),
    ('exit 0', 'no case in common'),
    ('echo "no_such_case  of ours"', 'no case in common'),
    ('case $1 in --list) echo op0_f64 ;; *) echo "error: broken" >&2; exit 1 ;; esac', 'broken'),
    ('case $1 in --list) echo op0_f64 ;; *) kill -SEGV $$ ;; esac', 'signal 11'),
    ('case $1 in --list) echo op0_f64 ;; esac', 'wrote no report'),
    ('case $1 in --list) echo op0_f64 ;; *) echo {} >"$2" ;; esac', 'wrote no report'),
)


def test_bad_build():
    """Of --against: one line each, before anything is built where it can be known by then."""
    suite = [sys.executable, SUITE, '--build', PROGRAM.parents[1], '--smoke', '--threads', '1',
             '--filter', '^op0_f64$']
    with tempfile.TemporaryDirectory() as folder:
        how = [*suite, '--report', folder, '--against']
        expect_one_line(*how, f'{folder}/none', '--check', text='is not a folder')
        expect_one_line(*how, __file__, '--check', text='is not a folder')
        expect_one_line(*how, folder, '--check', text='has no bench/adze-bench')
        expect_one_line(*how, PROGRAM.parents[1], '--peers', '--check', text='without peers')
        plain = make_build(folder, 'plain', '#!/bin/sh\n', 0o644)
        expect_one_line(*how, plain, '--check', text='cannot be run')
        for i, (script, text) in enumerate(BAD_PROGRAMS):
            build = make_build(folder, str(i), f'#!/bin/sh\n{script}\n')
            expect_one_line(*how, build, text=text)


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
