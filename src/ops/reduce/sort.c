/* Order along an axis: sort, argsort, top_k.
 *
 * The indices of the numbers in their order are found by merging runs: equal numbers stay in the order they
 * had, and a NaN is greater than all numbers. sort has two results: the numbers, and these indices. Picking
 * by them is linear in x, and the pullback adds each cotangent where its number stood. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/strided.h"
#include "kernels/axis.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <string.h>

typedef struct sort_attr {
    int axis;
    bool descending;
    int64_t count; /* how many to keep; -1: all */
} sort_attr;

/* Where row r begins, among rows of n numbers along the axis. */
static size_t start_of(const ad_axis_split *s, size_t row, size_t n)
{
    return row / s->inner * n * s->inner + row % s->inner;
}

/* ---- argsort ----------------------------------------------------------------------- */

/* Merges the runs [from, middle) and [middle, to) of picks into out. */
typedef void merge(const void *numbers, const int64_t *pick, size_t from, size_t middle, size_t to,
                   bool descending, int64_t *out);

#define MERGE(type, T, floating)                                                                   \
    static void merge_##type(const void *numbers, const int64_t *pick, size_t from, size_t middle, \
                             size_t to, bool descending, int64_t *out)                             \
    {                                                                                              \
        const T *x = numbers;                                                                      \
        for (size_t i = from, j = middle, k = from; k < to; k++) {                                 \
            bool left = j == to;                                                                   \
            if (i < middle && j < to) {                                                            \
                T a = x[pick[i]], b = x[pick[j]];                                                  \
                left =                                                                             \
                    descending ? !(b > a || (b != b && a == a)) : !(b < a || (a != a && b == b));  \
            }                                                                                      \
            out[k] = pick[left ? i++ : j++];                                                       \
        }                                                                                          \
    }
AD_TYPE_LIST(MERGE)

#define MERGE_OF(type, T, floating) merge_##type,
static merge *const merges[AD_TYPE_COUNT] = {AD_TYPE_LIST(MERGE_OF)};

/* The picks of n numbers in their order, in `pick` or in `spare`. */
static const int64_t *order(ad_type type, size_t n, const void *numbers, bool descending,
                            int64_t *pick, int64_t *spare)
{
    for (size_t i = 0; i < n; i++)
        pick[i] = (int64_t)i;
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t from = 0; from < n; from += 2 * run) {
            size_t middle = n - from < run ? n : from + run;
            size_t to = n - middle < run ? n : middle + run;
            merges[type](numbers, pick, from, middle, to, descending, spare);
        }
        int64_t *merged = spare;
        spare = pick;
        pick = merged;
    }
    return pick;
}

static const char *argsort_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)x, (void)attr;
    *y = AD_I64;
    return NULL;
}

static const char *argsort_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const sort_attr *a = attr;
    ad_shape_first(x, attr, y);
    if (a->count >= 0)
        y->dim[a->axis] = a->count;
    return a->count <= x->dim[a->axis] ? NULL : "the axis has fewer than k elements";
}

/* The indices into y. False when memory ran out. */
static bool find_order(ad_workspace *work, const sort_attr *a, const ad_view *x, const ad_array *to)
{
    ad_type type = x->type;
    size_t size = ad_type_size(type);
    ad_axis_split s = ad_split_axis(&x->shape, a->axis);
    size_t n = s.extent, kept = (size_t)to->shape.dim[a->axis];
    char *numbers = ad_scratch(work, n * size);
    int64_t *picks = ad_scratch(work, 2 * n * sizeof *picks), *y = to->data;
    if (!numbers || !picks)
        return false;
    for (size_t row = 0; row < s.outer * s.inner; row++) {
        const char *from = (const char *)x->data + start_of(&s, row, n) * size;
        ad_strided_pack(size, n, from, (int64_t)s.inner, numbers);
        const int64_t *ordered = order(type, n, numbers, a->descending, picks, picks + n);
        for (size_t i = 0; i < kept; i++)
            y[start_of(&s, row, kept) + i * s.inner] = ordered[i];
    }
    return true;
}

static void argsort_forward(const ad_forward_args *c)
{
    find_order(c->work, c->attr, &c->x[0], &c->y);
}

static const ad_op argsort_op = {
    .size = sizeof(ad_op),
    .name = "argsort",
    .arity = 1,
    .flags = AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(sort_attr),
    .type = argsort_type,
    .shape = argsort_shape,
    .forward = argsort_forward,
};

/* ---- sort ------------------------------------------------------------------------------ */

enum { VALUES, INDICES, RESULTS };

static const char *sort_type(const ad_type *x, const void *attr, ad_type *y)
{
    y[VALUES] = x[0];
    return argsort_type(x, attr, &y[INDICES]);
}

static const char *sort_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = argsort_shape(x, attr, &y[VALUES]);
    return wrong ? wrong : ad_shape_first(&y[VALUES], attr, &y[INDICES]);
}

/* The rows of x along the axis, and which of their numbers are picked. */
typedef struct ranks {
    ad_axis_split axis; /* of x */
    size_t kept;        /* of the extent */
    const int64_t *pick;
} ranks;

static ranks ranks_of(const void *attr, const ad_shape *x, const ad_view *picks)
{
    int axis = ((const sort_attr *)attr)->axis;
    return (ranks){ad_split_axis(x, axis), (size_t)picks->shape.dim[axis], picks->data};
}

/* Where in x the number stands that is picked for number `at` of the result. */
static size_t picked_for(const ranks *r, size_t row, size_t at)
{
    return start_of(&r->axis, row, r->axis.extent) + (size_t)r->pick[at] * r->axis.inner;
}

static void pick(const void *attr, const ad_view *x, const ad_view *picks, void *y)
{
    size_t size = ad_type_size(x->type);
    ranks r = ranks_of(attr, &x->shape, picks);
    for (size_t row = 0; row < r.axis.outer * r.axis.inner; row++)
        for (size_t i = 0; i < r.kept; i++) {
            size_t to = start_of(&r.axis, row, r.kept) + i * r.axis.inner;
            memcpy((char *)y + to * size, (const char *)x->data + picked_for(&r, row, to) * size,
                   size);
        }
}

static void sort_forward(const ad_forward_args *c)
{
    ad_view picks = ad_array_view(c->ys[INDICES]);
    if (find_order(c->work, c->attr, &c->x[0], &c->ys[INDICES]))
        pick(c->attr, &c->x[0], &picks, c->ys[VALUES].data);
}

static void sort_jvp(const ad_jvp_args *c)
{
    pick(c->attr, &c->tx[0], &c->ys[INDICES], c->ty.data);
}

static void sort_pullback(const ad_pullback_args *c)
{
    const ad_array *dx = &c->dx[0];
    ranks r = ranks_of(c->attr, &dx->shape, &c->ys[INDICES]);
    for (size_t row = 0; row < r.axis.outer * r.axis.inner; row++)
        for (size_t i = 0; i < r.kept; i++) {
            size_t from = start_of(&r.axis, row, r.kept) + i * r.axis.inner;
            size_t to = picked_for(&r, row, from);
            if (dx->type == AD_F32)
                ((float *)dx->data)[to] += ((const float *)c->dy.data)[from];
            else
                ((double *)dx->data)[to] += ((const double *)c->dy.data)[from];
        }
}

static const ad_op sort_op = {
    .size = sizeof(ad_op),
    .name = "sort",
    .arity = 1,
    .results = RESULTS,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(sort_attr),
    .type = sort_type,
    .shape = sort_shape,
    .forward = sort_forward,
    .pullback = sort_pullback,
    .jvp = sort_jvp,
    .derivative = "dx = g where the elements stood",
};

/* ---- the public functions ------------------------------------------------------------- */

AD_FORM(sort, 1, argsort_type, argsort_shape)
AD_FORM(top_k, 1, argsort_type, argsort_shape)

static ad_ranked rank(const ad_op *form, ad_tensor x, sort_attr attr)
{
    char text[256];
    ad_tensor y[RESULTS] = {ad_dead(x), ad_dead(x)};
    AD_DOOR(x.tape, form->name, ((ad_ranked){y[VALUES], y[INDICES]}));
    ad_shape own = ad_shape_of(x);
    if (!ad_axis_fix(form->name, x, &attr.axis, own.rank))
        return (ad_ranked){y[VALUES], y[INDICES]};
    if (own.rank >= 0 && attr.count > own.dim[attr.axis])
        ad_tape_fail(x.tape, AD_BAD_SHAPE, "%s(%s): axis %d has fewer than %lld elements",
                     form->name, ad_shape_print(&own, text, sizeof text), attr.axis,
                     (long long)attr.count);
    if (ad_fits(form, &x, &attr))
        ad_apply_results(&sort_op, 1, &x, &attr, RESULTS, y);
    return (ad_ranked){y[VALUES], y[INDICES]};
}

ad_tensor ad_argsort(ad_tensor x, int axis, bool descending)
{
    AD_DOOR(x.tape, "argsort", ad_dead(x));
    sort_attr attr = {axis, descending, -1};
    if (!ad_axis_fix("argsort", x, &attr.axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(&argsort_op, &x, &attr);
}

ad_ranked ad_sort(ad_tensor x, int axis, bool descending)
{
    return rank(&sort, x, (sort_attr){axis, descending, -1});
}

ad_ranked ad_top_k(ad_tensor x, int axis, int64_t k)
{
    ad_ranked dead = {ad_dead(x), ad_dead(x)};
    if (k >= 0)
        return rank(&top_k, x, (sort_attr){axis, true, k});
    ad_tape_fail(x.tape, AD_MISUSE, "top_k: k is %lld, it must not be negative", (long long)k);
    return dead;
}

const ad_op *const ad_sort_ops[] = {&argsort_op, &sort_op, NULL};
