/* The derivatives of a graph, against each other and against differences; and the smallest graph that
 * still fails.
 *
 * f32 is judged by a replay in f64: 29 bits more are oracle enough, and a replay in __float128 would
 * need every kernel once more. */
#include "graph.h"

#include "check/slope.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct checking {
    const graph *g;
    ad_tape *t, *other;
    char *why;
} checking;

/* Along the tangents: of L, by the gradient and by the tangents; of the gradient, along weights. The sizes
 * of the terms that were added. */
typedef struct slopes {
    double by_gradient, by_tangents, size, second, second_size;
    bool first_order, second_order; /* there are rules for them */
} slopes;

static bool is_leaf(const checking *c, int i)
{
    return !c->g->node[i].op;
}

/* Adds <a, w>, with tangents or other fixed numbers for w. */
static void add_dot(const checking *c, int i, ad_view a, bool tangent, double *sum, double *size)
{
    for (size_t k = 0; k < ad_view_count(&a); k++) {
        double term = ad_view_get(&a, k) * graph_weight(c->g, i, k, tangent);
        *sum += term;
        *size += fabs(term);
    }
}

static void set_tangents(const checking *c, ad_tape *t, const graph_run *run)
{
    for (int i = 0; i < c->g->count; i++) {
        if (!is_leaf(c, i))
            continue;
        ad_view v = ad_read(run->node[i]);
        size_t n = ad_view_count(&v);
        double *numbers = ad_tape_memory(t, n * sizeof *numbers);
        for (size_t k = 0; numbers && k < n; k++)
            numbers[k] = graph_weight(c->g, i, k, true);
        ad_set_tangent(run->node[i], ad_view_of(AD_F64, numbers, v.shape));
    }
}

static bool fail(const checking *c, const char *what, double got, double wanted)
{
    snprintf(c->why, 256, "%s: %.17g against %.17g", what, got, wanted);
    return false;
}

static bool tape_failure(const checking *c, const ad_tape *t)
{
    snprintf(c->why, 256, "%s", ad_tape_error(t));
    return false;
}

/* A rule that an op does not have ends the tape's work and is no failure. */
static bool has_rule(ad_tape *t)
{
    if (ad_tape_status(t) != AD_NO_DERIVATIVE)
        return true;
    ad_tape_reset(t);
    return false;
}

static bool find_slopes(const checking *c, slopes *s)
{
    *s = (slopes){0};
    ad_tape_reset(c->t);
    graph_run run = graph_evaluate(c->g, c->t, (graph_way){AD_F64, true, 0});
    ad_backward(run.root);
    for (int i = 0; i < c->g->count && ad_tape_status(c->t) == AD_OK; i++)
        if (is_leaf(c, i))
            add_dot(c, i, ad_grad(run.node[i]), true, &s->by_gradient, &s->size);
    if (ad_tape_status(c->t) != AD_OK)
        return false;
    set_tangents(c, c->t, &run);
    s->first_order = (ad_push_tangents(run.root), has_rule(c->t));
    ad_view ty = ad_tangent(run.root);
    s->by_tangents = s->first_order && ty.data ? ad_view_get(&ty, 0) : 0;
    if (!s->first_order || ad_tape_status(c->t) != AD_OK)
        return ad_tape_status(c->t) == AD_OK;
    s->second_order = (ad_backward_tangents(run.root), has_rule(c->t));
    for (int i = 0; i < c->g->count && s->second_order; i++)
        if (is_leaf(c, i))
            add_dot(c, i, ad_grad_tangent(run.node[i]), false, &s->second, &s->second_size);
    return ad_tape_status(c->t) == AD_OK;
}

/* ---- differences ------------------------------------------------------------------------ */

static double value(void *user, double *h)
{
    const checking *c = user;
    ad_tape_reset(c->other);
    return ad_item(graph_evaluate(c->g, c->other, (graph_way){AD_F64, false, *h}).root);
}

static double gradient(void *user, double *h)
{
    const checking *c = user;
    double sum = 0, size = 0;
    ad_tape_reset(c->other);
    graph_run run = graph_evaluate(c->g, c->other, (graph_way){AD_F64, true, *h});
    if (ad_backward(run.root) != AD_OK)
        return NAN;
    for (int i = 0; i < c->g->count; i++)
        if (is_leaf(c, i))
            add_dot(c, i, ad_grad(run.node[i]), false, &sum, &size);
    return sum;
}

static bool agree(checking *c, const char *what, ad_curve *f, double slope, double size)
{
    ad_slope s = ad_slope_find(&(ad_slope_plan){.f = f,
                                                .user = c,
                                                .step = 1. / 64,
                                                .levels = 12,
                                                .goal = 1e-8,
                                                .floor = 1e-8 * (size + 1e-2),
                                                .rounding = 8 * DBL_EPSILON});
    double allowed = 1e-6 * (size + 1e-2);
    if (!(8 * s.error <= allowed))
        return fail(c, "differences do not settle", s.value, s.error);
    return fabs(s.value - slope) <= allowed + 8 * s.error || fail(c, what, slope, s.value);
}

/* ---- f32 ---------------------------------------------------------------------------------- */

static double largest(ad_view v)
{
    double most = 0;
    for (size_t i = 0; i < ad_view_count(&v); i++)
        most = fmax(most, fabs(ad_view_get(&v, i)));
    return most;
}

static bool close(const checking *c, int node, const char *what, ad_view single, ad_view exact,
                  double allowed)
{
    const graph_op *op = c->g->node[node].op;
    char where[128];
    for (size_t i = 0; i < ad_view_count(&exact); i++) {
        double x = ad_view_get(&single, i), y = ad_view_get(&exact, i);
        snprintf(where, sizeof where, "%s of %%%d, %s", what, node, op ? op->name : "a leaf");
        if (!(fabs(x - y) <= allowed))
            return fail(c, where, x, y);
    }
    return true;
}

/* How far gradients move at most if the leaves move by a rounding of f32, as each node's numbers do. */
static double moved(const checking *c, const graph_run *exact)
{
    double most = 0;
    ad_tape_reset(c->other);
    graph_run near = graph_evaluate(c->g, c->other, (graph_way){AD_F64, true, FLT_EPSILON / 2});
    ad_backward(near.root);
    for (int i = 0; i < c->g->count; i++) {
        ad_view before = ad_grad(exact->node[i]), after = ad_grad(near.node[i]);
        for (size_t k = 0; is_leaf(c, i) && k < ad_view_count(&after); k++)
            most = fmax(most, fabs(ad_view_get(&after, k) - ad_view_get(&before, k)));
    }
    return most;
}

static bool check_f32(const checking *c)
{
    double size = 1;
    ad_tape_reset(c->t);
    graph_run exact = graph_evaluate(c->g, c->t, (graph_way){AD_F64, true, 0});
    ad_backward(exact.root);
    double roundings = c->g->count * moved(c, &exact);
    ad_tape_reset(c->other);
    graph_run single = graph_evaluate(c->g, c->other, (graph_way){AD_F32, true, 0});
    if (ad_backward(single.root) != AD_OK)
        return tape_failure(c, c->other);
    for (int i = 0; i < c->g->count; i++) {
        if (!close(c, i, "values in f32", ad_read(single.node[i]), ad_read(exact.node[i]),
                   2e-5 * (1 + largest(ad_read(exact.node[i])))))
            return false;
        if (is_leaf(c, i))
            size = fmax(size, largest(ad_grad(exact.node[i])));
    }
    for (int i = 0; i < c->g->count; i++)
        if (is_leaf(c, i) && !close(c, i, "gradients in f32", ad_grad(single.node[i]),
                                    ad_grad(exact.node[i]), 2e-5 * size + roundings))
            return false;
    return true;
}

/* ---- all together ------------------------------------------------------------------------- */

static bool check_all(checking *c)
{
    slopes s;
    if (!find_slopes(c, &s))
        return tape_failure(c, c->t);
    if (s.first_order && !(fabs(s.by_gradient - s.by_tangents) <= 1e-12 * (s.size + 1)))
        return fail(c, "vjp against jvp", s.by_gradient, s.by_tangents);
    return agree(c, "gradient against differences", value, s.by_gradient, s.size) &&
           (!s.second_order ||
            agree(c, "second order against differences", gradient, s.second, s.second_size)) &&
           check_f32(c);
}

bool graph_check(const graph *g, char *why)
{
    checking c = {g, ad_tape_new(NULL), ad_tape_new(NULL), why};
    why[0] = '\0';
    bool good = check_all(&c);
    ad_tape_free(c.t);
    ad_tape_free(c.other);
    return good;
}

static bool still_fails(graph *g, const graph *smaller)
{
    char why[256];
    if (graph_check(smaller, why))
        return false;
    *g = *smaller;
    return true;
}

void graph_shrink(graph *g)
{
    bool shrunk = true;
    while (shrunk) {
        shrunk = false;
        for (int i = g->count - 1; i >= 0; i--) {
            graph smaller = *g;
            if (!graph_uses(g, i) && g->count > 1)
                graph_drop(&smaller, i);
            else if (g->node[i].op)
                graph_cut(&smaller, i);
            else
                continue;
            shrunk = still_fails(g, &smaller) || shrunk;
        }
    }
}
