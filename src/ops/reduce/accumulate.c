/* Products over axes; running sums and products along an axis.
 *
 * With x before y = x[0] ... x[i], P[i] the product of those before x[i], and g[i] the cotangent of the
 * running product that ends with x[i]:
 *
 *     dx[i] = P[i] r[i]    r[i] = g[i] + x[i+1] r[i+1]
 *
 * without any division, so that factors of 0 are factors like others. A product is the last of
 * its running products. Along a tangent t, P and r have derivatives p and s:
 *
 *     p[i+1] = p[i] x[i] + P[i] t[i]    s[i] = t[i+1] r[i+1] + x[i+1] s[i+1]
 *
 * All of it in f64. */
#include "adze/op.h"
#include "adze/ops.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/lists.h"

/* ---- a list ------------------------------------------------------------------------ */

typedef struct list {
    size_t n;
    bool exclusive; /* y[i] is without x[i] */
    double *x, *t, *g, *out;
} list;

/* g of the running product that ends with x[i]. */
static double cotangent(const list *l, size_t i)
{
    if (!l->exclusive)
        return l->g[i];
    return i + 1 < l->n ? l->g[i + 1] : 0;
}

static void run_product(const list *l)
{
    double product = 1;
    for (size_t i = 0; i < l->n; i++) {
        double next = product * l->x[i];
        l->out[i] = l->exclusive ? product : next;
        product = next;
    }
}

static void run_tangent(const list *l)
{
    double product = 1, tangent = 0;
    for (size_t i = 0; i < l->n; i++) {
        double next = tangent * l->x[i] + product * l->t[i];
        l->out[i] = l->exclusive ? tangent : next;
        tangent = next;
        product *= l->x[i];
    }
}

static void pull_product(const list *l)
{
    double r = 0, product = 1;
    for (size_t i = l->n; i-- > 0;) {
        r = cotangent(l, i) + (i + 1 < l->n ? l->x[i + 1] * r : 0);
        l->out[i] = r;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->out[i] *= product;
        product *= l->x[i];
    }
}

/* Needs room for r after out[n]. */
static void bend_product(const list *l)
{
    double r = 0, s = 0, product = 1, tangent = 0, *rest = l->out + l->n;
    for (size_t i = l->n; i-- > 0;) {
        bool last = i + 1 == l->n;
        s = last ? 0 : l->t[i + 1] * r + l->x[i + 1] * s;
        r = cotangent(l, i) + (last ? 0 : l->x[i + 1] * r);
        rest[i] = r;
        l->out[i] = s;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->out[i] = tangent * rest[i] + product * l->out[i];
        tangent = tangent * l->x[i] + product * l->t[i];
        product *= l->x[i];
    }
}

static void run_sum(const list *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        double next = sum + l->x[i];
        l->out[i] = l->exclusive ? sum : next;
        sum = next;
    }
}

static void run_sum_of_tangents(const list *l)
{
    list same = *l;
    same.x = l->t;
    run_sum(&same);
}

static void pull_sum(const list *l)
{
    double sum = 0;
    for (size_t i = l->n; i-- > 0;)
        l->out[i] = sum += cotangent(l, i);
}

/* ---- prod -------------------------------------------------------------------------- */

static void prod_forward(const ad_forward_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *y = ad_scratch(c->work, l.count * sizeof *y);
    if (!x || !y)
        return;
    for (size_t k = 0; k < l.count; k++) {
        y[k] = 1;
        for (size_t i = 0; i < l.length; i++)
            y[k] *= x[k * l.length + i];
    }
    ad_store_sums(l.count, y, c->y.type, c->y.data, false);
}

static void prod_jvp(const ad_jvp_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr), tangents = ad_lists_of(&c->tx[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *t = ad_lists_doubles(&tangents, c->work);
    double *y = ad_scratch(c->work, l.count * sizeof *y);
    double *out = ad_scratch(c->work, l.length * sizeof *out);
    if (!x || !t || !y || !out)
        return;
    for (size_t k = 0; k < l.count; k++) {
        run_tangent(&(list){l.length, false, x + k * l.length, t + k * l.length, NULL, out});
        y[k] = l.length ? out[l.length - 1] : 0;
    }
    ad_store_sums(l.count, y, c->ty.type, c->ty.data, false);
}

/* Adds to dx what a rule makes of each list, from the cotangents of its last running product. */
static void pull_lists(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx,
                       const ad_view *dy, const ad_array *dx)
{
    ad_view target = ad_array_view(*dx);
    ad_lists l = ad_lists_of(x, attr), to = ad_lists_of(&target, attr);
    size_t n = l.length;
    ad_reduced r = ad_reduce_plan(&x->shape, attr);
    double *numbers = ad_lists_doubles(&l, work), *ends = ad_reduced_doubles(&r, work, dy);
    double *t = NULL, *g = ad_scratch(work, n * sizeof *g);
    double *out = ad_scratch(work, (l.count + 1) * n * sizeof *out);
    if (tx) {
        ad_lists tangents = ad_lists_of(tx, attr);
        t = ad_lists_doubles(&tangents, work);
    }
    if (!numbers || !ends || !g || !out || (tx && !t) || !n)
        return;
    for (size_t i = 0; i < n; i++)
        g[i] = 0;
    for (size_t k = 0; k < l.count; k++) {
        list each = {n, false, numbers + k * n, t ? t + k * n : NULL, g, out + k * n};
        g[n - 1] = ends[k];
        (t ? bend_product : pull_product)(&each);
    }
    ad_lists_add(&to, work, out);
}

static void prod_pullback(const ad_pullback_args *c)
{
    pull_lists(c->work, c->attr, &c->x[0], NULL, &c->dy, &c->dx[0]);
}

static void prod_curvature(const ad_curvature_args *c)
{
    pull_lists(c->work, c->attr, &c->x[0], &c->tx[0], &c->dy, &c->tdx[0]);
}

static const ad_op prod_op = {
    .name = "prod",
    .arity = 1,
    .flags = AD_OP_STRIDED,
    .attr_size = sizeof(ad_reduction),
    .shape = ad_reduce_shape,
    .forward = prod_forward,
    .pullback = prod_pullback,
    .jvp = prod_jvp,
    .curvature = prod_curvature,
};
AD_REDUCTION_FORMS(prod, prod_op)

/* ---- cumsum and cumprod ------------------------------------------------------------ */

typedef struct scan_attr {
    int axis;
    unsigned how;
} scan_attr;

typedef void list_rule(const list *l);

typedef struct scan_rules {
    list_rule *forward, *tangent, *pull, *bend;
} scan_rules;

/* Rows along the axis: number i of row r stands at start(r) + i step. */
typedef struct rows {
    size_t count, n, step;
    bool exclusive, reverse;
} rows;

static rows rows_along(const ad_shape *shape, const void *attr)
{
    const scan_attr *a = attr;
    rows r = {1, (size_t)shape->dim[a->axis], 1, a->how & AD_EXCLUSIVE, a->how & AD_REVERSE};
    for (int i = 0; i < shape->rank; i++) {
        r.count *= i == a->axis ? 1 : (size_t)shape->dim[i];
        r.step *= i > a->axis ? (size_t)shape->dim[i] : 1;
    }
    return r;
}

static size_t place(const rows *r, size_t row, size_t i)
{
    size_t at = r->reverse ? r->n - 1 - i : i;
    return (row / r->step * r->n + at) * r->step + row % r->step;
}

static void read_row(const rows *r, size_t row, const ad_view *v, double *numbers)
{
    for (size_t i = 0; i < r->n; i++)
        numbers[i] = v->type == AD_F32 ? (double)((const float *)v->data)[place(r, row, i)]
                                       : ((const double *)v->data)[place(r, row, i)];
}

static void write_row(const rows *r, size_t row, const double *numbers, const ad_array *a, bool add)
{
    for (size_t i = 0; i < r->n; i++)
        ad_store_sums(1, &numbers[i], a->type,
                      (char *)a->data + place(r, row, i) * ad_type_size(a->type), add);
}

/* Any of the operands may be NULL. */
static void scan(ad_workspace *work, list_rule *rule, const void *attr, const ad_view *x,
                 const ad_view *t, const ad_view *g, const ad_array *out, bool add)
{
    rows r = rows_along(&out->shape, attr);
    double *room = ad_scratch(work, 5 * r.n * sizeof *room); /* two lists for out */
    if (!room)
        return;
    list l = {r.n, r.exclusive, room, room + r.n, room + 2 * r.n, room + 3 * r.n};
    for (size_t row = 0; row < r.count; row++) {
        if (x)
            read_row(&r, row, x, l.x);
        if (t)
            read_row(&r, row, t, l.t);
        if (g)
            read_row(&r, row, g, l.g);
        rule(&l);
        write_row(&r, row, l.out, out, add);
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
    if (how & ~(unsigned)(AD_EXCLUSIVE | AD_REVERSE))
        ad_tape_fail(x.tape, AD_MISUSE,
                     "%s: how is %u, beside AD_EXCLUSIVE and AD_REVERSE there is nothing", op->name,
                     how);
    if (!ad_axis_fix(op->name, x, &attr.axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(op, &x, &attr);
}

#define SCAN_OP(op, op_flags, curvature_rule, ...)         \
    static const scan_rules op##_rules = __VA_ARGS__;      \
    static const ad_op op##_op = {                         \
        .name = #op,                                       \
        .arity = 1,                                        \
        .flags = AD_OP_ASSIGNS | (op_flags),               \
        .attr_size = sizeof(scan_attr),                    \
        .shape = ad_shape_first,                           \
        .forward = scan_forward,                           \
        .pullback = scan_pullback,                         \
        .jvp = scan_jvp,                                   \
        .curvature = curvature_rule,                       \
        .kernels = &op##_rules,                            \
    };                                                     \
    ad_tensor ad_##op(ad_tensor x, int axis, unsigned how) \
    {                                                      \
        return scan_along(&op##_op, x, axis, how);         \
    }

SCAN_OP(cumsum, AD_OP_LINEAR, NULL, {run_sum, run_sum_of_tangents, pull_sum, NULL})
SCAN_OP(cumprod, 0, scan_curvature, {run_product, run_tangent, pull_product, bend_product})

const ad_op *const ad_accumulate_ops[] = {&prod_op, &cumsum_op, &cumprod_op, NULL};
