/* Compares one slope of a function, as a gradient claims it, with differences.
 *
 * A slope fails by the gap to the differences beyond their own error. If that error is larger than
 * the tolerance, the differences tell nothing unless the gap is larger still; nor where those from two
 * unrelated steps disagree. */
#include "check/judge.h"

#include "tape/evaluation.h"

#include <float.h>
#include <math.h>

/* ---- the function ------------------------------------------------------------------- */

static double weighted_sum(const ad_checking *c, const ad_view *y)
{
    double sum = 0;
    size_t n = ad_view_count(y);
    ad_random r = ad_random_new(c->o.seed, AD_STREAM_WEIGHTS);
    for (size_t i = 0; i < n; i++)
        sum += ad_view_get(y, i) * (n == 1 ? 1 : ad_check_weight(&r));
    return sum;
}

static ad_tensor call(ad_checking *c)
{
    ad_evaluation e;
    ad_tensor y = ad_number(NAN);
    if (ad_tape_status(c->t) == AD_OK && ad_evaluation_begin(c->t, c->name, &e)) {
        y = c->f(c->t, c->tensors, c->env);
        ad_evaluation_end(c->t, &e);
    }
    ad_result_lives(c->t, NULL, "the function's result", y);
    return y;
}

/* If the point is out of an operation's domain the value is NaN, and not an error if the
 * tape may be reset. */
double ad_checking_value(ad_checking *c)
{
    double sum = NAN;
    ad_mark start = ad_tape_mark(c->t);
    ad_model_freeze(c->tree, c->t, c->at, c->tensors);
    ad_view y = ad_read(call(c));
    if (ad_tape_status(c->t) == AD_OK) {
        sum = weighted_sum(c, &y);
    }
    ad_tape_rewind(start);
    if (c->own_tape && ad_tape_status(c->t) == AD_DOMAIN)
        ad_tape_reset(c->t);
    return sum;
}

static ad_status expect_finite(ad_checking *c)
{
    if (ad_tape_status(c->t) == AD_OK && !isfinite(c->value))
        ad_tape_fail(c->t, AD_DOMAIN, "the function's value is %g", c->value);
    return ad_tape_status(c->t);
}

ad_status ad_checking_differentiate(ad_checking *c, void *gradient)
{
    ad_mark start = ad_tape_mark(c->t);
    ad_model_watch(c->tree, c->t, c->at, c->tensors);
    ad_tensor y = call(c);
    ad_view v = ad_read(y);
    if (ad_tape_status(c->t) != AD_OK)
        return ad_tape_status(c->t);
    c->type = v.type;
    c->value = weighted_sum(c, &v);
    if (expect_finite(c) != AD_OK)
        return ad_tape_status(c->t);
    ad_view dy = ad_array_view(ad_check_weights(c->t, &v, c->o.seed, AD_STREAM_WEIGHTS));
    bool one = ad_view_count(&v) == 1;
    if (ad_tape_status(c->t) == AD_OK)
        ad_model_gradient(c->tree, y, one ? NULL : &dy, c->tensors, gradient);
    ad_tape_rewind(start);
    return ad_tape_status(c->t);
}

/* ---- one slope ----------------------------------------------------------------------- */

double ad_checking_tolerance(const ad_checking *c)
{
    return c->o.tolerance > 0 ? c->o.tolerance : c->type == AD_F32 ? 0.02 : 1e-6;
}

static ad_slope_plan plan_of(const ad_checking *c, const ad_claim *k)
{
    double goal = ad_checking_tolerance(c) / 16;
    bool single = c->type == AD_F32 || k->type == AD_F32;
    double step = c->o.step > 0 ? c->o.step : single ? 1. / 16 : 1. / 64;
    return (ad_slope_plan){
        .f = k->moved,
        .user = k->user,
        .step = step * k->size,
        .levels = single ? 4 : 12,
        .goal = goal,
        .floor = goal * k->least,
        .rounding = 2 * (single ? (double)FLT_EPSILON : DBL_EPSILON),
    };
}

static void note_wrong(ad_checking *c, const ad_claim *k, const ad_slope *s, double error)
{
    if (error <= c->worst_error)
        return;
    c->worst_error = error;
    c->worst = (ad_error){0};
    ad_fail(&c->worst, AD_DIFFERENT,
            "%s: %s: the pullback gives %.9g, differences give %.9g (relative error %.2g, "
            "tolerance %.2g)",
            c->name, k->what, k->slope, s->value, error, ad_checking_tolerance(c));
}

/* There may be a kink between the steps and the point: then all of them agree on the slope behind
 * it. So this asks once more, as near to the point as rounding allows. At a kink itself, any slope
 * between those of the two sides will do. */
static bool right_nearby(const ad_checking *c, const ad_slope_plan *far, double slope, double gap,
                         double allowed, bool conclusive)
{
    ad_sides sides;
    ad_slope_plan near = *far;
    near.step = fmax(ldexp(far->step, -16), 64 * far->rounding * fabs(c->value) / allowed);
    near.step = fmin(near.step, far->step);
    near.levels = 3;
    ad_slope s = ad_slope_find(&near);
    if (fabs(slope - s.value) <= allowed + fmin(8 * s.error, gap / 2))
        return true;
    if (!conclusive && !(8 * s.error < gap / 2)) /* nothing is known */
        return true;
    return ad_slope_kink(&near, &sides) && slope >= sides.low - allowed &&
           slope <= sides.high + allowed;
}

/* Slopes from two unrelated steps, since the halves of one may all fit a period of the function. The second is
 * relative to the number itself. */
typedef struct two_slopes {
    ad_slope_plan how; /* that of the surer slope */
    ad_slope sure, other;
} two_slopes;

static two_slopes find_both(const ad_checking *c, const ad_claim *k)
{
    const double unrelated = 0.61803398874989485;
    ad_slope_plan first = plan_of(c, k), second = first;
    second.step *= unrelated * (k->own > 0 ? k->own / k->size : 1);
    ad_slope a = ad_slope_find(&first), b = ad_slope_find(&second);
    return b.error < a.error ? (two_slopes){second, b, a} : (two_slopes){first, a, b};
}

void ad_checking_judge(ad_checking *c, const ad_claim *k)
{
    two_slopes both = find_both(c, k);
    const ad_slope *s = &both.sure, *t = &both.other;
    double given = isfinite(k->slope) ? fabs(k->slope) : 0;
    double size = fmax(fmax(given, fabs(s->value)), k->least);
    double gap = fabs(k->slope - s->value), uncertain = 8 * s->error;
    double allowed = ad_checking_tolerance(c) * size;
    c->report.numbers++;
    if (!isfinite(uncertain) && !isnan(k->slope))
        return;
    bool conclusive = !(fabs(s->value - t->value) > allowed + uncertain + 8 * t->error);
    bool agrees = gap <= allowed + uncertain;
    if (!agrees && !right_nearby(c, &both.how, k->slope, gap, allowed, conclusive))
        note_wrong(c, k, s, isfinite(gap) ? gap / size : INFINITY);
    if (!agrees || !conclusive || uncertain > allowed)
        return;
    c->report.settled++;
    c->report.worst = fmax(c->report.worst, size > 0 ? gap / size : 0);
}

ad_status ad_checking_failure(const ad_checking *c, ad_error *error)
{
    return ad_fail(error, ad_tape_status(c->t), "%s: %s", c->name, ad_tape_error(c->t));
}

ad_status ad_checking_conclude(const ad_checking *c, ad_error *error)
{
    ad_check_tell(&c->o, &c->report);
    if (ad_tape_status(c->t) != AD_OK)
        return ad_checking_failure(c, error);
    if (c->worst.status != AD_OK)
        return ad_fail(error, c->worst.status, "%s", c->worst.text);
    return AD_OK;
}
