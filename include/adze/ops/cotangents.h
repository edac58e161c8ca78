/* Operations that return x and change, or show, the cotangent that flows back to it.
 *
 * The result is a view of x: nothing is copied. */
#ifndef ADZE_OPS_COTANGENTS_H
#define ADZE_OPS_COTANGENTS_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- cotangents --------------------------------------------------------------------- */

/* x, as a constant: nothing flows back through it, and no tangent goes on. */
AD_API ad_tensor ad_stop_gradient(ad_tensor x);

/* x, with dx = factor dy: the derivative is declared to be the factor, in both modes and in second
 * derivatives. A factor of -1 reverses the gradient. */
AD_API ad_tensor ad_scale_gradient(ad_tensor x, double factor);

/* y, with the derivative of x: dx = dy, and nothing flows back to y. Serves roundings:
 * ad_straight_through(x, ad_round(x)). AD_BAD_SHAPE unless x and y have the same shape. */
AD_API ad_tensor ad_straight_through(ad_tensor x, ad_tensor y);

/* x, with each element of its cotangent clipped: dx = min(max(dy, low), high). A NaN stays.
 * Tangents pass unchanged, so clipping is not the derivative of any function, and a Jacobian by
 * rows differs from one by columns. A second-order sweep gives the derivative of the clipped
 * gradient. AD_MISUSE for low > high and for NaN. */
AD_API ad_tensor ad_clip_gradient(ad_tensor x, double low, double high);

/* x, with its cotangent scaled down to a 2-norm of at most max_norm. If the norm of the cotangent
 * is not finite, all of dx becomes NaN. Tangents pass unchanged, so clipping is not the derivative
 * of any function, and a Jacobian by rows differs from one by columns. A second-order sweep gives
 * the derivative of the clipped gradient. AD_MISUSE for max_norm < 0 and for NaN. */
AD_API ad_tensor ad_clip_gradient_norm(ad_tensor x, double max_norm);

/* What a hook is given. A second-order sweep calls the hook twice: in the second call dx holds the
 * tangent of the cotangent, and `cotangent` the cotangent itself, as it came. A hook that changes
 * the cotangent must change its tangent accordingly, or return AD_NO_DERIVATIVE. */
typedef struct ad_cotangent {
    ad_view x;         /* the value */
    ad_array dx;       /* its cotangent, row by row: read it, or change its numbers */
    ad_view cotangent; /* data is NULL in the first call */
} ad_cotangent;

/* Must not use the tape. Any status but AD_OK makes the sweep fail with it. */
typedef ad_status ad_cotangent_hook(void *user, const ad_cotangent *c);

/* x, with a hook: every sweep calls it once the cotangent of the result is complete, and goes on
 * with the numbers that it leaves in dx. If nothing flows back, the hook is not called. Of several
 * hooks, the one recorded last is called first. Tangents pass unchanged. user is borrowed.
 * AD_MISUSE if hook is NULL. */
AD_API ad_tensor ad_on_cotangent(ad_tensor x, ad_cotangent_hook *hook, void *user);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
