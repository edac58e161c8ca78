/* Picking along an axis: common parts of all operations that pick by an index or by a rule.
 *
 * The operand is seen as outer x extent x inner; runs of numbers that lie together are moved. */
#include "ops/index/picks.h"

#include "adze/op.h"
#include "array/convert.h"
#include "array/strided.h"
#include "kernels/map.h"
#include "kernels/move.h"

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
        return "the operand has no axis to pick along";
    if (x[0].rank - 1 + x[1].rank > AD_MAX_RANK)
        return "the rank would exceed 8";
    for (int i = 0; i < axis; i++)
        y->dim[at++] = x[0].dim[i];
    for (int i = 0; i < x[1].rank; i++)
        y->dim[at++] = x[1].dim[i];
    for (int i = axis + 1; i < x[0].rank; i++)
        y->dim[at++] = x[0].dim[i];
    y->rank = at;
    return NULL;
}

/* False, after a rejection, where an index is out of range. The loop over all of them has no branch. */
static bool are_in_range(ad_workspace *work, const ad_picks *p)
{
    size_t at = 0;
    bool good = true;
    for (size_t i = 0; p->at && i < p->count; i++)
        good &= (uint64_t)p->at[i] < p->axis.extent;
    if (good)
        return true;
    while ((uint64_t)p->at[at] < p->axis.extent)
        at++;
    ad_reject(work, AD_DOMAIN, "index[%zu] = %lld is not in [0, %zu)", at, (long long)p->at[at],
              p->axis.extent);
    return false;
}

ad_picks ad_picks_by(ad_workspace *work, const ad_shape *shape, int axis, const ad_view *index)
{
    ad_picks p = {ad_split_axis(shape, axis), ad_view_count(index), index->data};
    if (index->type != AD_I64) {
        int64_t *at = ad_scratch(work, p.count * sizeof *at);
        if (at)
            ad_convert(p.count, index->type, index->data, AD_I64, at);
        p.at = at;
    }
    if (!are_in_range(work, &p))
        p.at = NULL;
    return p;
}

ad_picks ad_index_picks(ad_workspace *work, const ad_view *x, const void *attr)
{
    return ad_picks_by(work, &x[0].shape, *(const int *)attr, &x[1]);
}

/* How many picks from i on follow each other along the axis, or are of nothing. */
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
    size_t run = p->axis.inner * size;
    char *to = y;
    for (size_t o = 0; p->at && o < p->axis.outer; o++) {
        const char *from = (const char *)x + o * p->axis.extent * run;
        for (size_t i = 0, n; i < p->count; i += n, to += n * run) {
            n = run_from(p, i);
            if (p->at[i] >= 0)
                ad_copy_run(n * run, from + (size_t)p->at[i] * run, to);
            else
                ad_strided_pack(size, n * p->axis.inner, none, 0, to);
        }
    }
}

/* Sums for the indices that were picked, each `inner` numbers. They are f64, since one index may be
 * picked millions of times. */
typedef struct picked {
    bool repeats; /* some index is picked twice */
    size_t count;
    size_t *index; /* [count] along the axis */
    size_t *slot;  /* [extent] index[slot[k]] is k, where k was picked */
    double *sums;  /* [count, inner] */
} picked;

static bool list_picked(ad_workspace *work, const ad_picks *p, picked *l)
{
    size_t most = p->count < p->axis.extent ? p->count : p->axis.extent;
    l->count = 0;
    l->repeats = false;
    l->index = ad_scratch(work, most * sizeof *l->index);
    l->slot = ad_scratch(work, p->axis.extent * sizeof *l->slot);
    if (!l->index || !l->slot || !p->at)
        return false;
    for (size_t k = 0; k < p->axis.extent; k++)
        l->slot[k] = most;
    for (size_t i = 0; i < p->count; i++) {
        if (p->at[i] < 0)
            continue;
        size_t k = (size_t)p->at[i];
        l->repeats = l->repeats || l->slot[k] != most;
        if (l->slot[k] == most) {
            l->index[l->count] = k;
            l->slot[k] = l->count++;
        }
    }
    l->sums = ad_scratch(work, l->count * p->axis.inner * sizeof *l->sums);
    return l->sums != NULL;
}

/* Adds up dy, [count, inner], in index order. */
#define SUM_PICKED(name, T)                                                                  \
    static void name(const ad_picks *p, const picked *l, const void *dy)                     \
    {                                                                                        \
        const T *from = dy;                                                                  \
        memset(l->sums, 0, l->count * p->axis.inner * sizeof *l->sums);                      \
        for (size_t i = 0; i < p->count; i++, from += p->axis.inner) {                       \
            double *sums = l->sums + (p->at[i] < 0 ? 0 : l->slot[p->at[i]] * p->axis.inner); \
            for (size_t j = 0; p->at[i] >= 0 && j < p->axis.inner; j++)                      \
                sums[j] += (double)from[j];                                                  \
        }                                                                                    \
    }

SUM_PICKED(sum_picked_f32, float)
SUM_PICKED(sum_picked_f64, double)

/* Indices that are picked once need no sums. */
static void spread_runs(const ad_picks *p, ad_type type, const char *y, char *x)
{
    size_t run = p->axis.inner * ad_type_size(type);
    for (size_t i = 0, n; i < p->count; i += n, y += n * run) {
        n = run_from(p, i);
        if (p->at[i] >= 0)
            ad_add_run(type, n * p->axis.inner, y, x + (size_t)p->at[i] * run);
    }
}

void ad_picks_spread(ad_workspace *work, const ad_picks *p, ad_type type, const void *y, void *x)
{
    picked l;
    if (!list_picked(work, p, &l))
        return;
    size_t run = p->axis.inner * ad_type_size(type);
    for (size_t o = 0; o < p->axis.outer; o++) {
        const char *from = (const char *)y + o * p->count * run;
        char *to = (char *)x + o * p->axis.extent * run;
        if (!l.repeats) {
            spread_runs(p, type, from, to);
            continue;
        }
        (type == AD_F32 ? sum_picked_f32 : sum_picked_f64)(p, &l, from);
        for (size_t k = 0; k < l.count; k++)
            ad_store_sums(p->axis.inner, l.sums + k * p->axis.inner, type, to + l.index[k] * run,
                          true);
    }
}

/* ---- rules of ops that pick --------------------------------------------------------- */

void ad_picks_pullback(const ad_pullback_args *c)
{
    ad_picks_rule *const *picks = c->op->kernels;
    if (!c->wanted[0])
        return;
    ad_picks p = (*picks)(c->work, c->x, c->attr);
    ad_picks_spread(c->work, &p, c->dy.type, c->dy.data, c->dx[0].data);
}

void ad_picks_jvp(const ad_jvp_args *c)
{
    static const double zero = 0; /* f32 reads it as 0, too */
    ad_picks_rule *const *picks = c->op->kernels;
    ad_picks p = (*picks)(c->work, c->x, c->attr);
    ad_picks_copy(&p, ad_type_size(c->ty.type), c->tx[0].data, &zero, c->ty.data);
}
