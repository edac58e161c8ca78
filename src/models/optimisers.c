/* Stochastic gradient descent and Adam: loops over the numbers of a field, in the field's own
 * type and for the machine's vectors, on the walk over the model. Everything is checked, and the optimiser's own state made,
 * before the first number is written. */
#include "base/cpu.h"
#include "trees/walk.h"

#include <math.h>

/* What a step works on. The states are the velocity, or mean and square. */
typedef struct step {
    const ad_model *d;
    const char *verb;
    const void *gradient;
    void *model, *state[2];
    const char *role[2]; /* NULL: there is no such state */
    const void *rule;
    ad_error *error;
} step;

/* ---- before a step ------------------------------------------------------------------ */

static ad_status check_field(void *user, const ad_site *s)
{
    const step *o = user;
    const ad_array *x = ad_site_array(s, o->model), *g = ad_site_array(s, o->gradient);
    ad_status status = ad_check_held(s, x, o->verb, "the model", o->error);
    if (status == AD_OK)
        status = ad_check_float(s, x, o->verb, o->error);
    if (status == AD_OK)
        status = ad_check_held(s, g, o->verb, "the gradient", o->error);
    if (status == AD_OK)
        status = ad_check_equal(s, x, g, o->verb, "the gradient", o->error);
    return status;
}

/* A state that is another struct as well would be written twice. */
static ad_status check_states(const step *o)
{
    for (int i = 0; i < 2; i++) {
        if (!o->role[i])
            continue;
        if (!o->state[i])
            return ad_fail(o->error, AD_MISUSE, "%s: %s is NULL", o->verb, o->role[i]);
        if (o->state[i] == o->model || o->state[i] == o->gradient)
            return ad_fail(o->error, AD_MISUSE, "%s: %s is the model or the gradient itself",
                           o->verb, o->role[i]);
        if (i == 1 && o->state[0] == o->state[1])
            return ad_fail(o->error, AD_MISUSE, "%s: %s and %s are one struct", o->verb, o->role[0],
                           o->role[1]);
    }
    return AD_OK;
}

static ad_status prepare_states(const step *o)
{
    ad_result r[2];
    for (int i = 0; i < 2; i++) {
        r[i] = (ad_result){.d = o->d,
                           .target = o->state[i],
                           .verb = o->verb,
                           .role = o->role[i],
                           .like = ad_like_model,
                           .user = o->model,
                           .error = o->error};
        ad_status status = o->role[i] ? ad_result_prepare(&r[i]) : AD_OK;
        if (status != AD_OK && i == 1 && o->role[0])
            ad_result_abandon(&r[0]);
        if (status != AD_OK)
            return status;
    }
    for (int i = 0; i < 2; i++)
        if (o->role[i])
            ad_result_commit(&r[i]);
    return AD_OK;
}

static ad_status take(step *o, ad_site_visitor *update)
{
    ad_status status = check_states(o);
    if (status == AD_OK)
        status = ad_walk(o->d, check_field, o);
    if (status == AD_OK)
        status = prepare_states(o);
    return status == AD_OK ? ad_walk(o->d, update, o) : status;
}

/* ---- sgd ---------------------------------------------------------------------------- */

typedef void sgd_kernel(size_t n, const ad_sgd *o, const void *g, void *v, void *x);

#define SGD(isa, name, T)                                                                   \
    AD_TARGET_##isa static void name##_##isa(size_t n, const ad_sgd *o, const void *g_data, \
                                             void *v_data, void *x_data)                    \
    {                                                                                       \
        const T *restrict g = g_data;                                                       \
        T *restrict v = v_data, *restrict x = x_data;                                       \
        T rate = (T)o->rate, momentum = (T)o->momentum;                                     \
        if (!v)                                                                             \
            for (size_t i = 0; i < n; i++)                                                  \
                x[i] -= rate * g[i];                                                        \
        else if (o->nesterov)                                                               \
            for (size_t i = 0; i < n; i++) {                                                \
                T gi = g[i], vi = v[i] = momentum * v[i] + gi;                              \
                x[i] -= rate * (momentum * vi + gi);                                        \
            }                                                                               \
        else                                                                                \
            for (size_t i = 0; i < n; i++) {                                                \
                T vi = v[i] = momentum * v[i] + g[i];                                       \
                x[i] -= rate * vi;                                                          \
            }                                                                               \
    }
AD_EACH_ISA(SGD, sgd_f32, float)
AD_EACH_ISA(SGD, sgd_f64, double)
#undef SGD

static ad_status sgd_field(void *user, const ad_site *s)
{
    static const struct {
        sgd_kernel *of[AD_ISA_COUNT];
    } kernels[2] = {{AD_ALL(sgd_f32)}, {AD_ALL(sgd_f64)}};
    const step *o = user;
    const ad_array *x = ad_site_array(s, o->model), *g = ad_site_array(s, o->gradient);
    void *v = o->role[0] ? ad_site_array(s, o->state[0])->data : NULL;
    kernels[x->type].of[ad_cpu_isa()](ad_array_count(x), o->rule, g->data, v, x->data);
    return AD_OK;
}

static bool decays(double beta)
{
    return beta >= 0 && beta < 1;
}

ad_status ad_model_sgd(const ad_model *d, const ad_sgd *o, const void *gradient, void *velocity,
                       void *model, ad_error *error)
{
    if (!d || !o || !gradient || !model)
        return ad_fail(error, AD_MISUSE, "sgd: an argument is NULL");
    if (!decays(o->momentum))
        return ad_fail(error, AD_DOMAIN, "sgd: momentum %g is not in [0, 1)", o->momentum);
    bool kept = velocity || o->momentum != 0;
    step s = {.d = d,
              .verb = "sgd",
              .gradient = gradient,
              .model = model,
              .state = {velocity},
              .role = {kept ? "the velocity" : NULL},
              .rule = o,
              .error = error};
    return take(&s, sgd_field);
}

/* ---- Adam --------------------------------------------------------------------------- */

/* m += (1 - beta1) (g - m), s += (1 - beta2) (g^2 - s), both from 0 and therefore too small by the
 * factors 1 - beta^step: x -= rate m/(1 - beta1^step) / (sqrt(s/(1 - beta2^step)) + epsilon). */
typedef struct adam_rule {
    double rate, beta1, beta2, epsilon;
    double bias1, bias2; /* 1 - beta^step */
} adam_rule;

typedef void adam_kernel(size_t n, const adam_rule *o, const void *g, void *m, void *s, void *x);

#define ADAM(isa, name, T, root)                                                               \
    AD_TARGET_##isa static void name##_##isa(size_t n, const adam_rule *o, const void *g_data, \
                                             void *m_data, void *s_data, void *x_data)         \
    {                                                                                          \
        const T *restrict g = g_data;                                                          \
        T *restrict m = m_data, *restrict s = s_data, *restrict x = x_data;                    \
        T take1 = (T)(1 - o->beta1), rate = (T)(o->rate / o->bias1);                           \
        T take2 = (T)(1 - o->beta2), scale = (T)(1 / o->bias2), epsilon = (T)o->epsilon;       \
        for (size_t i = 0; i < n; i++) {                                                       \
            T gi = g[i], mi = m[i] += take1 * (gi - m[i]);                                     \
            T si = s[i] += take2 * (gi * gi - s[i]);                                           \
            x[i] -= rate * mi / (root(si * scale) + epsilon);                                  \
        }                                                                                      \
    }
AD_EACH_ISA(ADAM, adam_f32, float, sqrtf)
AD_EACH_ISA(ADAM, adam_f64, double, sqrt)
#undef ADAM

static ad_status adam_field(void *user, const ad_site *s)
{
    static const struct {
        adam_kernel *of[AD_ISA_COUNT];
    } kernels[2] = {{AD_ALL(adam_f32)}, {AD_ALL(adam_f64)}};
    const step *o = user;
    const ad_array *x = ad_site_array(s, o->model), *g = ad_site_array(s, o->gradient);
    void *mean = ad_site_array(s, o->state[0])->data, *square = ad_site_array(s, o->state[1])->data;
    kernels[x->type].of[ad_cpu_isa()](ad_array_count(x), o->rule, g->data, mean, square, x->data);
    return AD_OK;
}

static ad_status make_adam_rule(const ad_adam *o, adam_rule *rule, ad_error *error)
{
    *rule = (adam_rule){.rate = o->rate,
                        .beta1 = o->beta1 == 0 ? 0.9 : o->beta1,
                        .beta2 = o->beta2 == 0 ? 0.999 : o->beta2,
                        .epsilon = o->epsilon == 0 ? 1e-8 : o->epsilon};
    if (!decays(rule->beta1) || !decays(rule->beta2))
        return ad_fail(error, AD_DOMAIN, "adam: beta1 %g or beta2 %g is not in [0, 1)", rule->beta1,
                       rule->beta2);
    if (!(rule->epsilon > 0))
        return ad_fail(error, AD_DOMAIN, "adam: epsilon %g is not positive", rule->epsilon);
    if (o->step < 0 || o->step == INT64_MAX)
        return ad_fail(error, AD_DOMAIN, "adam: %lld is no number of steps taken",
                       (long long)o->step);
    rule->bias1 = 1 - pow(rule->beta1, (double)(o->step + 1));
    rule->bias2 = 1 - pow(rule->beta2, (double)(o->step + 1));
    return AD_OK;
}

ad_status ad_model_adam(const ad_model *d, ad_adam *o, const void *gradient, void *mean,
                        void *square, void *model, ad_error *error)
{
    adam_rule rule;
    if (!d || !o || !gradient || !mean || !square || !model)
        return ad_fail(error, AD_MISUSE, "adam: an argument is NULL");
    ad_status status = make_adam_rule(o, &rule, error);
    step s = {.d = d,
              .verb = "adam",
              .gradient = gradient,
              .model = model,
              .state = {mean, square},
              .role = {"the mean", "the square"},
              .rule = &rule,
              .error = error};
    if (status == AD_OK)
        status = take(&s, adam_field);
    if (status == AD_OK)
        o->step++;
    return status;
}
