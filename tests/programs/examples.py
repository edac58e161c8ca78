#!/usr/bin/env python3
"""Runs an example as a user would and looks at what it prints and writes.

    ADZE_EXAMPLES=FOLDER examples.py CASE

FOLDER holds the built examples. CASE is a function below without its `test_`. The cases on MNIST need
its files in $ADZE_MNIST, or in ../shared/data/mnist beside the source tree, and are skipped (exit
status 77) where there are none. ADZE_QUICK=1 shortens them, for builds with sanitizers.
"""
import gzip
import json
import math
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile

PROGRAMS = pathlib.Path(os.environ.get('ADZE_EXAMPLES', 'build/examples'))
SOURCE = pathlib.Path(os.environ.get('ADZE_SOURCE_ROOT', pathlib.Path(__file__).parents[2]))
MNIST = pathlib.Path(os.environ.get('ADZE_MNIST', SOURCE.parent / 'shared/data/mnist'))
QUICK = os.environ.get('ADZE_QUICK', '0') not in ('', '0')
SMALL = ['--train', '2000', '--test', '500']
SKIPPED = 77


class Failure(Exception):
    """What an example did wrong."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def near(what, value, wanted, tolerance):
    expect(abs(value - wanted) <= tolerance, f'{what} is {value!r}, not {wanted} to {tolerance}')


# ---- running ---------------------------------------------------------------------------


def call(name, *arguments, **how):
    command = [str(PROGRAMS / name), *map(str, arguments)]
    expect(os.access(command[0], os.X_OK), f'{command[0]} is not there: set ADZE_EXAMPLES')
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **how)


def run(name, *arguments, **how):
    """Must end well and say nothing on stderr. Returns what it prints."""
    result = call(name, *arguments, **how)
    expect(result.returncode == 0 and not result.stderr,
           f'{name} {arguments} ended with {result.returncode}: {result.stderr.strip()}')
    expect('\r' not in result.stdout, 'there is a bar, and no terminal')
    return result.stdout


def refuse_constant(text):
    raise Failure(f'the JSON has {text}')


def run_json(name, *arguments):
    """The same, with --json. Returns what it prints and the object that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'numbers.json')
        printed = run(name, *arguments, '--json', path)
        return printed, json.loads(path.read_text(encoding='utf-8'), parse_constant=refuse_constant)


def mnist():
    """Options for MNIST; leaves where it is not there."""
    if not any(MNIST.glob('train-images-idx3-ubyte*')):
        print(f'skipped: MNIST is not in {MNIST}')
        sys.exit(SKIPPED)
    return ['--data', MNIST]


# ---- the lesson ------------------------------------------------------------------------


def check_order(text, *words):
    at = 0
    for word in words:
        at = text.find(word, at)
        expect(at >= 0, f'{word} is not printed, or not in its place')
        at += len(word)


def check_times(times):
    expect(set(times) == {'average', 'min', 'max'}, f'times are {times}')
    expect(0 < times['min'] <= times['average'] <= times['max'], f'times are {times}')


def check_lesson(printed, o):
    """What holds whatever the data are."""
    statistics = ('train_mean train_std valid_mean valid_std w1_mean w1_std lin_mean lin_std '
                  'relu_mean relu_std mse').split()
    for key in statistics:
        expect(isinstance(o[key], (int, float)), f'{key} is {o[key]}')
    near('w1_mean', o['w1_mean'], 0, 2e-3)
    near('w1_std', o['w1_std'], math.sqrt(2 / o['m']), 1e-3)
    near('lin_std', o['lin_std'], 1, 0.3)
    expect(len(o['gradient_of_square']) == 10, 'ten derivatives are wanted')
    for i, slope in enumerate(o['gradient_of_square']):
        near(f'gradient_of_square[{i}]', slope, 2 * (0.1 * i), math.ulp(0.2 * i))
    near('gradient_at_3_14', o['gradient_at_3_14'], -3.0501623, 1e-6)
    near('gradient_at_3_14_f64', o['gradient_at_3_14_f64'], -3.0501709745384, 1e-12)
    expect(o['mse_inner_value'] == 7.5, f'mse_inner_value is {o["mse_inner_value"]}')
    expect(o['mse_inner_gradient'] == [0.5, 1, 1.5, 2], f'{o["mse_inner_gradient"]}')
    expect(0 <= o['max_relative_difference'] <= 1e-5, f'{o["max_relative_difference"]}')
    for key in 'forward_10k_ms', 'by_hand_60k_ms', 'by_tape_60k_ms', 'by_slices_60k_ms':
        check_times(o[key])
    expect(0 < o['loss_last'] < o['loss_first'], f'loss {o["loss_first"]} to {o["loss_last"]}')
    check_order(printed, 'square(_:)', 'mean(_:)', 'square(_:)', '∇mean(_:)',  # each by itself
                'square_vwc', 'mean_vwc', 'mean_chain', 'square_chain',        # with chainers
                'square([4]) -> [4]', 'mean([4]) -> []',                       # by tape
                'pullback of mean([4]) -> []', 'pullback of square([4]) -> [4]')


def test_fully_connected():
    printed, o = run_json('fully_connected', *SMALL, '--epochs', 1, '--repeat', 2)
    expect((o['n'], o['m'], o['c']) == (2000, 784, 10), f'n, m, c = {o["n"]}, {o["m"]}, {o["c"]}')
    near('valid_mean', o['valid_mean'], 0, 0.1)
    near('valid_std', o['valid_std'], 1, 0.1)
    check_lesson(printed, o)
    check_bar('fully_connected', *SMALL, '--epochs', 1, '--repeat', 1)


def test_fully_connected_mnist():
    options = ['--repeat', 1, '--epochs', 1] if QUICK else []
    printed, o = run_json('fully_connected', *mnist(), *options)
    expect((o['n'], o['m'], o['c']) == (60000, 784, 10), f'n, m, c = {o["n"]}, {o["m"]}, {o["c"]}')
    near('train_mean', o['train_mean'], 0.1306605, 1e-6)
    near('train_std', o['train_std'], 0.3081078, 1e-6)
    near('valid_mean', o['valid_mean'], 0.00602, 1e-4)
    near('valid_std', o['valid_std'], 1.0077, 1e-4)
    check_lesson(printed, o)


def check_bar(name, *arguments):
    """On a terminal there is a bar from the start, with rate, loss and time left, and at the end there is none."""
    master, slave = pty.openpty()
    command = [str(PROGRAMS / name), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        shown = b''
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    expect(process.returncode == 0, f'{name} ended with {process.returncode} on a terminal')
    bars = shown.decode().replace('\r', '\x1b[K').split('\x1b[K')
    bars = [text for text in bars if text]
    expect(bars[0] == '  training [' + 20 * ' ' + ']   0 %', f'the first bar is {bars[0]!r}')
    form = r'  training \[#* *\] +\d+ %  \d+ images/s  loss \d+\.\d{4}  \d+:\d\d left'
    for text in bars[1:]:
        expect(re.fullmatch(form, text), f'a bar is {text!r}')
    expect(len(bars) > 1, 'the bar is drawn once only')
    expect(shown.endswith(b'\r\x1b[K'), f'the bar stays: {shown[-80:]!r}')


# ---- the others ------------------------------------------------------------------------


def test_mnist_classifier():
    _, o = run_json('mnist_classifier', *SMALL, '--epochs', 20)
    expect(set(o) >= {'test_accuracy', 'seconds'}, f'the keys are {sorted(o)}')
    expect(0.9 <= o['test_accuracy'] <= 1, f'test_accuracy is {o["test_accuracy"]}')
    one, two = (run_json('mnist_classifier', *SMALL, '--epochs', 1, '--seed', 7, '--threads', n)[1]
                for n in (1, 3))
    expect(one['test_accuracy'] == two['test_accuracy'], 'one seed, two results')
    check_bar('mnist_classifier', *SMALL, '--epochs', 1)


def test_mnist_classifier_mnist():
    _, o = run_json('mnist_classifier', *mnist(), *(['--epochs', 3] if QUICK else []))
    expect(o['test_accuracy'] >= (0.95 if QUICK else 0.97), f'accuracy is {o["test_accuracy"]}')
    expect(QUICK or o['seconds'] < 60, f'it took {o["seconds"]} seconds')


def test_convolutional():
    few = ['--train', '1000', '--test', '300']
    printed, o = run_json('convolutional', *few, '--epochs', 3)
    expect(set(o) >= {'test_accuracy', 'seconds'}, f'the keys are {sorted(o)}')
    expect(0.8 <= o['test_accuracy'] <= 1, f'test_accuracy is {o["test_accuracy"]}')
    check_order(printed, 'epoch   3', 'taken for', 'the filters of the first layer', 'after ')
    one, two = (run_json('convolutional', *few, '--epochs', 1, '--seed', 7, '--threads', n)[1]
                for n in (1, 3))
    expect(one['test_accuracy'] == two['test_accuracy'], 'one seed, two results')
    check_bar('convolutional', *few, '--epochs', 1)


def test_convolutional_mnist():
    _, o = run_json('convolutional', *mnist(), '--epochs', 1 if QUICK else 4)
    expect(o['test_accuracy'] >= (0.97 if QUICK else 0.988), f'accuracy is {o["test_accuracy"]}')
    expect(QUICK or o['seconds'] < 180, f'it took {o["seconds"]} seconds')


def test_custom_op():
    printed = run('custom_op')
    check_order(printed, 'check_op: wrong_huber([', 'differences give',
                'only through round at ', 'custom_op.c:', ', which has no derivative',
                'pullback of acos([2]) at ', 'custom_op.c:', ': the slope at x[1] = 1 is infinite', 'no cosine')


def test_event_loop():
    command = [str(PROGRAMS / 'event_loop'), '--epochs', '1000000']
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        p.stdin.write('\n')
        p.stdin.flush()
        lines = [p.stdout.readline() for _ in range(4)]  # ticks, and an answer among them
        p.stdin.write('q')
        p.stdin.flush()
        lines += p.stdout.readlines()
    expect(p.returncode == 0, f'it ended with {p.returncode}')
    expect(any(line.startswith('asked: step ') for line in lines), f'no answer: {lines}')
    expect(any(line.startswith('tick: step ') for line in lines), f'no tick: {lines}')
    lines = run('event_loop', '--epochs', 20 if QUICK else 300, stdin=subprocess.DEVNULL).splitlines()
    first, last = map(float, lines[-1].removeprefix('loss from ').split(' to '))
    expect(0 < last < (1 if QUICK else 0.1) * first, f'loss from {first} to {last}')
    expect(lines[-2].startswith('20 ' if QUICK else '300 '), lines[-2])
    print(lines[-2])


def test_long_recurrence():
    lines = run('long_recurrence', '--epochs', 5 if QUICK else 40).splitlines()
    expect('memory ran out' in lines[0], lines[0])
    plain = int(re.search(r'(\d+) bytes', lines[1])[1])
    used, budget = map(int, re.search(r'(\d+) bytes of (\d+)', lines[-1]).groups())
    expect(used <= budget < plain / 10, f'{used} of {budget} bytes, {plain} without checkpoints')
    losses = [float(line.split()[-1]) for line in lines if line.startswith('step')]
    expect(losses[0] == float(re.search(r'loss ([0-9.]+)', lines[1])[1]), 'the losses differ')
    expect(losses[-1] < (0.8 if QUICK else 0.05) * losses[0], f'losses {losses}')
    print(lines[-1])


def numbers_of(line):
    return [float(n) for n in re.findall(r'-?[0-9]+\.[0-9]+', line)]


def test_gradient_penalty():
    lines = run('gradient_penalty', *(['--epochs', 200] if QUICK else [])).splitlines()
    expect(lines[0].endswith('numbers of the gradient agree with differences'), lines[0])
    first, last = numbers_of(lines[1]), numbers_of(lines[-1])
    near('distance', last[0], 2.5, 0.6 if QUICK else 0.05)
    expect(last[1] < (0.1 if QUICK else 0.01) * first[1], f'penalty from {first[1]} to {last[1]}')


def test_kalman():
    lines = run('kalman').splitlines()
    expect(lines[0] == '4 numbers of the gradient agree with differences', lines[0])
    steps = [numbers_of(line)[0] for line in lines if line.startswith('step')]
    expect(8 <= len(steps) <= 25 and steps == sorted(steps, reverse=True), f'-log p {steps}')
    table = lines.index('                fit   deviation   truth') + 1
    for line in lines[table:table + 4]:
        fit, deviation, truth = numbers_of(line)
        expect(0 < deviation < 0.35 * truth, line)
        near(line, fit, truth, 2.5 * deviation)
    chart = [line[3:] for line in lines if line.startswith('  |')]
    expect(len(chart) == 21 and {len(row) for row in chart} == {61}, f'the chart is {chart}')
    for mark in '.o*':
        expect(''.join(chart).count(mark) > 30, f'{mark} is missing')
    seen, guessed, fitted = numbers_of(lines[-1])
    expect(fitted < 0.8 * guessed < 0.8 * seen, lines[-1])


def test_lstm():
    printed, o = run_json('lstm')
    lines = printed.splitlines()
    errors = [numbers_of(line)[0] for line in lines if line.startswith('steps')]
    expect(len(errors) == 20 and errors[0] > 0.16, f'squared errors {errors}')
    near('the first error', o['first_error'], errors[0], 1e-5)
    expect(o['error'] < 0.004, f'squared error {o["error"]}, always saying 1 has 1/6')
    expect(o['longer_error'] < 0.04, f'squared error {o["longer_error"]} of longer sequences')
    for line, name in zip(lines[-2:], ('error', 'longer_error')):
        near(line, numbers_of(line)[0], o[name], 1e-5)
    chart = [line[6:] for line in lines if re.match(r' *[0-9.]+ \|', line)]
    expect(len(chart) == 21 and {len(row) for row in chart} == {41}, f'the chart is {chart}')
    places = [(row, column) for row, marks in enumerate(reversed(chart))
              for column, mark in enumerate(marks) if mark == 'o']
    expect(len(places) > 40 and all(abs(2 * row - column) <= 8 for row, column in places), f'the chart is {chart}')


def test_meta_learning():
    lines = run('meta_learning', *(['--epochs', 100] if QUICK else [])).splitlines()
    (_, first), (_, last) = numbers_of(lines[0]), numbers_of(lines[-1])
    expect(last < (0.8 if QUICK else 0.2) * first, f'loss after training from {first} to {last}')


def test_newton():
    lines = run('newton').splitlines()
    fit = lines.index('O-rings: a logistic model of 23 flights')
    expect(fit == 10, f'{fit - 3} steps in the valley, not 7')
    at = numbers_of(lines[fit - 1])
    near('x', at[0], 1, 1e-9)
    near('y', at[1], 1, 1e-9)
    near('f', numbers_of(lines[2])[0], 4.731884, 1e-6)  # of the first step, published
    last = lines[fit + 1:]
    near('steps of the fit', [line.split()[0] for line in last].count('step'), 6, 2)
    for line in last[-4:-1]:
        numbers = numbers_of(line)
        middle = len(numbers) // 2
        for mine, published in zip(numbers[:middle], numbers[middle:]):
            near(line, mine, published, 5e-4 if middle == 1 else 1e-4)
    near('probability', numbers_of(last[-1])[0], 0.9996, 1e-4)


def test_pde():
    lines = run('pde').splitlines()
    square = lines.index('a square, lambda = 6')
    for part in lines[:square], lines[square:]:
        sizes = [float(line.split()[4]) for line in part if line.startswith('step')]
        expect(len(sizes) < 8 and sizes[-1] < 1e-15 and sizes[-2] < 1e-9, f'residuals {sizes}')
    middle = [numbers_of(line)[-1] for line in lines[:square] if line.startswith('step')][-1]
    near('u in the middle', middle, 0.328952421, 1e-6)  # published, for lambda = 2
    near('error', numbers_of(lines[square - 1])[-1], 0.089, 0.01)  # in squares of the step
    picture = lines[-19:]
    expect(picture == picture[::-1] == [line[::-1] for line in picture], 'the picture is not symmetric')


def test_bundle():
    lines = run('bundle').splitlines()
    errors = [numbers_of(line)[0] for line in lines if line.startswith('step')]
    expect(errors[0] > 50 and errors == sorted(errors, reverse=True), f'errors {errors}')
    near('error at the end', errors[-1], 0.5 * math.sqrt(1 - (132 - 7) / 360), 0.05)  # of the noise, seven numbers free
    cameras = [numbers_of(line) for line in lines[lines.index('camera   error before   after') + 1:]]
    expect(len(cameras) == 6 and all(before > 40 and after < 0.6 for before, after in cameras), f'{cameras}')


def test_gaussian_process():
    lines = run('gaussian_process').splitlines()
    steps = [numbers_of(line) for line in lines if line.startswith('step')]
    surprises = [at[0] for at in steps]
    expect(5 <= len(steps) <= 15 and surprises == sorted(surprises, reverse=True), f'steps {steps}')
    near('noise', steps[-1][-1], 0.2, 0.06)
    chart = [line[7:] for line in lines if re.match(r' *-?[0-9.]+ \|', line)]
    expect(len(chart) == 16 and {len(row) for row in chart} == {61}, f'the chart is {chart}')
    expect(20 <= ''.join(chart).count('o') <= 30, 'observations are missing')
    for column in range(61):
        marks = ''.join(row[column] for row in chart)
        expect(set(marks) & set('*o.'), f'column {column} is empty')
    within, points = map(int, re.findall('[0-9]+', lines[-2]))
    expect(points == 61 and within >= 55, lines[-2])
    seen, gap = numbers_of(lines[-1])
    expect(gap > 1.3 * seen > 0, lines[-1])


def test_ode():
    lines = run('ode').splitlines()
    steps = [numbers_of(line)[0] for line in lines if line.startswith('step')]
    expect(steps == sorted(steps, reverse=True), f'misfits {steps}')
    near('misfit at the end', steps[-1], (2 * 21 - 6) / 2, 9)  # its mean, and some two deviations
    table = lines.index('          start      fit    truth') + 1
    for line in lines[table:table + 6]:
        _, fit, truth = numbers_of(line)
        near(line, fit, truth, 0.12 * truth)
    chart = [line[6:] for line in lines if re.match(r' +[0-9]+ \|', line)]
    expect(len(chart) == 15 and {len(row) for row in chart} == {61}, f'the chart is {chart}')
    drawn = ''.join(chart)
    expect(drawn.count('H') >= 19 and drawn.count('L') >= 19, 'years are missing')
    columns = [i for row in chart for i, mark in enumerate(row) if mark in 'HL']
    expect(all(column % 3 == 0 for column in columns), f'years in columns {columns}')


def test_option():
    lines = run('option').splitlines()
    expect(len(lines) == 18, f'{len(lines)} lines')
    for name in 'price', 'delta', 'gamma', 'vega', 'rho', 'theta':
        rows = [numbers_of(line) for line in lines if line.startswith(name)]
        expect(len(rows) == 2, f'{len(rows)} of {name}')
        for paths, error, closed in rows:
            expect(0 < error < 0.2 * abs(closed), f'{name}: error {error} of {closed}')
            near(name, paths, closed, 4 * error)
    call = [numbers_of(line)[2] for line in lines[4:10]]
    d = (math.log(100 / 105) + 0.03) / 0.2 + 0.1  # by hand
    density, below = math.exp(-d * d / 2) / math.sqrt(2 * math.pi), lambda z: math.erfc(-z / math.sqrt(2)) / 2
    for mine, known in zip(call[1:4], (below(d), density / 20, 100 * density)):
        near('a Greek of the closed form', mine, known, 1e-4)


def test_option_surface():
    lines = run('option_surface', '--threads', 3).splitlines()
    sizes = re.fullmatch(r'price: (\d+) operations; with 5 Greeks (\d+), ([0-9.]+) x the cost', lines[1])
    expect(sizes and 2 * int(sizes[1]) < int(sizes[2]) and 2 < float(sizes[3]) < 6, lines[1])
    expect(re.fullmatch(r'price and Greeks of a point: \d+ ns alone, \d+ ns with 3 threads', lines[2]), lines[2])
    at = {name: lines.index(name) for name in ('price, by expiry and spot', 'delta', 'gamma')}
    closed = [numbers_of(line)[2] for line in run('option').splitlines()[12:15]]
    for name, known in zip(at, closed):  # at spot 100 and one year, as the other example has it
        row = [float(n) for n in lines[at[name] + 5].split()]
        expect(row[0] == 1, f'{row} is not the row of one year')
        near(name, row[3], known, 1e-4)


def test_profile():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'stacks.txt')
        lines = run('profile', '--epochs', 3, '--stacks', path).splitlines()
        stacks = path.read_text(encoding='utf-8').splitlines()
    expect(lines[0].split() == 'share forward ms calls pullback ms calls MB operation'.split(), lines[0])
    rows = [re.fullmatch(r' *([0-9.]+)%((?: +(?:[0-9.]+|-)){5})  (.+)', line) for line in lines[1:]]
    expect(all(rows), f'a row of another form: {lines}')
    places = [re.sub(r'at \S*/', 'at ', row[3]) for row in rows]
    for place in (r'dense at profile\.c:\d+', r'checkpoint at profile\.c:\d+',
                  r'softmax_cross_entropy at profile\.c:\d+', 'all',
                  r'matmul at profile\.c:\d+, within pullback of checkpoint at profile\.c:\d+'):
        expect(any(re.fullmatch(place, p) for p in places), f'{place} is not among {places}')
    shares = [float(row[1]) for row in rows]
    expect(shares[:-1] == sorted(shares[:-1], reverse=True) and shares[-1] == 100, f'shares {shares}')
    near('sum of the shares', sum(shares[:-1]), 100, 0.05 * len(shares))
    for line in stacks:
        expect(re.fullmatch(r'((forward|pullback);[^; ]+\.c:\d+;\w+;?)+ \d+', line), f'a stack is {line!r}')
    expect(any(re.match(r'pullback;[^;]+;checkpoint;pullback;[^;]+;tanh ', line) for line in stacks),
           f'nothing within a checkpoint: {stacks}')


def digest_of(line):
    return re.search(r'digest ([0-9a-f]{16})$', line)[1]


def test_exchange():
    expect(run('exchange') == 'weights there and back: the outputs differ by 0\n', 'weights have changed')
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'given.safetensors')
        expect_one_line('one file alone', 'exchange', path)
        expect_one_line('no file', 'exchange', path, path)
        path.write_bytes(struct.pack('<Q', 8) + b'{}      ')
        expect_one_line('a file without weights', 'exchange', path, path)
    bare = subprocess.run([sys.executable, '-I', '-S', SOURCE / 'examples/exchange.py'], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    expect(bare.returncode == 1 and bare.stderr.endswith('is not installed: pip install numpy safetensors\n'),
           f'without its packages exchange.py says {bare.stderr}')


def test_resume():
    lines = run('resume').splitlines()
    expect(lines[-1] == 'the same bits' and len(lines) == 6, f'{lines}')
    digests = [digest_of(line) for line in lines[1:-1]]
    expect(digests[0] == digests[3] and len(set(digests)) == 3, f'digests {digests}')
    expect(all('step 300 ' in lines[i] for i in (1, 4)), f'{lines}')
    near('the loss', numbers_of(lines[1])[0], 0.3, 0.3)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'run.safetensors')
        for stop in 7, 90, 180:
            printed = run('resume', '--state', path, '--stop', stop)
            expect(f'stopped:               step {stop} ' in printed, printed)
        last = run('resume', '--state', path).splitlines()[-1]
        expect(digest_of(last) == digests[0], f'{last}, without a stop {lines[1]}')
        expect([p.name for p in pathlib.Path(folder).iterdir()] == [path.name], 'other files are left')
        expect_one_line('other data', 'resume', '--state', path, '--train', 500)
        path.write_bytes(path.read_bytes()[:-1])
        expect_one_line('a file that is cut', 'resume', '--state', path)
        expect_one_line('no file', 'resume', '--state', folder)
        expect_one_line('no folder', 'resume', '--state', pathlib.Path(folder, 'none', 'run'))
    expect_one_line('a stop after the end', 'resume', '--stop', 301)
    expect_one_line('a batch that is too large', 'resume', '--batch', 1001)


def test_scalar():
    lines = run('scalar').splitlines()
    numbers = [float(line.split()[-1]) for line in lines]
    expect(len(numbers) == 12, f'{len(numbers)} lines, not 12')
    for i in range(10):
        near(lines[i], numbers[i], 2 * (0.1 * i), math.ulp(0.2 * i))
    near(lines[10], numbers[10], -3.0501709745384, 1e-12)
    near(lines[11], numbers[11], -3.0501623, 1e-6)


def test_symbolic_order():
    lines = run('symbolic_order').splitlines()
    rows = [line for line in lines if re.search(r'(-?[0-9.e+-]+) +(-?[0-9.e+-]+)$', line)]
    expect(len(rows) == 4 * 5 + 4 + 4, f'{len(rows)} rows of numbers')
    for row in rows:
        found, known = map(float, row.split()[-2:])
        near(row, found, known, 1e-12 * max(1, abs(known)))
    near('the fourth cumulant', numbers_of(next(l for l in lines if l.startswith('fourth')))[0], 3 + 2 * 6 / 16, 0)
    expect(sum(bool(re.match(r'    v\d+ = ', line)) for line in lines) < 30, 'the derivative is long')


def test_transformer():
    printed, o = run_json('transformer', '--epochs', 2 if QUICK else 12)
    expect(o['written'] in printed and o['written'].startswith('What the '), 'nothing is written')
    expect(len(o['written']) == 400 and '?' * 9 not in o['written'], f'it writes {o["written"]!r}')
    expect(o['loss'] < (0.8 if QUICK else 0.15) * o['first_loss'], f'loss from {o["first_loss"]} to {o["loss"]}')
    words = sum(word in 'brillig forests crocodile through hand tears night and the What'.split()
                for word in o['written'].split())
    expect(QUICK or words > 5, f'no words that it has read: {o["written"]!r}')


# ---- what is generated as C ------------------------------------------------------------


def upright(printed):
    """What the controller prints, in which the pendulum ends upright."""
    lines = printed.splitlines()
    expect(len(lines) == 7 and lines[0].startswith('0.0 s: angle 0.500'), f'it prints {printed!r}')
    near(lines[-1], float(re.search(r'angle (.*),', lines[-1])[1]), 0, 0.1)
    return printed


def test_generated():
    upright(run('generated/controller'))


def skip(why):
    print(f'skipped: {why}')
    sys.exit(SKIPPED)


def done(*command, **how):
    """Must end well. Returns what it prints."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **how)
    if result.returncode == SKIPPED:
        skip(result.stdout.strip().removeprefix('skipped: '))
    expect(result.returncode == 0, f'{command} ended with {result.returncode}: {result.stdout}')
    return result.stdout


def test_mpc():
    lines = run('mpc/mpc').splitlines()
    rows = [numbers_of(line) for line in lines if ' deg ' in line]
    expect(len(rows) == 21, f'there are {len(rows)} rows')
    position, angle, _ = rows[-1][-3:]
    near('where the cart ends', position, 0, 0.05)
    near('how the pole stands', angle, 0, 1)
    near('how far it leaned', int(re.search(r'by ([0-9]+) degrees', lines[-1])[1]), 18, 5)


def test_generated_cmake():
    here = SOURCE / 'examples/generated'
    library = PROGRAMS.parent.resolve()
    for tool in 'cmake', 'pkg-config':
        if not shutil.which(tool):
            skip(f'no {tool}')
    if QUICK:
        skip('an instrumented library is not for others')
    with tempfile.TemporaryDirectory() as folder:
        module = pathlib.Path(folder) / 'adze.pc'
        module.write_text(f'Name: adze\nDescription: not installed\nVersion: 0\nCflags: -I{SOURCE / "include"}\n'
                          f'Libs: -L{library} -ladze\n', encoding='utf-8')
        environment = {**os.environ, 'PKG_CONFIG_PATH': folder, 'LD_LIBRARY_PATH': str(library)}
        done('cmake', '-S', here, '-B', folder, env=environment)
        done('cmake', '--build', folder, env=environment)
        expect(done(f'{folder}/controller') == run('generated/controller'), 'cmake makes another controller')


def test_generated_firmware():
    printed = upright(done(SOURCE / 'examples/generated/firmware/run', PROGRAMS / 'generated', timeout=200))
    expect(printed == run('generated/controller'), 'the Cortex-M4 computes other digits')


# ---- bad input -------------------------------------------------------------------------


def idx(*extents, numbers=None, kind=8):
    count = math.prod(extents)
    return struct.pack(f'>HBB{len(extents)}I', 0, kind, len(extents), *extents) + \
        bytes(numbers or (i % 10 for i in range(count)))


GOOD = {'train-images-idx3-ubyte': idx(20, 28, 28), 'train-labels-idx1-ubyte': idx(20),
        't10k-images-idx3-ubyte': idx(10, 28, 28), 't10k-labels-idx1-ubyte': idx(10)}
IMAGES, LABELS = 'train-images-idx3-ubyte', 'train-labels-idx1-ubyte'


def bad_data():
    """Pairs of what is wrong and the files of a folder; None leaves a file out."""
    yield 'an empty folder', dict.fromkeys(GOOD)
    yield 'a missing file', {LABELS: None}
    yield 'an empty file', {IMAGES: b''}
    yield 'a wrong magic number', {IMAGES: b'\x89PNG' + GOOD[IMAGES]}
    yield 'a truncated file', {IMAGES: GOOD[IMAGES][:-5]}
    yield 'truncated gzip', {IMAGES: None, IMAGES + '.gz': gzip.compress(GOOD[IMAGES])[:-12]}
    yield 'more labels than images', {LABELS: idx(21)}
    yield 'labels in place of images', {IMAGES: idx(20)}
    yield 'no images to train with', {IMAGES: idx(0, 28, 28), LABELS: idx(0)}
    yield 'no images to test with', {'t10k-images-idx3-ubyte': idx(0, 28, 28),
                                     't10k-labels-idx1-ubyte': idx(0)}
    yield 'images of another size', {'t10k-images-idx3-ubyte': idx(10, 28, 27)}


def bad_options(name):
    yield ['--no-such-option']
    yield ['-x']
    yield ['stray']
    if name == 'custom_op':
        return
    yield ['--data']
    yield ['--data', '/no/such/directory']
    yield ['--data', __file__]
    for text in 'many', '3x', '0', '-1', '1.5', '', '99999999999999999999':
        yield ['--epochs', text]
    for text in '0', 'two', '1000':
        yield ['--threads', text]
    for text in 'fast', '0', '-0.1', 'nan', 'inf', '':
        yield ['--rate', text]
    yield ['--json', '/no/such/directory/numbers.json', '--epochs', 10 ** 9]  # before the work
    for option in '--train', '--test':
        yield ['--data', '/usr', option, 100]
    yield ['--train', 2 ** 62]


def expect_one_line(what, name, *arguments):
    result = call(name, *arguments)
    expect(result.returncode == 1, f'{name}, {what}: exit status {result.returncode}')
    expect(result.stderr.count('\n') == 1 and result.stderr.startswith('error: '),
           f'{name}, {what}: not one clear line: {result.stderr!r}')
    print(f'{name}, {what}: {result.stderr}', end='')


def write_folder(folder, files):
    for file, content in {**GOOD, **files}.items():
        if content is not None:
            pathlib.Path(folder, file).write_bytes(content)
    return folder


def test_bad_input():
    for name in 'fully_connected', 'mnist_classifier', 'custom_op':
        for arguments in bad_options(name):
            expect_one_line(' '.join(map(str, arguments)), name, *arguments)
        for option in '--help', '-h':
            expect('usage: ' in run(name, option), f'{name} {option} does not help')
    expect_one_line('stacks into no folder', 'profile', '--stacks', '/no/such/directory/stacks')
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            result = subprocess.run([str(PROGRAMS / 'scalar')], stdout=full, stderr=subprocess.PIPE,
                                    text=True, check=False)
        expect(result.returncode == 1 and result.stderr.startswith('error: '),
               f'output to a full disk ended with {result.returncode}: {result.stderr!r}')
    for name in ('scalar', 'newton', 'bundle', 'ode', 'option', 'option_surface', 'gaussian_process', 'kalman',
                 'pde', 'symbolic_order'):
        expect_one_line('an option of none', name, '--epochs', 3)
    for name in 'fully_connected', 'mnist_classifier':
        for what, files in bad_data():
            with tempfile.TemporaryDirectory() as folder:
                expect_one_line(what, name, '--data', write_folder(folder, files))
        expect_one_line('a rate too high', name, *SMALL, '--epochs', 1, '--rate', 1e20)
        with tempfile.TemporaryDirectory() as folder:  # what the others are variations of
            run(name, '--data', write_folder(folder, {}), '--epochs', 1)
    with tempfile.TemporaryDirectory() as folder:
        for name in 'mnist_classifier', 'convolutional':
            expect_one_line('a label of 10', name, '--data',
                            write_folder(folder, {LABELS: idx(20, numbers=[10] * 20)}))


def main():
    case = globals().get('test_' + sys.argv[1]) if len(sys.argv) == 2 else None
    if not case:
        sys.exit(__doc__)
    try:
        case()
    except Failure as failure:
        sys.exit(f'failed: {failure}')


main()
