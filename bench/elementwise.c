/* Elementwise operations: on arrays that no cache holds, where memory's speed is the limit, and
 * on arrays that fit one, where the functions themselves are.
 *
 * Forward is an operation on a frozen leaf. Backward is a sweep by itself, repeated on a tape that
 * was recorded once. Both is a chain recorded and swept, beside a loop that does all of it to
 * one number after the other. */
#include "bench.h"

#include "bare_maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct map_op {
    const char *name; /* in the table of bare loops */
    int operands;
    ad_tensor (*apply)(const ad_tensor *x);
    double low, high; /* where to take operands from */
} map_op;

typedef struct map_spec {
    const map_op *op;
    ad_type type;
    int64_t n;
    enum { FORWARD, BACKWARD, BOTH } way;
    bool in_cache; /* given for one element, beside the C library's function */
} map_spec;

typedef struct map {
    map_spec spec;
    const bare_map *bare;
    ad_pool *pool;
    ad_tape *tape;
    ad_view x[2], dy;
    ad_tensor leaf[2], root; /* the recorded tape's, for backward */
    void *operand[2], *cotangent;
    void *value, *gradient[2]; /* of the bare form */
} map;

/* ---- by adze ------------------------------------------------------------------------ */

#define APPLY_1(op)                              \
    static ad_tensor op##_of(const ad_tensor *x) \
    {                                            \
        return ad_##op(x[0]);                    \
    }
#define APPLY_2(op)                              \
    static ad_tensor op##_of(const ad_tensor *x) \
    {                                            \
        return (ad_##op)(x[0], x[1]);            \
    }

APPLY_1(relu)
APPLY_1(sqrt)
APPLY_1(exp)
APPLY_1(log)
APPLY_1(tanh)
APPLY_1(sigmoid)
APPLY_1(sin)
APPLY_1(cos)
APPLY_2(add)
APPLY_2(mul)
APPLY_2(div)

static ad_tensor axpb_of(const ad_tensor *x)
{
    return ad_add(ad_mul(x[0], 1.5), 0.25);
}

static ad_tensor axpb_tanh_exp_of(const ad_tensor *x)
{
    return ad_exp(ad_tanh(axpb_of(x)));
}

static void forward(map *m)
{
    ad_tensor x[2];
    for (int i = 0; i < m->spec.op->operands; i++)
        x[i] = ad_freeze(m->tape, m->x[i]);
    m->root = m->spec.op->apply(x);
    check(m->tape);
}

static void record(map *m)
{
    for (int i = 0; i < m->spec.op->operands; i++)
        m->leaf[i] = ad_watch(m->tape, m->x[i]);
    m->root = m->spec.op->apply(m->leaf);
    check(m->tape);
}

static void map_adze(void *state)
{
    map *m = state;
    if (m->spec.way != BACKWARD)
        ad_tape_reset(m->tape); /* at the start, so that the result can be looked at */
    if (m->spec.way == FORWARD)
        forward(m);
    if (m->spec.way == BOTH)
        record(m);
    if (m->spec.way != FORWARD && ad_backward_from(m->root, m->dy) != AD_OK)
        check(m->tape);
}

/* ---- bare --------------------------------------------------------------------------- */

static void bare_part_of(void *user, int part, int parts)
{
    const map *m = user;
    const void *x[2] = {m->operand[0], m->operand[1]};
    int64_t begin, end;
    bare_share(m->spec.n, part, parts, &begin, &end);
    if (m->spec.way == BOTH)
        m->bare->both(x, m->value, m->cotangent, m->gradient, begin, end);
    else if (m->spec.way == BACKWARD)
        m->bare->backward(x, m->value, m->cotangent, m->gradient, begin, end);
    else
        m->bare->forward(x, m->value, begin, end);
}

static void map_without_tape(void *state)
{
    map *m = state;
    bare_run(m->pool, m->spec.in_cache ? 1 : ad_pool_threads(m->pool), bare_part_of, m);
}

static double map_difference(void *state)
{
    const map *m = state;
    if (m->spec.way == FORWARD)
        return difference(ad_read(m->root), m->value);
    double worst = 0;
    for (int i = 0; i < m->spec.op->operands; i++)
        worst = fmax(worst, difference(ad_grad(m->leaf[i]), m->gradient[i]));
    return worst;
}

/* ---- setup -------------------------------------------------------------------------- */

static const bare_map *bare_of(const map_spec *s)
{
    const bare_map *row = !s->in_cache        ? bare_maps_fast
                          : s->type == AD_F64 ? bare_maps_scalar_f64
                                              : bare_maps_scalar_f32;
    while (row->name && strcmp(row->name, s->op->name) != 0)
        row++;
    if (!row->name)
        fail("%s has no bare form", s->op->name);
    return row;
}

static void *draw(const map_spec *s, uint64_t stream, double low, double high)
{
    void *x = take((size_t)s->n, ad_type_size(s->type));
    fill(s->type, x, (size_t)s->n, stream, low, high);
    return x;
}

static bench_work map_setup(const bench_case *c, const bench_setting *s)
{
    map *m = take(1, sizeof *m);
    m->spec = *(const map_spec *)c->spec;
    if (s->smoke && m->spec.n > 10000)
        m->spec.n = 10000;
    const map_spec *is = &m->spec;
    const int64_t n = is->n;
    m->bare = bare_of(is);
    m->pool = s->pool;
    m->value = draw(is, 0, 0, 0);
    for (int i = 0; i < is->op->operands; i++) {
        m->operand[i] = draw(is, (uint64_t)i + 1, is->op->low, is->op->high);
        m->gradient[i] = draw(is, 0, 0, 0);
        m->x[i] = ad_view_of(is->type, m->operand[i], AD_SHAPE(n));
    }
    m->cotangent = draw(is, 4, -1, 1);
    m->dy = ad_view_of(is->type, m->cotangent, AD_SHAPE(n));
    m->tape = bench_tape(s->pool);
    if (is->way == BACKWARD) {
        record(m);
        m->bare->forward((const void *[]){m->operand[0], m->operand[1]}, m->value, 0, n);
    }
    /* forward: operands in, result out; else the cotangent in and gradients out as well */
    double arrays = is->op->operands + 1 + (is->way == FORWARD ? 0 : is->op->operands + 1);
    double units = is->in_cache ? (double)n : 1, each = (double)n / units;
    return (bench_work){m,
                        m->tape,
                        units,
                        (is->way == FORWARD ? 1.0 : 2.0) * each,
                        arrays * each * (double)ad_type_size(is->type),
                        NULL};
}

static void map_teardown(void *state)
{
    map *m = state;
    ad_tape_free(m->tape);
    for (int i = 0; i < 2; i++) {
        free(m->operand[i]);
        free(m->gradient[i]);
    }
    free(m->cotangent);
    free(m->value);
    free(m);
}

static const bench_kind map_kind = {.setup = map_setup,
                                    .adze = map_adze,
                                    .bare = map_without_tape,
                                    .difference = map_difference,
                                    .teardown = map_teardown};

/* ---- cases -------------------------------------------------------------------------- */

/* name, operands, the range of operands */
#define OPS(ROW)           \
    ROW(axpb, 1, -2, 2)    \
    ROW(relu, 1, -2, 2)    \
    ROW(sqrt, 1, 0.5, 2)   \
    ROW(exp, 1, -5, 5)     \
    ROW(log, 1, 0.5, 20)   \
    ROW(tanh, 1, -4, 4)    \
    ROW(sigmoid, 1, -8, 8) \
    ROW(sin, 1, -6, 6)     \
    ROW(cos, 1, -6, 6)     \
    ROW(add, 2, -2, 2)     \
    ROW(mul, 2, -2, 2)     \
    ROW(div, 2, 0.5, 2)    \
    ROW(axpb_tanh_exp, 1, -1, 1)

#define OP(op, operands, low, high) \
    static const map_op op##_op = {#op, operands, op##_of, low, high};
OPS(OP)

#define MAP(name, what, ...)                     \
    {                                            \
        name, what, &map_kind, &(const map_spec) \
        {                                        \
            __VA_ARGS__                          \
        }                                        \
    }
#define LARGE(op, operands, low, high)                                                     \
    MAP(#op "_1e7", #op " of 1e7 numbers", &op##_op, AD_F32, 10000000, FORWARD, false),    \
        MAP(#op "_1e7_back", "the sweep through " #op " of 1e7 numbers", &op##_op, AD_F32, \
            10000000, BACKWARD, false),
#define MATH(op)                                                                                   \
    MAP("math_" #op "_f32", #op " of a number in cache, beside the C library's", &op##_op, AD_F32, \
        10000, FORWARD, true),                                                                     \
        MAP("math_" #op "_f64", "the same, f64", &op##_op, AD_F64, 10000, FORWARD, true)

static const bench_case cases[] = {
    OPS(LARGE) MAP("axpb_tanh_exp_1e7_both", "both, beside one fused loop", &axpb_tanh_exp_op,
                   AD_F32, 10000000, BOTH, false),
    MATH(exp),
    MATH(log),
    MATH(tanh),
    MATH(sigmoid),
    MATH(sin),
    MATH(cos),
    MATH(sqrt),
};

const bench_table elementwise_table = BENCH_TABLE(cases);
