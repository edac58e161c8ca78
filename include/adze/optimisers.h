/* Optimisers: one struct of settings each, with its formula; t counts steps from 1. How steps are taken, and
 * how you write an optimiser of your own, is in optimiser.h.
 *
 *     ad_adamw adamw = ad_adamw_new(1e-3, 0.01);
 *     mlp_step(ad_adamw_method(&adamw), &gradient, &states, &model, &error);
 *
 * ad_X_new has the usual settings of X; change any of them afterwards. All are used as they are: a beta of 0
 * forgets all, and what is not set is 0. rate is finite: 0 changes nothing, below 0 climbs. What decays is in
 * [0, 1): momentum, beta1, beta2, smoothing. epsilon is positive. decay, of the parameters, is not negative; where
 * a method has none, add it to the gradient: mlp_axpy(decay, &model, &gradient, &error).
 *
 * Where a square is beyond the range of the type, a smaller negative number stands for it in the states. */
#ifndef ADZE_OPTIMISERS_H
#define ADZE_OPTIMISERS_H

#include "adze/optimiser.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ad_X_method(&settings) is the method of the optimiser X. */
#define AD_METHOD_OF(method, settings, name)                                               \
    static inline AD_UNUSED ad_method method(const settings *o)                            \
    {                                                                                      \
        ad_method m = {ad_optimiser_named(name), o, sizeof *o, NULL, NULL, 0};             \
        return m;                                                                          \
    }

/* ---- stochastic gradient descent ---------------------------------------------------- */

/* g' = g + decay x;  v = momentum v + g';  x -= rate v, or with nesterov x -= rate (momentum v + g').
 *
 * One state, the velocity; none if momentum is 0. (Polyak 1964; Nesterov 1983 as in Sutskever et al.
 * 2013.) */
typedef struct ad_sgd {
    double rate;
    double momentum;
    bool nesterov;
    double decay; /* of the parameters: added to the gradient, before the momentum */
} ad_sgd;
AD_METHOD_OF(ad_sgd_method, ad_sgd, "sgd")

static inline AD_UNUSED ad_sgd ad_sgd_new(double rate)
{
    ad_sgd o = {rate, 0, false, 0};
    return o;
}

/* ---- Adam and its relatives --------------------------------------------------------- */

/* mean += (1 - beta1) (g - mean);  square += (1 - beta2) (g^2 - square);
 *     x -= rate mean / (1 - beta1^t) / (sqrt(square / (1 - beta2^t)) + epsilon)
 *
 * Two states, the mean and the square. (Kingma and Ba 2015.) With amsgrad the largest square so far stands in
 * for the square, and its root is the third state. (Reddi, Kale and Kumar 2018; the correction by beta2 as in
 * PyTorch.) */
typedef struct ad_adam {
    double rate;
    double beta1, beta2;
    double epsilon;
    bool amsgrad;
} ad_adam;
AD_METHOD_OF(ad_adam_method, ad_adam, "adam")

static inline AD_UNUSED ad_adam ad_adam_new(double rate)
{
    ad_adam o = {rate, 0.9, 0.999, 1e-8, false};
    return o;
}

/* x *= 1 - rate decay; then the step of Adam. So the decay does not go through the means, and there is no usual
 * one: others have 1e-4 to 1e-2. (Loshchilov and Hutter 2019.) */
typedef struct ad_adamw {
    double rate;
    double decay;
    double beta1, beta2;
    double epsilon;
    bool amsgrad;
} ad_adamw;
AD_METHOD_OF(ad_adamw_method, ad_adamw, "adamw")

static inline AD_UNUSED ad_adamw ad_adamw_new(double rate, double decay)
{
    ad_adamw o = {rate, decay, 0.9, 0.999, 1e-8, false};
    return o;
}

/* mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  P_t = mu_1 mu_2 ... mu_t;  mean and square of Adam;
 *     x -= rate (mu_{t+1} mean / (1 - P_{t+1}) + (1 - mu_t) g / (1 - P_t))
 *              / (sqrt(square / (1 - beta2^t)) + epsilon)
 *
 * (Dozat 2016.) */
typedef struct ad_nadam {
    double rate;
    double beta1, beta2;
    double epsilon;
    double momentum_decay; /* not negative */
} ad_nadam;
AD_METHOD_OF(ad_nadam_method, ad_nadam, "nadam")

static inline AD_UNUSED ad_nadam ad_nadam_new(double rate)
{
    ad_nadam o = {rate, 0.9, 0.999, 1e-8, 0.004};
    return o;
}

/* most = 2 / (1 - beta2) - 1;  r = most - 2 t beta2^t / (1 - beta2^t);  mean and square of Adam;
 *     r > 5:  the step of Adam, times sqrt((r - 4) (r - 2) most / ((most - 4) (most - 2) r))
 *     else:   x -= rate mean / (1 - beta1^t)
 *
 * (Liu et al. 2020; 5 as in its program.) */
typedef struct ad_radam {
    double rate;
    double beta1, beta2;
    double epsilon;
} ad_radam;
AD_METHOD_OF(ad_radam_method, ad_radam, "radam")

static inline AD_UNUSED ad_radam ad_radam_new(double rate)
{
    ad_radam o = {rate, 0.9, 0.999, 1e-8};
    return o;
}

/* mean += (1 - beta1) (g - mean);  size = max(beta2 size, |g| + epsilon);
 *     x -= rate / (1 - beta1^t) mean / size
 *
 * Two states, the mean and the size. (Kingma and Ba 2015, section 7.1; epsilon as in
 * PyTorch and optax.) */
typedef struct ad_adamax {
    double rate;
    double beta1, beta2;
    double epsilon;
} ad_adamax;
AD_METHOD_OF(ad_adamax_method, ad_adamax, "adamax")

static inline AD_UNUSED ad_adamax ad_adamax_new(double rate)
{
    ad_adamax o = {rate, 0.9, 0.999, 1e-8};
    return o;
}

/* ---- the others --------------------------------------------------------------------- */

/* square += (1 - smoothing) (g^2 - square);  v = momentum v + g / (sqrt(square) + epsilon);  x -= rate v
 *
 * centred: mean += (1 - smoothing) (g - mean), and the variance, square - mean^2, in place of the square.
 * One state, the square; the velocity, with momentum; the mean, centred. (Tieleman and Hinton 2012;
 * centred, Graves 2013.) */
typedef struct ad_rmsprop {
    double rate;
    double smoothing;
    double epsilon;
    double momentum;
    bool centred;
} ad_rmsprop;
AD_METHOD_OF(ad_rmsprop_method, ad_rmsprop, "rmsprop")

static inline AD_UNUSED ad_rmsprop ad_rmsprop_new(double rate)
{
    ad_rmsprop o = {rate, 0.99, 1e-8, 0, false};
    return o;
}

/* sum += g^2;  x -= rate g / (sqrt(sum) + epsilon). One state, the sum. (Duchi, Hazan and Singer 2011.) */
typedef struct ad_adagrad {
    double rate;
    double epsilon;
} ad_adagrad;
AD_METHOD_OF(ad_adagrad_method, ad_adagrad, "adagrad")

static inline AD_UNUSED ad_adagrad ad_adagrad_new(double rate)
{
    ad_adagrad o = {rate, 1e-10};
    return o;
}

/* square += (1 - smoothing) (g^2 - square);  d = sqrt(steps + epsilon) / sqrt(square + epsilon) g;
 *     steps += (1 - smoothing) (d^2 - steps);  x -= rate d
 *
 * Two states, the square and that of the steps. The usual rate is 1. (Zeiler 2012.) */
typedef struct ad_adadelta {
    double rate;
    double smoothing;
    double epsilon;
} ad_adadelta;
AD_METHOD_OF(ad_adadelta_method, ad_adadelta, "adadelta")

static inline AD_UNUSED ad_adadelta ad_adadelta_new(double rate)
{
    ad_adadelta o = {rate, 0.9, 1e-6};
    return o;
}

/* x = (1 - rate decay) x - rate sign(beta1 mean + (1 - beta1) g);  mean += (1 - beta2) (g - mean)
 *
 * sign(0) = 0. One state, the mean. The rate is some tenth of Adam's, and the decay ten times
 * as large. (Chen et al. 2023.) */
typedef struct ad_lion {
    double rate;
    double decay;
    double beta1, beta2;
} ad_lion;
AD_METHOD_OF(ad_lion_method, ad_lion, "lion")

static inline AD_UNUSED ad_lion ad_lion_new(double rate, double decay)
{
    ad_lion o = {rate, decay, 0.9, 0.99};
    return o;
}

/* Of a matrix [inputs, outputs] (all axes but the last are inputs), with O(y) a matrix near the
 * orthogonal one that is nearest to y:
 *
 *     mean += (1 - momentum) (g - mean);  y = mean, or with nesterov momentum mean + (1 - momentum) g;
 *     x = (1 - rate decay) x - rate sqrt(max(1, outputs / inputs)) O(y)
 *
 * O(y): y over the root of the sum of its squares, then five times 3.4445 y - 4.7750 y y^T y + 2.0315 (y y^T)^2 y.
 * Zeros stay zeros. An array of one axis, or a number, takes the step of AdamW with the settings `others`, which
 * have no amsgrad. Embeddings and last layers do better with it, too: make them a group (ad_group). Two states, the
 * mean; and y or the square. A step takes a pool's threads, and scratch memory, which the states keep.
 * (Jordan et al. 2024, kellerjordan.github.io/posts/muon; in the precision of the array.) */
typedef struct ad_muon {
    double rate;
    double decay;
    double momentum;
    bool nesterov;
    ad_adamw others;
} ad_muon;
AD_METHOD_OF(ad_muon_method, ad_muon, "muon")

/* The decay is that of the others. A usual rate is 0.02. */
static inline AD_UNUSED ad_muon ad_muon_new(double rate, ad_adamw others)
{
    ad_muon o = {rate, others.decay, 0.95, true, others};
    return o;
}

#undef AD_METHOD_OF

#ifdef __cplusplus
}
#endif

#endif
