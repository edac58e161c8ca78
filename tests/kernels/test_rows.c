/* Rows whose numbers lie together: softmax, its logarithm, logsumexp, max and min, their ways back and tangents,
 * bit by bit as a row by itself gives them, number after number: for every length about the tile's, rows by the
 * set and more, numbers of every kind, both types, every instruction set. */
#include "suite.h"

#include "base/workspace.h"
#include "kernels/elementary.h"
#include "kernels/vanishing.h"
#include "tape/node.h"

#include <adze.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 2100, MOST = 70 * 70, LANES = 16 };

/* ---- one row, number after number --------------------------------------------------- */

/* v as the type has it. */
static double to(ad_type type, double v)
{
    return type == AD_F32 ? (double)(float)v : v;
}

static double power(ad_type type, double x)
{
    return type == AD_F32 ? (double)ad_exp_f32((float)x) : ad_exp_f64(x);
}

/* In 16 lanes that take the terms in turn, and then by halves. */
static double sum_of(size_t n, const double *terms)
{
    double lanes[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i % LANES] += terms[i];
    for (size_t half = LANES / 2; half; half /= 2)
        for (size_t j = 0; j < half; j++)
            lanes[j] += lanes[j + half];
    return lanes[0];
}

/* The first of those that none beats; the last NaN, if there is one. */
static double best_of(size_t n, const double *x, bool greatest)
{
    double best = x[0];
    for (size_t i = 1; i < n; i++)
        best = isnan(x[i]) || (greatest ? x[i] > best : x[i] < best) ? x[i] : best;
    return best;
}

static double top_of(size_t n, const double *x)
{
    double top = -(double)INFINITY;
    for (size_t i = 0; i < n; i++)
        top = x[i] > top ? x[i] : top;
    return top;
}

/* The sum of exp(x - top), and these powers. */
static double sum_powers(ad_type type, size_t n, const double *x, double top, double *powers)
{
    for (size_t i = 0; i < n; i++)
        powers[i] = power(type, to(type, x[i] - top));
    return sum_of(n, powers);
}

/* What an operation makes of a row x; with the cotangent g, dx; with the tangent t, ty. Results that are one number
 * are in place 0. */
typedef struct row_case {
    ad_type type;
    size_t n;
    const double *x, *g, *t;
    double *y, *dx, *ty;
} row_case;

static void softmax_row(const row_case *r)
{
    double top = top_of(r->n, r->x), terms[LONGEST];
    top = isfinite(top) ? top : top > 0 ? (double)NAN : 0;
    double sum = sum_powers(r->type, r->n, r->x, top, r->y);
    double share = to(r->type, sum == 0 ? 0 : 1 / sum);
    for (size_t i = 0; i < r->n; i++)
        r->y[i] = to(r->type, r->y[i] * share);
    for (int way = 0; way < 2; way++) {
        const double *t = way ? r->t : r->g;
        double *out = way ? r->ty : r->dx;
        for (size_t i = 0; i < r->n; i++)
            terms[i] = AD_TIMES(r->y[i], t[i]);
        double mean = to(r->type, sum_of(r->n, terms));
        for (size_t i = 0; i < r->n; i++)
            out[i] = to(r->type, AD_TIMES(r->y[i], to(r->type, t[i] - mean)));
    }
}

static void log_softmax_row(const row_case *r)
{
    double top = top_of(r->n, r->x), terms[LONGEST];
    bool alive = false;
    top = isfinite(top) ? top : top > 0 ? (double)NAN : 0;
    double sum = sum_powers(r->type, r->n, r->x, top, terms);
    double less = to(r->type, sum == 0 ? 0 : ad_log_f64(sum));
    for (size_t i = 0; i < r->n; i++) {
        r->y[i] = to(r->type, to(r->type, r->x[i] - top) - less);
        alive = alive || r->y[i] != -(double)INFINITY;
    }
    double all = to(r->type, sum_of(r->n, r->g));
    for (size_t i = 0; i < r->n; i++)
        terms[i] = AD_TIMES(power(r->type, r->y[i]), r->t[i]);
    double mean = to(r->type, sum_of(r->n, terms));
    for (size_t i = 0; i < r->n; i++) {
        double fall = to(r->type, AD_TIMES(power(r->type, r->y[i]), all));
        r->dx[i] = alive ? to(r->type, r->g[i] - fall) : 0;
        r->ty[i] = alive ? to(r->type, r->t[i] - mean) : 0;
    }
}

/* (Tangents are sums in another order.) */
static void logsumexp_row(const row_case *r)
{
    double top = top_of(r->n, r->x), m = isfinite(top) ? top : 0, powers[LONGEST];
    double sum = sum_powers(r->type, r->n, r->x, m, powers), y = m + ad_log_f64(sum);
    m = isfinite(y) ? m : fabs(y);
    double w = isinf(y) ? 1 : 1 / sum, g = to(r->type, AD_TIMES(r->g[0], w));
    r->y[0] = to(r->type, y);
    for (size_t i = 0; i < r->n; i++)
        r->dx[i] = AD_TIMES(power(r->type, to(r->type, r->x[i] - m)), g);
    for (size_t i = 0; i < r->n; i++)
        r->dx[i] = to(r->type, r->dx[i]);
}

static void extreme_row(const row_case *r, bool greatest)
{
    double best = best_of(r->n, r->x, greatest), ties = 0;
    for (size_t i = 0; i < r->n; i++)
        ties += r->x[i] == best || (isnan(r->x[i]) && isnan(best));
    for (size_t i = 0; i < r->n; i++)
        r->dx[i] =
            r->x[i] == best || (isnan(r->x[i]) && isnan(best)) ? to(r->type, r->g[0] / ties) : 0;
    r->y[0] = best;
}

static void max_row(const row_case *r)
{
    extreme_row(r, true);
}

static void min_row(const row_case *r)
{
    extreme_row(r, false);
}

/* ---- the operations ----------------------------------------------------------------- */

static ad_tensor softmax(ad_tensor x)
{
    return ad_softmax(x, -1);
}

static ad_tensor log_softmax(ad_tensor x)
{
    return ad_log_softmax(x, -1);
}

static ad_tensor logsumexp(ad_tensor x)
{
    return ad_logsumexp_over(x, AD_AXES(-1));
}

static ad_tensor greatest(ad_tensor x)
{
    return ad_max_over(x, AD_AXES(-1));
}

static ad_tensor least(ad_tensor x)
{
    return ad_min_over(x, AD_AXES(-1));
}

typedef struct operation {
    const char *name;
    ad_tensor (*apply)(ad_tensor x);
    void (*row)(const row_case *r);
    bool keeps_shape, has_tangent;
} operation;

static const operation operations[] = {
    {"softmax", softmax, softmax_row, true, true},
    {"log_softmax", log_softmax, log_softmax_row, true, true},
    {"logsumexp", logsumexp, logsumexp_row, false, false},
    {"max", greatest, max_row, false, false},
    {"min", least, min_row, false, false},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- numbers ------------------------------------------------------------------------- */

typedef enum numbers { PLAIN, WIDE, TIED, MASKED, SPECIAL, KINDS } numbers;
static const char *const kind_names[] = {"plain", "wide", "tied", "masked", "special"};

static double draw(ad_random *r, numbers kind)
{
    static const double special[] = {INFINITY, -INFINITY, NAN,   0.0,  -0.0,
                                     1e30,     -1e30,     1e-40, -104, 88};
    enum { SPECIALS = sizeof special / sizeof *special };
    double u = ad_random_uniform(r);
    switch (kind) {
    case WIDE:
        return 200 * u - 150;
    case TIED:
        return floor(4 * u) - 3; /* the greatest is 0 now and then */
    case MASKED:
        return ad_random_below(r, 3) ? -(double)INFINITY : u;
    case SPECIAL:
        return ad_random_below(r, 8) ? 4 * u - 2 : special[ad_random_below(r, SPECIALS)];
    default:
        return 4 * u - 2;
    }
}

static double f64[4][MOST], wanted[3][MOST];
static float f32[4][MOST];

/* A view of numbers as the type has them, which they become. */
static ad_view view_of(ad_type type, int which, ad_shape shape)
{
    size_t n = 0;
    ad_shape_count(&shape, &n);
    for (size_t i = 0; i < n; i++) {
        f32[which][i] = (float)f64[which][i];
        f64[which][i] = to(type, f64[which][i]);
    }
    return ad_view_of(type, type == AD_F32 ? (const void *)f32[which] : f64[which], shape);
}

/* ---- the comparison ------------------------------------------------------------------ */

typedef struct setting {
    const operation *op;
    ad_type type;
    numbers kind;
    int isa;
    size_t rows, n;
} setting;

static bool same_bits(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static void compare(const setting *s, const char *what, ad_view got, const double *want)
{
    for (size_t i = 0; i < ad_view_count(&got); i++)
        if (!same_bits(ad_view_get(&got, i), want[i]))
            ck_abort_msg(
                "%s of %s, %s, set %d, %s numbers, %zu rows of %zu: number %zu is %a, not %a", what,
                s->op->name, s->type == AD_F32 ? "f32" : "f64", s->isa, kind_names[s->kind],
                s->rows, s->n, i, ad_view_get(&got, i), want[i]);
}

/* What is given to an operand has the bits of a sum with 0. */
static void find_wanted(const setting *s, size_t row)
{
    for (size_t r = 0; r < s->rows; r++)
        s->op->row(&(row_case){s->type, s->n, f64[0] + r * s->n, f64[1] + r * row,
                               f64[2] + r * s->n, wanted[0] + r * row, wanted[1] + r * s->n,
                               wanted[2] + r * row});
    for (size_t i = 0; i < s->rows * s->n; i++) {
        wanted[1][i] += 0;
        wanted[2][i] += 0;
    }
}

static void compare_all(const setting *s, ad_tape *tape, ad_view x, ad_view g, ad_view t)
{
    ad_tape_reset(tape);
    tape->work.isa = (ad_isa)s->isa;
    ad_tensor leaf = ad_watch(tape, x);
    ck_assert_int_eq(ad_set_tangent(leaf, t), AD_OK);
    ad_tensor y = s->op->apply(leaf);
    compare(s, "y", ad_read(y), wanted[0]);
    if (s->op->has_tangent) {
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        compare(s, "the tangent", ad_tangent(y), wanted[2]);
    }
    ck_assert_int_eq(ad_backward_from(y, g), AD_OK);
    compare(s, "dx", ad_grad(leaf), wanted[1]);
    ck_assert_int_eq(ad_backward_from(ad_add(y, s->op->apply(leaf)), g), AD_OK);
    for (size_t i = 0; i < s->rows * s->n; i++)
        wanted[1][i] = to(s->type, wanted[1][i] + wanted[1][i]);
    compare(s, "dx, added,", ad_grad(leaf), wanted[1]);
    ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s", ad_tape_error(tape));
}

static void compare_rows(ad_tape *tape, const operation *op, ad_type type, numbers kind,
                         size_t rows, size_t n)
{
    ad_random random = ad_random_new(rows, n);
    setting s = {op, type, kind, 0, rows, n};
    size_t row = op->keeps_shape ? n : 1;
    ad_shape shape = AD_SHAPE((int64_t)rows, (int64_t)n);
    for (size_t i = 0; i < rows * n; i++) {
        f64[0][i] = draw(&random, kind);
        f64[1][i] = draw(&random, kind == SPECIAL ? SPECIAL : PLAIN);
        f64[2][i] = draw(&random, kind == SPECIAL ? SPECIAL : PLAIN);
    }
    ad_view x = view_of(type, 0, shape), t = view_of(type, 2, shape);
    ad_view g = view_of(type, 1, op->keeps_shape ? shape : AD_SHAPE((int64_t)rows));
    for (s.isa = 0; s.isa <= (int)ad_cpu_isa(); s.isa++) {
        find_wanted(&s, row);
        compare_all(&s, tape, x, g, t);
    }
}

START_TEST(rows_have_the_bits_of_each_row_by_itself)
{
    const operation *op = &operations[_i % OPERATIONS];
    ad_type type = _i / OPERATIONS % 2 ? AD_F64 : AD_F32;
    ad_tape *tape = ad_tape_new(NULL);
    for (numbers kind = 0; kind < KINDS; kind++) {
        for (size_t n = 1; n <= 70; n++)
            for (size_t rows = 1; rows <= 9; rows += n % 4 == 0 ? 1 : 4)
                compare_rows(tape, op, type, kind, rows, n);
        for (size_t n = 5; n <= 70; n += 13)
            compare_rows(tape, op, type, kind, 70, n); /* more than a set */
    }
    ad_tape_free(tape);
}
END_TEST

START_TEST(long_rows_do_too)
{
    static const size_t lengths[] = {100, 127,  128,  129,  255,  256,
                                     700, 1024, 1500, 2047, 2048, 2100};
    const operation *op = &operations[_i % OPERATIONS];
    ad_type type = _i / OPERATIONS % 2 ? AD_F64 : AD_F32;
    ad_tape *tape = ad_tape_new(NULL);
    for (numbers kind = 0; kind < KINDS; kind++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
            for (size_t rows = 1; rows <= 2; rows++)
                compare_rows(tape, op, type, kind, rows, lengths[k]);
    ad_tape_free(tape);
}
END_TEST

/* Of equal numbers, only zeros can be told from each other: -0 stands first here, and 0 later. */
static void expect_first_zero(int n, int first, int later, bool greatest)
{
    static double x[1200];
    static float f[1200];
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < n; i++) {
        double v = i == first ? -0.0 : i == later ? 0 : greatest ? -1 : 1;
        x[i] = v, f[i] = (float)v;
        x[600 + i] = v, f[600 + i] = (float)v;
    }
    ad_view v[] = {AD_VIEW(x, 1, n), AD_VIEW(f, 1, n), AD_VIEW(x, 2, n), AD_VIEW(f, 2, n)};
    v[2].stride[0] = v[3].stride[0] = 600;
    for (int i = 0; i < 4; i++)
        for (int turned = 0; turned < 2; turned++) {
            ad_tensor a = turned ? ad_transpose(ad_mul(ad_transpose(ad_freeze(t, v[i])), 1))
                                 : ad_freeze(t, v[i]);
            ad_tensor y = greatest ? ad_max_over(a, AD_AXES(1)) : ad_min_over(a, AD_AXES(1));
            ad_view read = ad_read(y);
            double zero = ad_view_get(&read, 0);
            ck_assert_msg(zero == 0 && signbit(zero), "view %d, %d numbers, -0 at %d, 0 at %d", i,
                          n, first, later);
        }
    ad_tape_free(t);
}

START_TEST(the_first_of_zeros_is_found_in_every_layout)
{
    for (int n = 2; n <= 600; n += n < 140 ? 7 : 53)
        for (int first = 0; first < n - 1; first += 1 + n / 9)
            for (int later = first + 1; later < n; later += 1 + n / 11) {
                expect_first_zero(n, first, later, true);
                expect_first_zero(n, first, later, false);
            }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rows");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, rows_have_the_bits_of_each_row_by_itself, 0, 2 * OPERATIONS);
    tcase_add_loop_test(all, long_rows_do_too, 0, 2 * OPERATIONS);
    tcase_add_test(all, the_first_of_zeros_is_found_in_every_layout);
    return run_suite(suite);
}
