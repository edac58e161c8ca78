#!/bin/sh
# gcc 12.2.0 (Debian's cpp-12 12.2.0-14+deb12u1) does not warn of an unused result under -fsyntax-only.
#
# A call of a function with __attribute__((warn_unused_result)) whose result nobody looks at is a warning when
# code is generated, at every level of optimisation, and no warning when only syntax is checked: gcc finds it
# after parsing, in a pass over functions, which -fsyntax-only leaves out. -Wunused-value, which the parser
# finds, is there in both. clang warns in both. So an editor's or a test's quick look with -fsyntax-only says
# that code is clean which the build then rejects (-Werror).
#
# Seen: -fsyntax-only: only [-Wunused-value]; -S: [-Wunused-result] and [-Wunused-value].
# Needs: apt-get with Debian 12's packages (amd64), and the libraries of gcc.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

apt-get download -qq cpp-12=12.2.0-14+deb12u1 >log 2>&1 || { cat log >&2; exit 2; }
dpkg -x cpp-12_*.deb package
compiler=$(find package -name cc1 | head -n 1)
[ -x "$compiler" ] || { echo 'the package has no cc1' >&2; exit 2; }

cat >unused.c <<'C'
int status(void) __attribute__((warn_unused_result));
int main(void)
{
    status();
    1 + 2;
    return 0;
}
C
warnings() {
    "$compiler" -quiet -Wall "$@" unused.c 2>&1 | grep -o '\[-W[a-z-]*\]' | sort -u | tr '\n' ' '
}
syntax=$(warnings -fsyntax-only)
at_0=$(warnings -O0 -o unused.s)
at_2=$(warnings -O2 -o unused.s)
printf -- '-fsyntax-only: %s\n-O0:           %s\n-O2:           %s\n' "$syntax" "$at_0" "$at_2"

[ "$syntax" = '[-Wunused-value] ' ] || { echo 'changed: the warnings of -fsyntax-only' >&2; exit 1; }
[ "$at_0" = '[-Wunused-result] [-Wunused-value] ' ] || { echo 'changed: the warnings at -O0' >&2; exit 1; }
[ "$at_2" = "$at_0" ] || { echo 'changed: the warnings at -O2' >&2; exit 1; }
