/* Vectors of one float type and one instruction set, for files that the build compiles once for each pair. It
 * defines
 *
 *     AD_T        float or double
 *     AD_SET      the instruction set
 *     AD_LANES    numbers in a vector
 *     AD_WIDE     numbers of f64 in a vector
 *
 * Sums of a row are those of 16 lanes, which take its numbers in turn, and then of halves: so their bits are the
 * same for every set. (There is no include guard: it is a part of each of those files.) */
#include "base/cpu.h"
#include "kernels/row_kernel.h"

#define TARGET(set)  TARGET_(set)
#define TARGET_(set) AD_TARGET_##set
#define ON_SET       TARGET(AD_SET)
#define INLINE       ON_SET static inline __attribute__((always_inline))
#define ROUTINE      ON_SET static

#include "kernels/vector.h"

enum { TILE = AD_ROW_LANES, VECTORS = TILE / AD_LANES, SUMS = TILE / AD_WIDE };

typedef double doubles __attribute__((vector_size(AD_WIDE * sizeof(double))));

/* By numbers, as in other places below: of this, compilers make the one instruction that there is. */
INLINE doubles load_doubles(const number *from)
{
    doubles v = {0};
    for (int k = 0; k < AD_WIDE; k++)
        v[k] = (double)from[k];
    return v;
}

/* ---- joining lanes ------------------------------------------------------------------ */

/* Each number of a vector of so many has another at its place, across halves of halves. */
#define TURN_1_2  1, 0
#define TURN_1_4  TURN_1_2, 3, 2
#define TURN_1_8  TURN_1_4, 5, 4, 7, 6
#define TURN_1_16 TURN_1_8, 9, 8, 11, 10, 13, 12, 15, 14
#define TURN_2_4  2, 3, 0, 1
#define TURN_2_8  TURN_2_4, 6, 7, 4, 5
#define TURN_2_16 TURN_2_8, 10, 11, 8, 9, 14, 15, 12, 13
#define TURN_4_8  4, 5, 6, 7, 0, 1, 2, 3
#define TURN_4_16 TURN_4_8, 12, 13, 14, 15, 8, 9, 10, 11
#define TURN_8_16 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7

/* Gives all places of a vector of n the sum of its numbers: halves with halves. */
#define TURNED(half, n) __builtin_shufflevector(v, v, TURN_##half##_##n)
#define ADD_2(n)        v += TURNED(1, n);
#define ADD_4(n)       \
    v += TURNED(2, n); \
    ADD_2(n)
#define ADD_8(n)       \
    v += TURNED(4, n); \
    ADD_4(n)
#define ADD_16(n)      \
    v += TURNED(8, n); \
    ADD_8(n)
#define ADD_LANES(n)  ADD_LANES_(n)
#define ADD_LANES_(n) ADD_##n(n)

INLINE number sum_of(vec v)
{
    ADD_LANES(AD_LANES)
    return v[0];
}

INLINE double sum_of_doubles(doubles v)
{
    ADD_LANES(AD_WIDE)
    return v[0];
}

INLINE double total(doubles lanes[SUMS])
{
    for (int half = SUMS / 2; half; half /= 2)
        for (int k = 0; k < half; k++)
            lanes[k] += lanes[k + half];
    return sum_of_doubles(lanes[0]);
}
