/* Points, the function L and its gradient, and comparison. */
#include "probe_parts.h"

#include "adze/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- numbers ------------------------------------------------------------------------- */

static uint64_t seed_of(const char *name)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static double rounded(double x, double step)
{
    return step * nearbyint(x / step);
}

double low_of(const gradient_case *c)
{
    return c->low < c->high ? c->low : -2;
}

double high_of(const gradient_case *c)
{
    return c->low < c->high ? c->high : 2;
}

/* The k-th of n cells between low and high, not at its edges: no two numbers come close. */
static double number_in_cell(const gradient_case *c, int64_t k, size_t n, ad_random *r)
{
    double low = low_of(c), high = high_of(c), cell = (high - low) / (double)n;
    double x = low + ((double)k + 0.5 + 0.6 * (ad_random_uniform(r) - 0.5)) * cell;
    if (low < 0 && high > 0)
        x += x < 0 ? -1.0 / 32 : 1.0 / 32;
    return rounded(x, 1.0 / 4096);
}

point point_of(const gradient_case *c)
{
    point p = {0};
    size_t n = 0, at = 0;
    ad_random r = ad_random_new(seed_of(c->name), 0);
    for (int i = 0; i < c->n; i++)
        n += shape_count(&c->shape[i]);
    int64_t *cell = calloc(n + 1, sizeof *cell);
    ck_assert_ptr_nonnull(cell);
    for (size_t i = 0; i < n; i++)
        cell[i] = (int64_t)i;
    ad_random_shuffle(&r, cell, n);
    for (int i = 0; i < c->n; i++) {
        p.numbers[i] = ad_zeros(AD_F64, c->shape[i]);
        ck_assert_ptr_nonnull(p.numbers[i].data);
        p.x[i] = ad_array_view(p.numbers[i]);
        for (size_t k = 0; k < shape_count(&c->shape[i]); k++)
            ((double *)p.numbers[i].data)[k] = number_in_cell(c, cell[at++], n, &r);
    }
    free(cell);
    return p;
}

void end_point(point *p)
{
    for (int i = 0; i < MOST_OPERANDS; i++)
        ad_array_free(&p->numbers[i]);
}

bool has_one_shape(const gradient_case *c)
{
    for (int i = 1; i < c->n; i++)
        if (!ad_shape_equal(&c->shape[0], &c->shape[i]))
            return false;
    return c->n > 1;
}

double weight(uint64_t salt, size_t i)
{
    ad_random r = ad_random_new(1979 + salt, i);
    double size = 0.5 + (double)ad_random_below(&r, 33) / 32;
    return ad_random_below(&r, 2) ? size : -size;
}

ad_array weights_like(ad_view v, uint64_t salt)
{
    ad_array a = ad_zeros(v.type, v.shape);
    ck_assert_ptr_nonnull(a.data);
    for (size_t i = 0; i < ad_array_count(&a); i++)
        if (a.type == AD_F32)
            ((float *)a.data)[i] = (float)weight(salt, i);
        else
            ((double *)a.data)[i] = weight(salt, i);
    return a;
}

/* ---- L, its value and its gradient ----------------------------------------------------- */

ad_tensor weighted_square(ad_tape *t, ad_tensor y)
{
    y = ad_cast(y, AD_F64);
    ad_view v = ad_read(y);
    size_t n = ad_view_count(&v);
    double *w = ad_tape_memory(t, n * sizeof *w);
    for (size_t i = 0; w && i < n; i++)
        w[i] = weight(0, i);
    ad_tensor weights = ad_freeze(t, ad_view_of(AD_F64, w, v.shape));
    return ad_sum(ad_mul(ad_square(y), weights));
}

ad_tensor probe(ad_tape *t, const ad_tensor *x, const void *env)
{
    const gradient_case *c = env;
    return weighted_square(t, c->f(t, x, c->env));
}

void end_outcome(outcome *o)
{
    ad_array_free(&o->y);
    for (int i = 0; i < MOST_OPERANDS; i++)
        ad_array_free(&o->gradient[i]);
}

ad_array copy_of(ad_view v)
{
    ad_array a = ad_array_copy(NULL, v.type, v);
    ck_assert_ptr_nonnull(a.data);
    return a;
}

void expect_success(const gradient_case *c, const ad_tape *t)
{
    if (ad_tape_status(t) != AD_OK)
        ck_abort_msg("%s: %s", c->name, ad_tape_error(t));
}

outcome evaluate(const gradient_case *c, const ad_view *x, unsigned watched, usage how)
{
    outcome o = {0};
    ad_tensor leaf[MOST_OPERANDS];
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < c->n; i++)
        leaf[i] = how == ONE_OPERAND && i ? leaf[0]
                  : watched >> i & 1      ? ad_watch(t, x[i])
                                          : ad_freeze(t, x[i]);
    ad_tensor y = c->f(t, leaf, c->env), l = weighted_square(t, y);
    if (how == RESULT_TWICE)
        l = ad_add(l, weighted_square(t, y));
    if (how == FUNCTION_TWICE)
        l = ad_add(l, weighted_square(t, c->f(t, leaf, c->env)));
    ad_backward(l);
    expect_success(c, t);
    ck_assert_int_eq(ad_is_tracked(y), (watched & ((1u << c->n) - 1)) != 0);
    o.y = copy_of(ad_read(y));
    for (int i = 0; i < c->n; i++) {
        ad_view g = ad_grad(leaf[i]);
        ck_assert_msg(!g.data == !(watched >> i & 1), "%s: gradient %d", c->name, i);
        if (g.data)
            o.gradient[i] = copy_of(g);
    }
    ad_tape_free(t);
    return o;
}

double value_of(const gradient_case *c, ad_tape *t, const ad_view *x)
{
    double l = 0;
    ad_tensor leaf[MOST_OPERANDS];
    for (int i = 0; i < c->n; i++)
        leaf[i] = ad_freeze(t, x[i]);
    ad_view y = ad_read(c->f(t, leaf, c->env));
    expect_success(c, t);
    for (size_t i = 0; i < ad_view_count(&y); i++)
        l += weight(0, i) * ad_view_get(&y, i) * ad_view_get(&y, i);
    ad_tape_reset(t);
    return l;
}

/* ---- comparison ------------------------------------------------------------------------ */

double largest(const ad_array *a)
{
    double most = 0.01;
    ad_view v = ad_array_view(*a);
    for (size_t i = 0; i < ad_view_count(&v) && !isnan(most); i++) {
        double size = fabs(ad_view_get(&v, i));
        most = size <= most ? most : size;
    }
    return most;
}

/* How far numbers may be from those that are wanted. */
static double allowance(const ad_array *wanted, double tolerance)
{
    double most = largest(wanted);
    return isfinite(most) ? tolerance * most : 0;
}

static bool same_number(double x, double y, double allowed)
{
    return x == y || (x != x && y != y) || fabs(x - y) <= allowed;
}

bool is_close(const ad_array *got, const ad_array *wanted, double tolerance)
{
    ad_view a = ad_array_view(*got), b = ad_array_view(*wanted);
    double allowed = allowance(wanted, tolerance);
    for (size_t i = 0; i < ad_view_count(&b); i++)
        if (!same_number(ad_view_get(&a, i), ad_view_get(&b, i), allowed))
            return false;
    return true;
}

void expect_close(const gradient_case *c, const char *what, int operand, const ad_array *got,
                  const ad_array *wanted, double tolerance)
{
    ad_view a = ad_array_view(*got), b = ad_array_view(*wanted);
    double allowed = allowance(wanted, tolerance);
    ck_assert_ptr_nonnull(a.data);
    ck_assert_msg(ad_shape_equal(&a.shape, &b.shape), "%s: %s %d: shapes", c->name, what, operand);
    for (size_t i = 0; i < ad_view_count(&b); i++) {
        double x = ad_view_get(&a, i), y = ad_view_get(&b, i);
        ck_assert_msg(same_number(x, y, allowed),
                      "%s: %s %d: element %zu is %.17g instead of %.17g (within %g)", c->name, what,
                      operand, i, x, y, allowed);
    }
}

void expect_same_outcome(const gradient_case *c, const char *what, const outcome *got,
                         const outcome *wanted, double tolerance)
{
    char gradient[80];
    snprintf(gradient, sizeof gradient, "%s, gradient", what);
    expect_close(c, what, 0, &got->y, &wanted->y, tolerance);
    for (int i = 0; i < c->n; i++)
        if (wanted->gradient[i].data)
            expect_close(c, gradient, i, &got->gradient[i], &wanted->gradient[i], tolerance);
}
