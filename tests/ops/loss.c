/* Losses. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "loss.c"
#define FAMILY loss_rows
#include "rows.h"

static const int32_t picks[] = {2, 0, 2, 1}, labels[] = {2, 0, 3}, with_gaps[] = {2, -100, 0, -100};
static const double oracle_weights[] = {1, 0.5, 3, 0.25};
static const int64_t far_picks[] = {1, 1, 0, 2};
static const uint8_t near_picks[] = {0, 2};

#define LABELS               FROZEN(case_labels, CASE_ROWS)
#define CROSS_ENTROPY(label) ad_softmax_cross_entropy(x[0], label)

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

enum { ALL_COUNT = INT32_MIN };

/* weights may be NULL. They are of the type of x. */
static ad_tensor entropy_with(ad_tape *t, ad_tensor x, ad_tensor label, int64_t ignored,
                              double smoothing, const double *weights)
{
    ad_cross_entropy_options o = {.size = sizeof o,
                                  .ignores = ignored != ALL_COUNT,
                                  .ignored = ignored,
                                  .smoothing = smoothing};
    if (weights)
        o.weights = ad_cast(ad_freeze(t, AD_VIEW(weights, extent_of(x, 1))), ad_read(x).type);
    return ad_softmax_cross_entropy_with(x, label, &o);
}

/* Of a good call but for one thing. */
static ad_tensor bad_entropy(const ad_tensor *o, size_t size, double smoothing, ad_tensor weights)
{
    ad_cross_entropy_options with = {.size = size, .smoothing = smoothing, .weights = weights};
    return ad_softmax_cross_entropy_with(o[A], o[L], &with);
}
#define OPTIONS_SIZE sizeof(ad_cross_entropy_options)

static ad_tensor smooth_entropy(ad_tape *t, ad_tensor x, uint64_t choice)
{
    ad_tensor label = number_list(t, AD_I32, extent_of(x, 0), choice, extent_of(x, 1));
    return entropy_with(t, x, label, ALL_COUNT, choice & 1 ? 0.1 : 1, NULL);
}

#include "read_rows.h"
#else

/* clang-format off */
LOSS(ad_l1_loss, .range = {-30, 30}, .domain = APART, .not_analytic = true)
LOSS(ad_mae, .range = {-30, 30}, .domain = APART, .not_analytic = true)
LOSS(ad_l2_loss, .complex = (p - t) * (p - t))

LOSS(ad_mse, .mean = true, .complex = (p - t) * (p - t))
CASE(mse_of_700, ad_mse(x[0], x[1]), ON(S(700), S(700)), .whole = complex_mse)

LOSS(ad_logcosh_loss, .mean = true, .complex = clog(ccosh(p - t)))

OP(ad_huber_loss, .not_analytic = true)
CASE(huber_loss, ad_huber_loss(x[0], x[1], 7), ON(S(3, 4), S(3, 4)), .range = {-30, 30})
CASE(huber_loss_inside, ad_huber_loss(x[0], x[1], 100), ON(S(5), S(5)))
CASE(huber_loss_of_nothing, ad_huber_loss(x[0], x[1], 1), ON(S(0), S(0)))
CASE(huber_loss_of_numbers, ad_huber_loss(x[0], x[1], 1), ON(NUMBER, NUMBER))
GRAPH(huber_loss(x, choice), .arity = 2, .fits = FIT_EQUAL)
CALL(huber_loss, ad_huber_loss(o[A], o[B], 1), .uses = BIT(A) | BIT(B))
BAD(huber_loss, ad_huber_loss(o[A], o[B], 0), AD_MISUSE)
ORACLE(huber_loss, ad_huber_loss(x[0], x[1], 1.5))

LOSS(ad_mape, .range = {5, 50}, .not_analytic = true)
CASE(mape_of_negatives, ad_mape(x[0], ad_neg(x[1])), ON(S(4), S(4)), .range = {5, 50})
GRAPH(ad_mul(0.01, ad_mape(ad_sub(BETWEEN_1(x[0]), 2), ad_add(BETWEEN_0(x[1]), 1))), .arity = 2,
    .fits = FIT_EQUAL)

LOSS(ad_msle, .range = {0.3, 2.5}, .mean = true,
    .complex = (clog(1 + p) - clog(1 + t)) * (clog(1 + p) - clog(1 + t)))
CASE(msle_below_0, ad_msle(ad_sub(x[0], 20), x[1]), ON(S(4), S(4)), .range = {1, 9})

OP(ad_hinge_loss, .not_analytic = true)
CASE(hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(3, 4), S(3, 4)), .range = {-30, 30})
CASE(hinge_loss_of_vectors, ad_hinge_loss(x[0], x[1]), ON(S(5), S(5)))
CASE(hinge_loss_of_nothing, ad_hinge_loss(x[0], x[1]), ON(S(0), S(0)))
CASE(hinge_loss_of_numbers, ad_hinge_loss(x[0], x[1]), ON(NUMBER, NUMBER))
GRAPH(ad_hinge_loss(BETWEEN_1(x[0]), ad_mul(0.5, BETWEEN_1(x[1]))), .arity = 2, .fits = FIT_EQUAL)
CALL(hinge_loss, (ad_hinge_loss)(o[A], o[B]), .uses = BIT(A) | BIT(B))
ORACLE(hinge_loss, ad_hinge_loss(x[0], x[1]))

OP(ad_squared_hinge_loss, .not_analytic = true)
CASE(squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), ON(S(3, 4), S(3, 4)), .range = {-3, 3})
CASE(squared_hinge_loss_of_vectors, ad_squared_hinge_loss(x[0], x[1]), ON(S(5), S(5)))
CASE(squared_hinge_loss_of_nothing, ad_squared_hinge_loss(x[0], x[1]), ON(S(0), S(0)))
CASE(squared_hinge_loss_of_numbers, ad_squared_hinge_loss(x[0], x[1]), ON(NUMBER, NUMBER))
GRAPH(ad_squared_hinge_loss(BETWEEN_1(x[0]), ad_mul(0.5, BETWEEN_1(x[1]))), .arity = 2,
    .fits = FIT_EQUAL)
CALL(squared_hinge_loss, (ad_squared_hinge_loss)(o[A], o[B]), .uses = BIT(A) | BIT(B))
ORACLE(squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]))

LOSS(ad_poisson_loss, .range = {0.3, 2.5}, .mean = true, .complex = p - t * clog(p))
LOSS(ad_kl_divergence, .range = {0.3, 2.5}, .complex = t * clog(t / p))
LOSS(ad_sigmoid_cross_entropy, .mean = true, .complex = clog(1 + cexp(p)) - p * t)

OP(ad_categorical_hinge_loss, .not_analytic = true, .needs_axes = true)
CASE(categorical_hinge_loss, ad_categorical_hinge_loss(x[0], x[1]), ON(S(3, 4), S(3, 4)))
CASE(categorical_hinge_loss_of_a_vector, ad_categorical_hinge_loss(x[0], x[1]), ON(S(5), S(5)))
CASE(categorical_hinge_loss_of_nothing, ad_categorical_hinge_loss(x[0], x[1]), ON(S(0, 4), S(0, 4)))
GRAPH(ad_categorical_hinge_loss(ad_mul(0.04, *x), ad_sub(*x, *x)), .fits = FIT_FULL_AXIS,
    .domain = DISTINCT)
CALL(categorical_hinge_loss, (ad_categorical_hinge_loss)(o[A], o[B]), .uses = BIT(A) | BIT(B))
ORACLE(categorical_hinge_loss, ad_categorical_hinge_loss(x[0], x[1]))

OP(ad_softmax_cross_entropy, .needs_axes = true)
CASE(cross_entropy, CROSS_ENTROPY(LABELS), ON(S(CASE_ROWS, CASE_CLASSES)),
    .whole = complex_cross_entropy)
CASE(cross_entropy_i64, CROSS_ENTROPY(FROZEN(far_picks, 4)), ON(S(4, 3)))
CASE(cross_entropy_u8, CROSS_ENTROPY(FROZEN(near_picks, 2)), ON(S(2, 300)))
CASE(cross_entropy_of_nothing, CROSS_ENTROPY(FROZEN(picks, 0)), ON(S(0, 3)))
GRAPH(cross_entropy(t, *x, choice), .fits = FIT_ROWS)
CALL(softmax_cross_entropy, ad_softmax_cross_entropy(o[A], o[L]), .uses = BIT(A) | BIT(L))
BAD(softmax_cross_entropy, ad_softmax_cross_entropy(o[C], o[L]), AD_BAD_SHAPE)
BAD(softmax_cross_entropy, ad_softmax_cross_entropy( ad_slice(o[A], 1, 0, 1), o[L]), AD_DOMAIN)
BAD(softmax_cross_entropy, ad_softmax_cross_entropy(o[V], o[L]), AD_BAD_SHAPE)
ORACLE(softmax_cross_entropy, ad_softmax_cross_entropy(x[0], FROZEN(labels, 3)))

OP(ad_softmax_cross_entropy_with, .needs_axes = true)
CASE(entropy_with_all, entropy_with(t, x[0], LABELS, CASE_IGNORED, case_smoothing, case_weights),
    ON(S(CASE_ROWS, CASE_CLASSES)), .whole = complex_cross_entropy_with)
CASE(entropy_with_nothing, ad_softmax_cross_entropy_with(x[0], LABELS, NULL),
    ON(S(CASE_ROWS, CASE_CLASSES)), .whole = complex_cross_entropy)
CASE(entropy_with_gaps, entropy_with(t, x[0], FROZEN(with_gaps, 4), -100, 0, NULL), ON(S(4, 3)))
CASE(entropy_with_weights, entropy_with(t, x[0], LABELS, ALL_COUNT, 0, case_weights), ON(S(4, 3)))
CASE(entropy_with_smoothing, entropy_with(t, x[0], FROZEN(near_picks, 2), ALL_COUNT, 0.1, NULL),
    ON(S(2, 300)))
CASE(entropy_with_gaps_and_smoothing, entropy_with(t, x[0], FROZEN(with_gaps, 4), -100, 1, NULL),
    ON(S(4, 3)))
CASE(entropy_with_smoothing_of_nothing, entropy_with(t, x[0], FROZEN(picks, 0), ALL_COUNT, 0.1, NULL),
    ON(S(0, 3)))
GRAPH(smooth_entropy(t, *x, choice), .fits = FIT_ROWS)
CALL(softmax_cross_entropy_with, ad_softmax_cross_entropy_with(o[A], o[L], NULL),
    .uses = BIT(A) | BIT(L))
BAD(softmax_cross_entropy_with, ad_softmax_cross_entropy_with(o[C], o[L], NULL), AD_BAD_SHAPE)
BAD(softmax_cross_entropy_with, ad_softmax_cross_entropy_with(o[V], o[L], NULL), AD_BAD_SHAPE)
BAD(softmax_cross_entropy_with,
    ad_softmax_cross_entropy_with(ad_slice(o[A], 1, 0, 1), o[L], NULL), AD_DOMAIN)
BAD(softmax_cross_entropy_with, bad_entropy(o, 0, 0, (ad_tensor){0}), AD_MISUSE)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, 1.5, (ad_tensor){0}), AD_MISUSE)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, -0.5, (ad_tensor){0}), AD_MISUSE)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, 0, o[A]), AD_BAD_SHAPE)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, 0, ad_cast(o[V], AD_F32)), AD_BAD_TYPE)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, 0, ad_sub(o[V], 1e9)), AD_DOMAIN)
BAD(softmax_cross_entropy_with, bad_entropy(o, OPTIONS_SIZE, 0, ad_mul(o[V], NAN)), AD_DOMAIN)
ORACLE(softmax_cross_entropy_with,
    entropy_with(t, x[0], FROZEN(labels, 3), labels[1], 0.125, oracle_weights))

OP(ad_softmax_cross_entropy_probabilities, .needs_axes = true)
CASE(soft_entropy, ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(3, 4), S(3, 4)),
    .whole = complex_soft_entropy)
CASE(soft_entropy_of_a_vector, ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(5), S(5)),
    .whole = complex_soft_entropy)
CASE(soft_entropy_of_rank_3, ad_softmax_cross_entropy_probabilities(x[0], x[1]),
    ON(S(2, 3, 4), S(2, 3, 4)), .whole = complex_soft_entropy)
CASE(soft_entropy_of_nothing, ad_softmax_cross_entropy_probabilities(x[0], x[1]),
    ON(S(0, 4), S(0, 4)))
CASE(soft_entropy_without_classes, ad_softmax_cross_entropy_probabilities(x[0], x[1]),
    ON(S(3, 0), S(3, 0)))
GRAPH(ad_softmax_cross_entropy_probabilities(*x, BETWEEN_0(*x)), .fits = FIT_FULL_AXIS)
CALL(softmax_cross_entropy_probabilities, (ad_softmax_cross_entropy_probabilities)(o[A], o[B]),
    .uses = BIT(A) | BIT(B))
ORACLE(softmax_cross_entropy_probabilities, ad_softmax_cross_entropy_probabilities(x[0], x[1]))
/* clang-format on */
#endif
