/* The reverse sweep over one adjoint a statement.
 *
 * In a chain, the adjoint that a statement needs was stored one statement before, and a load has to
 * wait for that store. So the sweep loads the adjoint of the statement just before (i - 1) ahead of
 * its own stores, and adds what flows there itself: the sum of the partials whose place is i - 1,
 * times the adjoint. */
#include "kernels/vanishing.h"
#include "numbers/numbers.h"

#include <math.h>
#include <string.h>

double *ad_adjoints_begin(ad_reals *r, uint32_t last)
{
    size_t count = (size_t)last + 2;
    if (!ad_reals_grow(r, &r->adjoints, count, sizeof(double), false))
        return NULL;
    memset(r->adjoints.at, 0, count * sizeof(double));
    return (double *)r->adjoints.at + 1;
}

static void add_products(double g, uint32_t n, const double *partial, const uint32_t *place,
                         double *adjoint)
{
    for (uint32_t k = 0; g != 0 && k < n; k++)
        adjoint[place[k]] += ad_times_f64(g, partial[k]);
}

AD_RARE bool ad_adjoint_passes(ad_reals *r, uint32_t i, double g)
{
    if (isfinite(g))
        return true;
    r->head.source_line = ad_reals_line(r, i);
    ad_reals_fail(r, AD_NOT_FINITE, "sweep", "the adjoint of statement %u is %g", i, g);
    r->head.source_line = NULL;
    return false;
}

/* A statement that says itself what it is, or whose adjoint is special. Moves the stretch. The
 * adjoint is read again: what came by a sum of partials may be infinite where no product was. */
static AD_RARE bool sweep_special(ad_reals *r, ad_stretch *s, uint32_t i, double *adjoint)
{
    const double g = adjoint[i];
    uint8_t count = s->counts[i - s->begin];
    uint32_t marked = count >= AD_LONG, mark = marked ? s->places[-1] : 0;
    uint32_t n = marked ? ad_marked_arguments(r, count, mark) : count;
    s->partials -= n + 2 * marked;
    s->places -= n + 2 * marked;
    if (r->keep & AD_KEEP_FINITE && !ad_adjoint_passes(r, i, g))
        return false;
    if (count == AD_CALLED)
        return ad_call_pull(r, (const ad_number_call *)r->calls.at + mark, s->partials + 1,
                            s->places + 1, adjoint, 1);
    add_products(g, n, s->partials + marked, s->places + marked, adjoint);
    return true;
}

/* What flows to the statement before i along one argument. */
static inline double flow(uint32_t place, uint32_t before, double partial)
{
    return place == before ? partial : 0;
}

/* Whether four places follow each other, and the statement before is none of them. */
static inline bool is_run(const uint32_t *place, uint32_t before)
{
    uint32_t p = place[0];
    return place[1] == p + 1 && place[2] == p + 2 && place[3] == p + 3 && before - p > 3;
}

/* Adds g p to four adjoints: loads first, so that they become vectors. */
static inline void add_run(double g, const double *p, double *adjoint)
{
    double a = adjoint[0] + g * p[0], b = adjoint[1] + g * p[1];
    double c = adjoint[2] + g * p[2], d = adjoint[3] + g * p[3];
    adjoint[0] = a;
    adjoint[1] = b;
    adjoint[2] = c;
    adjoint[3] = d;
}

/* Four arguments or more: those of a list are often neighbours. */
static inline double sweep_list(double g, uint32_t count, const double *partial,
                                const uint32_t *place, uint32_t before, double *adjoint)
{
    double to = 0;
    for (uint32_t k = 0; k < count;) {
        if (count - k >= 4 && is_run(place + k, before)) {
            add_run(g, partial + k, adjoint + place[k]);
            k += 4;
            continue;
        }
        to += flow(place[k], before, partial[k]);
        adjoint[place[k]] += g * partial[k];
        k++;
    }
    return to;
}

/* A statement. Returns what flows to the one before, for g = 1. */
static inline double sweep_arguments(double g, uint32_t count, const double *partial,
                                     const uint32_t *place, uint32_t before, double *adjoint)
{
    switch (count) {
    case 0:
        return 0;
    case 1: {
        double to = flow(place[0], before, partial[0]);
        adjoint[place[0]] += g * partial[0];
        return to;
    }
    case 2: {
        double to = flow(place[0], before, partial[0]) + flow(place[1], before, partial[1]);
        adjoint[place[0]] += g * partial[0];
        adjoint[place[1]] += g * partial[1];
        return to;
    }
    case 3: {
        double to = flow(place[0], before, partial[0]) + flow(place[1], before, partial[1]) +
                    flow(place[2], before, partial[2]);
        adjoint[place[0]] += g * partial[0];
        adjoint[place[1]] += g * partial[1];
        adjoint[place[2]] += g * partial[2];
        return to;
    }
    default:
        return sweep_list(g, count, partial, place, before, adjoint);
    }
}

/* Sweeps a stretch from its end down to `begin`. *flowing is the adjoint of the next statement. */
static bool sweep_stretch(ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint,
                          double *flowing)
{
    double g = *flowing;
    for (uint32_t i = s->end; i-- > begin;) {
        const uint8_t count = s->counts[i - s->begin];
        const uint32_t last = i - 1;
        if (count >= AD_LONG || !ad_is_ordinary(g)) {
            if (!sweep_special(r, s, i, adjoint))
                return false;
            g = (adjoint + i)[-1];
            continue;
        }
        const double *partial = s->partials -= count;
        const uint32_t *place = s->places -= count;
        const double before = (adjoint + i)[-1];
        if (count == 0)
            adjoint[i] = g;
        double to = sweep_arguments(g, count, partial, place, last, adjoint);
        g = before + g * to;
    }
    *flowing = g;
    return true;
}

ad_status ad_adjoints_sweep(ad_reals *r, ad_statement_walk *walk, uint32_t last, uint32_t first,
                            double *adjoint)
{
    ad_statement_walk w = *walk; /* a copy can be in registers */
    double g = adjoint[last];
    bool good = true;
    while (good && w.at > first) {
        ad_statements_back_from(&w, last);
        if (w.stretch.begin < first)
            w.at = first;
        good = sweep_stretch(r, &w.stretch, w.at, adjoint, &g);
    }
    *walk = w;
    return r->error.status;
}
