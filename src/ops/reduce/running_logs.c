/* Running logarithms of sums of exponentials of a list, and their derivatives.
 *
 * y[i] = log(exp(x[0]) + ... + exp(x[i])) is kept as a greatest number m and a sum s of exp(x - m),
 * so that nothing overflows, and no digits are lost before the point. With the shares of y[i] that
 * x[i] and y[i-1] have, p[i] = exp(x[i] - y[i]) and c[i] = exp(y[i-1] - y[i]), the cotangents g and
 * the tangents t:
 *
 *     dx[i] = p[i] r[i]    r[i] = g[i] + c[i+1] r[i+1]
 *     u[i] = p[i] t[i] + c[i] u[i-1]                                the tangent of y[i]
 *
 * and p and c have the tangents p[i] (t[i] - u[i]) and c[i] (u[i-1] - u[i]). */
#include "kernels/elementary.h"
#include "kernels/vanishing.h"
#include "ops/reduce/running.h"

typedef struct log_sum {
    double m, s; /* m + log(s); s is 0 as long as all numbers are -inf, and m is +inf after one */
    double p, c;
} log_sum;

static const log_sum nothing = {-(double)INFINITY, 0, 0, 0};

/* In an infinite sum only infinite numbers have a share, and theirs is NaN, as in logsumexp. */
static void add_number(log_sum *l, double x)
{
    double m = x > l->m || x != x ? x : l->m;
    if (m == -(double)INFINITY)
        return;
    double part = AD_EXP(x - m);
    if (m == (double)INFINITY) {
        *l = (log_sum){m, 1, part, l->m == m};
        return;
    }
    double rest = l->s * AD_EXP(l->m - m), s = rest + part;
    *l = (log_sum){m, s, part / s, rest / s};
}

static double logarithm(const log_sum *l)
{
    return l->m + AD_LOG(l->s);
}

void ad_run_logsumexp(const ad_running *l)
{
    log_sum sum = nothing;
    for (size_t i = 0; i < l->n; i++) {
        double before = logarithm(&sum);
        add_number(&sum, l->x[i]);
        l->out[i] = l->exclusive ? before : logarithm(&sum);
    }
}

void ad_run_logsumexp_tangent(const ad_running *l)
{
    log_sum sum = nothing;
    double u = 0;
    for (size_t i = 0; i < l->n; i++) {
        double before = u;
        add_number(&sum, l->x[i]);
        u = AD_TIMES(sum.p, l->t[i]) + AD_TIMES(sum.c, before);
        l->out[i] = l->exclusive ? before : u;
    }
}

/* p into out, c behind it. */
static void find_parts(const ad_running *l)
{
    log_sum sum = nothing;
    for (size_t i = 0; i < l->n; i++) {
        add_number(&sum, l->x[i]);
        l->out[i] = sum.p;
        l->out[l->n + i] = sum.c;
    }
}

void ad_pull_logsumexp(const ad_running *l)
{
    const double *c = l->out + l->n;
    double r = 0;
    find_parts(l);
    for (size_t i = l->n; i-- > 0;) {
        r = ad_running_cotangent(l, i) + (i + 1 < l->n ? AD_TIMES(c[i + 1], r) : 0);
        l->out[i] = AD_TIMES(l->out[i], r);
    }
}

void ad_bend_logsumexp(const ad_running *l)
{
    const double *c = l->out + l->n;
    double *u = l->out + 2 * l->n, r = 0, bend = 0;
    find_parts(l);
    for (size_t i = 0; i < l->n; i++)
        u[i] = AD_TIMES(l->out[i], l->t[i]) + (i ? AD_TIMES(c[i], u[i - 1]) : 0);
    for (size_t i = l->n; i-- > 0;) {
        bool last = i + 1 == l->n;
        bend = last ? 0 : AD_TIMES(c[i + 1], ad_times_f64(u[i] - u[i + 1], r) + bend);
        r = ad_running_cotangent(l, i) + (last ? 0 : AD_TIMES(c[i + 1], r));
        l->out[i] = AD_TIMES(l->out[i], ad_times_f64(l->t[i] - u[i], r) + bend);
    }
}
