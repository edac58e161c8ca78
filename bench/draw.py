"""Draws a report with gnuplot: bars of ratios, and curves of how cost grows; SVG and PNG. Ratios are
those of the tables: adze's time over the other's."""
import math
import re
import shutil
import subprocess

import tables

FIRST = ('lesson_full_batch', 'lesson_forward_10k', 'step_b64', 'step_b512', 'step_b1',
         'mlp512_b128', 'op8_f32', 'op0_f64', 'chain_1e3', 'chain_1e6')
# Whose time, and its colour in every picture.
COLOURS = {'adze': '#d62728', 'bare': '#555555', 'same': '#aaaaaa', 'pytorch': '#ff7f0e',
           'pytorch_compiled': '#e5ae38', 'jax': '#1f77b4', 'adolc': '#2ca02c', 'sacado': '#9467bd',
           'sacado_fad': '#c5b0d5', 'eigen': '#17becf'}
OTHER_COLOUR = '#8c564b'
# Ticks of ratios, at their logarithms.
TICKS = [f'"{digit * 10.0 ** n:g}" {math.log10(digit) + n:.4f}'
         for n in range(-4, 5) for digit in (1, 2, 5)]
# A family of cases, the axis, and what time stands for.
CURVES = (('batch_', 'images in a batch', 'ns per step'),
          ('width_', 'width of the hidden layer', 'ns per step'),
          ('depth_', 'layers', 'ns per step'),
          ('chain_', 'operations in a chain', 'ns per operation'),
          ('number_mul_', 'products in a chain, number by number', 'ns per product'))
TERMINALS = {'svg': "svg size 1000,{height} dynamic background 'white' font 'sans,12'",
             'png': "pngcairo size 1000,{height} background 'white' font 'sans,11'"}


def times_of(case):
    return {'adze': case['median_ns'], **tables.times_of(case)}


def names_in(cases):
    """Whose times there are: those of COLOURS in its order, then others."""
    there = {name for case in cases for name in times_of(case)}
    return [*(name for name in COLOURS if name in there), *sorted(there - set(COLOURS))]


def colour(name):
    return f'linecolor rgb "{COLOURS.get(name, OTHER_COLOUR)}"'


def quoted(text):
    return '"' + re.sub(r'([_@^{}&~])', r'\\\\\1', text) + '"'


def title(what, whole, cases):
    """What a picture shows, and how far it is to be trusted."""
    n, spread = cases[0]['threads'], max(case['spread'] for case in cases)
    busy = '; the machine was busy' if any(tables.warnings({**whole, 'cases': cases})) else ''
    return (f'{what}\\n{whole["machine"]["cpu"]}, {n} thread{"s" * (n != 1)}, '
            f'spread up to {100 * spread:.0f} %{busy}')


def block(name, lines):
    return f'${name} << END\n' + '\n'.join(lines) + '\nEND\n'


def bars(whole, cases):
    """adze's time over others', of the first cases: bars up or down from 1, where both are as fast.
    None where there is nothing to compare with."""
    cases = [case for case in cases if case['name'] in FIRST and len(times_of(case)) > 1]
    if not cases:
        return None
    names = names_in(cases)[1:]
    lines = []
    for case in cases:
        others = [times_of(case).get(name) for name in names]
        cells = [f'{math.log10(case["median_ns"] / ns):.4f}' if ns else 'NaN' for ns in others]
        lines.append(' '.join([quoted(case['name']), *cells]))
    plots = ', '.join(f'$bars using {i + 2}:xtic(1) {colour(name)} title {quoted(name)}'
                      for i, name in enumerate(names))
    what = "adze's time over the other's: below 1, adze is faster"
    return (block('bars', lines) +
            'set style data histograms\nset style histogram clustered gap 1\n'
            'set style fill solid 0.8 noborder\nset grid y\nset xtics rotate by -25\n'
            f'set ytics ({", ".join(TICKS)})\nset offsets 0, 0, 0.1, 0.1\n'
            f'set title {quoted(title(what, whole, cases))}\n'
            'set key outside bottom horizontal\nset ylabel "ratio"\n'
            f'plot {plots}, 0 with lines dashtype 2 linecolor "black" notitle\n')


def extent(name, family):
    return float(name[len(family):])


def cases_of(cases, family):
    return [case for case in cases if re.match(re.escape(family) + r'[0-9]', case['name'])]


def curve(cases, family, label, unit, place):
    """The data and the plot of a family; a curve has two points or more. None without any."""
    data, plots, cases = '', [], cases_of(cases, family)
    for i, name in enumerate(names_in(cases)):
        points = sorted((extent(case['name'], family), times_of(case)[name])
                        for case in cases if name in times_of(case))
        if len(points) > 1:
            data += block(f'c{place}_{i}', [f'{x:.10g} {y:.6g}' for x, y in points])
            plots.append(f'$c{place}_{i} using 1:2 with linespoints pointtype 7 {colour(name)} '
                         f'title {quoted(name)}')
    axes = f'set xlabel "{label}" offset 0,0.7\nset ylabel "{unit}"\n'
    return (data, f'{axes}plot {", ".join(plots)}\n') if plots else None


def curves(whole, cases):
    parts = [curve(cases, *family, i) for i, family in enumerate(CURVES)]
    parts = [part for part in parts if part]
    if not parts:
        return None
    shown = [case for family, *_ in CURVES for case in cases_of(cases, family)]
    layout = '1,1' if len(parts) == 1 else f'{(len(parts) + 1) // 2},2'
    # Data blocks must not stand within a multiplot.
    return (''.join(data for data, _ in parts) +
            'set logscale xy\nset grid\nset format x "10^{%L}"\nset format y "10^{%L}"\n'
            f'set key outside bottom horizontal\nset multiplot layout {layout} '
            f'title {quoted(title("Time as a problem grows", whole, shown))}\n' +
            ''.join(plot for _, plot in parts) + 'unset multiplot\n')


def draw(whole, folder):
    """Returns the names of what was drawn; none without gnuplot."""
    if not shutil.which('gnuplot'):
        return []
    drawn = []
    for n in whole['ceiling_gflops']:
        cases = [case for case in whole['cases'] if case['threads'] == int(n)]
        pictures = ('ratios', bars(whole, cases), 600), ('curves', curves(whole, cases), 900)
        for kind, script, height in pictures:
            for ending, terminal in TERMINALS.items():
                path = folder / f'{kind}_{n}.{ending}'
                if script and plot(script, terminal.format(height=height), path):
                    drawn.append(path.name)
    return drawn


def plot(script, terminal, path):
    head = f'set terminal {terminal}\nset output "{path}"\n'
    done = subprocess.run(['gnuplot'], input=head + script, text=True, check=False,
                          stderr=subprocess.PIPE)
    return done.returncode == 0 and path.exists()
