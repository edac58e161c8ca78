/* Running sums, products and log-sum-exps along an axis, in f64. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/axis.h"
#include "kernels/map.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/running.h"
#include "tape/failure.h"

typedef struct scan_attr {
    int axis;
    unsigned how;
} scan_attr;

typedef void list_rule(const ad_running *l);

typedef struct scan_rules {
    list_rule *forward, *tangent, *pull, *bend;
} scan_rules;

/* Where number i of a row stands: rows are counted over the other axes. */
static size_t position(const ad_axis_split *s, bool reverse, size_t row, size_t i)
{
    size_t at = reverse ? s->extent - 1 - i : i;
    return (row / s->inner * s->extent + at) * s->inner + row % s->inner;
}

static void read_row(const ad_axis_split *s, bool reverse, size_t row, const ad_view *v,
                     double *numbers)
{
    for (size_t i = 0; i < s->extent; i++)
        numbers[i] = ad_float_at(v->type, v->data, position(s, reverse, row, i));
}

static void write_row(const ad_axis_split *s, bool reverse, size_t row, const double *numbers,
                      const ad_array *a, bool add)
{
    for (size_t i = 0; i < s->extent; i++)
        ad_store_sums(1, &numbers[i], a->type,
                      (char *)a->data + position(s, reverse, row, i) * ad_type_size(a->type), add);
}

/* Any of the operands may be NULL. */
static void scan(ad_workspace *work, list_rule *rule, const void *attr, const ad_view *x,
                 const ad_view *t, const ad_view *g, const ad_array *out, bool add)
{
    const scan_attr *a = attr;
    bool reverse = a->how & AD_REVERSE;
    ad_axis_split s = ad_split_axis(&out->shape, a->axis);
    size_t n = s.extent;
    double *room = ad_scratch(work, 6 * n * sizeof *room); /* three lists for out */
    if (!room)
        return;
    ad_running l = {n, a->how & AD_EXCLUSIVE, room, room + n, room + 2 * n, room + 3 * n};
    for (size_t row = 0; row < s.outer * s.inner; row++) {
        if (x)
            read_row(&s, reverse, row, x, l.x);
        if (t)
            read_row(&s, reverse, row, t, l.t);
        if (g)
            read_row(&s, reverse, row, g, l.g);
        rule(&l);
        write_row(&s, reverse, row, l.out, out, add);
    }
}

static void scan_forward(const ad_forward_args *c)
{
    const scan_rules *rules = c->op->kernels;
    scan(c->work, rules->forward, c->attr, &c->x[0], NULL, NULL, &c->y, false);
}

static void scan_pullback(const ad_pullback_args *c)
{
    const scan_rules *rules = c->op->kernels;
    scan(c->work, rules->pull, c->attr, &c->x[0], NULL, &c->dy, &c->dx[0], !c->assign[0]);
}

static void scan_jvp(const ad_jvp_args *c)
{
    const scan_rules *rules = c->op->kernels;
    scan(c->work, rules->tangent, c->attr, &c->x[0], &c->tx[0], NULL, &c->ty, false);
}

static void scan_curvature(const ad_curvature_args *c)
{
    const scan_rules *rules = c->op->kernels;
    scan(c->work, rules->bend, c->attr, &c->x[0], &c->tx[0], &c->dy, &c->tdx[0], true);
}

static ad_tensor scan_along(const ad_op *op, ad_tensor x, int axis, unsigned how)
{
    scan_attr attr = {axis, how};
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (how & ~(unsigned)(AD_EXCLUSIVE | AD_REVERSE))
        ad_tape_fail(x.tape, AD_MISUSE,
                     "%s: how is %u, but only AD_EXCLUSIVE and AD_REVERSE are known", op->name,
                     how);
    if (!ad_axis_fix(op->name, x, &attr.axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(op, &x, &attr);
}

#define SCAN_OP(op, op_flags, curvature_rule, words, ...) \
    static const scan_rules op##_rules = __VA_ARGS__;     \
    static const ad_op op##_op = {                        \
        .size = sizeof(ad_op),                            \
        .name = &#op[3],                                  \
        .arity = 1,                                       \
        .flags = AD_OP_ASSIGNS | (op_flags),              \
        .attr_size = sizeof(scan_attr),                   \
        .shape = ad_shape_first,                          \
        .forward = scan_forward,                          \
        .pullback = scan_pullback,                        \
        .jvp = scan_jvp,                                  \
        .curvature = curvature_rule,                      \
        .kernels = &op##_rules,                           \
        .derivative = words,                              \
    };                                                    \
    ad_tensor op(ad_tensor x, int axis, unsigned how)     \
    {                                                     \
        return scan_along(&op##_op, x, axis, how);        \
    }

/* clang-format off */
SCAN_OP(ad_cumsum, AD_OP_LINEAR, NULL, "dx = the running sum of g in the other direction",
        {ad_run_sum, ad_run_sum_of_tangents, ad_pull_sum, NULL})
SCAN_OP(ad_cumprod, 0, scan_curvature,
        "dx[i] = the sum of g[k] times y[k] without its factor x[i], over all k with that factor",
        {ad_run_product, ad_run_tangent, ad_pull_product, ad_bend_product})
SCAN_OP(ad_logcumsumexp, 0, scan_curvature,
        "dx[i] = the sum of g[k] exp(x[i] - y[k]) over all k whose sum has x[i]",
        {ad_run_logsumexp, ad_run_logsumexp_tangent, ad_pull_logsumexp, ad_bend_logsumexp})
/* clang-format on */

const ad_op *const ad_scan_ops[] = {&ad_cumsum_op, &ad_cumprod_op, &ad_logcumsumexp_op, NULL};
