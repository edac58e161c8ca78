/* Tapes and tensors: recording, the reverse sweep, the forward sweep of tangents.
 *
 * A tape owns every value computed on it. A tensor is a small handle to one of those
 * values: copy it freely, never free it. Resetting the tape ends the life of all its
 * tensors at once and keeps the memory for the next round.
 *
 * Errors stick to the tape. The first failure is kept with its message, later operations
 * on that tape do nothing, and ad_backward() or ad_tape_status() reports it: write the
 * formula straight through and check once at the end.
 *
 * A tape and its tensors belong to one thread at a time. Different tapes share nothing
 * and may read the same arrays concurrently. */
#ifndef ADZE_TAPE_H
#define ADZE_TAPE_H

#include "adze/array.h"
#include "adze/pool.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tape ad_tape;

/* Two words, so that a tensor travels in registers and through foreign-function interfaces. */
typedef struct ad_tensor {
    ad_tape *tape; /* NULL: a plain number */
    uint64_t bits; /* which value of the tape, or the bits of the number: not for users to read */
} ad_tensor;

/* A plain number as an operand: it takes the type of the other operands. */
AD_API ad_tensor ad_number(double value);

/* ---- tapes -------------------------------------------------------------------------- */

enum {
    /* Takes every piece of memory from the allocator by itself instead of carving it from
     * blocks, so that a guard-page or sanitizing allocator sees the exact bounds. Slow. */
    AD_CHECK_BOUNDS = 1,

    /* Looks at every result and at every cotangent or tangent that a rule computes. The first number
     * that is infinite or NaN is AD_NOT_FINITE, with the operation, its label and source line, the
     * place in the array, and what the operands are there. One more reading of every result. */
    AD_CHECK_NUMBERS = 2,

    /* A sweep fails with AD_UNREACHED, listing them by name, where its root does not reach watched
     * leaves (see ad_reach_of), instead of giving these zeros. */
    AD_CHECK_REACHED = 4,

    /* A sweep fails with AD_CHANGED, by name, where borrowed numbers are not what they were when they
     * were put on the tape. Reads all leaves when they are made and before each sweep. */
    AD_CHECK_BORROWED = 8,

    /* A call that changes a tape while another thread's call does fails with AD_BUSY, and so does every
     * call after it until a reset. The call that was there first is not disturbed. Not watched are calls
     * that only read (ad_read, ad_item, ad_grad, ad_tape_measure ...): any number of threads may
     * make them, but while some thread's call changes the tape, none other may. */
    AD_CHECK_THREADS = 16
};

typedef struct ad_tape_options {
    size_t size;                   /* sizeof(ad_tape_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    unsigned checks;               /* AD_CHECK_... or 0 */
    ad_pool *pool;                 /* borrowed; NULL: kernels run on the calling thread alone */
} ad_tape_options;

/* options may be NULL. Returns NULL when memory ran out, and when options->size is not set. */
AD_API ad_tape *ad_tape_new(const ad_tape_options *options);
AD_API void ad_tape_free(ad_tape *t); /* t may be NULL */

/* Forgets all values and the error, if any; keeps the memory. */
AD_API void ad_tape_reset(ad_tape *t);

/* Gives unused memory back to the allocator: all of it after a reset. */
AD_API void ad_tape_trim(ad_tape *t);

/* A place on the tape to come back to. Rewinding forgets what was computed after the mark and
 * keeps the rest, the error included. AD_STALE when the mark's place is no longer there. */
typedef struct ad_mark {
    ad_tape *tape;
    uint64_t bits; /* not for users to read */
} ad_mark;

AD_API ad_mark ad_tape_mark(ad_tape *t);
AD_API ad_status ad_tape_rewind(ad_mark mark);

AD_API ad_status ad_tape_status(const ad_tape *t);
AD_API const char *ad_tape_error(const ad_tape *t); /* "" when AD_OK; valid until reset */

/* Puts a user's own failure on the tape, where the one check finds it. The first failure
 * stays. Returns the tape's status. */
AD_API ad_status ad_tape_fail(ad_tape *t, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Memory that lives on the tape like a value, until a reset or a rewind to before it: for what functions
 * of tensors need beside them. Aligned for any number type. NULL, with AD_MEMORY on the tape, when
 * there is none. */
AD_API void *ad_tape_memory(ad_tape *t, size_t bytes);

/* For functions that evaluate a function of their caller on t. Between hold and let_go what t holds by
 * then stays: a reset, a rewind to before it and a free of t fail. Pass what hold returns to let_go.
 * t may be NULL. */
AD_API uint32_t ad_tape_hold(ad_tape *t);
AD_API void ad_tape_let_go(ad_tape *t, uint32_t held);

/* What a tape holds, for tests and tools. */
typedef struct ad_tape_info {
    size_t size;            /* sizeof(ad_tape_info) */
    size_t nodes;           /* values on the tape */
    size_t bytes_used;      /* by values, their nodes and cotangents, and by inner tapes (op.h) */
    size_t bytes_reserved;  /* taken from the allocator */
    size_t sweep_left;      /* values that a sweep in slices has yet to visit; 0: there is none */
} ad_tape_info;

/* Fills *info, whose size must be set; with zeros if there is no tape. AD_MISUSE if info is NULL or its
 * size is not set. */
AD_API ad_status ad_tape_measure(const ad_tape *t, ad_tape_info *info);

/* ---- leaves ------------------------------------------------------------------------- */

/* Put numbers on a tape. Both borrow them: they must stay put and unchanged until the
 * tape is reset. Operations are recorded only downstream of a watched leaf, so the same forward
 * function differentiates watched operands and merely evaluates frozen ones. Only f32 and
 * f64 can be watched. In C both also take an ad_array. */
AD_API ad_tensor ad_watch(ad_tape *t, ad_view v);
AD_API ad_tensor ad_freeze(ad_tape *t, ad_view v);

/* A frozen leaf that copies its one number. */
AD_API ad_tensor ad_constant(ad_tape *t, ad_type type, double value);

/* While on, leaves, constants and casts to f32 become f64: a function that was written for f32 is then
 * evaluated in f64 as it is. Leaves copy their numbers. For checks; off at first. */
AD_API void ad_tape_widen(ad_tape *t, bool on);

/* Names a value for messages, traces and drawings. Borrows the name until reset.
 * Returns x. */
AD_API ad_tensor ad_label(ad_tensor x, const char *name);

/* ---- reading ------------------------------------------------------------------------ */

/* The numbers of x; borrowed from the tape until reset. data is NULL when there is nothing
 * to read: a failed or stale tensor. */
AD_API ad_view ad_read(ad_tensor x);

/* The value of a plain number or a one-element tensor as a double. NaN if x failed or has more
 * elements. */
AD_API double ad_item(ad_tensor x);

AD_API ad_shape ad_shape_of(ad_tensor x); /* rank -1 when there is nothing to read */
AD_API bool ad_is_tracked(ad_tensor x);          /* depends on a watched leaf */

/* A tensor without a value on x's tape, or the plain number NaN where x has none: functions that are
 * composed of operations return it when they have refused their operands (ad_tape_fail). Operations on
 * it do nothing, since the tape has failed. */
AD_API ad_tensor ad_dead(ad_tensor x);

/* ---- reverse sweep ------------------------------------------------------------------ */

/* Computes d y / d x for every watched x. y must have one element. A leaf that y does not
 * depend on has a gradient of zeros. Gradients of an earlier sweep are discarded.
 * AD_NO_DERIVATIVE, with the operation's name, where y depends on a leaf only through
 * an operation that has no derivative. */
AD_API ad_status ad_backward(ad_tensor y);

/* The same from a cotangent of y's shape and type: a vector-Jacobian product. Borrows dy
 * for the call. May be repeated, with other cotangents, until the tape is reset. */
AD_API ad_status ad_backward_from(ad_tensor y, ad_view dy);

/* The same from `count` cotangents at once, in one sweep: the leaves have a gradient for each. A value's
 * cotangents take `count` times the memory. */
AD_API ad_status ad_backward_many(ad_tensor y, int count, const ad_view *dy);

/* The gradient of a watched leaf, or a retained value, from the last sweep, in its shape, row by row;
 * borrowed until the next sweep or reset. data is NULL when there is none. ad_grad_at: the one from
 * the i-th cotangent, of which ad_grad's is the 0th. */
AD_API ad_view ad_grad(ad_tensor x);
AD_API ad_view ad_grad_at(ad_tensor x, int i);

/* Keeps the cotangent of an intermediate value as those of leaves are kept, from the next sweep on:
 * ad_grad, ad_grad_tangent and ad_reached then tell of x too. That is memory of x's size, and costs
 * nothing else. Nothing happens where x is a leaf or does not depend on one.
 * AD_MISUSE where a sweep in slices has passed x. Returns x. */
AD_API ad_tensor ad_retain(ad_tensor x);

/* Whether the root of the last sweep depends on the watched leaf x: tells a gradient that
 * happens to be zero from one that nobody computed. */
AD_API bool ad_reached(ad_tensor x);

/* How a root depends on a watched leaf. */
typedef enum ad_reach {
    AD_REACH_UNKNOWN, /* y is dead, or x is no watched leaf of its tape */
    AD_REACHED,       /* along derivatives */
    AD_INDEPENDENT,   /* not at all */
    AD_STOPPED,       /* only through operations that stop gradients, such as ad_stop_gradient */
    AD_SEVERED        /* only through operations that have no derivative */
} ad_reach;

AD_API ad_reach ad_reach_of(ad_tensor y, ad_tensor x);

typedef struct ad_unreached {
    size_t size;
    ad_tensor leaf;
    const char *label;         /* or NULL; leaves of a model are labelled with their paths */
    const char *source_line;   /* that watched it, "net.c:12", or NULL */
    ad_reach reach;            /* not AD_REACHED */
    const char *op;            /* the first operation that stops or severs, or NULL */
} ad_unreached;

/* Calls visit (unless NULL), which must not use the tape, for all watched leaves that y does not
 * reach, in the order of watching. Returns how many there are. Before or after a sweep, also one that
 * failed. */
typedef void ad_unreached_visitor(void *user, const ad_unreached *leaf);
AD_API size_t ad_tape_unreached(ad_tensor y, ad_unreached_visitor *visit, void *user);

/* ---- a sweep in slices -------------------------------------------------------------- */

/* Sweeps that let other work in between: begin as ad_backward or ad_backward_from would, then step, each
 * time over so many operations, while there is more:
 *
 *     if (ad_sweep_begin(loss) == AD_OK)
 *         while (ad_sweep_step(tape, 16))
 *             serve_events();                    or return to the event loop, or look at a clock
 *     if (ad_tape_status(tape) != AD_OK) ...     the one check
 *
 * In between, values may be recorded and leaves watched, which then have gradients of zeros; ad_grad has
 * nothing to show. Another sweep, a reset, or a rewind to before the root ends it, and so does
 * a failure on the tape. Cancelling is no failure: it is as if no sweep had begun. */
AD_API ad_status ad_sweep_begin(ad_tensor y);
AD_API ad_status ad_sweep_begin_from(ad_tensor y, ad_view dy);
AD_API bool ad_sweep_step(ad_tape *t, size_t operations);
AD_API void ad_sweep_cancel(ad_tape *t);

/* Called before each pullback of every sweep, with the number of values still to visit; must
 * not use the tape. Where it returns false the sweep fails with AD_CANCELLED. NULL ends it. */
typedef bool ad_poll(void *user, size_t left);
AD_API void ad_tape_poll(ad_tape *t, ad_poll *poll, void *user);

/* ---- tangents: forward mode, and forward over reverse ------------------------------- */

/* The tangents of watched leaves start as zeros. Copies tx, of x's shape and type. */
AD_API ad_status ad_set_tangent(ad_tensor x, ad_view tx);

/* The same in `count` directions at once: tx[i] is the tangent in the i-th, and may hold nothing, for zeros.
 * All leaves have as many: where `count` differs from the last call's, the tangents of all leaves start
 * as zeros again. Every value's tangents take `count` times the memory. */
AD_API ad_status ad_set_tangent_many(ad_tensor x, int count, const ad_view *tx);

/* Carries the leaves' tangents forward through what was recorded, up to y:
 * ty = J tx, in all directions in one pass. May be repeated with other tangents. */
AD_API ad_status ad_push_tangents(ad_tensor y);

/* The tangent of a value from the last push, in the 0th or the i-th direction; data is NULL when
 * there is none, which means zeros if a push succeeded. */
AD_API ad_view ad_tangent(ad_tensor x);
AD_API ad_view ad_tangent_at(ad_tensor x, int i);

/* After a push up to y, which must have one element: one sweep that computes the gradient g
 * of y and the derivative of g along the tangents, a Hessian-vector product for each direction.
 * Read them with ad_grad and ad_grad_tangent(_of). AD_NO_DERIVATIVE, with the name, for an
 * operation without second derivatives. */
AD_API ad_status ad_backward_tangents(ad_tensor y);

/* The same for a y of any shape, from a cotangent dy, as ad_backward_from's, and its derivative along the
 * tangents, tdy, whose data may be NULL for zeros; with several directions it must be. */
AD_API ad_status ad_backward_tangents_from(ad_tensor y, ad_view dy, ad_view tdy);
AD_API ad_view ad_grad_tangent(ad_tensor x);
AD_API ad_view ad_grad_tangent_at(ad_tensor x, int i);

/* ---- looking on --------------------------------------------------------------------- */

typedef enum ad_event_kind {
    AD_EVENT_FORWARD,  /* an operation has computed its result */
    AD_EVENT_PULLBACK, /* a pullback is about to be called */
    AD_EVENT_KIND_COUNT
} ad_event_kind;

typedef struct ad_event {
    size_t size;
    ad_event_kind kind;
    const char *op;          /* the operation's name */
    const char *label;       /* the value's label, or NULL */
    const char *source_line; /* that recorded it, "net.c:12", or NULL */
    int arity, results;
    const ad_shape *operands; /* [arity] */
    const ad_shape *result;   /* [results] */
    const ad_type *type;      /* [results], of the results */
} ad_event;

/* Called for every operation and every pullback; must not use the tape. NULL ends it. */
typedef void ad_tracer(void *user, const ad_event *event);
AD_API void ad_tape_trace(ad_tape *t, ad_tracer *tracer, void *user);

/* Writes "square([4]) -> [4]" and the like into text, cut to fit. Returns text. */
AD_API char *ad_event_print(const ad_event *event, char *text, size_t size);

/* Writes a value's operation or kind of leaf, shapes, label and source line into text, cut to fit:
 * square([4]) "loss" at net.c:12. Returns text. */
AD_API char *ad_tape_describe(const ad_tape *t, size_t node, char *text, size_t size);

/* Lists the values of a tape, one a line, or draws them in Graphviz's DOT language
 * (dot -Tsvg). AD_FILE when the stream reports an error. */
AD_API ad_status ad_tape_print(const ad_tape *t, FILE *out);
AD_API ad_status ad_tape_dot(const ad_tape *t, FILE *out);

/* ---- digests ------------------------------------------------------------------------ */

/* 64 bits that stand for the first `nodes` values (SIZE_MAX: all): operations, shapes, numbers, and
 * gradients that leaves have. The same in every run of the same work: a change of any bit changes
 * them. */
AD_API uint64_t ad_tape_digest(const ad_tape *t, size_t nodes);

/* Those of each of the first `nodes` values by itself. Returns how many were written. The first
 * at which two runs part is ad_digest_difference's (nodes if there is none); ad_tape_describe names it. */
AD_API size_t ad_tape_digests(const ad_tape *t, size_t nodes, uint64_t *digests);
AD_API size_t ad_digest_difference(size_t nodes, const uint64_t *a, const uint64_t *b);

/* ---- source lines ------------------------------------------------------------------- */

/* In C, macros over the functions that put values on a tape note the place of the call there, as the
 * literal "net.c:12", for messages. It costs a store, before the call: a tape begins with that
 * pointer. AD_NO_SOURCE_LINES, defined before the headers are included, goes without, and so does C++.
 * A function lies under each macro: (ad_exp)(x), or &ad_exp. */
static inline AD_UNUSED ad_tape *ad_tape_at_line(ad_tape *t, const char *source_line)
{
    if (t)
#if defined(__GNUC__)
        __atomic_store_n((const char **)(void *)t, source_line, __ATOMIC_RELAXED);
#else
        *(const char **)(void *)t = source_line;
#endif
    return t;
}

/* The source line that is noted for the next value, or NULL. */
static inline AD_UNUSED const char *ad_tape_source_line(const ad_tape *t)
{
#if defined(__GNUC__)
    return t ? __atomic_load_n((const char *const *)(const void *)t, __ATOMIC_RELAXED) : NULL;
#else
    return t ? *(const char *const *)(const void *)t : NULL;
#endif
}

static inline AD_UNUSED ad_tensor ad_tensor_at_line(ad_tensor x, const char *source_line)
{
    ad_tape_at_line(x.tape, source_line);
    return x;
}

static inline AD_UNUSED const ad_tensor *ad_tensors_at_line(const ad_tensor *x, int n,
                                                            const char *source_line)
{
    for (int i = 0; x && i < n; i++)
        if (ad_tape_at_line(x[i].tape, source_line))
            break;
    return x;
}

#define AD_LINE_TEXT(line) #line
#define AD_LINE(line) AD_LINE_TEXT(line)
#define AD_SOURCE_LINE __FILE__ ":" AD_LINE(__LINE__)
#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
#define AD_AT_LINE(...) ad_tensor_at_line((__VA_ARGS__), AD_SOURCE_LINE)
#define AD_TAPE_AT_LINE(t) ad_tape_at_line((t), AD_SOURCE_LINE)
#else
#define AD_AT_LINE(...) (__VA_ARGS__)
#define AD_TAPE_AT_LINE(t) (t)
#endif

#ifdef __cplusplus
} /* extern "C" */
inline ad_tensor ad_watch(ad_tape *t, const ad_array &a) { return ad_watch(t, ad_array_view(a)); }
inline ad_tensor ad_freeze(ad_tape *t, const ad_array &a) { return ad_freeze(t, ad_array_view(a)); }
#else
static inline AD_UNUSED ad_view ad_view_itself(ad_view v)
{
    return v;
}
#define AD_VIEW_FROM(x) _Generic((x), ad_view: ad_view_itself, ad_array: ad_array_view)(x)
#define ad_watch(tape, x) (ad_watch)(AD_TAPE_AT_LINE(tape), AD_VIEW_FROM(x))
#define ad_freeze(tape, x) (ad_freeze)(AD_TAPE_AT_LINE(tape), AD_VIEW_FROM(x))
#ifndef AD_NO_SOURCE_LINES
#define ad_constant(tape, ...) (ad_constant)(AD_TAPE_AT_LINE(tape), __VA_ARGS__)
#endif
#endif

#endif
