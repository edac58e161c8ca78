/* Walks over a record. */
#include "numbers/walk.h"

static const ad_argument_chunk *arguments_at(const ad_statement_walk *w)
{
    return (const ad_argument_chunk *)w->r->arguments.list.at + w->argument_chunk;
}

static const ad_statement_chunk *statements_at(const ad_statement_walk *w)
{
    return (const ad_statement_chunk *)w->r->statements.list.at + w->statement_chunk;
}

/* Sets the places of arguments at the end, or at the beginning, of the current chunk. */
static void enter(ad_statement_walk *w, bool at_end)
{
    const ad_reals *r = w->r;
    const ad_argument_chunk *c = arguments_at(w);
    bool last = w->argument_chunk + 1 == r->arguments.begun;
    size_t used = !at_end ? 0 : last ? r->head.argument : c->used;
    size_t bends = !at_end ? 0 : last ? r->bend : c->bends_used;
    w->stretch.partials = c->partials + used;
    w->stretch.places = c->places + used;
    w->stretch.bends = c->bends ? c->bends + bends : NULL;
}

static void set_counts(ad_statement_walk *w, uint32_t begin, uint32_t end)
{
    const ad_statement_chunk *s = statements_at(w);
    w->stretch.begin = begin;
    w->stretch.end = end;
    w->stretch.counts = s->counts + (begin - s->begin);
}

/* To the stretch before the one it is in. */
static void back(ad_statement_walk *w)
{
    if (!w->begun) {
        w->begun = true;
        w->argument_chunk = w->r->arguments.begun - 1;
        w->statement_chunk = w->r->statements.begun - 1;
        enter(w, true);
    }
    while (arguments_at(w)->begin >= w->at) {
        w->argument_chunk--;
        enter(w, true);
    }
    while (statements_at(w)->begin >= w->at)
        w->statement_chunk--;
    uint32_t a = arguments_at(w)->begin, s = statements_at(w)->begin;
    set_counts(w, a > s ? a : s, w->at);
    w->at = w->stretch.begin;
}

void ad_statements_on(ad_statement_walk *w)
{
    const ad_reals *r = w->r;
    if (!w->begun) {
        w->begun = true;
        enter(w, false);
    }
    while (w->argument_chunk + 1 < r->arguments.begun && arguments_at(w)[1].begin <= w->at) {
        w->argument_chunk++;
        enter(w, false);
    }
    while (w->statement_chunk + 1 < r->statements.begun && statements_at(w)[1].begin <= w->at)
        w->statement_chunk++;
    uint32_t end = ad_reals_index(r);
    if (w->argument_chunk + 1 < r->arguments.begun)
        end = arguments_at(w)[1].begin;
    if (w->statement_chunk + 1 < r->statements.begun && statements_at(w)[1].begin < end)
        end = statements_at(w)[1].begin;
    set_counts(w, w->at, end);
    w->at = end;
}

void ad_statements_skip(const ad_reals *r, ad_stretch *s, uint32_t end)
{
    for (uint32_t i = s->end; i-- > end;) {
        uint8_t count = s->counts[i - s->begin];
        uint32_t n = count < AD_LONG ? count : ad_marked_arguments(r, count, s->places[-1]) + 2;
        s->partials -= n;
        s->places -= n;
        if (s->bends && count <= AD_SHORT_MOST)
            s->bends -= ad_bends_of(count);
    }
    s->end = end;
}

void ad_statements_back_from(ad_statement_walk *w, uint32_t last)
{
    ad_stretch *s = &w->stretch;
    do {
        back(w);
        if (s->end > last + 1)
            ad_statements_skip(w->r, s, s->begin > last + 1 ? s->begin : last + 1);
    } while (s->begin > last);
}

/* ---- single statements -------------------------------------------------------------- */

/* The chunk of statement i. */
static const ad_statement_chunk *chunk_of(const ad_reals *r, uint32_t i)
{
    const ad_statement_chunk *chunks = r->statements.list.at;
    size_t low = 0, high = r->statements.begun;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (chunks[middle].begin <= i)
            low = middle;
        else
            high = middle;
    }
    return &chunks[low];
}

const char *ad_reals_line(const ad_reals *r, uint32_t i)
{
    const ad_statement_chunk *chunk = chunk_of(r, i);
    return chunk->lines ? chunk->lines[i - chunk->begin] : NULL;
}

/* The call that has statement i as a result, or NULL. */
static const ad_number_call *call_of(const ad_reals *r, uint32_t i)
{
    const ad_number_call *calls = r->calls.at;
    size_t low = 0, high = r->calls.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (calls[middle].first <= i)
            low = middle + 1;
        else
            high = middle;
    }
    const ad_number_call *call = low ? &calls[low - 1] : NULL;
    return call && i < call->first + call->m ? call : NULL;
}

uint32_t ad_reals_end_of_call(const ad_reals *r, uint32_t i)
{
    const ad_number_call *call = call_of(r, i);
    return call ? call->first + call->m - 1 : i;
}

bool ad_reals_find_input(const ad_reals *r, uint32_t i, const ad_statement_chunk **near)
{
    if (!*near || i - (*near)->begin >= (*near)->capacity)
        *near = chunk_of(r, i);
    return (*near)->counts[i - (*near)->begin] == 0 && !call_of(r, i);
}
