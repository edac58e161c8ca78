"""What the headers of operations, include/adze/ops/*.h, declare: for the scripts that need it."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPS = ROOT / 'include/adze/ops'
PATTERN = re.compile(
    r'/\* ---- (?P<section>.*?) -+ \*/|(?P<comment>/\*.*?\*/)(?P<gap>\n*)|'
    r'AD_API (?:AD_MUST_USE )?(?P<result>\w+) (?P<name>ad_\w+)\((?P<parameters>[^)]*)\);[ \t]*(?P<own>/\*.*?\*/)?|'
    r'(?P<blank>\n[ \t]*\n)', re.S)


def families():
    """The names of the headers, in the order of ops.h, without the one that is generated."""
    names = re.findall(r'"adze/ops/(\w+)\.h"', (ROOT / 'include/adze/ops.h').read_text())
    return [name for name in names if name != 'calls']


def words(comment):
    """A comment's words, without its stars; paragraphs stay apart."""
    lines = [re.sub(r'^\s*\*? ?', '', line) for line in comment.strip()[2:-2].split('\n')]
    paragraphs = re.split(r'\n\s*\n', '\n'.join(lines).strip())
    return '\n\n'.join(' '.join(p.split()) for p in paragraphs)


def parameter(text):
    """('const ad_tensor *', 'x') of "const ad_tensor *x"."""
    kind, name = re.fullmatch(r'(.*?)(\w+)', ' '.join(text.split())).groups()
    return kind.strip(), name


def functions(family):
    """(introduction, [(section, remark, [function])]).

    A function has name, result, parameters and text.
    """
    header = (OPS / f'{family}.h').read_text()
    introduction = words(header[:header.index('*/') + 2])
    sections, before, titled = [], '', False
    for m in PATTERN.finditer(header, header.index('*/') + 2):
        if m['section']:
            sections.append((m['section'], [], []))
            before, titled = '', True
        elif m['comment'] and titled and m['gap'] != '\n':
            sections[-1][1].append(words(m['comment']))
        elif m['comment']:
            before = words(m['comment']) if m['gap'] == '\n' else ''
        elif m['blank']:
            before, titled = '', False
        elif m['name']:
            sections[-1][2].append({
                'name': m['name'],
                'result': m['result'],
                'parameters': [parameter(p) for p in m['parameters'].split(',')],
                'text': words(m['own']) if m['own'] else before,
            })
            before, titled = ('' if m['own'] else before), False
    found = sum(len(s[2]) for s in sections)
    if found != header.count('AD_API '):
        declared = header.count('AD_API ')
        raise SystemExit(f'{family}.h: of {declared} declarations {found} can be read')
    return introduction, [(title, ' '.join(remark), found) for title, remark, found in sections]
