/* Functions of functions: gradient, pullback, jvp, Hessian-vector product, Jacobian, Hessian.
 *
 * Each evaluates f on the given tape, above the values that the tape holds, and leaves the tape
 * as it was. (A pullback stays on the tape.) Results are written only if everything succeeds. An
 * empty result array is allocated, by the C library or by the allocator in its own field, and is
 * yours to free; any other must have the right shape and type. A failure also stays on the tape,
 * with its message.
 *
 * Arguments always stand in this order: the tape, the function, its n operands x, other inputs,
 * env, the results. functions.h has functions to use in the middle of a formula. */
#ifndef ADZE_DERIVATIVES_H
#define ADZE_DERIVATIVES_H

#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of the tensors x[0], x[1], ... and of the data that env points to. Compute with the
 * operands. Put further leaves on the tape t. The result must be a live tensor of that tape:
 * AD_FOREIGN if it is a plain number or belongs to another tape, AD_STALE if it is dead or the
 * function has rewound over it. Functions may call these functions in turn; AD_MISUSE if they call
 * each other more than 100 deep. */
typedef ad_tensor ad_function(ad_tape *t, const ad_tensor *x, const void *env);

/* ---- reverse ------------------------------------------------------------------------ */

/* gradient[i] = df / dx[i] for each of n operands. The result of f must have one element. */
AD_API ad_status ad_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                             ad_array *gradient);

/* Computes the gradient and f(x). value may be NULL. */
AD_API ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        const void *env, double *value, ad_array *gradient);

/* Computes the mean of f over all rows of the data, and its gradient by the n operands, slice by
 * slice: what ad_model_value_with_gradient_over_rows (model.h) does for models and describes in full.
 * f gets the operands as x[0], ..., x[n - 1], then the slice's rows of each of the `inputs` data,
 * frozen, as x[n], x[n + 1], .... options and value may be NULL. */
AD_API ad_status ad_value_with_gradient_over_rows(ad_tape *t, ad_function *f, int n,
                                                  const ad_view *x, int inputs, const ad_view *data,
                                                  const ad_rows_options *options, const void *env,
                                                  double *value, ad_array *gradient);

/* f(x), and the linear map dy -> J(x)^T dy. It lives on the tape until a reset, or a rewind to
 * before it, and borrows the numbers of x until then. */
typedef struct ad_pullback {
    ad_tensor value;    /* f(x), of any shape */
    const ad_tensor *x; /* [n], the tape's */
    int n;
} ad_pullback;

AD_API ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        const void *env, ad_pullback *pullback);

/* dx[i] = J_i^T dy, for a dy of the value's shape and type. Call it as often as you like. */
AD_API ad_status ad_pull(const ad_pullback *pullback, ad_view dy, ad_array *dx);

/* Pulls `count` cotangents back in one sweep: dx[i * count + j] = J_i^T dy[j]. */
AD_API ad_status ad_pull_many(const ad_pullback *pullback, int count, const ad_view *dy,
                              ad_array *dx);

/* The derivative of a function of one f64 number at x; NaN if it fails. Makes a tape
 * of its own. */
AD_API double ad_derivative(ad_function *f, double x, const void *env);

/* ---- forward, and forward over reverse ---------------------------------------------- */

/* y = f(x) and ty = J(x) tx. tx[i].data may be NULL for zeros. */
AD_API ad_status ad_jvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                        const void *env, ad_array *y, ad_array *ty);

/* Takes `count` directions in one pass: ty[j] = sum over i of J_i(x) tx[i * count + j]. */
AD_API ad_status ad_jvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                             const ad_view *tx, const void *env, ad_array *y, ad_array *ty);

/* hvp[i] = sum over j of (d2f / dx[i] dx[j]) tx[j]. The result of f must have one element. */
AD_API ad_status ad_hvp(ad_tape *t, ad_function *f, int n, const ad_view *x, const ad_view *tx,
                        const void *env, ad_array *hvp);

/* Takes `count` directions: hvp[i * count + j] is the product along direction j, whose tangents
 * are tx[0 * count + j], tx[1 * count + j], .... */
AD_API ad_status ad_hvp_many(ad_tape *t, ad_function *f, int n, const ad_view *x, int count,
                             const ad_view *tx, const void *env, ad_array *hvp);

/* ---- all derivatives ---------------------------------------------------------------- */

/* How a Jacobian is computed: forward, with a pass for each number of the operands, or in reverse,
 * with a sweep for each number of the result. AUTO takes the mode that needs fewer. */
typedef enum ad_mode { AD_MODE_AUTO, AD_MODE_FORWARD, AD_MODE_REVERSE } ad_mode;

/* jacobian[i] = dy / dx[i] for y = f(x). It has the axes of y, then those of x[i], and the type of
 * x[i]. One pass takes as many directions as fit into 2 MiB, up to 64. AD_BAD_SHAPE if there would
 * be more than AD_MAX_RANK axes. */
AD_API ad_status ad_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x, ad_mode mode,
                             const void *env, ad_array *jacobian);

/* Computes the Jacobian and y = f(x). y may be NULL. */
AD_API ad_status ad_value_with_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                        ad_mode mode, const void *env, ad_array *y,
                                        ad_array *jacobian);

/* hessian[i * n + j] = d2f / dx[i] dx[j]. It has the axes of x[i], then those of x[j], and the type
 * of x[j]. The result of f must have one element. Symmetric to rounding. Forward over reverse: a
 * direction for each number of the operands, as many in one pass as fit into 2 MiB, up to 64. */
AD_API ad_status ad_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                            ad_array *hessian);

/* Computes the Hessian, f(x), and gradient[i] = df / dx[i]. value and gradient may be NULL. */
AD_API ad_status ad_value_with_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                       const void *env, double *value, ad_array *gradient,
                                       ad_array *hessian);

/* diagonal[i] has the shape and type of x[i]; each of its numbers is the second derivative
 * of f by the corresponding number of x[i]. Exact, so it takes the time of the whole Hessian,
 * but not its memory. */
AD_API ad_status ad_hessian_diagonal(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                     const void *env, ad_array *diagonal);

#ifdef __cplusplus
}
#endif

#endif
