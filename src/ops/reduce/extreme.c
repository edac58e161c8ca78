/* The greatest and the least element, over axes.
 *
 * A fold starts from the first element behind each result and goes over the rest in their own type,
 * keeping the better of two; a NaN is better than any number. The elements equal to
 * the result share its cotangent: with k ties each gets dy / k. */
#include "adze/op.h"
#include "array/strided.h"
#include "base/workspace.h"
#include "kernels/kernel.h"
#include "kernels/rows.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <math.h>
#include <string.h>

/* to[i y_step] = the better of itself and from[i x_step], for i < n */
typedef void fold_run(size_t n, const void *x, int64_t x_step, void *y, int64_t y_step);

/* A row into one number. A long one has many candidates side by side, so that no comparison waits
 * for the one before, and the loop over them becomes vector instructions. */
#define FOLD_ROW(T, beats)                                                     \
    enum { LANES = 256 / sizeof(T) };                                          \
    T best = *to;                                                              \
    size_t i = 0;                                                              \
    if (n >= 2 * LANES) {                                                      \
        T lane[LANES];                                                         \
        memcpy(lane, from, sizeof lane);                                       \
        for (i = LANES; i + LANES <= n; i += LANES)                            \
            for (size_t k = 0; k < LANES; k++)                                 \
                lane[k] = beats(from[i + k], lane[k]) ? from[i + k] : lane[k]; \
        for (size_t half = LANES / 2; half; half /= 2)                         \
            AD_LOOP_ROLLED for (size_t k = 0; k < half; k++) lane[k] =         \
                beats(lane[k + half], lane[k]) ? lane[k + half] : lane[k];     \
        if (lane[0] == 0) { /* the first of all zeros, as in other layouts */  \
            size_t k = 0;                                                      \
            while (from[k] != 0)                                               \
                k++;                                                           \
            lane[0] = from[k];                                                 \
        }                                                                      \
        best = beats(lane[0], best) ? lane[0] : best;                          \
    }                                                                          \
    for (; i < n; i++)                                                         \
        best = beats(from[i], best) ? from[i] : best;                          \
    *to = best;

#define FOLD_APART(T, beats, x_step, y_step)            \
    for (int64_t i = 0; i < (int64_t)n; i++) {          \
        T x = from[i * (x_step)], y = to[i * (y_step)]; \
        to[i * (y_step)] = beats(x, y) ? x : y;         \
    }

#define FOLD_FOR(isa, name, T, beats)                                               \
    AD_TARGET_##isa static void name##_##isa(size_t n, const void *restrict x_data, \
                                             int64_t x_step, void *restrict y_data, \
                                             int64_t y_step)                        \
    {                                                                               \
        const T *from = x_data;                                                     \
        T *to = y_data;                                                             \
        if (x_step == 1 && y_step == 0) {                                           \
            FOLD_ROW(T, beats)                                                      \
        } else if (x_step == 1 && y_step == 1) {                                    \
            FOLD_APART(T, beats, 1, 1)                                              \
        } else {                                                                    \
            FOLD_APART(T, beats, x_step, y_step)                                    \
        }                                                                           \
    }

#define FOLD(name, T, beats) AD_EACH_ISA(FOLD_FOR, name, T, beats)

#define GREATER(a, b)       ((a) > (b))
#define LESS(a, b)          ((a) < (b))
#define GREATER_FLOAT(a, b) (((a) > (b)) | ((a) != (a)))
#define LESS_FLOAT(a, b)    (((a) < (b)) | ((a) != (a)))

FOLD(max_AD_F32, float, GREATER_FLOAT)
FOLD(max_AD_F64, double, GREATER_FLOAT)
FOLD(max_AD_I32, int32_t, GREATER)
FOLD(max_AD_I64, int64_t, GREATER)
FOLD(max_AD_U8, uint8_t, GREATER)
FOLD(max_AD_BOOL, bool, GREATER)
FOLD(min_AD_F32, float, LESS_FLOAT)
FOLD(min_AD_F64, double, LESS_FLOAT)
FOLD(min_AD_I32, int32_t, LESS)
FOLD(min_AD_I64, int64_t, LESS)
FOLD(min_AD_U8, uint8_t, LESS)
FOLD(min_AD_BOOL, bool, LESS)

typedef struct fold_kernel {
    fold_run *of[AD_ISA_COUNT];
} fold_kernel;

#define MAX_ROW(type, ctype, floating) {AD_ALL(max_##type)},
#define MIN_ROW(type, ctype, floating) {AD_ALL(min_##type)},
static const fold_kernel folds[2][AD_TYPE_COUNT] = {{AD_TYPE_LIST(MIN_ROW)},
                                                    {AD_TYPE_LIST(MAX_ROW)}};

void ad_fold(const ad_reduced *r, ad_workspace *work, const ad_view *x, bool greatest, void *y)
{
    ad_view first = ad_reduced_first(r, x);
    int64_t stride[AD_MAX_RANK], size = (int64_t)ad_type_size(x->type);
    fold_run *fold = folds[greatest][x->type].of[ad_work_isa(work)];
    ad_nest nest;
    ad_row_strides(&r->kept, stride);
    ad_nest_begin(&nest, &x->shape);
    ad_nest_add(&nest, &x->shape, x->stride);
    ad_nest_add(&nest, &r->kept, stride);
    if (!ad_nest_start(&nest))
        return;
    ad_strided_read(&first, y);
    do {
        fold((size_t)nest.row, (const char *)x->data + nest.offset[0] * size, nest.step[0],
             (char *)y + nest.offset[1] * size, nest.step[1]);
    } while (ad_nest_next(&nest));
}

/* ---- rows whose numbers lie together ------------------------------------------------- */

/* Where the results go, and the fold for rows that have a NaN, or zeros of either sign, whose order counts. */
typedef struct row_env {
    ad_type type;
    bool greatest;
    fold_run *fold;
    char *y;
} row_env;

static void fold_one(const ad_row_set *r, const row_env *env, size_t row)
{
    size_t size = ad_type_size(env->type);
    const char *x = (const char *)r->in[0].rows + row * r->extent.length * size;
    char *y = env->y + (r->first + row) * size;
    memcpy(y, x, size);
    env->fold(r->extent.length, x, 1, y, 0);
}

static bool fold_rows(const ad_row_set *r)
{
    const row_env *env = r->env;
    double found[AD_ROW_SET];
    size_t n = r->extent.count;
    ad_row_search *search = env->greatest ? r->kernel->greatest : r->kernel->least;
    bool plain = search(&r->extent, r->in[0], found), fine = plain;
    for (size_t i = 0; i < n; i++)
        fine &= found[i] != 0;
    ad_store_sums(n, found, env->type, env->y + r->first * ad_type_size(env->type), false);
    for (size_t i = 0; !fine && i < n; i++)
        if (found[i] == 0 || !plain)
            fold_one(r, env, i);
    return true;
}

static const ad_row_op row_ops[] = {
    {.step = fold_rows, .inputs = 1, .once = true, .fill = {INFINITY}},
    {.step = fold_rows, .inputs = 1, .once = true, .fill = {-INFINITY}}};

/* ---- max and min ------------------------------------------------------------------- */

const char *ad_extreme_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_reduced r = ad_reduce_plan(x, attr);
    if (r.length == 0 && r.count > 0)
        return "an empty axis has no greatest or least element";
    return ad_reduce_shape(x, attr, y);
}

/* The difference between the ops. */
typedef struct extreme_kind {
    bool greatest;
} extreme_kind;

static void extreme_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    const extreme_kind *kind = c->op->kernels;
    ad_type type = c->y.type;
    size_t length = ad_type_is_float(type) ? ad_reduced_row(&c->x[0], c->attr) : 0;
    if (length && r.count > 1) { /* one row is folded at once */
        row_env env = {type, kind->greatest, folds[kind->greatest][type].of[ad_work_isa(c->work)],
                       c->y.data};
        ad_rows_run(c->work, &row_ops[kind->greatest], type, r.count, length, &c->x[0].data, NULL,
                    false, &env);
        return;
    }
    ad_fold(&r, c->work, &c->x[0], kind->greatest, c->y.data);
}

/* x, y, t -> t where x is y, else 0 */
#define TIED(s, T)                                       \
    AD_INLINE T tied_of_##s(T x, T y, T t)               \
    {                                                    \
        return (x == y) | ((x != x) & (y != y)) ? t : 0; \
    }                                                    \
    AD_KERNEL(tied_##s, T, tied_of_##s(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2)))
TIED(f32, float)
TIED(f64, double)
static const ad_blocks tied = AD_BLOCKS(tied);

/* The sums of t over the ties, in the kept shape. */
static double *sum_ties(const ad_reduced *r, ad_workspace *work, const ad_view *x, const ad_view *y,
                        const ad_view *t)
{
    ad_view in[] = {*x, ad_reduced_view(r, y->type, y->data), *t};
    return ad_map_sum(work, &x->shape, &tied.of[x->type], 3, in, x->type, &r->kept);
}

static double *count_ties(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                          const ad_view *y)
{
    static const float one_f32 = 1;
    static const double one_f64 = 1;
    const void *one = x->type == AD_F32 ? (const void *)&one_f32 : &one_f64;
    ad_view ones = ad_view_of(x->type, one, AD_SCALAR);
    return sum_ties(r, work, x, y, &ones);
}

typedef struct share_env {
    const double *y;
    double *g;
} share_env;

static bool share_rows(const ad_row_set *r)
{
    const share_env *env = r->env;
    double ties[AD_ROW_SET], *shares = env->g + r->first;
    r->kernel->ties(&r->extent, r->in[0], env->y + r->first, ties);
    for (size_t i = 0; i < r->extent.count; i++)
        shares[i] /= ties[i];
    r->kernel->tied(&r->extent, r->in[0], r->in[0], env->y + r->first, shares, r->out, r->add);
    return true;
}

static const ad_row_op share_op = {.step = share_rows, .inputs = 1};

static void share_along_rows(const ad_pullback_args *c, const ad_reduced *r, size_t length)
{
    share_env env = {ad_reduced_doubles(r, c->work, &c->y), ad_reduced_doubles(r, c->work, &c->dy)};
    if (env.y && env.g)
        ad_rows_run(c->work, &share_op, c->y.type, r->count, length, &c->x[0].data, c->dx[0].data,
                    !c->assign[0], &env);
}

static void extreme_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (length) {
        share_along_rows(c, &r, length);
        return;
    }
    double *ties = count_ties(&r, c->work, &c->x[0], &c->y);
    double *shares = ad_reduced_doubles(&r, c->work, &c->dy);
    void *rounded = ad_scratch(c->work, r.count * ad_type_size(c->dy.type));
    if (!ties || !shares || !rounded)
        return;
    for (size_t i = 0; i < r.count; i++)
        shares[i] /= ties[i];
    ad_store_sums(r.count, shares, c->dy.type, rounded, false);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, c->y.type, c->y.data),
                    ad_reduced_view(&r, c->dy.type, rounded)};
    ad_map_into(c->work, &c->x[0].shape, &tied, 3, in, &c->dx[0], !c->assign[0]);
}

static void extreme_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *ties = count_ties(&r, c->work, &c->x[0], &c->y);
    double *sums = sum_ties(&r, c->work, &c->x[0], &c->y, &c->tx[0]);
    if (!ties || !sums)
        return;
    for (size_t i = 0; i < r.count; i++)
        sums[i] /= ties[i];
    ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

#define EXTREME_OP(op, over_axes, is_greatest, words)          \
    static const ad_op op##_op = {                             \
        .size = sizeof(ad_op),                                 \
        .name = &#op[3],                                       \
        .arity = 1,                                            \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | AD_OP_LINEAR, \
        .attr_size = sizeof(ad_reduction),                     \
        .type = ad_type_first,                                 \
        .shape = ad_extreme_shape,                             \
        .forward = extreme_forward,                            \
        .pullback = extreme_pullback,                          \
        .jvp = extreme_jvp,                                    \
        .kernels = &(const extreme_kind){is_greatest},         \
        .derivative = words,                                   \
    };                                                         \
    AD_REDUCTION_FORMS(op, over_axes, op##_op)

EXTREME_OP(ad_max, ad_max_over, true, "dx = g, shared evenly among the greatest")
EXTREME_OP(ad_min, ad_min_over, false, "dx = g, shared evenly among the least")

const ad_op *const ad_extreme_ops[] = {&ad_max_op, &ad_min_op, NULL};
