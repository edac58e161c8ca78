/* The operations, one line each where the formula says it all.
 *
 * Float operands have one type, f32 or f64, and so has the result: mixing them is an error,
 * ad_cast converts. Shapes broadcast as in NumPy unless said otherwise: trailing axes are aligned
 * and must be equal or 1. Negative axes count from the end.
 *
 * Arguments stand in one order: operands first, then the axis or the axes, then other attributes, and the
 * results last where they are written to memory of the caller's. A list of operands is its length and its
 * pointer: n, x. In C the operations of two operands take
 * plain numbers as well: ad_mul(x, 2), ad_sub(1, p). Every operation may fail as tape.h says. */
#ifndef ADZE_OPS_H
#define ADZE_OPS_H

#include "adze/random.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise, one operand ------------------------------------------------------- */

AD_API ad_tensor ad_neg(ad_tensor x);        /* -x */
AD_API ad_tensor ad_abs(ad_tensor x);        /* |x|; derivative 0 at 0 */
AD_API ad_tensor ad_sign(ad_tensor x);       /* -1, 0 or 1; derivative 0, as of the next four */
AD_API ad_tensor ad_ceil(ad_tensor x);       /* the least integer not below x */
AD_API ad_tensor ad_floor(ad_tensor x);      /* the greatest integer not above x */
AD_API ad_tensor ad_round(ad_tensor x);      /* to the nearest integer, halves to the even one */
AD_API ad_tensor ad_trunc(ad_tensor x);      /* towards 0 */
AD_API ad_tensor ad_square(ad_tensor x);     /* x x */
AD_API ad_tensor ad_sqrt(ad_tensor x);       /* derivative at 0: +inf, but 0 for a cotangent of 0 */
AD_API ad_tensor ad_rsqrt(ad_tensor x);      /* 1 / sqrt(x) */
AD_API ad_tensor ad_cbrt(ad_tensor x);       /* the cube root, of either sign; at 0 as sqrt */
AD_API ad_tensor ad_reciprocal(ad_tensor x); /* 1 / x */
AD_API ad_tensor ad_powi(ad_tensor x, int n); /* x^n by multiplications; 1 for n = 0 */
AD_API ad_tensor ad_exp(ad_tensor x);        /* e^x */
AD_API ad_tensor ad_exp2(ad_tensor x);       /* 2^x */
AD_API ad_tensor ad_expm1(ad_tensor x);      /* exp(x) - 1, exact for small x */
AD_API ad_tensor ad_log(ad_tensor x);        /* natural; derivative at 0 as sqrt */
AD_API ad_tensor ad_log2(ad_tensor x);       /* to base 2 */
AD_API ad_tensor ad_log10(ad_tensor x);      /* to base 10 */
AD_API ad_tensor ad_log1p(ad_tensor x);      /* log(1 + x), exact for small x */

AD_API ad_tensor ad_sin(ad_tensor x);        /* of x in radians, as the next two */
AD_API ad_tensor ad_cos(ad_tensor x);        /* cosine */
AD_API ad_tensor ad_tan(ad_tensor x);        /* tangent */
AD_API ad_tensor ad_asin(ad_tensor x);       /* within -pi/2 and pi/2; at -1 and 1 as sqrt at 0 */
AD_API ad_tensor ad_acos(ad_tensor x);       /* within 0 and pi; at -1 and 1 as sqrt at 0 */
AD_API ad_tensor ad_atan(ad_tensor x);       /* within -pi/2 and pi/2 */
AD_API ad_tensor ad_sinh(ad_tensor x);       /* (e^x - e^-x) / 2 */
AD_API ad_tensor ad_cosh(ad_tensor x);       /* (e^x + e^-x) / 2 */
AD_API ad_tensor ad_tanh(ad_tensor x);       /* sinh(x) / cosh(x) */
AD_API ad_tensor ad_asinh(ad_tensor x);      /* log(x + sqrt(x^2 + 1)) */
AD_API ad_tensor ad_acosh(ad_tensor x);      /* log(x + sqrt(x^2 - 1)) for x >= 1; at 1 as sqrt at 0 */
AD_API ad_tensor ad_atanh(ad_tensor x);      /* log((1 + x) / (1 - x)) / 2; infinite at -1 and 1 */

AD_API ad_tensor ad_erf(ad_tensor x);        /* 2 / sqrt(pi) times the integral of exp(-t^2) to x */
AD_API ad_tensor ad_erfc(ad_tensor x);       /* 1 - erf(x), without cancellation */
AD_API ad_tensor ad_lgamma(ad_tensor x);     /* log |gamma(x)| */
AD_API ad_tensor ad_digamma(ad_tensor x);    /* its derivative; NaN at negative integers */

/* Activations. None overflows; derivatives at kinks are 0; NaN stays NaN. */
AD_API ad_tensor ad_sigmoid(ad_tensor x);      /* 1 / (1 + exp(-x)) */
AD_API ad_tensor ad_log_sigmoid(ad_tensor x);  /* log(sigmoid(x)) = min(x, 0) - log1p(exp(-|x|)) */
AD_API ad_tensor ad_softplus(ad_tensor x);     /* log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)) */
AD_API ad_tensor ad_softsign(ad_tensor x);     /* x / (1 + |x|) */
AD_API ad_tensor ad_relu(ad_tensor x);         /* max(x, 0) */
AD_API ad_tensor ad_relu6(ad_tensor x);        /* min(max(x, 0), 6) */
AD_API ad_tensor ad_elu(ad_tensor x);          /* x for x > 0, else exp(x) - 1; slope 1 at 0 */
AD_API ad_tensor ad_selu(ad_tensor x);         /* scale (x for x > 0, else alpha (exp(x) - 1)) with
                                                  scale 1.0507... and alpha 1.6732... */
AD_API ad_tensor ad_silu(ad_tensor x);         /* x sigmoid(x), known as swish, too */
AD_API ad_tensor ad_gelu(ad_tensor x);         /* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
AD_API ad_tensor ad_gelu_erf(ad_tensor x);     /* x (1 + erf(x / sqrt(2))) / 2 */
AD_API ad_tensor ad_mish(ad_tensor x);         /* x tanh(softplus(x)) */
AD_API ad_tensor ad_hard_sigmoid(ad_tensor x); /* relu6(x + 3) / 6 */
AD_API ad_tensor ad_hard_tanh(ad_tensor x);    /* min(max(x, -1), 1) */

/* Masks: of any number type, and of masks. */
AD_API ad_tensor ad_isfinite(ad_tensor x);
AD_API ad_tensor ad_isinf(ad_tensor x);
AD_API ad_tensor ad_isnan(ad_tensor x);
AD_API ad_tensor ad_logical_not(ad_tensor x);

/* ---- elementwise, two operands ------------------------------------------------------ */

/* One row is one operation: ad_add(a, b) and so on. */
#define AD_BINARY_LIST(ROW)                                                                \
    ROW(add)           /* a + b */                                                         \
    ROW(sub)           /* a - b */                                                         \
    ROW(mul)           /* a b */                                                           \
    ROW(div)           /* a / b, as IEEE 754 */                                            \
    ROW(pow)           /* a^b; da = b a^(b-1), 0 at b = 0; db = y log a, 0 for a <= 0 */   \
    ROW(maximum)       /* ties: all of the gradient to a; NaN propagates */                \
    ROW(minimum)       /* the same */                                                      \
    ROW(hypot)         /* sqrt(a^2 + b^2), without overflow; gradient 0 at the origin */   \
    ROW(atan2)         /* the angle of the point (b, a); gradient 0 at the origin */       \
    ROW(fmod)          /* a - b trunc(a / b), exactly; it has the sign of a */             \
    ROW(leaky_relu)    /* a for a > 0, else b a: b is the slope, often a plain number */   \
    ROW(celu)          /* a for a > 0, else b (exp(a / b) - 1), for b > 0 */               \
    ROW(equal)         /* a == b; comparisons give masks (bool), of any number type */   \
    ROW(not_equal)     /* a != b; they have no derivative */                               \
    ROW(less)          /* a < b */                                                         \
    ROW(less_equal)    /* a <= b */                                                        \
    ROW(greater)       /* a > b */                                                         \
    ROW(greater_equal) /* a >= b */                                                        \
    ROW(logical_and)   /* of masks, as the next two: both */                               \
    ROW(logical_or)    /* at least one */                                                  \
    ROW(logical_xor)   /* exactly one */

#define AD_BINARY_DECLARATION(name) AD_API ad_tensor ad_##name(ad_tensor a, ad_tensor b);
AD_BINARY_LIST(AD_BINARY_DECLARATION)
#undef AD_BINARY_DECLARATION

/* a where mask, b elsewhere; all three broadcast. The branch not taken receives an exact
 * 0, whatever its derivative is. a and b may be of any one number type. */
AD_API ad_tensor ad_where(ad_tensor mask, ad_tensor a, ad_tensor b);

/* Three operands, which broadcast; differentiable in each. clamp is
 * minimum(maximum(x, low), high), with all of the gradient to x where it is at a bound. lerp is
 * a + t (b - a), exactly a at t = 0 and b at t = 1. muladd is a b + c, rounded twice. */
AD_API ad_tensor ad_clamp(ad_tensor x, ad_tensor low, ad_tensor high);
AD_API ad_tensor ad_lerp(ad_tensor a, ad_tensor b, ad_tensor t);
AD_API ad_tensor ad_muladd(ad_tensor a, ad_tensor b, ad_tensor c);

/* Converts numbers. Differentiable between f32 and f64. To integers: towards zero, out of range
 * to the nearest end, NaN to 0; to bool: x != 0. */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);

/* x, but a constant to the sweeps: nothing flows back through it. */
AD_API ad_tensor ad_stop_gradient(ad_tensor x);

/* ---- cotangents --------------------------------------------------------------------- */
/* Each gives x, as a free view, and changes or shows what flows back to it. */

/* dx = factor dy: the derivative is declared to be the factor, in both modes and in second
 * derivatives. -1 reverses the gradient. */
AD_API ad_tensor ad_scale_gradient(ad_tensor x, double factor);

/* y, with the derivative that x itself has: nothing flows back to y. For roundings and the like,
 * ad_straight_through(x, ad_round(x)). x and y have one shape; else AD_BAD_SHAPE. */
AD_API ad_tensor ad_straight_through(ad_tensor x, ad_tensor y);

/* dx = dy with each element held within the bounds, or dy scaled down to where
 * its 2-norm is no more than max_norm. What is not finite is not clipped: NaN stays, and a norm that is not
 * finite makes all NaN. Tangents (ad_jvp) pass as they are: these are no derivatives of a function, and
 * rows and columns of a Jacobian differ. A sweep of second order gives the derivative of the clipped
 * gradient. AD_MISUSE for low > high, max_norm < 0 and NaN. */
AD_API ad_tensor ad_clip_gradient(ad_tensor x, double low, double high);
AD_API ad_tensor ad_clip_gradient_norm(ad_tensor x, double max_norm);

/* What a hook sees of a cotangent. */
typedef struct ad_cotangent {
    ad_view x;   /* the value */
    ad_array dx; /* its cotangent, row by row: look at it, or change its numbers */
    ad_view of;  /* data is NULL, but in a sweep of second order the hook is called again, with the
                    derivative along the tangents in dx, and here the cotangent as it had come: who
                    changes the one must change the other likewise, or return AD_NO_DERIVATIVE */
} ad_cotangent;

/* Must not use the tape. Any status but AD_OK fails the sweep with it. */
typedef ad_status ad_cotangent_hook(void *user, const ad_cotangent *c);

/* Every sweep calls hook once the cotangent of the result is complete, and goes on with what it left
 * there; not at all where nothing flows back. Of several hooks the one recorded last is called first.
 * Tangents pass as they are. user is borrowed. AD_MISUSE for no hook. */
AD_API ad_tensor ad_on_cotangent(ad_tensor x, ad_cotangent_hook *hook, void *user);

/* ---- products ----------------------------------------------------------------------- */

/* [..., m, k] x [..., k, n] -> [..., m, n]; the axes before the last two broadcast. */
AD_API ad_tensor ad_matmul(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_matvec(ad_tensor a, ad_tensor x); /* [..., m, n] x [..., n] -> [..., m] */
AD_API ad_tensor ad_dot(ad_tensor a, ad_tensor b);    /* [n], [n] -> []: sum of a b */
AD_API ad_tensor ad_outer(ad_tensor a, ad_tensor b);  /* [m], [n] -> [m, n]: a[i] b[j] */

typedef enum ad_activation {
    AD_IDENTITY,
    AD_RELU,
    AD_TANH,
    AD_SIGMOID,
    AD_ACTIVATION_COUNT
} ad_activation;

/* A layer in one operation: activation(x w + b), with x [n, inputs], w [inputs, outputs],
 * b [outputs] -> [n, outputs]. The same numbers as the operations one by one. */
AD_API ad_tensor ad_dense(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation);

/* ---- reductions --------------------------------------------------------------------- */

/* A list of axes. AD_AXES(0, -1) names the first and the last, AD_AXES() all of them. A reduction drops
 * the axes of AD_AXES and keeps those of AD_KEEP at extent 1. Errors: AD_BAD_SHAPE for an axis out of range
 * or named twice, AD_MISUSE for more than AD_MAX_RANK. */
typedef struct ad_axes {
    int count; /* 0: all axes */
    int axis[AD_MAX_RANK];
    bool keep; /* read by reductions only */
} ad_axes;

/* The same axes, kept by a reduction. */
static inline AD_UNUSED ad_axes ad_axes_kept(ad_axes axes)
{
    axes.keep = true;
    return axes;
}

#ifdef __cplusplus
} /* extern "C" */
template <typename... Axes> constexpr ad_axes ad_axes_of(Axes... axes)
{
    static_assert(sizeof...(axes) <= AD_MAX_RANK, "too many axes");
    return ad_axes{(int)sizeof...(axes), {(int)axes...}, false};
}
#define AD_AXES(...) ad_axes_of(__VA_ARGS__)
extern "C" {
#else
/* Of a list whose first number does not count: C has no list without numbers. */
static inline AD_UNUSED ad_axes ad_axes_of(size_t length, const int *list)
{
    ad_axes axes = {.count = (int)length - 1};
    for (size_t i = 1; i < length && i <= AD_MAX_RANK; i++)
        axes.axis[i - 1] = list[i];
    return axes;
}
#define AD_AXES(...) ad_axes_of(sizeof((int[]){0, __VA_ARGS__}) / sizeof(int), (int[]){0, __VA_ARGS__})
#endif
#define AD_KEEP(...) ad_axes_kept(AD_AXES(__VA_ARGS__))

/* ad_sum(x) reduces over all axes, ad_sum_over(x, AD_AXES(-1)) over the last one, which it drops, and
 * ad_sum_over(x, AD_KEEP(-1)) keeps it at extent 1; so do all others. Accumulated in f64 whatever the type. */
AD_API ad_tensor ad_sum(ad_tensor x); /* empty: 0 */
AD_API ad_tensor ad_sum_over(ad_tensor x, ad_axes axes);

AD_API ad_tensor ad_mean(ad_tensor x); /* empty: NaN */
AD_API ad_tensor ad_mean_over(ad_tensor x, ad_axes axes);

/* sum((x - mean)^2) / (n - ddof), in two passes. ddof 0 is the population's variance, which
 * ad_variance computes; 1 the sample's unbiased estimate. */
AD_API ad_tensor ad_variance(ad_tensor x);
AD_API ad_tensor ad_variance_over(ad_tensor x, ad_axes axes, int ddof);

/* The square root of the variance; gradient 0 where all elements are equal. */
AD_API ad_tensor ad_std(ad_tensor x);
AD_API ad_tensor ad_std_over(ad_tensor x, ad_axes axes, int ddof);

typedef struct ad_moments_pair {
    ad_tensor mean, variance;
} ad_moments_pair;

/* Both at once: mean and variance. */
AD_API ad_moments_pair ad_moments(ad_tensor x);
AD_API ad_moments_pair ad_moments_over(ad_tensor x, ad_axes axes, int ddof);

/* The product; empty: 1. Gradients are exact where factors are 0: nothing is divided by one. */
AD_API ad_tensor ad_prod(ad_tensor x);
AD_API ad_tensor ad_prod_over(ad_tensor x, ad_axes axes);

/* (sum |x|^p)^(1/p) for p > 0, without overflow; p = INFINITY is the greatest |x|, where ties
 * share the gradient. Gradient 0 where all x are 0. */
AD_API ad_tensor ad_norm(ad_tensor x, double p);
AD_API ad_tensor ad_norm_over(ad_tensor x, ad_axes axes, double p);

/* Ties share the gradient evenly; NaN propagates; empty: AD_BAD_SHAPE. Any number type. */
AD_API ad_tensor ad_max(ad_tensor x);
AD_API ad_tensor ad_max_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_min(ad_tensor x);
AD_API ad_tensor ad_min_over(ad_tensor x, ad_axes axes);

/* Where the greatest or the least element is: i64, counted row by row over the reduced axes. The
 * first of equals; the first NaN, if any; empty: AD_BAD_SHAPE. Any number type; no derivative. */
AD_API ad_tensor ad_argmax(ad_tensor x);
AD_API ad_tensor ad_argmax_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_argmin(ad_tensor x);
AD_API ad_tensor ad_argmin_over(ad_tensor x, ad_axes axes);

/* Of masks: whether all elements hold, or any (bool; empty: true, false). Of any number type: how
 * many are not 0 (i64). No derivative. */
AD_API ad_tensor ad_all(ad_tensor mask);
AD_API ad_tensor ad_all_over(ad_tensor mask, ad_axes axes);
AD_API ad_tensor ad_any(ad_tensor mask);
AD_API ad_tensor ad_any_over(ad_tensor mask, ad_axes axes);
AD_API ad_tensor ad_count_nonzero(ad_tensor x);
AD_API ad_tensor ad_count_nonzero_over(ad_tensor x, ad_axes axes);

/* log(sum(exp(x))) with the maximum subtracted; empty or all -inf: -inf, gradient 0. */
AD_API ad_tensor ad_logsumexp(ad_tensor x);
AD_API ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes);

/* ---- along an axis ------------------------------------------------------------------ */

/* exp(x) / sum(exp(x)) along one axis, and its logarithm, without overflow. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis);

/* Running sums and products. how: 0, AD_EXCLUSIVE (without the element itself, so that the first
 * is 0 or 1), AD_REVERSE (from the end), or both with |; other bits are AD_MISUSE. Gradients of
 * cumprod are exact where factors are 0. */
enum { AD_EXCLUSIVE = 1, AD_REVERSE = 2 };
AD_API ad_tensor ad_cumsum(ad_tensor x, int axis, unsigned how);
AD_API ad_tensor ad_cumprod(ad_tensor x, int axis, unsigned how);

typedef struct ad_ranked {
    ad_tensor values, indices;
} ad_ranked;

/* The elements in ascending or descending order, and the places they had (i64). Equal ones stay in
 * the order they had; a NaN is greater than any number. Any number type; the values are
 * differentiable. */
AD_API ad_ranked ad_sort(ad_tensor x, int axis, bool descending);
AD_API ad_tensor ad_argsort(ad_tensor x, int axis, bool descending);

/* The k greatest, in descending order. k beyond the extent is AD_BAD_SHAPE. */
AD_API ad_ranked ad_top_k(ad_tensor x, int axis, int64_t k);

/* ---- random numbers ----------------------------------------------------------------- */
/* Functions of a key (random.h) and of the place in the array alone: the same bits whenever they are
 * evaluated, in f32 and f64, with any number of threads. */

/* Each element of x is 0 with probability rate, else x / (1 - rate): in the mean, x (Srivastava et al.
 * 2014). What is dropped is an exact 0, whatever it was, and receives one. rate 0 is x itself, rate 1
 * all zeros; out of [0, 1]: AD_DOMAIN. */
AD_API ad_tensor ad_dropout(ad_tensor x, double rate, ad_key key);

/* Leaves without derivative, on the tape: the numbers that ad_fill_uniform and ad_fill_normal draw with
 * ad_random_new(key.seed, key.stream). Float types; AD_DOMAIN as there. */
AD_API ad_tensor ad_uniform(ad_tape *t, ad_type type, ad_shape shape, double low, double high, ad_key key);
AD_API ad_tensor ad_normal(ad_tape *t, ad_type type, ad_shape shape, double mean, double deviation,
                           ad_key key);

/* ---- shapes ------------------------------------------------------------------------- */
/* Any number type. Down to diagonal, but for unbroadcast, they make free views of x where strides
 * can express the result, and copy where not; the others copy. */

AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* one extent may be -1: the rest */
AD_API ad_tensor ad_squeeze(ad_tensor x, int axis);       /* drops an axis of extent 1 */
AD_API ad_tensor ad_expand(ad_tensor x, int axis);        /* inserts one, there in the result */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* swaps the last two axes */
AD_API ad_tensor ad_permute(ad_tensor x, ad_axes order);  /* axis i of y is axis order[i] of x */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape);  /* repeats x along axes */
AD_API ad_tensor ad_unbroadcast(ad_tensor x, ad_shape shape); /* sums what broadcasting repeats */

AD_API ad_tensor ad_flatten(ad_tensor x, int first, int last); /* makes axes first to last one */
AD_API ad_tensor ad_flip(ad_tensor x, ad_axes axes);          /* backwards along these axes */

/* Elements begin to end - 1 along an axis. Negative ones count from the end; a begin after
 * the end, or a place beyond the extent, is AD_BAD_SHAPE. */
AD_API ad_tensor ad_slice(ad_tensor x, int axis, int64_t begin, int64_t end);

/* Elements begin, begin + step, ..., up to end, but without it, as Python's x[begin:end:step]: a step
 * below 0 goes backwards. AD_OPEN is the bound that Python lets one leave out. */
#define AD_OPEN INT64_MIN
AD_API ad_tensor ad_slice_step(ad_tensor x, int axis, int64_t begin, int64_t end, int64_t step);

/* Cuts x along an axis into n tensors y[0], y[1], ... of these extents; equal ones for NULL. unstack
 * drops the axis, whose extent is n. Returns the tape's status; all of y is dead on failure. */
AD_API ad_status ad_split(ad_tensor x, int axis, int n, const int64_t *extents, ad_tensor *y);
AD_API ad_status ad_unstack(ad_tensor x, int axis, int n, ad_tensor *y);

/* Of matrices, the last two axes, with diagonal k the elements [i, i + k]: the diagonal, [..., m, n]
 * -> [..., d]; numbers put on a diagonal of zeros, [..., n] -> [..., n + |k|, n + |k|]; the sum of
 * diagonal 0; and x with zeros above (tril) or below (triu) diagonal k. */
AD_API ad_tensor ad_diagonal(ad_tensor x, int64_t k);
AD_API ad_tensor ad_diag(ad_tensor x, int64_t k);
AD_API ad_tensor ad_trace(ad_tensor x);
AD_API ad_tensor ad_tril(ad_tensor x, int64_t k);
AD_API ad_tensor ad_triu(ad_tensor x, int64_t k);

/* n tensors, one after another along an axis; or stacked along a new one. Where none of them has a tape
 * (n < 1, or x is NULL) there is none for the error: the result is the plain number NaN, and
 * the ad_tape_status of its tape, NULL, is AD_MISUSE. */
AD_API ad_tensor ad_concat(int n, const ad_tensor *x, int axis);
AD_API ad_tensor ad_stack(int n, const ad_tensor *x, int axis);

/* y[..., i..., ...] = x[..., index[i...], ...]: picks along an axis by integers in [0,
 * extent), the others being AD_DOMAIN. index's axes replace the axis. Repeated indices
 * accumulate in the gradient, in index order. */
AD_API ad_tensor ad_gather(ad_tensor x, ad_tensor index, int axis);

/* gather with an index of one axis; and along axis 0: table [n, ...], index [i...] -> [i..., ...]. */
AD_API ad_tensor ad_index_select(ad_tensor x, ad_tensor index, int axis);
AD_API ad_tensor ad_embedding(ad_tensor table, ad_tensor index);

/* x with updates, of the shape of ad_gather(x, index, axis), added at the places that gather would pick;
 * repeated ones accumulate. Any type but bool; integers wrap around. */
AD_API ad_tensor ad_scatter_add(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* y[..., i, ...] = x[..., index[..., i, ...], ...]: index has x's shape but for the axis. */
AD_API ad_tensor ad_take_along_axis(ad_tensor x, ad_tensor index, int axis);

/* Integers in [0, classes), the others being AD_DOMAIN, as vectors of that type: [...] -> [...,
 * classes], 1 at the integer's place and 0 elsewhere. */
AD_API ad_tensor ad_one_hot(ad_tensor index, int64_t classes, ad_type type);

/* Element i goes to i + shift, round the end; all elements `times` times, one after another; each
 * element `times` times. */
AD_API ad_tensor ad_roll(ad_tensor x, int axis, int64_t shift);
AD_API ad_tensor ad_tile(ad_tensor x, int axis, int64_t times);
AD_API ad_tensor ad_repeat(ad_tensor x, int axis, int64_t times);

/* More elements before and after those of an axis: a value; the elements mirrored at the first and the
 * last, which are not repeated; or the first and the last themselves. */
AD_API ad_tensor ad_pad(ad_tensor x, int axis, int64_t before, int64_t after, double value);
AD_API ad_tensor ad_pad_reflect(ad_tensor x, int axis, int64_t before, int64_t after);
AD_API ad_tensor ad_pad_edge(ad_tensor x, int axis, int64_t before, int64_t after);

/* ---- losses ------------------------------------------------------------------------- */

/* Of a prediction p and a target t: one number, a sum or a mean over all elements, differentiable in
 * both. Shapes must be equal: a [n, 1] against an [n] is an error. An empty mean is NaN.
 * d = p - t. At a kink, and where a hinge is met exactly, the derivative is 0. */
AD_API ad_tensor ad_l1_loss(ad_tensor prediction, ad_tensor target);       /* sum |d| */
AD_API ad_tensor ad_l2_loss(ad_tensor prediction, ad_tensor target);       /* sum d^2 */
AD_API ad_tensor ad_mae(ad_tensor prediction, ad_tensor target);           /* mean |d| */
AD_API ad_tensor ad_mse(ad_tensor prediction, ad_tensor target);           /* mean d^2 */
AD_API ad_tensor ad_mape(ad_tensor prediction, ad_tensor target);          /* mean 100 |d / t| */
AD_API ad_tensor ad_logcosh_loss(ad_tensor prediction, ad_tensor target);  /* mean log(cosh(d)) */
AD_API ad_tensor ad_hinge_loss(ad_tensor prediction, ad_tensor target);    /* mean max(0, 1 - t p) */
AD_API ad_tensor ad_squared_hinge_loss(ad_tensor prediction, ad_tensor target); /* its square's */

/* mean (log(1 + p) - log(1 + t))^2, where negative numbers count as 0. */
AD_API ad_tensor ad_msle(ad_tensor prediction, ad_tensor target);

/* sum d^2 / 2 for |d| <= delta, and delta (|d| - delta / 2) beyond. AD_MISUSE unless delta > 0. */
AD_API ad_tensor ad_huber_loss(ad_tensor prediction, ad_tensor target, double delta);

/* mean p - t log(p), and sum t log(t / p); both with 0 log(p) = 0. */
AD_API ad_tensor ad_poisson_loss(ad_tensor prediction, ad_tensor target);
AD_API ad_tensor ad_kl_divergence(ad_tensor prediction, ad_tensor target);

/* Mean over rows, along the last axis, of max(0, 1 + max((1 - t) p) - sum(t p)). Ties of the inner
 * maximum share the gradient evenly. */
AD_API ad_tensor ad_categorical_hinge_loss(ad_tensor prediction, ad_tensor target);

/* Mean over elements of log(1 + exp(x)) - x t, for logits x and targets t in [0, 1], without
 * overflow or cancellation. */
AD_API ad_tensor ad_sigmoid_cross_entropy(ad_tensor logits, ad_tensor target);

/* Mean over rows, along the last axis, of -sum(q log(softmax(x))), for logits x and probabilities q;
 * a q of 0 counts as 0 whatever its logit. Differentiable in both. */
AD_API ad_tensor ad_softmax_cross_entropy_probabilities(ad_tensor logits, ad_tensor probabilities);

/* Mean over rows of -log softmax(logits)[i, label[i]].
 *
 *   logits  [n, classes], unnormalised log-probabilities; f32 or f64
 *   label   [n], class numbers in [0, classes); i32, i64 or u8
 *
 * A number, in nats; n = 0 gives NaN. Computed with the row maximum subtracted, so that large
 * logits do not overflow; forward and gradient share the softmax. A label outside its
 * range is AD_DOMAIN. */
AD_API ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor label);

/* ---- plain numbers as operands ------------------------------------------------------ */

#ifdef __cplusplus
} /* extern "C" */
#define AD_BINARY_OVERLOADS(name)                                                          \
    inline ad_tensor ad_##name(ad_tensor a, double b) { return ad_##name(a, ad_number(b)); } \
    inline ad_tensor ad_##name(double a, ad_tensor b) { return ad_##name(ad_number(a), b); }
AD_BINARY_LIST(AD_BINARY_OVERLOADS)
#undef AD_BINARY_OVERLOADS
#define AD_TERNARY_OVERLOADS(name)                                                             \
    inline ad_tensor ad_##name(ad_tensor a, ad_tensor b, double c)                             \
    { return ad_##name(a, b, ad_number(c)); }                                                  \
    inline ad_tensor ad_##name(ad_tensor a, double b, ad_tensor c)                             \
    { return ad_##name(a, ad_number(b), c); }                                                  \
    inline ad_tensor ad_##name(ad_tensor a, double b, double c)                                \
    { return ad_##name(a, ad_number(b), ad_number(c)); }                                       \
    inline ad_tensor ad_##name(double a, ad_tensor b, ad_tensor c)                             \
    { return ad_##name(ad_number(a), b, c); }                                                  \
    inline ad_tensor ad_##name(double a, ad_tensor b, double c)                                \
    { return ad_##name(ad_number(a), b, ad_number(c)); }                                       \
    inline ad_tensor ad_##name(double a, double b, ad_tensor c)                                \
    { return ad_##name(ad_number(a), ad_number(b), c); }
AD_TERNARY_OVERLOADS(clamp)
AD_TERNARY_OVERLOADS(lerp)
AD_TERNARY_OVERLOADS(muladd)
#undef AD_TERNARY_OVERLOADS
inline ad_tensor ad_where(ad_tensor mask, ad_tensor a, double b)
{
    return ad_where(mask, a, ad_number(b));
}
inline ad_tensor ad_where(ad_tensor mask, double a, ad_tensor b)
{
    return ad_where(mask, ad_number(a), b);
}
#else
static inline AD_UNUSED ad_tensor ad_tensor_itself(ad_tensor x)
{
    return x;
}
/* A tensor as it is, a number as an operand. */
#define AD_OF(x) _Generic((x), ad_tensor: ad_tensor_itself, default: ad_number)(x)
#define ad_add(a, b) (ad_add)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_sub(a, b) (ad_sub)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_mul(a, b) (ad_mul)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_div(a, b) (ad_div)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_pow(a, b) (ad_pow)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_maximum(a, b) (ad_maximum)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_minimum(a, b) (ad_minimum)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_hypot(a, b) (ad_hypot)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_atan2(a, b) (ad_atan2)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_fmod(a, b) (ad_fmod)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_leaky_relu(a, b) (ad_leaky_relu)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_celu(a, b) (ad_celu)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_equal(a, b) (ad_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_not_equal(a, b) (ad_not_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_less(a, b) (ad_less)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_less_equal(a, b) (ad_less_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_greater(a, b) (ad_greater)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_greater_equal(a, b) (ad_greater_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_and(a, b) (ad_logical_and)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_or(a, b) (ad_logical_or)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_xor(a, b) (ad_logical_xor)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_clamp(x, low, high) (ad_clamp)(AD_AT_LINE(AD_OF(x)), AD_AT_LINE(AD_OF(low)), AD_AT_LINE(AD_OF(high)))
#define ad_lerp(a, b, t) (ad_lerp)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)), AD_AT_LINE(AD_OF(t)))
#define ad_muladd(a, b, c) (ad_muladd)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)), AD_AT_LINE(AD_OF(c)))
#define ad_where(mask, a, b) (ad_where)(AD_AT_LINE(mask), AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#endif

/* ---- source lines of the others (tape.h) -------------------------------------------- */

#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
#define ad_neg(...)                    (ad_neg)(AD_AT_LINE(__VA_ARGS__))
#define ad_abs(...)                    (ad_abs)(AD_AT_LINE(__VA_ARGS__))
#define ad_sign(...)                   (ad_sign)(AD_AT_LINE(__VA_ARGS__))
#define ad_square(...)                 (ad_square)(AD_AT_LINE(__VA_ARGS__))
#define ad_sqrt(...)                   (ad_sqrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_exp(...)                    (ad_exp)(AD_AT_LINE(__VA_ARGS__))
#define ad_log(...)                    (ad_log)(AD_AT_LINE(__VA_ARGS__))
#define ad_sin(...)                    (ad_sin)(AD_AT_LINE(__VA_ARGS__))
#define ad_cos(...)                    (ad_cos)(AD_AT_LINE(__VA_ARGS__))
#define ad_tanh(...)                   (ad_tanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_sigmoid(...)                (ad_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_relu(...)                   (ad_relu)(AD_AT_LINE(__VA_ARGS__))
#define ad_ceil(...)                   (ad_ceil)(AD_AT_LINE(__VA_ARGS__))
#define ad_floor(...)                  (ad_floor)(AD_AT_LINE(__VA_ARGS__))
#define ad_round(...)                  (ad_round)(AD_AT_LINE(__VA_ARGS__))
#define ad_trunc(...)                  (ad_trunc)(AD_AT_LINE(__VA_ARGS__))
#define ad_rsqrt(...)                  (ad_rsqrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_cbrt(...)                   (ad_cbrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_reciprocal(...)             (ad_reciprocal)(AD_AT_LINE(__VA_ARGS__))
#define ad_exp2(...)                   (ad_exp2)(AD_AT_LINE(__VA_ARGS__))
#define ad_expm1(...)                  (ad_expm1)(AD_AT_LINE(__VA_ARGS__))
#define ad_log2(...)                   (ad_log2)(AD_AT_LINE(__VA_ARGS__))
#define ad_log10(...)                  (ad_log10)(AD_AT_LINE(__VA_ARGS__))
#define ad_log1p(...)                  (ad_log1p)(AD_AT_LINE(__VA_ARGS__))
#define ad_tan(...)                    (ad_tan)(AD_AT_LINE(__VA_ARGS__))
#define ad_asin(...)                   (ad_asin)(AD_AT_LINE(__VA_ARGS__))
#define ad_acos(...)                   (ad_acos)(AD_AT_LINE(__VA_ARGS__))
#define ad_atan(...)                   (ad_atan)(AD_AT_LINE(__VA_ARGS__))
#define ad_sinh(...)                   (ad_sinh)(AD_AT_LINE(__VA_ARGS__))
#define ad_cosh(...)                   (ad_cosh)(AD_AT_LINE(__VA_ARGS__))
#define ad_asinh(...)                  (ad_asinh)(AD_AT_LINE(__VA_ARGS__))
#define ad_acosh(...)                  (ad_acosh)(AD_AT_LINE(__VA_ARGS__))
#define ad_atanh(...)                  (ad_atanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_erf(...)                    (ad_erf)(AD_AT_LINE(__VA_ARGS__))
#define ad_erfc(...)                   (ad_erfc)(AD_AT_LINE(__VA_ARGS__))
#define ad_lgamma(...)                 (ad_lgamma)(AD_AT_LINE(__VA_ARGS__))
#define ad_digamma(...)                (ad_digamma)(AD_AT_LINE(__VA_ARGS__))
#define ad_log_sigmoid(...)            (ad_log_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_softplus(...)               (ad_softplus)(AD_AT_LINE(__VA_ARGS__))
#define ad_softsign(...)               (ad_softsign)(AD_AT_LINE(__VA_ARGS__))
#define ad_relu6(...)                  (ad_relu6)(AD_AT_LINE(__VA_ARGS__))
#define ad_elu(...)                    (ad_elu)(AD_AT_LINE(__VA_ARGS__))
#define ad_selu(...)                   (ad_selu)(AD_AT_LINE(__VA_ARGS__))
#define ad_silu(...)                   (ad_silu)(AD_AT_LINE(__VA_ARGS__))
#define ad_gelu(...)                   (ad_gelu)(AD_AT_LINE(__VA_ARGS__))
#define ad_gelu_erf(...)               (ad_gelu_erf)(AD_AT_LINE(__VA_ARGS__))
#define ad_mish(...)                   (ad_mish)(AD_AT_LINE(__VA_ARGS__))
#define ad_hard_sigmoid(...)           (ad_hard_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_hard_tanh(...)              (ad_hard_tanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_isfinite(...)               (ad_isfinite)(AD_AT_LINE(__VA_ARGS__))
#define ad_isinf(...)                  (ad_isinf)(AD_AT_LINE(__VA_ARGS__))
#define ad_isnan(...)                  (ad_isnan)(AD_AT_LINE(__VA_ARGS__))
#define ad_logical_not(...)            (ad_logical_not)(AD_AT_LINE(__VA_ARGS__))
#define ad_powi(x, ...)                (ad_powi)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_stop_gradient(...)          (ad_stop_gradient)(AD_AT_LINE(__VA_ARGS__))
#define ad_cast(x, ...)                (ad_cast)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_scale_gradient(x, ...)      (ad_scale_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_straight_through(x, y)      (ad_straight_through)(AD_AT_LINE(x), AD_AT_LINE(y))
#define ad_clip_gradient(x, ...)       (ad_clip_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_clip_gradient_norm(x, ...)  (ad_clip_gradient_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_on_cotangent(x, ...)        (ad_on_cotangent)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_matmul(a, b)                (ad_matmul)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_matvec(a, x)                (ad_matvec)(AD_AT_LINE(a), AD_AT_LINE(x))
#define ad_outer(a, b)                 (ad_outer)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_dot(a, b)                   (ad_dot)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_dense(x, w, b, ...)         (ad_dense)(AD_AT_LINE(x), AD_AT_LINE(w), AD_AT_LINE(b), __VA_ARGS__)
#define ad_sum(...)                    (ad_sum)(AD_AT_LINE(__VA_ARGS__))
#define ad_sum_over(x, ...)            (ad_sum_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_mean(...)                   (ad_mean)(AD_AT_LINE(__VA_ARGS__))
#define ad_mean_over(x, ...)           (ad_mean_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_variance(...)               (ad_variance)(AD_AT_LINE(__VA_ARGS__))
#define ad_variance_over(x, ...)       (ad_variance_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_std(...)                    (ad_std)(AD_AT_LINE(__VA_ARGS__))
#define ad_std_over(x, ...)            (ad_std_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_moments(...)                (ad_moments)(AD_AT_LINE(__VA_ARGS__))
#define ad_moments_over(x, ...)        (ad_moments_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_prod(...)                   (ad_prod)(AD_AT_LINE(__VA_ARGS__))
#define ad_prod_over(x, ...)           (ad_prod_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm(x, ...)                (ad_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm_over(x, ...)           (ad_norm_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmax(...)                 (ad_argmax)(AD_AT_LINE(__VA_ARGS__))
#define ad_argmax_over(x, ...)         (ad_argmax_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmin(...)                 (ad_argmin)(AD_AT_LINE(__VA_ARGS__))
#define ad_argmin_over(x, ...)         (ad_argmin_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_all(...)                    (ad_all)(AD_AT_LINE(__VA_ARGS__))
#define ad_all_over(x, ...)            (ad_all_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_any(...)                    (ad_any)(AD_AT_LINE(__VA_ARGS__))
#define ad_any_over(x, ...)            (ad_any_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_count_nonzero(...)          (ad_count_nonzero)(AD_AT_LINE(__VA_ARGS__))
#define ad_count_nonzero_over(x, ...)  (ad_count_nonzero_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_max(...)                    (ad_max)(AD_AT_LINE(__VA_ARGS__))
#define ad_max_over(x, ...)            (ad_max_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_min(...)                    (ad_min)(AD_AT_LINE(__VA_ARGS__))
#define ad_min_over(x, ...)            (ad_min_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_logsumexp(...)              (ad_logsumexp)(AD_AT_LINE(__VA_ARGS__))
#define ad_logsumexp_over(x, ...)      (ad_logsumexp_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_softmax(x, ...)             (ad_softmax)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_log_softmax(x, ...)         (ad_log_softmax)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_cumsum(x, ...)              (ad_cumsum)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_cumprod(x, ...)             (ad_cumprod)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_dropout(x, ...)             (ad_dropout)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_uniform(t, ...)             (ad_uniform)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_normal(t, ...)              (ad_normal)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_sort(x, ...)                (ad_sort)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argsort(x, ...)             (ad_argsort)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_top_k(x, ...)               (ad_top_k)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_reshape(x, ...)             (ad_reshape)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_squeeze(x, ...)             (ad_squeeze)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_expand(x, ...)              (ad_expand)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_transpose(...)              (ad_transpose)(AD_AT_LINE(__VA_ARGS__))
#define ad_permute(x, ...)             (ad_permute)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_broadcast_to(x, ...)        (ad_broadcast_to)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_unbroadcast(x, ...)         (ad_unbroadcast)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_slice(x, ...)               (ad_slice)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_flatten(x, ...)             (ad_flatten)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_flip(x, ...)                (ad_flip)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_slice_step(x, ...)          (ad_slice_step)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_diagonal(x, ...)            (ad_diagonal)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_diag(x, ...)                (ad_diag)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_trace(...)                  (ad_trace)(AD_AT_LINE(__VA_ARGS__))
#define ad_tril(x, ...)                (ad_tril)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_triu(x, ...)                (ad_triu)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_split(x, ...)               (ad_split)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_unstack(x, ...)             (ad_unstack)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_gather(x, index, ...)       (ad_gather)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_index_select(x, index, ...) (ad_index_select)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_embedding(x, index)         (ad_embedding)(AD_AT_LINE(x), AD_AT_LINE(index))
#define ad_take_along_axis(x, index, ...) (ad_take_along_axis)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_scatter_add(x, index, updates, ...) \
    (ad_scatter_add)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_one_hot(x, ...)             (ad_one_hot)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_roll(x, ...)                (ad_roll)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_tile(x, ...)                (ad_tile)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_repeat(x, ...)              (ad_repeat)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad(x, ...)                 (ad_pad)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad_reflect(x, ...)         (ad_pad_reflect)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad_edge(x, ...)            (ad_pad_edge)(AD_AT_LINE(x), __VA_ARGS__)
static inline AD_UNUSED ad_tensor ad_concat_at_line(const char *source_line, int n, const ad_tensor *x,
                                               int axis)
{
    return ad_concat(n, ad_tensors_at_line(x, n, source_line), axis);
}
static inline AD_UNUSED ad_tensor ad_stack_at_line(const char *source_line, int n, const ad_tensor *x,
                                              int axis)
{
    return ad_stack(n, ad_tensors_at_line(x, n, source_line), axis);
}
#define ad_concat(...) ad_concat_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_stack(...) ad_stack_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_mse(p, t)                   (ad_mse)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_l1_loss(p, t)               (ad_l1_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_l2_loss(p, t)               (ad_l2_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_mae(p, t)                   (ad_mae)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_mape(p, t)                  (ad_mape)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_logcosh_loss(p, t)          (ad_logcosh_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_hinge_loss(p, t)            (ad_hinge_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_squared_hinge_loss(p, t)    (ad_squared_hinge_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_msle(p, t)                  (ad_msle)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_poisson_loss(p, t)          (ad_poisson_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_kl_divergence(p, t)         (ad_kl_divergence)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_categorical_hinge_loss(p, t) (ad_categorical_hinge_loss)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_sigmoid_cross_entropy(p, t) (ad_sigmoid_cross_entropy)(AD_AT_LINE(p), AD_AT_LINE(t))
#define ad_huber_loss(p, t, ...)       (ad_huber_loss)(AD_AT_LINE(p), AD_AT_LINE(t), __VA_ARGS__)
#define ad_softmax_cross_entropy(l, t) (ad_softmax_cross_entropy)(AD_AT_LINE(l), AD_AT_LINE(t))
#define ad_softmax_cross_entropy_probabilities(l, q) \
    (ad_softmax_cross_entropy_probabilities)(AD_AT_LINE(l), AD_AT_LINE(q))
#endif

#endif
