/* Taking the least, the greatest or the product along an axis where an index says: scatter_min,
 * scatter_max, scatter_mul.
 *
 * An element of x, and behind it the updates that the index sends there, are a list. The result is
 * the list's least or greatest number, or its product, and derivatives are those of min, max and
 * prod: equal numbers share the cotangent, and nothing is divided by a factor. Where the index
 * sends nothing, x stays. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/map.h"
#include "kernels/move.h"
#include "ops/families.h"
#include "ops/index/scatter.h"
#include "ops/reduce/running.h"

/* ---- rules for one list -------------------------------------------------------------- */

/* A rule reads x and, as it needs them, the tangents t, and the cotangent g of the result in the
 * place of the last number. It writes its numbers to out, or one in the place of the last. */
typedef void list_rule(const ad_running *l);

static bool same(double a, double b)
{
    return a == b || (a != a && b != b);
}

static double extreme(const ad_running *l, bool greatest)
{
    double best = l->x[0];
    for (size_t i = 1; i < l->n; i++)
        if ((greatest ? l->x[i] > best : l->x[i] < best) || l->x[i] != l->x[i])
            best = l->x[i];
    return best;
}

static size_t ties_with(const ad_running *l, double best)
{
    size_t ties = 0;
    for (size_t i = 0; i < l->n; i++)
        ties += same(l->x[i], best);
    return ties;
}

static void extreme_tangent(const ad_running *l, bool greatest)
{
    double best = extreme(l, greatest), sum = 0;
    for (size_t i = 0; i < l->n; i++)
        sum += same(l->x[i], best) ? l->t[i] : 0;
    l->out[l->n - 1] = sum / (double)ties_with(l, best);
}

static void pull_extreme(const ad_running *l, bool greatest)
{
    double best = extreme(l, greatest), share = l->g[l->n - 1] / (double)ties_with(l, best);
    for (size_t i = 0; i < l->n; i++)
        l->out[i] = same(l->x[i], best) ? share : 0;
}

#define EXTREME_RULES(name, greatest)               \
    static void name(const ad_running *l)           \
    {                                               \
        l->out[l->n - 1] = extreme(l, greatest);    \
    }                                               \
    static void name##_tangent(const ad_running *l) \
    {                                               \
        extreme_tangent(l, greatest);               \
    }                                               \
    static void pull_##name(const ad_running *l)    \
    {                                               \
        pull_extreme(l, greatest);                  \
    }                                               \
    static int64_t name##_of(int64_t a, int64_t b)  \
    {                                               \
        return (greatest ? b > a : b < a) ? b : a;  \
    }
EXTREME_RULES(least, false)
EXTREME_RULES(most, true)

/* Wraps around. */
static int64_t product_of(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

typedef struct list_rules {
    list_rule *value, *tangent, *pull, *bend;
    ad_combine *integers;
} list_rules;

/* ---- all lists ----------------------------------------------------------------------- */

/* The updates by the element of the axis that they go to, each element's in index order. */
typedef struct targets {
    size_t *begin;  /* [extent + 1] those of element k are begin[k] to begin[k + 1] - 1 */
    size_t *update; /* [count] */
    size_t longest;
} targets;

static bool find_targets(ad_workspace *work, const ad_picks *p, targets *t)
{
    size_t extent = p->axis.extent;
    t->begin = ad_scratch(work, (extent + 1) * sizeof *t->begin);
    t->update = ad_scratch(work, p->count * sizeof *t->update);
    t->longest = 0;
    if (!t->begin || !t->update || (p->count && !p->at))
        return false;
    memset(t->begin, 0, (extent + 1) * sizeof *t->begin);
    for (size_t i = 0; i < p->count; i++)
        t->begin[p->at[i]]++;
    for (size_t k = 0, end = 0; k <= extent; k++) {
        t->longest = t->begin[k] > t->longest ? t->begin[k] : t->longest;
        t->begin[k] = end += t->begin[k];
    }
    for (size_t i = p->count; i-- > 0;)
        t->update[--t->begin[p->at[i]]] = i;
    return true;
}

typedef struct list_call {
    list_rule *rule;
    const ad_view *x, *tx; /* operands; NULL, or their tangents */
    const ad_view *dy;     /* NULL: the rule's number goes to y. Else its numbers are added to dx */
    const ad_array *y, *dx;
    const bool *wanted;
} list_call;

/* Where a list's numbers are: number 0 in x, those behind it among the updates. */
typedef struct places {
    size_t n, x, inner;
    size_t first; /* of the updates in front of the axis */
    const size_t *update;
} places;

static size_t place(const places *at, size_t i)
{
    return i == 0 ? at->x : at->first + at->update[i - 1] * at->inner;
}

static void read_list(const ad_view *x, const places *at, double *to)
{
    for (size_t i = 0; i < at->n; i++)
        to[i] = ad_float_of(&x[i == 0 ? 0 : 2], place(at, i));
}

static void store(const ad_array *to, size_t i, double number, bool add)
{
    ad_store_sums(1, &number, to->type, (char *)to->data + i * ad_type_size(to->type), add);
}

static void run_list(const list_call *c, const places *at, const ad_running *l)
{
    read_list(c->x, at, l->x);
    if (c->tx)
        read_list(c->tx, at, l->t);
    for (size_t i = 0; c->dy && i < at->n; i++)
        l->g[i] = i + 1 < at->n ? 0 : ad_float_of(c->dy, at->x);
    c->rule(l);
    if (!c->dy)
        store(c->y, at->x, l->out[at->n - 1], false);
    for (size_t i = 0; c->dy && i < at->n; i++) {
        int which = i == 0 ? 0 : 2;
        if (c->wanted[which])
            store(&c->dx[which], place(at, i), l->out[i], true);
    }
}

static void run_lists(ad_workspace *work, const ad_picks *p, const targets *t, const list_call *c)
{
    size_t most = t->longest + 1, inner = p->axis.inner;
    double *room = ad_scratch(work, 5 * most * sizeof *room); /* two lists for out */
    for (size_t o = 0; room && o < p->axis.outer; o++)
        for (size_t k = 0; k < p->axis.extent; k++) {
            size_t n = 1 + t->begin[k + 1] - t->begin[k];
            for (size_t j = 0; n > 1 && j < inner; j++)
                run_list(
                    c,
                    &(places){n, (o * p->axis.extent + k) * inner + j, inner,
                              o * p->count * inner + j, t->update + t->begin[k]},
                    &(ad_running){n, false, room, room + most, room + 2 * most, room + 3 * most});
        }
}

/* ---- the rules of the ops ------------------------------------------------------------ */

static void lists_forward(const ad_forward_args *c)
{
    const list_rules *rules = c->op->kernels;
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    targets t;
    ad_scatter_begin(&c->x[0], &c->y);
    if (!p.at)
        return;
    if (!ad_type_is_float(c->y.type))
        ad_scatter_integers(&p, rules->integers, c->y.type, c->x[2].data, c->y.data);
    else if (find_targets(c->work, &p, &t))
        run_lists(c->work, &p, &t, &(list_call){.rule = rules->value, .x = c->x, .y = &c->y});
}

static void lists_jvp(const ad_jvp_args *c)
{
    const list_rules *rules = c->op->kernels;
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    targets t;
    ad_scatter_begin(&c->tx[0], &c->ty);
    if (find_targets(c->work, &p, &t))
        run_lists(c->work, &p, &t,
                  &(list_call){.rule = rules->tangent, .x = c->x, .tx = c->tx, .y = &c->ty});
}

/* dx += dy where the index sends nothing. */
static void pull_rest(const ad_picks *p, const targets *t, const ad_view *dy, const ad_array *dx)
{
    size_t run = p->axis.inner * ad_type_size(dy->type), at = 0;
    for (size_t o = 0; o < p->axis.outer; o++)
        for (size_t k = 0; k < p->axis.extent; k++, at += run)
            if (t->begin[k] == t->begin[k + 1])
                ad_add_run(dy->type, p->axis.inner, (const char *)dy->data + at,
                           (char *)dx->data + at);
}

static void lists_pullback(const ad_pullback_args *c)
{
    const list_rules *rules = c->op->kernels;
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    targets t;
    if (!find_targets(c->work, &p, &t))
        return;
    if (c->wanted[0])
        pull_rest(&p, &t, &c->dy, &c->dx[0]);
    run_lists(c->work, &p, &t,
              &(list_call){
                  .rule = rules->pull, .x = c->x, .dy = &c->dy, .dx = c->dx, .wanted = c->wanted});
}

static void lists_curvature(const ad_curvature_args *c)
{
    const list_rules *rules = c->op->kernels;
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    targets t;
    if (find_targets(c->work, &p, &t))
        run_lists(c->work, &p, &t,
                  &(list_call){.rule = rules->bend,
                               .x = c->x,
                               .tx = c->tx,
                               .dy = &c->dy,
                               .dx = c->tdx,
                               .wanted = c->wanted});
}

#define LISTS_OP(op, op_flags, curvature_rule, words, ...)                                   \
    static const list_rules op##_rules = __VA_ARGS__;                                        \
    AD_SCATTER_OP(op, op_flags, ad_scatter_numbers_type, words, .forward = lists_forward,    \
                  .pullback = lists_pullback, .jvp = lists_jvp, .curvature = curvature_rule, \
                  .kernels = &op##_rules)

#define SHARES "all that equal the result, of x and of the updates, share g evenly"

LISTS_OP(ad_scatter_min, AD_OP_LINEAR, NULL, SHARES,
         {least, least_tangent, pull_least, NULL, least_of})
LISTS_OP(ad_scatter_max, AD_OP_LINEAR, NULL, SHARES, {most, most_tangent, pull_most, NULL, most_of})
LISTS_OP(ad_scatter_mul, 0, lists_curvature,
         "each factor receives g times the product of the others",
         {ad_run_product, ad_run_tangent, ad_pull_product, ad_bend_product, product_of})

const ad_op *const ad_scatter_list_ops[] = {&ad_scatter_min_op, &ad_scatter_max_op,
                                            &ad_scatter_mul_op, NULL};
