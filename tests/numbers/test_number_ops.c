/* Each elementwise operation on single numbers is the same as on tensors of f64: its value to the bit, its
 * first and second derivatives, at ordinary points and at edges. */
#include "numbers.h"

enum { MOST = 3 }; /* operands */

/* An operation in all its forms. `kinds` has a bit for each operand that is a number of a recorder; the others
 * are plain. */
typedef struct operation {
    const char *name;
    int arity;
    ad_tensor (*of_tensors)(const ad_tensor *x);
    ad_real (*of_reals)(const ad_real *x);
    ad_real (*without_line)(const ad_real *x);
    ad_real (*mixed)(int kinds, const ad_real *x);
} operation;

#define FORMS(op, given_to_tensors, given_to_reals)      \
    static ad_tensor op##_of_tensors(const ad_tensor *x) \
    {                                                    \
        return (op)given_to_tensors;                     \
    }                                                    \
    static ad_real op##_of_reals(const ad_real *x)       \
    {                                                    \
        return op given_to_reals;                        \
    }                                                    \
    static ad_real op##_without_line(const ad_real *x)   \
    {                                                    \
        return (op##_real)given_to_reals;                \
    }

#define ONE(op)                                                 \
    FORMS(op, (x[0]), (x[0]))                                   \
    static ad_real op##_mixed(int kinds, const ad_real *x)      \
    {                                                           \
        return op(kinds ? x[0] : ad_real_constant(x[0].value)); \
    }
#define TWO(op)                                            \
    FORMS(op, (x[0], x[1]), (x[0], x[1]))                  \
    static ad_real op##_mixed(int kinds, const ad_real *x) \
    {                                                      \
        return kinds == 1   ? op(x[0], x[1].value)         \
               : kinds == 2 ? op(x[0].value, x[1])         \
                            : op(x[0], x[1]);              \
    }
#define THREE(op)                                              \
    FORMS(op, (x[0], x[1], x[2]), (x[0], x[1], x[2]))          \
    static ad_real op##_mixed(int kinds, const ad_real *x)     \
    {                                                          \
        return kinds == 1   ? op(x[0], x[1].value, x[2].value) \
               : kinds == 2 ? op(x[0].value, x[1], x[2].value) \
               : kinds == 3 ? op(x[0], x[1], x[2].value)       \
               : kinds == 4 ? op(x[0].value, x[1].value, x[2]) \
               : kinds == 5 ? op(x[0], x[1].value, x[2])       \
               : kinds == 6 ? op(x[0].value, x[1], x[2])       \
                            : op(x[0], x[1], x[2]);            \
    }
#include "number_rows.h"
#undef ONE
#undef TWO
#undef THREE

#define ROW(op, arity) \
    {&#op[3], arity, op##_of_tensors, op##_of_reals, op##_without_line, op##_mixed},
#define ONE(op)   ROW(op, 1)
#define TWO(op)   ROW(op, 2)
#define THREE(op) ROW(op, 3)
static const operation operations[] = {
#include "number_rows.h"
};

static const char *operation_name(int row)
{
    return operations[row].name;
}

/* ---- points ------------------------------------------------------------------------- */

static const double values[] = {
    0,         -0.0,    1,       -1,      2,          -3,       0.5,      -0.75,      INFINITY,
    -INFINITY, NAN,     6,       1e-310,  -5e-324,    1e300,    -1e200,   1e-160,     20.25,
    -20.5,     7.0 / 3, 0.1875,  -1.0625, 0x1.8p+600, 709.5,    -745.125, 1.5,        2.5,
    -2.5,      0.785,   -0.7854, 3,       100.25,     131073.5, -1e17,    0.99999999, 1.0000001};
enum { VALUES = sizeof values / sizeof *values, FEW = 24, FEWEST = 12 };

static int points_of(const operation *o)
{
    return o->arity == 1 ? VALUES : o->arity == 2 ? FEW * FEW : FEWEST * FEWEST * FEWEST;
}

static double coordinate(const operation *o, int point, int i)
{
    int each = o->arity == 3 ? FEWEST : o->arity == 2 ? FEW : VALUES;
    for (; i > 0; i--)
        point /= each;
    return values[point % each];
}

/* What tensors make of all points at once. */
typedef struct answers {
    int points;
    double *x[MOST], *y, *slope[MOST], *bend[MOST][MOST];
} answers;

static double *numbers_of(int count, double value)
{
    double *all = malloc((size_t)count * sizeof *all);
    ck_assert_ptr_nonnull(all);
    for (int k = 0; k < count; k++)
        all[k] = value;
    return all;
}

static double *copy_of(ad_view v, int count)
{
    double *all = numbers_of(count, 0);
    ck_assert_ptr_nonnull(v.data);
    memcpy(all, v.data, (size_t)count * sizeof *all);
    return all;
}

static void ask_slopes(const operation *o, ad_tape *t, answers *a)
{
    ad_tensor x[MOST];
    for (int i = 0; i < o->arity; i++)
        x[i] = ad_watch(t, AD_VIEW(a->x[i], a->points));
    ad_tensor y = o->of_tensors(x);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    a->y = copy_of(ad_read(y), a->points);
    for (int i = 0; i < o->arity; i++)
        a->slope[i] = copy_of(ad_grad(x[i]), a->points);
    ad_tape_reset(t);
}

static ad_tensor sum_of(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_sum(((const operation *)env)->of_tensors(x));
}

static void ask_bends(const operation *o, ad_tape *t, answers *a)
{
    double *one = numbers_of(a->points, 1);
    ad_view x[MOST], tx[MOST];
    for (int i = 0; i < o->arity; i++)
        x[i] = AD_VIEW(a->x[i], a->points);
    for (int j = 0; j < o->arity; j++) {
        ad_array product[MOST] = {{0}};
        for (int i = 0; i < o->arity; i++) {
            tx[i] = x[i];
            tx[i].data = i == j ? one : NULL;
        }
        ck_assert_int_eq(ad_hvp(t, sum_of, o->arity, x, tx, o, product), AD_OK);
        for (int i = 0; i < o->arity; i++) {
            a->bend[i][j] = copy_of(ad_array_view(product[i]), a->points);
            ad_array_free(&product[i]);
        }
        ad_tape_reset(t);
    }
    free(one);
}

static answers ask_tensors(const operation *o)
{
    answers a = {.points = points_of(o)};
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < o->arity; i++) {
        a.x[i] = numbers_of(a.points, 0);
        for (int k = 0; k < a.points; k++)
            a.x[i][k] = coordinate(o, k, i);
    }
    ask_slopes(o, t, &a);
    ask_bends(o, t, &a);
    ad_tape_free(t);
    return a;
}

static void forget(answers *a)
{
    free(a->y);
    for (int i = 0; i < MOST; i++) {
        free(a->x[i]);
        free(a->slope[i]);
        for (int j = 0; j < MOST; j++)
            free(a->bend[i][j]);
    }
}

/* ---- the same numbers --------------------------------------------------------------- */

static const char *where(const answers *a, int arity, int point)
{
    static char text[120];
    int length = 0;
    for (int i = 0; i < arity; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%.17g", i ? ", " : "",
                           a->x[i][point]);
    return text;
}

#define expect_same(same, got, want, what)                                                        \
    ck_assert_msg(same(got, want), "%s of %s(%s) is %.17g, that of tensors %.17g", what, o->name, \
                  where(a, o->arity, point), got, want)

static void watch_point(ad_recorder *r, const operation *o, const answers *a, int point, ad_real *x)
{
    ad_recorder_reset(r);
    for (int i = 0; i < o->arity; i++)
        x[i] = ad_real_input(r, a->x[i][point]);
}

static void expect_slopes(const operation *o, const answers *a, int point, ad_real y,
                          const ad_real *x)
{
    double slope[MOST];
    expect_same(same_bits, y.value, a->y[point], "the value");
    ck_assert_int_eq(ad_real_gradient(y, (size_t)o->arity, x, slope), AD_OK);
    for (int i = 0; i < o->arity; i++)
        expect_same(same_number, slope[i], a->slope[i][point], "a derivative");
}

/* In place where there is room, by the library where lines are kept. */
START_TEST(an_operation_on_numbers_has_the_bits_of_the_one_on_tensors)
{
    const operation *o = &operations[_i];
    answers all = ask_tensors(o), *a = &all;
    ad_recorder *recorders[] = {recorder_with(0), recorder_with(AD_KEEP_LINES)};
    ad_real x[MOST];
    for (int point = 0; point < a->points; point++)
        for (int k = 0; k < 4; k++) {
            watch_point(recorders[k % 2], o, a, point, x);
            ad_real y = k < 2 ? o->of_reals(x) : o->without_line(x);
            expect_slopes(o, a, point, y, x);
            ck_assert_uint_eq(size_of(recorders[k % 2]).statements, (size_t)o->arity + 1);
        }
    ad_recorder_free(recorders[0]);
    ad_recorder_free(recorders[1]);
    forget(a);
}
END_TEST

START_TEST(an_operation_on_numbers_has_the_second_derivatives_of_the_one_on_tensors)
{
    const operation *o = &operations[_i];
    answers all = ask_tensors(o), *a = &all;
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    double hessian[MOST * MOST];
    ad_real x[MOST];
    for (int point = 0; point < a->points; point++) {
        watch_point(r, o, a, point, x);
        ad_real y = o->of_reals(x);
        expect_slopes(o, a, point, y, x);
        ck_assert_int_eq(ad_real_hessian(y, (size_t)o->arity, x, hessian), AD_OK);
        for (int i = 0; i < o->arity * o->arity; i++)
            expect_same(same_number, hessian[i], a->bend[i / o->arity][i % o->arity][point],
                        "a second derivative");
    }
    ad_recorder_free(r);
    forget(a);
}
END_TEST

static void expect_mixed(const operation *o, const answers *a, int point, int kinds, ad_recorder *r,
                         bool plain)
{
    ad_real x[MOST], y;
    watch_point(r, o, a, point, x);
    for (int i = 0; i < o->arity && !plain; i++)
        if (!(kinds >> i & 1))
            x[i] = ad_real_constant(x[i].value);
    y = plain ? o->mixed(kinds, x) : o->of_reals(x);
    expect_same(same_bits, y.value, a->y[point], "the value");
    ck_assert(kinds ? y.on == r : !y.on);
    ck_assert_uint_eq(size_of(r).statements, (size_t)o->arity + (kinds != 0));
    for (int i = 0; i < o->arity; i++)
        expect_same(same_number, slope_by(y, x[i]), (kinds >> i & 1 ? a->slope[i][point] : 0),
                    "a derivative");
}

START_TEST(an_operand_may_be_a_constant_or_a_plain_number)
{
    const operation *o = &operations[_i];
    answers all = ask_tensors(o), *a = &all;
    ad_recorder *r = recorder_with(0);
    for (int point = 0; point < a->points; point++)
        for (int kinds = 0; kinds < 1 << o->arity; kinds++) {
            expect_mixed(o, a, point, kinds, r, false);
            if (kinds)
                expect_mixed(o, a, point, kinds, r, true);
        }
    ad_recorder_free(r);
    forget(a);
}
END_TEST

/* ---- powers, choices, comparisons --------------------------------------------------- */

static ad_tensor power_of_tensor(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_sum(ad_powi(x[0], *(const int *)env));
}

static double second_power(ad_tape *t, double x, int n)
{
    static const double one = 1;
    ad_array product = {0};
    ad_view at = AD_VIEW_SCALAR(&x), along = AD_VIEW_SCALAR(&one);
    ck_assert_int_eq(ad_hvp(t, power_of_tensor, 1, &at, &along, &n, &product), AD_OK);
    double found = *(double *)product.data;
    ad_array_free(&product);
    ad_tape_reset(t);
    return found;
}

static void compare_power(ad_tape *t, ad_recorder *r, double value, int n)
{
    ad_tensor x = ad_watch(t, AD_VIEW_SCALAR(&value)), y = ad_powi(x, n);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ad_recorder_reset(r);
    ad_real a = ad_real_input(r, value), b = ad_powi(a, n);
    double bend = 42;
    ck_assert_msg(same_bits(b.value, ad_item(y)), "%g^%d", value, n);
    ck_assert_msg(same_number(slope_by(b, a), *(double *)ad_grad(x).data), "%g^%d", value, n);
    ck_assert(same_bits(ad_powi_real(ad_real_constant(value), n).value, b.value));
    ad_tape_reset(t);
    ck_assert_int_eq(ad_real_hessian(b, 1, &a, &bend), AD_OK);
    ck_assert_msg(same_number(bend, second_power(t, value, n)), "%g^%d", value, n);
}

START_TEST(powers_are_those_of_tensors)
{
    static const int exponents[] = {0, 1,  -1,  2,    3,          -2,
                                    7, 10, -17, 1000, 2147483647, -2147483647 - 1};
    ad_tape *t = ad_tape_new(NULL);
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    for (int i = 0; i < VALUES; i++)
        for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++)
            compare_power(t, r, values[i], exponents[k]);
    ad_recorder_free(r);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_choice_is_the_number_itself)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 2), y = ad_log(ad_real_input(r, 0));
    ad_real chosen[] = {ad_where(true, x, y),  ad_where(2 > 1, x, 7), ad_where(1, x, y),
                        ad_where(false, y, x), ad_where(0, 7, x),     ad_where_real(true, x, y)};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        ck_assert(chosen[i].place == x.place && chosen[i].on == r && chosen[i].value == 2);
    ck_assert(!ad_where(true, 7, x).on && ad_where(false, x, -3).value == -3);
    ck_assert_uint_eq(size_of(r).statements, 3);
    ad_recorder_free(r);
}
END_TEST

#define COMPARED(op, relation)                                                         \
    ck_assert_msg(op(a, b) == (x relation y) && op(a, y) == (x relation y) &&          \
                      op(x, b) == (x relation y) && op##_real(a, b) == (x relation y), \
                  "%g " #relation " %g", x, y)

START_TEST(comparisons_are_those_of_c)
{
    ad_recorder *r = recorder_with(0);
    for (int i = 0; i < VALUES * VALUES; i++) {
        double x = values[i / VALUES], y = values[i % VALUES];
        ad_recorder_reset(r);
        ad_real a = ad_real_input(r, x), b = ad_real_input(r, y);
        COMPARED(ad_equal, ==);
        COMPARED(ad_not_equal, !=);
        COMPARED(ad_less, <);
        COMPARED(ad_less_equal, <=);
        COMPARED(ad_greater, >);
        COMPARED(ad_greater_equal, >=);
        ck_assert(ad_isnan(a) == (isnan(x) != 0) && ad_isinf(a) == (isinf(x) != 0) &&
                  ad_isfinite(a) == (isfinite(x) != 0));
        ck_assert_uint_eq(size_of(r).statements, 2);
    }
    ad_recorder_free(r);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("operations on numbers");
    TCase *all = tcase_create("operations");
    int count = (int)(sizeof operations / sizeof *operations);
    add_row_tests(all, an_operation_on_numbers_has_the_bits_of_the_one_on_tensors, count,
                  operation_name);
    add_row_tests(all, an_operation_on_numbers_has_the_second_derivatives_of_the_one_on_tensors,
                  count, operation_name);
    add_row_tests(all, an_operand_may_be_a_constant_or_a_plain_number, count, operation_name);
    suite_add_tcase(suite, all);
    TCase *others = tcase_create("powers, choices, comparisons");
    tcase_add_test(others, powers_are_those_of_tensors);
    tcase_add_test(others, a_choice_is_the_number_itself);
    tcase_add_test(others, comparisons_are_those_of_c);
    suite_add_tcase(suite, others);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
