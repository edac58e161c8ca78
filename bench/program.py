"""adze-bench as a command: where a build folder has it, which cases it knows, how it is called."""
import json
import subprocess
import sys


def fail(text):
    sys.exit(f'error: {text}')


def reason(status, errors):
    """Why a program failed: what it says on stderr in the end, or how it ended."""
    how = f'it ended by signal {-status}' if status < 0 else f'it ended with {status}'
    return (errors.strip().splitlines() or [how])[-1].removeprefix('error: ')


def in_build(folder):
    """The program of a build folder, or the end of this one."""
    if not folder.is_dir():
        fail(f'{folder} is not a folder')
    path = folder / 'bench/adze-bench'
    if not path.is_file():
        fail(f'{folder} has no bench/adze-bench: it is built with -Dbench=enabled')
    return path


def build_type(folder):
    """release, debug, ...: what meson was told."""
    try:
        text = (folder / 'meson-info/intro-buildoptions.json').read_text(encoding='utf-8')
        return next(o['value'] for o in json.loads(text) if o['name'] == 'buildtype')
    except (OSError, ValueError, KeyError, StopIteration):
        return 'unknown'


def command(o, program, path, pattern):
    """Runs the cases whose names match, as the options of the suite say; figures go into path."""
    return [str(program), '--json', str(path), '--min-time', str(o.min_time),
            '--threads', ','.join(map(str, o.threads)), '--filter', pattern,
            *(['--smoke'] if o.smoke else [])]


def names(program, pattern):
    """Names of the cases that match, in the order in which they run."""
    try:
        done = subprocess.run([program, '--list', '--filter', pattern], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        fail(f'{program} cannot be run: {error.strerror}')
    if done.returncode:
        fail(f'{program} does not list its cases: {reason(done.returncode, done.stderr)}')
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


def report(program, path):
    """What a run wrote into path."""
    try:
        written = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        written = {}
    if not written.get('cases'):
        fail(f'{program} ended well, but wrote no report')
    return written
