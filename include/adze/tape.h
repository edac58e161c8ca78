/* Tapes and tensors: recording, the reverse sweep, the forward sweep of tangents.
 *
 * A tape owns every value computed on it. A tensor is a small handle to one of those values: copy
 * it freely, never free it. Resetting the tape ends the life of all its tensors at once and keeps
 * the memory for the next round.
 *
 * Errors stick to the tape. The first failure is kept with its message, later operations on that
 * tape do nothing, and ad_backward() or ad_tape_status() reports it. So write the formula straight
 * through and check once at the end.
 *
 * A tape and its tensors belong to one thread at a time. Different tapes share nothing and may
 * read the same arrays concurrently. */
#ifndef ADZE_TAPE_H
#define ADZE_TAPE_H

#include "adze/array.h"
#include "adze/pool.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tape ad_tape;

/* Two words: a tensor travels in registers, and through foreign-function interfaces. */
typedef struct ad_tensor {
    ad_tape *tape; /* NULL: a plain number */
    uint64_t bits; /* private: which value of the tape, or the bits of the number */
} ad_tensor;

/* A plain number as an operand. It takes the type of the other operands. */
AD_API ad_tensor ad_number(double value);

/* ---- tapes -------------------------------------------------------------------------- */

enum {
    /* Takes every piece of memory from the allocator separately instead of carving it from blocks,
     * so that a guard-page or sanitizing allocator sees the exact bounds. Slow. */
    AD_CHECK_BOUNDS = 1,

    /* Looks at every result, cotangent and tangent that a rule computes. The first number that is
     * infinite or NaN is AD_NOT_FINITE. The message has the operation, its label and source line,
     * the index of the number, and the operands there. Every result is read once more. */
    AD_CHECK_NUMBERS = 2,

    /* A sweep fails with AD_UNREACHED if its root does not reach all watched leaves (see
     * ad_reach_of), or if there are none. The message names those leaves. Without this check their
     * gradients are zeros. */
    AD_CHECK_REACHED = 4,

    /* A sweep fails with AD_CHANGED if borrowed numbers have changed since they were put
     * on the tape. The message names them. All leaves are read when they are made and
     * before each sweep. */
    AD_CHECK_BORROWED = 8,

    /* If a thread calls any function on a tape while a call of another thread changes it, the later
     * call does nothing but fail with AD_BUSY, and so do all calls after it until a reset; the
     * earlier one is not disturbed. A function of functions (ad_gradient, ad_checkpoint ...) is one
     * call, that of your own function within it included. Calls that only read (ad_read, ad_item,
     * ad_grad, ad_tape_measure ...) have empty results then, as for a tensor that is gone. They do
     * not disturb each other: any number of threads may read, as long as none changes the tape. */
    AD_CHECK_THREADS = 16
};

typedef struct ad_tape_options {
    size_t size;                   /* sizeof(ad_tape_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    unsigned checks;               /* AD_CHECK_... or 0 */
    ad_pool *pool;                 /* borrowed; NULL: kernels run on the calling thread alone */
} ad_tape_options;

/* options may be NULL. Returns NULL if memory ran out. With options whose size is not set, or with
 * unknown checks, the tape has failed with AD_MISUSE from the start, and after every reset. */
AD_API AD_MUST_USE ad_tape *ad_tape_new(const ad_tape_options *options);
AD_API void ad_tape_free(ad_tape *t); /* t may be NULL */

/* Forgets all values and the error, if any; keeps the memory. */
AD_API void ad_tape_reset(ad_tape *t);

/* Gives unused memory back to the allocator: all of it after a reset. */
AD_API void ad_tape_trim(ad_tape *t);

/* A point on the tape to come back to. Rewinding forgets all values computed after the mark and
 * keeps the others, and the error. AD_STALE if the point itself has been forgotten by a reset, or
 * by a rewind to before it. */
typedef struct ad_mark {
    ad_tape *tape;
    uint64_t bits; /* private */
} ad_mark;

AD_API ad_mark ad_tape_mark(ad_tape *t);
AD_API ad_status ad_tape_rewind(ad_mark mark);

AD_API ad_status ad_tape_status(const ad_tape *t);
AD_API const char *ad_tape_error(const ad_tape *t); /* "" when AD_OK; valid until reset */

/* Records a failure of your own, so that the one check finds it. If the tape has failed before,
 * the first failure stays. A format of NULL stands for the meaning of the status. Returns the
 * tape's status. */
AD_API ad_status ad_tape_fail(ad_tape *t, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

/* Memory that lives on the tape like a value, until a reset or a rewind to before it. Functions of
 * tensors keep their own data in it. Aligned for any number type. If memory runs out, returns NULL
 * and records AD_MEMORY on the tape. */
AD_API void *ad_tape_memory(ad_tape *t, size_t bytes);

/* Call hold before, and let_go after, running a caller's function on t. In between, the function
 * cannot destroy what t holds: a rewind to before it, a reset (unless t holds nothing), and a free
 * of t fail. Pass hold's result to let_go, which also works on a tape that has failed. t may be
 * NULL. */
AD_API uint32_t ad_tape_hold(ad_tape *t);
AD_API void ad_tape_let_go(ad_tape *t, uint32_t held);

/* The size of a tape, for tests and tools. */
typedef struct ad_tape_info {
    size_t size;            /* sizeof(ad_tape_info) */
    size_t nodes;           /* values on the tape */
    size_t bytes_used;      /* by values, their nodes and cotangents, and by inner tapes (op.h) */
    size_t bytes_reserved;  /* taken from the allocator */
    size_t sweep_left;      /* values that a sweep in slices has yet to visit; 0: no such sweep */
} ad_tape_info;

/* Fills in *info; with zeros if t is NULL. AD_MISUSE if info is NULL or info->size is not set. */
AD_API ad_status ad_tape_measure(const ad_tape *t, ad_tape_info *info);

/* ---- leaves ------------------------------------------------------------------------- */

/* Put numbers on a tape as a leaf. Both functions borrow the numbers, which must stay where
 * they are, unchanged, until the tape is reset. An operation is recorded only if it depends on
 * a watched leaf. So one function serves both to differentiate, with watched operands, and to
 * evaluate, with frozen ones. Only f32 and f64 can be watched. In C both also take an ad_array. Of
 * gradients and tangents of the same tape, which the next sweep ends, a leaf keeps a copy. */
AD_API ad_tensor ad_watch(ad_tape *t, ad_view v);
AD_API ad_tensor ad_freeze(ad_tape *t, ad_view v);

/* A frozen leaf of one number, which is copied. */
AD_API ad_tensor ad_constant(ad_tape *t, ad_type type, double value);

/* While on, leaves, constants and casts to f32 become f64, so a function that was written
 * for f32 is evaluated in f64 without a change. Leaves then copy their numbers. Off at first.
 * Meant for checks. */
AD_API void ad_tape_widen(ad_tape *t, bool on);

/* Names a value for messages, traces and drawings. Borrows the name until the tape is
 * reset. Returns x. */
AD_API ad_tensor ad_label(ad_tensor x, const char *name);

/* ---- reading ------------------------------------------------------------------------ */

/* The numbers of x, borrowed from the tape until a reset. data is NULL if x has failed
 * or is stale. */
AD_API ad_view ad_read(ad_tensor x);

/* The value of a plain number or a one-element tensor as a double. NaN if x has failed or
 * has more elements. */
AD_API double ad_item(ad_tensor x);

AD_API ad_shape ad_shape_of(ad_tensor x); /* rank -1 if x has failed or is stale */
AD_API bool ad_is_tracked(ad_tensor x);   /* whether x depends on a watched leaf */

/* A tensor without a value on x's tape; the number NaN if x is a plain number. A function composed
 * of operations returns it after it has refused its operands (ad_tape_fail). Operations on it do
 * nothing, because the tape has failed. */
AD_API ad_tensor ad_dead(ad_tensor x);

/* ---- reverse sweep ------------------------------------------------------------------ */

/* Computes dy / dx for every watched leaf x. y must have one element. The gradient of a leaf
 * that y does not depend on is zeros. Gradients of an earlier sweep are discarded. If y depends
 * on a leaf only through an operation that has no derivative, the error is AD_NO_DERIVATIVE
 * and names it. */
AD_API ad_status ad_backward(ad_tensor y);

/* Sweeps back from a cotangent of y's shape and type: a vector-Jacobian product. Borrows dy for
 * the call. Can be repeated with other cotangents until the tape is reset. */
AD_API ad_status ad_backward_from(ad_tensor y, ad_view dy);

/* Sweeps back from `count` cotangents at once. Each leaf has a gradient for each of them
 * (ad_grad_at). The cotangents of a value take `count` times the memory. */
AD_API ad_status ad_backward_many(ad_tensor y, int count, const ad_view *dy);

/* The gradient of a watched leaf or a retained value from the last sweep, in the shape of x, row by
 * row. Borrowed until the next sweep or reset. data is NULL if there is no gradient: x is not watched
 * (it is frozen, stale, or an intermediate value that was not retained), or there was no sweep since
 * it was put on the tape, or that sweep failed or is still running in slices. A sweep whose root
 * depends on no watched leaf succeeds, with zeros for all of them; AD_CHECK_REACHED makes it fail. */
AD_API ad_view ad_grad(ad_tensor x);

/* The gradient from the i-th cotangent of the last sweep. ad_grad_at(x, 0) is ad_grad(x). */
AD_API ad_view ad_grad_at(ad_tensor x, int i);

/* Keeps the cotangent of an intermediate value from the next sweep on, as for a leaf: then
 * ad_grad, ad_grad_tangent and ad_reached also work for x. Costs memory of x's size. Does
 * nothing if x is a leaf or does not depend on one. AD_MISUSE if a sweep in slices has already
 * passed x. Returns x. */
AD_API ad_tensor ad_retain(ad_tensor x);

/* Whether the root of the last sweep depends on the watched leaf x. Tells a gradient that happens
 * to be zero from one that was never computed. */
AD_API bool ad_reached(ad_tensor x);

/* How a root depends on a watched leaf. */
typedef enum ad_reach {
    AD_REACH_UNKNOWN, /* y has failed or is stale, or x is not a watched leaf of its tape */
    AD_REACHED,       /* along derivatives */
    AD_INDEPENDENT,   /* not at all */
    AD_STOPPED,       /* only through operations that stop gradients, such as ad_stop_gradient */
    AD_SEVERED        /* only through operations that have no derivative */
} ad_reach;

AD_API ad_reach ad_reach_of(ad_tensor y, ad_tensor x);

typedef struct ad_unreached {
    size_t size;
    ad_tensor leaf;
    const char *label;         /* the path in its model if it has one; may be NULL */
    const char *source_line;   /* where it was watched, "net.c:12"; may be NULL */
    ad_reach reach;            /* never AD_REACHED */
    const char *op;            /* the first operation that stops or severs; may be NULL */
    const char *op_source_line; /* where it was recorded; may be NULL */
} ad_unreached;

/* Calls visit for each watched leaf that y does not reach, in the order in which they were
 * watched. visit may be NULL and must not use the tape. Returns the number of such leaves. Works
 * before a sweep and after one, even after one that failed. */
typedef void ad_unreached_visitor(void *user, const ad_unreached *leaf);
AD_API size_t ad_tape_unreached(ad_tensor y, ad_unreached_visitor *visit, void *user);

/* ---- a sweep in slices -------------------------------------------------------------- */

/* A sweep that leaves room for other work: begin it, then step, each time over a number of
 * operations, until nothing is left:
 *
 *     if (ad_sweep_begin(loss) == AD_OK)
 *         while (ad_sweep_step(tape, 16))
 *             serve_events();                    or return to the event loop, or look at a clock
 *     if (ad_tape_status(tape) != AD_OK) ...     the one check
 *
 * begin does what ad_backward does first, and begin_from what ad_backward_from does. step returns
 * whether anything is left.
 *
 * In between, values may be recorded and leaves watched; these leaves get gradients of zeros.
 * ad_grad has nothing to show until the end. The sweep ends early if another sweep begins, if the
 * tape is reset or rewound to before the root, or if the tape fails. Cancelling is not a failure:
 * it is as if no sweep had begun. */
AD_API ad_status ad_sweep_begin(ad_tensor y);
AD_API ad_status ad_sweep_begin_from(ad_tensor y, ad_view dy);
AD_API bool ad_sweep_step(ad_tape *t, size_t operations);
AD_API void ad_sweep_cancel(ad_tape *t);

/* Called before each pullback of every sweep with the number of values still to visit; must
 * not use the tape. If it returns false, the sweep fails with AD_CANCELLED. A poll of NULL
 * ends the calls. */
typedef bool ad_poll(void *user, size_t left);
AD_API void ad_tape_poll(ad_tape *t, ad_poll *poll, void *user);

/* ---- tangents: forward mode, and forward over reverse ------------------------------- */

/* Sets the tangent of a watched leaf: copies tx, of x's shape and type. Tangents start as zeros. */
AD_API ad_status ad_set_tangent(ad_tensor x, ad_view tx);

/* Sets the tangents of a leaf in `count` directions at once. tx[i] is the tangent in the i-th
 * direction; its data may be NULL for zeros. All leaves have the same number of directions: if
 * `count` differs from the last call's, the tangents of all leaves start as zeros again. The
 * tangents of a value take `count` times the memory. */
AD_API ad_status ad_set_tangent_many(ad_tensor x, int count, const ad_view *tx);

/* Carries the leaves' tangents forward through the recorded operations up to y: ty = J tx, in all
 * directions in one pass. Can be repeated with other tangents. */
AD_API ad_status ad_push_tangents(ad_tensor y);

/* The tangent of a value from the last push. data is NULL if there is none; after a push that
 * succeeded that means zeros. */
AD_API ad_view ad_tangent(ad_tensor x);

/* The tangent in the i-th direction. ad_tangent_at(x, 0) is ad_tangent(x). */
AD_API ad_view ad_tangent_at(ad_tensor x, int i);

/* Call it after a push up to y, which must have one element. One sweep computes the gradient g of
 * y and the derivative of g along the tangents: a Hessian-vector product for each direction. Read
 * them with ad_grad and ad_grad_tangent. AD_NO_DERIVATIVE, with its name, if an operation has no
 * second derivative. */
AD_API ad_status ad_backward_tangents(ad_tensor y);

/* Does this for a y of any shape from a cotangent dy, of y's shape and type. tdy is the derivative
 * of dy along the tangents; tdy.data may be NULL for zeros, and must be with several directions. */
AD_API ad_status ad_backward_tangents_from(ad_tensor y, ad_view dy, ad_view tdy);

/* The derivative of ad_grad(x) along the tangents, and along the i-th direction of them. data is
 * NULL if the last sweep computed none. */
AD_API ad_view ad_grad_tangent(ad_tensor x);
AD_API ad_view ad_grad_tangent_at(ad_tensor x, int i);

/* ---- traces and listings ------------------------------------------------------------ */

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
    const char *source_line; /* where it was recorded, "net.c:12", or NULL */
    int arity, results;
    const ad_shape *operands; /* [arity] */
    const ad_shape *result;   /* [results] */
    const ad_type *type;      /* [results], the types of the results */
} ad_event;

/* Called for every operation and every pullback; must not use the tape. A tracer of NULL
 * ends the calls. */
typedef void ad_tracer(void *user, const ad_event *event);
AD_API void ad_tape_trace(ad_tape *t, ad_tracer *tracer, void *user);

/* Writes the event into text, as "square([4]) -> [4]", cut to fit. Returns text. */
AD_API char *ad_event_print(const ad_event *event, char *text, size_t size);

/* Describes a value in text, cut to fit: its operation or kind of leaf, shapes, label and source
 * line, as square([4]) "loss" at net.c:12. Returns text. */
AD_API char *ad_tape_describe(const ad_tape *t, size_t node, char *text, size_t size);

/* Print lists the values of a tape, one a line. Dot draws them in Graphviz's DOT language (dot
 * -Tsvg). AD_FILE if the stream reports an error. */
AD_API ad_status ad_tape_print(const ad_tape *t, FILE *out);
AD_API ad_status ad_tape_dot(const ad_tape *t, FILE *out);

/* ---- digests ------------------------------------------------------------------------ */

/* 64 bits that stand for the first `nodes` values (SIZE_MAX: all): their operations, shapes and
 * numbers, and the gradients of leaves. The same work gives the same digest in every run; a change
 * of any bit changes it. */
AD_API uint64_t ad_tape_digest(const ad_tape *t, size_t nodes);

/* Writes a digest for each of the first `nodes` values. Returns how many were written. */
AD_API size_t ad_tape_digests(const ad_tape *t, size_t nodes, uint64_t *digests);

/* The first value at which the digests of two runs differ, or `nodes` if none does.
 * ad_tape_describe names it. */
AD_API size_t ad_digest_difference(size_t nodes, const uint64_t *a, const uint64_t *b);

/* ---- source lines ------------------------------------------------------------------- */

/* In C, a macro lies over each function that puts values on a tape, and over those that sweep and
 * push tangents. It notes where the call stands, as the literal "net.c:12", for messages: errors of
 * the call and of the sweeps that come to its values name that line, also where it computes by
 * several operations. This costs one store before the call, because a tape begins with that
 * pointer. Define AD_NO_SOURCE_LINES before the headers are included to go without; C++ always
 * does. (ad_exp)(x) and &ad_exp reach the function under the macro. Functions of models and the
 * operators of derivatives.h note no line: their messages name the field or the operand. */
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

/* The source line noted for the next call, or NULL. */
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
#define AD_VIEW_FROM(...)                                                                  \
    _Generic((__VA_ARGS__), ad_view: ad_view_itself, ad_array: ad_array_view)(__VA_ARGS__)
#define ad_watch(tape, ...) (ad_watch)(AD_TAPE_AT_LINE(tape), AD_VIEW_FROM(__VA_ARGS__))
#define ad_freeze(tape, ...) (ad_freeze)(AD_TAPE_AT_LINE(tape), AD_VIEW_FROM(__VA_ARGS__))
#ifndef AD_NO_SOURCE_LINES
#define ad_constant(tape, ...) (ad_constant)(AD_TAPE_AT_LINE(tape), __VA_ARGS__)
#define ad_retain(...) (ad_retain)(AD_AT_LINE(__VA_ARGS__))
#define ad_backward(...) (ad_backward)(AD_AT_LINE(__VA_ARGS__))
#define ad_backward_from(y, ...) (ad_backward_from)(AD_AT_LINE(y), __VA_ARGS__)
#define ad_backward_many(y, ...) (ad_backward_many)(AD_AT_LINE(y), __VA_ARGS__)
#define ad_sweep_begin(...) (ad_sweep_begin)(AD_AT_LINE(__VA_ARGS__))
#define ad_sweep_begin_from(y, ...) (ad_sweep_begin_from)(AD_AT_LINE(y), __VA_ARGS__)
#define ad_sweep_step(tape, ...) (ad_sweep_step)(AD_TAPE_AT_LINE(tape), __VA_ARGS__)
#define ad_set_tangent(x, ...) (ad_set_tangent)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_set_tangent_many(x, ...) (ad_set_tangent_many)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_push_tangents(...) (ad_push_tangents)(AD_AT_LINE(__VA_ARGS__))
#define ad_backward_tangents(...) (ad_backward_tangents)(AD_AT_LINE(__VA_ARGS__))
#define ad_backward_tangents_from(y, ...) (ad_backward_tangents_from)(AD_AT_LINE(y), __VA_ARGS__)
#endif
#endif

#endif
