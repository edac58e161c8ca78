/* The ends of the range: right values, gradients and second derivatives where numbers in between would
 * over- or underflow, cancel, or lose digits. One row is one function at one point, in one type. */
#include "suite.h"

#include <adze.h>
#include <math.h>

enum { MOST = 2 };

typedef ad_tensor function(const ad_tensor *x);

/* The function of one vector, or of two numbers; `second` is the derivative of the gradient along
 * `along`. NAN where nothing is said. */
typedef struct row {
    const char *name;
    ad_type type;
    function *f;
    double x[MOST], along[MOST], y, gradient[MOST], second[MOST];
} row;

#define OF_VECTOR(name, call)                 \
    static ad_tensor name(const ad_tensor *x) \
    {                                         \
        ad_tensor v = ad_stack(2, x, 0);      \
        return call;                          \
    }
#define OF_NUMBERS(name, call)                \
    static ad_tensor name(const ad_tensor *x) \
    {                                         \
        ad_tensor a = x[0], b = x[1];         \
        (void)b;                              \
        return call;                          \
    }

OF_VECTOR(mean, ad_mean(v))
OF_VECTOR(std, ad_std(v))
OF_VECTOR(std_of_four, ad_std(ad_concat(2, ((ad_tensor[]){v, ad_mul(v, 5)}), 0)))
OF_VECTOR(variance, ad_variance(v))
OF_VECTOR(logsumexp, ad_logsumexp(v))
OF_VECTOR(cross_entropy,
          ad_softmax_cross_entropy_probabilities(ad_mul(ad_stop_gradient(v), 1e12), v))
OF_NUMBERS(quotient, ad_div(a, b))
OF_NUMBERS(hypotenuse, ad_hypot(a, b))
OF_NUMBERS(angle, ad_atan2(a, b))
OF_NUMBERS(celu, ad_celu(a, b))
OF_NUMBERS(exp2_of, ad_exp2(a))
OF_NUMBERS(rsqrt_of, ad_rsqrt(a))
OF_NUMBERS(log_of, ad_log(a))
OF_NUMBERS(power, ad_pow(a, b))
OF_NUMBERS(power_minus_1, ad_powi(a, -1))
OF_NUMBERS(power_minus_2, ad_powi(a, -2))
OF_NUMBERS(power_minus_5, ad_powi(a, -5))
OF_NUMBERS(power_20000, ad_powi(a, 20000))
OF_NUMBERS(poisson, ad_poisson_loss(a, b))
OF_NUMBERS(divergence, ad_kl_divergence(a, b))

#define N    NAN
#define LN_2 0.69314718055994530942
#define ROOT 0.70710678118654752440
static const row rows[] = {
    {"mean", AD_F64, mean, {1.5e308, 1.7e308}, {1, 0}, 1.6e308, {.5, .5}, {0, 0}},
    {"large std", AD_F64, std, {1e155, 3e155}, {1, 0}, 1e155, {-.5, .5}, {N, N}},
    {"small std", AD_F64, std, {1e-170, 3e-170}, {1, 0}, 1e-170, {-.5, .5}, {N, N}},
    {"std of the greatest", AD_F64, std, {1.7e308, -1.7e308}, {1, 0}, 1.7e308, {.5, -.5}, {N, N}},
    /* as at [1, 2, 5, 10], whose deviations are -3.5, -2.5, .5, 5.5, and whose std is 3.5 */
    {"std of large and small ones",
     AD_F64,
     std_of_four,
     {1e200, 2e200},
     {0, 0},
     3.5e200,
     {-1. / 14, 25. / 14},
     {0, 0}},
    {"variance", AD_F64, variance, {1e150, 3e150}, {1, 0}, 1e300, {-1e150, 1e150}, {.5, -.5}},
    {"logsumexp", AD_F64, logsumexp, {1e12, 1e12}, {1, 0}, 1e12, {.5, .5}, {.25, -.25}},
    {"logsumexp in f32", AD_F32, logsumexp, {1e30, 1e30}, {1, 0}, 1e30, {.5, .5}, {.25, -.25}},
    {"cross entropy", AD_F64, cross_entropy, {.5, .5}, {0, 0}, LN_2, {LN_2, LN_2}, {0, 0}},
    {"quotient",
     AD_F64,
     quotient,
     {1e200, 1e155},
     {0, 1},
     1e45,
     {1e-155, -1e-110},
     {-1e-310, 2e-265}},
    {"hypot in f32", AD_F32, hypotenuse, {3e38, 3e38}, {0, 0}, INFINITY, {ROOT, ROOT}, {0, 0}},
    {"hypot", AD_F64, hypotenuse, {-3e307, 4e307}, {0, 0}, 5e307, {-.6, .8}, {0, 0}},
    {"hypot of denormal numbers",
     AD_F64,
     hypotenuse,
     {0x3cp-1074, 0x50p-1074},
     {0, 0},
     N,
     {.6, .8},
     {N, N}},
    {"second derivatives of hypot of denormal numbers",
     AD_F64,
     hypotenuse,
     {0x2000001241p-1074, 0x403fe0p-1074},
     {1, 0},
     N,
     {0.99999999953070079386, 3.0636553527869748695e-5},
     {1.3822458786630736596e303, -4.5117538327441835489e307}},
    {"hypot of an infinity", AD_F64, hypotenuse, {-INFINITY, 1}, {0, 0}, INFINITY, {-1, 0}, {0, 0}},
    {"hypot of infinities",
     AD_F64,
     hypotenuse,
     {INFINITY, INFINITY},
     {0, 0},
     INFINITY,
     {ROOT, ROOT},
     {0, 0}},
    {"angle", AD_F64, angle, {3e200, 4e200}, {0, 0}, N, {.16e-200, -.12e-200}, {0, 0}},
    {"angle near the diagonal",
     AD_F64,
     angle,
     {1 + 0x1p-40, 1},
     {1, 0},
     N,
     {N, N},
     {N, 0x1p-41 * (1 - 3 * 0x1p-41)}},
    {"celu", AD_F64, celu, {-1e-310, 1e5}, {0, 0}, -1e-310, {1, 0}, {0, 0}},
    {"exp2", AD_F64, exp2_of, {1024, 0}, {0, 0}, INFINITY, {1.2460659279417838e308, 0}, {0, 0}},
    {"rsqrt",
     AD_F64,
     rsqrt_of,
     {1.01e-205, 0},
     {0, 0},
     3.1465838776377630e102,
     {-1.5577147909097837e307, 0},
     {0, 0}},
    {"log", AD_F64, log_of, {1e155, 0}, {1, 0}, N, {1e-155, 0}, {-1e-310, 0}},
    {"power", AD_F64, power, {1e-150, 1e-50}, {1, 0}, 1, {1e100, N}, {-1e250, N}},
    {"1/x^2 where x^2 is beyond the range",
     AD_F32,
     power_minus_2,
     {1.9e19f, 0},
     {0, 0},
     2.7700832e-39,
     {0, 0},
     {N, 0}},
    {"1/x^5 where x^5 is beyond the range",
     AD_F64,
     power_minus_5,
     {4.5e61, 0},
     {1, 0},
     5.4192280986976917e-309,
     {0, 0},
     {0, 0}},
    {"slope of 1/x where x^2 is beyond the range",
     AD_F64,
     power_minus_1,
     {1.4e154, 0},
     {0, 0},
     N,
     {-5.1020408163265306e-309, 0},
     {N, 0}},
    {"long power in f32", AD_F32, power_20000, {.999f, 0}, {0, 0}, 2.0411572e-9, {N, 0}, {0, 0}},
    {"long power", AD_F64, power_20000, {.999, 0}, {0, 0}, 2.0406311867621008e-9, {N, 0}, {0, 0}},
    {"poisson near its optimum",
     AD_F64,
     poisson,
     {1 + 0x1p-40, 1},
     {0, 0},
     N,
     {0x1p-40, N},
     {0, 0}},
    {"divergence",
     AD_F64,
     divergence,
     {1e-200, 1e200},
     {0, 0},
     9.2103403719761836e202,
     {N, N},
     {0, 0}},
};

static void expect(const row *r, const char *what, int i, double got, double wanted)
{
    double tolerance = (r->type == AD_F32 ? 1e-6 : 1e-12) * fabs(wanted);
    ck_assert_msg(isnan(wanted) || got == wanted || fabs(got - wanted) <= tolerance,
                  "%s: %s %d is %.17g instead of %.17g", r->name, what, i, got, wanted);
}

START_TEST(numbers_at_the_ends_of_the_range_are_right)
{
    const row *r = &rows[_i];
    ad_tape *t = ad_tape_new(NULL);
    ad_array numbers[MOST], along[MOST];
    ad_tensor x[MOST];
    for (int i = 0; i < MOST; i++) {
        numbers[i] = ad_array_copy(NULL, r->type, AD_VIEW_SCALAR(&r->x[i]));
        along[i] = ad_array_copy(NULL, r->type, AD_VIEW_SCALAR(&r->along[i]));
        x[i] = ad_watch(t, numbers[i]);
        if (r->along[i] != 0)
            ad_set_tangent(x[i], ad_array_view(along[i]));
    }
    ad_tensor y = r->f(x);
    expect(r, "value", 0, ad_item(y), r->y);
    bool second = r->along[0] != 0 || r->along[1] != 0;
    if (second)
        ad_push_tangents(y);
    ck_assert_msg((second ? ad_backward_tangents(y) : ad_backward(y)) == AD_OK, "%s: %s", r->name,
                  ad_tape_error(t));
    for (int i = 0; i < MOST; i++) {
        ad_view g = ad_grad(x[i]), h = ad_grad_tangent(x[i]);
        if (g.data)
            expect(r, "gradient", i, ad_view_get(&g, 0), r->gradient[i]);
        if (second && h.data)
            expect(r, "second derivative", i, ad_view_get(&h, 0), r->second[i]);
        ad_array_free(&numbers[i]);
        ad_array_free(&along[i]);
    }
    ad_tape_free(t);
}
END_TEST

static const char *name_of(int i)
{
    return rows[i].name;
}

int main(void)
{
    Suite *suite = suite_create("range");
    TCase *tests = tcase_create("rows");
    add_row_tests(tests, numbers_at_the_ends_of_the_range_are_right, sizeof rows / sizeof *rows,
                  name_of);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
