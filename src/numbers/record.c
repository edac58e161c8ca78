/* Where statements are kept: chunks that grow at the end, and go back. */
#include "numbers/operations.h"

#include <string.h>

enum {
    LEAST = 1 << 8, /* arguments or statements of a chunk */
    MOST = 1 << 16
};

/* ---- memory ------------------------------------------------------------------------- */

size_t ad_reals_reserved(const ad_reals *r)
{
    return r->reserved + (r->inner ? ad_reals_reserved(ad_reals_of(r->inner)) : 0);
}

bool ad_reals_may_take(ad_reals *r, size_t bytes)
{
    size_t reserved = ad_reals_reserved(r);
    if (!r->limit || (bytes <= r->limit && reserved <= r->limit - bytes))
        return true;
    ad_reals_fail(r, AD_MEMORY, "recorder",
                  "%zu bytes more than %zu, with its own %zu, are beyond the limit of %zu", bytes,
                  reserved, sizeof *r, r->limit);
    return false;
}

/* Memory within the limit, or NULL with an error. */
static void *take(ad_reals *r, size_t bytes)
{
    if (!ad_reals_may_take(r, bytes))
        return NULL;
    void *memory = ad_memory_take(r->allocator, bytes);
    if (memory)
        r->reserved += bytes;
    else
        ad_reals_fail(r, AD_MEMORY, "recorder", "memory ran out: %zu bytes more than %zu", bytes,
                      r->reserved);
    return memory;
}

static void give(ad_reals *r, void *memory, size_t bytes)
{
    ad_memory_give(r->allocator, memory, bytes);
    r->reserved -= memory ? bytes : 0;
}

bool ad_reals_grow(ad_reals *r, ad_growing *list, size_t count, size_t size, bool keeps)
{
    if (count <= list->room)
        return true;
    size_t room = count > 2 * list->room ? count : 2 * list->room;
    if (!keeps)
        ad_reals_shrink(r, list, size);
    void *more = take(r, ad_size_mul(room, size));
    if (!more)
        return false;
    if (list->count)
        memcpy(more, list->at, list->count * size);
    give(r, list->at, list->room * size);
    list->at = more;
    list->room = room;
    return true;
}

void ad_reals_shrink(ad_reals *r, ad_growing *list, size_t size)
{
    give(r, list->at, list->room * size);
    *list = (ad_growing){.at = NULL};
}

/* ---- chunks ------------------------------------------------------------------------- */

static size_t argument_bytes(const ad_reals *r)
{
    return sizeof(double) * (ad_reals_second(r) ? 3 : 1) + sizeof(uint32_t);
}

static size_t statement_bytes(const ad_reals *r)
{
    return 1 + (r->keep & AD_KEEP_LINES ? sizeof(char *) : 0);
}

/* As much again as there is, within bounds. */
static size_t next_capacity(size_t there, size_t least)
{
    size_t capacity = there < LEAST ? LEAST : there > MOST ? MOST : there;
    return capacity < least ? least : capacity;
}

/* The chunk after those that are begun, if there is one. */
static void *chunk_there(const ad_chunks *chunks, size_t size)
{
    const ad_growing *list = &chunks->list;
    return chunks->begun < list->count ? (char *)list->at + chunks->begun * size : NULL;
}

/* A place for one more chunk after those that are begun. */
static void *insert_chunk(ad_reals *r, ad_chunks *chunks, size_t size)
{
    ad_growing *list = &chunks->list;
    char *at = ad_reals_grow(r, list, list->count + 1, size, true) ? list->at : NULL;
    if (!at)
        return NULL;
    at += chunks->begun * size;
    memmove(at + size, at, (list->count - chunks->begun) * size);
    list->count++;
    return at;
}

static void remove_chunk(ad_chunks *chunks, size_t size)
{
    ad_growing *list = &chunks->list;
    char *at = (char *)list->at + chunks->begun * size;
    list->count--;
    memmove(at, at + size, (list->count - chunks->begun) * size);
}

/* The chunk after the last one begun: one that is there, if it is large enough, or a new one. */
static ad_argument_chunk *next_arguments(ad_reals *r, size_t arguments)
{
    ad_chunks *chunks = &r->arguments;
    ad_argument_chunk *next = chunk_there(chunks, sizeof *next);
    if (next && next->capacity >= arguments)
        return next;
    size_t capacity = next_capacity(ad_reals_arguments(r), arguments);
    next = insert_chunk(r, chunks, sizeof *next);
    double *partials = next ? take(r, ad_size_mul(capacity, argument_bytes(r))) : NULL;
    if (next && !partials)
        remove_chunk(chunks, sizeof *next);
    if (!partials)
        return NULL;
    double *bends = ad_reals_second(r) ? partials + capacity : NULL;
    *next = (ad_argument_chunk){.partials = partials,
                                .bends = bends,
                                .places = (void *)(partials + (bends ? 3 : 1) * capacity),
                                .capacity = (uint32_t)capacity};
    return next;
}

static ad_statement_chunk *next_statements(ad_reals *r)
{
    ad_chunks *chunks = &r->statements;
    ad_statement_chunk *next = chunk_there(chunks, sizeof *next);
    if (next)
        return next;
    size_t capacity = next_capacity(ad_reals_index(r), 1);
    next = insert_chunk(r, chunks, sizeof *next);
    void *memory = next ? take(r, ad_size_mul(capacity, statement_bytes(r))) : NULL;
    if (next && !memory)
        remove_chunk(chunks, sizeof *next);
    if (!memory)
        return NULL;
    const char **lines = r->keep & AD_KEEP_LINES ? memory : NULL;
    *next = (ad_statement_chunk){.counts = lines ? (uint8_t *)(lines + capacity) : memory,
                                 .lines = lines,
                                 .capacity = (uint32_t)capacity};
    return next;
}

void ad_reals_trim_chunks(ad_reals *r)
{
    size_t size = sizeof(ad_argument_chunk);
    for (ad_chunks *chunks = &r->arguments; chunks->begun < chunks->list.count;) {
        const ad_argument_chunk *c = (ad_argument_chunk *)chunks->list.at + chunks->begun;
        give(r, c->partials, c->capacity * argument_bytes(r));
        remove_chunk(chunks, size);
    }
    if (r->arguments.list.count == 0)
        ad_reals_shrink(r, &r->arguments.list, size);
    size = sizeof(ad_statement_chunk);
    for (ad_chunks *chunks = &r->statements; chunks->begun < chunks->list.count;) {
        const ad_statement_chunk *c = (ad_statement_chunk *)chunks->list.at + chunks->begun;
        give(r, c->lines ? (void *)c->lines : c->counts, c->capacity * statement_bytes(r));
        remove_chunk(chunks, size);
    }
    if (r->statements.list.count == 0)
        ad_reals_shrink(r, &r->statements.list, size);
}

/* ---- where the record ends ---------------------------------------------------------- */

void ad_reals_open(ad_reals *r)
{
    const ad_argument_chunk *chunk = ad_reals_chunk(r);
    const ad_statement_chunk *last = ad_reals_statements(r);
    if (r->error.status != AD_OK || r->busy || r->keep || !chunk || !last)
        return;
    r->head.argument_end = chunk->capacity;
    r->head.index_end = last->begin + last->capacity;
}

/* The last chunk begun becomes the current one. */
static void enter_arguments(ad_reals *r, const ad_argument_chunk *chunk, uint32_t argument,
                            uint32_t bend)
{
    r->head.partials = chunk->partials;
    r->head.places = chunk->places;
    r->head.argument = argument;
    r->bend = bend;
}

static void enter_statements(ad_reals *r, const ad_statement_chunk *chunk)
{
    r->head.counts = chunk->counts;
    r->head.index_begin = chunk->begin;
}

static bool begin_arguments(ad_reals *r, size_t arguments)
{
    size_t before = ad_reals_arguments(r), bends = ad_reals_bends(r);
    ad_argument_chunk *next = next_arguments(r, arguments), *last = ad_reals_chunk(r);
    if (!next)
        return false;
    if (last) {
        last->used = r->head.argument;
        last->bends_used = r->bend;
    }
    next->begin = ad_reals_index(r);
    next->before = before;
    next->bends_before = bends;
    r->arguments.begun++;
    enter_arguments(r, next, 0, 0);
    return true;
}

static bool begin_statements(ad_reals *r)
{
    ad_statement_chunk *next = next_statements(r);
    if (!next)
        return false;
    next->begin = ad_reals_index(r);
    r->statements.begun++;
    enter_statements(r, next);
    return true;
}

bool ad_reals_reserve(ad_reals *r, const char *name, size_t arguments)
{
    const ad_argument_chunk *chunk = ad_reals_chunk(r);
    const ad_statement_chunk *last = ad_reals_statements(r);
    if (arguments > UINT32_MAX - MOST || ad_reals_index(r) >= UINT32_MAX - MOST) {
        ad_reals_fail(r, AD_TOO_LARGE, name,
                      "a recorder has room for 2^32 - 2^16 statements, and a "
                      "statement for as many arguments");
        return false;
    }
    bool full = !chunk || chunk->capacity - r->head.argument < arguments;
    bool last_full = !last || ad_reals_index(r) - last->begin == last->capacity;
    bool good = (!full || begin_arguments(r, arguments)) && (!last_full || begin_statements(r));
    ad_reals_close(r);
    ad_reals_open(r);
    return good;
}

/* ---- going back --------------------------------------------------------------------- */

/* Epochs since the reset: the epochs themselves may wrap around. */
static uint32_t age(const ad_reals *r, uint32_t epoch)
{
    return epoch - r->head.first_epoch;
}

/* Statements from here on were forgotten since an epoch. Epochs and floors increase, so the first rewind after
 * it went furthest back. */
static uint32_t forgotten_since(const ad_reals *r, uint32_t epoch)
{
    const ad_rewound *rewound = r->rewound.at;
    size_t low = 0, high = r->rewound.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (age(r, rewound[middle].epoch) > age(r, epoch))
            high = middle;
        else
            low = middle + 1;
    }
    return low < r->rewound.count && rewound[low].floor < ad_reals_index(r) ? rewound[low].floor
                                                                            : ad_reals_index(r);
}

static bool in_epochs(const ad_reals *r, uint32_t epoch)
{
    return age(r, epoch) <= age(r, ad_reals_epoch(r));
}

bool ad_reals_lives(const ad_reals *r, ad_real x)
{
    return in_epochs(r, ad_real_epoch(x)) &&
           ad_real_index(x) < forgotten_since(r, ad_real_epoch(x));
}

bool ad_reals_mark_lives(const ad_reals *r, ad_recorder_mark mark)
{
    return in_epochs(r, mark.epoch) && mark.index <= forgotten_since(r, mark.epoch);
}

/* Each operand that is a constant has one of its own in the list. */
static size_t constants_of(const ad_operation *o)
{
    const bool named = o->kind >= AD_OPERATION_NAMED;
    const bool first = (named || o->kind == AD_OPERATION_THIRD) && o->a & AD_OPERATION_CONSTANT;
    const bool second = named && o->b & AD_OPERATION_CONSTANT;
    return (size_t)first + second;
}

/* The operations from a place on are forgotten. */
static void leave_operations(ad_reals *r, uint32_t from)
{
    const ad_operation *operation = r->operations.at;
    for (size_t i = from; i < r->operations.count; i++) {
        r->operation_lines.count -= operation[i].kind == AD_OPERATION_GUARD;
        r->operation_inputs -= operation[i].kind == AD_OPERATION_INPUT;
        r->operation_constants.count -= constants_of(&operation[i]);
    }
    if (from < r->operations.count)
        r->operations.count = from;
    if (from == 0)
        r->operation_constants.count = r->operation_names.count = 0;
}

void ad_reals_forget(ad_reals *r)
{
    r->arguments.begun = r->statements.begun = 0;
    leave_operations(r, 0);
    r->head.next = ad_place(0, ad_reals_epoch(r));
    r->head.argument = r->bend = 0;
    ad_reals_close(r);
}

/* The chunk in which the mark's arguments end. */
static void leave_arguments(ad_reals *r, ad_recorder_mark mark)
{
    const ad_argument_chunk *chunks = r->arguments.list.at;
    while (r->arguments.begun > 1) {
        const ad_argument_chunk *before = &chunks[r->arguments.begun - 2];
        if (before->before + before->used < mark.argument)
            break;
        r->arguments.begun--;
    }
    const ad_argument_chunk *chunk = ad_reals_chunk(r);
    if (chunk)
        enter_arguments(r, chunk, (uint32_t)(mark.argument - chunk->before),
                        (uint32_t)(mark.bend - chunk->bends_before));
}

static void leave_statements(ad_reals *r, ad_recorder_mark mark)
{
    const ad_statement_chunk *chunks = r->statements.list.at;
    while (r->statements.begun > 1 && chunks[r->statements.begun - 1].begin >= mark.index)
        r->statements.begun--;
    r->head.next = ad_place(mark.index, ad_reals_epoch(r));
    const ad_statement_chunk *chunk = ad_reals_statements(r);
    if (chunk)
        enter_statements(r, chunk);
}

/* The results of calls that are forgotten. */
static void leave_calls(ad_reals *r, ad_recorder_mark mark)
{
    const ad_number_call *calls = r->calls.at;
    while (r->calls.count && calls[r->calls.count - 1].first >= mark.index)
        r->call_values.count = calls[--r->calls.count].values;
}

ad_status ad_reals_rewind(ad_reals *r, ad_recorder_mark mark)
{
    ad_rewound *rewound = r->rewound.at;
    size_t n = r->rewound.count;
    if (age(r, ad_reals_epoch(r)) == UINT32_MAX)
        return ad_reals_fail(r, AD_TOO_LARGE, "rewind", "2^32 - 1 rewinds without a reset");
    while (n && rewound[n - 1].floor >= mark.index)
        n--;
    r->rewound.count = n;
    if (!ad_reals_grow(r, &r->rewound, n + 1, sizeof *rewound, true))
        return AD_MEMORY;
    leave_calls(r, mark);
    leave_operations(r, mark.index);
    leave_arguments(r, mark);
    leave_statements(r, mark);
    rewound = r->rewound.at;
    r->head.next += AD_NEXT_EPOCH;
    rewound[r->rewound.count++] = (ad_rewound){ad_reals_epoch(r), mark.index};
    if (mark.index < r->head.floor)
        r->head.floor = mark.index;
    ad_reals_close(r);
    ad_reals_open(r);
    return r->error.status;
}
