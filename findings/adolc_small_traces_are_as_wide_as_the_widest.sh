#!/bin/sh
# ADOL-C 2.7.2 (Debian's libadolc-dev 2.7.2-6): once a program has had many adoubles alive at a time, each later
# trace says that it needs as many, although they are gone and it has three.
#
# A trace records the size of the store of all adoubles as its number of live variables, and the store never
# shrinks. Drivers such as gradient() allocate arrays of that length. So a program that differentiates
# one large function, and then a small one a million times, pays for the large one each time; in a fresh process
# the same small trace has 4.
#
# Seen, NUM_MAX_LIVES of a trace of one product, by tapestats: 4 before a vector of a million adoubles, which
# is gone by then, and 1048576 after it. The numbers of operations are the same.
# Needs: apt-get with Debian 12's packages, g++.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

apt-get download -qq libadolc-dev=2.7.2-6 libadolc2=2.7.2-6 >log 2>&1 || { cat log >&2; exit 2; }
for package in ./*.deb; do
    dpkg -x "$package" package
done
library=$(dirname "$(find package -name libadolc.so | head -n 1)")

cat >traces.cpp <<'P'
#include <adolc/adolc.h>
#include <cstdio>
#include <vector>

static void square(short tag)
{
    double y;
    size_t counts[STAT_SIZE];
    trace_on(tag);
    {
        adouble x, z;
        x <<= 3.0;
        z = x * x;
        z >>= y;
    }
    trace_off();
    tapestats(tag, counts);
    std::printf("%zu lives, %zu operations\n", counts[NUM_MAX_LIVES], counts[NUM_OPERATIONS]);
}

int main()
{
    square(1);
    {
        std::vector<adouble> many(1000000);
        for (adouble &a : many)
            a = 1.0;
    }
    square(2);
}
P
g++ -std=c++17 -w -Ipackage/usr/include traces.cpp -o traces -L"$library" -Wl,-rpath,"$PWD/$library" \
    -ladolc >log 2>&1 || { cat log >&2; exit 2; }
./traces | tee seen
printf '4 lives, 8 operations\n1048576 lives, 8 operations\n' >expected
cmp -s expected seen || { echo 'changed: not what was seen' >&2; exit 1; }
