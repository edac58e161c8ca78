/* Functions of functions: gradient, pullback, jvp, Hessian-vector product, Jacobian, Hessian.
 *
 * Each evaluates f on the tape that it is given, above whatever the tape holds, and leaves the tape
 * as it was, except that a pullback lives on the tape. Results are written only if all went well. A
 * result array that holds nothing is allocated, by the C library or by the allocator in its own
 * field, and is yours to free; any other must have the right shape and type. A failure also stays
 * on the tape, with its message.
 *
 * Arguments stand in one order everywhere: the tape, the function, its operands (n of them, x),
 * what is to be done with them, env, the results. Functions in the middle of a formula are in
 * functions.h. */
#ifndef ADZE_DERIVATIVES_H
#define ADZE_DERIVATIVES_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of tensors: x[0], x[1], ... and whatever env points to. Compute on the operands; the
 * tape is there for further leaves. */
typedef ad_tensor ad_function(ad_tape *t, const ad_tensor *x, const void *env);

/* ---- reverse ------------------------------------------------------------------------ */

/* gradient[i] = df / dx[i], for an f with a one-element result and n operands. value, unless NULL,
 * receives f(x). */
AD_API ad_status ad_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                             ad_array *gradient);
AD_API ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        const void *env, double *value, ad_array *gradient);

/* f(x), and the linear map dy -> J(x)^T dy. A value that lives on the tape: it ends with the tape's
 * reset, or a rewind to before it, and borrows the numbers of x until then. */
typedef struct ad_pullback {
    ad_tensor value;    /* f(x), of any shape */
    const ad_tensor *x; /* [n], the tape's */
    int n;
} ad_pullback;

AD_API ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        const void *env, ad_pullback *pullback);

/* dx[i] = J_i^T dy, with dy of the value's shape and type. As often as one likes. */
AD_API ad_status ad_pull(const ad_pullback *pullback, ad_view dy, ad_array *dx);

/* The same for `count` cotangents in one sweep: dx[i * count + j] = J_i^T dy[j]. */
AD_API ad_status ad_pull_many(const ad_pullback *pullback, int count, const ad_view *dy,
                              ad_array *dx);

/* The derivative of a function of one f64 number; NaN where it fails. The tape is its own. */
AD_API double ad_derivative(ad_function *f, double x, const void *env);

/* ---- forward, and forward over reverse ---------------------------------------------- */

/* y = f(x) and ty = J(x) tx. tx[i].data may be NULL for zeros. */
AD_API ad_status ad_jvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                        const void *env, ad_array *y, ad_array *ty);

/* The same in `count` directions in one pass: ty[j] = sum over i of J_i(x) tx[i * count + j]. */
AD_API ad_status ad_jvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                             const ad_view *tx, const void *env, ad_array *y, ad_array *ty);

/* hvp[i] = sum over j of (d2f / dx[i] dx[j]) tx[j], for an f with a one-element result. */
AD_API ad_status ad_hvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                        const void *env, ad_array *hvp);

/* The same in `count` directions: hvp[i * count + j] is that along tx[0 * count + j], tx[1 * count
 * + j], .... */
AD_API ad_status ad_hvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                             const ad_view *tx, const void *env, ad_array *hvp);

/* ---- all derivatives ---------------------------------------------------------------- */

/* How a Jacobian is computed: a pass forward for each number of the operands, or a sweep back for
 * each of the result. AUTO takes whichever are fewer. */
typedef enum ad_mode { AD_MODE_AUTO, AD_MODE_FORWARD, AD_MODE_REVERSE } ad_mode;

/* jacobian[i] = dy / dx[i] for y = f(x): has y's axes, then x[i]'s, and x[i]'s type. y, unless
 * NULL, receives f(x). Several directions go in one pass, as many as 2 MiB hold, up to 64.
 * AD_BAD_SHAPE where the axes would be more than AD_MAX_RANK. */
AD_API ad_status ad_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x, ad_mode mode,
                             const void *env, ad_array *jacobian);
AD_API ad_status ad_value_with_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        ad_mode mode, const void *env, ad_array *y,
                                        ad_array *jacobian);

/* hessian[i * n + j] = d2f / dx[i] dx[j], for an f with a one-element result: has x[i]'s axes, then
 * x[j]'s, and x[j]'s type. Forward over reverse: as many passes and sweeps as the operands have
 * numbers, several at a time as above. Symmetric to rounding. value and gradient, [n], receive
 * those of f at x from the same evaluation, unless NULL. */
AD_API ad_status ad_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                            ad_array *hessian);
AD_API ad_status ad_value_with_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                       const void *env, double *value, ad_array *gradient,
                                       ad_array *hessian);

/* diagonal[i] = the second derivatives by each number of x[i] alone, of its shape and type. Exact,
 * and so it takes the time of the Hessian; but not its memory. */
AD_API ad_status ad_hessian_diagonal(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                     const void *env, ad_array *diagonal);

#ifdef __cplusplus
}
#endif

#endif
