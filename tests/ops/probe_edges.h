/* Tables of what operations mean at their edges: values and gradients, in both float types. A row reads
 *
 *     ROW(what it shows, y as a function of a and b, L(a), L(b), L(cotangent of y), L(y),
 *         L(gradient by a), L(gradient by b))
 *
 * and a list of rows takes the macro ROW: FUNCTION makes the functions, ONE, TWO or NONE the table, for
 * rows of a alone, of both, or of an empty a. */
#ifndef ADZE_TESTS_PROBE_EDGES_H
#define ADZE_TESTS_PROBE_EDGES_H

#include "adze/ops.h"

#include <check.h>
#include <math.h>

enum { MOST = 6 };

typedef struct edge {
    const char *name;
    ad_tensor (*f)(ad_tape *t, ad_tensor a, ad_tensor b);
    int n; /* numbers in a, and in b: vectors */
    double a[MOST], b[MOST], g[MOST], y[MOST], da[MOST], db[MOST];
} edge;

#define L(...)      \
    {               \
        __VA_ARGS__ \
    }
#define OF(...) sizeof((double[])__VA_ARGS__) / sizeof(double)
#define NOTHING \
    {           \
        0       \
    }
#define INF               INFINITY
#define WITH(integers, n) ad_freeze(t, AD_VIEW(integers, n))

#define FUNCTION(row, result, ...)                                   \
    static ad_tensor run_##row(ad_tape *t, ad_tensor a, ad_tensor b) \
    {                                                                \
        (void)t, (void)a, (void)b;                                   \
        return result;                                               \
    }
/* Before the rows that test it: an edge in words, "case" and "value". docs/semantics.md has them from here. */
#define SAYS(edge, value)

#define ONE(row, result, a, g, y, da)        {#row, run_##row, OF(a), a, NOTHING, g, y, da, NOTHING},
#define TWO(row, result, a, b, g, y, da, db) {#row, run_##row, OF(a), a, b, g, y, da, db},
#define NONE(row, result, y)                 {#row, run_##row, 0, NOTHING, NOTHING, {1}, {y}, NOTHING, NOTHING},

typedef struct edge_table {
    const edge *edges;
    int count;
} edge_table;

/* A test program defines its own. */
extern const edge_table the_edges;

/* Every row, in both types. */
TCase *edge_rows(void);

#endif
