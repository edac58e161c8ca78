"""Draws a report with gnuplot: bars of ratios, and curves of how cost grows; SVG and PNG."""
import re
import shutil
import subprocess

FIRST = ('lesson_full_batch', 'lesson_forward_10k', 'step_b64', 'step_b512', 'step_b1',
         'mlp512_b128', 'op8_f32', 'op0_f64', 'chain_1e6')
# A family of cases, the axis, and what time stands for.
CURVES = (('batch_', 'images in a batch', 'ns per step'),
          ('width_', 'width of the hidden layer', 'ns per step'),
          ('depth_', 'layers', 'ns per step'),
          ('chain_', 'operations in a chain', 'ns per operation'))
TERMINALS = {'svg': "svg size 1000,{height} dynamic background 'white' font 'sans,12'",
             'png': "pngcairo size 1000,{height} background 'white' font 'sans,11'"}


def times_of(case):
    return {'adze': case['median_ns'], 'bare': case['bare_ns'],
            'same kernels': case['same_kernels_ns'], **case['peers']}


def names_in(cases):
    """Whose times there are: adze, the bare forms, then the peers."""
    peers = sorted({peer for case in cases for peer in case['peers']})
    same = any(case['same_kernels_ns'] for case in cases)
    return ['adze', 'bare', *(['same kernels'] if same else []), *peers]


def quoted(text):
    return '"' + text.replace('_', '\\\\_') + '"'


def block(name, lines):
    return f'${name} << END\n' + '\n'.join(lines) + '\nEND\n'


def bars(cases):
    """Times over adze's, of the first cases; None where there are none."""
    cases = [case for case in cases if case['name'] in FIRST]
    if not cases:
        return None
    names = names_in(cases)[1:]
    lines = []
    for case in cases:
        ratios = [times_of(case).get(name) for name in names]
        cells = [f'{ns / case["median_ns"]:.4g}' if ns else 'NaN' for ns in ratios]
        lines.append(' '.join([quoted(case['name']), *cells]))
    plots = ', '.join(f'$bars using {i + 2}:xtic(1) title {quoted(name)}'
                      for i, name in enumerate(names))
    return (block('bars', lines) +
            'set style data histograms\nset style histogram clustered gap 1\n'
            'set style fill solid 0.8 noborder\nset logscale y\nset grid y\n'
            'set xtics rotate by -25\n'
            'set key outside top horizontal\nset ylabel "time over adze\'s (1: as fast as adze)"\n'
            f'plot {plots}, 1 with lines dashtype 2 linecolor "black" notitle\n')


def extent(name, family):
    return float(name[len(family):])


def curve(cases, family, label, unit, place):
    cases = [case for case in cases if re.match(re.escape(family) + r'[0-9]', case['name'])]
    text, plots = '', []
    for i, name in enumerate(names_in(cases)):
        points = sorted((extent(case['name'], family), times_of(case)[name])
                        for case in cases if times_of(case).get(name))
        if points:
            text += block(f'c{place}_{i}', [f'{x:.10g} {y:.6g}' for x, y in points])
            plots.append(f'$c{place}_{i} using 1:2 with linespoints title {quoted(name)}')
    if not plots:
        return ''
    return (text + f'set xlabel "{label}"\nset ylabel "{unit}"\nplot {", ".join(plots)}\n')


def curves(cases):
    parts = [curve(cases, *family, i) for i, family in enumerate(CURVES)]
    if not any(parts):
        return None
    # Data blocks must not stand within a multiplot.
    data = ''.join(''.join(re.findall(r'\$c\d+_\d+ << END\n.*?END\n', part, re.S))
                   for part in parts)
    plots = ''.join(re.sub(r'\$c\d+_\d+ << END\n.*?END\n', '', part, flags=re.S) for part in parts)
    return (data + 'set logscale xy\nset grid\nset format x "10^{%L}"\nset format y "10^{%L}"\n'
            'set key left top\nset multiplot layout 2,2\n' + plots + 'unset multiplot\n')


def draw(whole, folder):
    """Returns the names of what was drawn; none without gnuplot."""
    if not shutil.which('gnuplot'):
        return []
    drawn = []
    for n in whole['ceiling_gflops']:
        cases = [case for case in whole['cases'] if case['threads'] == int(n)]
        for kind, script, height in ('ratios', bars(cases), 600), ('curves', curves(cases), 900):
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
