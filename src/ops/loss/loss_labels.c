/* Cross entropy of a softmax with integer labels.
 *
 *     y = -sum(log p[i, label[i]]) / n, with p the softmax of each row
 *     dx[i] += dy / n (p[i] - onehot(label[i])) */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "kernels/vanishing.h"
#include "ops/families.h"
#include "ops/loss/loss.h"

#include <inttypes.h>

/* Work on a row of `classes` logits x; p is their softmax. */
typedef struct row_rules {
    /* Writes p and returns -log p[label]. */
    double (*loss)(size_t classes, const void *x, size_t label, void *p);
    /* dx += g (p - onehot(label)) */
    void (*slope)(size_t classes, const void *p, size_t label, double g, void *dx, bool add);
    /* Returns p . t */
    double (*dot)(size_t classes, const void *p, const void *t);
    /* tdx += g p (t - p . t) */
    void (*bend)(size_t classes, const void *p, const void *t, double g, void *tdx);
} row_rules;

/* A row of -inf has no softmax. Its loss is +inf; its gradient is 0, since the label's class
 * gets p = 1. A NaN makes the sum NaN. */
#define LOSS_ROW(isa, s, T)                                                            \
    AD_TARGET_##isa static double loss_##s##_##isa(size_t classes, const void *x_data, \
                                                   size_t label, void *p_data)         \
    {                                                                                  \
        const T *restrict x = x_data;                                                  \
        T *restrict p = p_data;                                                        \
        AD_ROW_OF(classes)                                                             \
        AD_LANE_TOPS(T, top, x)                                                        \
        T most = isfinite(top[0]) ? top[0] : 0;                                        \
        double sum[AD_LANES] = {0};                                                    \
        AD_EACH_LONG(p[i] = AD_EXP(x[i] - most))                                       \
        AD_EACH(sum[j] += (double)p[i])                                                \
        AD_JOIN_SUM(sum)                                                               \
        T share = (T)(1 / sum[0]);                                                     \
        AD_EACH(p[i] = sum[0] == 0 ? (T)(i == label) : p[i] * share)                   \
        return sum[0] == 0 ? (double)INFINITY                                          \
                           : AD_LOG(sum[0]) - ((double)x[label] - (double)most);       \
    }

#define SLOPE_ROW(isa, s, T)                                                                 \
    AD_TARGET_##isa static void slope_row_##s##_##isa(                                       \
        size_t classes, const void *p_data, size_t label, double g, void *dx_data, bool add) \
    {                                                                                        \
        const T *p = p_data;                                                                 \
        T *dx = dx_data, before = add ? dx[label] : 0;                                       \
        for (size_t k = 0; k < classes; k++)                                                 \
            dx[k] = (T)AD_TIMES(g, (double)p[k]) + (add ? dx[k] : 0);                        \
        dx[label] = (T)AD_TIMES(g, (double)p[label] - 1) + before;                           \
    }

#define TANGENT_ROWS(isa, s, T)                                                                 \
    AD_TARGET_##isa static double dot_##s##_##isa(size_t classes, const void *p, const void *t) \
    {                                                                                           \
        double sum = 0;                                                                         \
        for (size_t k = 0; k < classes; k++)                                                    \
            sum += AD_TIMES((double)((const T *)p)[k], (double)((const T *)t)[k]);              \
        return sum;                                                                             \
    }                                                                                           \
    AD_TARGET_##isa static void bend_##s##_##isa(size_t classes, const void *p_data,            \
                                                 const void *t_data, double g, void *tdx)       \
    {                                                                                           \
        const T *p = p_data, *t = t_data;                                                       \
        double mean = dot_##s##_##isa(classes, p, t);                                           \
        for (size_t k = 0; k < classes; k++)                                                    \
            ((T *)tdx)[k] += (T)AD_TIMES(g, (double)p[k], (double)t[k] - mean);                 \
    }

#define ROW_RULES(isa, s, T) \
    LOSS_ROW(isa, s, T)      \
    SLOPE_ROW(isa, s, T)     \
    TANGENT_ROWS(isa, s, T)
AD_EACH_ISA(ROW_RULES, f32, float)
AD_EACH_ISA(ROW_RULES, f64, double)

#define RULES_FOR(isa, s) \
    {loss_##s##_##isa, slope_row_##s##_##isa, dot_##s##_##isa, bend_##s##_##isa},
static const row_rules rules[2][AD_ISA_COUNT] = {{AD_EACH_ISA(RULES_FOR, f32)},
                                                 {AD_EACH_ISA(RULES_FOR, f64)}};

static int64_t label_at(const ad_view *label, size_t i)
{
    if (label->type == AD_U8)
        return ((const uint8_t *)label->data)[i];
    return label->type == AD_I32 ? ((const int32_t *)label->data)[i]
                                 : ((const int64_t *)label->data)[i];
}

/* The rows of a batch, and the softmax that forward saved. */
typedef struct batch {
    size_t n, classes, stride; /* stride: bytes from row to row */
    const row_rules *rule;
    const ad_view *label;
    char *p;
} batch;

/* False, after a rejection, where a label is not a class. Asked in every rule, not only in the
 * check: labels are borrowed, and index memory. */
static bool open_batch(batch *b, const ad_view *x, const void *saved, ad_workspace *work)
{
    ad_type type = x[0].type;
    int64_t classes = x[0].shape.dim[1];
    b->n = (size_t)x[0].shape.dim[0];
    b->classes = (size_t)classes;
    b->stride = b->classes * ad_type_size(type);
    b->rule = &rules[type][ad_work_isa(work)];
    b->label = &x[1];
    b->p = (char *)(uintptr_t)saved;
    for (size_t i = 0; i < b->n; i++) {
        int64_t label = label_at(b->label, i);
        if (label >= 0 && label < classes)
            continue;
        ad_reject(work, AD_DOMAIN, "label[%zu] = %" PRId64 " is not in [0, %" PRId64 ")", i, label,
                  classes);
        return false;
    }
    return true;
}

static size_t label_of(const batch *b, size_t i)
{
    return (size_t)label_at(b->label, i);
}

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

static void cross_entropy_check(const ad_forward_args *c)
{
    batch b;
    open_batch(&b, c->x, NULL, c->work);
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
    if (!open_batch(&b, c->x, c->saved, c->work))
        return;
    for (size_t i = 0; i < b.n; i++)
        sum += b.rule->loss(b.classes, (const char *)c->x[0].data + i * b.stride, label_of(&b, i),
                            b.p + i * b.stride);
    sum /= (double)b.n;
    ad_store_sums(1, &sum, c->y.type, c->y.data, false);
}

static void cross_entropy_pullback(const ad_pullback_args *c)
{
    batch b;
    if (!c->wanted[0] || !open_batch(&b, c->x, c->saved, c->work))
        return;
    double g = ad_number_of(&c->dy) / (double)b.n;
    for (size_t i = 0; i < b.n; i++)
        b.rule->slope(b.classes, b.p + i * b.stride, label_of(&b, i), g,
                      (char *)c->dx[0].data + i * b.stride, !c->assign[0]);
}

static void cross_entropy_jvp(const ad_jvp_args *c)
{
    batch b;
    double sum = 0;
    if (!open_batch(&b, c->x, c->saved, c->work))
        return;
    for (size_t i = 0; i < b.n; i++) {
        const char *t = (const char *)c->tx[0].data + i * b.stride;
        const char *own = t + label_of(&b, i) * ad_type_size(c->ty.type);
        ad_view t_label = ad_view_of(c->ty.type, own, AD_SCALAR);
        sum += b.rule->dot(b.classes, b.p + i * b.stride, t) - ad_number_of(&t_label);
    }
    sum /= (double)b.n;
    ad_store_sums(1, &sum, c->ty.type, c->ty.data, false);
}

static void cross_entropy_curvature(const ad_curvature_args *c)
{
    batch b;
    if (!c->wanted[0] || !open_batch(&b, c->x, c->saved, c->work))
        return;
    double g = ad_number_of(&c->dy) / (double)b.n;
    for (size_t i = 0; i < b.n; i++)
        b.rule->bend(b.classes, b.p + i * b.stride, (const char *)c->tx[0].data + i * b.stride, g,
                     (char *)c->tdx[0].data + i * b.stride);
}

static const ad_op cross_entropy_op = {
    .size = sizeof(ad_op),
    .name = "softmax_cross_entropy",
    .arity = 2,
    .flags = AD_OP_ASSIGNS,
    .type = cross_entropy_type,
    .shape = cross_entropy_shape,
    .check = cross_entropy_check,
    .saved = cross_entropy_saved,
    .forward = cross_entropy_forward,
    .pullback = cross_entropy_pullback,
    .jvp = cross_entropy_jvp,
    .curvature = cross_entropy_curvature,
    .derivative = "dx = g (softmax(x) - onehot(label)) / n",
};

ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor label)
{
    return ad_apply(&cross_entropy_op, (ad_tensor[]){logits, label}, NULL);
}

const ad_op *const ad_loss_label_ops[] = {&cross_entropy_op, NULL};
