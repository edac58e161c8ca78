/* Muon: a matrix takes a step along the nearest orthogonal matrix to its momentum, by Newton's and Schulz's
 * iteration. The matrices are found before any step, since their products need memory. */
#include "models/optimisers/adam.h"

#include "adze/kernels.h"

/* x -> a x + b x^3 + c x^5 on singular values. These coefficients bring all of (0, 1] near 1 in five iterations, and
 * small ones as fast as can be; 1 itself is not a fixed point (Jordan et al. 2024). */
static const double A = 3.4445, B = -4.7750, C = 2.0315;
enum { ITERATIONS = 5 };

typedef struct plan {
    double keep, rate, momentum;
    bool nesterov;
    ad_adam_plan others;
} plan;

static bool is_matrix(const ad_step_args *c)
{
    return c->shape->rank >= 2;
}

static double columns_of(const ad_step_args *c)
{
    return (double)c->shape->dim[c->shape->rank - 1];
}

/* ---- numbers ------------------------------------------------------------------------ */

/* The momentum after this step, which does not change yet, with or without the gradient ahead of it. Divided by
 * its largest number, so that no square leaves the range; then by the root of the sum of squares. */
#define LOOPS(T, s)                                                                 \
    static void look_##s(const ad_step_args *c, T *restrict y)                      \
    {                                                                               \
        const plan *o = c->plan;                                                    \
        const T *g = c->g, *m = c->state[0], momentum = (T)o->momentum;             \
        const T take = (T)(1 - o->momentum);                                        \
        for (size_t i = 0; i < c->n; i++) {                                         \
            T mi = m[i] + take * (g[i] - m[i]);                                     \
            y[i] = o->nesterov ? g[i] + momentum * (mi - g[i]) : mi;                \
        }                                                                           \
    }                                                                               \
    static void divide_by_norm_##s(size_t n, T *y)                                  \
    {                                                                               \
        T most = 0;                                                                 \
        double sum = 0;                                                             \
        for (size_t i = 0; i < n; i++)                                              \
            most = y[i] > most ? y[i] : -y[i] > most ? -y[i] : most;                \
        for (size_t i = 0; i < n; i++) {                                            \
            y[i] = most > 0 ? y[i] / most : y[i];                                   \
            sum += (double)y[i] * (double)y[i];                                     \
        }                                                                           \
        for (size_t i = 0; i < n && most > 0; i++)                                  \
            y[i] = (T)((double)y[i] / sqrt(sum));                                   \
    }                                                                               \
    static void combine_##s(size_t n, T a, const T *restrict x, T b, T *restrict y) \
    {                                                                               \
        for (size_t i = 0; i < n; i++)                                              \
            y[i] = a * x[i] + b * y[i];                                             \
    }
LOOPS(float, f32)
LOOPS(double, f64)
#undef LOOPS

static void look(const ad_step_args *c, void *y)
{
    if (c->type == AD_F32) {
        look_f32(c, y);
        divide_by_norm_f32(c->n, y);
    } else {
        look_f64(c, y);
        divide_by_norm_f64(c->n, y);
    }
}

/* y = a x + b y */
static void combine(double a, const ad_array *x, double b, const ad_array *y)
{
    if (x->type == AD_F32)
        combine_f32(ad_array_count(x), (float)a, x->data, (float)b, y->data);
    else
        combine_f64(ad_array_count(x), a, x->data, b, y->data);
}

/* ---- the iteration ------------------------------------------------------------------ */

static bool multiply(ad_workspace *work, const ad_array *a, const ad_array *b, const ad_array *y,
                     unsigned flags)
{
    ad_view left = ad_array_view(*a), right = ad_array_view(*b);
    return ad_product(work, &left, &right, y, flags);
}

/* y = a x + b x x^T x + c x (x^T x)^2, with squares of the smaller side. */
static bool iterate(ad_workspace *work, const ad_array *x, ad_array square[2], const ad_array *y)
{
    bool tall = x->shape.dim[0] > x->shape.dim[1];
    bool good = multiply(work, x, x, &square[0], tall ? AD_TRANSPOSE_A : AD_TRANSPOSE_B) &&
                multiply(work, &square[0], &square[0], &square[1], AD_ASSIGN);
    if (good)
        combine(B, &square[0], C, &square[1]);
    good = good && (tall ? multiply(work, x, &square[1], y, AD_ASSIGN)
                         : multiply(work, &square[1], x, y, AD_ASSIGN));
    if (good)
        combine(A, x, 1, y);
    return good;
}

/* All axes but the last are rows. The direction goes to and fro between scratch memory and the second state, where
 * an odd number of iterations leaves it. */
static void survey(const ad_step_args *c, ad_workspace *work)
{
    if (!is_matrix(c) || c->n == 0)
        return;
    int64_t columns = c->shape->dim[c->shape->rank - 1], rows = (int64_t)c->n / columns;
    int64_t side = rows < columns ? rows : columns;
    ad_array x[2] = {ad_scratch_array(work, c->type, AD_SHAPE(rows, columns)),
                     ad_array_of(c->type, c->state[1], AD_SHAPE(rows, columns))};
    ad_array square[2] = {ad_scratch_array(work, c->type, AD_SHAPE(side, side)),
                          ad_scratch_array(work, c->type, AD_SHAPE(side, side))};
    if (!x[0].data || !square[0].data || !square[1].data)
        return;
    look(c, x[0].data);
    for (int i = 0; i < ITERATIONS && iterate(work, &x[i % 2], square, &x[1 - i % 2]); i++)
        ;
}

/* ---- the step ----------------------------------------------------------------------- */

#define LOOP(T)                                                              \
    const plan *o = c->plan;                                                 \
    double rows = (double)c->shape->dim[0], columns = columns_of(c);         \
    for (int i = 1; i < c->shape->rank - 1; i++)                             \
        rows *= (double)c->shape->dim[i];                                    \
    const T keep = (T)o->keep, take = (T)(1 - o->momentum);                  \
    const T rate = (T)(o->rate * sqrt(columns > rows ? columns / rows : 1)); \
    const T *restrict g = c->g, *restrict y = c->state[1];                   \
    T *restrict m = c->state[0], *restrict x = c->x;                         \
    for (size_t i = 0; i < c->n; i++) {                                      \
        m[i] += take * (g[i] - m[i]);                                        \
        x[i] = keep * x[i] - rate * y[i];                                    \
    }
AD_RARE_STEP(muon_direction, LOOP)

static void step(const ad_step_args *c)
{
    const plan *o = c->plan;
    ad_step_args others = *c;
    others.plan = &o->others;
    if (is_matrix(c))
        muon_direction(c);
    else
        ad_adam_step(&others);
}

static ad_status prepare(const void *settings, int64_t t, void *planned, ad_error *error)
{
    const ad_muon *o = settings;
    plan p = {.keep = 1 - o->rate * o->decay,
              .rate = o->rate,
              .momentum = o->momentum,
              .nesterov = o->nesterov};
    ad_status status = AD_CHECK_SETTINGS("muon", error, {"rate", o->rate, AD_FINITE},
                                         {"decay", o->decay, AD_NOT_NEGATIVE},
                                         {"momentum", o->momentum, AD_DECAYS});
    if (status == AD_OK && o->others.amsgrad)
        return ad_fail(error, AD_DOMAIN, "muon: the others cannot have amsgrad");
    if (status == AD_OK)
        status = ad_adamw_prepare("muon", &o->others, t, &p.others, error);
    memcpy(planned, &p, sizeof p);
    return status;
}

const ad_optimiser ad_muon_optimiser = {
    .size = sizeof ad_muon_optimiser,
    .name = "muon",
    .states = 2,
    .state = {"the mean", "the direction or the square"},
    .settings_size = sizeof(ad_muon),
    .prepare = prepare,
    .step = step,
    .by_numbers = true,
    .survey = survey,
};
