/* Derivatives of random formulas, recorded number by number: those of tensors, those in long double, and all
 * of them with each other. */
#include "random_formula.h"

enum { ROOTS = 20, DIRECTIONS = 20 };

static long double exact[INPUTS + STEPS], adjoint[INPUTS + STEPS], bound[INPUTS + STEPS];
static ad_real all[INPUTS + STEPS];

/* A formula on a recorder, whose last steps are roots. */
static formula *record(ad_recorder *r, uint64_t seed, int steps)
{
    formula *f = random_formula(seed, steps, exact);
    ad_recorder_reset(r);
    ck_assert_int_eq(ad_real_inputs(r, INPUTS, f->x, all), AD_OK);
    record_formula(f, all);
    expect_good(r);
    return f;
}

static void fill(uint64_t seed, int count, double *x)
{
    ad_random random = ad_random_new(seed, 1);
    for (int i = 0; i < count; i++)
        x[i] = 2 * ad_random_uniform(&random) - 1;
}

static int steps_of(int seed)
{
    return seed % 40 == 0 ? STEPS : 1 + 7 * seed % 200;
}

/* ---- gradients ---------------------------------------------------------------------- */

START_TEST(gradients_are_those_in_long_double)
{
    ad_recorder *r = recorder_with(0);
    for (int seed = 0; seed < 200; seed++) {
        formula *f = record(r, (uint64_t)seed, steps_of(seed));
        int root = INPUTS + f->steps - 1;
        double gradient[INPUTS];
        ck_assert_int_eq(ad_real_gradient(all[root], INPUTS, all, gradient), AD_OK);
        exact_gradient(f, exact, root, adjoint, bound);
        for (int i = 0; i < INPUTS; i++)
            ck_assert_msg(fabsl(gradient[i] - adjoint[i]) <= 1e-13L * (1e-300L + bound[i]),
                          "formula %d: %.17g, not %.17Lg; %Lg", seed, gradient[i], adjoint[i],
                          bound[i]);
        free(f);
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(values_and_gradients_are_those_of_tensors)
{
    ad_recorder *r = recorder_with(0);
    ad_tape *t = ad_tape_new(NULL);
    for (int seed = 200; seed < 400; seed++) {
        formula *f = record(r, (uint64_t)seed, steps_of(seed));
        int root = INPUTS + f->steps - 1;
        double gradient[INPUTS];
        ad_tensor x[INPUTS];
        ck_assert_int_eq(ad_real_gradient(all[root], INPUTS, all, gradient), AD_OK);
        exact_gradient(f, exact, root, adjoint, bound);
        for (int i = 0; i < INPUTS; i++)
            x[i] = ad_watch(t, AD_VIEW_SCALAR(&f->x[i]));
        ad_tensor y = formula_of_tensors(t, x, f);
        ck_assert_int_eq(ad_backward(y), AD_OK);
        ck_assert(same_bits(ad_item(y), all[root].value));
        for (int i = 0; i < INPUTS; i++)
            ck_assert(fabsl(gradient[i] - *(const double *)ad_grad(x[i]).data) <=
                      1e-14L * bound[i]);
        ad_tape_reset(t);
        free(f);
    }
    ad_tape_free(t);
    ad_recorder_free(r);
}
END_TEST

/* ---- all ways are one --------------------------------------------------------------- */

static void expect_rows(const char *what, int seed, int rows, int columns, const double *got,
                        const double *want, double most)
{
    for (int i = 0; i < rows * columns; i++)
        ck_assert_msg(fabs(got[i] - want[i]) <= 1e-13 * most,
                      "formula %d: %s[%d, %d] is %g, not %g", seed, what, i / columns, i % columns,
                      got[i], want[i]);
}

/* The greatest sum of absolute contributions to a gradient of the roots. */
static double greatest_bound(const formula *f, int roots)
{
    long double most = 1e-300L;
    for (int j = 0; j < roots; j++) {
        exact_gradient(f, exact, INPUTS + f->steps - roots + j, adjoint, bound);
        for (int i = 0; i < INPUTS; i++)
            most = bound[i] > most ? bound[i] : most;
    }
    return (double)most;
}

static void compare_first_order(int seed, const formula *f, int m)
{
    static const int counts[] = {1, 2, 7, 8, 9, 20};
    const ad_real *y = all + INPUTS + f->steps - m;
    double by_rows[ROOTS * INPUTS], jacobian[ROOTS * INPUTS], most = greatest_bound(f, m);
    double dy[ROOTS], dx[INPUTS], tx[DIRECTIONS * INPUTS], ty[DIRECTIONS * ROOTS];
    for (int j = 0; j < m; j++)
        ck_assert_int_eq(ad_real_gradient(y[j], INPUTS, all, by_rows + j * INPUTS), AD_OK);
    ck_assert_int_eq(ad_real_jacobian((size_t)m, y, INPUTS, all, jacobian), AD_OK);
    expect_rows("jacobian", seed, m, INPUTS, jacobian, by_rows, most);

    double want[DIRECTIONS * ROOTS] = {0};
    fill((uint64_t)seed, m, dy);
    ck_assert_int_eq(ad_real_vjp((size_t)m, y, dy, INPUTS, all, dx), AD_OK);
    for (int i = 0; i < m * INPUTS; i++)
        want[i % INPUTS] += dy[i / INPUTS] * by_rows[i];
    expect_rows("vjp", seed, 1, INPUTS, dx, want, m * most);

    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        int count = counts[c];
        fill((uint64_t)seed, count * INPUTS, tx);
        ck_assert_int_eq(ad_real_jvp(INPUTS, all, (size_t)count, tx, (size_t)m, y, ty), AD_OK);
        for (int k = 0; k < count * m; k++) {
            want[k] = 0;
            for (int i = 0; i < INPUTS; i++)
                want[k] += tx[k / m * INPUTS + i] * by_rows[k % m * INPUTS + i];
        }
        expect_rows("jvp", seed, count, m, ty, want, INPUTS * most);
    }
}

START_TEST(jacobians_and_products_are_made_of_gradients)
{
    static const int roots[] = {1, 5, 6, 7, 8, 9, 20}; /* fewer than inputs, as many, more */
    ad_recorder *r = recorder_with(_i ? AD_KEEP_SECOND : 0);
    for (int seed = 0; seed < 60; seed++) {
        formula *f = record(r, (uint64_t)seed, 20 + steps_of(seed) % STEPS);
        compare_first_order(seed, f, roots[seed % 7]);
        free(f);
    }
    ad_recorder_free(r);
}
END_TEST

/* ---- second order ------------------------------------------------------------------- */

static void tensor_hessian(ad_tape *t, const formula *f, double *hessian)
{
    ad_view x[INPUTS], tx[INPUTS];
    static const double one = 1;
    for (int i = 0; i < INPUTS; i++)
        x[i] = AD_VIEW_SCALAR(&f->x[i]);
    for (int j = 0; j < INPUTS; j++) {
        ad_array product[INPUTS] = {{0}};
        for (int i = 0; i < INPUTS; i++) {
            tx[i] = AD_VIEW_SCALAR(&one);
            tx[i].data = i == j ? &one : NULL;
        }
        ck_assert_int_eq(ad_hvp(t, formula_of_tensors, INPUTS, x, tx, f, product), AD_OK);
        for (int i = 0; i < INPUTS; i++) {
            hessian[j * INPUTS + i] = *(const double *)product[i].data;
            ad_array_free(&product[i]);
        }
        ad_tape_reset(t);
    }
}

static double greatest_of(int count, const double *x)
{
    double most = 1e-300;
    for (int i = 0; i < count; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

static void compare_products(int seed, ad_real y, const double *hessian, double most)
{
    static const int counts[] = {1, 3, 8, 9};
    double tx[9 * INPUTS], got[9 * INPUTS], want[9 * INPUTS];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        int count = counts[c];
        fill((uint64_t)seed, count * INPUTS, tx);
        ck_assert_int_eq(ad_real_hvp(y, INPUTS, all, (size_t)count, tx, got), AD_OK);
        for (int k = 0; k < count * INPUTS; k++) {
            want[k] = 0;
            for (int j = 0; j < INPUTS; j++)
                want[k] += hessian[k % INPUTS * INPUTS + j] * tx[k / INPUTS * INPUTS + j];
        }
        expect_rows("hvp", seed, count, INPUTS, got, want, most);
    }
}

START_TEST(hessians_are_those_of_tensors)
{
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_tape *t = ad_tape_new(NULL);
    double want[INPUTS * INPUTS], got[INPUTS * INPUTS];
    for (int seed = 1; seed < 100; seed++) {
        formula *f = record(r, (uint64_t)seed, steps_of(seed) % STEPS);
        ad_real y = all[INPUTS + f->steps - 1];
        tensor_hessian(t, f, want);
        double most = 100 * greatest_of(INPUTS * INPUTS, want);
        ck_assert_int_eq(ad_real_hessian(y, INPUTS, all, got), AD_OK);
        expect_rows("hessian", seed, INPUTS, INPUTS, got, want, most);
        for (int i = 0; i < INPUTS * INPUTS; i++)
            expect_near(got[i] / most, got[i % INPUTS * INPUTS + i / INPUTS] / most, 1e-13);
        compare_products(seed, y, got, most);
        free(f);
    }
    ad_tape_free(t);
    ad_recorder_free(r);
}
END_TEST

/* ---- numbers that depend on each other ---------------------------------------------- */

enum { ASKED = 7, ALL = 3 * ASKED + ASKED * ROOTS + 9 * ROOTS + 10 * ASKED };

/* The formula, where steps that are asked for are inputs. */
static void record_with_inputs(ad_recorder *r, const formula *f, const int *asked, ad_real *other)
{
    ck_assert_int_eq(ad_real_inputs(r, INPUTS, f->x, other), AD_OK);
    for (int i = 0; i < f->steps; i++) {
        ad_real x[3];
        for (int k = 0; k < 3; k++)
            x[k] =
                k == 1 && !isnan(f->plain[i]) ? ad_real_constant(f->plain[i]) : other[f->at[i][k]];
        other[INPUTS + i] = f->kind[i]->of_reals(x);
        for (int k = 0; k < ASKED; k++)
            if (asked[k] == INPUTS + i) {
                other[INPUTS + i] = ad_real_input(r, other[INPUTS + i].value);
                break;
            }
    }
}

/* Derivatives of the last m steps by these numbers in all ways, one after the other. */
static void ask_for_all(const formula *f, const int *asked, const ad_real *from, int m,
                        double *found)
{
    double direction[9 * ASKED], weights[ROOTS];
    ad_real x[ASKED];
    const ad_real *y = from + INPUTS + f->steps - m;
    fill(5, 9 * ASKED, direction);
    fill(6, m, weights);
    for (int k = 0; k < ASKED; k++)
        x[k] = from[asked[k]];
    memset(found, 0, ALL * sizeof *found);
    ck_assert_int_eq(ad_real_gradient(y[m - 1], ASKED, x, found), AD_OK);
    ck_assert_int_eq(ad_real_vjp((size_t)m, y, weights, ASKED, x, found + ASKED), AD_OK);
    ck_assert_int_eq(ad_real_hvp(y[m - 1], ASKED, x, 1, direction, found + 2 * ASKED), AD_OK);
    found += 3 * ASKED;
    ck_assert_int_eq(ad_real_jacobian((size_t)m, y, ASKED, x, found), AD_OK);
    found += ASKED * ROOTS;
    ck_assert_int_eq(ad_real_jvp(ASKED, x, 9, direction, (size_t)m, y, found), AD_OK);
    found += 9 * ROOTS;
    ck_assert_int_eq(ad_real_hessian(y[m - 1], ASKED, x, found), AD_OK);
    ck_assert_int_eq(ad_real_jvp(ASKED, x, 1, direction, 1, y + m - 1, found + ASKED * ASKED),
                     AD_OK);
}

/* Each is held while others move, whatever it was computed from: as if it were an input. */
START_TEST(numbers_that_are_asked_for_are_held)
{
    static ad_real other[INPUTS + STEPS];
    static const int roots[] = {1, 3, 5, 7, 8, 20};
    ad_recorder *r = recorder_with(AD_KEEP_SECOND), *held = recorder_with(AD_KEEP_SECOND);
    for (int seed = 0; seed < 240; seed++) {
        double found[ALL], want[ALL];
        int asked[ASKED], m = roots[seed % 6];
        formula *f = record(r, (uint64_t)seed, 20 + steps_of(seed) % STEPS);
        ad_random random = ad_random_new((uint64_t)seed, 2);
        uint64_t count = (uint64_t)(INPUTS + f->steps), late = count < 60 ? count : 60;
        for (int k = 0; k < ASKED; k++) /* many are near the roots, and some come twice */
            asked[k] = (int)(k % 3 ? count - 1 - ad_random_below(&random, late)
                                   : ad_random_below(&random, count));
        ad_recorder_reset(held);
        record_with_inputs(held, f, asked, other);
        ask_for_all(f, asked, all, m, found);
        ask_for_all(f, asked, other, m, want);
        expect_rows("all ways", seed, 1, ALL, found, want, 100 * greatest_of(ALL, want));
        free(f);
    }
    ad_recorder_free(held);
    ad_recorder_free(r);
}
END_TEST

/* ---- bits --------------------------------------------------------------------------- */

enum { ROUND = 4 + INPUTS * (INPUTS + 1) };

/* Derivatives in all ways, as one row of numbers. */
static void all_derivatives(const formula *f, unsigned keep, double *found)
{
    const ad_real *y = all + INPUTS + f->steps - 4;
    double tx[INPUTS];
    fill(3, INPUTS, tx);
    ck_assert_int_eq(ad_real_gradient(y[3], INPUTS, all, found), AD_OK);
    ck_assert_int_eq(ad_real_jvp(INPUTS, all, 1, tx, 4, y, found + INPUTS), AD_OK);
    if (keep & AD_KEEP_SECOND)
        ck_assert_int_eq(ad_real_hessian(y[3], INPUTS, all, found + 4 + INPUTS), AD_OK);
    else
        ck_assert_int_eq(ad_real_jacobian(4, y, INPUTS, all, found + 4 + INPUTS), AD_OK);
}

/* Statements before a formula, some of many arguments, so that chunks end elsewhere. */
static void record_before(ad_recorder *r, int count)
{
    ad_real x = ad_real_input(r, 0.5), many[400];
    for (int i = 0; i < 400; i++)
        many[i] = x;
    for (int i = 0; i < count; i++)
        x = i % 97 == 96 ? ad_mean_reals(100 + (size_t)i % 300, many) : ad_mul(x, x);
}

START_TEST(bits_do_not_depend_on_where_chunks_end)
{
    static const unsigned keeps[] = {0, AD_KEEP_SECOND, AD_KEEP_LINES};
    unsigned keep = keeps[_i];
    double first[ROUND] = {0}, found[ROUND] = {0};
    formula *f = random_formula(11, 700, exact);
    ad_recorder *reused = recorder_with(keep);
    for (int before = 0; before < 700; before += before < 300 ? 1 : 41) {
        ad_recorder *r = before % 3 ? reused : recorder_with(keep);
        ad_recorder_reset(r);
        record_before(r, before);
        ck_assert_int_eq(ad_real_inputs(r, INPUTS, f->x, all), AD_OK);
        record_formula(f, all);
        all_derivatives(f, keep, before ? found : first);
        ck_assert_msg(!before || memcmp(first, found, sizeof found) == 0, "after %d", before);
        if (r != reused)
            ad_recorder_free(r);
    }
    ad_recorder_free(reused);
    free(f);
}
END_TEST

START_TEST(bits_do_not_depend_on_other_rewinds)
{
    double first[ROUND] = {0}, found[ROUND] = {0};
    formula *f = random_formula(12, 500, exact);
    ad_recorder *r = recorder_with(_i ? AD_KEEP_SECOND : 0);
    ad_recorder_mark mark = ad_recorder_here(r);
    for (int round = 0; round < 300; round++) {
        ad_recorder_rewind(mark);
        record_before(r, 13 * round % 900);
        ad_recorder_mark inner = ad_recorder_here(r);
        record_before(r, 29 * round % 900);
        ck_assert_int_eq(ad_recorder_rewind(inner), AD_OK);
        ck_assert_int_eq(ad_real_inputs(r, INPUTS, f->x, all), AD_OK);
        record_formula(f, all);
        all_derivatives(f, _i ? AD_KEEP_SECOND : 0, round ? found : first);
        ck_assert_msg(!round || memcmp(first, found, sizeof found) == 0, "round %d", round);
        if (round % 50 == 49)
            ad_recorder_trim(r);
    }
    ad_recorder_free(r);
    free(f);
}
END_TEST

/* A mark where a chunk is full, with inputs after it, whose arguments begin nowhere yet. */
START_TEST(a_mark_may_stand_where_a_chunk_ends)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    for (int before = 240; before < 270; before++)
        for (int inputs = 0; inputs < 3; inputs++) {
            ad_recorder_reset(r);
            ad_real x = ad_real_input(r, 1), y = x;
            for (int i = 0; i < before; i++)
                y = ad_mul(y, 1);
            ad_recorder_mark mark = ad_recorder_here(r);
            for (int round = 0; round < 3; round++) {
                ad_real z = y;
                for (int i = 0; i < inputs * (2 - round); i++)
                    ad_real_input(r, 2);
                for (int i = 0; i < 20; i++)
                    z = ad_mul(z, 2);
                expect_near(slope_by(z, x), 1 << 20, 0);
                expect_near(slope_by(z, y), 1 << 20, 0);
                ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
            }
        }
    ad_recorder_free(r);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("formulas of numbers");
    TCase *tests = tcase_create("formulas");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, gradients_are_those_in_long_double);
    tcase_add_test(tests, values_and_gradients_are_those_of_tensors);
    tcase_add_loop_test(tests, jacobians_and_products_are_made_of_gradients, 0, 2);
    tcase_add_test(tests, hessians_are_those_of_tensors);
    tcase_add_test(tests, numbers_that_are_asked_for_are_held);
    tcase_add_loop_test(tests, bits_do_not_depend_on_where_chunks_end, 0, 3);
    tcase_add_loop_test(tests, bits_do_not_depend_on_other_rewinds, 0, 2);
    tcase_add_loop_test(tests, a_mark_may_stand_where_a_chunk_ends, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
