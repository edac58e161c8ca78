/* Common parts of all cases: failing, memory, numbers to work on. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include "memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void check(const ad_tape *t)
{
    if (!t)
        fail("memory ran out for the tape");
    if (ad_tape_status(t) != AD_OK)
        fail("%s", ad_tape_error(t));
}

void check_error(const ad_error *error)
{
    if (error->status != AD_OK)
        fail("%s", error->text);
}

ad_tape *bench_tape(ad_pool *pool)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &counting_allocator, .pool = pool});
    check(t);
    return t;
}

void check_recorder(const ad_recorder *r)
{
    if (!r)
        fail("memory ran out for the recorder");
    if (ad_recorder_status(r) != AD_OK)
        fail("%s", ad_recorder_error(r));
}

ad_recorder *bench_recorder(unsigned keep)
{
    ad_recorder *r = ad_recorder_new(&(ad_recorder_options){
        .size = sizeof(ad_recorder_options), .allocator = &counting_allocator, .keep = keep});
    check_recorder(r);
    return r;
}

void *take(size_t count, size_t size)
{
    const size_t line = 64, bytes = count * size;
    void *memory = bytes / size == count ? aligned_alloc(line, (bytes / line + 1) * line) : NULL;
    if (!memory)
        fail("memory ran out: %zu numbers of %zu bytes", count, size);
    return memset(memory, 0, bytes);
}

void fill(ad_type type, void *x, size_t n, uint64_t stream, double low, double high)
{
    ad_array a = {x, type, AD_SHAPE((int64_t)n), NULL};
    ad_random random = ad_random_new(1, stream);
    if (ad_fill_uniform(&a, &random, low, high) != AD_OK)
        fail("numbers cannot be drawn");
}

double difference(ad_view adze, const void *bare)
{
    ad_view other = ad_view_of(adze.type, bare, adze.shape);
    size_t n = ad_view_count(&adze);
    double worst = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        double a = ad_view_get(&adze, i), b = ad_view_get(&other, i);
        if (!isfinite(a) || !isfinite(b))
            return INFINITY;
        worst = fmax(worst, fabs(a - b));
        scale = fmax(scale, fabs(b));
    }
    return n == 0 || !adze.data ? INFINITY : scale > 0 ? worst / scale : worst;
}

double values_difference(size_t m, const double *adze, const double *bare)
{
    return difference(AD_VIEW(adze, (int64_t)m), bare);
}

double slopes_difference(bench_function *f, bench_function *product, const void *env, size_t n,
                         const double *x, size_t m)
{
    enum { DIRECTIONS = 3 };
    const double step = 1e-6;
    double *d = take(n, sizeof *d), *moved = take(n, sizeof *moved), worst = 0;
    double *slope = take(3 * m, sizeof *slope), *after = slope + m, *before = after + m;
    for (uint64_t k = 0; k < DIRECTIONS; k++) {
        fill(AD_F64, d, n, k, -1, 1);
        for (size_t i = 0; i < n; i++)
            moved[i] = x[i] + step * d[i];
        f(env, moved, after);
        for (size_t i = 0; i < n; i++)
            moved[i] = x[i] - step * d[i];
        f(env, moved, before);
        for (size_t j = 0; j < m; j++)
            after[j] = (after[j] - before[j]) / (2 * step);
        product(env, d, slope);
        worst = fmax(worst, values_difference(m, slope, after));
    }
    free(d);
    free(moved);
    free(slope);
    return worst;
}
