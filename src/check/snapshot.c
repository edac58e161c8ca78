/* Copies of the memory that a rule reads, to see afterwards that it is unchanged. */
#include "check/snapshot.h"

#include <stdio.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------------- */

double *ad_check_numbers_of(ad_workspace *work, const ad_view *v)
{
    size_t n = ad_view_count(v);
    double *numbers = ad_scratch(work, (n + 1) * sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++)
        numbers[i] = ad_view_get(v, i);
    return numbers;
}

bool ad_check_same_bits(const double *a, const double *b, size_t n)
{
    return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

/* ---- snapshots ----------------------------------------------------------------------- */

static int count(const ad_snapshot *s)
{
    return s->arity + s->results + (s->dys ? s->results : 0);
}

static const ad_view *watched(const ad_snapshot *s, int i)
{
    int k = i - s->arity;
    return k < 0 ? &s->x[i] : k < s->results ? &s->ys[k] : &s->dys[k - s->results];
}

void ad_snapshot_take(ad_snapshot *s)
{
    s->numbers = ad_scratch(s->work, (size_t)count(s) * sizeof *s->numbers);
    for (int i = 0; s->numbers && i < count(s); i++)
        s->numbers[i] = watched(s, i)->data ? ad_check_numbers_of(s->work, watched(s, i)) : NULL;
    s->saved_copy = s->saved_bytes ? ad_scratch(s->work, s->saved_bytes) : NULL;
    if (s->saved_copy)
        memcpy(s->saved_copy, s->saved, s->saved_bytes);
}

/* The name of what is watched: "result 2" where there are several. */
static const char *name_of(const ad_snapshot *s, int i, char *text, size_t size)
{
    int k = (i - s->arity) % (s->results ? s->results : 1);
    if (i < s->arity)
        snprintf(text, size, "its operand x[%d]", i);
    else if (i < s->arity + s->results)
        snprintf(text, size, s->results > 1 ? "result %d" : "the result", k);
    else
        snprintf(text, size, s->results > 1 ? "dys[%d]" : "dy, which is not spare", k);
    return text;
}

void ad_snapshot_expect(const ad_snapshot *s)
{
    char name[40];
    for (int i = 0; s->numbers && i < count(s); i++) {
        const ad_view *v = watched(s, i);
        double *now = s->numbers[i] ? ad_check_numbers_of(s->work, v) : NULL;
        if (!now || ad_check_same_bits(now, s->numbers[i], ad_view_count(v)))
            continue;
        ad_reject(s->work, AD_DIFFERENT, "%s writes to %s", s->rule,
                  name_of(s, i, name, sizeof name));
    }
    if (s->saved_copy && memcmp(s->saved_copy, s->saved, s->saved_bytes) != 0)
        ad_reject(s->work, AD_DIFFERENT, "%s writes to the bytes that forward saved", s->rule);
}
