#!/bin/sh
# BLIS 0.9.0 (Debian's libblis-pthread-dev 0.9.0-1): a file that does nothing but include <blis.h> calls BLIS,
# libm and even puts when it is compiled without optimisation.
#
# The header defines static (not inline) functions. gcc emits them all at -O0, with what they call; from -O1 on
# it drops those that nobody uses. So a program whose only mention of BLIS is the #include links at -O1 and does
# not at -O0 without -lblis -lm; and a check of a library's symbols ("calls neither puts nor bli_abort") finds
# them in a debug build of code that calls neither.
#
# Seen: bli_abort, bli_thrcomm_barrier, puts, round and others at -O0; nothing at -O1 (gcc 12.2.0).
# Needs: apt-get with Debian 12's packages, gcc, nm.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

apt-get download -qq libblis-pthread-dev=0.9.0-1 >log 2>&1 || { cat log >&2; exit 2; }
dpkg -x libblis-pthread-dev_0.9.0-1_*.deb package
header=$(find package -name blis.h | head -n 1)
[ -n "$header" ] || { echo 'the package has no blis.h' >&2; exit 2; }

printf '#include <blis.h>\nint main(void) { return 0; }\n' >only.c
undefined() { # level
    gcc "-O$1" -I"$(dirname "$header")" -c only.c -o "only$1.o"
    nm -u "only$1.o" | awk '{ print $2 }'
}
at_0=$(undefined 0)
at_1=$(undefined 1)
printf 'blis.h alone needs, at -O0:\n%s\nat -O1: %s\n' "$at_0" "${at_1:-nothing}"

for name in bli_abort puts round; do
    printf '%s\n' "$at_0" | grep -q -x "$name" || { echo "changed: $name is not needed at -O0" >&2; exit 1; }
done
[ -z "$at_1" ] || { echo 'changed: something is needed at -O1' >&2; exit 1; }
