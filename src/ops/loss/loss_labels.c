/* Cross entropy of a softmax with integer labels.
 *
 *     y = -sum(log p[i, label[i]]) / n, with p the softmax of each row
 *     dx[i] += dy / n (p[i] - onehot(label[i]))
 *
 * And where labels may be ignored or smoothed, and classes have weights w: with the sum over the
 * rows that count, W the sum of w over the classes, and own = (1 - smoothing) w[label[i]],
 * share = smoothing / classes,
 *
 *     y = -sum(own log p[i, label[i]] + share sum(w log p[i])) / sum(w[label[i]])
 *     dx[i] += dy / sum(w[label[i]]) (own (p[i] - onehot(label[i])) + share (W p[i] - w)) */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "base/sized.h"
#include "kernels/vanishing.h"
#include "ops/families.h"
#include "ops/loss/label_rows.h"
#include "ops/loss/loss.h"
#include "tape/failure.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

AD_INLINE int64_t label_at(const ad_view *label, size_t i)
{
    if (label->type == AD_U8)
        return ((const uint8_t *)label->data)[i];
    return label->type == AD_I32 ? ((const int32_t *)label->data)[i]
                                 : ((const int64_t *)label->data)[i];
}

/* Which labels count, and how: the attribute of the second op. */
typedef struct counting {
    bool ignores;
    int64_t ignored;
    double smoothing;
} counting;

/* The rows of a batch, and the softmax that forward saved. */
typedef struct batch {
    size_t n, classes, stride; /* stride: bytes from row to row */
    const ad_label_rules *rule;
    const ad_view *label, *weights; /* weights: NULL, 1 for each class; or one number */
    ad_type type;                   /* of logits and weights */
    counting how;
    double total; /* the weights of all labels that count */
    double all;   /* the weights of all classes */
    char *p;
} batch;

/* Adds a number to one in a list of f32 or f64. */
static void add_number(ad_type type, void *x, size_t k, double number)
{
    if (type == AD_F32)
        ((float *)x)[k] += (float)number;
    else
        ((double *)x)[k] += number;
}

AD_INLINE size_t label_of(const batch *b, size_t i)
{
    return (size_t)label_at(b->label, i);
}

AD_INLINE bool is_ignored(const batch *b, size_t i)
{
    return b->how.ignores && label_at(b->label, i) == b->how.ignored;
}

AD_INLINE double weight_of(const batch *b, size_t class)
{
    if (!b->weights)
        return 1;
    return ad_float_at(b->type, b->weights->data, b->weights->shape.rank ? class : 0);
}

/* False, after a rejection, where a label is not a class. */
static bool add_labels(batch *b, ad_workspace *work)
{
    size_t counted = 0;
    double total = 0;
    for (size_t i = 0; i < b->n; i++) {
        int64_t label = label_at(b->label, i);
        if (is_ignored(b, i))
            continue;
        if (label < 0 || label >= (int64_t)b->classes) {
            ad_reject(work, AD_DOMAIN, "label[%zu] = %" PRId64 " is not in [0, %zu)", i, label,
                      b->classes);
            return false;
        }
        counted++;
        total += b->weights ? weight_of(b, (size_t)label) : 0;
    }
    b->total = b->weights ? total : (double)counted;
    return true;
}

static bool add_weights(batch *b, ad_workspace *work)
{
    for (size_t k = 0; b->weights && k < b->classes; k++) {
        double weight = weight_of(b, k);
        if (!(weight >= 0 && weight < (double)INFINITY)) {
            ad_reject(work, AD_DOMAIN, "weights[%zu] = %g is not a number from 0 on", k, weight);
            return false;
        }
        b->all += weight;
    }
    return true;
}

/* Labels and weights are looked at in every rule, in the place of a check: they are borrowed, and labels
 * index memory. */
static bool open_batch(batch *b, const ad_op *op, const ad_view *x, const void *attr,
                       const void *saved, ad_workspace *work)
{
    ad_type type = x[0].type;
    *b = (batch){.n = (size_t)x[0].shape.dim[0],
                 .classes = (size_t)x[0].shape.dim[1],
                 .rule = ad_label_rules_for(type, work),
                 .type = type,
                 .label = &x[1],
                 .weights = op->attr_size ? &x[2] : NULL,
                 .p = (char *)(uintptr_t)saved};
    b->stride = b->classes * ad_type_size(type);
    if (op->attr_size)
        b->how = *(const counting *)attr;
    return add_weights(b, work) && add_labels(b, work);
}

/* ---- a row -------------------------------------------------------------------------- */

/* Whether the row adds anything. */
AD_INLINE bool counts(const batch *b, size_t i)
{
    return b->total > 0 && !is_ignored(b, i) &&
           (!b->weights || b->how.smoothing > 0 || weight_of(b, label_of(b, i)) > 0);
}

/* What the row's label takes part with, and what each class does, times its weight. */
AD_INLINE double own_part(const batch *b, size_t i)
{
    return (1 - b->how.smoothing) * weight_of(b, label_of(b, i));
}

static double class_part(const batch *b)
{
    return b->how.smoothing / (double)b->classes;
}

/* A row of -inf has no softmax: with smoothing, its first p is -1, and its gradient 0. */
static bool has_softmax(const batch *b, const void *p)
{
    return b->how.smoothing == 0 || !(ad_float_at(b->type, p, 0) < 0);
}

/* By the greatest logit, whose -log p does not cancel. */
static double smooth_loss(const batch *b, size_t i, const void *x, void *p)
{
    ad_type type = b->type;
    double y = 0, own = own_part(b, i), share = class_part(b);
    size_t top = 0, label = label_of(b, i);
    for (size_t k = 1; k < b->classes; k++)
        top = ad_float_at(type, x, k) > ad_float_at(type, x, top) ? k : top;
    double least = b->rule->loss(b->classes, x, top, p);
    if (least == (double)INFINITY)
        add_number(type, p, 0, -1 - ad_float_at(type, p, 0));
    for (size_t k = 0; k < b->classes; k++) {
        double part = share * weight_of(b, k) + (k == label ? own : 0);
        y += AD_TIMES(part, least + (ad_float_at(type, x, top) - ad_float_at(type, x, k)));
    }
    return least == (double)INFINITY ? least : y;
}

AD_INLINE double row_loss(const batch *b, size_t i, const void *x, void *p)
{
    if (b->how.smoothing > 0)
        return smooth_loss(b, i, x, p);
    return own_part(b, i) * b->rule->loss(b->classes, x, label_of(b, i), p);
}

AD_INLINE void row_slope(const batch *b, size_t i, const void *p, double g, void *dx, bool add)
{
    double share = g * class_part(b);
    if (!counts(b, i) || !has_softmax(b, p)) {
        if (!add)
            memset(dx, 0, b->stride);
        return;
    }
    b->rule->slope(b->classes, p, label_of(b, i), g * own_part(b, i), dx, add);
    for (size_t k = 0; b->how.smoothing > 0 && k < b->classes; k++) {
        double slope = b->all * ad_float_at(b->type, p, k) - weight_of(b, k);
        add_number(b->type, dx, k, AD_TIMES(share, slope));
    }
}

static double row_tangent(const batch *b, size_t i, const void *p, const void *t)
{
    if (!counts(b, i) || !has_softmax(b, p))
        return 0;
    double mean = b->rule->dot(b->classes, p, t);
    double y = AD_TIMES(own_part(b, i), mean - ad_float_at(b->type, t, label_of(b, i)));
    for (size_t k = 0; b->how.smoothing > 0 && k < b->classes; k++)
        y += AD_TIMES(class_part(b) * weight_of(b, k), mean - ad_float_at(b->type, t, k));
    return y;
}

static void row_bend(const batch *b, size_t i, const void *p, const void *t, double g, void *tdx)
{
    if (counts(b, i) && has_softmax(b, p))
        b->rule->bend(b->classes, p, t, g * (own_part(b, i) + class_part(b) * b->all), tdx);
}

/* ---- the rules ---------------------------------------------------------------------- */

static const char *cross_entropy_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    if (!ad_type_is_float(x[0]))
        return "logits must be f32 or f64 (ad_cast converts)";
    if (x[1] != AD_I32 && x[1] != AD_I64 && x[1] != AD_U8)
        return "labels must be i32, i64 or u8";
    *y = x[0];
    return NULL;
}

static const char *cross_entropy_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[0].rank != 2)
        return "logits must have two axes, [n, classes]";
    if (x[1].rank != 1)
        return "labels must have one axis, [n]";
    if (x[0].dim[0] != x[1].dim[0])
        return "there must be one label for each row of logits";
    *y = AD_SCALAR;
    return NULL;
}

static size_t cross_entropy_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)attr;
    return (size_t)(x[0].dim[0] * x[0].dim[1]) * ad_type_size(type[0]);
}

static void cross_entropy_forward(const ad_forward_args *c)
{
    batch b;
    double sum = 0;
    if (!open_batch(&b, c->op, c->x, c->attr, c->saved, c->work))
        return;
    for (size_t i = 0; i < b.n; i++)
        if (counts(&b, i))
            sum += row_loss(&b, i, (const char *)c->x[0].data + i * b.stride, b.p + i * b.stride);
    sum = b.total > 0 ? sum / b.total : (double)NAN;
    ad_store_sums(1, &sum, c->y.type, c->y.data, false);
}

/* Where nothing counts, the value is NaN, and derivatives are 0. */
static double over_total(const batch *b, double x)
{
    return b->total > 0 ? x / b->total : 0;
}

static void cross_entropy_pullback(const ad_pullback_args *c)
{
    batch b;
    if (!c->wanted[0] || !open_batch(&b, c->op, c->x, c->attr, c->saved, c->work))
        return;
    double g = over_total(&b, ad_number_of(&c->dy));
    for (size_t i = 0; i < b.n; i++)
        row_slope(&b, i, b.p + i * b.stride, g, (char *)c->dx[0].data + i * b.stride,
                  !c->assign[0]);
}

static void cross_entropy_jvp(const ad_jvp_args *c)
{
    batch b;
    double sum = 0;
    if (!open_batch(&b, c->op, c->x, c->attr, c->saved, c->work))
        return;
    for (size_t i = 0; i < b.n; i++)
        sum += row_tangent(&b, i, b.p + i * b.stride, (const char *)c->tx[0].data + i * b.stride);
    sum = over_total(&b, sum);
    ad_store_sums(1, &sum, c->ty.type, c->ty.data, false);
}

static void cross_entropy_curvature(const ad_curvature_args *c)
{
    batch b;
    if (!c->wanted[0] || !open_batch(&b, c->op, c->x, c->attr, c->saved, c->work))
        return;
    double g = over_total(&b, ad_number_of(&c->dy));
    for (size_t i = 0; i < b.n; i++)
        row_bend(&b, i, b.p + i * b.stride, (const char *)c->tx[0].data + i * b.stride, g,
                 (char *)c->tdx[0].data + i * b.stride);
}

#define CROSS_ENTROPY_OP(op, op_name, count, bytes, type_rule, shape_rule, words) \
    static const ad_op op = {                                                     \
        .size = sizeof(ad_op),                                                    \
        .name = op_name,                                                          \
        .arity = count,                                                           \
        .flags = AD_OP_ASSIGNS,                                                   \
        .attr_size = bytes,                                                       \
        .type = type_rule,                                                        \
        .shape = shape_rule,                                                      \
        .saved = cross_entropy_saved,                                             \
        .forward = cross_entropy_forward,                                         \
        .pullback = cross_entropy_pullback,                                       \
        .jvp = cross_entropy_jvp,                                                 \
        .curvature = cross_entropy_curvature,                                     \
        .derivative = words,                                                      \
    };

CROSS_ENTROPY_OP(cross_entropy_op, "softmax_cross_entropy", 2, 0, cross_entropy_type,
                 cross_entropy_shape, "dx = g (softmax(x) - onehot(label)) / n")

ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor label)
{
    return ad_apply(&cross_entropy_op, (ad_tensor[]){logits, label}, NULL);
}

/* ---- with options ------------------------------------------------------------------- */

/* Operands: logits, labels, weights: of the classes, or one for all. */
static const char *with_type(const ad_type *x, const void *attr, ad_type *y)
{
    const char *wrong = cross_entropy_type(x, attr, y);
    return wrong || x[2] == x[0] ? wrong : "weights must have the type of the logits";
}

static const char *with_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = cross_entropy_shape(x, attr, y);
    return wrong || x[2].rank == 0 || ad_shape_equal(&x[2], &AD_SHAPE(x[0].dim[1]))
               ? wrong
               : "weights must have one axis, [classes]";
}

CROSS_ENTROPY_OP(
    cross_entropy_with_op, "softmax_cross_entropy_with", 3, sizeof(counting), with_type, with_shape,
    "with c = g / sum(w[label]) and smoothing s, dx = c ((1 - s) w[label] (softmax(x) - "
    "onehot(label)) + s / classes (sum(w) softmax(x) - w)), and 0 in ignored rows")

ad_tensor ad_softmax_cross_entropy_with(ad_tensor logits, ad_tensor label,
                                        const ad_cross_entropy_options *options)
{
    ad_tape *t = logits.tape ? logits.tape : label.tape;
    AD_DOOR(t, "softmax_cross_entropy_with", ad_dead(logits));
    ad_cross_entropy_options o = {.size = sizeof o};
    if (options &&
        !ad_sized_read(&o, sizeof o, options, AD_END_OF(ad_cross_entropy_options, weights))) {
        ad_tape_fail(t, AD_MISUSE,
                     "softmax_cross_entropy_with: the size of the options is not set");
        return ad_dead(logits);
    }
    if (!(o.smoothing >= 0 && o.smoothing <= 1)) {
        ad_tape_fail(t, AD_MISUSE,
                     "softmax_cross_entropy_with: smoothing must be in [0, 1], and is %g",
                     o.smoothing);
        return ad_dead(logits);
    }
    ad_mark before = ad_tape_mark(t);
    ad_tensor x[] = {logits, label, o.weights.tape ? ad_stop_gradient(o.weights) : ad_number(1)};
    ad_tensor y =
        ad_apply(&cross_entropy_with_op, x, &(counting){o.ignores, o.ignored, o.smoothing});
    if (ad_tape_status(t) != AD_OK)
        ad_tape_rewind(before);
    return y;
}

const ad_op *const ad_loss_label_ops[] = {&cross_entropy_op, &cross_entropy_with_op, NULL};
