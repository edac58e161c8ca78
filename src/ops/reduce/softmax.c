/* Softmax and its logarithm along one axis, with the maximum subtracted, so that no exponential
 * overflows. With p = exp(x) / sum(exp(x)) and sums along the axis:
 *
 *     softmax      y = p         dx += y (dy - sum(y dy))
 *     log_softmax  y = log(p)    dx += dy - exp(y) sum(dy)
 *
 * Where all x are -inf there is no p: it counts as 0, with gradient 0. Where one is +inf, all of
 * the row is NaN. */
#include "adze/op.h"
#include "kernels/axis.h"
#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "kernels/rows.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"
#include "tape/failure.h"

typedef struct softmax_attr {
    int axis;
} softmax_attr;

static int axis_of(const void *attr)
{
    return ((const softmax_attr *)attr)->axis;
}

/* ---- lanes ------------------------------------------------------------------------- */

/* Declares x, top and sum, and leaves exp(x - top) in out. The rows' finite maxima are in top, where a
 * NaN need not show: it will in the sum. A sum of 0 is a row of -inf. */
#define SHIFTED_SUM(T)                                                    \
    const T *restrict x = in[0];                                          \
    AD_LANE_TOPS(T, top, x)                                               \
    double sum[AD_LANES] = {0};                                           \
    AD_LANE(top[j] = isfinite(top[j]) ? top[j] : top[j] > 0 ? (T)NAN : 0) \
    AD_EACH(out[i] = AD_EXP(x[i] - top[j]))                               \
    AD_EACH(sum[j] += (double)out[i])                                     \
    AD_JOIN_SUM(sum)

/* x -> p and x -> log p. */
#define FORWARD_LANES(s, T)                                                             \
    AD_LANES_OF(ad_softmax_##s, T,                                                      \
                {SHIFTED_SUM(T) AD_LANE(sum[j] = sum[j] == 0 ? 0 : 1 / sum[j])          \
                     AD_EACH(out[i] = out[i] * (T)sum[j])})                             \
    AD_LANES_OF(ad_log_softmax_##s, T,                                                  \
                {SHIFTED_SUM(T) AD_LONG_LANE(sum[j] = sum[j] == 0 ? 0 : AD_LOG(sum[j])) \
                     AD_EACH(out[i] = (x[i] - top[j]) - (T)sum[j])})

/* y, t -> y (t - sum(y t)): the pullback of softmax, and its jvp. If the sums are finite, no
 * product is one that the rule of kernels/vanishing.h makes 0; else the rows are worked on apart.
 * y, g, t -> derivative of the former, with g for t, along t. */
#define SOFTMAX_LANES(s, T)                                                                        \
    AD_SINGLE_LANES_OF(softmax_slope_apart_##s, T, {                                               \
        const T *y = in[0], *t = in[1];                                                            \
        double sum[AD_LANES] = {0};                                                                \
        AD_EACH_LONG(sum[j] += AD_TIMES((double)y[i], (double)t[i]))                               \
        AD_JOIN_SUM(sum)                                                                           \
        AD_PUT_LONG(T, AD_TIMES(y[i], t[i] - (T)sum[j]))                                           \
    })                                                                                             \
    AD_LANES_OF(ad_softmax_slope_##s, T, {                                                         \
        const T *y = in[0], *t = in[1];                                                            \
        double sum[AD_LANES] = {0};                                                                \
        bool plain = true;                                                                         \
        AD_EACH(sum[j] += (double)y[i] * (double)t[i])                                             \
        AD_JOIN_SUM(sum)                                                                           \
        AD_LANE(plain &= isfinite(sum[j]))                                                         \
        if (!plain) {                                                                              \
            softmax_slope_apart_##s##_base(&(ad_lanes){n, lanes, step, 0, false}, in, out, add);   \
            return;                                                                                \
        }                                                                                          \
        AD_PUT(T, y[i] * (t[i] - (T)sum[j]))                                                       \
    })                                                                                             \
    AD_SINGLE_LANES_OF(ad_softmax_bend_##s, T, {                                                   \
        const T *y = in[0], *g = in[1], *t = in[2];                                                \
        double g_sum[AD_LANES] = {0}, t_sum[AD_LANES] = {0}, both[AD_LANES] = {0};                 \
        AD_EACH_LONG(g_sum[j] += AD_TIMES((double)y[i], (double)g[i]))                             \
        AD_EACH_LONG(t_sum[j] += AD_TIMES((double)y[i], (double)t[i]))                             \
        AD_JOIN_SUM(g_sum)                                                                         \
        AD_JOIN_SUM(t_sum)                                                                         \
        AD_EACH_LONG(both[j] += AD_TIMES((double)y[i], (double)t[i] - t_sum[j], (double)g[i]))     \
        AD_JOIN_SUM(both)                                                                          \
        AD_PUT_LONG(                                                                               \
            T, AD_TIMES((double)y[i],                                                              \
                        ad_times_f64((double)t[i] - t_sum[j], (double)g[i] - g_sum[j]) - both[j])) \
    })

/* The number, or 0 in a row of -inf, which is not alive. A function, so that the number is found before the
 * question: loads that depended on it would have masks, which cost a fifth. */
#define ALIVE(s, T)                              \
    AD_INLINE T alive_##s(double live, T number) \
    {                                            \
        return live > 0 ? number : 0;            \
    }
ALIVE(f32, float)
ALIVE(f64, double)

/* y, g -> g - exp(y) sum(g);  y, t -> t - sum(exp(y) t): the pullback and the jvp of log_softmax.
 * y, g, t -> the derivative of the former along t. Rows of -inf give 0. If one number of a row is NaN,
 * all are. */
#define LIVE_SUM(T, EACH, sums, ...)                   \
    double sums[AD_LANES] = {0}, live[AD_LANES] = {0}; \
    EACH(sums[j] += (__VA_ARGS__))                     \
    AD_EACH(live[j] += y[i] != -(T)INFINITY)           \
    AD_JOIN_SUM(sums)                                  \
    AD_JOIN_SUM(live)
#define LOG_SOFTMAX_LANES(s, T)                                                               \
    AD_SINGLE_LANES_OF(log_softmax_pull_apart_##s, T, {                                       \
        const T *restrict y = in[0], *restrict g = in[1];                                     \
        LIVE_SUM(T, AD_EACH, sum, (double)g[i])                                               \
        AD_PUT_LONG(T, alive_##s(live[j], g[i] - AD_TIMES(AD_EXP(y[i]), (T)sum[j])))          \
    })                                                                                        \
    AD_LANES_OF(ad_log_softmax_pull_##s, T, {                                                 \
        const T *restrict y = in[0], *restrict g = in[1];                                     \
        bool plain = true;                                                                    \
        LIVE_SUM(T, AD_EACH, sum, (double)g[i])                                               \
        AD_LANE(plain &= isfinite(sum[j]) && (sum[j] != 0 || !isnan(y[j])))                   \
        if (!plain) {                                                                         \
            log_softmax_pull_apart_##s##_base(&(ad_lanes){n, lanes, step, 0, false}, in, out, \
                                              add);                                           \
            return;                                                                           \
        }                                                                                     \
        AD_PUT(T, alive_##s(live[j], g[i] - AD_EXP(y[i]) * (T)sum[j]))                        \
    })                                                                                        \
    AD_SINGLE_LANES_OF(log_softmax_push_apart_##s, T, {                                       \
        const T *y = in[0], *t = in[1];                                                       \
        LIVE_SUM(T, AD_EACH_LONG, sum, AD_TIMES((double)AD_EXP(y[i]), (double)t[i]))          \
        AD_PUT_LONG(T, alive_##s(live[j], t[i] - (T)sum[j]))                                  \
    })                                                                                        \
    AD_LANES_OF(ad_log_softmax_push_##s, T, {                                                 \
        const T *y = in[0], *t = in[1];                                                       \
        bool plain = true;                                                                    \
        LIVE_SUM(T, AD_EACH_LONG, sum, (double)AD_EXP(y[i]) * (double)t[i])                   \
        AD_LANE(plain &= isfinite(sum[j]))                                                    \
        if (!plain) {                                                                         \
            log_softmax_push_apart_##s##_base(&(ad_lanes){n, lanes, step, 0, false}, in, out, \
                                              add);                                           \
            return;                                                                           \
        }                                                                                     \
        AD_PUT(T, alive_##s(live[j], t[i] - (T)sum[j]))                                       \
    })                                                                                        \
    AD_SINGLE_LANES_OF(ad_log_softmax_bend_##s, T, {                                          \
        const T *y = in[0], *g = in[1], *t = in[2];                                           \
        double g_sum[AD_LANES] = {0}, t_sum[AD_LANES] = {0};                                  \
        AD_EACH(g_sum[j] += (double)g[i])                                                     \
        AD_EACH_LONG(t_sum[j] += AD_TIMES((double)AD_EXP(y[i]), (double)t[i]))                \
        AD_JOIN_SUM(g_sum)                                                                    \
        AD_JOIN_SUM(t_sum)                                                                    \
        AD_PUT_LONG(T, AD_TIMES(-(double)AD_EXP(y[i]), (double)t[i] - t_sum[j], g_sum[j]))    \
    })

#define ALL_LANES(s, T) \
    FORWARD_LANES(s, T) \
    SOFTMAX_LANES(s, T) \
    LOG_SOFTMAX_LANES(s, T)
ALL_LANES(f32, float)
ALL_LANES(f64, double)

/* ---- rows whose numbers lie together ------------------------------------------------- */

typedef double row_numbers[AD_ROW_SET];

/* Writes exp(x - top), and finds its sums, as above. */
static void find_powers(const ad_row_set *r, double *top, double *sum)
{
    r->kernel->top(&r->extent, r->in[0], top);
    for (size_t i = 0; i < r->extent.count; i++)
        top[i] = isfinite(top[i]) ? top[i] : top[i] > 0 ? (double)NAN : 0;
    r->kernel->power(&r->extent, r->in[0], r->in[0], top, NULL, r->out, false);
    r->kernel->sum(&r->extent, r->out, sum);
}

static bool softmax_rows(const ad_row_set *r)
{
    row_numbers top, sum;
    find_powers(r, top, sum);
    r->kernel->shares(r->extent.count, sum);
    r->kernel->scale(&r->extent, sum, r->out);
    return true;
}

static bool log_softmax_rows(const ad_row_set *r)
{
    row_numbers top, sum;
    find_powers(r, top, sum);
    r->kernel->logs(r->extent.count, sum);
    for (size_t i = 0; i < r->extent.count; i++)
        sum[i] = sum[i] == -(double)INFINITY ? 0 : sum[i];
    r->kernel->below(&r->extent, r->in[0], r->in[0], top, sum, r->out, false);
    return true;
}

static bool are_finite(const ad_row_set *r, const double *sum)
{
    bool all = true;
    for (size_t i = 0; i < r->extent.count; i++)
        all &= isfinite(sum[i]);
    return all;
}

/* Whether no row is all -inf, or NaN. */
static bool are_alive(const ad_row_set *r)
{
    row_numbers top;
    bool all = true;
    r->kernel->top(&r->extent, r->in[0], top);
    for (size_t i = 0; i < r->extent.count; i++)
        all &= top[i] > -(double)INFINITY;
    return all;
}

static bool softmax_slope_rows(const ad_row_set *r)
{
    row_numbers sum;
    r->kernel->dot(&r->extent, r->in[0], r->in[1], sum);
    if (!are_finite(r, sum))
        return false;
    r->kernel->slope(&r->extent, r->in[0], r->in[1], sum, NULL, r->out, r->add);
    return true;
}

static bool log_softmax_pull_rows(const ad_row_set *r)
{
    row_numbers sum;
    r->kernel->sum(&r->extent, r->in[1], sum);
    if (!are_finite(r, sum) || !are_alive(r))
        return false;
    r->kernel->log_slope(&r->extent, r->in[0], r->in[1], sum, NULL, r->out, r->add);
    return true;
}

/* Tangents are never added to others, so that there is room for exp(y). */
static bool log_softmax_push_rows(const ad_row_set *r)
{
    row_numbers zero = {0}, sum;
    r->kernel->power(&r->extent, r->in[0], r->in[0], zero, NULL, r->out, false);
    r->kernel->dot(&r->extent, r->out, r->in[1], sum);
    if (!are_finite(r, sum) || !are_alive(r))
        return false;
    r->kernel->less(&r->extent, r->in[1], r->in[1], sum, NULL, r->out, false);
    return true;
}

/* ---- the ops ----------------------------------------------------------------------- */

/* For rows side by side, and for those whose numbers lie together. */
typedef struct axis_kernel {
    ad_lane_blocks lanes;
    ad_row_op rows;
} axis_kernel;

typedef struct axis_kernels {
    axis_kernel forward, pull, push;
    ad_lane_blocks bend;
} axis_kernels;

static void run(ad_workspace *work, const void *attr, const axis_kernel *k, const ad_view *in,
                const ad_array *out, bool add)
{
    ad_axis_split split = ad_split_axis(&out->shape, axis_of(attr));
    const void *numbers[2];
    if (split.inner != 1) {
        ad_lanes_map(work, axis_of(attr), &k->lanes, k->rows.inputs, in, out, add);
        return;
    }
    for (int i = 0; i < k->rows.inputs; i++)
        numbers[i] = in[i].data;
    ad_rows_run(work, &k->rows, out->type, split.outer, split.extent, numbers, out->data, add,
                NULL);
}

static void softmax_forward(const ad_forward_args *c)
{
    const axis_kernels *k = c->op->kernels;
    run(c->work, c->attr, &k->forward, c->x, &c->y, false);
}

static void softmax_pullback(const ad_pullback_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->dy};
    run(c->work, c->attr, &k->pull, in, &c->dx[0], !c->assign[0]);
}

static void softmax_jvp(const ad_jvp_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->tx[0]};
    run(c->work, c->attr, &k->push, in, &c->ty, false);
}

static void softmax_curvature(const ad_curvature_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->dy, c->tx[0]};
    ad_lanes_map(c->work, axis_of(c->attr), &k->bend, 3, in, &c->tdx[0], true);
}

enum { softmax_slope_late = 2, log_softmax_pull_late = 1, log_softmax_push_late = 0 };

#define BACK(name, first)                                    \
    {                                                        \
        AD_LANE_BLOCKS(ad_##name),                           \
        {                                                    \
            name##_rows, 2, false, name##_late, {first, 0},  \
            {                                                \
                name##_apart_f32_base, name##_apart_f64_base \
            }                                                \
        }                                                    \
    }
#define SOFTMAX_OP(op, rows, pull, push, fill, words)                   \
    static const axis_kernels op##_kernels = {                          \
        {AD_LANE_BLOCKS(op), {rows, 1, false, 0, {-INFINITY}, {NULL}}}, \
        BACK(pull, fill),                                               \
        BACK(push, fill),                                               \
        AD_SINGLE_LANE_BLOCKS(op##_bend),                               \
    };                                                                  \
    static const ad_op op##_op = {                                      \
        .size = sizeof(ad_op),                                          \
        .name = &#op[3],                                                \
        .arity = 1,                                                     \
        .flags = AD_OP_ASSIGNS,                                         \
        .attr_size = sizeof(softmax_attr),                              \
        .shape = ad_shape_first,                                        \
        .forward = softmax_forward,                                     \
        .pullback = softmax_pullback,                                   \
        .jvp = softmax_jvp,                                             \
        .curvature = softmax_curvature,                                 \
        .kernels = &op##_kernels,                                       \
        .derivative = words,                                            \
    };                                                                  \
    ad_tensor op(ad_tensor x, int axis)                                 \
    {                                                                   \
        softmax_attr attr = {axis};                                     \
        AD_DOOR(x.tape, &#op[3], ad_dead(x));                           \
        if (!ad_axis_fix(&#op[3], x, &attr.axis, ad_shape_of(x).rank))  \
            return ad_dead(x);                                          \
        return ad_apply(&op##_op, &x, &attr);                           \
    }

SOFTMAX_OP(ad_softmax, softmax_rows, softmax_slope, softmax_slope, 0, "dx = y (g - sum(g y))")
SOFTMAX_OP(ad_log_softmax, log_softmax_rows, log_softmax_pull, log_softmax_push, -INFINITY,
           "dx = g - exp(y) sum(g)")

const ad_op *const ad_softmax_ops[] = {&ad_softmax_op, &ad_log_softmax_op, NULL};
