/* Bits do not depend on how operands lie in memory: results and gradients from views at strides,
 * against those from copies of the same numbers row by row. The numbers are spread so widely that
 * sums in another order would show. */
#include "suite.h"

#include <adze.h>
#include <math.h>

/* ---- views --------------------------------------------------------------------------- */

typedef enum layout { COLUMNS, GAPS, BACKWARDS, REPEATED, LAYOUTS } layout;
static const char *const layout_names[] = {"by columns", "with gaps", "backwards", "repeated"};

static const ad_shape shapes[] = {
    {2, {2, 2}}, {2, {3, 2100}}, {2, {2100, 3}}, {2, {41, 53}}, {3, {33, 5, 40}}, {2, {70, 90}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, MOST = 4 * 70 * 95 };

static double widely(ad_random *r)
{
    double size = ldexp(1, (int)ad_random_below(r, 60) - 30);
    return ad_random_below(r, 2) ? size : -size * ad_random_uniform(r);
}

/* A view of numbers in the layout. */
static ad_view lay_out(ad_type type, const void *numbers, const ad_shape *shape, layout how)
{
    ad_view v = ad_view_of(type, numbers, *shape);
    int64_t step = how == GAPS ? 2 : 1, first = 0;
    for (int k = 0; k < shape->rank; k++) {
        int i = how == COLUMNS ? k : shape->rank - 1 - k;
        v.stride[i] = how == BACKWARDS ? -step : step;
        first += how == BACKWARDS ? (shape->dim[i] - 1) * step : 0;
        step *= shape->dim[i] + (how == GAPS);
    }
    if (how == REPEATED)
        v.stride[shape->rank - 1] = 0;
    v.data = (const char *)numbers + first * (int64_t)ad_type_size(type);
    return v;
}

/* ---- the functions -------------------------------------------------------------------- */

/* x and w have one shape. */
typedef ad_tensor function(ad_tensor x, ad_tensor w, ad_axes a);

static ad_tensor first_row(ad_tensor x)
{
    return ad_slice(x, 0, 0, 1);
}

#define FUNCTIONS(ROW)                                   \
    ROW(sum, ad_sum_over(x, a))                          \
    ROW(sum_of_product, ad_sum_over(ad_mul(x, w), a))    \
    ROW(mean, ad_mean_over(x, a))                        \
    ROW(variance, ad_variance_over(x, a, 0))             \
    ROW(std, ad_std_over(x, a, 0))                       \
    ROW(moments, ad_moments_over(x, a, 0).variance)      \
    ROW(norm, ad_norm_over(x, a, 2))                     \
    ROW(prod, ad_prod_over(x, a))                        \
    ROW(max, ad_max_over(x, a))                          \
    ROW(logsumexp, ad_logsumexp_over(x, a))              \
    ROW(softmax, ad_softmax(x, -1))                      \
    ROW(log_softmax, ad_log_softmax(x, 0))               \
    ROW(cumsum, ad_cumsum(x, 0, 0))                      \
    ROW(broadcast, ad_mul(x, first_row(w)))              \
    ROW(broadcast_muladd, ad_muladd(x, first_row(w), w)) \
    ROW(mse, ad_mse(x, w))                               \
    ROW(logcosh_loss, ad_logcosh_loss(x, w))             \
    ROW(cross_entropy, ad_softmax_cross_entropy_probabilities(x, w))

#define FUNCTION(name, call)                                        \
    static ad_tensor of_##name(ad_tensor x, ad_tensor w, ad_axes a) \
    {                                                               \
        (void)w, (void)a;                                           \
        return call;                                                \
    }
FUNCTIONS(FUNCTION)

static const struct row {
    const char *name;
    function *f;
} rows[] = {
#define ENTRY(name, call) {#name, of_##name},
    FUNCTIONS(ENTRY)};

/* ---- the comparison --------------------------------------------------------------------- */

typedef struct outcome {
    ad_array y, g[2];
} outcome;

static outcome evaluate(ad_tape *t, const struct row *row, const ad_view *x, ad_axes a)
{
    outcome o;
    ad_tensor leaf[] = {ad_watch(t, x[0]), ad_watch(t, x[1])};
    ad_tensor y = row->f(leaf[0], leaf[1], a);
    o.y = ad_array_copy(NULL, x->type, ad_read(y));
    ck_assert_msg(ad_backward(ad_sum(ad_mul(y, y))) == AD_OK, "%s: %s", row->name,
                  ad_tape_error(t));
    for (int i = 0; i < 2; i++)
        o.g[i] = ad_array_copy(NULL, x->type, ad_grad(leaf[i]));
    ad_tape_reset(t);
    return o;
}

/* -0 may be 0. */
static void expect_same_bits(const char *name, const char *what, ad_array *a, ad_array *b)
{
    ad_view x = ad_array_view(*a), y = ad_array_view(*b);
    for (size_t i = 0; i < ad_view_count(&y); i++) {
        double got = ad_view_get(&x, i), wanted = ad_view_get(&y, i);
        ck_assert_msg(got == wanted || (isnan(got) && isnan(wanted)), "%s, %s: %.17g is not %.17g",
                      name, what, got, wanted);
    }
    ad_array_free(a);
    ad_array_free(b);
}

static void compare(ad_tape *t, const struct row *row, const ad_view *x, const ad_view *copies,
                    ad_axes a, const char *what)
{
    outcome got = evaluate(t, row, x, a), wanted = evaluate(t, row, copies, a);
    expect_same_bits(row->name, what, &got.y, &wanted.y);
    for (int i = 0; i < 2; i++)
        expect_same_bits(row->name, what, &got.g[i], &wanted.g[i]);
}

static void compare_layout(ad_tape *t, const struct row *row, ad_view numbers, const ad_shape *s,
                           layout how)
{
    char what[80], shape[40];
    ad_view x[2] = {lay_out(numbers.type, numbers.data, s, how), {0}};
    size_t second = ad_view_count(&numbers) / 2;
    x[1] = lay_out(numbers.type, (const char *)numbers.data + second * ad_type_size(x->type), s,
                   (layout)((how + 1) % LAYOUTS));
    ad_array copies[] = {ad_array_copy(NULL, x->type, x[0]), ad_array_copy(NULL, x->type, x[1])};
    ad_view by_rows[] = {ad_array_view(copies[0]), ad_array_view(copies[1])};
    snprintf(what, sizeof what, "%s %s", layout_names[how], ad_shape_print(s, shape, sizeof shape));
    compare(t, row, x, by_rows, AD_AXES(), what);
    compare(t, row, x, by_rows, AD_AXES(0), what);
    compare(t, row, x, by_rows, AD_AXES(-1), what);
    ad_array_free(&copies[0]);
    ad_array_free(&copies[1]);
}

START_TEST(bits_do_not_depend_on_the_layout)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_random r = ad_random_new(7, 0);
    ad_array wide = ad_array_new(NULL, AD_F64, AD_SHAPE(2 * MOST));
    for (size_t i = 0; i < 2 * MOST; i++)
        ((double *)wide.data)[i] = widely(&r);
    ad_array narrow = ad_array_copy(NULL, AD_F32, ad_array_view(wide));
    for (int k = 0; k < SHAPES; k++)
        for (layout how = 0; how < LAYOUTS; how++) {
            compare_layout(t, &rows[_i], ad_array_view(wide), &shapes[k], how);
            compare_layout(t, &rows[_i], ad_array_view(narrow), &shapes[k], how);
        }
    ad_array_free(&narrow);
    ad_array_free(&wide);
    ad_tape_free(t);
}
END_TEST

/* ---- checkpoints ------------------------------------------------------------------------ */

static ad_tensor sum(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(x[0]);
}

static ad_tensor sum_of_products(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_matmul(x[0], ad_transpose(x[0])));
}

START_TEST(a_sum_of_a_view_is_that_of_its_copy)
{
    static const double numbers[] = {1e16, -1e16, 1, 1};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 2, 2)), y = ad_transpose(x);
    ck_assert(ad_item(ad_sum(y)) == ad_item(ad_sum(ad_mul(y, 1))));
    ck_assert_msg(ad_backward(ad_checkpoint(sum, 1, &y, NULL)) == AD_OK, "%s", ad_tape_error(t));
    ad_view g = ad_grad(x);
    for (size_t i = 0; i < 4; i++)
        ck_assert(ad_view_get(&g, i) == 1);
    ad_tape_free(t);
}
END_TEST

/* Products may have other bits: then the function must get the same view again. */
START_TEST(a_checkpoint_evaluates_its_function_again_at_the_same_view)
{
    static double numbers[4 * 3 * 2101];
    ad_tape *t = ad_tape_new(NULL);
    ad_random r = ad_random_new(3, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = widely(&r);
    for (layout how = 0; how < LAYOUTS; how++) {
        ad_tensor x = ad_watch(t, lay_out(AD_F64, numbers, &AD_SHAPE(3, 2100), how));
        ck_assert_msg(ad_backward(ad_checkpoint(sum_of_products, 1, &x, NULL)) == AD_OK, "%s",
                      ad_tape_error(t));
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}
END_TEST

static const char *row_name_of(int i)
{
    return rows[i].name;
}

int main(void)
{
    Suite *suite = suite_create("strides");
    TCase *bits = tcase_create("bits"), *whole = tcase_create("checkpoints");
    tcase_set_timeout(bits, 120);
    add_row_tests(bits, bits_do_not_depend_on_the_layout, sizeof rows / sizeof *rows, row_name_of);
    tcase_add_test(whole, a_sum_of_a_view_is_that_of_its_copy);
    tcase_add_test(whole, a_checkpoint_evaluates_its_function_again_at_the_same_view);
    suite_add_tcase(suite, bits);
    suite_add_tcase(suite, whole);
    return run_suite(suite);
}
