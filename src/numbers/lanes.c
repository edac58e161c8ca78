/* Sweeps over several directions or roots at once: a row of lanes for each statement, which become
 * vectors. A single lane has loops of its own.
 *
 * What vanishes beats what grows without bound (kernels/vanishing.h). Most partials are finite;
 * then only those that are 0 need a second look, since an infinity may come their way. */
#include "numbers/lanes.h"

#include "kernels/vanishing.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 4, MOST = AD_MANY_LANES / WIDTH }; /* lanes of a vector; vectors of a row */

typedef double vector __attribute__((vector_size(WIDTH * sizeof(double)), aligned(8), may_alias));

/* Loops with constant bounds keep vectors in registers, where memcpy would not. */
AD_INLINE void copy_row(int lanes, const vector *from, vector *to)
{
    for (int v = 0; v < lanes / WIDTH; v++)
        to[v] = from[v];
}

/* y += p x, row by row. */
AD_INLINE void add_row(int lanes, double p, const double *restrict x, double *restrict y)
{
    if (AD_LIKELY(ad_is_ordinary(p)))
        for (int l = 0; l < lanes; l++)
            y[l] += p * x[l];
    else if (p != 0)
        for (int l = 0; l < lanes; l++)
            y[l] += ad_times_f64(p, x[l]);
}

/* ---- forward ------------------------------------------------------------------------ */

/* The statements of a stretch up to `end`, or to a call, where it stops. */
typedef void push_stretch(const ad_reals *r, ad_stretch *s, uint32_t end, double *tangent);

/* t = p x, and t = p x + q y, for ordinary p and q. */
AD_INLINE void scale_row(int lanes, double p, const double *restrict x, double *restrict t)
{
    for (int l = 0; l < lanes; l++)
        t[l] = p * x[l];
}

AD_INLINE void set_row(int lanes, double p, const double *restrict x, double q,
                       const double *restrict y, double *restrict t)
{
    for (int l = 0; l < lanes; l++)
        t[l] = p * x[l] + q * y[l];
}

/* The same for n numbers x, and for n rows. */
AD_INLINE double sum_numbers(uint32_t n, const double *p, const uint32_t *place, const double *x)
{
    double sum = 0;
    for (uint32_t k = 0; k < n; k++)
        add_row(1, p[k], x + place[k], &sum);
    return sum;
}

AD_INLINE void sum_rows(int lanes, uint32_t n, const double *p, const uint32_t *place,
                        const double *x, double *t)
{
    vector sum[MOST] = {{0}}; /* in registers */
    for (uint32_t k = 0; k < n; k++) {
        const vector *row = (const vector *)(x + (size_t)place[k] * (size_t)lanes);
        if (AD_LIKELY(ad_is_ordinary(p[k]))) {
            for (int v = 0; v < lanes / WIDTH; v++)
                sum[v] += p[k] * row[v];
            continue;
        }
        double all[AD_MANY_LANES];
        copy_row(lanes, sum, (vector *)all);
        add_row(lanes, p[k], (const double *)row, all);
        copy_row(lanes, (const vector *)all, sum);
    }
    copy_row(lanes, sum, (vector *)t);
}

AD_INLINE void push(int lanes, const ad_reals *r, ad_stretch *s, uint32_t end, double *tangent)
{
    const uint32_t begin = s->begin;
    const size_t stride = (size_t)lanes;
    const double *partial = s->partials;
    const uint32_t *place = s->places;
    uint32_t i = begin;
    for (; i < end && s->counts[i - begin] != AD_CALLED; i++) {
        uint8_t count = s->counts[i - begin];
        double *t = tangent + i * stride;
        if (AD_LIKELY(count == 2 && ad_is_ordinary(partial[0]) && ad_is_ordinary(partial[1]))) {
            set_row(lanes, partial[0], tangent + place[0] * stride, partial[1],
                    tangent + place[1] * stride, t);
            partial += 2;
            place += 2;
            continue;
        }
        if (AD_LIKELY(count == 1 && ad_is_ordinary(partial[0]))) {
            scale_row(lanes, *partial++, tangent + *place++ * stride, t);
            continue;
        }
        uint32_t marked = count >= AD_LONG;
        uint32_t n = marked ? ad_marked_arguments(r, count, place[0]) : count;
        partial += marked;
        place += marked;
        if (lanes == 1)
            *t = sum_numbers(n, partial, place, tangent);
        else
            sum_rows(lanes, n, partial, place, tangent, t);
        partial += n + marked;
        place += n + marked;
    }
    s->partials = partial;
    s->places = place;
    s->counts += i - begin;
    s->begin = i;
}

#define PUSH(isa, lanes)                                                               \
    AD_TARGET_##isa static void push_##lanes##_##isa(const ad_reals *r, ad_stretch *s, \
                                                     uint32_t end, double *tangent)    \
    {                                                                                  \
        push(lanes, r, s, end, tangent);                                               \
    }
AD_EACH_ISA(PUSH, 8)
AD_EACH_ISA(PUSH, 16)
PUSH(base, 1)

static push_stretch *push_of(int lanes)
{
    static push_stretch *const eight[AD_ISA_COUNT] = AD_ALL(push_8);
    static push_stretch *const sixteen[AD_ISA_COUNT] = AD_ALL(push_16);
    return lanes == 1 ? push_1_base : (lanes == 8 ? eight : sixteen)[ad_cpu_isa()];
}

/* The tangents of a call's results: row by row of its Jacobian, by its pullback. */
static bool push_call(ad_reals *r, ad_stretch *s, int lanes, double *tangent)
{
    const ad_number_call *call = (const ad_number_call *)r->calls.at + s->places[0];
    for (uint32_t j = 0; j < call->m; j++) {
        const double *dx = ad_call_row(r, call, j, s->partials + 1);
        double row[AD_MANY_LANES] = {0};
        if (!dx)
            return false;
        for (uint32_t k = 0; k < call->n; k++)
            if (s->places[k + 1] != UINT32_MAX)
                add_row(lanes, dx[k], tangent + (size_t)s->places[k + 1] * (size_t)lanes, row);
        memcpy(tangent + (size_t)(s->begin + j) * (size_t)lanes, row, (size_t)lanes * sizeof *row);
    }
    s->partials += call->n + 2;
    s->places += call->n + 2;
    return true;
}

static double seed_at(const ad_seeds *seeds, const ad_seed *seed, int lane)
{
    if (lane >= seeds->directions)
        return 0;
    return seeds->rows ? seeds->rows[(size_t)lane * seeds->stride + seed->column]
                       : seed->column == seeds->unit + (size_t)lane;
}

/* Seeds of statements before `end`, instead of what was computed there; those of one statement are
 * added. */
static void put_seeds(const ad_seeds *seeds, size_t *next, uint32_t end, int lanes, double *tangent)
{
    for (; *next < seeds->count && seeds->of[*next].index < end; ++*next) {
        const ad_seed *seed = &seeds->of[*next];
        double *row = tangent + (size_t)seed->index * (size_t)lanes;
        bool again = *next && seed[-1].index == seed->index;
        for (int l = 0; l < lanes; l++) {
            double t = seed_at(seeds, seed, l);
            row[l] = again ? row[l] + t : t;
        }
    }
}

ad_status ad_tangents_push(ad_reals *r, uint32_t last, const ad_seeds *seeds, int lanes,
                           double *tangent)
{
    push_stretch *run = push_of(lanes);
    ad_statement_walk w = ad_statement_walk_at(r, 0);
    size_t next = 0;
    uint32_t done = 0; /* statements */
    while (done <= last) {
        ad_stretch *s = &w.stretch;
        ad_statements_on(&w);
        uint32_t end = s->end <= last ? s->end : last + 1;
        while (done < end) {
            s->counts += done - s->begin;
            s->begin = done;
            uint32_t stop = next < seeds->count && seeds->of[next].index < end
                                ? seeds->of[next].index + 1
                                : end;
            run(r, s, stop, tangent);
            done = s->begin;
            if (done < stop) {
                if (!push_call(r, s, lanes, tangent))
                    return r->error.status;
                done += ((const ad_number_call *)r->calls.at)[s->places[-1]].m;
            }
            put_seeds(seeds, &next, done, lanes, tangent);
        }
    }
    return r->error.status;
}

/* ---- reverse ------------------------------------------------------------------------ */

/* The statements of a stretch from its end down to `begin`, or to a call, where it stops. */
typedef void pull_stretch(const ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint);

/* Adds g p to the adjoints of n arguments. Returns the partials that flow to the statement before, whose
 * adjoint is in registers, or NaN: it must be read again. */
AD_INLINE double pull_arguments(int lanes, const vector *g, uint32_t n, const double *partial,
                                const uint32_t *place, uint32_t before, double *adjoint)
{
    double to = 0;
    for (uint32_t k = 0; k < n; k++) {
        const double p = partial[k];
        vector *row = (vector *)(adjoint + (size_t)place[k] * (size_t)lanes);
        if (AD_LIKELY(ad_is_ordinary(p))) {
            for (int v = 0; v < lanes / WIDTH; v++)
                row[v] += p * g[v];
            to += place[k] == before ? p : 0;
        } else if (p != 0) {
            double all[AD_NUMBER_LANES];
            copy_row(lanes, g, (vector *)all);
            add_row(lanes, p, all, (double *)row);
            to += place[k] == before ? (double)NAN : 0;
        }
    }
    return to;
}

/* As in sweep.c, the adjoint of the statement before is loaded ahead of this one's stores. */
AD_INLINE void pull(int lanes, const ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint)
{
    enum { FEW = AD_NUMBER_LANES / WIDTH };
    const double *partial = s->partials;
    const uint32_t *place = s->places;
    uint32_t i = s->end;
    const vector *row = (const vector *)(adjoint + (size_t)i * (size_t)lanes);
    vector g[FEW], before[FEW];
    copy_row(lanes, row - lanes / WIDTH, g);
    for (; i > begin && s->counts[i - 1 - s->begin] != AD_CALLED; i--) {
        uint8_t count = s->counts[i - 1 - s->begin];
        uint32_t marked = count >= AD_LONG;
        uint32_t n = marked ? ad_marked_arguments(r, count, place[-1]) : count;
        row = (const vector *)(adjoint + ((size_t)i - 2) * (size_t)lanes);
        copy_row(lanes, row, before);
        partial -= n + marked;
        place -= n + marked;
        double to = pull_arguments(lanes, g, n, partial, place, i - 2, adjoint);
        for (int v = 0; v < lanes / WIDTH; v++)
            g[v] = before[v] + to * g[v];
        if (!isfinite(to)) /* a sum of partials may overflow where their products do not */
            copy_row(lanes, row, g);
        partial -= marked;
        place -= marked;
    }
    s->partials = partial;
    s->places = place;
    s->end = i;
}

#define PULL(isa, lanes)                                                               \
    AD_TARGET_##isa static void pull_##lanes##_##isa(const ad_reals *r, ad_stretch *s, \
                                                     uint32_t begin, double *adjoint)  \
    {                                                                                  \
        pull(lanes, r, s, begin, adjoint);                                             \
    }
AD_EACH_ISA(PULL, 4)
AD_EACH_ISA(PULL, 8)

/* The call at the end of what is left of a stretch. */
static bool pull_call(ad_reals *r, ad_stretch *s, int lanes, double *adjoint)
{
    const ad_number_call *call = (const ad_number_call *)r->calls.at + s->places[-1];
    s->partials -= call->n + 2;
    s->places -= call->n + 2;
    s->end--;
    for (int l = 0; l < lanes; l++)
        if (!ad_call_pull(r, call, s->partials + 1, s->places + 1, adjoint + l, (size_t)lanes))
            return false;
    return true;
}

ad_status ad_lanes_sweep(ad_reals *r, ad_statement_walk *w, uint32_t last, uint32_t first,
                         int lanes, double *adjoint)
{
    static pull_stretch *const four[AD_ISA_COUNT] = AD_ALL(pull_4), *const eight[AD_ISA_COUNT] =
                                                                        AD_ALL(pull_8);
    pull_stretch *run = (lanes == AD_FEW_LANES ? four : eight)[ad_cpu_isa()];
    while (w->at > first) {
        ad_statements_back_from(w, last);
        ad_stretch *s = &w->stretch;
        if (s->begin < first)
            w->at = first;
        while (s->end > w->at) {
            run(r, s, w->at, adjoint);
            if (s->end > w->at && !pull_call(r, s, lanes, adjoint))
                return r->error.status;
        }
    }
    return r->error.status;
}

/* ---- second order ------------------------------------------------------------------- */

/* What the second derivatives of a statement add to the tangents of its arguments' adjoints. */
AD_INLINE void add_bends(int lanes, double g, uint32_t n, const double *bend, const uint32_t *place,
                         const double *tangent, double *adjoint_tangent)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double b = i > j ? bend[i * (i + 1) / 2 + j] : bend[j * (j + 1) / 2 + i];
            add_row(lanes, ad_times_f64(g, b), tangent + (size_t)place[j] * (size_t)lanes,
                    adjoint_tangent + (size_t)place[i] * (size_t)lanes);
        }
}

static AD_RARE void refuse_opaque(ad_reals *r, const char *name, uint32_t i)
{
    r->head.source_line = ad_reals_line(r, i);
    ad_reals_fail(r, AD_NO_DERIVATIVE, name,
                  "statement %u has no second derivative: it was given by its partials, or is an "
                  "operation with a pullback alone",
                  i);
    r->head.source_line = NULL;
}

/* Whether y does not depend on statement i, nor on other results of its call. */
static AD_RARE bool is_apart(const ad_reals *r, uint32_t i, int lanes, const double *adjoint,
                             const double *adjoint_tangent)
{
    bool apart = true;
    for (size_t j = i, end = (size_t)ad_reals_end_of_call(r, i) + 1; j < end; j++) {
        apart = apart && adjoint[j] == 0;
        for (int l = 0; l < lanes; l++)
            apart = apart && adjoint_tangent[j * (size_t)lanes + (size_t)l] == 0;
    }
    return apart;
}

/* The statements of a stretch from its end down to `begin`. False where it stops: at its end there is one
 * without second derivatives. */
typedef bool bend_stretch(const ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint,
                          const double *tangent, double *adjoint_tangent);

AD_INLINE bool bend(int lanes, const ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint,
                    const double *tangent, double *adjoint_tangent)
{
    for (uint32_t i = s->end; i-- > begin;) {
        uint8_t count = s->counts[i - s->begin];
        double g = adjoint[i], row[AD_NUMBER_LANES];
        if (count >= AD_LONG) {
            s->end = i + 1;
            if (!is_apart(r, i, lanes, adjoint, adjoint_tangent))
                return false;
            ad_statements_skip(r, s, i);
            continue;
        }
        const double *partial = s->partials -= count;
        const uint32_t *place = s->places -= count;
        s->bends -= ad_bends_of(count);
        memcpy(row, adjoint_tangent + (size_t)i * (size_t)lanes, (size_t)lanes * sizeof *row);
        for (uint32_t k = 0; k < count; k++) {
            adjoint[place[k]] += ad_times_f64(g, partial[k]);
            add_row(lanes, partial[k], row, adjoint_tangent + (size_t)place[k] * (size_t)lanes);
        }
        if (g != 0)
            add_bends(lanes, g, count, s->bends, place, tangent, adjoint_tangent);
    }
    return true;
}

#define BEND(isa, lanes)                                                                          \
    AD_TARGET_##isa static bool bend_##lanes##_##isa(                                             \
        const ad_reals *r, ad_stretch *s, uint32_t begin, double *adjoint, const double *tangent, \
        double *adjoint_tangent)                                                                  \
    {                                                                                             \
        return bend(lanes, r, s, begin, adjoint, tangent, adjoint_tangent);                       \
    }
AD_EACH_ISA(BEND, 8)
BEND(base, 1)

ad_status ad_second_sweep(ad_reals *r, ad_statement_walk *w, uint32_t last, uint32_t first,
                          int lanes, double *adjoint, const double *tangent,
                          double *adjoint_tangent, const char *name)
{
    static bend_stretch *const eight[AD_ISA_COUNT] = AD_ALL(bend_8);
    bend_stretch *run = lanes == 1 ? bend_1_base : eight[ad_cpu_isa()];
    bool good = true;
    while (good && w->at > first) {
        ad_statements_back_from(w, last);
        if (w->stretch.begin < first)
            w->at = first;
        good = run(r, &w->stretch, w->at, adjoint, tangent, adjoint_tangent);
    }
    if (!good)
        refuse_opaque(r, name, w->stretch.end - 1);
    return r->error.status;
}
