/* L-BFGS on vectors in f64, to and from which the model is copied. */
#include "adze/lbfgs.h"
#include "models/line_search.h"
#include "trees/walk.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct search {
    const ad_tree *tree;
    ad_objective *f;
    const void *user;
    const ad_lbfgs *how;
    ad_lbfgs_memory *memory;
    ad_array *model, *trial, *gradient; /* lists of arrays */
    size_t n;                           /* parameters */
    double *x, *g, *d;                  /* a point, its gradient, the direction */
    double *next_x, *next_g;            /* of the trial */
    double noise;                       /* of a value, in shares of it */
    ad_lbfgs_report report;
    ad_error *error;
} search;

/* ---- vectors ------------------------------------------------------------------------ */

static double dot(size_t n, const double *x, const double *y)
{
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += x[i + k] * y[i + k];
    for (; i < n; i++)
        sum[i % 8] += x[i] * y[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static void add(size_t n, double a, const double *restrict x, double *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static double greatest(size_t n, const double *x)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most || isnan(x[i]) ? fabs(x[i]) : most;
    return most;
}

static void gather(const search *s, const ad_array *arrays, double *v)
{
    for (size_t i = 0; i < s->tree->arrays; i++) {
        size_t count = ad_array_count(&arrays[i]);
        for (size_t j = 0; j < count; j++)
            v[j] = arrays[i].type == AD_F32 ? (double)((float *)arrays[i].data)[j]
                                            : ((double *)arrays[i].data)[j];
        v += count;
    }
}

static void scatter(const search *s, const double *v, ad_array *arrays)
{
    for (size_t i = 0; i < s->tree->arrays; i++) {
        size_t count = ad_array_count(&arrays[i]);
        for (size_t j = 0; j < count; j++)
            if (arrays[i].type == AD_F32)
                ((float *)arrays[i].data)[j] = (float)v[j];
            else
                ((double *)arrays[i].data)[j] = v[j];
        v += count;
    }
}

/* ---- the direction ------------------------------------------------------------------ */

/* The k-th last step, and the change of the gradient that came of it. */
static double *pair(const search *s, int k, bool change)
{
    int history = s->how->history, place = (s->memory->next - 1 - k + 2 * history) % history;
    return (double *)s->memory->room.data + (size_t)(place + (change ? history : 0)) * s->n;
}

/* d = -H g, by the two-loop recursion. */
static void find_direction(const search *s)
{
    double share[AD_MAX_HISTORY], *d = s->d;
    size_t n = s->n;
    int pairs = s->memory->pairs;
    for (size_t i = 0; i < n; i++)
        d[i] = -s->g[i];
    for (int k = 0; k < pairs; k++) {
        const double *step = pair(s, k, false), *change = pair(s, k, true);
        share[k] = dot(n, step, d) / dot(n, step, change);
        add(n, -share[k], change, d);
    }
    if (pairs) {
        const double *step = pair(s, 0, false), *change = pair(s, 0, true);
        double scale = dot(n, step, change) / dot(n, change, change);
        for (size_t i = 0; i < n; i++)
            d[i] *= scale;
    }
    for (int k = pairs - 1; k >= 0; k--) {
        const double *step = pair(s, k, false), *change = pair(s, k, true);
        add(n, share[k] - dot(n, change, d) / dot(n, step, change), step, d);
    }
}

/* Keeps the step to the trial, unless the function is not convex along it. */
static void keep_pair(search *s)
{
    ad_lbfgs_memory *m = s->memory;
    int place = m->next;
    m->next = (place + 1) % s->how->history;
    double *step = pair(s, 0, false), *change = pair(s, 0, true);
    for (size_t i = 0; i < s->n; i++) {
        step[i] = s->next_x[i] - s->x[i];
        change[i] = s->next_g[i] - s->g[i];
    }
    double product = dot(s->n, step, change), square = dot(s->n, change, change);
    if (product > DBL_EPSILON * square && isfinite(square))
        m->pairs += m->pairs < s->how->history;
    else {
        m->next = place;
        m->pairs -= m->pairs == s->how->history; /* the oldest was written over */
    }
}

/* ---- evaluations -------------------------------------------------------------------- */

/* Of the trial, which holds next_x. */
static ad_status evaluate(search *s, double *value)
{
    s->report.evaluations++;
    ad_status status = s->f(s->user, s->trial, value, s->gradient, s->error);
    gather(s, s->gradient, s->next_g);
    return status;
}

/* x + at d. Arrays of f32 round it, so it is read back. */
static ad_status evaluate_at(void *user, double at, ad_line_point *p)
{
    search *s = user;
    memcpy(s->next_x, s->x, s->n * sizeof *s->x);
    add(s->n, at, s->d, s->next_x);
    scatter(s, s->next_x, s->trial);
    gather(s, s->trial, s->next_x);
    p->at = at;
    ad_status status = evaluate(s, &p->value);
    p->slope = dot(s->n, s->d, s->next_g);
    if (!isfinite(p->slope) || !isfinite(p->value))
        p->value = INFINITY;
    return status;
}

/* The trial becomes the point. */
static void accept(search *s, double value)
{
    memcpy(s->x, s->next_x, s->n * sizeof *s->x);
    memcpy(s->g, s->next_g, s->n * sizeof *s->g);
    s->report.value = value;
    s->report.greatest = greatest(s->n, s->g);
    s->report.converged = s->report.greatest <= s->how->tolerance;
}

/* ---- the iteration ------------------------------------------------------------------ */

/* Goes on to a lower point; *lower tells whether there is one. A history that leads nowhere is forgotten. */
static ad_status iterate(search *s, bool *lower)
{
    ad_status status = AD_OK;
    *lower = false;
    for (bool more = true; more && !*lower && status == AD_OK;) {
        ad_line_point found = {0, 0, 0};
        more = s->memory->pairs > 0;
        find_direction(s);
        double slope = dot(s->n, s->g, s->d), first = more ? 1 : fmin(1, 1 / sqrt(-slope));
        ad_line l = {evaluate_at,
                     s,
                     {0, s->report.value, slope},
                     s->how->decrease,
                     s->how->curvature,
                     s->noise * fabs(s->report.value)};
        if (slope < 0 && isfinite(slope))
            status = ad_line_search(&l, first, &found);
        *lower = status == AD_OK && found.at > 0;
        if (*lower) {
            keep_pair(s);
            accept(s, found.value);
            scatter(s, s->x, s->model);
            s->report.iterations++;
        } else if (status == AD_OK)
            s->memory->pairs = 0;
    }
    return status;
}

static ad_status minimise(search *s)
{
    double value = NAN;
    bool lower = true;
    gather(s, s->model, s->next_x);
    scatter(s, s->next_x, s->trial);
    ad_status status = evaluate(s, &value);
    if (status != AD_OK)
        return status;
    accept(s, value);
    if (!isfinite(value) || !isfinite(s->report.greatest))
        return ad_fail(s->error, AD_NOT_FINITE,
                       "lbfgs: the value %g or the gradient is not finite at the first point",
                       value);
    while (status == AD_OK && lower && !s->report.converged &&
           s->report.iterations < s->how->iterations)
        status = iterate(s, &lower);
    return status;
}

/* ---- memory ------------------------------------------------------------------------- */

void ad_lbfgs_free(ad_lbfgs_memory *memory)
{
    if (!memory)
        return;
    ad_array_free(&memory->room);
    *memory = (ad_lbfgs_memory){0};
}

static ad_status out_of_memory(const search *s)
{
    return ad_fail(s->error, AD_MEMORY, "lbfgs: memory ran out for %d pairs of %zu numbers",
                   s->how->history, s->n);
}

/* The history of before, if it fits. */
static ad_status prepare_memory(search *s)
{
    ad_shape shape = AD_SHAPE(2 * (int64_t)s->how->history, (int64_t)s->n);
    ad_lbfgs_memory *m = s->memory;
    if (m->room.data && m->room.type == AD_F64 && ad_shape_equal(&m->room.shape, &shape) &&
        m->pairs >= 0 && m->pairs <= s->how->history && m->next >= 0 && m->next < s->how->history)
        return AD_OK;
    ad_array room = ad_array_new(s->model->allocator, AD_F64, shape);
    if (!room.data)
        return out_of_memory(s);
    ad_lbfgs_free(m);
    m->room = room;
    return AD_OK;
}

/* With a trial, a gradient and five vectors. */
static ad_status run(search *s)
{
    size_t arrays = s->tree->arrays;
    const ad_allocator *allocator = s->model->allocator;
    ad_array lists =
        ad_array_new(allocator, AD_U8, AD_SHAPE((int64_t)(2 * arrays * sizeof(ad_array))));
    ad_array vectors = ad_array_new(allocator, AD_F64, AD_SHAPE(5, (int64_t)s->n));
    ad_status status = lists.data && vectors.data ? AD_OK : out_of_memory(s);
    s->trial = lists.data;
    s->gradient = s->trial + (lists.data ? arrays : 0);
    if (status == AD_OK)
        status = ad_model_like(s->tree, s->model, s->trial, s->error);
    if (status == AD_OK)
        status = ad_model_like(s->tree, s->model, s->gradient, s->error);
    if (status == AD_OK) {
        double **all[] = {&s->x, &s->g, &s->d, &s->next_x, &s->next_g};
        for (size_t i = 0; i < 5; i++)
            *all[i] = (double *)vectors.data + i * s->n;
        status = minimise(s);
    }
    for (size_t i = 0; lists.data && i < 2 * arrays; i++)
        ad_array_free(&s->trial[i]);
    ad_array_free(&lists);
    ad_array_free(&vectors);
    return status;
}

/* ---- checks ------------------------------------------------------------------------- */

static ad_status check_settings(const ad_lbfgs *o, ad_error *error)
{
    if (o->history < 1 || o->history > AD_MAX_HISTORY)
        return ad_fail(error, AD_DOMAIN, "lbfgs: the history %d is not in 1 to %d", o->history,
                       AD_MAX_HISTORY);
    if (o->iterations < 0)
        return ad_fail(error, AD_DOMAIN, "lbfgs: iterations are negative");
    if (!(o->tolerance >= 0))
        return ad_fail(error, AD_DOMAIN, "lbfgs: the tolerance %g is negative", o->tolerance);
    if (!(o->decrease > 0 && o->decrease < o->curvature && o->curvature < 1))
        return ad_fail(
            error, AD_DOMAIN,
            "lbfgs: not 0 < decrease < curvature < 1, but %g and %g (ad_lbfgs_new has the "
            "usual settings)",
            o->decrease, o->curvature);
    return AD_OK;
}

/* Counts the parameters. */
static ad_status check_field(void *user, const ad_site *at)
{
    search *s = user;
    const ad_array *a = ad_site_array(at, s->model);
    ad_status status = ad_require_held(at, a, "lbfgs", "the model", s->error);
    if (status == AD_OK)
        status = ad_require_float(at, a, "lbfgs", s->error);
    if (status == AD_OK)
        s->n += ad_array_count(a);
    if (status == AD_OK && a->type == AD_F32)
        s->noise = FLT_EPSILON;
    return status;
}

ad_status ad_model_lbfgs(const ad_tree *tree, ad_objective *f, const void *user,
                         const ad_lbfgs *how, ad_lbfgs_memory *memory, void *model,
                         ad_lbfgs_report *report, ad_error *error)
{
    const char *missing = ad_tree_missing(tree, f && how && memory && model);
    if (missing)
        return ad_fail(error, AD_MISUSE, "lbfgs: %s", missing);
    search s = {.tree = tree,
                .f = f,
                .user = user,
                .how = how,
                .memory = memory,
                .model = model,
                .noise = DBL_EPSILON,
                .error = error};
    ad_status status = check_settings(how, error);
    if (status == AD_OK)
        status = ad_tree_walk(tree, check_field, &s);
    if (status == AD_OK)
        status = prepare_memory(&s);
    if (status == AD_OK)
        status = run(&s);
    if (report)
        *report = s.report;
    return status;
}
