/* Preaccumulation: the statements since a mark, replaced by the Jacobian of their results. */
#include "numbers/numbers.h"

#include <string.h>

/* The part at work. What its results depend on is gathered in lists of the record: numbers in `rows`, and
 * their partials in `row_partials`. */
typedef struct part {
    ad_reals *r;
    uint32_t begin;  /* its first statement */
    double *adjoint; /* of all statements: zeros between results; [-1] may be read */
} part;

/* Numbers of the whole record that are 0 whenever nobody uses them: a part may be far shorter than what is
 * before it. */
static double *zeros(ad_reals *r)
{
    size_t count = (size_t)ad_reals_index(r) + 2, room = r->zeros.room;
    if (!ad_reals_grow(r, &r->zeros, count, sizeof(double), false))
        return NULL;
    if (r->zeros.room > room)
        memset(r->zeros.at, 0, r->zeros.room * sizeof(double));
    return (double *)r->zeros.at + 1;
}

static bool gather(ad_reals *r, uint32_t place, double partial)
{
    if (!ad_reals_grow(r, &r->rows, r->rows.count + 1, sizeof(ad_real), true) ||
        !ad_reals_grow(r, &r->row_partials, r->row_partials.count + 1, sizeof(double), true))
        return false;
    ((ad_real *)r->rows.at)[r->rows.count++] =
        (ad_real){.on = &r->head, .place = ad_place(place, ad_reals_epoch(r))};
    ((double *)r->row_partials.at)[r->row_partials.count++] = partial;
    return true;
}

/* What reached numbers from before the part, along the arguments of its statements up to `last`. */
static bool gather_all(const part *p, uint32_t last)
{
    ad_reals *r = p->r;
    ad_statement_walk w = ad_statement_walk_at(r, ad_reals_index(r));
    while (w.at > p->begin) {
        ad_stretch *s = &w.stretch;
        ad_statements_back_from(&w, last);
        uint32_t begin = s->begin > p->begin ? s->begin : p->begin;
        const uint32_t *end = s->places;
        ad_statements_skip(r, s, begin);
        for (const uint32_t *place = s->places; place < end; place++)
            if (*place < p->begin && p->adjoint[*place] != 0) {
                if (!gather(r, *place, p->adjoint[*place]))
                    return false;
                p->adjoint[*place] = 0;
            }
    }
    return true;
}

/* The Jacobian's row of y. */
static bool differentiate(const part *p, ad_real y)
{
    ad_statement_walk w = ad_statement_walk_at(p->r, ad_reals_index(p->r));
    uint32_t last = ad_reals_end_of_call(p->r, ad_real_index(y));
    p->adjoint[ad_real_index(y)] = 1;
    bool good =
        ad_adjoints_sweep(p->r, &w, last, p->begin, p->adjoint) == AD_OK && gather_all(p, last);
    memset(p->adjoint + p->begin, 0, (size_t)(last - p->begin + 1) * sizeof *p->adjoint);
    return good;
}

static bool is_inside(const part *p, ad_real y)
{
    return y.on && ad_real_index(y) >= p->begin;
}

/* Gathers the rows of all results one after another. They end where ends[j] says. */
static bool gather_rows(part *p, size_t m, const ad_real *y)
{
    ad_reals *r = p->r;
    if (!ad_reals_grow(r, &r->row_ends, m, sizeof(size_t), false))
        return false;
    size_t *ends = r->row_ends.at;
    r->rows.count = r->row_partials.count = 0;
    for (size_t j = 0; j < m; j++) {
        if (is_inside(p, y[j]) && !differentiate(p, y[j]))
            return false;
        ends[j] = r->rows.count;
    }
    return true;
}

/* Records the rows as statements. */
static void record_rows(const part *p, size_t m, ad_real *y, const char *line)
{
    ad_reals *r = p->r;
    const size_t *ends = r->row_ends.at;
    for (size_t j = 0, begin = 0; j < m; begin = ends[j++])
        if (is_inside(p, y[j]))
            y[j] = ad_reals_statement("collapse", y[j].value, ends[j] - begin,
                                      (const ad_real *)r->rows.at + begin,
                                      (const double *)r->row_partials.at + begin, NULL, line);
}

static ad_status collapse(ad_reals *r, ad_recorder_mark mark, size_t m, ad_real *y)
{
    const char *line = r->head.source_line;
    part p = {.r = r, .begin = mark.index, .adjoint = zeros(r)};
    bool good = p.adjoint && gather_rows(&p, m, y);
    if (good && ad_reals_rewind(r, mark) == AD_OK)
        record_rows(&p, m, y, line);
    if (!good)
        ad_reals_shrink(r, &r->zeros, sizeof(double)); /* they may be no zeros now */
    r->rows.count = r->row_partials.count = 0;
    return r->error.status;
}

ad_status ad_recorder_collapse(ad_recorder_mark mark, size_t m, ad_real *y)
{
    ad_reals *r = ad_reals_of(mark.on);
    if (!r)
        return AD_MISUSE;
    if (m && !y)
        return ad_reals_fail(r, AD_MISUSE, "collapse", "there are no numbers");
    ad_reals *of_y = ad_reals_of_all("collapse", m, y, NULL);
    if (of_y && of_y != r)
        ad_reals_refuse_two("collapse", r, of_y);
    if (ad_reals_idle(r, "collapse") && !ad_reals_mark_lives(r, mark))
        ad_reals_fail(r, AD_STALE, "collapse", "the mark was forgotten by a reset or a rewind");
    if (r->error.status == AD_OK && !ad_reals_keeps_all(r))
        collapse(r, mark, m, y);
    for (size_t j = 0; r->error.status != AD_OK && j < m; j++)
        y[j] = ad_reals_nan(r);
    r->head.source_line = NULL;
    return r->error.status;
}
