/* The record behind a recorder: statements and their arguments, in chunks.
 *
 * A statement is a byte: the number of its arguments. An argument is a partial derivative and the place
 * of the statement that it belongs to. Both lie in chunks of their own, in the order of recording; the
 * arguments of one statement lie together in one chunk. Chunks are never moved. An input is a statement
 * without arguments. A sweep reads all of it from the end.
 *
 * Some statements have one argument more at their beginning and at their end, whose place says what they
 * are to walks in both directions. */
#ifndef ADZE_NUMBERS_RECORD_H
#define ADZE_NUMBERS_RECORD_H

#include "adze/number.h"
#include "base/memory.h"

#include <math.h>

enum {                   /* counts that mean something else */
       AD_LONG = 253,    /* place: how many arguments */
       AD_OPAQUE = 254,  /* the same; there is no second derivative */
       AD_CALLED = 255,  /* place: which of the calls; partials: the values of its arguments */
       AD_SHORT_MOST = 3 /* arguments of a statement that has second derivatives */
};

/* Each is one piece of memory. */
typedef struct ad_argument_chunk {
    double *partials;
    double *bends; /* second derivatives, two for an argument, or NULL */
    uint32_t *places;
    uint32_t capacity;
    uint32_t begin;              /* the first statement whose arguments lie here */
    uint32_t used, bends_used;   /* once the next chunk is begun */
    size_t before, bends_before; /* in chunks before it */
} ad_argument_chunk;

typedef struct ad_statement_chunk {
    uint8_t *counts;
    const char **lines; /* or NULL */
    uint32_t begin, capacity;
} ad_statement_chunk;

/* An operation with a derivative that is computed late. Its results are statements in a row, of which the
 * first has the arguments. */
typedef struct ad_number_call ad_number_call;
typedef struct ad_reals ad_reals;

struct ad_number_call {
    const char *name;
    const ad_real_op *op; /* or NULL, and */
    ad_real_function *f;  /* a function that is evaluated again */
    const void *env;
    /* Computes the results; sets dx from dy. Both run while the recorder is busy, and fail on it. */
    void (*run)(ad_reals *r, const ad_number_call *call, const ad_real *x, double *y);
    void (*pull)(ad_reals *r, const ad_number_call *call, const double *x, const double *y,
                 const double *dy, double *dx);
    uint32_t n, m;
    uint32_t first; /* statement */
    size_t values;  /* in ad_reals.call_values: those of its results */
};

/* Statements from `floor` on were forgotten when the epoch became this. */
typedef struct ad_rewound {
    uint32_t epoch, floor;
} ad_rewound;

/* A list in memory that grows. */
typedef struct ad_growing {
    void *at;
    size_t count, room; /* elements */
} ad_growing;

/* Chunks, of which the first `begun` hold something. */
typedef struct ad_chunks {
    ad_growing list;
    size_t begun;
} ad_chunks;

struct ad_reals {
    ad_recorder head;
    const ad_allocator *allocator;
    unsigned keep;
    size_t limit, reserved;
    ad_status born; /* the status after a reset */
    ad_error error;
    ad_chunks arguments, statements;
    uint32_t bend;      /* in the current chunk: the next second derivative */
    ad_growing rewound; /* ad_rewound, with epochs and floors that increase */
    ad_growing calls, call_values;
    ad_growing operations, operation_constants; /* ad_operation, doubles: with AD_KEEP_OPERATIONS */
    ad_growing operation_names, operation_lines; /* char *: lines are those of guards */
    uint32_t operation_inputs;
    ad_growing adjoints, tangents; /* doubles: of the sweep at work */
    ad_growing results;            /* doubles, before they are written */
    ad_growing seeds; /* ad_seed: which columns of directions belong to which statements */
    ad_growing held;  /* uint32_t: statements at which sweeps stop */
    ad_growing aside; /* doubles: their adjoints */
    ad_growing zeros; /* doubles: all 0 between calls */
    ad_growing rows, row_partials; /* ad_real and doubles: a Jacobian's, row by row */
    ad_growing row_ends;           /* size_t */
    ad_growing scratch;            /* bytes: of one operation or call */
    ad_growing handles; /* ad_real: arguments and results of a function that is evaluated */
    ad_recorder *inner; /* for functions that are evaluated again */
    bool owned;         /* by a tape or a recorder, which frees it */
    bool busy;          /* a function of the caller's is running */
};

static inline ad_reals *ad_reals_of(const ad_recorder *r)
{
    return (ad_reals *)(uintptr_t)r;
}

static inline uint32_t ad_reals_index(const ad_reals *r)
{
    return (uint32_t)r->head.next;
}

static inline uint32_t ad_reals_epoch(const ad_reals *r)
{
    return (uint32_t)(r->head.next >> 32);
}

/* Where it says no, ad_reals_lives looks closer. Epochs may wrap. */
static inline bool ad_surely_lives(const ad_recorder *r, ad_real x)
{
    uint32_t epoch = (uint32_t)(r->next >> 32);
    return ad_real_epoch(x) == epoch ||
           (ad_real_index(x) < r->floor &&
            ad_real_epoch(x) - r->first_epoch <= epoch - r->first_epoch);
}

static inline bool ad_reals_second(const ad_reals *r)
{
    return r->keep & AD_KEEP_SECOND;
}

/* Whether every statement is needed, so that none may be put off or replaced. */
static inline bool ad_reals_keeps_all(const ad_reals *r)
{
    return r->keep & (AD_KEEP_SECOND | AD_KEEP_OPERATIONS);
}

/* Second derivatives of a statement of n arguments, by pairs (i, j <= i) at i (i + 1) / 2 + j. */
static inline uint32_t ad_bends_of(uint32_t n)
{
    return n <= AD_SHORT_MOST ? n * (n + 1) / 2 : 0;
}

/* The chunks at work, or NULL. */
static inline ad_argument_chunk *ad_reals_chunk(const ad_reals *r)
{
    return r->arguments.begun ? (ad_argument_chunk *)r->arguments.list.at + (r->arguments.begun - 1)
                              : NULL;
}

static inline ad_statement_chunk *ad_reals_statements(const ad_reals *r)
{
    return r->statements.begun
               ? (ad_statement_chunk *)r->statements.list.at + (r->statements.begun - 1)
               : NULL;
}

/* Arguments, and second derivatives, so far. */
static inline size_t ad_reals_arguments(const ad_reals *r)
{
    const ad_argument_chunk *chunk = ad_reals_chunk(r);
    return chunk ? chunk->before + r->head.argument : 0;
}

static inline size_t ad_reals_bends(const ad_reals *r)
{
    const ad_argument_chunk *chunk = ad_reals_chunk(r);
    return chunk ? chunk->bends_before + r->bend : 0;
}

/* A recorder that only its owner may free; and that. r may be NULL. */
ad_recorder *ad_reals_new_owned(const ad_recorder_options *options);
void ad_reals_free(ad_recorder *r);

/* ---- memory ------------------------------------------------------------------------- */

/* With what the inner recorder has. */
size_t ad_reals_reserved(const ad_reals *r);

/* Whether so many bytes more are within the limit. False with an error. */
bool ad_reals_may_take(ad_reals *r, size_t bytes);

/* Room for `count` elements of `size` bytes; what is there stays if `keeps`. False with an error if memory
 * ran out. */
bool ad_reals_grow(ad_reals *r, ad_growing *list, size_t count, size_t size, bool keeps);
void ad_reals_shrink(ad_reals *r, ad_growing *list, size_t size); /* to nothing */

/* Gives back chunks that hold nothing. */
void ad_reals_trim_chunks(ad_reals *r);

/* ---- where the record ends ---------------------------------------------------------- */

/* Closed, the inline way of recording finds no room, so that all goes through the functions below: after a
 * failure, while a sweep or a caller's function runs, and where more is kept than partials. */
static inline void ad_reals_close(ad_reals *r)
{
    r->head.argument_end = r->head.argument;
    r->head.index_end = ad_reals_index(r);
}

void ad_reals_open(ad_reals *r);

/* Room for a statement of so many arguments. False with an error on r, and nothing begun. */
bool ad_reals_reserve(ad_reals *r, const char *name, size_t arguments);

/* Whether x, a number of r, has not been forgotten. */
bool ad_reals_lives(const ad_reals *r, ad_real x);

/* Whether n > 0 numbers are known to be numbers of r, of one epoch, that live; where it says no, look at
 * each. Writes their places, if place is not NULL. */
static inline bool ad_reals_live_alike(const ad_recorder *r, size_t n, const ad_real *x,
                                       uint32_t *restrict place)
{
    ad_real last = x[0]; /* recorded: it lives only if all do */
    const uint64_t first = last.place;
    uint64_t differ = 0;
    bool ours = true;
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = x[i].place;
        if (place)
            place[i] = (uint32_t)at;
        ours &= x[i].on == r;
        differ |= at ^ first;
        last.place = at > last.place ? at : last.place;
    }
    return ours && differ >> 32 == 0 && ad_surely_lives(r, last);
}

/* Goes back to a mark that lives. Numbers from after it are stale from now on. */
bool ad_reals_mark_lives(const ad_reals *r, ad_recorder_mark mark);
ad_status ad_reals_rewind(ad_reals *r, ad_recorder_mark mark);

/* Goes back to the beginning. */
void ad_reals_forget(ad_reals *r);

/* ---- recording ---------------------------------------------------------------------- */

/* Keeps a first failure, with the source line of the call at work. Returns the status. */
ad_status ad_reals_fail(ad_reals *r, ad_status status, const char *name, const char *format, ...)
    AD_PRINTF(4, 5);

/* Whether none of r's functions is at work. False with an error. */
bool ad_reals_idle(ad_reals *r, const char *name);

/* Whether x is a number of r that lives. False with an error on r, and on x's recorder. */
bool ad_reals_knows(ad_reals *r, const char *name, ad_real x);

/* The recorder of n numbers, or NULL if all are constants. It has failed if one of them is stale or of another
 * recorder. The line is that of the call, or NULL: one that was noted. */
ad_reals *ad_reals_of_all(const char *name, size_t n, const ad_real *x, const char *source_line);

/* The same of two lists, either of which may be NULL. */
ad_reals *ad_reals_of_lists(const char *name, size_t n, const ad_real *x, size_t m,
                            const ad_real *y);

/* Keeps a failure on both. */
void ad_reals_refuse_two(const char *name, ad_reals *r, ad_reals *other);

/* What a function returns where there is no recorder that could fail: a constant that derivatives refuse. */
static inline ad_real ad_reals_lost(void)
{
    return (ad_real){NULL, (double)NAN, ad_place(UINT32_MAX, 0)};
}

static inline bool ad_reals_is_lost(ad_real x)
{
    return !x.on && ad_real_index(x) == UINT32_MAX;
}

/* What a function returns once r has failed; r may be NULL. */
static inline ad_real ad_reals_nan(ad_reals *r)
{
    return r ? (ad_real){&r->head, (double)NAN, ad_place(0, ad_reals_epoch(r))} : ad_reals_lost();
}

/* What a function that is given parts returns. */
static inline ad_real_result ad_result_of(ad_real y)
{
    return (ad_real_result){y.value, y.place};
}

/* A statement, in any case: n numbers, their partials and second derivatives (or NULL: it has none). */
ad_real ad_reals_statement(const char *name, double value, size_t n, const ad_real *x,
                           const double *partials, const double *bends, const char *source_line);

/* What an operation is for numbers: y, and the first and second derivatives by x[0], x[1], ...; bend
 * by pairs i >= j at i (i + 1) / 2 + j. slope and bend may be NULL. */
typedef void ad_number_rule(const double *x, double *y, double *slope, double *bend);

/* An operation by its rule, in any case. */
ad_real ad_reals_by(const char *name, ad_number_rule *rule, size_t n, const ad_real *x,
                    const char *source_line);

#endif
