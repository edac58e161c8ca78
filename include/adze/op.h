/* Operations as data. All that adze knows of an operation is in one ad_op. A built-in operation
 * and one of your own are the same thing and go through the same ad_apply.
 *
 * For y = f(x), with cotangent dy and tangents tx, ty, an operation has these rules:
 *
 *     forward     y, and what it saves
 *     pullback    dx += J(x)^T dy
 *     jvp         ty  = J(x) tx
 *     curvature   tdx += (d/dx [J(x)^T dy]) tx;  none for a linear operation
 *
 * The shape rule sees shapes only; the check sees values; the kernels trust their input, because
 * shape rule and check stand before them. ad_check_op (check.h) tests all rules of an op. */
#ifndef ADZE_OP_H
#define ADZE_OP_H

#include "adze/tape.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_op ad_op;

/* The argument of the check and of the forward kernel. */
typedef struct ad_forward_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;   /* [arity] operands; contiguous unless the op says AD_OP_STRIDED */
    ad_array y;         /* the first result, uninitialised: write every element. Not for check */
    const ad_array *ys; /* [results], all results; ys[0] is y. Not for check */
    const void *attr;
    void *saved;        /* bytes kept for the other rules, see ad_op.saved */
    size_t run;         /* elements of y if one plain loop will do, because all operands and results
                           have y's shape and all numbers lie row by row; otherwise 0 */
    ad_workspace *work; /* for ad_scratch, ad_reject and kernels.h */
} ad_forward_args;

/* The argument of the pullback. */
typedef struct ad_pullback_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;
    ad_view y;
    ad_view dy;          /* cotangent of y, contiguous. If the op has several results, data may be
                            NULL: the cotangent of this one is zero */
    const ad_view *ys;   /* [results]; ys[0] is y */
    const ad_view *dys;  /* [results]; dys[0] is dy. At least one of them has data */
    void *spare;         /* dy's numbers if nobody reads them after this call: you may overwrite
                            them instead of taking scratch memory. Otherwise NULL, as for an op
                            with several results */
    const ad_array *dx;  /* [arity]: add to dx[i] if wanted[i]. The functions of kernels.h do nothing
                            for the others; your own loops must ask */
    const bool *wanted;  /* [arity] */
    const bool *assign;  /* [arity], only if the op says AD_OP_ASSIGNS. True: dx[i] is
                            uninitialised, write every element. False for the later of two equal
                            operands */
    const void *attr;
    const void *saved;
    size_t run;          /* as in ad_forward_args */
    ad_workspace *work;
    const void *cotangent; /* only for pullbacks that are not linear in dy (clipping, hooks). NULL
                              in a first-order sweep. A second-order sweep calls the pullback twice:
                              in the second call dy holds the tangent of the cotangent, and this
                              points to the numbers of the cotangent itself */
} ad_pullback_args;

/* The argument of the jvp. */
typedef struct ad_jvp_args {
    size_t size;
    const ad_op *op;
    int arity, results;
    const ad_view *x;
    ad_view y;
    const ad_view *ys;   /* [results]; ys[0] is y */
    const ad_view *tx;   /* [arity] tangents, contiguous; data is NULL for zeros. At least one has
                            data */
    ad_array ty;         /* uninitialised: write every element. data is NULL if the op has several
                            results and y is not of a float type */
    const ad_array *tys; /* [results]; tys[0] is ty */
    const void *attr;
    const void *saved;
    ad_workspace *work;
} ad_jvp_args;

/* The argument of the curvature rule. */
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
    const ad_array *tdx; /* [arity]: add to tdx[i] if wanted[i], as in ad_pullback_args */
    const bool *wanted;  /* [arity] */
    const void *attr;
    const void *saved;
    ad_workspace *work;
} ad_curvature_args;

enum { AD_VARIADIC = -1 }; /* any number of operands, or of results, from one on */

enum {                         /* flags of an op */
    AD_OP_NO_DERIVATIVE = 1,   /* it has no derivative and no pullback */
    AD_OP_STRIDED = 2,         /* its kernels take operands with any strides */
    AD_OP_ASSIGNS = 4,         /* its pullback heeds assign[] */
    AD_OP_LINEAR = 8,          /* its second derivative is zero (almost) everywhere */
    AD_OP_STOPS = 16           /* its results count as constants */
};

struct ad_op {
    size_t size;        /* sizeof(ad_op) */
    const char *name;
    int arity;          /* operands, or AD_VARIADIC */
    int results;        /* 0 means one; or AD_VARIADIC */
    unsigned flags;
    size_t attr_size;   /* bytes of attr, copied to the tape; 0 for none */

    /* Sets y[0], y[1], ... to the number types of the results. Returns NULL, or the reason
     * why the operands' types do not fit (AD_BAD_TYPE). NULL: all operands and results have
     * one float type. */
    const char *(*type)(const ad_type *x, const void *attr, ad_type *y);

    /* Sets y[0], y[1], ... to the shapes of the results. Returns NULL, or the reason why the
     * operands' shapes do not fit (AD_BAD_SHAPE). */
    const char *(*shape)(const ad_shape *x, const void *attr, ad_shape *y);

    /* Looks at the operands' values; refuses them with ad_reject. NULL: any values will do. */
    void (*check)(const ad_forward_args *c);

    /* The number of bytes that forward saves for the other rules. NULL: none. */
    size_t (*saved)(const ad_type *type, const ad_shape *x, const void *attr);

    void (*forward)(const ad_forward_args *c);

    /* Stands in the place of forward if the one result holds the numbers of operand 0 in
     * another order or shape. Sets *y's data and stride, which come in as those of x; y->shape
     * is set already. Returns false if no strides can express the result: then the operand
     * is copied first. Such an op can use ad_view_pullback and ad_view_jvp, unless its result
     * repeats a number. */
    bool (*view)(const ad_view *x, const void *attr, ad_view *y);

    void (*pullback)(const ad_pullback_args *c);   /* NULL: only with AD_OP_NO_DERIVATIVE */
    void (*jvp)(const ad_jvp_args *c);             /* NULL: forward mode fails, naming the op */
    void (*curvature)(const ad_curvature_args *c); /* NULL: second order fails, naming the op */

    const void *kernels; /* for rules that several ops share: where this op's own kernels are */

    /* The operation as text, for people and for programs that write code. Each may be NULL.
     * formula, slope and bend are C expressions of the operands; slope and bend may also use the
     * result y. The functions that they call are in src/ops/elementwise/expressions.h. */
    const char *operands;    /* their names: "x"; "a, b"; "a, b, c". "p, t": a loss of prediction
                                and target; its expressions also use d for p - t, and a for the
                                parameter */
    const char *formula;     /* y; for a loss, one term of its sum or mean */
    const char *slope[3];    /* the derivative by each operand */
    const char *bend[3][3];  /* the second derivative by each pair of operands */
    const char *derivative;  /* the pullback in words, for an operation that is not elementwise */

    const ad_op *fast_path;  /* the op itself, where the tape may call its kernels without its rules:
                                only for elementwise operations of adze's own. Leave it NULL */
};

/* Runs op on x[0] to x[op->arity - 1] and returns its first result. Records it if any operand
 * is tracked. attr is copied. The op must outlive the tape's use of it; make it a static
 * const object. */
AD_API ad_tensor ad_apply(const ad_op *op, const ad_tensor *x, const void *attr);

/* Runs op on n operands. For AD_VARIADIC ops. */
AD_API ad_tensor ad_apply_n(const ad_op *op, int n, const ad_tensor *x, const void *attr);

/* Runs op on n operands and sets y[0] to y[results - 1] to its results. The op's rules are called
 * once for all of them; a sweep calls the pullback once, after it has visited all of them. A
 * result that is not of a float type has no derivative. */
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

/* A tape for rules that evaluate functions of tensors. It is empty, and the rule's own until the
 * rule returns. It has the allocator, the pool and the checks (except AD_CHECK_REACHED) of the
 * tape at work. Each call of a rule gets the same one; rules that run on it have an inner tape of
 * their own. NULL if memory ran out: then just return. A failure on the inner tape stays there:
 * pass it on with ad_reject. */
AD_API ad_tape *ad_inner_tape(ad_workspace *work);

/* The inner tape outside of rules: for functions that evaluate a caller's function before
 * they record its value, to learn its type and shape. Returns the inner tape, empty; t is
 * busy until ad_inner_end. If t cannot be used, returns NULL with an error on t; then there
 * is nothing to end. */
AD_API ad_tape *ad_inner_begin(ad_tape *t, const char *name);

/* Passes a failure of the inner tape on to t, with the name given to ad_inner_begin before it.
 * Returns t's status. The values stay on the inner tape until it is used again. */
AD_API ad_status ad_inner_end(ad_tape *t);

/* A type rule: operands of any number type; the result has the type of operand 0. */
AD_API const char *ad_type_first(const ad_type *x, const void *attr, ad_type *y);

/* A shape rule: the result has the shape of operand 0. */
AD_API const char *ad_shape_first(const ad_shape *x, const void *attr, ad_shape *y);

/* A shape rule: the result has the shape to which the two operands broadcast. */
AD_API const char *ad_shape_broadcast(const ad_shape *x, const void *attr, ad_shape *y);

/* The pullback and jvp of an op with a view rule: they take the same view of dx and of tx. */
AD_API void ad_view_pullback(const ad_pullback_args *c);
AD_API void ad_view_jvp(const ad_jvp_args *c);

/* Makes *copy a copy of op with another name and pullback: so one replaces the derivative of a
 * built-in operation. The copy has no jvp and no curvature, because those of op belong to the old
 * derivative. AD_MISUSE if an argument is NULL or a size, copy->size among them, is not set. */
AD_API ad_status ad_op_with_pullback(const ad_op *op, const char *name,
                                     void (*pullback)(const ad_pullback_args *), ad_op *copy);

/* ---- look-up by name ---------------------------------------------------------------- */

/* A table of the built-in operations and of your own. It borrows the ops. */
typedef struct ad_registry ad_registry;

AD_API ad_registry *ad_registry_new(const ad_allocator *allocator); /* NULL: no memory */
AD_API void ad_registry_free(ad_registry *r);

/* Adds an op. AD_MISUSE if its name is taken, or if it has no name or no size. */
AD_API ad_status ad_registry_add(ad_registry *r, const ad_op *op);
AD_API const ad_op *ad_registry_find(const ad_registry *r, const char *name); /* or NULL */

/* The built-in operations by number, to walk through them. NULL if there are no more. */
AD_API const ad_op *ad_builtin_op(size_t i);
AD_API const ad_op *ad_builtin_op_named(const char *name); /* or NULL */

#ifdef __cplusplus
}
#endif

#endif
