/* The rules of normalisation. With xh = (x - m) r, r = 1 / sqrt(variance + epsilon), y = g xh + b, means over the
 * numbers of a set, and h = g dy:
 *
 *     jvp        q = mean(xh x'), xh' = r (x' - m' - xh q), y' = g xh' + g' xh + b'
 *     pullback   dx = r (h - mean(h) - xh mean(h xh)), dg = sum(dy xh), db = sum(dy)
 *     curvature  dx' = -r q dx + r (h' - mean(h') - xh' mean(h xh) - xh mean(h' xh + h xh')), with h' = g' dy;
 *                dg' = sum(dy xh')
 *
 * Without a mean, m, m' and the mean of h do not occur. The results mean and variance, with cotangents gm and gv,
 * add gm / n + 2 gv (x - m) / n to dx. */
#include "ops/neural/norm_rules.h"

#include "array/convert.h"
#include "kernels/vanishing.h"

/* Each number of a set, and its column. */
#define EACH_OF(l, set)                                                                          \
    for (size_t row = 0, width = (l)->columns / (l)->groups, left = (set) % (l)->groups * width; \
         row < (l)->rows; row++)                                                                 \
        for (size_t column = left,                                                               \
                    at = ((set) / (l)->groups * (l)->rows + row) * (l)->columns + left;          \
             column < left + width; column++, at++)

static void put(const ad_array *to, size_t i, double value, bool add)
{
    if (to->type == AD_F32)
        ((float *)to->data)[i] = (float)(value + (add ? (double)((float *)to->data)[i] : 0));
    else
        ((double *)to->data)[i] = value + (add ? ((double *)to->data)[i] : 0);
}

static double hat(const ad_norm_rule *n, size_t set, size_t at)
{
    return (ad_float_of(&n->x, at) - n->s.mean[set]) * n->s.scale[set];
}

/* ---- what a set has ---------------------------------------------------------------------- */

/* mean(h) and mean(h xh). */
typedef struct slopes {
    double level, along;
} slopes;

static slopes slopes_of(const ad_norm_rule *n, size_t set)
{
    slopes s = {0, 0};
    EACH_OF(n->l, set)
    {
        double h = AD_TIMES(ad_float_of(&n->gain, column), ad_float_of(&n->dy, at));
        s.level += h;
        s.along += AD_TIMES(h, hat(n, set, at));
    }
    s.level = n->l->centred ? s.level / n->l->divisor : 0;
    s.along /= n->l->divisor;
    return s;
}

/* m', q, and the derivative of the variance. */
typedef struct motion {
    double mean, along, variance;
} motion;

static motion motion_of(const ad_norm_rule *n, size_t set)
{
    motion m = {0, 0, 0};
    EACH_OF(n->l, set) m.mean += ad_float_of(&n->tx, at);
    m.mean = n->l->centred ? m.mean / n->l->divisor : 0;
    EACH_OF(n->l, set)
    {
        double t = ad_float_of(&n->tx, at) - m.mean;
        m.along += AD_TIMES(hat(n, set, at), t);
        m.variance += AD_TIMES(ad_float_of(&n->x, at) - n->s.mean[set], t);
    }
    m.along /= n->l->divisor;
    m.variance *= 2 / n->l->divisor;
    return m;
}

/* xh' */
static double hat_moved(const ad_norm_rule *n, size_t set, const motion *m, size_t at)
{
    double t = ad_float_of(&n->tx, at) - m->mean;
    return AD_TIMES(n->s.scale[set], t - ad_times_f64(hat(n, set, at), m->along));
}

/* dx, of what flows into y. */
static double slope_at(const ad_norm_rule *n, size_t set, const slopes *s, size_t at, size_t column)
{
    double h = AD_TIMES(ad_float_of(&n->gain, column), ad_float_of(&n->dy, at));
    return AD_TIMES(n->s.scale[set], (h - s->level) - ad_times_f64(hat(n, set, at), s->along));
}

/* ---- the rules ---------------------------------------------------------------------------- */

void ad_norm_pull_apart(const ad_norm_rule *n, const ad_array *dx, bool add, double *dgain,
                        double *dbias)
{
    for (size_t set = 0; set < ad_norm_sets(n->l); set++) {
        slopes s = slopes_of(n, set);
        double level = ad_float_of(&n->dmean, set) / n->l->divisor;
        double along = 2 * ad_float_of(&n->dvariance, set) / n->l->divisor;
        EACH_OF(n->l, set)
        {
            double dy = ad_float_of(&n->dy, at), x = ad_float_of(&n->x, at);
            dgain[column] += AD_TIMES(dy, hat(n, set, at));
            dbias[column] += dy;
            if (dx->data)
                put(dx, at,
                    slope_at(n, set, &s, at, column) + level + AD_TIMES(along, x - n->s.mean[set]),
                    add);
        }
    }
}

void ad_norm_push(const ad_norm_rule *n, const ad_array *ty, const ad_array *tmean,
                  const ad_array *tvariance)
{
    for (size_t set = 0; set < ad_norm_sets(n->l); set++) {
        motion m = motion_of(n, set);
        if (tmean->data)
            put(tmean, set, m.mean, false);
        if (tvariance->data)
            put(tvariance, set, m.variance, false);
        EACH_OF(n->l, set)
        put(ty, at,
            AD_TIMES(ad_float_of(&n->gain, column), hat_moved(n, set, &m, at)) +
                AD_TIMES(ad_float_of(&n->tgain, column), hat(n, set, at)) +
                ad_float_of(&n->tbias, column),
            false);
    }
}

/* mean(h') and mean(h' xh + h xh'). */
static slopes slopes_moved(const ad_norm_rule *n, size_t set, const motion *m)
{
    slopes s = {0, 0};
    EACH_OF(n->l, set)
    {
        double dy = ad_float_of(&n->dy, at), h = AD_TIMES(ad_float_of(&n->gain, column), dy);
        double th = AD_TIMES(ad_float_of(&n->tgain, column), dy);
        s.level += th;
        s.along += AD_TIMES(th, hat(n, set, at)) + AD_TIMES(h, hat_moved(n, set, m, at));
    }
    s.level = n->l->centred ? s.level / n->l->divisor : 0;
    s.along /= n->l->divisor;
    return s;
}

void ad_norm_bend(const ad_norm_rule *n, const ad_array *tdx, double *tdgain)
{
    for (size_t set = 0; set < ad_norm_sets(n->l); set++) {
        motion m = motion_of(n, set);
        slopes s = slopes_of(n, set), t = slopes_moved(n, set, &m);
        double r = n->s.scale[set], shrinks = AD_TIMES(r, m.along);
        double varies = 2 * ad_float_of(&n->dvariance, set) / n->l->divisor;
        EACH_OF(n->l, set)
        {
            double dy = ad_float_of(&n->dy, at), th = AD_TIMES(ad_float_of(&n->tgain, column), dy);
            double moved = hat_moved(n, set, &m, at);
            double bend =
                ((th - t.level) - AD_TIMES(moved, s.along)) - AD_TIMES(hat(n, set, at), t.along);
            tdgain[column] += AD_TIMES(dy, moved);
            if (tdx->data)
                put(tdx, at,
                    AD_TIMES(r, bend) - AD_TIMES(shrinks, slope_at(n, set, &s, at, column)) +
                        AD_TIMES(varies, ad_float_of(&n->tx, at) - m.mean),
                    true);
        }
    }
}
