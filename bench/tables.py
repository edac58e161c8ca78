"""Prints a report as tables, for a terminal or in Markdown.

Ratios are adze's time over the other's time: below 1, adze is faster. The rows of a case stand together, one for each
number of threads.
"""
import re

BUSY_SPREAD = 0.1  # see docs/benchmarks.md
LABELS = {'pytorch_compiled': 'comp.', 'sacado_fad': 'fad'}  # of peers, where the name is too long
NUMBERS = re.compile('number_|lotka_|gmm_|ba1|lstm_|hand_')  # cases of numbers one by one
PROGRAMS = re.compile('program_')


def figures(value):
    return f'{value:.{3 if value < 0.0995 else 2 if value < 9.995 else 1 if value < 99.95 else 0}f}'


def time_text(ns):
    for unit in 'ns', 'us', 'ms':
        if ns < 999.5:
            return f'{figures(ns)} {unit}'
        ns /= 1000
    return f'{figures(ns)} s'


def times_of(case):
    """By whom -> nanoseconds, but for adze's own."""
    times = {'bare': case['bare_ns'], 'same': case['same_kernels_ns'], **case['peers']}
    return {name: ns for name, ns in times.items() if ns}


def in_order(cases):
    """All rows of a case together, cases in the order of the program."""
    names = list(dict.fromkeys(case['name'] for case in cases))
    return sorted(cases, key=lambda case: (names.index(case['name']), case['threads']))


def peers_in(cases):
    """Names of the peers in Python, and of those in C++."""
    names = sorted({peer for case in cases for peer in case['peers']})
    python = [name for name in ('pytorch', 'pytorch_compiled', 'jax') if name in names]
    return python, [name for name in names if name not in python]


# ---- tables: a heading and rows of texts ------------------------------------------------


def ratio(case, ns):
    return figures(case['median_ns'] / ns) if ns else ''


def labels(names):
    return [LABELS.get(name, name) for name in names]


def head(case):
    return [case['name'], str(case['threads']), time_text(case['median_ns'])]


def faster_than_one_thread(case, cases):
    one = [c['median_ns'] for c in cases if c['name'] == case['name'] and c['threads'] == 1]
    return figures(one[0] / case['median_ns']) if one and case['threads'] > 1 else ''


def ratio_table(cases, peers):
    rows = []
    for case in cases:
        times, best = times_of(case), min(case['peers'].values(), default=None)
        rows.append([*head(case), f'{case["of_ceiling"]:.0%}', f'{case["of_blis"]:.0%}',
                     faster_than_one_thread(case, cases), f'{case["mallocs_per_step"]:.3g}',
                     ratio(case, times.get('bare')), ratio(case, times.get('same')),
                     ratio(case, best), *(ratio(case, times.get(name)) for name in peers)])
    return [['case', 'th', 'adze', 'ceil', 'BLIS', '/1 th', 'mal.', 'bare', 'same', 'best',
             *labels(peers)], *rows]


def time_table(cases, names):
    rows = [[*head(case), *(time_text(ns) if ns else ''
                            for ns in map(times_of(case).get, names))] for case in cases]
    return [['case', 'th', 'adze', *labels(names)], *rows]


def number_table(cases, other):
    """Numbers one by one, and programs: cases on one thread. `other` names the other form."""
    peers = sorted({peer for case in cases for peer in case['peers']})
    rows = []
    for case in cases:
        times, best = times_of(case), min(case['peers'].values(), default=None)
        rows.append([case['name'], time_text(case['median_ns']), time_text(case['bare_ns']),
                     ratio(case, case['bare_ns']), ratio(case, times.get('same')), ratio(case, best),
                     *(time_text(ns) if ns else '' for ns in map(times.get, peers)),
                     f'{case["mallocs_per_step"]:.3g}'])
    return [['case', 'adze', 'value', '/value', other, '/best', *labels(peers), 'mal.'], *rows]


def tables(whole):
    """Pairs of a title and a table."""
    everything = in_order(whole['cases'])
    one_thread = [case for case in everything if case['threads'] == 1]
    cases = [case for case in everything
             if not NUMBERS.match(case['name']) and not PROGRAMS.match(case['name'])]
    numbers = [case for case in one_thread if NUMBERS.match(case['name'])]
    programs = [case for case in one_thread if PROGRAMS.match(case['name'])]
    if cases:
        yield from tensor_tables(cases)
    if numbers:
        yield ('Numbers one by one, on one thread: adze\'s time for record and gradient, that of the value\n'
               'alone in plain C, adze\'s time over it, over that of a reverse sweep over the same record\n'
               '(forward) or of a gradient (Hessian), and over that of the best peer; the peers\' times',
               number_table(numbers, '/sweep'))
    if programs:
        yield ('Programs, on one thread: adze\'s time for a value and its derivatives, that of the value alone\n'
               'in plain C, adze\'s time over it, over that of a run of the value\'s program (pde) or of a chain\n'
               'of operations (elementwise), and over that of the best peer; the peers\' times',
               number_table(programs, '/other'))


def tensor_tables(cases):
    """Of cases that are no numbers one by one."""
    python, others = peers_in(cases)
    yield ('The first columns are of adze alone: its time, share of the ceiling, share of BLIS at its\n'
           'best, speed-up over one thread, allocations. The others are its time over that of bare C\n'
           'with BLIS, of bare C on adze\'s kernels, of the best peer, and of each peer; below 1, adze\n'
           'is faster'
           + (' (comp.: PyTorch compiled)' if 'pytorch_compiled' in python else ''),
           ratio_table(cases, python))
    yield 'Times', time_table(cases, ['bare', 'same', *python])
    few = [case for case in cases if set(others) & set(case['peers'])]
    if few:
        yield 'Times of the peers in C++', time_table(few, others)


def warnings(whole):
    """Lines: why the figures are not to be trusted, if so."""
    threads = max(case['threads'] for case in whole['cases'])
    load = whole.get('load_at_start', 0)
    if load > threads:
        yield (f'Warning: the machine was busy: its load was {load:.1f} at the start, more than '
               f'the {threads} thread{"s" * (threads != 1)} here')
    restless = [case for case in whole['cases'] if case.get('spread', 0) > BUSY_SPREAD]
    if restless:
        worst = max(restless, key=lambda case: case['spread'])
        yield (f'Warning: times were not steady: the spread is above {BUSY_SPREAD:.0%} in '
               f'{len(restless)} of {len(whole["cases"])} rows,\n{worst["spread"]:.0%} in '
               f'{worst["name"]}')


def notes(whole):
    """Lines: warnings, the ceilings, and memory."""
    yield from warnings(whole)
    for n, ceiling in whole['ceilings'].items():
        yield (f'Ceiling with {n} thread{"s" * (n != "1")}: {whole["ceiling_gflops"][n]:.0f} GFLOP/s '
               f'by {ceiling["by"]}; BLIS as it is {ceiling["blis"]:.0f}, at its best '
               f'{ceiling["blis_best"]:.0f}')
    for case in whole['cases']:
        if 'peers_peak_bytes' in case:
            peaks = ', '.join(f'{name} {b / 1e6:.1f} MB ({figures(case["peak_bytes"] / b)})'
                              for name, b in case['peers_peak_bytes'].items())
            yield (f'Peak memory of {case["name"]}, {case["threads"]} th: '
                   f'adze {case["peak_bytes"] / 1e6:.1f} MB, {peaks}')


# ---- telling them -----------------------------------------------------------------------


def as_text(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    return '\n'.join(' '.join([row[0].ljust(widths[0]),
                               *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]).rstrip()
                     for row in table)


def as_markdown(table):
    rows = [table[0], ['---', *['---:'] * (len(table[0]) - 1)], *table[1:]]
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def text(whole):
    parts = [f'{title}.\n\n{as_text(table)}' for title, table in tables(whole)]
    return '\n\n'.join([*parts, '\n'.join(notes(whole))])


def markdown(whole):
    """For docs/benchmarks.md: the machine, the ceilings, the tables."""
    m = whole['machine']
    machine = (f'- {m["cpu"]}, {m["cores"]} cores, {m.get("system", "")} '
               f'{m.get("architecture", "")}; compiler {m["compiler"]}; BLIS {m["blis"]}')
    lines = '\n'.join([machine, *(f'- {line}' for line in notes(whole))])
    parts = [f'{title}:\n\n{as_markdown(table)}' for title, table in tables(whole)]
    return '\n\n'.join([lines, *parts]) + '\n'
