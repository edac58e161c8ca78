/* Picking along an axis: gather, index_select, embedding, and what others need for it.
 *
 * The operand is seen as outer x extent x inner; runs of numbers that lie together are moved. */
#include "ops/index/index.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "array/strided.h"
#include "kernels/map.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"

/* ---- gather ------------------------------------------------------------------------ */

bool ad_is_index_type(ad_type type)
{
    return type == AD_I32 || type == AD_I64 || type == AD_U8;
}

const char *ad_gather_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return ad_is_index_type(x[1]) ? NULL : "the index must be i32, i64 or u8";
}

const char *ad_gather_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr, at = 0;
    if (x[0].rank == 0)
        return "there is no axis to pick along";
    if (x[0].rank - 1 + x[1].rank > AD_MAX_RANK)
        return "the rank would pass 8";
    for (int i = 0; i < axis; i++)
        y->dim[at++] = x[0].dim[i];
    for (int i = 0; i < x[1].rank; i++)
        y->dim[at++] = x[1].dim[i];
    for (int i = axis + 1; i < x[0].rank; i++)
        y->dim[at++] = x[0].dim[i];
    y->rank = at;
    return NULL;
}

ad_picks ad_picks_by(ad_workspace *work, const ad_shape *shape, int axis, const ad_view *index)
{
    ad_picks p = {ad_extent_of(shape, 0, axis), (size_t)shape->dim[axis],
                  ad_extent_of(shape, axis + 1, shape->rank), ad_view_count(index), index->data};
    if (index->type == AD_I64)
        return p;
    int64_t *at = ad_scratch(work, p.count * sizeof *at);
    if (at)
        ad_convert(p.count, index->type, index->data, AD_I64, at);
    p.at = at;
    return p;
}

void ad_picks_check(ad_workspace *work, const ad_picks *p)
{
    for (size_t i = 0; p->at && i < p->count; i++)
        if (p->at[i] < 0 || p->at[i] >= (int64_t)p->extent) {
            ad_reject(work, AD_DOMAIN, "index[%zu] = %lld is not in [0, %zu)", i,
                      (long long)p->at[i], p->extent);
            return;
        }
}

/* How many picks from i on are of places that follow each other, or of none. */
static size_t run_from(const ad_picks *p, size_t i)
{
    size_t n = 1;
    int64_t step = p->at[i] < 0 ? 0 : 1;
    while (i + n < p->count && (step ? p->at[i + n] == p->at[i] + (int64_t)n : p->at[i + n] < 0))
        n++;
    return n;
}

void ad_picks_copy(const ad_picks *p, size_t size, const void *x, const void *none, void *y)
{
    size_t run = p->inner * size;
    char *to = y;
    for (size_t o = 0; p->at && o < p->outer; o++) {
        const char *from = (const char *)x + o * p->extent * run;
        for (size_t i = 0, n; i < p->count; i += n, to += n * run) {
            n = run_from(p, i);
            if (p->at[i] >= 0)
                ad_copy_run(n * run, from + (size_t)p->at[i] * run, to);
            else
                ad_strided_pack(size, n * p->inner, none, 0, to);
        }
    }
}

/* Sums for the places along the axis that were picked, each `inner` numbers. They are f64, since
 * one place may be picked millions of times. */
typedef struct picked {
    bool repeats; /* some place is picked twice */
    size_t count;
    size_t *place; /* [count] along the axis */
    size_t *slot;  /* [extent] place[slot[k]] is k, where k was picked */
    double *sums;  /* [count, inner] */
} picked;

static bool list_picked(ad_workspace *work, const ad_picks *p, picked *l)
{
    size_t most = p->count < p->extent ? p->count : p->extent;
    l->count = 0;
    l->repeats = false;
    l->place = ad_scratch(work, most * sizeof *l->place);
    l->slot = ad_scratch(work, p->extent * sizeof *l->slot);
    if (!l->place || !l->slot || !p->at)
        return false;
    for (size_t k = 0; k < p->extent; k++)
        l->slot[k] = most;
    for (size_t i = 0; i < p->count; i++) {
        if (p->at[i] < 0)
            continue;
        size_t k = (size_t)p->at[i];
        l->repeats = l->repeats || l->slot[k] != most;
        if (l->slot[k] == most) {
            l->place[l->count] = k;
            l->slot[k] = l->count++;
        }
    }
    l->sums = ad_scratch(work, l->count * p->inner * sizeof *l->sums);
    return l->sums != NULL;
}

/* Adds up dy, [count, inner], in index order. */
#define SUM_PICKED(name, T)                                                             \
    static void name(const ad_picks *p, const picked *l, const void *dy)                \
    {                                                                                   \
        const T *from = dy;                                                             \
        memset(l->sums, 0, l->count * p->inner * sizeof *l->sums);                      \
        for (size_t i = 0; i < p->count; i++, from += p->inner) {                       \
            double *sums = l->sums + (p->at[i] < 0 ? 0 : l->slot[p->at[i]] * p->inner); \
            for (size_t j = 0; p->at[i] >= 0 && j < p->inner; j++)                      \
                sums[j] += (double)from[j];                                             \
        }                                                                               \
    }

SUM_PICKED(sum_picked_f32, float)
SUM_PICKED(sum_picked_f64, double)

/* Places that are picked once need no sums. */
static void spread_runs(const ad_picks *p, ad_type type, const char *y, char *x)
{
    size_t run = p->inner * ad_type_size(type);
    for (size_t i = 0, n; i < p->count; i += n, y += n * run) {
        n = run_from(p, i);
        if (p->at[i] >= 0)
            ad_add_run(type, n * p->inner, y, x + (size_t)p->at[i] * run);
    }
}

void ad_picks_spread(ad_workspace *work, const ad_picks *p, ad_type type, const void *y, void *x)
{
    picked l;
    if (!list_picked(work, p, &l))
        return;
    size_t run = p->inner * ad_type_size(type);
    for (size_t o = 0; o < p->outer; o++) {
        const char *from = (const char *)y + o * p->count * run;
        char *to = (char *)x + o * p->extent * run;
        if (!l.repeats) {
            spread_runs(p, type, from, to);
            continue;
        }
        (type == AD_F32 ? sum_picked_f32 : sum_picked_f64)(p, &l, from);
        for (size_t k = 0; k < l.count; k++)
            ad_store_sums(p->inner, l.sums + k * p->inner, type, to + l.place[k] * run, true);
    }
}

/* ---- ops that pick ----------------------------------------------------------------- */

void ad_places_pullback(const ad_pullback_args *c)
{
    ad_places_rule *const *places = c->op->kernels;
    if (!c->dx[0].data)
        return;
    ad_picks p = (*places)(c->work, c->x, c->attr);
    ad_picks_spread(c->work, &p, c->dy.type, c->dy.data, c->dx[0].data);
}

void ad_places_jvp(const ad_jvp_args *c)
{
    static const double zero = 0; /* f32 reads it as 0, too */
    ad_places_rule *const *places = c->op->kernels;
    ad_picks p = (*places)(c->work, c->x, c->attr);
    ad_picks_copy(&p, ad_type_size(c->ty.type), c->tx[0].data, &zero, c->ty.data);
}

static ad_picks gather_places(ad_workspace *work, const ad_view *x, const void *attr)
{
    return ad_picks_by(work, &x[0].shape, *(const int *)attr, &x[1]);
}

static ad_places_rule *const gathers = gather_places;

static void gather_check(const ad_forward_args *c)
{
    ad_picks p = gather_places(c->work, c->x, c->attr);
    ad_picks_check(c->work, &p);
}

static void gather_forward(const ad_forward_args *c)
{
    ad_picks p = gather_places(c->work, c->x, c->attr);
    ad_picks_copy(&p, ad_type_size(c->y.type), c->x[0].data, NULL, c->y.data);
}

static const char *index_select_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return x[1].rank == 1 ? ad_gather_shape(x, attr, y) : "the index must be a vector";
}

#define GATHER_OP(op, shape_rule)       \
    static const ad_op op##_op = {      \
        .name = #op,                    \
        .arity = 2,                     \
        .flags = AD_OP_LINEAR,          \
        .attr_size = sizeof(int),       \
        .type = ad_gather_type,         \
        .shape = shape_rule,            \
        .check = gather_check,          \
        .forward = gather_forward,      \
        .pullback = ad_places_pullback, \
        .jvp = ad_places_jvp,           \
        .kernels = &gathers,            \
    };

GATHER_OP(gather, ad_gather_shape)
GATHER_OP(index_select, index_select_shape)
GATHER_OP(embedding, ad_gather_shape)

static ad_tensor pick(const ad_op *op, ad_tensor x, ad_tensor index, int axis)
{
    if (!ad_axis_fix(op->name, x, &axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(op, (ad_tensor[]){x, index}, &axis);
}

ad_tensor ad_gather(ad_tensor x, ad_tensor index, int axis)
{
    return pick(&gather_op, x, index, axis);
}

ad_tensor ad_index_select(ad_tensor x, ad_tensor index, int axis)
{
    return pick(&index_select_op, x, index, axis);
}

ad_tensor ad_embedding(ad_tensor table, ad_tensor index)
{
    return pick(&embedding_op, table, index, 0);
}

const ad_op *const ad_index_ops[] = {
    &ad_concat_op,          &ad_stack_op,       &gather_op,         &index_select_op, &embedding_op,
    &ad_take_along_axis_op, &ad_scatter_add_op, &ad_one_hot_op,     &ad_roll_op,      &ad_tile_op,
    &ad_repeat_op,          &ad_pad_op,         &ad_pad_reflect_op, &ad_pad_edge_op,  NULL,
};
