/* Running sums and products of a list, and their derivatives.
 *
 * With x before y = x[0] ... x[i], P[i] the product of those before x[i], and g[i] the cotangent of
 * the running product that ends with x[i]:
 *
 *     dx[i] = P[i] r[i]    r[i] = g[i] + x[i+1] r[i+1]
 *
 * without any division, so that factors of 0 are factors like others. Along a tangent t, P and r
 * have derivatives p and s:
 *
 *     p[i+1] = p[i] x[i] + P[i] t[i]    s[i] = t[i+1] r[i+1] + x[i+1] s[i+1] */
#include "ops/reduce/running.h"

#include "kernels/vanishing.h"

double ad_running_cotangent(const ad_running *l, size_t i)
{
    if (!l->exclusive)
        return l->g[i];
    return i + 1 < l->n ? l->g[i + 1] : 0;
}

void ad_run_product(const ad_running *l)
{
    double product = 1;
    for (size_t i = 0; i < l->n; i++) {
        double next = product * l->x[i];
        l->out[i] = l->exclusive ? product : next;
        product = next;
    }
}

void ad_run_tangent(const ad_running *l)
{
    double product = 1, tangent = 0;
    for (size_t i = 0; i < l->n; i++) {
        double next = AD_TIMES(tangent, l->x[i]) + AD_TIMES(product, l->t[i]);
        l->out[i] = l->exclusive ? tangent : next;
        tangent = next;
        product *= l->x[i];
    }
}

void ad_pull_product(const ad_running *l)
{
    double r = 0, product = 1;
    for (size_t i = l->n; i-- > 0;) {
        r = ad_running_cotangent(l, i) + (i + 1 < l->n ? AD_TIMES(l->x[i + 1], r) : 0);
        l->out[i] = r;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->out[i] = AD_TIMES(l->out[i], product);
        product *= l->x[i];
    }
}

void ad_bend_product(const ad_running *l)
{
    double r = 0, s = 0, product = 1, tangent = 0, *rest = l->out + l->n;
    for (size_t i = l->n; i-- > 0;) {
        bool last = i + 1 == l->n;
        s = last ? 0 : AD_TIMES(l->t[i + 1], r) + AD_TIMES(l->x[i + 1], s);
        r = ad_running_cotangent(l, i) + (last ? 0 : AD_TIMES(l->x[i + 1], r));
        rest[i] = r;
        l->out[i] = s;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->out[i] = AD_TIMES(tangent, rest[i]) + AD_TIMES(product, l->out[i]);
        tangent = AD_TIMES(tangent, l->x[i]) + AD_TIMES(product, l->t[i]);
        product *= l->x[i];
    }
}

void ad_run_sum(const ad_running *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        double next = sum + l->x[i];
        l->out[i] = l->exclusive ? sum : next;
        sum = next;
    }
}

void ad_run_sum_of_tangents(const ad_running *l)
{
    ad_running same = *l;
    same.x = l->t;
    ad_run_sum(&same);
}

void ad_pull_sum(const ad_running *l)
{
    double sum = 0;
    for (size_t i = l->n; i-- > 0;)
        l->out[i] = sum += ad_running_cotangent(l, i);
}
