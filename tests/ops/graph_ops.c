/* The operations of random graphs: one row is one way to use a built-in op. */
#include "graph.h"

static int axis_of(ad_tensor x, uint64_t choice)
{
    return (int)(choice % (uint64_t)ad_shape_of(x).rank);
}

/* Some extent of x along an axis. */
static int64_t extent_of(ad_tensor x, int axis)
{
    return ad_shape_of(x).dim[axis];
}

static ad_tensor number_list(ad_tape *t, ad_type type, int64_t n, uint64_t choice, int64_t below)
{
    int64_t *numbers = ad_tape_memory(t, (size_t)n * sizeof *numbers);
    for (int64_t i = 0; numbers && i < n; i++)
        numbers[i] = (int64_t)((choice >> (3 * (i % 16) + 8)) % (uint64_t)below);
    return ad_cast(ad_freeze(t, ad_view_of(AD_I64, numbers, AD_SHAPE(n))), type);
}

static ad_tensor slice(ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    int64_t n = extent_of(x, axis), begin = (int64_t)(choice >> 8) % (n + 1);
    return ad_slice(x, axis, begin, begin + (int64_t)(choice >> 40) % (n - begin + 1));
}

static ad_tensor squeeze(ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    while (extent_of(x, axis) != 1)
        axis = (axis + 1) % ad_shape_of(x).rank;
    return ad_squeeze(x, axis);
}

static ad_tensor permute(ad_tensor x, uint64_t choice)
{
    ad_axes order = {.count = ad_shape_of(x).rank};
    for (int i = 0; i < order.count; i++)
        order.axis[i] = (int)((choice % 7 + (uint64_t)i) % (uint64_t)order.count);
    return ad_permute(x, order);
}

static ad_tensor broadcast_to(ad_tensor x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x), y = {.rank = s.rank + 1, .dim = {1 + (int64_t)(choice % 2)}};
    for (int i = 0; i < s.rank; i++)
        y.dim[i + 1] = s.dim[i] == 1 ? 2 : s.dim[i];
    return ad_broadcast_to(x, y);
}

static ad_tensor unbroadcast(ad_tensor x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x), y = {.rank = s.rank - 1};
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = choice >> i & 1 ? 1 : s.dim[i + 1];
    return ad_unbroadcast(x, y);
}

static ad_tensor gather(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_type type = choice >> 60 & 1 ? AD_I32 : AD_I64;
    return ad_gather(x, number_list(t, type, 3, choice, extent_of(x, axis)), axis);
}

static ad_tensor take_along(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_shape s = ad_shape_of(x);
    int64_t extent = s.dim[axis], n = 1;
    s.dim[axis] = 2;
    for (int i = 0; i < s.rank; i++)
        n *= s.dim[i];
    return ad_take_along_axis(x, ad_reshape(number_list(t, AD_I64, n, choice, extent), s), axis);
}

static ad_tensor scatter_add(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_tensor index = number_list(t, AD_I64, 3, choice, extent_of(x, axis));
    return ad_scatter_add(x, index, ad_gather(ad_sin(x), index, axis), axis);
}

/* On the parabola, or beyond it. */
static ad_tensor huber_loss(const ad_tensor *x, uint64_t choice)
{
    ad_tensor p = ad_tanh(x[0]), t = ad_tanh(x[1]);
    return choice & 1 ? ad_huber_loss(p, t, 2.5) : ad_huber_loss(ad_add(p, 4), t, 1.5);
}

static ad_tensor cross_entropy(ad_tape *t, ad_tensor x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x);
    return ad_softmax_cross_entropy(x, number_list(t, AD_I32, s.dim[0], choice, s.dim[1]));
}

static ad_tensor where(ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x[0]);
    int64_t n = s.rank ? s.dim[s.rank - 1] : 1;
    ad_tensor mask = number_list(t, AD_BOOL, n, choice, 2);
    return ad_where(s.rank ? mask : ad_squeeze(mask, 0), x[0], x[1]);
}

static ad_tensor stack(const ad_tensor *x, uint64_t choice)
{
    return ad_stack(2, x, (int)(choice % (uint64_t)(ad_shape_of(x[0]).rank + 1)));
}

#define AXIS AD_AXES(axis_of(*x, choice))
#define KEPT AD_KEEP(axis_of(*x, choice))
/* Over one axis, kept or dropped, or over all. */
#define REDUCE(op)                                \
    (choice >> 9 & 1   ? ad_##op##_over(*x, KEPT) \
     : choice >> 8 & 1 ? ad_##op##_over(*x, AXIS) \
                       : ad_##op(*x))
#define REDUCE_BY_N(op)                              \
    (choice >> 9 & 1   ? ad_##op##_over(*x, KEPT, 0) \
     : choice >> 8 & 1 ? ad_##op##_over(*x, AXIS, 0) \
                       : ad_##op(*x))

static ad_status look(void *user, const ad_cotangent *c)
{
    (void)user;
    return c->dx.shape.rank < 0 ? AD_MISUSE : AD_OK;
}

/* For losses with kinks or poles: x within (-1, 1), and (0, 1). */
#define BETWEEN_1(x) ad_tanh(x)
#define BETWEEN_0(x) ad_sigmoid(x)

/* clang-format off */
#define SHAPE_OPS(ROW) \
    ROW(flip, flip, 1, FIT_AXIS, EVERYWHERE, ad_flip(*x, AXIS)) \
    ROW(diagonal, diagonal, 1, FIT_MATRIX, EVERYWHERE, ad_diagonal(*x, (int64_t)(choice % 3) - 1)) \
    ROW(diag, diag, 1, FIT_AXIS, EVERYWHERE, ad_diag(*x, (int64_t)(choice % 3) - 1)) \
    ROW(tril, tril, 1, FIT_MATRIX, EVERYWHERE, ad_tril(*x, (int64_t)(choice % 3) - 1)) \
    ROW(triu, triu, 1, FIT_MATRIX, EVERYWHERE, ad_triu(*x, (int64_t)(choice % 3) - 1)) \
    ROW(index_select, index_select, 1, FIT_FULL_AXIS, EVERYWHERE, ad_index_select(*x, \
        number_list(t, AD_I32, 3, choice, extent_of(*x, axis_of(*x, choice))), axis_of(*x, choice))) \
    ROW(embedding, embedding, 1, FIT_FULL_AXIS, EVERYWHERE, \
        ad_embedding(*x, number_list(t, AD_I64, 3, choice, extent_of(*x, 0)))) \
    ROW(take_along_axis, take_along_axis, 1, FIT_FULL_AXIS, EVERYWHERE, take_along(t, *x, choice)) \
    ROW(scatter_add, scatter_add, 1, FIT_FULL_AXIS, EVERYWHERE, scatter_add(t, *x, choice)) \
    ROW(roll, roll, 1, FIT_AXIS, EVERYWHERE, \
        ad_roll(*x, axis_of(*x, choice), (int64_t)(choice >> 8 & 7) - 4)) \
    ROW(tile, tile, 1, FIT_AXIS, EVERYWHERE, ad_tile(*x, axis_of(*x, choice), 2)) \
    ROW(repeat, repeat, 1, FIT_AXIS, EVERYWHERE, ad_repeat(*x, axis_of(*x, choice), 2)) \
    ROW(pad, pad, 1, FIT_AXIS, EVERYWHERE, ad_pad(*x, axis_of(*x, choice), 1, 2, 0.5)) \
    ROW(pad_reflect, pad_reflect, 1, FIT_FULL_AXIS, EVERYWHERE, \
        ad_pad_reflect(*x, axis_of(*x, choice), extent_of(*x, axis_of(*x, choice)) - 1, 0)) \
    ROW(pad_edge, pad_edge, 1, FIT_FULL_AXIS, EVERYWHERE, ad_pad_edge(*x, axis_of(*x, choice), 1, 2))

#define ELEMENTWISE_OPS(ROW) \
    ROW(ceil, ceil, 1, FIT_ANY, EVERYWHERE, ad_ceil(ad_add(ad_mul(0.2, BETWEEN_1(*x)), 0.25))) \
    ROW(floor, floor, 1, FIT_ANY, EVERYWHERE, ad_floor(ad_add(ad_mul(0.2, BETWEEN_1(*x)), 0.25))) \
    ROW(round, round, 1, FIT_ANY, EVERYWHERE, ad_round(ad_add(ad_mul(0.2, BETWEEN_1(*x)), 0.25))) \
    ROW(trunc, trunc, 1, FIT_ANY, EVERYWHERE, ad_trunc(ad_add(ad_mul(0.2, BETWEEN_1(*x)), 0.25))) \
    ROW(rsqrt, rsqrt, 1, FIT_ANY, POSITIVE, ad_rsqrt(*x)) \
    ROW(cbrt, cbrt, 1, FIT_ANY, POSITIVE, ad_cbrt(*x)) \
    ROW(log2, log2, 1, FIT_ANY, POSITIVE, ad_log2(*x)) \
    ROW(log10, log10, 1, FIT_ANY, POSITIVE, ad_log10(*x)) \
    ROW(log1p, log1p, 1, FIT_ANY, POSITIVE, ad_log1p(*x)) \
    ROW(lgamma, lgamma, 1, FIT_ANY, POSITIVE, ad_lgamma(*x)) \
    ROW(exp2, exp2, 1, FIT_ANY, EVERYWHERE, ad_exp2(*x)) \
    ROW(expm1, expm1, 1, FIT_ANY, EVERYWHERE, ad_expm1(*x)) \
    ROW(atan, atan, 1, FIT_ANY, EVERYWHERE, ad_atan(*x)) \
    ROW(sinh, sinh, 1, FIT_ANY, EVERYWHERE, ad_sinh(*x)) \
    ROW(cosh, cosh, 1, FIT_ANY, EVERYWHERE, ad_cosh(*x)) \
    ROW(asinh, asinh, 1, FIT_ANY, EVERYWHERE, ad_asinh(*x)) \
    ROW(erf, erf, 1, FIT_ANY, EVERYWHERE, ad_erf(*x)) \
    ROW(erfc, erfc, 1, FIT_ANY, EVERYWHERE, ad_erfc(*x)) \
    ROW(log_sigmoid, log_sigmoid, 1, FIT_ANY, EVERYWHERE, ad_log_sigmoid(*x)) \
    ROW(softplus, softplus, 1, FIT_ANY, EVERYWHERE, ad_softplus(*x)) \
    ROW(silu, silu, 1, FIT_ANY, EVERYWHERE, ad_silu(*x)) \
    ROW(gelu, gelu, 1, FIT_ANY, EVERYWHERE, ad_gelu(*x)) \
    ROW(gelu_erf, gelu_erf, 1, FIT_ANY, EVERYWHERE, ad_gelu_erf(*x)) \
    ROW(mish, mish, 1, FIT_ANY, EVERYWHERE, ad_mish(*x)) \
    ROW(reciprocal, reciprocal, 1, FIT_ANY, POSITIVE, ad_reciprocal(*x)) \
    ROW(softsign, softsign, 1, FIT_ANY, OFF_ZERO, ad_softsign(*x)) \
    ROW(elu, elu, 1, FIT_ANY, OFF_ZERO, ad_elu(*x)) \
    ROW(selu, selu, 1, FIT_ANY, OFF_ZERO, ad_selu(*x)) \
    ROW(asin, asin, 1, FIT_ANY, EVERYWHERE, ad_asin(ad_mul(0.5, BETWEEN_1(*x)))) \
    ROW(acos, acos, 1, FIT_ANY, EVERYWHERE, ad_acos(ad_mul(0.5, BETWEEN_1(*x)))) \
    ROW(atanh, atanh, 1, FIT_ANY, EVERYWHERE, ad_atanh(ad_mul(0.5, BETWEEN_1(*x)))) \
    ROW(hard_tanh, hard_tanh, 1, FIT_ANY, EVERYWHERE, ad_hard_tanh(ad_mul(0.5, BETWEEN_1(*x)))) \
    ROW(tan, tan, 1, FIT_ANY, EVERYWHERE, ad_tan(BETWEEN_1(*x))) \
    ROW(hard_sigmoid, hard_sigmoid, 1, FIT_ANY, EVERYWHERE, ad_hard_sigmoid(BETWEEN_1(*x))) \
    ROW(powi, powi, 1, FIT_ANY, EVERYWHERE, ad_powi(*x, 3)) \
    ROW(acosh, acosh, 1, FIT_ANY, EVERYWHERE, ad_acosh(ad_add(ad_square(*x), 1.5))) \
    ROW(digamma, digamma, 1, FIT_ANY, EVERYWHERE, ad_digamma(ad_add(BETWEEN_0(*x), 1))) \
    ROW(relu6, relu6, 1, FIT_ANY, EVERYWHERE, ad_relu6(BETWEEN_0(*x))) \
    ROW(hypot, hypot, 2, FIT_BROADCAST, POSITIVE, ad_hypot(x[0], x[1])) \
    ROW(atan2, atan2, 2, FIT_BROADCAST, POSITIVE, ad_atan2(x[0], x[1])) \
    ROW(fmod, fmod, 2, FIT_BROADCAST, EVERYWHERE, \
        ad_fmod(ad_add(ad_mul(0.2, BETWEEN_0(x[0])), 2.3), ad_add(ad_mul(0.1, BETWEEN_0(x[1])), 1))) \
    ROW(leaky_relu, leaky_relu, 2, FIT_BROADCAST, OFF_ZERO, ad_leaky_relu(x[0], x[1])) \
    ROW(celu, celu, 2, FIT_BROADCAST, OFF_ZERO, \
        ad_celu(x[0], ad_add(BETWEEN_0(x[1]), 0.5))) \
    ROW(clamp, clamp, 2, FIT_BROADCAST, EVERYWHERE, \
        ad_clamp(BETWEEN_1(x[0]), -1.5, ad_add(BETWEEN_0(x[1]), 1.5))) \
    ROW(lerp, lerp, 2, FIT_BROADCAST, EVERYWHERE, ad_lerp(x[0], x[1], BETWEEN_1(x[0]))) \
    ROW(muladd, muladd, 2, FIT_BROADCAST, EVERYWHERE, ad_muladd(x[0], x[1], x[0])) \
    ROW(prod, prod, 1, FIT_FULL_AXIS, EVERYWHERE, REDUCE(prod)) \
    ROW(norm, norm, 1, FIT_FULL_AXIS, POSITIVE, \
        choice & 1 ? ad_norm(*x, 3) : ad_norm_over(*x, AXIS, 2)) \
    ROW(cumsum, cumsum, 1, FIT_FULL_AXIS, EVERYWHERE, \
        ad_cumsum(*x, axis_of(*x, choice), (unsigned)(choice >> 8 & 3))) \
    ROW(cumprod, cumprod, 1, FIT_FULL_AXIS, EVERYWHERE, \
        ad_cumprod(*x, axis_of(*x, choice), (unsigned)(choice >> 8 & 3))) \
    ROW(sort, sort, 1, FIT_FULL_AXIS, DISTINCT, ad_sort(*x, axis_of(*x, choice), choice >> 8 & 1).values)

#define LOSS_OPS(ROW) \
    ROW(l1_loss, l1_loss, 2, FIT_EQUAL, APART, ad_l1_loss(x[0], x[1])) \
    ROW(l2_loss, l2_loss, 2, FIT_EQUAL, EVERYWHERE, ad_l2_loss(x[0], x[1])) \
    ROW(mae, mae, 2, FIT_EQUAL, APART, ad_mae(x[0], x[1])) \
    ROW(mape, mape, 2, FIT_EQUAL, EVERYWHERE, ad_mul(0.01, \
        ad_mape(ad_sub(BETWEEN_1(x[0]), 2), ad_add(BETWEEN_0(x[1]), 1)))) \
    ROW(logcosh_loss, logcosh_loss, 2, FIT_EQUAL, EVERYWHERE, ad_logcosh_loss(x[0], x[1])) \
    ROW(huber_loss, huber_loss, 2, FIT_EQUAL, EVERYWHERE, huber_loss(x, choice)) \
    ROW(msle, msle, 2, FIT_EQUAL, EVERYWHERE, ad_msle(BETWEEN_0(x[0]), BETWEEN_0(x[1]))) \
    ROW(hinge_loss, hinge_loss, 2, FIT_EQUAL, EVERYWHERE, \
        ad_hinge_loss(BETWEEN_1(x[0]), ad_mul(0.5, BETWEEN_1(x[1])))) \
    ROW(squared_hinge_loss, squared_hinge_loss, 2, FIT_EQUAL, EVERYWHERE, \
        ad_squared_hinge_loss(BETWEEN_1(x[0]), ad_mul(0.5, BETWEEN_1(x[1])))) \
    ROW(poisson_loss, poisson_loss, 2, FIT_EQUAL, EVERYWHERE, \
        ad_poisson_loss(ad_add(BETWEEN_0(x[0]), 0.5), x[1])) \
    ROW(kl_divergence, kl_divergence, 2, FIT_EQUAL, EVERYWHERE, \
        ad_kl_divergence(ad_add(BETWEEN_0(x[0]), 0.5), ad_add(BETWEEN_0(x[1]), 0.5))) \
    ROW(sigmoid_cross_entropy, sigmoid_cross_entropy, 2, FIT_EQUAL, EVERYWHERE, \
        ad_sigmoid_cross_entropy(x[0], x[1])) \
    ROW(categorical_hinge_loss, categorical_hinge_loss, 1, FIT_FULL_AXIS, DISTINCT, \
        ad_categorical_hinge_loss(ad_mul(0.04, *x), ad_sub(*x, *x))) \
    ROW(cross_entropy_probabilities, softmax_cross_entropy_probabilities, 1, FIT_FULL_AXIS, \
        EVERYWHERE, ad_softmax_cross_entropy_probabilities(*x, BETWEEN_0(*x)))

#define GRAPH_OPS(ROW) \
    ELEMENTWISE_OPS(ROW) SHAPE_OPS(ROW) LOSS_OPS(ROW) \
    ROW(neg, neg, 1, FIT_ANY, EVERYWHERE, ad_neg(*x)) \
    ROW(scale_gradient, scale_gradient, 1, FIT_ANY, EVERYWHERE, ad_scale_gradient(*x, 1)) \
    ROW(clip_gradient, clip_gradient, 1, FIT_ANY, EVERYWHERE, ad_clip_gradient(*x, -1e30, 1e30)) \
    ROW(clip_norm, clip_gradient_norm, 1, FIT_ANY, EVERYWHERE, ad_clip_gradient_norm(*x, 1e30)) \
    ROW(straight_through, straight_through, 1, FIT_ANY, EVERYWHERE, ad_straight_through(*x, *x)) \
    ROW(on_cotangent, on_cotangent, 1, FIT_ANY, EVERYWHERE, ad_on_cotangent(*x, look, NULL)) \
    ROW(abs, abs, 1, FIT_ANY, OFF_ZERO, ad_abs(*x)) \
    ROW(sign, sign, 1, FIT_ANY, OFF_ZERO, ad_sign(*x)) \
    ROW(square, square, 1, FIT_ANY, EVERYWHERE, ad_square(*x)) \
    ROW(sqrt, sqrt, 1, FIT_ANY, POSITIVE, ad_sqrt(*x)) \
    ROW(exp, exp, 1, FIT_ANY, EVERYWHERE, ad_exp(*x)) \
    ROW(log, log, 1, FIT_ANY, POSITIVE, ad_log(*x)) \
    ROW(sin, sin, 1, FIT_ANY, EVERYWHERE, ad_sin(*x)) \
    ROW(cos, cos, 1, FIT_ANY, EVERYWHERE, ad_cos(*x)) \
    ROW(tanh, tanh, 1, FIT_ANY, EVERYWHERE, ad_tanh(*x)) \
    ROW(sigmoid, sigmoid, 1, FIT_ANY, EVERYWHERE, ad_sigmoid(*x)) \
    ROW(relu, relu, 1, FIT_ANY, OFF_ZERO, ad_relu(*x)) \
    ROW(add, add, 2, FIT_BROADCAST, EVERYWHERE, ad_add(x[0], x[1])) \
    ROW(sub, sub, 2, FIT_BROADCAST, EVERYWHERE, ad_sub(x[0], x[1])) \
    ROW(mul, mul, 2, FIT_BROADCAST, EVERYWHERE, ad_mul(x[0], x[1])) \
    ROW(div, div, 2, FIT_BROADCAST, SECOND_OFF_ZERO, ad_div(x[0], x[1])) \
    ROW(pow, pow, 2, FIT_BROADCAST, POSITIVE, ad_pow(x[0], x[1])) \
    ROW(maximum, maximum, 2, FIT_BROADCAST, APART, ad_maximum(x[0], x[1])) \
    ROW(minimum, minimum, 2, FIT_BROADCAST, APART, ad_minimum(x[0], x[1])) \
    ROW(add_again, add, 1, FIT_ANY, EVERYWHERE, ad_add(*x, 0.75)) \
    ROW(mul_again, mul, 1, FIT_ANY, EVERYWHERE, ad_mul(-1.5, *x)) \
    ROW(where, where, 2, FIT_BROADCAST, EVERYWHERE, where(t, x, choice)) \
    ROW(matmul, matmul, 2, FIT_PRODUCT, EVERYWHERE, ad_matmul(x[0], x[1])) \
    ROW(matmul_again, matmul, 1, FIT_MATRIX, EVERYWHERE, ad_matmul(*x, ad_transpose(*x))) \
    ROW(dot, dot, 2, FIT_VECTORS, EVERYWHERE, ad_dot(x[0], x[1])) \
    ROW(dense, dense, 2, FIT_DENSE, EVERYWHERE, \
        ad_dense(x[0], x[1], ad_sum_over(x[1], AD_AXES(0)), choice & 1 ? AD_TANH : AD_SIGMOID)) \
    ROW(dense_again, dense, 1, FIT_ROWS, EVERYWHERE, \
        ad_dense(*x, ad_transpose(*x), ad_sum_over(*x, AD_AXES(1)), AD_TANH)) \
    ROW(sum, sum, 1, FIT_AXIS, EVERYWHERE, REDUCE(sum)) \
    ROW(mean, mean, 1, FIT_FULL_AXIS, EVERYWHERE, REDUCE(mean)) \
    ROW(variance, variance, 1, FIT_FULL_AXIS, EVERYWHERE, REDUCE_BY_N(variance)) \
    ROW(std, std, 1, FIT_FULL_AXIS, RESULT_OFF_ZERO, REDUCE_BY_N(std)) \
    ROW(max, max, 1, FIT_FULL_AXIS, DISTINCT, REDUCE(max)) \
    ROW(min, min, 1, FIT_FULL_AXIS, DISTINCT, REDUCE(min)) \
    ROW(logsumexp, logsumexp, 1, FIT_FULL_AXIS, EVERYWHERE, REDUCE(logsumexp)) \
    ROW(softmax, softmax, 1, FIT_AXIS, EVERYWHERE, ad_softmax(*x, axis_of(*x, choice))) \
    ROW(log_softmax, log_softmax, 1, FIT_AXIS, EVERYWHERE, ad_log_softmax(*x, axis_of(*x, choice))) \
    ROW(reshape, reshape, 1, FIT_FULL_AXIS, EVERYWHERE, ad_reshape(*x, AD_SHAPE(-1))) \
    ROW(squeeze, squeeze, 1, FIT_ONE, EVERYWHERE, squeeze(*x, choice)) \
    ROW(expand, expand, 1, FIT_LOW, EVERYWHERE, ad_expand(*x, (int)(choice & 1) - 1)) \
    ROW(transpose, transpose, 1, FIT_MATRIX, EVERYWHERE, ad_transpose(*x)) \
    ROW(permute, permute, 1, FIT_AXIS, EVERYWHERE, permute(*x, choice)) \
    ROW(broadcast_to, broadcast_to, 1, FIT_LOW, EVERYWHERE, broadcast_to(*x, choice)) \
    ROW(unbroadcast, unbroadcast, 1, FIT_AXIS, EVERYWHERE, unbroadcast(*x, choice)) \
    ROW(slice, slice, 1, FIT_AXIS, EVERYWHERE, slice(*x, choice)) \
    ROW(concat, concat, 2, FIT_EQUAL, EVERYWHERE, \
        ad_shape_of(*x).rank ? ad_concat(2, x, axis_of(*x, choice)) : ad_stack(2, x, 0)) \
    ROW(stack, stack, 2, FIT_EQUAL, EVERYWHERE, stack(x, choice)) \
    ROW(gather, gather, 1, FIT_FULL_AXIS, EVERYWHERE, gather(t, *x, choice)) \
    ROW(mse, mse, 2, FIT_EQUAL, EVERYWHERE, ad_mse(x[0], x[1])) \
    ROW(softmax_cross_entropy, softmax_cross_entropy, 1, FIT_ROWS, EVERYWHERE, cross_entropy(t, *x, choice)) \
    ROW(dropout, dropout, 1, FIT_ANY, EVERYWHERE, ad_dropout(*x, 0.25, ad_key_new(choice)))
/* clang-format on */

#define FUNCTION(row, op, n, fits, domain, result)                                \
    static ad_tensor build_##row(ad_tape *t, const ad_tensor *x, uint64_t choice) \
    {                                                                             \
        (void)t, (void)choice;                                                    \
        return result;                                                            \
    }
#define ENTRY(row, op, n, fits, domain, result) {#op, n, fits, domain, build_##row},

GRAPH_OPS(FUNCTION)

const graph_op graph_ops[] = {GRAPH_OPS(ENTRY)};
const int graph_op_count = sizeof graph_ops / sizeof *graph_ops;
