/* Functions of functions: gradient, pullback, jvp, Hessian-vector product, Jacobian, Hessian.
 *
 * Each evaluates f on the tape that it is given, above whatever the tape holds, and leaves the
 * tape as it was (a pullback excepted: it lives on the tape). Results are written only if all
 * went well. Result arrays that hold nothing are allocated, by the C library or as their own
 * allocator field says, and are yours to free; others must have the right shape and type. A failure
 * also sticks to the tape, with its message. The functions inside functions, below, are operations
 * instead: of tensors, with tensors as results. */
#ifndef ADZE_OPERATORS_H
#define ADZE_OPERATORS_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of tensors: x[0], x[1], ... and whatever env points to. Compute on the operands;
 * the tape is there for further leaves. */
typedef ad_tensor ad_function(ad_tape *t, const ad_tensor *x, const void *env);

/* ---- reverse ------------------------------------------------------------------------ */

/* gradient[i] = df / dx[i], for an f with a one-element result and n operands. value, unless
 * NULL, receives f(x). */
AD_API ad_status ad_gradient(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                             ad_array *gradient);
AD_API ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, const void *env, int n,
                                        const ad_view *x, double *value, ad_array *gradient);

/* f(x), and the linear map dy -> J(x)^T dy. A value that lives on the tape: it ends with the
 * tape's reset, or a rewind to before it, and borrows the numbers of x until then. */
typedef struct ad_pullback {
    ad_tensor value;    /* f(x), of any shape */
    const ad_tensor *x; /* [n], the tape's */
    int n;
} ad_pullback;

AD_API ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, const void *env, int n,
                                        const ad_view *x, ad_pullback *pullback);

/* dx[i] = J_i^T dy, with dy of the value's shape and type. As often as one likes. */
AD_API ad_status ad_pull(const ad_pullback *pullback, ad_view dy, ad_array *dx);

/* The same for `count` cotangents in one sweep: dx[i * count + j] = J_i^T dy[j]. */
AD_API ad_status ad_pulls(const ad_pullback *pullback, int count, const ad_view *dy, ad_array *dx);

/* The derivative of a function of one f64 number; NaN where it fails. The tape is its own. */
AD_API double ad_derivative(ad_function *f, double x, const void *env);

/* ---- forward, and forward over reverse ---------------------------------------------- */

/* y = f(x) and ty = J(x) tx. tx[i].data may be NULL for zeros. */
AD_API ad_status ad_jvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                        const ad_view *tx, ad_array *y, ad_array *ty);

/* The same in `count` directions in one pass: ty[j] = sum over i of J_i(x) tx[i * count + j]. */
AD_API ad_status ad_jvps(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x, int count,
                         const ad_view *tx, ad_array *y, ad_array *ty);

/* hvp[i] = sum over j of (d2f / dx[i] dx[j]) tx[j], for an f with a one-element result. */
AD_API ad_status ad_hvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                        const ad_view *tx, ad_array *hvp);

/* The same in `count` directions: hvp[i * count + j] is that along tx[0 * count + j], tx[1 * count + j], .... */
AD_API ad_status ad_hvps(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x, int count,
                         const ad_view *tx, ad_array *hvp);

/* ---- all derivatives ---------------------------------------------------------------- */

/* How a Jacobian is computed: a pass forward for each number of the operands, or a sweep back for each of
 * the result. AUTO takes what is fewer. */
typedef enum ad_mode { AD_MODE_AUTO, AD_MODE_FORWARD, AD_MODE_REVERSE } ad_mode;

/* jacobian[i] = dy / dx[i] for y = f(x): has y's axes, then x[i]'s, and x[i]'s type. y, unless NULL, receives
 * f(x). Several directions go in one pass, as many as 2 MiB hold, up to 64. AD_BAD_SHAPE where
 * the axes would be more than AD_MAX_RANK. */
AD_API ad_status ad_jacobian(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                             ad_mode mode, ad_array *jacobian);
AD_API ad_status ad_value_with_jacobian(ad_tape *t, ad_function *f, const void *env, int n,
                                        const ad_view *x, ad_mode mode, ad_array *y,
                                        ad_array *jacobian);

/* hessian[i * n + j] = d2f / dx[i] dx[j], for an f with a one-element result: has x[i]'s axes, then x[j]'s,
 * and x[j]'s type. Forward over reverse: as many passes and sweeps as the operands have numbers,
 * several at a time as above. Symmetric to rounding. value and gradient, [n], receive those of f at x
 * from the same evaluation, unless NULL. */
AD_API ad_status ad_hessian(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                            ad_array *hessian);
AD_API ad_status ad_value_with_hessian(ad_tape *t, ad_function *f, const void *env, int n,
                                       const ad_view *x, double *value, ad_array *gradient,
                                       ad_array *hessian);

/* diagonal[i] = the second derivatives by each number of x[i] alone, of its shape and type. Exact, and
 * so it takes the time of the Hessian; but not its memory. */
AD_API ad_status ad_hessian_diagonal(ad_tape *t, ad_function *f, const void *env, int n,
                                     const ad_view *x, ad_array *diagonal);

/* ---- functions inside functions ------------------------------------------------------ */

/* These make values of the tape that x is on, in the middle of a formula. f is evaluated aside, on a tape
 * of its own, now and again in each sweep, so it must be a function of its operands and env alone:
 * what else it needs of the outer tape are further operands, and other numbers, which env leads to, it
 * freezes on the tape that it is given. env is borrowed until the tape is reset, with all that f reads
 * there; ad_tape_memory has room for one. AD_CHANGED in a sweep where f gives another value than
 * before. A failure of f has the message of its operation, under this one's name. */

/* f(x), of one element, as a rank-0 value, and gradient[i] = df / dx[i] for the first `wrt` of n
 * operands, differentiable in all of them: what flows back is a Hessian-vector product,
 *
 *     dx[j] += sum over i of (d2f / dx[j] dx[i]) dgradient[i] + (df / dx[j]) dvalue
 *
 * for penalties on gradients, and for steps of training inside of functions (MAML). All float operands, and
 * f, have one float type; the operands that are not differentiated by may be of other types. gradient may
 * be x itself. Nests. A dgradient[i] of zeros takes no second derivatives. AD_NO_DERIVATIVE, with the name,
 * from a sweep over an operation without second derivatives, and from a second-order sweep over such a
 * gradient: it would take third ones. */
AD_API ad_tensor ad_gradient_node(ad_function *f, const void *env, int n, const ad_tensor *x, int wrt,
                                  ad_tensor *gradient);

/* f(x) with another derivative: pullback sets dx[i], of x[i]'s type and shape, for the cotangent dy of
 * the value y = f(x). It computes with tensors, as f does, and should be linear in dy; ad_number(0)
 * stands for zeros, and dx of what is no float is ignored. jvp and second derivatives are those of this
 * pullback, as far as its operations have the like. (JAX's custom_vjp.) */
typedef void ad_pullback_function(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                                  const void *env, ad_tensor *dx);

AD_API ad_tensor ad_with_derivative(ad_function *f, ad_pullback_function *pullback, const void *env,
                                    int n, const ad_tensor *x);

/* ---- checkpoints: less memory for more time ------------------------------------------ */

/* Functions inside functions as well (see there), whose values in between are not kept: a sweep evaluates
 * them again, piece by piece, so that the tape holds no more than one piece at a time. Random
 * operations draw the same numbers again. All checkpoints of a tape share the memory of its inner
 * tapes; a sweep in slices takes each of them as one operation. docs/checkpointing.md has figures. */

/* f(x) of n operands, any shape and float type, keeping the result alone. Costs one more evaluation of f
 * in the sweep. Nests. Its gradients are those of f itself, added up by operand before they join
 * others. AD_NO_DERIVATIVE in a sweep where f's value depends on an operand only through operations
 * without derivative: stop its gradient (ad_stop_gradient) to say that this is meant. */
AD_API ad_tensor ad_checkpoint(ad_function *f, const void *env, int n, const ad_tensor *x);

/* A step of a loop: sets next[k], of state[k]'s type and shape, to the states after step i. x are the
 * operands that are the same in all steps. */
typedef void ad_step_function(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                              const void *env, ad_tensor *next);

/* The states after so many steps of a loop from x[0], ..., x[states - 1], which have one float type; the
 * other operands, x[states], ..., x[n - 1], are given to each step. result[k], unless result is NULL,
 * becomes state k (it may be x itself); returns state 0.
 *
 * Keeps the operands and the states before up to `snapshots` of the steps, and nothing else: a sweep takes
 * steps again between them, as few as possible (Griewank and Walther 2000, "Algorithm 799: revolve").
 * With s snapshots no step of (s + 1 + r)! / ((s + 1)! r!) is taken more than r times before it is swept.
 * A second sweep takes a loop's worth of steps more, a second-order one takes as much memory again
 * while it lasts.
 *
 * A loss of all states is a state that they are added to. Data that a step reads, row i of a sequence, is
 * best frozen there from what env leads to: the gradient of an operand is as large as the operand in every
 * step. Failures name the step. AD_MISUSE: negative numbers, no states. */
AD_API ad_tensor ad_checkpoint_loop(ad_step_function *step, const void *env, int64_t steps,
                                    int64_t snapshots, int n, const ad_tensor *x, int states,
                                    ad_tensor *result);

#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
static inline AD_UNUSED ad_tensor ad_checkpoint_at_line(const char *source_line, ad_function *f, const void *env,
                                                   int n, const ad_tensor *x)
{
    return ad_checkpoint(f, env, n, ad_tensors_at_line(x, n, source_line));
}
static inline AD_UNUSED ad_tensor ad_checkpoint_loop_at_line(const char *source_line, ad_step_function *step,
                                                        const void *env, int64_t steps,
                                                        int64_t snapshots, int n,
                                                        const ad_tensor *x, int states,
                                                        ad_tensor *result)
{
    return ad_checkpoint_loop(step, env, steps, snapshots, n, ad_tensors_at_line(x, n, source_line), states,
                              result);
}
#define ad_checkpoint(...) ad_checkpoint_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_checkpoint_loop(...) ad_checkpoint_loop_at_line(AD_SOURCE_LINE, __VA_ARGS__)
static inline AD_UNUSED ad_tensor ad_gradient_node_at_line(const char *source_line, ad_function *f,
                                                      const void *env, int n, const ad_tensor *x,
                                                      int wrt, ad_tensor *gradient)
{
    return ad_gradient_node(f, env, n, ad_tensors_at_line(x, n, source_line), wrt, gradient);
}
static inline AD_UNUSED ad_tensor ad_with_derivative_at_line(const char *source_line, ad_function *f,
                                                        ad_pullback_function *pullback,
                                                        const void *env, int n, const ad_tensor *x)
{
    return ad_with_derivative(f, pullback, env, n, ad_tensors_at_line(x, n, source_line));
}
#define ad_gradient_node(...) ad_gradient_node_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_with_derivative(...) ad_with_derivative_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

/* ---- tests of numbers --------------------------------------------------------------- */

/* AD_DIFFERENT, with the worst element in the message, unless all |a| < tolerance. NaN
 * is not near zero. ad_test_same compares types and shapes first, so that broadcasting hides nothing. */
AD_API ad_status ad_test_near_zero(ad_view a, double tolerance, ad_error *error);
AD_API ad_status ad_test_same(ad_view a, ad_view b, double tolerance, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
