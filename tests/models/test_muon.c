/* Muon on matrices, against its formula in long double; and what it does to arrays that are none. */
#include "models.h"
#include "suite.h"

#include "base/pool.h"

#include <math.h>

enum { MOST = 40, STEPS = 3 };

static const ad_shape shapes[] = {
    {2, {37, 20}}, {2, {20, 37}}, {2, {16, 16}}, {3, {2, 3, 10}},
    {2, {1, 7}},   {2, {7, 1}},   {2, {0, 5}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const ad_muon settings[] = {
    {.rate = 0.02, .decay = 0.1, .momentum = 0.95, .nesterov = true, .others = {.epsilon = 1}},
    {.rate = 0.1, .momentum = 0.5, .others = {.epsilon = 1}},
};

typedef struct matrix {
    int rows, columns;
    long double at[MOST][MOST];
} matrix;

static matrix filled(const ad_shape *s, double begin, double scale)
{
    int64_t count = 1;
    for (int i = 0; i < s->rank; i++)
        count *= s->dim[i];
    matrix m = {.columns = (int)s->dim[s->rank - 1]};
    m.rows = (int)(count / m.columns);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.columns; j++)
            m.at[i][j] = scale * sin(begin + 3 * i + 5 * j * i + j);
    return m;
}

static void put(const matrix *m, ad_array *a)
{
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->columns; j++)
            set_number(a, (size_t)(i * m->columns + j), (double)m->at[i][j]);
}

/* a x + b y y^T x */
static matrix mixed(const matrix *x, long double a, const matrix *y, long double b)
{
    static long double gram[MOST][MOST];
    matrix z = {.rows = x->rows, .columns = x->columns};
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->rows; j++) {
            gram[i][j] = 0;
            for (int k = 0; k < y->columns; k++)
                gram[i][j] += y->at[i][k] * y->at[j][k];
        }
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            z.at[i][j] = a * x->at[i][j];
            for (int k = 0; k < x->rows; k++)
                z.at[i][j] += b * gram[i][k] * x->at[k][j];
        }
    return z;
}

static matrix orthogonal(matrix x)
{
    long double sum = 0;
    for (int i = 0; i < x.rows; i++)
        for (int j = 0; j < x.columns; j++)
            sum += x.at[i][j] * x.at[i][j];
    for (int i = 0; i < x.rows; i++)
        for (int j = 0; j < x.columns; j++)
            x.at[i][j] /= sum > 0 ? sqrtl(sum) : 1;
    for (int t = 0; t < 5; t++) {
        matrix cubic = mixed(&x, -4.7750L, &x, 2.0315L); /* b x + c y y^T x */
        matrix quintic = mixed(&cubic, 0, &x, 1);        /* y y^T (b x + c y y^T x) */
        for (int i = 0; i < x.rows; i++)
            for (int j = 0; j < x.columns; j++)
                x.at[i][j] = 3.4445L * x.at[i][j] + quintic.at[i][j];
    }
    return x;
}

static void take_step(const ad_muon *o, const matrix *g, matrix *mean, matrix *x)
{
    matrix y = *g;
    long double momentum = o->momentum, shape = fmax(1, (double)x->columns / x->rows);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            mean->at[i][j] = momentum * mean->at[i][j] + (1 - momentum) * g->at[i][j];
            y.at[i][j] = o->nesterov ? momentum * mean->at[i][j] + (1 - momentum) * g->at[i][j]
                                     : mean->at[i][j];
        }
    y = orthogonal(y);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++)
            x->at[i][j] = (1 - (long double)o->rate * o->decay) * x->at[i][j] -
                          o->rate * sqrtl(shape) * y.at[i][j];
}

static void expect_matrix(const ad_array *a, const matrix *m, double tolerance)
{
    ad_view v = ad_array_view(*a);
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->columns; j++)
            ck_assert_double_eq_tol(ad_view_get(&v, (size_t)(i * m->columns + j)),
                                    (double)m->at[i][j], tolerance);
}

static void expect_steps(const ad_muon *o, const ad_shape *shape, ad_type type, double scale)
{
    ad_array x = ad_zeros(type, *shape), g = ad_zeros(type, *shape);
    ad_method method = ad_muon_method(o);
    ad_states states = {0};
    matrix wanted = filled(shape, 0.5, 1), mean = filled(shape, 0, 0);
    put(&wanted, &x);
    for (int t = 0; t < STEPS; t++) {
        matrix gradient = filled(shape, t, scale);
        put(&gradient, &g);
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &g, &states, &x, NULL), AD_OK);
        take_step(o, &gradient, &mean, &wanted);
    }
    expect_matrix(&x, &wanted, type == AD_F32 ? 2e-5 : 1e-13);
    ad_states_free(&states);
    ad_array_free(&x);
    ad_array_free(&g);
}

START_TEST(muon_takes_the_steps_of_its_formula)
{
    for (int type = AD_F32; type <= AD_F64; type++)
        for (int k = 0; k < 2; k++)
            expect_steps(&settings[k], &shapes[_i], (ad_type)type, 1);
}
END_TEST

/* Gradients whose squares would leave the range are only a matter of scale. */
START_TEST(muon_knows_no_scale)
{
    expect_steps(&settings[_i % 2], &shapes[0], AD_F32, _i < 2 ? 1e30 : 1e-30);
}
END_TEST

START_TEST(muon_leaves_a_matrix_alone_along_zeros)
{
    double x[4] = {1, 2, 3, 4}, g[4] = {0};
    ad_muon o = {.rate = 1, .momentum = 0.5, .others = {.epsilon = 1}};
    ad_method method = ad_muon_method(&o);
    ad_array model = AD_ARRAY(x, 2, 2), gradient = AD_ARRAY(g, 2, 2);
    ad_states states = {0};
    ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &gradient, &states, &model, NULL),
                     AD_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(x[i], i + 1);
    ad_states_free(&states);
}
END_TEST

/* What is no matrix takes the very steps of AdamW. */
START_TEST(vectors_take_the_step_of_adamw)
{
    double numbers[2][5] = {{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}, g[5] = {1, -1, 0.5, 0, 2};
    ad_array gradient = AD_ARRAY(g, 5);
    ad_muon muon = ad_muon_new(0.02, ad_adamw_new(0.01, 0.1));
    ad_method methods[2] = {ad_muon_method(&muon), ad_adamw_method(&muon.others)};
    for (int k = 0; k < 2; k++) {
        ad_array model = AD_ARRAY(numbers[k], 5);
        ad_states states = {0};
        for (int t = 0; t < 5; t++)
            ck_assert_int_eq(
                ad_model_step(&ad_array_tree, &methods[k], &gradient, &states, &model, NULL),
                AD_OK);
        ad_states_free(&states);
    }
    ck_assert_mem_eq(numbers[0], numbers[1], sizeof *numbers);
    ck_assert_double_eq(muon.decay, 0.1);
}
END_TEST

/* Large enough for threads to share the products and the step. */
static ad_array after_steps(ad_pool *pool)
{
    ad_shape shape = AD_SHAPE(200, 160);
    ad_array x = ad_zeros(AD_F32, shape), g = ad_zeros(AD_F32, shape);
    ad_method method = ad_muon_method(&settings[0]);
    ad_states states = {0};
    method.pool = pool;
    for (size_t i = 0; i < ad_array_count(&g); i++)
        set_number(&g, i, sin((double)i * 1.7));
    for (int t = 0; t < 2; t++)
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &g, &states, &x, NULL), AD_OK);
    ad_states_free(&states);
    ad_array_free(&g);
    return x;
}

START_TEST(no_bit_of_a_matrix_depends_on_threads)
{
    ad_array alone = after_steps(NULL);
    for (int threads = 2; threads <= 3; threads++) {
        ad_pool *pool = ad_pool_new(NULL, threads);
        ad_array shared = after_steps(pool);
        ck_assert_int_eq(memcmp(shared.data, alone.data, ad_array_count(&alone) * sizeof(float)),
                         0);
        ad_array_free(&shared);
        ad_pool_free(pool);
    }
    ad_array_free(&alone);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("muon");
    TCase *c = tcase_create("muon");
    tcase_add_loop_test(c, muon_takes_the_steps_of_its_formula, 0, SHAPES);
    tcase_add_loop_test(c, muon_knows_no_scale, 0, 4);
    tcase_add_test(c, muon_leaves_a_matrix_alone_along_zeros);
    tcase_add_test(c, vectors_take_the_step_of_adamw);
    tcase_add_test(c, no_bit_of_a_matrix_depends_on_threads);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
