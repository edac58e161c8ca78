/* Operations as data: what adze knows of an operation is one ad_op. Built-in and user-written
 * operations are the same thing and go through the same ad_apply.
 *
 * For y = f(x), with cotangent dy and tangents tx, ty, an operation has these rules:
 *
 *   forward     y, and what it saves
 *   pullback    dx += J(x)^T dy
 *   jvp         ty  = J(x) tx
 *   curvature   tdx += (d/dx [J(x)^T dy]) tx;  none for a linear operation
 *
 * The shape rule sees shapes only; the check sees values; the kernels trust their input,
 * because shape rule and check stand before them. ad_check_op (check.h) tells whether all
 * rules of an op are right. */
#ifndef ADZE_OP_H
#define ADZE_OP_H

#include "adze/tape.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_op ad_op;

/* What the check and the forward kernel are called with. */
typedef struct ad_forward_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;   /* [arity] operands; contiguous unless the op says AD_OP_STRIDED */
    ad_array y;         /* the first result, uninitialised: write every element. Not for check */
    const ad_array *ys; /* [results], all results; ys[0] is y. Not for check */
    const void *attr;
    void *saved;        /* bytes kept for the other rules, see ad_op.saved */
    size_t run;         /* elements of y, if all operands and results have its shape and all numbers
                           lie row by row, so that one plain loop will do; otherwise 0 */
    ad_workspace *work; /* for ad_scratch and ad_reject */
} ad_forward_args;

/* What the pullback is called with. */
typedef struct ad_pullback_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;
    ad_view y;
    ad_view dy;          /* cotangent of y, contiguous. Of an op with several results data may be
                            NULL: nothing has flowed into this one */
    const ad_view *ys;   /* [results]; ys[0] is y */
    const ad_view *dys;  /* [results]; dys[0] is dy. Not the data of all of them is NULL */
    void *spare;         /* dy's numbers, where nobody wants them after this call: overwrite them
                            instead of taking scratch memory. Else NULL, and for several results */
    const ad_array *dx;  /* [arity]: add to dx[i], unless dx[i].data is NULL: nobody wants it */
    const bool *assign;  /* [arity], for ops that say AD_OP_ASSIGNS: dx[i] is uninitialised, write
                            every element. Never true for the later of two equal operands */
    const void *attr;
    const void *saved;
    size_t run;          /* as in ad_forward_args */
    ad_workspace *work;
    const void *cotangent; /* only for pullbacks that are not linear in dy (clipping, hooks). NULL in
                              a first-order sweep. A second-order sweep calls the pullback twice: in
                              the second call dy holds the tangent of the cotangent, and this points
                              to the numbers of the cotangent itself */
} ad_pullback_args;

/* What the jvp is called with. */
typedef struct ad_jvp_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;
    ad_view y;
    const ad_view *ys;   /* [results]; ys[0] is y */
    const ad_view *tx;   /* [arity] tangents, contiguous; data is NULL for zeros (not all are) */
    ad_array ty;         /* uninitialised: write every element. Of an op with several results data is
                            NULL if y is not of a float type */
    const ad_array *tys; /* [results]; tys[0] is ty */
    const void *attr;
    const void *saved;
    ad_workspace *work;
} ad_jvp_args;

/* What the curvature rule is called with. */
typedef struct ad_curvature_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;
    ad_view y;
    ad_view dy;
    const ad_view *ys;   /* ys and dys as in ad_pullback_args */
    const ad_view *dys;
    const ad_view *tx;   /* as in ad_jvp_args */
    const ad_array *tdx; /* [arity]: add to tdx[i], unless tdx[i].data is NULL */
    const void *attr;
    const void *saved;
    ad_workspace *work;
} ad_curvature_args;

enum { AD_VARIADIC = -1 }; /* any number of operands, or of results, from one on */

enum {                         /* flags of an op */
    AD_OP_NO_DERIVATIVE = 1,   /* declared to have none; then it has no pullback */
    AD_OP_STRIDED = 2,         /* takes operands with any strides */
    AD_OP_ASSIGNS = 4,         /* its pullback heeds assign[] */
    AD_OP_LINEAR = 8,          /* its curvature is zero (almost) everywhere */
    AD_OP_STOPS = 16           /* its results count as constants */
};

struct ad_op {
    size_t size;        /* sizeof(ad_op) */
    const char *name;
    int arity;          /* operands, or AD_VARIADIC */
    int results;        /* 0 means one; or AD_VARIADIC */
    unsigned flags;
    size_t attr_size;   /* bytes of attr, copied to the tape; 0 for none */

    /* Sets *y to the result's number type, y[0], y[1], ... to those of several. Returns NULL, or why the
     * operands' types do not fit (AD_BAD_TYPE). NULL: all operands and results have one float type. */
    const char *(*type)(const ad_type *x, const void *attr, ad_type *y);

    /* Sets *y to the result's shape, y[0], y[1], ... to those of several. Returns NULL, or why the
     * operands' shapes do not fit (AD_BAD_SHAPE). */
    const char *(*shape)(const ad_shape *x, const void *attr, ad_shape *y);

    /* Looks at the operands' values; objects with ad_reject. NULL: any values will do. */
    void (*check)(const ad_forward_args *c);

    /* How many bytes forward leaves for the other rules. NULL: none. */
    size_t (*saved)(const ad_type *type, const ad_shape *x, const void *attr);

    void (*forward)(const ad_forward_args *c);

    /* Instead of forward, for an operation of one result that only looks at the numbers of operand 0 in
     * another way: sets *y's data and stride, which come in as those of x; y->shape is the shape
     * rule's. False where no strides can express it: then the operand is copied first. Such an op's
     * pullback and jvp may be ad_view_pullback and ad_view_jvp, if no number is seen twice. */
    bool (*view)(const ad_view *x, const void *attr, ad_view *y);

    void (*pullback)(const ad_pullback_args *c);   /* NULL: see AD_OP_NO_DERIVATIVE */
    void (*jvp)(const ad_jvp_args *c);             /* NULL: forward mode fails by name */
    void (*curvature)(const ad_curvature_args *c); /* NULL: second order fails by name */

    const void *kernels; /* whatever rules shared by several ops need to tell them apart */

    /* The operation as text, for people and for programs that write code. NULL where nobody has written
     * it. Formula, slope and bend are C expressions of the operands, by these names, and, but for the
     * formula, of the result y; src/ops/elementwise/expressions.h has what they call. */
    const char *operands;    /* "x"; "a, b"; "a, b, c"; "p, t": a loss, number by number, of prediction and
                                target, with d for p - t and a for the parameter */
    const char *formula;     /* y; of a loss, what is summed or averaged */
    const char *slope[3];    /* its derivative by each operand */
    const char *bend[3][3];  /* its second derivative by each two */
    const char *derivative;  /* of an operation that is not elementwise, in words: what flows back */
};

/* Runs op on x[0..op->arity-1] and records it if any of them is tracked. attr is copied.
 * The op must outlive the tape's use of it; a static const object is the usual home. */
AD_API ad_tensor ad_apply(const ad_op *op, const ad_tensor *x, const void *attr);

/* The same for n operands of an AD_VARIADIC op. */
AD_API ad_tensor ad_apply_n(const ad_op *op, int n, const ad_tensor *x, const void *attr);

/* The same for an op of several results, of which ad_apply returns the first: sets y[0] to
 * y[results - 1]. One call of the op's rules makes them all, and a sweep calls the pullback once, after
 * it has visited all of them. A result that is not of a float type has no derivative. */
AD_API void ad_apply_results(const ad_op *op, int n, const ad_tensor *x, const void *attr,
                             int results, ad_tensor *y);

#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
static inline AD_UNUSED ad_tensor ad_apply_at_line(const char *source_line, const ad_op *op,
                                                   const ad_tensor *x, const void *attr)
{
    return ad_apply(op, op ? ad_tensors_at_line(x, op->arity, source_line) : x, attr);
}
static inline AD_UNUSED ad_tensor ad_apply_n_at_line(const char *source_line, const ad_op *op,
                                                     int n, const ad_tensor *x, const void *attr)
{
    return ad_apply_n(op, n, ad_tensors_at_line(x, n, source_line), attr);
}
static inline AD_UNUSED void ad_apply_results_at_line(const char *source_line, const ad_op *op,
                                                      int n, const ad_tensor *x, const void *attr,
                                                      int results, ad_tensor *y)
{
    ad_apply_results(op, n, ad_tensors_at_line(x, n, source_line), attr, results, y);
}
#define ad_apply(...) ad_apply_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_apply_results(...) ad_apply_results_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_apply_n(...) ad_apply_n_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

/* For rules that evaluate functions of tensors: a tape that holds nothing and is theirs until the rule
 * returns, the same each time, with the allocator, the pool and the checks (but AD_CHECK_REACHED) of the
 * one at work. Rules on it have an inner tape of their own. NULL when memory ran out: then just
 * return. A failure on it stays there: pass it on with ad_reject. */
AD_API ad_tape *ad_inner_tape(ad_workspace *work);

/* The same outside of rules, for functions that evaluate a function before they record a value: its type
 * and shape are known only then. Begin returns the inner tape, which is empty; until end, t is busy and
 * the function has no other tape. NULL with an error on t if it cannot be used: then there is nothing to
 * end. End passes a failure of the inner tape on to t, with `name` before it, and returns t's status. The
 * values stay on the inner tape until it is used again. */
AD_API ad_tape *ad_inner_begin(ad_tape *t, const char *name);
AD_API ad_status ad_inner_end(ad_tape *t);

/* A type rule: any number type, and the result has that of operand 0. */
AD_API const char *ad_type_first(const ad_type *x, const void *attr, ad_type *y);

/* The commonest shape rules: the result has the shape of operand 0, or that to which all of
 * two operands broadcast. */
AD_API const char *ad_shape_first(const ad_shape *x, const void *attr, ad_shape *y);
AD_API const char *ad_shape_broadcast(const ad_shape *x, const void *attr, ad_shape *y);

/* The pullback and jvp of an op with a view rule: the same view of dx and of tx. */
AD_API void ad_view_pullback(const ad_pullback_args *c);
AD_API void ad_view_jvp(const ad_jvp_args *c);

/* Makes *copy, whose size must be set, a copy of op with another name and pullback: this replaces the
 * derivative of a built-in operation. The copy has no jvp and no curvature, since those of op belong to
 * the old derivative. AD_MISUSE where an argument is NULL or a size is not set. */
AD_API ad_status ad_op_with_pullback(const ad_op *op, const char *name,
                                     void (*pullback)(const ad_pullback_args *), ad_op *copy);

/* ---- look-up by name ---------------------------------------------------------------- */

/* A table of the built-in operations and of a user's own. It borrows the ops. ad_registry_add returns
 * AD_MISUSE if the name is taken, or if the op has no name or no size. */
typedef struct ad_registry ad_registry;

AD_API ad_registry *ad_registry_new(const ad_allocator *allocator); /* NULL: no memory */
AD_API void ad_registry_free(ad_registry *r);
AD_API ad_status ad_registry_add(ad_registry *r, const ad_op *op);
AD_API const ad_op *ad_registry_find(const ad_registry *r, const char *name); /* or NULL */

/* The built-in operations by number, to walk them: NULL from the end on. */
AD_API const ad_op *ad_builtin_op(size_t i);
AD_API const ad_op *ad_builtin_op_named(const char *name); /* or NULL */

#ifdef __cplusplus
}
#endif

#endif
