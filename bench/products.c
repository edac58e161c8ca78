/* Products by themselves, of frozen leaves, beside BLIS, whose rows, columns or batch the threads
 * share by hand. */
#include "bench.h"

#include <stdlib.h>

enum { SMOKE_EXTENT = 96, ALIGNED = 16 };

typedef struct product_spec {
    int64_t batch, m, k, n; /* [batch, m, k] [batch, k, n] */
    bool a_transposed, b_transposed;
    ad_type type;
} product_spec;

typedef struct product {
    product_spec spec;
    ad_pool *pool;
    ad_tape *tape;
    void *a, *b, *c;
    ad_view a_view, b_view;
    ad_tensor result;
} product;

static void product_adze(void *state)
{
    product *p = state;
    ad_tape_reset(p->tape); /* at the start, so that the result can be looked at */
    p->result = ad_matmul(ad_freeze(p->tape, p->a_view), ad_freeze(p->tape, p->b_view));
    check(p->tape);
}

/* ---- bare --------------------------------------------------------------------------- */

static bare_matrix operand(const void *data, int64_t rows, int64_t columns, bool transposed)
{
    return transposed ? bare_transposed(bare_rows(data, columns, rows))
                      : bare_rows(data, rows, columns);
}

static const void *at(const void *data, int64_t elements, size_t size)
{
    return (const char *)data + (size_t)elements * size;
}

static void whole_products(const product *p, int part, int parts)
{
    const product_spec *s = &p->spec;
    size_t size = ad_type_size(s->type);
    int64_t begin, end;
    bare_share(s->batch, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        bare_blis(operand(at(p->a, i * s->m * s->k, size), s->m, s->k, s->a_transposed),
                  operand(at(p->b, i * s->k * s->n, size), s->k, s->n, s->b_transposed),
                  (void *)(uintptr_t)at(p->c, i * s->m * s->n, size), s->n, size);
}

/* Of the rows or the columns, whichever are more, a part's share. */
static void part_of_product(void *user, int part, int parts)
{
    const product *p = user;
    const product_spec *s = &p->spec;
    size_t size = ad_type_size(s->type);
    bool by_rows = s->m >= s->n;
    if (s->batch > 1 || parts == 1) {
        whole_products(p, part, parts);
        return;
    }
    int64_t extent = by_rows ? s->m : s->n, begin, end;
    bare_share((extent + ALIGNED - 1) / ALIGNED, part, parts, &begin, &end);
    begin *= ALIGNED;
    end = end * ALIGNED < extent ? end * ALIGNED : extent;
    bare_matrix a = operand(p->a, s->m, s->k, s->a_transposed);
    bare_matrix b = operand(p->b, s->k, s->n, s->b_transposed);
    *(by_rows ? &a.rows : &b.columns) = end - begin;
    if (by_rows)
        a.data = at(a.data, begin * a.row_step, size);
    else
        b.data = at(b.data, begin * b.column_step, size);
    if (begin < end)
        bare_blis(a, b, (void *)(uintptr_t)at(p->c, by_rows ? begin * s->n : begin, size), s->n,
                  size);
}

static void product_bare(void *state)
{
    product *p = state;
    bare_run(p->pool, ad_pool_threads(p->pool), part_of_product, p);
}

static double product_difference(void *state)
{
    const product *p = state;
    return difference(ad_read(p->result), p->c);
}

/* ---- setup -------------------------------------------------------------------------- */

static void *draw(ad_type type, int64_t count, uint64_t stream)
{
    void *x = take((size_t)count, ad_type_size(type));
    fill(type, x, (size_t)count, stream, -1, 1);
    return x;
}

static ad_view matrices(ad_type type, const void *data, int64_t batch, int64_t rows,
                        int64_t columns, bool transposed)
{
    ad_view v = ad_view_of(type, data, AD_SHAPE(batch, rows, columns));
    if (transposed) {
        v.stride[1] = 1;
        v.stride[2] = rows;
    }
    return v;
}

static int64_t no_more_than(int64_t most, int64_t extent)
{
    return extent < most ? extent : most;
}

static bench_work product_setup(const bench_case *this, const bench_setting *setting)
{
    product *p = take(1, sizeof *p);
    product_spec *s = &p->spec;
    *s = *(const product_spec *)this->spec;
    if (setting->smoke) {
        s->m = no_more_than(SMOKE_EXTENT, s->m);
        s->k = no_more_than(SMOKE_EXTENT, s->k);
        s->n = no_more_than(SMOKE_EXTENT, s->n);
    }
    int64_t a = s->batch * s->m * s->k, b = s->batch * s->k * s->n, c = s->batch * s->m * s->n;
    p->pool = setting->pool;
    p->tape = bench_tape(setting->pool);
    p->a = draw(s->type, a, 1);
    p->b = draw(s->type, b, 2);
    p->c = draw(s->type, c, 3);
    p->a_view = matrices(s->type, p->a, s->batch, s->m, s->k, s->a_transposed);
    p->b_view = matrices(s->type, p->b, s->batch, s->k, s->n, s->b_transposed);
    return (bench_work){p,
                        p->tape,
                        1,
                        2.0 * (double)c * (double)s->k,
                        (double)(a + b + c) * (double)ad_type_size(s->type),
                        NULL};
}

static void product_teardown(void *state)
{
    product *p = state;
    ad_tape_free(p->tape);
    free(p->a);
    free(p->b);
    free(p->c);
    free(p);
}

static const bench_kind product_kind = {.setup = product_setup,
                                        .adze = product_adze,
                                        .bare = product_bare,
                                        .difference = product_difference,
                                        .teardown = product_teardown};

/* ---- cases -------------------------------------------------------------------------- */

#define PRODUCT(name, what, ...)                         \
    {                                                    \
        name, what, &product_kind, &(const product_spec) \
        {                                                \
            __VA_ARGS__                                  \
        }                                                \
    }
#define BOTH(name, what, ...)                                  \
    PRODUCT("matmul_" name "_f32", what, __VA_ARGS__, AD_F32), \
        PRODUCT("matmul_" name "_f64", what ", f64", __VA_ARGS__, AD_F64)

static const bench_case cases[] = {
    BOTH("lesson", "[10000, 784] by [784, 50]", 1, 10000, 784, 50, false, false),
    BOTH("left", "[10000, 784] transposed by [10000, 50]", 1, 784, 10000, 50, true, false),
    BOTH("right", "[128, 512] by [512, 512] transposed", 1, 128, 512, 512, false, true),
    BOTH("square", "[1024, 1024] by [1024, 1024]", 1, 1024, 1024, 1024, false, false),
    BOTH("batch", "100 of [64, 64] by [64, 64]", 100, 64, 64, 64, false, false),
};

const bench_table products_table = BENCH_TABLE(cases);
