/* Forward mode and second order, and what must happen where an op has no rule for them. */
#include "probe_parts.h"

#include "adze/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which ops a case runs ----------------------------------------------------------- */

typedef struct finding {
    const char *covers;
    bool covered;
    const ad_op *without_jvp;       /* the first such op on the tape, or NULL */
    const ad_op *without_curvature; /* the last: the sweep back comes to it first */
} finding;

static void look_at(void *user, const ad_event *event)
{
    finding *f = user;
    const ad_op *op = ad_builtin_op_named(event->op);
    f->covered = f->covered || !f->covers || strcmp(event->op, f->covers) == 0;
    if (!op || op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS))
        return;
    if (!op->jvp && !f->without_jvp)
        f->without_jvp = op;
    if (!op->curvature && !(op->flags & AD_OP_LINEAR))
        f->without_curvature = op;
}

static finding find_ops(const gradient_case *c)
{
    finding f = {.covers = c->covers};
    ad_tensor leaf[MOST_OPERANDS];
    point p = point_of(c);
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < c->n; i++)
        leaf[i] = ad_watch(t, p.x[i]);
    ad_tape_trace(t, look_at, &f);
    c->f(t, leaf, c->env);
    expect_success(c, t);
    ad_tape_free(t);
    end_point(&p);
    return f;
}

void check_covers(const gradient_case *c)
{
    ck_assert_msg(find_ops(c).covered, "%s: does not run %s", c->name, c->covers);
}

static void expect_no_rule(const gradient_case *c, const ad_tape *t, const ad_op *op)
{
    ck_assert_msg(ad_tape_status(t) == AD_NO_DERIVATIVE,
                  "%s: %s has no rule, but there is no error", c->name, op->name);
    ck_assert_msg(strncmp(ad_tape_error(t), op->name, strlen(op->name)) == 0,
                  "%s: %s is not named: %s", c->name, op->name, ad_tape_error(t));
}

/* ---- tangents ------------------------------------------------------------------------ */

enum { COTANGENT = 1, TANGENT = 2 }; /* salts; those after TANGENT belong to further operands */

typedef struct tangents {
    ad_array numbers[MOST_OPERANDS];
    ad_view tx[MOST_OPERANDS]; /* data is NULL outside the mask */
} tangents;

static tangents tangents_at(const gradient_case *c, const ad_view *x, unsigned mask)
{
    tangents t = {0};
    for (int i = 0; i < c->n; i++)
        if (mask >> i & 1) {
            t.numbers[i] = weights_like(x[i], TANGENT + (uint64_t)i);
            t.tx[i] = ad_array_view(t.numbers[i]);
        }
    return t;
}

static void end_tangents(tangents *t)
{
    for (int i = 0; i < MOST_OPERANDS; i++)
        ad_array_free(&t->numbers[i]);
}

/* Adds <a, b> to *sum, and the sizes of its terms to *size. */
static void add_dot(ad_view a, ad_view b, double *sum, double *size)
{
    for (size_t i = 0; i < ad_view_count(&a); i++) {
        double term = ad_view_get(&a, i) * ad_view_get(&b, i);
        *sum += term;
        *size += fabs(term);
    }
}

/* ---- jvp ----------------------------------------------------------------------------- */

static void expect_dot(const gradient_case *c, ad_tape *t, const point *p, const tangents *tangent,
                       ad_view ty)
{
    ad_pullback pullback;
    ad_array dx[MOST_OPERANDS] = {0}, dy = weights_like(ty, COTANGENT);
    double forward = 0, back = 0, size = 0.01;
    ad_value_with_pullback(t, c->f, c->n, p->x, c->env, &pullback);
    ad_pull(&pullback, ad_array_view(dy), dx);
    expect_success(c, t);
    add_dot(ad_array_view(dy), ty, &forward, &size);
    for (int i = 0; i < c->n; i++) {
        if (tangent->tx[i].data)
            add_dot(tangent->tx[i], ad_array_view(dx[i]), &back, &size);
        ad_array_free(&dx[i]);
    }
    ck_assert_msg(fabs(forward - back) <= 1e-12 * size,
                  "%s: <dy, J tx> = %.17g but <J^T dy, tx> = %.17g", c->name, forward, back);
    ad_array_free(&dy);
}

static void expect_jvp(const gradient_case *c, const point *p, unsigned mask)
{
    ad_array y = {0}, ty = {0};
    ad_tape *t = ad_tape_new(NULL);
    tangents tangent = tangents_at(c, p->x, mask);
    outcome wanted = evaluate(c, p->x, 0, ONCE);
    ad_jvp(t, c->f, c->n, p->x, tangent.tx, c->env, &y, &ty);
    expect_success(c, t);
    expect_close(c, "value beside the jvp", 0, &y, &wanted.y, 0);
    ck_assert_int_eq(ty.type, y.type);
    ck_assert(ad_shape_equal(&ty.shape, &y.shape));
    if (!isnan(largest(&y))) /* the mean of nothing is NaN, and so may its tangent be */
        expect_dot(c, t, p, &tangent, ad_array_view(ty));
    ad_array_free(&y);
    ad_array_free(&ty);
    end_outcome(&wanted);
    end_tangents(&tangent);
    ad_tape_free(t);
}

void check_jvp(const gradient_case *c)
{
    point p = point_of(c);
    const ad_op *op = find_ops(c).without_jvp;
    for (unsigned mask = 0; !op && mask < 1u << c->n; mask++)
        expect_jvp(c, &p, mask);
    if (op) {
        ad_array y = {0}, ty = {0};
        tangents tangent = tangents_at(c, p.x, ALL);
        ad_tape *t = ad_tape_new(NULL);
        ad_jvp(t, c->f, c->n, p.x, tangent.tx, c->env, &y, &ty);
        expect_no_rule(c, t, op);
        ck_assert(!y.data && !ty.data);
        end_tangents(&tangent);
        ad_tape_free(t);
    }
    end_point(&p);
}

/* ---- Hessian-vector product ---------------------------------------------------------- */

/* The gradient of L at x + h tx. */
static outcome gradient_beside(const gradient_case *c, const point *p, const tangents *tangent,
                               double h, usage how)
{
    point q = point_of(c);
    for (int i = 0; i < c->n; i++) {
        double *numbers = q.numbers[i].data;
        for (size_t k = 0; k < ad_array_count(&q.numbers[i]); k++)
            numbers[k] = ad_view_get(&p->x[i], k) +
                         (tangent->tx[i].data ? h * ad_view_get(&tangent->tx[i], k) : 0);
    }
    outcome o = evaluate(c, q.x, ALL, how);
    end_point(&q);
    return o;
}

/* The derivative of the gradient along the tangents, by central differences of a step h. */
static outcome hvp_by_differences(const gradient_case *c, const point *p, const tangents *tangent,
                                  usage how, double h)
{
    outcome o[4];
    for (int k = 0; k < 4; k++)
        o[k] = gradient_beside(c, p, tangent, (const double[]){-h, h, -h / 2, h / 2}[k], how);
    for (int i = 0; i < c->n; i++)
        for (size_t k = 0; k < ad_array_count(&o[0].gradient[i]); k++) {
            double at[4];
            for (int j = 0; j < 4; j++)
                at[j] = ((const double *)o[j].gradient[i].data)[k];
            ((double *)o[0].gradient[i].data)[k] =
                extrapolated((at[1] - at[0]) / (2 * h), (at[3] - at[2]) / h);
        }
    for (int k = 1; k < 4; k++)
        end_outcome(&o[k]);
    return o[0];
}

/* L with the first operand in the place of all. */
static ad_tensor repeated_probe(ad_tape *t, const ad_tensor *x, const void *env)
{
    const ad_tensor same[MOST_OPERANDS] = {x[0], x[0], x[0], x[0]};
    return probe(t, same, env);
}

/* Differences that depend on their step say nothing of a derivative. */
static void expect_settled(const gradient_case *c, const point *p, const tangents *tangent,
                           usage how, const outcome *wanted)
{
    outcome finer = hvp_by_differences(c, p, tangent, how, difference_step / 2);
    for (int i = 0; i < (how == ONE_OPERAND ? 1 : c->n); i++)
        ck_assert_msg(is_close(&finer.gradient[i], &wanted->gradient[i], 1e-7),
                      "%s: second differences do not settle between %g and %g: give the row a "
                      "narrower .range",
                      c->name, low_of(c), high_of(c));
    end_outcome(&finer);
}

static void expect_hvp(const gradient_case *c, const point *p, unsigned mask, usage how)
{
    ad_array hvp[MOST_OPERANDS] = {0};
    tangents tangent = tangents_at(c, p->x, mask);
    outcome wanted = hvp_by_differences(c, p, &tangent, how, difference_step);
    ad_tape *t = ad_tape_new(NULL);
    int n = how == ONE_OPERAND ? 1 : c->n;
    ad_hvp(t, how == ONE_OPERAND ? repeated_probe : probe, n, p->x, tangent.tx, c, hvp);
    expect_success(c, t);
    for (int i = 0; i < n; i++) {
        if (!is_close(&hvp[i], &wanted.gradient[i], 1e-7))
            expect_settled(c, p, &tangent, how, &wanted);
        expect_close(c, "Hessian-vector product", i, &hvp[i], &wanted.gradient[i], 1e-7);
        ad_array_free(&hvp[i]);
    }
    end_outcome(&wanted);
    end_tangents(&tangent);
    ad_tape_free(t);
}

static void expect_no_hvp(const gradient_case *c, const point *p, const ad_op *op)
{
    ad_array hvp[MOST_OPERANDS] = {0};
    tangents tangent = tangents_at(c, p->x, ALL);
    ad_tape *t = ad_tape_new(NULL);
    ad_hvp(t, probe, c->n, p->x, tangent.tx, c, hvp);
    expect_no_rule(c, t, op);
    for (int i = 0; i < c->n; i++)
        ck_assert_ptr_null(hvp[i].data);
    end_tangents(&tangent);
    ad_tape_free(t);
}

static const ad_op *without_hvp(const gradient_case *c)
{
    finding found = find_ops(c);
    return found.without_jvp ? found.without_jvp : found.without_curvature;
}

void check_hvp(const gradient_case *c)
{
    point p = point_of(c);
    const ad_op *op = without_hvp(c);
    if (op)
        expect_no_hvp(c, &p, op);
    for (unsigned mask = 1; !op && mask < 1u << c->n; mask++)
        expect_hvp(c, &p, mask, ONCE);
    if (!op && has_one_shape(c))
        expect_hvp(c, &p, 1, ONE_OPERAND);
    end_point(&p);
}
