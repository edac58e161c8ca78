/* A program whose file is known byte for byte: tests/io/corpus/fuzz_program/wave, in all builds. */
#ifndef ADZE_TESTS_PROGRAM_BYTES_H
#define ADZE_TESTS_PROGRAM_BYTES_H

#include "idx_bytes.h"

#include <adze.h>

enum { WAVE_INPUTS = 3, WAVE_OUTPUTS = 4 };

static const double wave_x[WAVE_INPUTS] = {0.5, 2, 7};

/* The numbers, lines and names are those of the file. x[2] is not used. */
/* clang-format off */
static inline void wave(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
#line 12 "wave.c"
    if (ad_less(x[0], x[1]))
        y[0] = ad_add(ad_mul(ad_sin(x[0]), 2.5), ad_powi(x[1], 20));
    y[1] = ad_where_less_real(x[1], x[0], y[0], x[1]);
    y[2] = ad_real_constant(-0.0);
    y[3] = x[0];
}
/* clang-format on */

#endif
