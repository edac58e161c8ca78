/* Recording a statement in any case: what the inline way has no room or no time for. */
#include "numbers/record.h"

#include "numbers/numbers.h"
#include "numbers/operations.h"

#include <math.h>
#include <string.h>

/* ---- whose numbers ------------------------------------------------------------------ */

void ad_reals_refuse_two(const char *name, ad_reals *r, ad_reals *other)
{
    if (!other->head.source_line)
        other->head.source_line = r->head.source_line;
    ad_reals_fail(r, AD_FOREIGN, name, "numbers of two recorders");
    ad_reals_fail(other, AD_FOREIGN, name, "numbers of two recorders");
    other->head.source_line = NULL;
}

bool ad_reals_knows(ad_reals *r, const char *name, ad_real x)
{
    if (x.on != &r->head) {
        ad_reals_refuse_two(name, r, ad_reals_of(x.on));
        return false;
    }
    if (!ad_reals_lives(r, x)) {
        ad_reals_fail(r, AD_STALE, name, "a number outlived a reset or rewind of its recorder");
        return false;
    }
    return true;
}

ad_reals *ad_reals_of_all(const char *name, size_t n, const ad_real *x, const char *source_line)
{
    ad_reals *r = NULL;
    for (size_t i = 0; i < n && !r; i++)
        r = ad_reals_of(x[i].on);
    if (!r)
        return NULL;
    if (source_line)
        r->head.source_line = source_line;
    bool good = r->error.status == AD_OK && ad_reals_idle(r, name);
    if (good && ad_reals_live_alike(&r->head, n, x, NULL))
        return r;
    for (size_t i = 0; i < n && good; i++)
        good = !x[i].on || ad_reals_knows(r, name, x[i]);
    return r;
}

ad_reals *ad_reals_of_lists(const char *name, size_t n, const ad_real *x, size_t m,
                            const ad_real *y)
{
    ad_reals *r = x ? ad_reals_of_all(name, n, x, NULL) : NULL;
    ad_reals *other = y ? ad_reals_of_all(name, m, y, NULL) : NULL;
    if (r && other && r != other)
        ad_reals_refuse_two(name, r, other);
    return r ? r : other;
}

/* ---- statements --------------------------------------------------------------------- */

static void keep_line(ad_reals *r)
{
    ad_statement_chunk *chunk = ad_reals_statements(r);
    if (chunk && chunk->lines)
        chunk->lines[ad_reals_index(r) - chunk->begin] = r->head.source_line;
}

static ad_real end_statement(ad_reals *r, double value, uint8_t count, size_t arguments)
{
    keep_line(r);
    ad_real y = {&r->head, value, r->head.next};
    r->head.counts[ad_real_index(y) - r->head.index_begin] = count;
    r->head.argument += (uint32_t)arguments;
    r->head.next++;
    ad_reals_close(r);
    ad_reals_open(r);
    return y;
}

static void put_argument(ad_reals *r, size_t k, double partial, uint32_t place)
{
    r->head.partials[r->head.argument + k] = partial;
    r->head.places[r->head.argument + k] = place;
}

ad_real ad_reals_begin_call(ad_reals *r, const char *name, double value, size_t n, const ad_real *x)
{
    if (!ad_reals_reserve(r, name, ad_size_add(n, 2)))
        return ad_reals_nan(r);
    put_argument(r, 0, 0, (uint32_t)r->calls.count);
    for (size_t i = 0; i < n; i++)
        put_argument(r, i + 1, x[i].value, x[i].on ? ad_real_index(x[i]) : UINT32_MAX);
    put_argument(r, n + 1, 0, (uint32_t)r->calls.count);
    return end_statement(r, value, AD_CALLED, n + 2);
}

ad_real ad_reals_leaf(ad_reals *r, const char *name, double value)
{
    if (ad_reals_keeps_operations(r))
        return ad_reals_operation_input(r, value);
    return ad_reals_reserve(r, name, 0) ? end_statement(r, value, 0, 0) : ad_reals_nan(r);
}

/* The second derivatives by those of n numbers that are no constants. */
static void put_bends(ad_reals *r, size_t n, const ad_real *x, const double *bends)
{
    double *to = ad_reals_chunk(r)->bends + r->bend;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            if (x[i].on && x[j].on) {
                *to++ = bends[i * (i + 1) / 2 + j];
                r->bend++;
            }
}

static bool all_finite(double value, size_t n, const ad_real *x, const double *partials)
{
    bool good = isfinite(value);
    for (size_t i = 0; i < n; i++)
        good = good && (!x[i].on || isfinite(partials[i]));
    return good;
}

static ad_status refuse_infinity(ad_reals *r, const char *name, double value, size_t n,
                                 const ad_real *x, const double *partials)
{
    size_t i = 0;
    if (!isfinite(value))
        return ad_reals_fail(r, AD_NOT_FINITE, name, "the value is %g", value);
    while (!x[i].on || isfinite(partials[i]))
        i++;
    return ad_reals_fail(r, AD_NOT_FINITE, name,
                         "the derivative by argument %zu of %zu, at %.9g, is %g", i + 1, n,
                         x[i].value, partials[i]);
}

static ad_real refuse_statement(ad_reals *r, const char *name)
{
    ad_reals_fail(r, AD_NO_DERIVATIVE, name,
                  "a program cannot repeat it, since only its value and its derivatives are known");
    return ad_reals_nan(r);
}

/* Of n numbers that r knows. */
static ad_real put_statement(ad_reals *r, const char *name, double value, size_t n,
                             const ad_real *x, const double *partials, const double *bends)
{
    size_t count = 0;
    if (ad_reals_keeps_operations(r))
        return refuse_statement(r, name);
    for (size_t i = 0; i < n; i++)
        count += x[i].on != NULL;
    bool opaque = ad_reals_second(r) && !bends, marked = opaque || count >= AD_LONG;
    if (r->keep & AD_KEEP_FINITE && !all_finite(value, n, x, partials)) {
        refuse_infinity(r, name, value, n, x, partials);
        return ad_reals_nan(r);
    }
    if (!ad_reals_reserve(r, name, ad_size_add(count, marked ? 2 : 0)))
        return ad_reals_nan(r);
    size_t k = 0;
    if (marked)
        put_argument(r, k++, 0, (uint32_t)count);
    for (size_t i = 0; i < n; i++)
        if (x[i].on)
            put_argument(r, k++, partials[i], ad_real_index(x[i]));
    if (marked)
        put_argument(r, k++, 0, (uint32_t)count);
    if (ad_reals_second(r) && bends)
        put_bends(r, n, x, bends);
    return end_statement(r, value, opaque ? AD_OPAQUE : marked ? AD_LONG : (uint8_t)count, k);
}

/* A line belongs to one call. */
static ad_real with_line_used(ad_reals *r, ad_real y)
{
    r->head.source_line = NULL;
    return y;
}

ad_real ad_reals_statement(const char *name, double value, size_t n, const ad_real *x,
                           const double *partials, const double *bends, const char *source_line)
{
    ad_reals *r = ad_reals_of_all(name, n, x, source_line);
    if (!r)
        return ad_real_constant(value);
    return with_line_used(r, r->error.status == AD_OK
                                 ? put_statement(r, name, value, n, x, partials, bends)
                                 : ad_reals_nan(r));
}

/* The recorder of numbers, where it keeps operations, and it is plain that all is well; else NULL: look closer. */
static ad_reals *keeper_of(size_t n, const ad_real *x)
{
    const ad_recorder *on = x[0].on ? x[0].on : x[n - 1].on;
    bool well = on && on->keep & AD_KEEP_OPERATIONS && ad_reals_of(on)->error.status == AD_OK &&
                !ad_reals_of(on)->busy;
    for (size_t i = 0; i < n && well; i++)
        well = !x[i].on || (x[i].on == on && ad_surely_lives(on, x[i]));
    return well ? ad_reals_of(on) : NULL;
}

ad_real ad_reals_by(const char *name, ad_number_rule *rule, size_t n, const ad_real *x,
                    const char *source_line)
{
    double in[AD_SHORT_MOST], y, slope[AD_SHORT_MOST],
        bend[AD_SHORT_MOST * (AD_SHORT_MOST + 1) / 2];
    ad_reals *r = keeper_of(n, x);
    if (r)
        r->head.source_line = source_line ? source_line : r->head.source_line;
    else
        r = ad_reals_of_all(name, n, x, source_line);
    for (size_t i = 0; i < n; i++)
        in[i] = x[i].value;
    if (!r || r->error.status != AD_OK) {
        rule(in, &y, NULL, NULL);
        return r ? with_line_used(r, ad_reals_nan(r)) : ad_real_constant(y);
    }
    if (ad_reals_keeps_operations(r)) {
        rule(in, &y, NULL, NULL);
        return with_line_used(r, ad_reals_operation(r, name, y, n, x));
    }
    bool second = ad_reals_second(r);
    rule(in, &y, slope, second ? bend : NULL);
    return with_line_used(r, put_statement(r, name, y, n, x, slope, second ? bend : NULL));
}

/* ---- what users call ---------------------------------------------------------------- */

ad_real ad_real_statement(double value, size_t n, const ad_real *x, const double *partials)
{
    if (n && !x)
        return ad_reals_lost();
    if (n && !partials) {
        ad_reals *r = ad_reals_of_all("statement", n, x, NULL);
        if (!r)
            return ad_reals_lost();
        ad_reals_fail(r, AD_MISUSE, "statement", "there are no partials");
        return with_line_used(r, ad_reals_nan(r));
    }
    return ad_reals_statement("statement", value, n, x, partials, NULL, NULL);
}

/* Whether r can record an input now. */
static bool takes_inputs(ad_reals *r)
{
    return r->error.status == AD_OK && ad_reals_idle(r, "input");
}

ad_real ad_real_input(ad_recorder *recorder, double value)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r)
        return ad_reals_lost();
    return with_line_used(r, takes_inputs(r) ? ad_reals_leaf(r, "input", value) : ad_reals_nan(r));
}

ad_status ad_real_inputs(ad_recorder *recorder, size_t n, const double *values, ad_real *x)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r) {
        ad_reals_set(ad_reals_lost(), n, x);
        return AD_MISUSE;
    }
    bool complete = !n || (values && x);
    if (!complete)
        ad_reals_fail(r, AD_MISUSE, "input", "values or x is NULL");
    bool good = takes_inputs(r) && complete && n;
    bool at_once = good && !ad_reals_keeps_operations(r) && ad_reals_reserve(r, "input", 0);
    if (at_once && r->head.index_end - ad_reals_index(r) >= n) { /* all at once */
        for (size_t i = 0; i < n; i++)
            x[i] = ad_recorder_count(&r->head, values[i], 0);
        n = 0;
    }
    for (size_t i = 0; i < n && x; i++)
        x[i] = good && r->error.status == AD_OK ? ad_reals_leaf(r, "input", values[i])
                                                : ad_reals_nan(r);
    r->head.source_line = NULL;
    return r->error.status;
}
