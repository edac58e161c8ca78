/* Functions that make a tensor of tensors: one line each, then calls that cannot be right. */
#include "inside.h"
#include "misuse.h"

#include <math.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};
static const int32_t integers[] = {0, 1, 1, 0, 1, 0};
static const bool masks[] = {true, false, true, true, false, false};

static ad_shape shape_of(int slot)
{
    return slot == C                ? AD_SHAPE(3, 2)
           : slot == V || slot == W ? AD_SHAPE(3)
           : slot == L              ? AD_SHAPE(2)
                                    : AD_SHAPE(2, 3);
}

void make_operands(ad_tape *t, ad_tensor *o)
{
    for (int i = A; i <= W; i++)
        o[i] = ad_watch(t, ad_view_of(AD_F64, reals, shape_of(i)));
    o[L] = ad_freeze(t, ad_view_of(AD_I32, integers, shape_of(L)));
    o[M] = ad_freeze(t, ad_view_of(AD_BOOL, masks, shape_of(M)));
}

ad_tensor mistyped(ad_tape *t, int slot)
{
    bool number = slot == L || slot == M;
    return ad_freeze(t, ad_view_of(number ? AD_F64 : AD_I32,
                                   number ? (const void *)reals : integers, shape_of(slot)));
}

/* ---- good calls ---------------------------------------------------------------------------- */

/* A user's op, for ad_apply. */
static void copy_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = ad_view_get(&c->x[0], i);
}
static const ad_op copy_op = {.name = "copy",
                              .arity = 1,
                              .flags = AD_OP_NO_DERIVATIVE,
                              .shape = ad_shape_first,
                              .forward = copy_forward};
static const ad_op copies_op = {.name = "copies",
                                .arity = AD_VARIADIC,
                                .flags = AD_OP_NO_DERIVATIVE,
                                .shape = ad_shape_first,
                                .forward = copy_forward};

static ad_tensor first_half(ad_tensor x)
{
    ad_tensor y[2];
    ad_split(x, 0, 2, NULL, y);
    return y[0];
}

static ad_tensor first_row(ad_tensor x)
{
    ad_tensor y[2];
    ad_unstack(x, 0, 2, y);
    return y[0];
}

static ad_status look(void *user, const ad_cotangent *c)
{
    (void)user, (void)c;
    return AD_OK;
}

#define TWO_OF(a, b) ((ad_tensor[]){o[a], o[b]})

/* Without an op: those made of several, where the message may name any. */
/* clang-format off */
#define UNARY(ROW, name)   ROW(name, name, ad_##name(o[A]), BIT(A), BIT(A))
#define BINARY(ROW, name)  ROW(name, name, (ad_##name)(o[A], o[B]), BIT(A) | BIT(B), BIT(A) | BIT(B))
#define VIEWS(ROW, name, call) ROW(name, name, call, BIT(A), 0)
#define REDUCE(ROW, name, typed) \
    ROW(name, name, ad_##name(o[A]), BIT(A), typed) \
    ROW(name##_over, name, ad_##name##_over(o[A], AD_AXES(0)), BIT(A), typed)
#define SPREAD(ROW, name) \
    ROW(name, name, ad_##name(o[A]), BIT(A), BIT(A)) \
    ROW(name##_over, name, ad_##name##_over(o[A], AD_AXES(0), 1), BIT(A), BIT(A))

#define MASKED(ROW, name) \
    ROW(name, name, ad_##name(o[M]), BIT(M), BIT(M)) \
    ROW(name##_over, name, ad_##name##_over(o[M], AD_AXES(0)), BIT(M), BIT(M))

#define ELEMENTWISE_ROWS(ROW) \
    UNARY(ROW, ceil) UNARY(ROW, floor) UNARY(ROW, round) UNARY(ROW, trunc) UNARY(ROW, rsqrt) \
    UNARY(ROW, cbrt) UNARY(ROW, reciprocal) UNARY(ROW, exp2) UNARY(ROW, expm1) UNARY(ROW, log2) \
    UNARY(ROW, log10) UNARY(ROW, log1p) UNARY(ROW, tan) UNARY(ROW, asin) UNARY(ROW, acos) \
    UNARY(ROW, atan) UNARY(ROW, sinh) UNARY(ROW, cosh) UNARY(ROW, asinh) UNARY(ROW, acosh) \
    UNARY(ROW, atanh) UNARY(ROW, erf) UNARY(ROW, erfc) UNARY(ROW, lgamma) UNARY(ROW, digamma) \
    UNARY(ROW, log_sigmoid) UNARY(ROW, softplus) UNARY(ROW, softsign) UNARY(ROW, relu6) UNARY(ROW, elu) \
    UNARY(ROW, selu) UNARY(ROW, silu) UNARY(ROW, gelu) UNARY(ROW, gelu_erf) UNARY(ROW, mish) \
    UNARY(ROW, hard_sigmoid) UNARY(ROW, hard_tanh) \
    ROW(powi, powi, ad_powi(o[A], 3), BIT(A), BIT(A)) \
    VIEWS(ROW, isfinite, ad_isfinite(o[A])) \
    VIEWS(ROW, isinf, ad_isinf(o[A])) \
    VIEWS(ROW, isnan, ad_isnan(o[A])) \
    ROW(logical_not, logical_not, ad_logical_not(o[M]), BIT(M), BIT(M)) \
    BINARY(ROW, hypot) BINARY(ROW, atan2) BINARY(ROW, fmod) BINARY(ROW, leaky_relu) BINARY(ROW, celu) \
    ROW(logical_and, logical_and, (ad_logical_and)(o[M], o[M]), BIT(M), BIT(M)) \
    ROW(logical_or, logical_or, (ad_logical_or)(o[M], o[M]), BIT(M), BIT(M)) \
    ROW(logical_xor, logical_xor, (ad_logical_xor)(o[M], o[M]), BIT(M), BIT(M)) \
    ROW(clamp, clamp, (ad_clamp)(o[A], o[B], o[A]), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(lerp, lerp, (ad_lerp)(o[A], o[B], o[A]), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(muladd, muladd, (ad_muladd)(o[A], o[B], o[A]), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    REDUCE(ROW, prod, BIT(A)) REDUCE(ROW, argmax, 0) REDUCE(ROW, argmin, 0) \
    REDUCE(ROW, count_nonzero, 0) MASKED(ROW, all) MASKED(ROW, any) \
    ROW(norm, norm, ad_norm(o[A], 2), BIT(A), BIT(A)) \
    ROW(norm_over, norm, ad_norm_over(o[A], AD_AXES(0), 1), BIT(A), BIT(A)) \
    ROW(moments, moments, ad_moments(o[A]).variance, BIT(A), BIT(A)) \
    ROW(moments_over, moments, ad_moments_over(o[A], AD_AXES(0), 1).variance, BIT(A), BIT(A)) \
    ROW(cumsum, cumsum, ad_cumsum(o[A], 1, AD_REVERSE), BIT(A), BIT(A)) \
    ROW(cumprod, cumprod, ad_cumprod(o[A], 1, AD_REVERSE), BIT(A), BIT(A)) \
    ROW(sort, sort, ad_sort(o[A], 0, true).values, BIT(A), 0) \
    VIEWS(ROW, argsort, ad_argsort(o[A], 0, true)) \
    ROW(top_k, top_k, ad_top_k(o[A], 0, 1).values, BIT(A), 0)

#define COTANGENT_ROWS(ROW) \
    ROW(scale_gradient, scale_gradient, ad_scale_gradient(o[A], 2), BIT(A), BIT(A)) \
    ROW(clip_gradient, clip_gradient, ad_clip_gradient(o[A], 0, 1), BIT(A), BIT(A)) \
    ROW(clip_gradient_norm, clip_gradient_norm, ad_clip_gradient_norm(o[A], 1), BIT(A), BIT(A)) \
    ROW(straight_through, , ad_straight_through(o[A], o[B]), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(on_cotangent, on_cotangent, ad_on_cotangent(o[A], look, NULL), BIT(A), BIT(A))

#define OP_ROWS(ROW) \
    INSIDE_ROWS(ROW) \
    ELEMENTWISE_ROWS(ROW) \
    COTANGENT_ROWS(ROW) \
    UNARY(ROW, neg) UNARY(ROW, abs) UNARY(ROW, sign) UNARY(ROW, square) UNARY(ROW, sqrt) \
    UNARY(ROW, exp) UNARY(ROW, log) UNARY(ROW, sin) UNARY(ROW, cos) UNARY(ROW, tanh) \
    UNARY(ROW, sigmoid) UNARY(ROW, relu) \
    BINARY(ROW, add) BINARY(ROW, sub) BINARY(ROW, mul) BINARY(ROW, div) BINARY(ROW, pow) \
    BINARY(ROW, maximum) BINARY(ROW, minimum) BINARY(ROW, equal) BINARY(ROW, not_equal) \
    BINARY(ROW, less) BINARY(ROW, less_equal) BINARY(ROW, greater) BINARY(ROW, greater_equal) \
    BINARY(ROW, mse) BINARY(ROW, l1_loss) BINARY(ROW, l2_loss) BINARY(ROW, mae) BINARY(ROW, mape) \
    BINARY(ROW, logcosh_loss) BINARY(ROW, hinge_loss) BINARY(ROW, squared_hinge_loss) \
    BINARY(ROW, msle) BINARY(ROW, poisson_loss) BINARY(ROW, kl_divergence) \
    BINARY(ROW, categorical_hinge_loss) BINARY(ROW, sigmoid_cross_entropy) \
    BINARY(ROW, softmax_cross_entropy_probabilities) \
    ROW(huber_loss, huber_loss, ad_huber_loss(o[A], o[B], 1), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(where, where, (ad_where)(o[M], o[A], o[B]), BIT(M) | BIT(A) | BIT(B), \
        BIT(M) | BIT(A) | BIT(B)) \
    ROW(cast, cast, ad_cast(o[A], AD_F32), BIT(A), 0) \
    VIEWS(ROW, stop_gradient, ad_stop_gradient(o[A])) \
    ROW(matmul, matmul, ad_matmul(o[A], o[C]), BIT(A) | BIT(C), BIT(A) | BIT(C)) \
    ROW(dot, dot, ad_dot(o[V], o[W]), BIT(V) | BIT(W), BIT(V) | BIT(W)) \
    ROW(matvec, matvec, ad_matvec(o[A], o[V]), BIT(A) | BIT(V), BIT(A) | BIT(V)) \
    ROW(outer, outer, ad_outer(o[V], o[W]), BIT(V) | BIT(W), BIT(V) | BIT(W)) \
    ROW(dense, dense, ad_dense(o[C], o[A], o[V], AD_TANH), BIT(C) | BIT(A) | BIT(V), \
        BIT(C) | BIT(A) | BIT(V)) \
    REDUCE(ROW, sum, BIT(A)) REDUCE(ROW, mean, BIT(A)) REDUCE(ROW, max, 0) REDUCE(ROW, min, 0) \
    REDUCE(ROW, logsumexp, BIT(A)) SPREAD(ROW, variance) SPREAD(ROW, std) \
    ROW(softmax, softmax, ad_softmax(o[A], 1), BIT(A), BIT(A)) \
    ROW(log_softmax, log_softmax, ad_log_softmax(o[A], -2), BIT(A), BIT(A)) \
    VIEWS(ROW, reshape, ad_reshape(o[A], AD_SHAPE(-1))) \
    VIEWS(ROW, expand, ad_expand(o[A], 0)) \
    VIEWS(ROW, transpose, ad_transpose(o[A])) \
    VIEWS(ROW, permute, ad_permute(o[A], AD_AXES(1, 0))) \
    VIEWS(ROW, broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(4, 2, 3))) \
    VIEWS(ROW, slice, ad_slice(o[A], 0, 0, 1)) \
    ROW(flatten, flatten, ad_flatten(o[A], 0, 1), BIT(A), 0) \
    VIEWS(ROW, flip, ad_flip(o[A], AD_AXES(0))) \
    ROW(slice_step, slice, ad_slice_step(o[A], 1, AD_OPEN, AD_OPEN, -2), BIT(A), 0) \
    ROW(split, split, first_half(o[A]), BIT(A), 0) \
    ROW(unstack, unstack, first_row(o[A]), BIT(A), 0) \
    VIEWS(ROW, diagonal, ad_diagonal(o[A], 1)) \
    VIEWS(ROW, diag, ad_diag(o[A], -1)) \
    ROW(trace, trace, ad_trace(o[A]), BIT(A), BIT(A)) \
    VIEWS(ROW, tril, ad_tril(o[A], 0)) \
    VIEWS(ROW, triu, ad_triu(o[A], 0)) \
    VIEWS(ROW, roll, ad_roll(o[A], 1, 4)) \
    VIEWS(ROW, tile, ad_tile(o[A], 0, 2)) \
    VIEWS(ROW, repeat, ad_repeat(o[A], -1, 2)) \
    VIEWS(ROW, pad, ad_pad(o[A], 0, 1, 2, 1)) \
    VIEWS(ROW, pad_reflect, ad_pad_reflect(o[A], 1, 2, 1)) \
    VIEWS(ROW, pad_edge, ad_pad_edge(o[A], 1, 2, 1)) \
    ROW(index_select, index_select, ad_index_select(o[A], o[L], 0), BIT(A) | BIT(L), BIT(L)) \
    ROW(embedding, embedding, ad_embedding(o[A], o[L]), BIT(A) | BIT(L), BIT(L)) \
    ROW(take_along_axis, take_along_axis, ad_take_along_axis(o[V], o[L], 0), BIT(V) | BIT(L), \
        BIT(L)) \
    ROW(scatter_add, scatter_add, ad_scatter_add(o[A], o[L], o[B], 0), BIT(A) | BIT(L) | BIT(B), \
        BIT(A) | BIT(L) | BIT(B)) \
    ROW(one_hot, one_hot, ad_one_hot(o[L], 2, AD_F64), BIT(L), BIT(L)) \
    ROW(dropout, dropout, ad_dropout(o[A], 0.5, ad_key_new(1)), BIT(A), BIT(A)) \
    ROW(squeeze, reshape, ad_squeeze(ad_reshape(o[A], AD_SHAPE(1, 6)), 0), BIT(A), 0) \
    ROW(unbroadcast, unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(3)), BIT(A), BIT(A)) \
    ROW(concat, concat, ad_concat(2, TWO_OF(A, B), 0), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(stack, stack, ad_stack(2, TWO_OF(A, B), 0), BIT(A) | BIT(B), BIT(A) | BIT(B)) \
    ROW(gather, gather, ad_gather(o[A], o[L], 0), BIT(A) | BIT(L), BIT(L)) \
    ROW(softmax_cross_entropy, softmax_cross_entropy, ad_softmax_cross_entropy(o[A], o[L]), \
        BIT(A) | BIT(L), BIT(A) | BIT(L)) \
    ROW(apply, copy, ad_apply(&copy_op, &o[A], NULL), BIT(A), BIT(A)) \
    ROW(apply_n, copies, ad_apply_n(&copies_op, 2, TWO_OF(A, B), NULL), BIT(A) | BIT(B), \
        BIT(A) | BIT(B))

/* ---- calls that cannot be right ------------------------------------------------------------ */

#define REDUCE_BADLY(ROW, name) \
    ROW(name, 0, name, ad_##name##_over(o[A], AD_AXES(2)), AD_BAD_SHAPE) \
    ROW(name, 1, name, ad_##name##_over(o[A], AD_KEEP(0, -2)), AD_BAD_SHAPE) \
    ROW(name, 2, name, ad_##name##_over(o[A], (ad_axes){.count = 9}), AD_MISUSE) \
    ROW(name, 3, name, ad_##name##_over(o[A], (ad_axes){.count = -1}), AD_MISUSE)
#define SPREAD_BADLY(ROW, name) \
    ROW(name, 0, name, ad_##name##_over(o[A], AD_AXES(-3), 0), AD_BAD_SHAPE) \
    ROW(name, 1, name, ad_##name##_over(o[A], AD_KEEP(0, 0), 0), AD_BAD_SHAPE)

#define BAD_SHAPE_ROWS(ROW) \
    ROW(matvec, 0, matvec, ad_matvec(o[C], o[V]), AD_BAD_SHAPE) \
    ROW(outer, 0, outer, ad_outer(o[A], o[V]), AD_BAD_SHAPE) \
    ROW(flatten, 0, flatten, ad_flatten(o[A], 1, 0), AD_BAD_SHAPE) \
    ROW(flatten, 1, flatten, ad_flatten(o[A], 0, 2), AD_BAD_SHAPE) \
    ROW(flip, 0, flip, ad_flip(o[A], AD_AXES(2)), AD_BAD_SHAPE) \
    ROW(flip, 1, flip, ad_flip(o[A], (ad_axes){.count = 9}), AD_MISUSE) \
    ROW(slice_step, 0, slice, ad_slice_step(o[A], 0, 0, 1, 0), AD_MISUSE) \
    ROW(slice_step, 1, slice, ad_slice_step(o[A], 2, 0, 1, 1), AD_BAD_SHAPE) \
    ROW(split, 0, split, first_half(o[V]), AD_BAD_SHAPE) \
    ROW(unstack, 0, unstack, first_row(o[V]), AD_BAD_SHAPE) \
    ROW(diagonal, 0, diagonal, ad_diagonal(o[V], 0), AD_BAD_SHAPE) \
    ROW(diag, 0, diag, ad_diag(o[V], INT64_MIN), AD_BAD_SHAPE) \
    ROW(diag, 1, diag, ad_diag(o[V], INT64_MAX), AD_BAD_SHAPE) \
    ROW(trace, 0, trace, ad_trace(o[V]), AD_BAD_SHAPE) \
    ROW(tril, 0, tril, ad_tril(o[V], 0), AD_BAD_SHAPE) \
    ROW(triu, 0, triu, ad_triu(o[V], 0), AD_BAD_SHAPE) \
    ROW(roll, 0, roll, ad_roll(o[A], 2, 1), AD_BAD_SHAPE) \
    ROW(tile, 0, tile, ad_tile(o[A], 0, -1), AD_BAD_SHAPE) \
    ROW(tile, 1, tile, ad_tile(o[A], 0, INT64_MAX), AD_BAD_SHAPE) \
    ROW(repeat, 0, repeat, ad_repeat(o[A], 0, INT64_MIN), AD_BAD_SHAPE) \
    ROW(pad, 0, pad, ad_pad(o[A], 0, -1, 1, 0), AD_BAD_SHAPE) \
    ROW(pad, 1, pad, ad_pad(o[A], 0, INT64_MAX, INT64_MAX, 0), AD_BAD_SHAPE) \
    ROW(pad, 2, pad, ad_pad(o[L], 0, 1, 1, 0.5), AD_DOMAIN) \
    ROW(pad_reflect, 0, pad_reflect, ad_pad_reflect(o[A], 0, 2, 0), AD_BAD_SHAPE) \
    ROW(pad_edge, 0, pad_edge, ad_pad_edge(ad_slice(o[A], 0, 1, 1), 0, 1, 0), AD_BAD_SHAPE) \
    ROW(index_select, 0, index_select, ad_index_select(o[A], o[L], -3), AD_BAD_SHAPE) \
    ROW(embedding, 0, embedding, ad_embedding(o[A], ad_constant(o[A].tape, AD_I64, 2)), AD_DOMAIN) \
    ROW(take_along_axis, 0, take_along_axis, ad_take_along_axis(o[A], o[L], 0), AD_BAD_SHAPE) \
    ROW(scatter_add, 0, scatter_add, ad_scatter_add(o[A], o[L], o[C], 0), AD_BAD_SHAPE) \
    ROW(scatter_add, 1, scatter_add, ad_scatter_add(o[A], o[L], o[B], 5), AD_BAD_SHAPE) \
    ROW(one_hot, 0, one_hot, ad_one_hot(o[L], 1, AD_F64), AD_DOMAIN) \
    ROW(one_hot, 1, one_hot, ad_one_hot(o[L], 2, (ad_type)77), AD_BAD_TYPE) \
    ROW(one_hot, 2, one_hot, ad_one_hot(o[L], -1, AD_F64), AD_BAD_SHAPE) \
    ROW(dropout, 0, dropout, ad_dropout(o[A], NAN, ad_key_new(1)), AD_DOMAIN) \
    ROW(dropout, 1, dropout, ad_dropout(o[A], -0.5, ad_key_new(1)), AD_DOMAIN) \
    ROW(huber_loss, 0, huber_loss, ad_huber_loss(o[A], o[B], 0), AD_MISUSE) \
    ROW(l1_loss, 0, l1_loss, ad_l1_loss(o[A], o[V]), AD_BAD_SHAPE)

#define BAD_ELEMENTWISE_ROWS(ROW) \
    REDUCE_BADLY(ROW, prod) REDUCE_BADLY(ROW, argmax) REDUCE_BADLY(ROW, argmin) \
    REDUCE_BADLY(ROW, count_nonzero) \
    ROW(norm, 0, norm, ad_norm_over(o[A], AD_AXES(-3), 2), AD_BAD_SHAPE) \
    ROW(norm, 1, norm, ad_norm_over(o[A], AD_KEEP(0, 0), 2), AD_BAD_SHAPE) \
    ROW(argmax, 4, argmax, ad_argmax(ad_slice(o[A], 0, 1, 1)), AD_BAD_SHAPE) \
    ROW(norm, 2, norm, ad_norm(o[A], NAN), AD_MISUSE) \
    ROW(norm, 3, norm, ad_norm(o[A], 0), AD_MISUSE) \
    ROW(hypot, 0, hypot, ad_hypot(o[A], o[C]), AD_BAD_SHAPE) \
    ROW(clamp, 0, clamp, ad_clamp(o[A], 0, o[C]), AD_BAD_SHAPE) \
    ROW(moments, 0, moments, ad_moments_over(o[A], AD_AXES(2), 0).mean, AD_BAD_SHAPE) \
    ROW(moments, 1, moments, ad_moments_over(o[A], AD_KEEP(0, -2), 0).variance, AD_BAD_SHAPE) \
    ROW(moments, 2, moments, ad_moments_over(o[A], AD_KEEP(0), -1).mean, AD_MISUSE) \
    ROW(cumsum, 0, cumsum, ad_cumsum(o[A], 2, 0), AD_BAD_SHAPE) \
    ROW(cumsum, 1, cumsum, ad_cumsum(o[A], 0, 4), AD_MISUSE) \
    ROW(cumprod, 0, cumprod, ad_cumprod(o[A], -3, 0), AD_BAD_SHAPE) \
    ROW(cumprod, 1, cumprod, ad_cumprod(o[A], 0, AD_REVERSE | 1u << 31), AD_MISUSE) \
    ROW(sort, 0, sort, ad_sort(o[A], 2, false).values, AD_BAD_SHAPE) \
    ROW(argsort, 0, argsort, ad_argsort(o[A], -3, false), AD_BAD_SHAPE) \
    ROW(top_k, 0, top_k, ad_top_k(o[A], 0, 3).values, AD_BAD_SHAPE) \
    ROW(top_k, 1, top_k, ad_top_k(o[A], 0, -1).indices, AD_MISUSE)

#define BAD_ROWS(ROW) \
    BAD_INSIDE_ROWS(ROW) \
    BAD_ELEMENTWISE_ROWS(ROW) \
    ROW(clip_gradient, 0, clip_gradient, ad_clip_gradient(o[A], 1, 0), AD_MISUSE) \
    ROW(clip_gradient_norm, 0, clip_gradient_norm, ad_clip_gradient_norm(o[A], NAN), AD_MISUSE) \
    ROW(straight_through, 0, straight_through, ad_straight_through(o[A], o[V]), AD_BAD_SHAPE) \
    ROW(on_cotangent, 0, on_cotangent, ad_on_cotangent(o[A], NULL, NULL), AD_MISUSE) \
    BAD_SHAPE_ROWS(ROW) \
    REDUCE_BADLY(ROW, sum) REDUCE_BADLY(ROW, mean) REDUCE_BADLY(ROW, max) REDUCE_BADLY(ROW, min) \
    REDUCE_BADLY(ROW, logsumexp) SPREAD_BADLY(ROW, variance) SPREAD_BADLY(ROW, std) \
    ROW(max, 4, max, ad_max(ad_slice(o[A], 0, 1, 1)), AD_BAD_SHAPE) \
    ROW(add, 0, add, ad_add(o[A], o[C]), AD_BAD_SHAPE) \
    ROW(mse, 0, mse, ad_mse(o[A], o[V]), AD_BAD_SHAPE) \
    ROW(where, 0, where, ad_where(o[M], o[C], 0), AD_BAD_SHAPE) \
    ROW(where, 1, where, ad_where(o[M], 1, 2), AD_MISUSE) \
    ROW(cast, 0, cast, ad_cast(o[A], (ad_type)77), AD_BAD_TYPE) \
    ROW(cast, 1, cast, ad_cast(o[A], (ad_type)-1), AD_BAD_TYPE) \
    ROW(matmul, 0, matmul, ad_matmul(o[A], o[B]), AD_BAD_SHAPE) \
    ROW(matmul, 1, matmul, ad_matmul(o[A], o[V]), AD_BAD_SHAPE) \
    ROW(dot, 0, dot, ad_dot(o[A], o[B]), AD_BAD_SHAPE) \
    ROW(dense, 0, dense, ad_dense(o[A], o[A], o[V], AD_TANH), AD_BAD_SHAPE) \
    ROW(dense, 1, dense, ad_dense(o[C], o[A], o[V], (ad_activation)44), AD_MISUSE) \
    ROW(dense, 2, dense, ad_dense(o[C], o[A], o[V], (ad_activation)-1), AD_MISUSE) \
    ROW(softmax, 0, softmax, ad_softmax(o[A], 2), AD_BAD_SHAPE) \
    ROW(log_softmax, 0, log_softmax, ad_log_softmax(o[A], -3), AD_BAD_SHAPE) \
    ROW(reshape, 0, reshape, ad_reshape(o[A], AD_SHAPE(4)), AD_BAD_SHAPE) \
    ROW(reshape, 1, reshape, ad_reshape(o[A], AD_SHAPE(-1, -1)), AD_BAD_SHAPE) \
    ROW(reshape, 2, reshape, ad_reshape(o[A], AD_SHAPE(-1, 4)), AD_BAD_SHAPE) \
    ROW(reshape, 3, reshape, ad_reshape(o[A], AD_SHAPE(-1, 0)), AD_BAD_SHAPE) \
    ROW(reshape, 4, reshape, ad_reshape(o[A], ((ad_shape){99, {0}})), AD_BAD_SHAPE) \
    ROW(squeeze, 0, squeeze, ad_squeeze(o[A], 0), AD_BAD_SHAPE) \
    ROW(squeeze, 1, squeeze, ad_squeeze(o[A], INT32_MIN), AD_BAD_SHAPE) \
    ROW(expand, 0, expand, ad_expand(o[A], 4), AD_BAD_SHAPE) \
    ROW(expand, 1, expand, ad_expand(ad_reshape(o[A], AD_SHAPE(1, 1, 1, 1, 1, 1, 2, 3)), 0), \
        AD_BAD_SHAPE) \
    ROW(transpose, 0, transpose, ad_transpose(o[V]), AD_BAD_SHAPE) \
    ROW(permute, 0, permute, ad_permute(o[A], AD_AXES(0, 0)), AD_BAD_SHAPE) \
    ROW(permute, 1, permute, ad_permute(o[A], AD_AXES(0)), AD_BAD_SHAPE) \
    ROW(permute, 2, permute, ad_permute(o[A], (ad_axes){.count = 100}), AD_MISUSE) \
    ROW(broadcast_to, 0, broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(2, 4)), AD_BAD_SHAPE) \
    ROW(broadcast_to, 1, broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(3)), AD_BAD_SHAPE) \
    ROW(unbroadcast, 0, unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(2)), AD_BAD_SHAPE) \
    ROW(unbroadcast, 1, unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(1, 2, 3)), AD_BAD_SHAPE) \
    ROW(slice, 0, slice, ad_slice(o[A], 0, 0, 3), AD_BAD_SHAPE) \
    ROW(slice, 1, slice, ad_slice(o[A], 0, 2, 1), AD_BAD_SHAPE) \
    ROW(slice, 2, slice, ad_slice(o[A], 2, 0, 1), AD_BAD_SHAPE) \
    ROW(slice, 3, slice, ad_slice(o[A], 0, INT64_MIN, INT64_MAX), AD_BAD_SHAPE) \
    ROW(concat, 0, concat, ad_concat(2, TWO_OF(A, C), 0), AD_BAD_SHAPE) \
    ROW(concat, 1, concat, ad_concat(2, TWO_OF(A, B), 2), AD_BAD_SHAPE) \
    ROW(concat, 2, concat, ad_concat(0, TWO_OF(A, B), 0), AD_OK) \
    ROW(concat, 3, concat, ad_concat(-5, TWO_OF(A, B), 0), AD_OK) \
    ROW(concat, 4, concat, ad_concat(2, TWO_OF(A, V), 0), AD_BAD_SHAPE) \
    ROW(stack, 0, stack, ad_stack(2, TWO_OF(A, C), 0), AD_BAD_SHAPE) \
    ROW(stack, 1, stack, ad_stack(2, TWO_OF(A, B), 4), AD_BAD_SHAPE) \
    ROW(concat, 5, concat, ((void)o, ad_concat(2, NULL, 0)), AD_OK) \
    ROW(stack, 2, stack, ((void)o, ad_stack(2, NULL, 0)), AD_OK) \
    ROW(stack, 3, stack, ad_stack(0, TWO_OF(A, B), 0), AD_OK) \
    ROW(gather, 0, gather, ad_gather(o[A], o[L], 2), AD_BAD_SHAPE) \
    ROW(gather, 1, gather, ad_gather(o[A], ad_constant(o[A].tape, AD_I64, -1), 0), AD_DOMAIN) \
    ROW(gather, 2, gather, ad_gather(o[A], ad_constant(o[A].tape, AD_U8, 2), 0), AD_DOMAIN) \
    ROW(cross_entropy, 0, softmax_cross_entropy, ad_softmax_cross_entropy(o[C], o[L]), \
        AD_BAD_SHAPE) \
    ROW(cross_entropy, 1, softmax_cross_entropy, ad_softmax_cross_entropy( \
        ad_slice(o[A], 1, 0, 1), o[L]), AD_DOMAIN) \
    ROW(cross_entropy, 2, softmax_cross_entropy, ad_softmax_cross_entropy(o[V], o[L]), \
        AD_BAD_SHAPE) \
    ROW(apply, 0, apply, ad_apply(NULL, &o[A], NULL), AD_MISUSE) \
    ROW(apply, 1, apply, ad_apply(&copies_op, &o[A], NULL), AD_MISUSE) \
    ROW(apply_n, 0, copies, ad_apply_n(&copies_op, 0, &o[A], NULL), AD_OK) \
    ROW(apply_n, 1, copy, ad_apply_n(&copy_op, 2, TWO_OF(A, B), NULL), AD_MISUSE) \
    ROW(apply_n, 2, apply, ad_apply_n(NULL, 1, &o[A], NULL), AD_MISUSE)
/* clang-format on */

#define GOOD(name, op, result, uses, typed)          \
    static ad_tensor call_##name(const ad_tensor *o) \
    {                                                \
        return result;                               \
    }
OP_ROWS(GOOD)

#define WRONG(name, number, op, result, status)                \
    static ad_tensor bad_##name##_##number(const ad_tensor *o) \
    {                                                          \
        return result;                                         \
    }
BAD_ROWS(WRONG)

#define ROW_OF(name, op, result, uses, typed) {#name, #op, call_##name, uses, typed},
const op_row op_rows[] = {OP_ROWS(ROW_OF)};
const size_t op_row_count = sizeof op_rows / sizeof *op_rows;

#define BAD_ROW_OF(name, number, op, result, status) {#op, bad_##name##_##number, status},
const bad_row bad_rows[] = {BAD_ROWS(BAD_ROW_OF)};
const size_t bad_row_count = sizeof bad_rows / sizeof *bad_rows;
