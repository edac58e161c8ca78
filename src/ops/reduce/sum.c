/* Sums over axes: sum, mean, unbroadcast.
 *
 * With c = 1 or 1/n, y = c sum(x) has the pullback dx += c dy, repeated over the reduced axes. */
#include "adze/op.h"
#include "kernels/kernel.h"
#include "kernels/rows.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"
#include "tape/failure.h"

#include <math.h>

/* The difference between the ops: whether the sum is divided by the number of elements. */
typedef struct sum_kind {
    bool averages;
} sum_kind;

static double divisor(const ad_op *op, const ad_reduced *r)
{
    const sum_kind *kind = op->kernels;
    return kind->averages ? r->length : 1;
}

AD_KERNEL(lowered, double, AD_IN(double, 0) * 0x1p-64)
static const ad_kernel lower = AD_ONLY(lowered);

/* The means whose sum has overflowed, from smaller numbers; a mean itself never overflows. */
static void mend_means(ad_workspace *work, const ad_reduced *r, const ad_view *x, double *means)
{
    bool any = false;
    for (size_t i = 0; i < r->count; i++)
        any = any || isinf(means[i]);
    double *sums = any ? ad_map_sum(work, &x->shape, &lower, 1, x, AD_F64, &r->kept) : NULL;
    for (size_t i = 0; sums && i < r->count; i++)
        if (isinf(means[i]))
            means[i] = sums[i] / r->length * 0x1p64;
}

static void add_up(ad_workspace *work, const ad_op *op, const void *attr, const ad_view *x,
                   const ad_array *y)
{
    ad_reduced r = ad_reduce_plan(&x->shape, attr);
    double *sums = ad_map_sum(work, &x->shape, NULL, 1, x, x->type, &r.kept);
    if (!sums)
        return;
    for (size_t i = 0; i < r.count; i++)
        sums[i] /= divisor(op, &r);
    if (divisor(op, &r) > 1 && x->type == AD_F64)
        mend_means(work, &r, x, sums);
    ad_store_sums(r.count, sums, y->type, y->data, false);
}

static void sum_forward(const ad_forward_args *c)
{
    add_up(c->work, c->op, c->attr, &c->x[0], &c->y);
}

static void sum_jvp(const ad_jvp_args *c)
{
    add_up(c->work, c->op, c->attr, &c->tx[0], &c->ty);
}

AD_ADDING_KERNEL(repeat_f32, float, AD_IN(double, 0))
AD_ADDING_KERNEL(repeat_f64, double, AD_IN(double, 0))
static const ad_blocks repeat = AD_ADDING_BLOCKS(repeat);

/* Rows of a number each. */
typedef struct fill_env {
    const double *numbers;
    const ad_array *dx;
    bool add;
} fill_env;

static bool fill_rows(const ad_row_set *r)
{
    const fill_env *env = r->env;
    size_t row = r->extent.length * ad_type_size(env->dx->type);
    r->kernel->fill(&r->extent, env->numbers + r->first, (char *)env->dx->data + r->first * row,
                    env->add);
    return true;
}
static const ad_row_op fill = {.step = fill_rows, .once = true};

static void sum_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->dx[0].shape, c->attr);
    double *shares = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!shares)
        return;
    for (size_t i = 0; i < r.count; i++)
        shares[i] /= divisor(c->op, &r);
    ad_view dx = ad_array_view(c->dx[0]), share = ad_reduced_view(&r, AD_F64, shares);
    size_t row = ad_reduced_row(&dx, c->attr);
    if (row > 1 && r.count == 1) {
        const ad_row_extent one = {.count = 1, .length = row};
        ad_row_kernel_for(dx.type, ad_work_isa(c->work))
            ->fill(&one, shares, c->dx[0].data, !c->assign[0]);
        return;
    }
    if (row > 1) {
        fill_env env = {shares, &c->dx[0], !c->assign[0]};
        ad_rows_run(c->work, &fill, dx.type, r.count, row, NULL, NULL, false, &env);
        return;
    }
    ad_map_into(c->work, &c->dx[0].shape, &repeat, 1, &share, &c->dx[0], !c->assign[0]);
}

#define SUM_OP(op, averaging, words)                           \
    static const ad_op op##_op = {                             \
        .size = sizeof(ad_op),                                 \
        .name = &#op[3],                                       \
        .arity = 1,                                            \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | AD_OP_LINEAR, \
        .attr_size = sizeof(ad_reduction),                     \
        .shape = ad_reduce_shape,                              \
        .forward = sum_forward,                                \
        .pullback = sum_pullback,                              \
        .jvp = sum_jvp,                                        \
        .kernels = &(const sum_kind){averaging},               \
        .derivative = words,                                   \
    };

SUM_OP(ad_sum, false, "dx = g, repeated along the reduced axes")
SUM_OP(ad_mean, true, "dx = g / n, repeated")
SUM_OP(ad_unbroadcast, false, "dx = g, broadcast")

AD_REDUCTION_FORMS(ad_sum, ad_sum_over, ad_sum_op)
AD_REDUCTION_FORMS(ad_mean, ad_mean_over, ad_mean_op)

/* The reduction that leads from x's shape to target. False if target does not broadcast to it. */
static bool find_repeats(const ad_shape *x, const ad_shape *target, ad_reduction *attr)
{
    int extra = x->rank - target->rank;
    if (target->rank < 0 || extra < 0)
        return false;
    for (int i = 0; i < x->rank; i++) {
        int64_t extent = i < extra ? 1 : target->dim[i - extra];
        if (extent != 1 && extent != x->dim[i])
            return false;
        attr->reduced |= extent != x->dim[i] || i < extra ? 1u << i : 0;
        attr->dropped |= i < extra ? 1u << i : 0;
    }
    return true;
}

ad_tensor ad_unbroadcast(ad_tensor x, ad_shape shape)
{
    AD_DOOR(x.tape, "unbroadcast", ad_dead(x));
    char from[256], to[256];
    ad_shape own = ad_shape_of(x);
    ad_reduction attr = {0};
    if (own.rank >= 0 && !find_repeats(&own, &shape, &attr)) {
        ad_tape_fail(
            x.tape, AD_BAD_SHAPE, "unbroadcast(%s): the target %s does not broadcast to it",
            ad_shape_print(&own, from, sizeof from), ad_shape_print(&shape, to, sizeof to));
        return ad_dead(x);
    }
    return ad_apply(&ad_unbroadcast_op, &x, &attr);
}

const ad_op *const ad_sum_ops[] = {&ad_sum_op, &ad_mean_op, &ad_unbroadcast_op, NULL};
