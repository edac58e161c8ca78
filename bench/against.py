"""Two builds of adze on the same cases, in turn: which of them is slower, where, and by how much?

In each round both programs run, but one of the two is held at any time: when one has told a case,
the other does the same case. So both times of a case are taken within seconds, and what the machine
does over minutes meets both. Each round starts the programs again, which places them anew in
memory, and lets the other one go first.
"""
import contextlib
import itertools
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import program
import tables

MARGIN = 0.03  # times that differ by less count as the same
SIDES = 'ours', 'theirs'


# ---- running in turn --------------------------------------------------------------------


def told_cases(command):
    """Runs a program. Yields after each case that it tells, and holds it meanwhile: it has come no
    further than the setup of the next."""
    with tempfile.TemporaryFile('w+') as errors, \
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            table = itertools.dropwhile(lambda line: not line.startswith('case '), process.stdout)
            for _ in itertools.islice(table, 1, None):
                process.send_signal(signal.SIGSTOP)
                yield
                process.send_signal(signal.SIGCONT)
            process.wait()
        finally:
            process.kill()  # where the other program failed, this one is held
        errors.seek(0)
        if process.returncode:
            reason = program.reason(process.returncode, errors.read())
            program.fail(f'{command[0]} failed: {reason}')


def run_round(commands):
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(contextlib.closing(told_cases(c))) for c in commands]
        for _ in itertools.zip_longest(*runs):  # asks one after the other
            pass


def run_rounds(o, programs, pattern):
    """For each side, the reports of all rounds."""
    reports = [], []
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, side) for side in SIDES]
        commands = [program.command(o, p, path, pattern) for p, path in zip(programs, paths)]
        for i in range(o.rounds):
            print(f'round {i + 1} of {o.rounds}', file=sys.stderr)
            run_round(commands if i % 2 == 0 else commands[::-1])
            for side, p, path in zip(reports, programs, paths):
                side.append(program.report(p, path))
                path.unlink()
    return reports


# ---- the ratios -------------------------------------------------------------------------


def times_in(reports):
    """(name, threads) -> nanoseconds in each round."""
    times = {}
    for report in reports:
        for case in report['cases']:
            times.setdefault((case['name'], case['threads']), []).append(case['median_ns'])
    return times


def verdict(case):
    """slower or faster by more than the margin, with a ? where rounds disagree; or nothing."""
    word = ('slower' if case['ratio'] > 1 + MARGIN else
            'faster' if case['ratio'] < 1 - MARGIN else '')
    doubt = case['lowest'] <= 1 <= case['highest']
    return f'{word}?' if word and doubt else word


def ratios(reports):
    """A row for each case and number of threads, the slowest first."""
    ours, theirs = map(times_in, reports)
    rows = []
    for (name, threads), times in ours.items():
        others = theirs[name, threads]
        each = [mine / other for mine, other in zip(times, others)]
        row = {'name': name, 'threads': threads, 'ours_ns': times, 'theirs_ns': others,
               'ratio': statistics.median(each), 'lowest': min(each), 'highest': max(each)}
        rows.append({**row, 'verdict': verdict(row)})
    return sorted(rows, key=lambda row: -row['ratio'])


# ---- telling them -----------------------------------------------------------------------


def table(whole):
    rows = [[row['name'], str(row['threads']),
             *(tables.time_text(statistics.median(row[f'{side}_ns'])) for side in SIDES),
             *(f'{row[key]:.3f}' for key in ('ratio', 'lowest', 'highest')), row['verdict']]
            for row in whole['cases']]
    return [['case', 'th', *SIDES, 'ratio', 'lowest', 'highest', ''], *rows]


def notes(whole):
    """Lines: the sum, in what the builds are not alike, and whether the machine was busy."""
    verdicts = [row['verdict'].rstrip('?') for row in whole['cases']]
    yield (f'{verdicts.count("slower")} of {len(verdicts)}: slower by more than {MARGIN:.0%}; '
           f'{verdicts.count("faster")}: faster')
    for side in SIDES:
        if whole[f'only_{side}']:
            yield f'Only {side}: {", ".join(whole[f"only_{side}"])}'
    if len(set(whole['build_types'])) > 1:
        yield 'The build types differ: {} and {}'.format(*whole['build_types'])
    yield from tables.warnings(whole)


def text(whole, layout):
    """In the layout of tables.as_text or tables.as_markdown."""
    head = (f'Our time over theirs: the median of {whole["rounds"]} rounds, the lowest and the '
            'highest; below 1, ours is faster.\nWith a question mark, not all rounds agree which '
            'is faster')
    return '\n\n'.join([f'{head}:', layout(table(whole)), '\n'.join(notes(whole))])


def compare(o):
    """Runs the cases that both builds have. Returns what was written."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no program behind that is held
    programs = program.in_build(o.build), program.in_build(o.against)
    ours, theirs = (program.names(p, o.filter) for p in programs)
    both = [name for name in ours if name in theirs]
    if not both:
        program.fail(f'{o.build} and {o.against} have no case in common')
    load = os.getloadavg()[0]
    reports = run_rounds(o, programs, f'^({"|".join(both)})$')
    whole = {'machine': reports[0][0]['machine'], 'ours': str(o.build), 'theirs': str(o.against),
             'build_types': [program.build_type(folder) for folder in (o.build, o.against)],
             'rounds': o.rounds, 'load_at_start': load,
             'only_ours': [name for name in ours if name not in both],
             'only_theirs': [name for name in theirs if name not in both],
             'cases': ratios(reports)}
    path = o.report / 'against.json'
    path.write_text(json.dumps(whole, indent=1) + '\n', encoding='utf-8')
    print('\n' + text(whole, tables.as_text))
    if o.markdown:
        o.markdown.write_text(text(whole, tables.as_markdown) + '\n', encoding='utf-8')
    return [path]
