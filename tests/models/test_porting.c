/* What differs between tools in training (docs/porting.md): defaults and conventions, each before the test that
 * shows adze's. */
#include "suite.h"

#include "adze/model.h"
#include "adze/ops.h"
#include "adze/random.h"

#include <math.h>

/* clang-format off */
PEERS("Adam: epsilon by default", "1e-8 (ad_adam_new)", "1e-8", "optax: 1e-8", "Keras: 1e-7", "", "", "", "")
PEERS("Adam: beta1 and beta2 by default", "0.9, 0.999 (ad_adam_new); a 0 is a 0", "0.9, 0.999", "", "", "", "", "", "")
/* clang-format on */
START_TEST(defaults_of_adam)
{
    ad_adam o = ad_adam_new(1);
    ck_assert_double_eq(o.beta1, 0.9);
    ck_assert_double_eq(o.beta2, 0.999);
    ck_assert_double_eq(o.epsilon, 1e-8);
}
END_TEST

/* The first step of x = 0 along a gradient. */
static double first_step(double g)
{
    double x = 0;
    ad_array model = AD_ARRAY_SCALAR(&x), gradient = AD_ARRAY_SCALAR(&g);
    ad_adam o = ad_adam_new(1e-3);
    ad_method method = ad_adam_method(&o);
    ad_states states = {0};
    ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &gradient, &states, &model, NULL),
                     AD_OK);
    ad_states_free(&states);
    return x;
}

/* clang-format off */
PEERS("Adam: what epsilon is added to", "the corrected root", "the corrected root", "optax: the corrected root",
      "Keras: the uncorrected root", "", "", "", "")
PEERS("Adam: first step, rate 1e-3, gradient 1e-8", "-5.0e-4", "-5.0e-4", "optax: -5.0e-4", "Keras: -3.15e-6", "",
      "", "", "")
PEERS("Adam: correction of bias", "always", "yes", "optax: yes", "Keras: yes", "not by default", "", "", "")
PEERS("Adam: size of the first step, rate 1e-3, gradient 1", "1e-3", "", "", "", "3.16e-3", "", "", "")
/* clang-format on */
START_TEST(the_first_step_of_adam)
{
    ck_assert_double_eq_tol(first_step(1e-8), -5.0e-4, 1e-12);
    ck_assert_double_eq_tol(first_step(1), -1e-3, 1e-10);
}
END_TEST

/* clang-format off */
PEERS("Adam: decay of weights", "none; ad_adamw_new takes one", "L2, 0 by default; AdamW: 1e-2",
      "optax AdamW: 1e-4", "Keras AdamW: 4e-3", "AdamW: 1e-2", "", "", "")
/* clang-format on */
START_TEST(adam_decays_no_weights)
{
    double x = 100, g = 0;
    ad_array model = AD_ARRAY_SCALAR(&x), gradient = AD_ARRAY_SCALAR(&g);
    ad_adam o = ad_adam_new(0.1);
    ad_method method = ad_adam_method(&o);
    ad_states states = {0};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &gradient, &states, &model, NULL),
                         AD_OK);
    ck_assert_double_eq(x, 100);
    ad_states_free(&states);
}
END_TEST

/* clang-format off */
PEERS("RMSProp: smoothing by default", "0.99 (ad_rmsprop_new)", "0.99", "optax: 0.9", "", "", "", "", "")
PEERS("RMSProp: what epsilon is added to", "the root", "the root", "optax: what is under the root", "", "", "", "", "")
PEERS("Adagrad: epsilon by default", "1e-10 (ad_adagrad_new)", "1e-10", "optax: 1e-7", "", "", "", "", "")
PEERS("Adagrad: the sum before the first step", "0", "0", "optax: 0.1", "", "", "", "", "")
PEERS("Lion: decay by default", "none: ad_lion_new takes one", "no Lion", "optax: 1e-3", "", "", "", "", "")
PEERS("NAdam: momentum", "on a schedule (momentum_decay)", "on a schedule", "optax: constant", "", "", "", "", "")
PEERS("Muon: precision of its products", "the array's", "bfloat16", "optax: the array's", "", "", "", "", "")
/* clang-format on */
START_TEST(defaults_of_other_optimisers)
{
    ck_assert_double_eq(ad_rmsprop_new(1).smoothing, 0.99);
    ck_assert_double_eq(ad_adagrad_new(1).epsilon, 1e-10);
    ck_assert_double_eq(ad_lion_new(1, 0.25).decay, 0.25);
    ck_assert_double_eq(ad_nadam_new(1).momentum_decay, 0.004);
    double x = 0, g = 3;
    ad_array model = AD_ARRAY_SCALAR(&x), gradient = AD_ARRAY_SCALAR(&g);
    ad_adagrad o = {.rate = 1, .epsilon = 1};
    ad_rmsprop r = {.rate = 1, .smoothing = 0.75, .epsilon = 1};
    ad_method methods[] = {ad_adagrad_method(&o), ad_rmsprop_method(&r)};
    static const double wanted[] = {-3. / (3 + 1), -3 / (3. / 2 + 1)};
    for (int i = 0; i < 2; i++) {
        ad_states states = {0};
        x = 0;
        ck_assert_int_eq(
            ad_model_step(&ad_array_tree, &methods[i], &gradient, &states, &model, NULL), AD_OK);
        ck_assert_double_eq_tol(x, wanted[i], 1e-15);
        ad_states_free(&states);
    }
}
END_TEST

/* clang-format off */
PEERS("clipping by the norm of all gradients: added to the norm", "nothing", "1e-6", "", "", "1e-6", "", "", "")
PEERS("clipping (3, 4) to norm 1", "(0.6, 0.8)", ".59999988, ...", "", "", "", "", "", "")
PEERS("clipping zeros", "zeros", "", "optax: zeros", "Keras: zeros", "", "", "", "")
/* clang-format on */
START_TEST(clipping_adds_nothing)
{
    double x[] = {3, 4}, unit[] = {1, 0}, zeros[] = {0, 0};
    ad_array a = AD_ARRAY(x, 2), b = AD_ARRAY(unit, 2), c = AD_ARRAY(zeros, 2);
    ck_assert_int_eq(ad_clip_global_norm(1, &a, 1, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_clip_global_norm(1, &b, 1, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_clip_global_norm(1, &c, 1, NULL, NULL), AD_OK);
    ck_assert_double_eq_tol(x[0], 0.6, 1e-15);
    ck_assert_double_eq_tol(x[1], 0.8, 1e-15);
    ck_assert(unit[0] == 1 && unit[1] == 0 && zeros[0] == 0 && zeros[1] == 0);
}
END_TEST

/* clang-format off */
PEERS("label smoothing 0.1, 10 classes: the label's share", "0.91", "0.91", "optax: 0.91", "Keras: 0.91", "0.91", "",
      "", "")
/* clang-format on */
START_TEST(the_share_of_a_smoothed_label)
{
    static const double logits[10] = {0};
    static const int32_t label[] = {3};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(logits, 1, 10));
    ad_cross_entropy_options o = {.size = sizeof o, .smoothing = 0.1};
    ad_backward(ad_softmax_cross_entropy_with(x, ad_freeze(t, AD_VECTOR(label)), &o));
    ad_view g = ad_grad(x); /* p - share, where p is 1/10 */
    for (size_t i = 0; i < 10; i++)
        ck_assert_double_eq_tol(ad_view_get(&g, i), 0.1 - (i == 3 ? 0.91 : 0.01), 1e-15);
    ad_tape_free(t);
}
END_TEST

static double of_a_list(ad_tensor (*f)(ad_tensor x))
{
    static const double list[] = {1, 2, 3};
    ad_tape *t = ad_tape_new(NULL);
    double y = ad_item(f(ad_watch(t, AD_VECTOR(list))));
    ad_tape_free(t);
    return y;
}

static ad_tensor of_a_sample(ad_tensor x)
{
    return ad_variance_over(x, AD_AXES(), 1);
}

/* clang-format off */
PEERS("variance, std: divisor", "n; with ddof = 1: n - 1", "n - 1; with correction=0: n", "", "", "", "", "", "")
PEERS("variance that a batch is normalised with: divisor", "n (ad_moments)", "n", "flax: n", "Keras: n", "n", "", "", "")
PEERS("epsilon of a layer norm", "an argument: there is no default", "1e-5", "flax: 1e-6", "Keras: 1e-3", "1e-5", "", "", "")
/* clang-format on */
START_TEST(the_divisor_of_variances)
{
    ck_assert_double_eq_tol(of_a_list((ad_variance)), 2. / 3, 1e-15);
    ck_assert_double_eq_tol(of_a_list(of_a_sample), 1, 1e-15);
}
END_TEST

/* clang-format off */
PEERS("weights of a layer with 784 inputs", "none by default; ad_fill_pytorch is within 1/28",
      "uniform within 1/28, biases too", "", "Keras: Glorot, uniform, as ad_fill_glorot", "", "", "", "")
PEERS("what is called Kaiming", "ad_fill_kaiming: normal, sqrt(2 / inputs)", "", "", "", "", "", "", "")
/* clang-format on */
START_TEST(the_bound_of_initial_weights)
{
    ad_array w = ad_zeros(AD_F64, AD_SHAPE(784, 40));
    ad_random r = ad_random_new(1, 1);
    double most = 0;
    ck_assert_int_eq(ad_fill_pytorch(&w, &r), AD_OK);
    for (size_t i = 0; i < ad_array_count(&w); i++)
        most = fmax(most, fabs(((double *)w.data)[i]));
    ck_assert(most <= 1. / 28 && most > 0.999 / 28);
    ad_array_free(&w);
}
END_TEST

/* clang-format off */
PEERS("attention, a query that a mask of bools lets see no key", "0, gradient 0", "0, gradient 0",
      "the mean of all values", "", "the mean of all values", "", "", "")
PEERS("attention, the same by adding -inf to its scores", "the mask is one of bools", "0, gradient 0", "NaN", "", "NaN", "", "", "")
/* clang-format on */
START_TEST(attention_to_no_key)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor q = ad_freeze(t, AD_SHAPED(AD_SHAPE(1, 1), ((double[]){1})));
    ad_tensor keys = ad_freeze(t, AD_SHAPED(AD_SHAPE(3, 1), ((double[]){1, 2, 3})));
    ad_tensor values = ad_watch(t, AD_SHAPED(AD_SHAPE(3, 1), ((double[]){1, 2, 6})));
    ad_tensor mask = ad_freeze(t, AD_SHAPED(AD_SHAPE(1, 3), ((bool[]){false, false, false})));
    ad_tensor y = ad_masked_attention(q, keys, values, mask, (ad_attention_options){0});
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ck_assert_double_eq(ad_item(y), 0);
    ad_view slope = ad_grad(values);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq(ad_view_get(&slope, i), 0);
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("porting");
    TCase *c = tcase_create("porting");
    tcase_add_test(c, defaults_of_adam);
    tcase_add_test(c, the_first_step_of_adam);
    tcase_add_test(c, adam_decays_no_weights);
    tcase_add_test(c, defaults_of_other_optimisers);
    tcase_add_test(c, clipping_adds_nothing);
    tcase_add_test(c, the_share_of_a_smoothed_label);
    tcase_add_test(c, the_divisor_of_variances);
    tcase_add_test(c, the_bound_of_initial_weights);
    tcase_add_test(c, attention_to_no_key);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
