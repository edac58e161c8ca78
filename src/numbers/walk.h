/* Walks over a record, in stretches: statements whose counts lie in one chunk, and their arguments in one. */
#ifndef ADZE_NUMBERS_WALK_H
#define ADZE_NUMBERS_WALK_H

#include "numbers/record.h"

typedef struct ad_stretch {
    uint32_t begin, end;   /* statements */
    const uint8_t *counts; /* of begin, ... */
    /* At the end for a walk back, at the beginning for a walk on. Whoever walks moves them. */
    const double *partials;
    const uint32_t *places;
    const double *bends;
} ad_stretch;

/* The chunk that a walk is in. */
typedef struct ad_statement_walk {
    const ad_reals *r;
    size_t argument_chunk, statement_chunk;
    uint32_t at; /* back: the end of the statements to come; on: their beginning */
    bool begun;
    ad_stretch stretch;
} ad_statement_walk;

/* To the next stretch on. There must be statements to come. */
void ad_statements_on(ad_statement_walk *w);

/* To the next stretch back that has statements up to `last`, without those after it. */
void ad_statements_back_from(ad_statement_walk *w, uint32_t last);

static inline ad_statement_walk ad_statement_walk_at(const ad_reals *r, uint32_t at)
{
    return (ad_statement_walk){.r = r, .at = at};
}

/* The arguments of a statement with this count, without those that say what it is, one of which is `mark`. */
static inline uint32_t ad_marked_arguments(const ad_reals *r, uint8_t count, uint32_t mark)
{
    return count == AD_CALLED ? ((const ad_number_call *)r->calls.at)[mark].n : mark;
}

/* Passes over the statements from `end` on, of a stretch of a walk back. */
void ad_statements_skip(const ad_reals *r, ad_stretch *s, uint32_t end);

/* Whether statement i was computed from nothing. `near` is where to look first, or NULL: the chunk of the
 * statement before. */
bool ad_reals_find_input(const ad_reals *r, uint32_t i, const ad_statement_chunk **near);

static inline bool ad_reals_is_input(const ad_reals *r, uint32_t i, const ad_statement_chunk **near)
{
    const ad_statement_chunk *c = *near;
    if (c && i - c->begin < c->capacity && !r->calls.count)
        return c->counts[i - c->begin] == 0;
    return ad_reals_find_input(r, i, near);
}

/* The last of the results of the call that statement i belongs to, or i itself. */
uint32_t ad_reals_end_of_call(const ad_reals *r, uint32_t i);

/* The line of statement i, or NULL. */
const char *ad_reals_line(const ad_reals *r, uint32_t i);

#endif
