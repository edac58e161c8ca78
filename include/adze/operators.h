/* Functions of functions: gradient, pullback, jvp, Hessian-vector product.
 *
 * Each evaluates f on the tape that it is given, above whatever the tape holds, and leaves the
 * tape as it was (a pullback excepted: it lives on the tape). Results are written only if all
 * went well. Result arrays that hold nothing are allocated, by the C library or as their own
 * allocator field says, and are yours to free; others must have the right shape and type. A failure
 * also sticks to the tape, with its message. */
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

/* The derivative of a function of one f64 number; NaN where it fails. The tape is its own. */
AD_API double ad_derivative(ad_function *f, double x, const void *env);

/* ---- forward, and forward over reverse ---------------------------------------------- */

/* y = f(x) and ty = J(x) tx. tx[i].data may be NULL for zeros. */
AD_API ad_status ad_jvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                        const ad_view *tx, ad_array *y, ad_array *ty);

/* hvp[i] = sum over j of (d2f / dx[i] dx[j]) tx[j], for an f with a one-element result. */
AD_API ad_status ad_hvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                        const ad_view *tx, ad_array *hvp);

/* ---- tests of numbers --------------------------------------------------------------- */

/* AD_DIFFERENT, with the worst element in the message, unless all |a| < tolerance. NaN
 * is not near zero. ad_test_same compares types and shapes first, so that broadcasting hides nothing. */
AD_API ad_status ad_test_near_zero(ad_view a, double tolerance, ad_error *error);
AD_API ad_status ad_test_same(ad_view a, ad_view b, double tolerance, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
