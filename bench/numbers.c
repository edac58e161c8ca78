/* Numbers one by one: chains of one operation, and a random graph of operations. The bare form is
 * the value alone. Gradients are held against sweeps written by hand over plain numbers. */
#include "bench.h"
#include "problems.h"

#include <math.h>
#include <stdlib.h>

/* ---- chains ------------------------------------------------------------------------- */

typedef struct chain_spec {
    chain_op op;
    int64_t ops, smoke_ops;
} chain_spec;

typedef struct chain {
    chain_op op;
    int64_t ops;
    ad_recorder *recorder;
    double value, bare;
    double gradient[CHAIN_INPUTS];
} chain;

static ad_real chain_of(chain_op op, int64_t n, ad_real y, ad_real a, ad_real b)
{
    switch (op) {
    case CHAIN_MUL:
        for (int64_t i = 0; i < n; i++)
            y = ad_mul(y, a);
        return y;
    case CHAIN_ADD:
        for (int64_t i = 0; i < n; i++)
            y = ad_add(y, a);
        return y;
    case CHAIN_MULADD:
        for (int64_t i = 0; i < n; i++)
            y = ad_muladd(y, a, b);
        return y;
    default:
        for (int64_t i = 0; i < n; i++)
            y = ad_sin(y);
        return y;
    }
}

static void chain_adze(void *state)
{
    chain *c = state;
    ad_real x[CHAIN_INPUTS];
    ad_recorder_reset(c->recorder);
    ad_real_inputs(c->recorder, CHAIN_INPUTS, chain_inputs, x);
    ad_real y = chain_of(c->op, c->ops, x[0], x[1], x[2]);
    ad_real_gradient(y, CHAIN_INPUTS, x, c->gradient);
    c->value = y.value;
    check_recorder(c->recorder);
}

static void chain_bare(void *state)
{
    chain *c = state;
    double y = chain_inputs[0], a = chain_inputs[1], b = chain_inputs[2];
    switch (c->op) {
    case CHAIN_MUL:
        for (int64_t i = 0; i < c->ops; i++)
            y *= a;
        break;
    case CHAIN_ADD:
        for (int64_t i = 0; i < c->ops; i++)
            y += a;
        break;
    case CHAIN_MULADD:
        for (int64_t i = 0; i < c->ops; i++)
            y = y * a + b;
        break;
    default:
        for (int64_t i = 0; i < c->ops; i++)
            y = sin(y);
    }
    c->bare = y;
}

/* The derivatives of the chain by x, a and b, forward. */
static void chain_slopes(chain_op op, int64_t n, double slope[CHAIN_INPUTS])
{
    double y = chain_inputs[0], a = chain_inputs[1], b = chain_inputs[2], x = 1, by_a = 0, by_b = 0;
    for (int64_t i = 0; i < n; i++) {
        double s = op == CHAIN_ADD ? 1 : op == CHAIN_SIN ? cos(y) : a;
        x *= s;
        by_a = s * by_a + (op == CHAIN_ADD ? 1 : op == CHAIN_SIN ? 0 : y);
        by_b = s * by_b + (op == CHAIN_MULADD);
        y = op == CHAIN_ADD ? y + a : op == CHAIN_SIN ? sin(y) : y * a + (op == CHAIN_MULADD) * b;
    }
    slope[0] = x;
    slope[1] = by_a;
    slope[2] = by_b;
}

static double chain_difference(void *state)
{
    chain *c = state;
    double slope[CHAIN_INPUTS], worst = values_difference(1, &c->value, &c->bare);
    chain_slopes(c->op, c->ops, slope);
    for (int i = 0; i < CHAIN_INPUTS; i++)
        worst = fmax(worst, values_difference(1, &c->gradient[i], &slope[i]));
    return worst;
}

static bench_work chain_setup(const bench_case *this, const bench_setting *s)
{
    const chain_spec *spec = this->spec;
    chain *c = take(1, sizeof *c);
    c->op = spec->op;
    c->ops = s->smoke ? spec->smoke_ops : spec->ops;
    c->recorder = bench_recorder(0);
    /* A value and two partials, and a product and a sum for each of them. */
    return (bench_work){c, NULL, (double)c->ops, 5, 8 * sizeof(double), c->recorder};
}

static void chain_teardown(void *state)
{
    chain *c = state;
    ad_recorder_free(c->recorder);
    free(c);
}

static const bench_kind chain_kind = {.setup = chain_setup,
                                      .adze = chain_adze,
                                      .bare = chain_bare,
                                      .difference = chain_difference,
                                      .teardown = chain_teardown};

/* ---- a random graph ----------------------------------------------------------------- */

typedef struct dag {
    uint32_t n;
    dag_node *node;
    double *value, *adjoint; /* by hand */
    ad_real *x;
    ad_recorder *recorder;
    double sum, bare;
    double gradient[DAG_INPUTS];
} dag;

static ad_real dag_node_of(const dag_node *node, const ad_real *x)
{
    switch (node->op) {
    case DAG_ADD:
        return ad_add(x[node->a], x[node->b]);
    case DAG_MUL:
        return ad_mul(x[node->a], x[node->b]);
    case DAG_SUB:
        return ad_sub(x[node->a], x[node->b]);
    default:
        return ad_sin(x[node->a]);
    }
}

static void dag_adze(void *state)
{
    dag *d = state;
    ad_recorder_reset(d->recorder);
    ad_real_inputs(d->recorder, DAG_INPUTS, d->value, d->x);
    for (uint32_t i = DAG_INPUTS; i < d->n; i++)
        d->x[i] = dag_node_of(&d->node[i], d->x);
    ad_real y = ad_sum_reals(DAG_NEAR, d->x + d->n - DAG_NEAR);
    ad_real_gradient(y, DAG_INPUTS, d->x, d->gradient);
    d->sum = y.value;
    check_recorder(d->recorder);
}

static void dag_bare(void *state)
{
    dag *d = state;
    for (uint32_t i = DAG_INPUTS; i < d->n; i++)
        d->value[i] = dag_value(d->node[i].op, d->value[d->node[i].a], d->value[d->node[i].b]);
    d->bare = 0;
    for (uint32_t i = d->n - DAG_NEAR; i < d->n; i++)
        d->bare += d->value[i];
}

/* Sets the adjoints of all numbers. */
static void dag_sweep(dag *d)
{
    const double *v = d->value;
    double *g = d->adjoint;
    for (uint32_t i = 0; i < d->n; i++)
        g[i] = i >= d->n - DAG_NEAR;
    for (uint32_t i = d->n; i-- > DAG_INPUTS;) {
        const dag_node *node = &d->node[i];
        const uint32_t a = node->a, b = node->b;
        g[a] += g[i] * (node->op == DAG_MUL ? v[b] : node->op == DAG_SIN ? cos(v[a]) : 1);
        if (node->op != DAG_SIN)
            g[b] += g[i] * (node->op == DAG_MUL ? v[a] : node->op == DAG_SUB ? -1 : 1);
    }
}

static double dag_difference(void *state)
{
    dag *d = state;
    dag_sweep(d);
    return fmax(values_difference(1, &d->sum, &d->bare),
                values_difference(DAG_INPUTS, d->gradient, d->adjoint));
}

static bench_work dag_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    dag *d = take(1, sizeof *d);
    d->n = s->smoke ? DAG_NUMBERS_SMOKE : DAG_NUMBERS;
    d->node = take(d->n, sizeof *d->node);
    d->value = take(d->n, sizeof *d->value);
    d->adjoint = take(d->n, sizeof *d->adjoint);
    d->x = take(d->n, sizeof *d->x);
    d->recorder = bench_recorder(0);
    uint8_t *used = take(d->n, 1);
    dag_fill(d->n, d->node, d->value, used);
    free(used);
    return (bench_work){d, NULL, (double)d->n, 5, 8 * sizeof(double), d->recorder};
}

static void dag_teardown(void *state)
{
    dag *d = state;
    ad_recorder_free(d->recorder);
    free(d->node);
    free(d->value);
    free(d->adjoint);
    free(d->x);
    free(d);
}

static const bench_kind dag_kind = {.setup = dag_setup,
                                    .adze = dag_adze,
                                    .bare = dag_bare,
                                    .difference = dag_difference,
                                    .teardown = dag_teardown};

/* ---- cases -------------------------------------------------------------------------- */

#define CHAIN(name, what, ...)                                                        \
    {                                                                                 \
        "number_" name, "numbers one by one: " what, &chain_kind, &(const chain_spec) \
        {                                                                             \
            __VA_ARGS__                                                               \
        }                                                                             \
    }

static const bench_case cases[] = {
    CHAIN("mul_1e4", "a product, in a chain of 10000", CHAIN_MUL, 10000, 100),
    CHAIN("add_1e4", "a sum", CHAIN_ADD, 10000, 100),
    CHAIN("muladd_1e4", "a product and a sum as one", CHAIN_MULADD, 10000, 100),
    CHAIN("sin_1e4", "a sine", CHAIN_SIN, 10000, 100),
    CHAIN("mul_1e3", "a product, in a chain of 1000", CHAIN_MUL, 1000, 10),
    CHAIN("mul_1e5", "of 100000", CHAIN_MUL, 100000, 200),
    CHAIN("mul_1e6", "of 1000000", CHAIN_MUL, 1000000, 300),
    CHAIN("mul_1e7", "of 10000000", CHAIN_MUL, 10000000, 400),
    {"number_dag_1e6", "one of 1000000 operations in a random graph", &dag_kind, NULL},
};

const bench_table numbers_table = BENCH_TABLE(cases);
