/* The operations, one line each where the formula says it all.
 *
 * Float operands have one type, f32 or f64, and so has the result: mixing them is an error,
 * ad_cast converts. Shapes broadcast as in NumPy unless said otherwise: trailing axes are aligned
 * and must be equal or 1. Negative axes count from the end. In C the operations of two operands take
 * plain numbers as well: ad_mul(x, 2), ad_sub(1, p). Every operation may fail as tape.h says. */
#ifndef ADZE_OPS_H
#define ADZE_OPS_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise, one operand ------------------------------------------------------- */

AD_API ad_tensor ad_neg(ad_tensor x);     /* -x */
AD_API ad_tensor ad_abs(ad_tensor x);     /* |x|; derivative 0 at 0 */
AD_API ad_tensor ad_sign(ad_tensor x);    /* -1, 0 or 1; derivative 0 */
AD_API ad_tensor ad_square(ad_tensor x);  /* x x */
AD_API ad_tensor ad_sqrt(ad_tensor x);    /* derivative at 0: +inf, but 0 for a cotangent of 0 */
AD_API ad_tensor ad_exp(ad_tensor x);
AD_API ad_tensor ad_log(ad_tensor x);     /* natural; derivative at 0 as sqrt */
AD_API ad_tensor ad_sin(ad_tensor x);
AD_API ad_tensor ad_cos(ad_tensor x);
AD_API ad_tensor ad_tanh(ad_tensor x);
AD_API ad_tensor ad_sigmoid(ad_tensor x); /* 1 / (1 + exp(-x)), without overflow */
AD_API ad_tensor ad_relu(ad_tensor x);    /* max(x, 0); derivative 0 at 0; NaN stays NaN */

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
    ROW(equal)         /* comparisons give masks (bool) and take any number type; */       \
    ROW(not_equal)     /* they have no derivative */                                       \
    ROW(less)                                                                              \
    ROW(less_equal)                                                                        \
    ROW(greater)                                                                           \
    ROW(greater_equal)

#define AD_BINARY_DECLARATION(name) AD_API ad_tensor ad_##name(ad_tensor a, ad_tensor b);
AD_BINARY_LIST(AD_BINARY_DECLARATION)
#undef AD_BINARY_DECLARATION

/* A plain number as an operand: takes the type of the other operand. */
static inline AD_UNUSED ad_tensor ad_number(double value)
{
    ad_tensor x;
    x.tape = NULL;
    x.as.number = value;
    return x;
}

/* a where mask, b elsewhere; all three broadcast. The branch not taken receives an exact
 * 0, whatever its derivative is. a and b may be of any one number type. */
AD_API ad_tensor ad_where(ad_tensor mask, ad_tensor a, ad_tensor b);

/* Converts numbers. Differentiable between f32 and f64. To integers: towards zero, out of range
 * to the nearest end, NaN to 0; to bool: x != 0. */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);

/* x, but a constant to the sweeps: nothing flows back through it. */
AD_API ad_tensor ad_stop_gradient(ad_tensor x);

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

/* Axes to reduce; AD_AXES(0, -1). AD_ALL_AXES means all of them. Out of range or repeated
 * axes are AD_BAD_SHAPE. */
typedef struct ad_axes {
    int count;
    int axis[AD_MAX_RANK];
} ad_axes;

#ifdef __cplusplus
} /* extern "C" */
template <typename... Axes> constexpr ad_axes ad_axes_of(Axes... axes)
{
    static_assert(sizeof...(axes) <= AD_MAX_RANK, "too many axes");
    return ad_axes{(int)sizeof...(axes), {(int)axes...}};
}
#define AD_AXES(...) ad_axes_of(__VA_ARGS__)
#define AD_ALL_AXES ad_axes_of()
extern "C" {
#else
#define AD_AXES(...) ((ad_axes){(int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), {__VA_ARGS__}})
#define AD_ALL_AXES ((ad_axes){0, {0}})
#endif

/* Each over all axes, over some and dropping them (squeeze), or keeping them at extent 1 (keep).
 * Accumulated in f64 whatever the type. */
AD_API ad_tensor ad_sum(ad_tensor x); /* empty: 0 */
AD_API ad_tensor ad_sum_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_sum_keep(ad_tensor x, ad_axes axes);

AD_API ad_tensor ad_mean(ad_tensor x); /* empty: NaN */
AD_API ad_tensor ad_mean_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_mean_keep(ad_tensor x, ad_axes axes);

/* sum((x - mean)^2) / (n - ddof), in two passes. ddof 0 is the population's variance, which
 * ad_variance computes; 1 the sample's unbiased estimate. */
AD_API ad_tensor ad_variance(ad_tensor x);
AD_API ad_tensor ad_variance_squeeze(ad_tensor x, ad_axes axes, int ddof);
AD_API ad_tensor ad_variance_keep(ad_tensor x, ad_axes axes, int ddof);

/* The square root of the variance; gradient 0 where all elements are equal. */
AD_API ad_tensor ad_std(ad_tensor x);
AD_API ad_tensor ad_std_squeeze(ad_tensor x, ad_axes axes, int ddof);
AD_API ad_tensor ad_std_keep(ad_tensor x, ad_axes axes, int ddof);

/* Ties share the gradient evenly; NaN propagates; empty: AD_BAD_SHAPE. Any number type. */
AD_API ad_tensor ad_max(ad_tensor x);
AD_API ad_tensor ad_max_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_max_keep(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_min(ad_tensor x);
AD_API ad_tensor ad_min_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_min_keep(ad_tensor x, ad_axes axes);

/* log(sum(exp(x))) with the maximum subtracted; empty or all -inf: -inf, gradient 0. */
AD_API ad_tensor ad_logsumexp(ad_tensor x);
AD_API ad_tensor ad_logsumexp_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_logsumexp_keep(ad_tensor x, ad_axes axes);

/* exp(x) / sum(exp(x)) along one axis, and its logarithm, without overflow. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis);

/* ---- shapes ------------------------------------------------------------------------- */
/* Any number type. Down to diagonal, but for unbroadcast, they make free views of x where strides
 * can express the result, and copy where not; the others copy. */

AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* one extent may be -1: the rest */
AD_API ad_tensor ad_squeeze(ad_tensor x, int axis);       /* drops an axis of extent 1 */
AD_API ad_tensor ad_expand(ad_tensor x, int axis);        /* inserts one, there in the result */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* swaps the last two axes */
AD_API ad_tensor ad_permute(ad_tensor x, ad_axes order);  /* axis i of y is axis order[i] of x */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape);
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
AD_API ad_status ad_split(ad_tensor x, int n, const int64_t *extents, int axis, ad_tensor *y);
AD_API ad_status ad_unstack(ad_tensor x, int n, int axis, ad_tensor *y);

/* Of matrices, the last two axes, with diagonal k the elements [i, i + k]: the diagonal, [..., m, n]
 * -> [..., d]; numbers put on a diagonal of zeros, [..., n] -> [..., n + |k|, n + |k|]; the sum of
 * diagonal 0; and x with zeros above (tril) or below (triu) diagonal k. */
AD_API ad_tensor ad_diagonal(ad_tensor x, int64_t k);
AD_API ad_tensor ad_diag(ad_tensor x, int64_t k);
AD_API ad_tensor ad_trace(ad_tensor x);
AD_API ad_tensor ad_tril(ad_tensor x, int64_t k);
AD_API ad_tensor ad_triu(ad_tensor x, int64_t k);

/* n tensors, one after another along an axis; or stacked along a new one. */
AD_API ad_tensor ad_concat(const ad_tensor *x, int n, int axis);
AD_API ad_tensor ad_stack(const ad_tensor *x, int n, int axis);

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
#define ad_add(a, b) (ad_add)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_sub(a, b) (ad_sub)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_mul(a, b) (ad_mul)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_div(a, b) (ad_div)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_pow(a, b) (ad_pow)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_maximum(a, b) (ad_maximum)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_minimum(a, b) (ad_minimum)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_equal(a, b) (ad_equal)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_not_equal(a, b) (ad_not_equal)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_less(a, b) (ad_less)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_less_equal(a, b) (ad_less_equal)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_greater(a, b) (ad_greater)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_greater_equal(a, b) (ad_greater_equal)(AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#define ad_where(mask, a, b) (ad_where)(AD_AT(mask), AD_AT(AD_OF(a)), AD_AT(AD_OF(b)))
#endif

/* ---- source lines of the others (tape.h) -------------------------------------------- */

#if !defined(__cplusplus) && !defined(AD_NO_PLACES)
#define ad_neg(...)                    (ad_neg)(AD_AT(__VA_ARGS__))
#define ad_abs(...)                    (ad_abs)(AD_AT(__VA_ARGS__))
#define ad_sign(...)                   (ad_sign)(AD_AT(__VA_ARGS__))
#define ad_square(...)                 (ad_square)(AD_AT(__VA_ARGS__))
#define ad_sqrt(...)                   (ad_sqrt)(AD_AT(__VA_ARGS__))
#define ad_exp(...)                    (ad_exp)(AD_AT(__VA_ARGS__))
#define ad_log(...)                    (ad_log)(AD_AT(__VA_ARGS__))
#define ad_sin(...)                    (ad_sin)(AD_AT(__VA_ARGS__))
#define ad_cos(...)                    (ad_cos)(AD_AT(__VA_ARGS__))
#define ad_tanh(...)                   (ad_tanh)(AD_AT(__VA_ARGS__))
#define ad_sigmoid(...)                (ad_sigmoid)(AD_AT(__VA_ARGS__))
#define ad_relu(...)                   (ad_relu)(AD_AT(__VA_ARGS__))
#define ad_stop_gradient(...)          (ad_stop_gradient)(AD_AT(__VA_ARGS__))
#define ad_cast(x, ...)                (ad_cast)(AD_AT(x), __VA_ARGS__)
#define ad_matmul(a, b)                (ad_matmul)(AD_AT(a), AD_AT(b))
#define ad_matvec(a, x)                (ad_matvec)(AD_AT(a), AD_AT(x))
#define ad_outer(a, b)                 (ad_outer)(AD_AT(a), AD_AT(b))
#define ad_dot(a, b)                   (ad_dot)(AD_AT(a), AD_AT(b))
#define ad_dense(x, w, b, ...)         (ad_dense)(AD_AT(x), AD_AT(w), AD_AT(b), __VA_ARGS__)
#define ad_sum(...)                    (ad_sum)(AD_AT(__VA_ARGS__))
#define ad_sum_squeeze(x, ...)         (ad_sum_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_sum_keep(x, ...)            (ad_sum_keep)(AD_AT(x), __VA_ARGS__)
#define ad_mean(...)                   (ad_mean)(AD_AT(__VA_ARGS__))
#define ad_mean_squeeze(x, ...)        (ad_mean_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_mean_keep(x, ...)           (ad_mean_keep)(AD_AT(x), __VA_ARGS__)
#define ad_variance(...)               (ad_variance)(AD_AT(__VA_ARGS__))
#define ad_variance_squeeze(x, ...)    (ad_variance_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_variance_keep(x, ...)       (ad_variance_keep)(AD_AT(x), __VA_ARGS__)
#define ad_std(...)                    (ad_std)(AD_AT(__VA_ARGS__))
#define ad_std_squeeze(x, ...)         (ad_std_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_std_keep(x, ...)            (ad_std_keep)(AD_AT(x), __VA_ARGS__)
#define ad_max(...)                    (ad_max)(AD_AT(__VA_ARGS__))
#define ad_max_squeeze(x, ...)         (ad_max_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_max_keep(x, ...)            (ad_max_keep)(AD_AT(x), __VA_ARGS__)
#define ad_min(...)                    (ad_min)(AD_AT(__VA_ARGS__))
#define ad_min_squeeze(x, ...)         (ad_min_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_min_keep(x, ...)            (ad_min_keep)(AD_AT(x), __VA_ARGS__)
#define ad_logsumexp(...)              (ad_logsumexp)(AD_AT(__VA_ARGS__))
#define ad_logsumexp_squeeze(x, ...)   (ad_logsumexp_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_logsumexp_keep(x, ...)      (ad_logsumexp_keep)(AD_AT(x), __VA_ARGS__)
#define ad_softmax(x, ...)             (ad_softmax)(AD_AT(x), __VA_ARGS__)
#define ad_log_softmax(x, ...)         (ad_log_softmax)(AD_AT(x), __VA_ARGS__)
#define ad_reshape(x, ...)             (ad_reshape)(AD_AT(x), __VA_ARGS__)
#define ad_squeeze(x, ...)             (ad_squeeze)(AD_AT(x), __VA_ARGS__)
#define ad_expand(x, ...)              (ad_expand)(AD_AT(x), __VA_ARGS__)
#define ad_transpose(...)              (ad_transpose)(AD_AT(__VA_ARGS__))
#define ad_permute(x, ...)             (ad_permute)(AD_AT(x), __VA_ARGS__)
#define ad_broadcast_to(x, ...)        (ad_broadcast_to)(AD_AT(x), __VA_ARGS__)
#define ad_unbroadcast(x, ...)         (ad_unbroadcast)(AD_AT(x), __VA_ARGS__)
#define ad_slice(x, ...)               (ad_slice)(AD_AT(x), __VA_ARGS__)
#define ad_flatten(x, ...)             (ad_flatten)(AD_AT(x), __VA_ARGS__)
#define ad_flip(x, ...)                (ad_flip)(AD_AT(x), __VA_ARGS__)
#define ad_slice_step(x, ...)          (ad_slice_step)(AD_AT(x), __VA_ARGS__)
#define ad_diagonal(x, ...)            (ad_diagonal)(AD_AT(x), __VA_ARGS__)
#define ad_diag(x, ...)                (ad_diag)(AD_AT(x), __VA_ARGS__)
#define ad_trace(...)                  (ad_trace)(AD_AT(__VA_ARGS__))
#define ad_tril(x, ...)                (ad_tril)(AD_AT(x), __VA_ARGS__)
#define ad_triu(x, ...)                (ad_triu)(AD_AT(x), __VA_ARGS__)
#define ad_split(x, ...)               (ad_split)(AD_AT(x), __VA_ARGS__)
#define ad_unstack(x, ...)             (ad_unstack)(AD_AT(x), __VA_ARGS__)
#define ad_gather(x, index, ...)       (ad_gather)(AD_AT(x), AD_AT(index), __VA_ARGS__)
#define ad_index_select(x, index, ...) (ad_index_select)(AD_AT(x), AD_AT(index), __VA_ARGS__)
#define ad_embedding(x, index)         (ad_embedding)(AD_AT(x), AD_AT(index))
#define ad_take_along_axis(x, index, ...) (ad_take_along_axis)(AD_AT(x), AD_AT(index), __VA_ARGS__)
#define ad_scatter_add(x, index, updates, ...) \
    (ad_scatter_add)(AD_AT(x), AD_AT(index), AD_AT(updates), __VA_ARGS__)
#define ad_one_hot(x, ...)             (ad_one_hot)(AD_AT(x), __VA_ARGS__)
#define ad_roll(x, ...)                (ad_roll)(AD_AT(x), __VA_ARGS__)
#define ad_tile(x, ...)                (ad_tile)(AD_AT(x), __VA_ARGS__)
#define ad_repeat(x, ...)              (ad_repeat)(AD_AT(x), __VA_ARGS__)
#define ad_pad(x, ...)                 (ad_pad)(AD_AT(x), __VA_ARGS__)
#define ad_pad_reflect(x, ...)         (ad_pad_reflect)(AD_AT(x), __VA_ARGS__)
#define ad_pad_edge(x, ...)            (ad_pad_edge)(AD_AT(x), __VA_ARGS__)
static inline AD_UNUSED ad_tensor ad_concat_at(const char *place, const ad_tensor *x, int n,
                                               int axis)
{
    return ad_concat(ad_tensors_at(x, n, place), n, axis);
}
static inline AD_UNUSED ad_tensor ad_stack_at(const char *place, const ad_tensor *x, int n,
                                              int axis)
{
    return ad_stack(ad_tensors_at(x, n, place), n, axis);
}
#define ad_concat(...) ad_concat_at(AD_PLACE, __VA_ARGS__)
#define ad_stack(...) ad_stack_at(AD_PLACE, __VA_ARGS__)
#define ad_mse(p, t)                   (ad_mse)(AD_AT(p), AD_AT(t))
#define ad_l1_loss(p, t)               (ad_l1_loss)(AD_AT(p), AD_AT(t))
#define ad_l2_loss(p, t)               (ad_l2_loss)(AD_AT(p), AD_AT(t))
#define ad_mae(p, t)                   (ad_mae)(AD_AT(p), AD_AT(t))
#define ad_mape(p, t)                  (ad_mape)(AD_AT(p), AD_AT(t))
#define ad_logcosh_loss(p, t)          (ad_logcosh_loss)(AD_AT(p), AD_AT(t))
#define ad_hinge_loss(p, t)            (ad_hinge_loss)(AD_AT(p), AD_AT(t))
#define ad_squared_hinge_loss(p, t)    (ad_squared_hinge_loss)(AD_AT(p), AD_AT(t))
#define ad_msle(p, t)                  (ad_msle)(AD_AT(p), AD_AT(t))
#define ad_poisson_loss(p, t)          (ad_poisson_loss)(AD_AT(p), AD_AT(t))
#define ad_kl_divergence(p, t)         (ad_kl_divergence)(AD_AT(p), AD_AT(t))
#define ad_categorical_hinge_loss(p, t) (ad_categorical_hinge_loss)(AD_AT(p), AD_AT(t))
#define ad_sigmoid_cross_entropy(p, t) (ad_sigmoid_cross_entropy)(AD_AT(p), AD_AT(t))
#define ad_huber_loss(p, t, ...)       (ad_huber_loss)(AD_AT(p), AD_AT(t), __VA_ARGS__)
#define ad_softmax_cross_entropy(l, t) (ad_softmax_cross_entropy)(AD_AT(l), AD_AT(t))
#define ad_softmax_cross_entropy_probabilities(l, q) \
    (ad_softmax_cross_entropy_probabilities)(AD_AT(l), AD_AT(q))
#endif

#endif
