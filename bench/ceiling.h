/* The highest rate of this machine: large square products, one on each thread, by the
 * fastest kernels. */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <stdbool.h>

typedef struct ceiling {
    double gflops;    /* the greatest of those below, all threads together */
    double blis;      /* BLIS as it chooses its kernels itself */
    double chosen;    /* BLIS with the best of all its kernels; 0: not looked for */
    double blis_best; /* the greater of the two */
    double adze;      /* ad_matmul */
    char by[64];      /* who reached it: "adze", "BLIS (zen3)", "BLIS (BLIS_ARCH_TYPE=0)" */
    int arch;         /* BLIS_ARCH_TYPE of chosen; -1: none */
} ceiling;

ceiling ceiling_measure(int threads, bool smoke);

/* What a child of this program does instead of the suite: BLIS chooses its kernels once, from its
 * environment. True: it was asked to, and did. */
bool ceiling_child(int argc, char **argv);

#endif
