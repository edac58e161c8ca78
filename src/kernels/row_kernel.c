/* Work on some rows at once whose numbers lie together, for one float type and one instruction set.
 *
 * The build compiles this file once for each pair and defines AD_ROWS, the kernel's name, and what row_vectors.h
 * needs.
 *
 * Folds have their lanes in registers. One row after another leaves the machine free to join the lanes of one
 * while it works on the next. */
#include "kernels/row_kernel.h"

#include "kernels/elementary.h"
#include "kernels/kernel.h"
#include "kernels/row_vectors.h"
#include "kernels/vanishing.h"

/* Numbers of row r, which are so many: those in whole tiles, and those in the last. */
INLINE number *part_of(const ad_row_extent *e, ad_row_data d, size_t r, bool last)
{
    return last ? (number *)d.rests + r * TILE : (number *)d.rows + r * e->length;
}

INLINE size_t numbers_of(const ad_row_extent *e, bool last)
{
    return last ? (e->whole < e->length ? TILE : 0) : e->whole / TILE * TILE;
}

#define EACH_ROW  for (size_t r = 0; r < e->count; r++)
#define EACH_PART for (int last = 0; last < 2; last++)
#define PART(d)   part_of(e, d, r, last)

/* ---- the greatest and the least ------------------------------------------------------- */

/* The best at each place of a vector, in four of them side by side, so that no comparison waits for the one
 * before; then, of all rows at once, the better of each two numbers, until one is left. The sum tells whether
 * there is a NaN. gcc makes one instruction of the choice by numbers, and two of that by masks; but where
 * vectors are joined, it takes the former to pieces. */
#define EXTREME(name, worst, beats)                                                             \
    INLINE vec joined_##name(vec a, vec b)                                                      \
    {                                                                                           \
        MASK m = a beats b;                                                                     \
        return (vec)(((MASK)a & m) | ((MASK)b & ~m));                                           \
    }                                                                                           \
    INLINE vec better_##name(vec x, vec b)                                                      \
    {                                                                                           \
        vec v = {0};                                                                            \
        for (int k = 0; k < AD_LANES; k++)                                                      \
            v[k] = x[k] beats b[k] ? x[k] : b[k];                                               \
        return v;                                                                               \
    }                                                                                           \
    INLINE vec best_##name(size_t n, const number *x, vec a, vec *sum)                          \
    {                                                                                           \
        vec b = a, c = a, d = a;                                                                \
        for (; n >= 4 * AD_LANES; n -= 4 * AD_LANES, x += 4 * AD_LANES) {                       \
            vec p = load(x), q = load(x + AD_LANES);                                            \
            vec r = load(x + 2 * AD_LANES), s = load(x + 3 * AD_LANES);                         \
            a = better_##name(p, a), b = better_##name(q, b);                                   \
            c = better_##name(r, c), d = better_##name(s, d);                                   \
            *sum += (p + q) + (r + s);                                                          \
        }                                                                                       \
        for (; n > 0; n -= AD_LANES, x += AD_LANES) {                                           \
            a = joined_##name(load(x), a);                                                      \
            *sum += load(x);                                                                    \
        }                                                                                       \
        return joined_##name(joined_##name(a, b), joined_##name(c, d));                         \
    }                                                                                           \
    /* The better of each two numbers; and of those up to a whole tile, which there must be. */ \
    INLINE void halve_##name(size_t n, number *x)                                               \
    {                                                                                           \
        const size_t end = (n + TILE - 1) / TILE * TILE;                                        \
        AD_LOOP_APART for (size_t i = 0; i < end; i++) x[i] =                                   \
            x[2 * i] beats x[2 * i + 1] ? x[2 * i] : x[2 * i + 1];                              \
    }                                                                                           \
    /* Returns the sum of all. */                                                               \
    INLINE number find_##name(const ad_row_extent *e, ad_row_data x, double *found)             \
    {                                                                                           \
        _Alignas(64) number most[AD_ROW_SET * AD_LANES + 2 * TILE];                             \
        const size_t numbers = e->count * AD_LANES;                                             \
        vec sum = {0};                                                                          \
        EACH_ROW                                                                                \
        {                                                                                       \
            vec best = (vec){0} + (number)(worst);                                              \
            EACH_PART best = best_##name(numbers_of(e, last), PART(x), best, &sum);             \
            store(most + r * AD_LANES, best);                                                   \
        }                                                                                       \
        for (size_t i = 0; i < 2 * TILE; i += AD_LANES)                                         \
            store(most + numbers + i, (vec){0});                                                \
        for (size_t left = numbers / 2; left >= e->count; left /= 2)                            \
            halve_##name(left, most);                                                           \
        for (size_t r = 0; r < e->count; r++)                                                   \
            found[r] = (double)most[r];                                                         \
        return sum_of(sum);                                                                     \
    }

EXTREME(greatest, -INFINITY, >)
EXTREME(least, INFINITY, <)
#define FIND(name) find_##name

ROUTINE void top(const ad_row_extent *e, ad_row_data x, double *found)
{
    FIND(greatest)(e, x, found);
}

ROUTINE bool greatest(const ad_row_extent *e, ad_row_data x, double *found)
{
    return !isnan(FIND(greatest)(e, x, found));
}

ROUTINE bool least(const ad_row_extent *e, ad_row_data x, double *found)
{
    return !isnan(FIND(least)(e, x, found));
}

/* ---- sums ---------------------------------------------------------------------------- */

/* Adds numbers to 16 lanes. */
INLINE void add_up(size_t n, const number *x, doubles lanes[SUMS])
{
    for (; n > 0; n -= TILE, x += TILE)
        for (int k = 0; k < SUMS; k++)
            lanes[k] += load_doubles(x + k * AD_WIDE);
}

INLINE void add_products(size_t n, const number *x, const number *z, doubles lanes[SUMS])
{
    for (; n > 0; n -= TILE, x += TILE, z += TILE)
        for (int k = 0; k < SUMS; k++)
            lanes[k] += load_doubles(x + k * AD_WIDE) * load_doubles(z + k * AD_WIDE);
}

/* Of what follows in the tile, nothing changes. By whole vectors: were a tile stored in pieces, its load would wait for
 * all stores before. */
INLINE void fill_rest(const ad_row_extent *e, ad_row_data d, size_t r)
{
    const number *from = part_of(e, d, r, false) + e->whole;
    number *to = part_of(e, d, r, true);
    const vec zero = {0}, left = zero + (number)(e->length - e->whole);
    vec at = zero;
    for (int k = 0; k < AD_LANES; k++)
        at[k] = (number)k;
    for (int k = 0; k < TILE; k += AD_LANES, at += AD_LANES) {
        MASK m = at < left;
        store(to + k, (vec)(((MASK)load(from + k) & m) | ((MASK)load(to + k) & ~m)));
    }
}

ROUTINE void sum(const ad_row_extent *e, ad_row_data x, double *found)
{
    EACH_ROW
    {
        doubles lanes[SUMS] = {{0}};
        add_up(numbers_of(e, false), part_of(e, x, r, false), lanes);
        if (r < e->late)
            fill_rest(e, x, r);
        add_up(numbers_of(e, true), part_of(e, x, r, true), lanes);
        found[r] = total(lanes);
    }
}

ROUTINE void dot(const ad_row_extent *e, ad_row_data x, ad_row_data z, double *found)
{
    EACH_ROW
    {
        doubles lanes[SUMS] = {{0}};
        add_products(numbers_of(e, false), part_of(e, x, r, false), part_of(e, z, r, false), lanes);
        if (r < e->late) {
            fill_rest(e, x, r);
            fill_rest(e, z, r);
        }
        add_products(numbers_of(e, true), part_of(e, x, r, true), part_of(e, z, r, true), lanes);
        found[r] = total(lanes);
    }
}

/* By blocks, which are added up while they are at hand. */
ROUTINE void power_sum(const ad_row_extent *e, ad_row_data in, const double *a, double *found)
{
    enum { BLOCK = 4 * TILE };
    _Alignas(64) number powers[BLOCK];
    EACH_ROW
    {
        const number p = (number)a[r];
        doubles lanes[SUMS] = {{0}};
        EACH_PART
        {
            const number *x = PART(in);
            for (size_t n = numbers_of(e, last), some; n > 0; n -= some, x += some) {
                some = n < BLOCK ? TILE : BLOCK;
                AD_LOOP_APART for (size_t i = 0; i < some; i++) powers[i] = AD_EXP(x[i] - p);
                add_up(some, powers, lanes);
            }
        }
        found[r] = total(lanes);
    }
}

/* ---- maps ---------------------------------------------------------------------------- */

/* NaN is equal to NaN. */
#define EQUAL(x, p) (((x) == (p)) | (((x) != (x)) & ((p) != (p))))

/* An expression sees numbers x and z of the operands, and the numbers p and q of the row. It is assigned with the
 * bits of a sum with 0, or added. */
#define MAP(name, ...)                                                                         \
    ROUTINE void name(const ad_row_extent *e, ad_row_data xs, ad_row_data zs, const double *a, \
                      const double *b, ad_row_data out, bool add)                              \
    {                                                                                          \
        EACH_ROW                                                                               \
        {                                                                                      \
            const number p = (number)a[r], q = b ? (number)b[r] : 0;                           \
            EACH_PART                                                                          \
            {                                                                                  \
                const size_t n = numbers_of(e, last);                                          \
                const number *x = PART(xs), *z = PART(zs);                                     \
                number *to = PART(out);                                                        \
                (void)q, (void)x, (void)z;                                                     \
                if (add) {                                                                     \
                    AD_LOOP_APART for (size_t i = 0; i < n; i++) to[i] += (__VA_ARGS__);       \
                } else {                                                                       \
                    AD_LOOP_APART for (size_t i = 0; i < n; i++) to[i] = (__VA_ARGS__) + 0;    \
                }                                                                              \
            }                                                                                  \
        }                                                                                      \
    }

ROUTINE ad_row_map power, less, below, slope, log_slope, tied, along;
MAP(power, AD_EXP(x[i] - p))
MAP(less, x[i] - p)
MAP(below, (x[i] - p) - q)
MAP(slope, x[i] * (z[i] - p))
MAP(log_slope, z[i] - AD_EXP(x[i]) * p)
MAP(tied, EQUAL(x[i], p) ? q : 0)
MAP(along, AD_TIMES(AD_EXP(x[i] - p), q))

/* Of numbers as they lie: what fills up a tile might be equal, too. */
ROUTINE void ties(const ad_row_extent *e, ad_row_data xs, const double *a, double *found)
{
    enum { BLOCK = 1 << 20 };
    const number *x = xs.rows;
    EACH_ROW
    {
        const number p = (number)a[r];
        found[r] = 0;
        for (size_t left = e->length, some; left > 0; left -= some, x += some) {
            unsigned count = 0;
            some = left < BLOCK ? left : BLOCK;
            for (size_t i = 0; i < some; i++)
                count += EQUAL(x[i], p);
            found[r] += count;
        }
    }
}

/* So little is written that what is left of each row had better be written at once. */
INLINE void fill_row(size_t n, number a, number *to, bool add)
{
    const vec zero = {0}, v = add ? a - zero : a + zero;
    const size_t rest = n % TILE;
    for (number *end = to + n - rest; to != end; to += TILE)
        for (int k = 0; k < TILE; k += AD_LANES)
            store(to + k, add ? load(to + k) + v : v);
    AD_LOOP_APART for (size_t i = 0; i < rest; i++) to[i] = add ? to[i] + a : a + 0;
}

ROUTINE void fill(const ad_row_extent *e, const double *a, void *out, bool add)
{
    number *to = out;
    for (size_t r = 0; r < e->count; r++, to += e->length)
        if (add)
            fill_row(e->length, (number)a[r], to, true);
        else
            fill_row(e->length, (number)a[r], to, false);
}

ROUTINE void scale(const ad_row_extent *e, const double *a, ad_row_data out)
{
    EACH_ROW
    {
        const number p = (number)a[r];
        EACH_PART
        {
            const size_t n = numbers_of(e, last);
            number *to = PART(out);
            AD_LOOP_APART for (size_t i = 0; i < n; i++) to[i] *= p;
        }
    }
}

/* ---- numbers of rows ----------------------------------------------------------------- */

#define NUMBERS(name, ...)                                                   \
    ROUTINE void name(size_t count, double *x)                               \
    {                                                                        \
        AD_LOOP_APART for (size_t i = 0; i < count; i++) x[i] = __VA_ARGS__; \
    }

ROUTINE void shares(size_t count, double *x), logs(size_t count, double *x);
NUMBERS(shares, x[i] == 0 ? 0 : 1 / x[i])
NUMBERS(logs, AD_LOG(x[i]))

const ad_row_kernel AD_ROWS = {top,   greatest,  least, sum,   dot,    power_sum,
                               ties,  scale,     fill,  power, less,   below,
                               slope, log_slope, tied,  along, shares, logs};
