/* Normalisation: layer, RMS, group, instance, batch and weight norms. They are one operation on numbers in sets
 * (kernels/norms.h), with layouts of their own. What is kept for the rules is each set's mean and scale, never the
 * normalised numbers. */
#include "kernels/norms.h"
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/axis.h"
#include "kernels/map.h"
#include "ops/families.h"
#include "ops/neural/norm_rules.h"
#include "ops/refuse.h"
#include "tape/failure.h"
#include "tape/watch.h"

#include <math.h>
#include <string.h>

enum { X, GAIN, BIAS };              /* operands */
enum { Y, MEAN, VARIANCE, RESULTS }; /* results of the batch norm */

typedef enum norm_kind { LAYER, RMS, GROUP, INSTANCE, BATCH, WEIGHT } norm_kind;

typedef struct norm_attr {
    norm_kind kind;
    int64_t groups;
    double epsilon;
} norm_attr;

static int operands_of(norm_kind kind)
{
    return kind == RMS || kind == WEIGHT ? 2 : 3;
}

/* ---- shapes ---------------------------------------------------------------------------- */

static ad_norm_layout layout_of(const ad_shape *x, const norm_attr *attr)
{
    bool last_axes = attr->kind == LAYER || attr->kind == RMS;
    bool by_example = attr->kind == GROUP || attr->kind == INSTANCE;
    int rank = x[X].rank, channels = rank - x[GAIN].rank;
    ad_norm_layout l = {.outer = 1,
                        .rows = ad_extent_of(x, by_example, channels),
                        .columns = ad_extent_of(x, channels, rank),
                        .centred = attr->kind != RMS && attr->kind != WEIGHT,
                        .epsilon = attr->epsilon,
                        .zero_scale = attr->kind == WEIGHT};
    if (last_axes) {
        l.outer = l.rows;
        l.rows = 1;
    } else if (by_example) {
        l.outer = (size_t)x[X].dim[0];
    }
    l.groups = last_axes ? 1 : attr->kind == GROUP && l.columns ? (size_t)attr->groups : l.columns;
    l.divisor = attr->kind == WEIGHT || !l.groups ? 1 : (double)(l.rows * (l.columns / l.groups));
    return l;
}

/* Whether the last axes of x are those of the parameters, one axis unless it is a layer's norm. */
static const char *misfit(const ad_shape *x, const norm_attr *attr)
{
    bool layer = attr->kind == LAYER || attr->kind == RMS;
    const ad_shape *gain = &x[GAIN];
    if (operands_of(attr->kind) == 3 && !ad_shape_equal(gain, &x[BIAS]))
        return "gain and bias must have one shape";
    if (layer && (gain->rank == 0 || gain->rank > x->rank))
        return "gain must have one or more of the last axes of x";
    if (!layer && (gain->rank != 1 || x->rank == 0))
        return attr->kind == WEIGHT ? "needs v [..., outputs] and gain [outputs]"
                                    : "needs x [..., channels], gain and bias [channels]";
    for (int i = 1; i <= gain->rank; i++)
        if (gain->dim[gain->rank - i] != x->dim[x->rank - i])
            return "the last axes of x must be those of gain";
    return NULL;
}

static const char *norm_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const norm_attr *a = attr;
    const char *why = misfit(x, a);
    if (why)
        return why;
    if ((a->kind == GROUP || a->kind == INSTANCE) && x->rank < 2)
        return "needs x [n, positions..., channels]";
    if (a->kind == GROUP && x->dim[x->rank - 1] % a->groups)
        return "the groups must divide the channels";
    ad_norm_layout l = layout_of(x, a);
    if (a->kind == INSTANCE && l.rows == 1)
        return "a single position has no variance";
    if (a->kind == BATCH && l.rows < 2 && l.columns > 0)
        return "less than two numbers in a channel have no variance";
    *y = *x;
    return NULL;
}

static const char *batch_norm_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    y[MEAN] = y[VARIANCE] = x[GAIN];
    return norm_shape(x, attr, y);
}

/* ---- rules ------------------------------------------------------------------------------- */

static size_t statistics_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    ad_norm_layout l = layout_of(x, attr);
    (void)type;
    return 2 * ad_norm_sets(&l) * sizeof(double);
}

static ad_norm_statistics statistics_in(const ad_norm_layout *l, const void *saved)
{
    double *mean = (double *)(uintptr_t)saved;
    return (ad_norm_statistics){mean, mean ? mean + ad_norm_sets(l) : NULL, NULL};
}

static ad_norm_layout layout_of_views(const ad_view *x, const norm_attr *attr)
{
    return layout_of((ad_shape[]){x[X].shape, x[GAIN].shape}, attr);
}

static void forward_with(const ad_forward_args *c, const ad_norm_layout *l, double *variance)
{
    ad_norm_statistics s = statistics_in(l, c->saved);
    s.variance = variance;
    ad_norm_forward(c->work, l, c->y.type, c->x[X].data, c->x[GAIN].data,
                    c->arity > BIAS ? c->x[BIAS].data : NULL, c->y.data, s);
}

static void norm_forward(const ad_forward_args *c)
{
    ad_norm_layout l = layout_of_views(c->x, c->attr);
    forward_with(c, &l, NULL);
}

static void batch_norm_forward(const ad_forward_args *c)
{
    ad_norm_layout l = layout_of_views(c->x, c->attr);
    double *variance = ad_scratch(c->work, (l.groups + 1) * sizeof *variance);
    if (!variance)
        return;
    forward_with(c, &l, variance);
    ad_store_sums(l.groups, statistics_in(&l, c->saved).mean, c->y.type, c->ys[MEAN].data, false);
    ad_store_sums(l.groups, variance, c->y.type, c->ys[VARIANCE].data, false);
}

/* Of sets whose numbers are finite, and not all 0. */
static bool are_plain(size_t sets, ad_norm_statistics s)
{
    bool all = true;
    for (size_t i = 0; i < sets; i++)
        all &= isfinite(s.mean[i]) && isfinite(s.scale[i]) && s.scale[i] > 0;
    return all;
}

/* Zeros for the cotangent of a result that nobody used. */
static ad_view zeros_like(ad_workspace *work, const ad_view *y)
{
    ad_view v = *y;
    size_t bytes = ad_view_count(y) * ad_type_size(y->type);
    v.data = ad_scratch(work, bytes);
    if (v.data)
        memset((void *)(uintptr_t)v.data, 0, bytes);
    return v;
}

/* With sums of the gradients of gain and bias; false if memory ran out. */
static bool pull(const ad_pullback_args *c, const ad_norm_layout *l, double *sums[2])
{
    ad_norm_statistics s = statistics_in(l, c->saved);
    ad_view nothing = {0}, dy = c->dy;
    const ad_view *dmean = c->results > 1 ? &c->dys[MEAN] : &nothing;
    const ad_view *dvariance = c->results > 1 ? &c->dys[VARIANCE] : &nothing;
    ad_array dx = c->dx[X];
    if (!dy.data && !(dy = zeros_like(c->work, &c->y)).data)
        return false;
    dx.data = c->wanted[X] ? dx.data : NULL;
    const ad_view *gain = &c->x[GAIN];
    if (are_plain(ad_norm_sets(l), s) &&
        ad_all_finite(c->work->isa, gain->type, gain->data, ad_view_count(gain)))
        return ad_norm_pull(c->work, l, dy.type, s,
                            &(ad_norm_back){c->x[X].data, c->x[GAIN].data, dy.data, dmean->data,
                                            dvariance->data, dx.data, !c->assign[X], sums[0],
                                            sums[1]});
    ad_norm_rule rule = {.l = l,
                         .s = s,
                         .x = c->x[X],
                         .gain = c->x[GAIN],
                         .dy = dy,
                         .dmean = *dmean,
                         .dvariance = *dvariance};
    memset(sums[0], 0, l->columns * sizeof *sums[0]);
    memset(sums[1], 0, l->columns * sizeof *sums[1]);
    ad_norm_pull_apart(&rule, &dx, !c->assign[X], sums[0], sums[1]);
    return true;
}

static void norm_pullback(const ad_pullback_args *c)
{
    ad_norm_layout l = layout_of_views(c->x, c->attr);
    double *sums[2];
    for (int i = 0; i < 2; i++)
        if (!(sums[i] = ad_scratch(c->work, (l.columns + 1) * sizeof *sums[i])))
            return;
    if (!pull(c, &l, sums))
        return;
    for (int i = GAIN; i < c->arity; i++)
        if (c->wanted[i])
            ad_store_sums(l.columns, sums[i - GAIN], c->dx[i].type, c->dx[i].data, !c->assign[i]);
}

static void norm_jvp(const ad_jvp_args *c)
{
    ad_norm_layout l = layout_of_views(c->x, c->attr);
    ad_array nothing = {0};
    ad_norm_rule rule = {.l = &l,
                         .s = statistics_in(&l, c->saved),
                         .x = c->x[X],
                         .gain = c->x[GAIN],
                         .tx = c->tx[X],
                         .tgain = c->tx[GAIN]};
    if (c->arity > BIAS)
        rule.tbias = c->tx[BIAS];
    ad_norm_push(&rule, &c->ty, c->results > 1 ? &c->tys[MEAN] : &nothing,
                 c->results > 1 ? &c->tys[VARIANCE] : &nothing);
}

static void norm_curvature(const ad_curvature_args *c)
{
    ad_norm_layout l = layout_of_views(c->x, c->attr);
    double *tdgain = ad_scratch(c->work, (l.columns + 1) * sizeof *tdgain);
    ad_array tdx = c->tdx[X];
    ad_norm_rule rule = {.l = &l,
                         .s = statistics_in(&l, c->saved),
                         .x = c->x[X],
                         .gain = c->x[GAIN],
                         .dy = c->dy,
                         .tx = c->tx[X],
                         .tgain = c->tx[GAIN]};
    if (c->results > 1)
        rule.dvariance = c->dys[VARIANCE];
    if (!tdgain)
        return;
    memset(tdgain, 0, l.columns * sizeof *tdgain);
    tdx.data = c->wanted[X] ? tdx.data : NULL;
    ad_norm_bend(&rule, &tdx, tdgain);
    if (c->wanted[GAIN])
        ad_store_sums(l.columns, tdgain, c->tdx[GAIN].type, c->tdx[GAIN].data, true);
}

/* ---- the ops ------------------------------------------------------------------------------ */

#define NORM_OP(op, operands_count, results_count, shape_rule, forward_rule, words) \
    static const ad_op op##_op = {                                                  \
        .size = sizeof(ad_op),                                                      \
        .name = #op,                                                                \
        .arity = operands_count,                                                    \
        .results = results_count,                                                   \
        .flags = AD_OP_ASSIGNS,                                                     \
        .attr_size = sizeof(norm_attr),                                             \
        .shape = shape_rule,                                                        \
        .saved = statistics_saved,                                                  \
        .forward = forward_rule,                                                    \
        .pullback = norm_pullback,                                                  \
        .jvp = norm_jvp,                                                            \
        .curvature = norm_curvature,                                                \
        .derivative = words,                                                        \
    };

#define CENTRED                                                                                    \
    "with z = (x - mean) r, r = 1 / sqrt(variance + epsilon) and h = g gain: dx = r (h - mean(h) " \
    "- z mean(h z)), "                                                                             \
    "dgain = sum(g z), dbias = sum(g)"

NORM_OP(layer_norm, 3, 1, norm_shape, norm_forward, CENTRED)
NORM_OP(group_norm, 3, 1, norm_shape, norm_forward, CENTRED)
NORM_OP(instance_norm, 3, 1, norm_shape, norm_forward, CENTRED)
NORM_OP(batch_norm, 3, RESULTS, batch_norm_shape, batch_norm_forward,
        CENTRED "; dx += g_mean / n + 2 g_variance (x - mean) / n")
NORM_OP(rms_norm, 2, 1, norm_shape, norm_forward,
        "with z = x r, r = 1 / sqrt(mean(x^2) + epsilon) and h = g gain: dx = r (h - z mean(h z)), "
        "dgain = sum(g z)")
NORM_OP(weight_norm, 2, 1, norm_shape, norm_forward,
        "with z = v / |v| and h = g gain: dv = (h - z sum(h z)) / |v|, dgain = sum(g z)")

static bool epsilon_fits(const char *op, int n, const ad_tensor *x, double epsilon)
{
    if (epsilon >= 0 && isfinite(epsilon))
        return true;
    ad_refuse(AD_MISUSE, op, n, x, "epsilon must be a number from 0 on, not %g", epsilon);
    return false;
}

static ad_tensor normalise(const ad_op *op, const ad_tensor *x, norm_attr attr)
{
    AD_DOOR(x->tape, op->name, ad_dead(*x));
    if (!epsilon_fits(op->name, op->arity, x, attr.epsilon))
        return ad_dead(*x);
    return ad_apply(op, x, &attr);
}

ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon)
{
    return normalise(&layer_norm_op, (ad_tensor[]){x, gain, bias}, (norm_attr){LAYER, 1, epsilon});
}

ad_tensor ad_rms_norm(ad_tensor x, ad_tensor gain, double epsilon)
{
    return normalise(&rms_norm_op, (ad_tensor[]){x, gain}, (norm_attr){RMS, 1, epsilon});
}

ad_tensor ad_group_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, int64_t groups, double epsilon)
{
    const ad_tensor operands[] = {x, gain, bias};
    AD_DOOR(x.tape, group_norm_op.name, ad_dead(x));
    if (groups < 1)
        return ad_refuse(AD_MISUSE, group_norm_op.name, 3, operands,
                         "there must be one group or more, not %lld", (long long)groups);
    return normalise(&group_norm_op, operands, (norm_attr){GROUP, groups, epsilon});
}

ad_tensor ad_instance_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon)
{
    return normalise(&instance_norm_op, (ad_tensor[]){x, gain, bias},
                     (norm_attr){INSTANCE, 1, epsilon});
}

ad_batch_normed ad_batch_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon)
{
    ad_tensor operands[] = {x, gain, bias}, y[RESULTS] = {ad_dead(x), ad_dead(x), ad_dead(x)};
    norm_attr attr = {BATCH, 1, epsilon};
    AD_DOOR(x.tape, batch_norm_op.name, ((ad_batch_normed){y[Y], y[MEAN], y[VARIANCE]}));
    if (epsilon_fits(batch_norm_op.name, 3, operands, epsilon))
        ad_apply_results(&batch_norm_op, 3, operands, &attr, RESULTS, y);
    return (ad_batch_normed){y[Y], y[MEAN], y[VARIANCE]};
}

ad_tensor ad_weight_norm(ad_tensor v, ad_tensor gain)
{
    return normalise(&weight_norm_op, (ad_tensor[]){v, gain}, (norm_attr){WEIGHT, 1, 0});
}

const ad_op *const ad_normalisation_ops[] = {
    &layer_norm_op,  &rms_norm_op, &group_norm_op, &instance_norm_op, &batch_norm_op,
    &weight_norm_op, NULL};
