/* Schedules: factors of a rate, as functions of the number of steps taken. */
#include "adze/schedules.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* t / length within [0, 1]; NaN for no length. */
static double share(int64_t t, int64_t length)
{
    if (length <= 0)
        return NAN;
    return t <= 0 ? 0 : t >= length ? 1 : (double)t / (double)length;
}

static int64_t begun(int64_t t)
{
    return t > 0 ? t : 0;
}

/* From a at 0 to b at 1, along half a cosine; exact at both. */
static double glide(double a, double b, double at)
{
    return at >= 1 ? b : b + (a - b) * (1 + cos(PI * at)) / 2;
}

double ad_schedule_steps(int64_t t, int64_t every, double factor)
{
    return every > 0 && isfinite(factor) ? pow(factor, (double)(begun(t) / every)) : NAN;
}

double ad_schedule_exponential(int64_t t, int64_t every, double factor)
{
    return every > 0 && isfinite(factor) ? pow(factor, (double)begun(t) / (double)every) : NAN;
}

double ad_schedule_cosine(int64_t t, int64_t total, double last)
{
    return isfinite(last) ? glide(1, last, share(t, total)) : NAN;
}

double ad_schedule_polynomial(int64_t t, int64_t total, double power, double last)
{
    if (!isfinite(last) || !isfinite(power) || power <= 0)
        return NAN;
    return last + (1 - last) * pow(1 - share(t, total), power);
}

double ad_schedule_warm_up(int64_t t, int64_t steps)
{
    return share(t < steps ? begun(t) + 1 : steps, steps);
}

double ad_schedule_one_cycle(int64_t t, int64_t total, int64_t peak, double first, double last)
{
    if (total <= 0 || peak < 0 || peak > total || !isfinite(first) || !isfinite(last))
        return NAN;
    if (t < peak)
        return glide(first, 1, share(t, peak));
    return t >= total ? last : glide(1, last, share(t - peak, total - peak));
}

double ad_schedule_plateau(ad_plateau *p, double loss)
{
    if (!p || !isfinite(p->factor) || p->factor < 0 || p->patience < 0 ||
        !(p->threshold >= 0 && p->threshold < 1))
        return NAN;
    double less = p->best - p->threshold * fabs(p->best);
    if (loss < less) {
        p->best = loss;
        p->waited = 0;
    } else if (++p->waited > p->patience) {
        p->scale *= p->factor;
        p->waited = 0;
    }
    return p->scale;
}
