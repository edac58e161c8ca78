/* Programs at many points: with each layout, on each instruction set, by several threads, the numbers are those of
 * runs at single points, to the bit. */
#define _POSIX_C_SOURCE 200809L
#include "number_operations.h"

#include "../numbers/random_formula.h"
#include "program/lanes.h"

#include <pthread.h>

/* ---- calls and what is expected of them ---------------------------------------------- */

/* UNEVEN: every other number lies in every other row. */
typedef enum layout { ROWS, COLUMNS, SCATTERED, UNEVEN, LAYOUTS } layout;
enum { PAST = 3 }; /* numbers of a row after those of the program */

typedef struct call {
    const ad_program *p;
    size_t n, inputs, outputs;
    layout in, out;
    const bool *shared, *summed; /* NULL: none */
    bool marks, lends;           /* there are marks, and a workspace */
    bool early;                  /* sums may have other bits */
    ad_isa isa;
    ad_pool *pool;
    double *x, *y;         /* [n, inputs], [n, outputs] */
    unsigned char *differ; /* [n] */
    double *sums;          /* [outputs] of early sums, those found first, or NaN */
} call;

static void *zeros(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static ptrdiff_t stride_of(layout how, size_t width, size_t k)
{
    const ptrdiff_t scattered[] = {2, -1, 1, -3, 5};
    const ptrdiff_t row = (ptrdiff_t)width + PAST;
    return how == ROWS     ? row
           : how == UNEVEN ? row * (1 + (ptrdiff_t)k % 2)
                           : (how == COLUMNS ? 1 : scattered[k % 5]);
}

/* Room for `width` arrays of n numbers with such strides; at[k] is where that of point 0 is. */
static double *arrange(layout how, size_t n, size_t width, double **at)
{
    const bool rows = how == ROWS || how == UNEVEN;
    const size_t each = 5 * n + 1;
    double *all = zeros(rows ? (width + PAST) * 2 * n + width : width * each, sizeof *all);
    for (size_t k = 0; k < width; k++) {
        ptrdiff_t stride = stride_of(how, width, k);
        at[k] = rows ? all + k : all + k * each;
        at[k] += stride < 0 && n ? -stride * (ptrdiff_t)(n - 1) : 0;
    }
    return all;
}

static double *put_inputs(const call *c, ad_map_input *in)
{
    double **at = zeros(c->inputs, sizeof *at), *all = arrange(c->in, c->n, c->inputs, at);
    for (size_t k = 0; k < c->inputs; k++) {
        bool shared = c->shared && c->shared[k];
        in[k] = (ad_map_input){at[k], shared ? 0 : stride_of(c->in, c->inputs, k)};
        for (size_t i = 0; i < c->n; i++)
            at[k][(ptrdiff_t)i * in[k].stride] = c->x[i * c->inputs + k];
    }
    free(at);
    return all;
}

static double *put_outputs(const call *c, ad_map_output *out)
{
    double **at = zeros(c->outputs, sizeof *at), *all = arrange(c->out, c->n, c->outputs, at);
    for (size_t k = 0; k < c->outputs; k++) {
        bool summed = c->summed && c->summed[k];
        out[k] = (ad_map_output){at[k], summed ? 0 : stride_of(c->out, c->outputs, k)};
    }
    free(at);
    return all;
}

/* One after another. Whether there are points that differ. */
static bool run_alone(const call *c)
{
    bool any = false;
    for (size_t i = 0; i < c->n; i++) {
        double *y = c->y + i * c->outputs;
        ad_status status = ad_program_run(c->p, c->x + i * c->inputs, y, NULL, NULL);
        ck_assert(status == AD_OK || status == AD_BRANCH);
        c->differ[i] = status == AD_BRANCH;
        any = any || c->differ[i];
        for (size_t k = 0; c->differ[i] && k < c->outputs; k++)
            y[k] = NAN;
    }
    return any;
}

/* As map.h has it. */
static double sum_of(const call *c, size_t k, size_t piece)
{
    double sum = 0;
    for (size_t begin = 0; begin < c->n; begin += piece) {
        double s[8] = {0};
        for (size_t i = begin; i < c->n && i < begin + piece; i++)
            if (!c->differ[i])
                s[(i - begin) % 8] += c->y[i * c->outputs + k];
        double one = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        sum = begin ? sum + one : one;
    }
    return sum;
}

/* To rounding, and with the same bits each time. */
static void expect_early_sum(const call *c, size_t k, double found, double expected)
{
    double most = 1;
    for (size_t i = 0; i < c->n; i++)
        most = c->differ[i] ? most : fmax(most, fabs(c->y[i * c->outputs + k]));
    ck_assert_msg(fabs(found - expected) <= 1e-10 * most * (double)(c->n + 1) ||
                      same_bits(found, expected),
                  "early sum %zu: %.17g is not %.17g", k, found, expected);
    if (!isnan(c->sums[k]))
        expect_same(found, c->sums[k], "an early sum found again");
    c->sums[k] = found;
}

static void expect_outputs(const call *c, const ad_map_input *in, const ad_map_output *out)
{
    bool own;
    char what[128];
    const ad_lane_code *code = ad_lane_code_for(c->p, in, out, &own);
    ck_assert_ptr_nonnull(code);
    const size_t piece = ad_lane_piece(code, c->n);
    if (own)
        ad_lane_free((ad_lane_code *)(uintptr_t)code);
    for (size_t k = 0; k < c->outputs; k++) {
        snprintf(what, sizeof what, "output %zu of %zu points, layouts %d %d, isa %d", k, c->n,
                 c->in, c->out, c->isa);
        if (out[k].stride == 0 && c->early)
            expect_early_sum(c, k, *out[k].at, sum_of(c, k, piece));
        else if (out[k].stride == 0)
            expect_same(*out[k].at, sum_of(c, k, piece), what);
        for (size_t i = 0; out[k].stride && i < c->n; i++)
            expect_same(out[k].at[(ptrdiff_t)i * out[k].stride], c->y[i * c->outputs + k], what);
    }
}

static ad_status map(const call *c, const ad_map_input *in, const ad_map_output *out,
                     unsigned char *marks, ad_error *error)
{
    ad_map_options options = {.size = sizeof options, .pool = c->pool, .differs = marks};
    size_t numbers = ad_program_map_work(c->p, c->n, in, out, &options);
    options.work = c->lends ? zeros(numbers, sizeof *options.work) : NULL;
    ad_status status = ad_lane_map(c->p, c->isa, c->n, in, out, &options, error);
    free(options.work);
    return status;
}

/* Makes the call and compares. */
static void check_call(const call *c)
{
    ad_map_input *in = zeros(c->inputs, sizeof *in);
    ad_map_output *out = zeros(c->outputs, sizeof *out);
    unsigned char *marks = zeros(c->n, 1);
    double *x = put_inputs(c, in), *y = put_outputs(c, out);
    ad_error error = {AD_OK, ""};
    bool differs = run_alone(c);
    memset(marks, 7, c->n);
    ad_status status = map(c, in, out, c->marks ? marks : NULL, &error);
    if (differs && !c->marks) {
        ck_assert_int_eq(status, AD_BRANCH);
    } else {
        ck_assert_str_eq(error.text, "");
        ck_assert_int_eq(status, AD_OK);
        expect_outputs(c, in, out);
        for (size_t i = 0; c->marks && i < c->n; i++)
            ck_assert_int_eq(marks[i], c->differ[i]);
    }
    free(x);
    free(y);
    free(marks);
    free(out);
    free(in);
}

static call call_of(const ad_program *p, size_t n)
{
    call c = {.p = p, .n = n, .inputs = ad_program_inputs(p), .outputs = ad_program_outputs(p)};
    c.x = zeros(n * c.inputs, sizeof *c.x);
    c.y = zeros(n * c.outputs, sizeof *c.y);
    c.differ = zeros(n, 1);
    c.sums = zeros(c.outputs, sizeof *c.sums);
    for (size_t k = 0; k < c.outputs; k++)
        c.sums[k] = NAN;
    c.isa = ad_cpu_isa();
    return c;
}

static void end_call(call *c)
{
    free(c->x);
    free(c->y);
    free(c->differ);
    free(c->sums);
}

/* Points like one, and shared inputs as they are there. */
static void vary(const call *c, const double *x, double by, uint64_t seed)
{
    ad_random random = ad_random_new(seed, 1);
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->inputs; k++) {
            double change = by * (2 * ad_random_uniform(&random) - 1);
            c->x[i * c->inputs + k] = x[k] + (c->shared && c->shared[k] ? 0 : change);
        }
}

/* ---- each operation ----------------------------------------------------------------- */

static const double values[] = {0,         -0.0, 1,     -1,     2,    -3,  0.5,    -0.75, INFINITY,
                                -INFINITY, NAN,  1e-30, -1e300, 7.25, 100, 3e-310, 1e8,   0.7071};
enum { VALUES = sizeof values / sizeof *values };

/* Each of the operands is shared or not. */
START_TEST(each_operation_has_the_bits_of_a_single_run)
{
    const operation *o = &operations[_i];
    const double first[MOST] = {0.25, 0.5, 0.75};
    ad_program *p = program_of(apply_operation, (size_t)o->arity, first, 1, o);
    call c = call_of(p, VALUES * VALUES);
    for (int shares = 0; shares < 1 << o->arity; shares++) {
        bool shared[MOST];
        for (size_t k = 0; k < c.inputs; k++)
            shared[k] = shares >> k & 1;
        c.shared = shared;
        for (size_t i = 0; i < c.n; i++) {
            size_t at[MOST] = {i % VALUES, i / VALUES, (i * 7 + 3) % VALUES};
            for (size_t k = 0; k < c.inputs; k++)
                c.x[i * c.inputs + k] = values[shared[k] ? (size_t)_i % VALUES : at[k]];
        }
        for (c.isa = 0; c.isa <= ad_cpu_isa(); c.isa++)
            check_call(&c);
    }
    end_call(&c);
    ad_program_free(p);
}
END_TEST

/* ---- powers and polygammas, second derivatives of lists ----------------------------- */

static void powers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_powi(x[j % 2], (int)j - 9);
}

static void choices(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_real a = ad_where_less_real(x[0], x[1], ad_sqrt(x[0]), ad_log(x[1]));
    y[0] = ad_mul(ad_lgamma(ad_maximum(a, x[2])), ad_logsumexp_reals(3, x));
}

static void check_each_isa(call *c)
{
    for (c->isa = 0; c->isa <= ad_cpu_isa(); c->isa++)
        check_call(c);
}

START_TEST(own_operations_of_programs_have_the_bits_of_a_single_run)
{
    const double first[] = {1.5, 2.5, 0.75};
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(powers, 2, first, 20, NULL);
    ad_program *q = program_of(choices, 3, first, 1, NULL);
    ad_program *h = ad_program_hessian(q, 3, NULL, &error);
    ad_program *third = ad_program_jacobian(h, 3, NULL, &error);
    ck_assert_str_eq(error.text, "");
    const ad_program *all[] = {p, q, h, third};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        call c = call_of(all[i], 150);
        vary(&c, first, 1.2, 5);
        check_each_isa(&c);
        end_call(&c);
    }
    ad_program_free(third);
    ad_program_free(h);
    ad_program_free(q);
    ad_program_free(p);
}
END_TEST

/* ---- random programs ---------------------------------------------------------------- */

enum { SHORT = 150, ROOTS = 3, THREADS = 4 };

typedef struct guarded {
    const formula *formula;
    bool guards, early;
} guarded;

static void follow(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    static ad_real all[INPUTS + STEPS];
    const guarded *g = env;
    const formula *f = g->formula;
    for (size_t i = 0; i < n; i++)
        all[i] = x[i];
    record_formula(f, all);
    for (int i = 5; g->guards && i < f->steps; i += 29)
        if (ad_less(all[i], all[i].value < 0 ? 0.6 : all[i].value + 0.4))
            continue;
    for (size_t j = 0; j < m; j++)
        y[j] = all[INPUTS + f->steps - 1 - 5 * (int)j];
}

static ad_program *random_program(const guarded *g, int kind, ad_error *error)
{
    const ad_program_options options = {.size = sizeof options,
                                        .allow = g->early ? AD_ALLOW_EARLY_SUMS : 0};
    ad_program *q, *p = ad_program_of(follow, INPUTS, g->formula->x, kind == 2 ? 1 : ROOTS, g,
                                      &options, error);
    ck_assert_str_eq(error->text, "");
    if (kind == 0)
        return p;
    q = kind == 1 ? ad_program_jacobian(p, INPUTS, NULL, error)
                  : ad_program_hessian(p, INPUTS, NULL, error);
    ad_program_free(p);
    ck_assert_str_eq(error->text, "");
    return q;
}

static void flip(ad_random *random, size_t n, bool *which, uint64_t of)
{
    for (size_t i = 0; i < n; i++)
        which[i] = ad_random_below(random, of) == 0;
}

START_TEST(random_programs_have_the_bits_of_single_runs)
{
    static const size_t counts[] = {0, 1, 2, 7, 8, 9, 15, 17, 31, 63, 64, 65, 130, 500};
    static long double exact[INPUTS + STEPS];
    formula *f = random_formula((uint64_t)_i, SHORT, exact);
    const guarded g = {f, _i % 3 == 0, _i % 4 == 1};
    ad_random random = ad_random_new((uint64_t)_i, 2);
    ad_error error = {AD_OK, ""};
    ad_program *p = random_program(&g, _i % 5 % 3, &error);
    ad_pool *pool = ad_pool_new(NULL, 1 + (int)ad_random_below(&random, THREADS));
    for (int round = 0; round < 4; round++) {
        size_t n = counts[ad_random_below(&random, sizeof counts / sizeof *counts)];
        call c = call_of(p, n);
        bool *shared = zeros(c.inputs, 1), *summed = zeros(c.outputs, 1);
        flip(&random, c.inputs, shared, (uint64_t)round + 2);
        flip(&random, c.outputs, summed, 1 + ad_random_below(&random, 4));
        c.shared = shared;
        c.summed = summed;
        c.in = (layout)ad_random_below(&random, LAYOUTS);
        c.out = (layout)ad_random_below(&random, LAYOUTS);
        c.marks = ad_random_below(&random, 2);
        c.lends = ad_random_below(&random, 2);
        c.pool = pool;
        c.early = g.early;
        vary(&c, f->x, 0.5, (uint64_t)_i + 7);
        check_each_isa(&c);
        free(shared);
        free(summed);
        end_call(&c);
    }
    ad_pool_free(pool);
    ad_program_free(p);
    free(f);
}
END_TEST

/* ---- sums --------------------------------------------------------------------------- */

START_TEST(sums_of_many_points_have_the_same_bits_with_any_number_of_threads)
{
    enum { POINTS = 100000 };
    static const double first[] = {0.5, 1.5};
    static const bool summed[20] = {true, true, true, true, true, false, true, true, true, true,
                                    true, true, true, true, true, true,  true, true, true, true};
    static const bool shared[] = {false, true};
    ad_program *p = program_of(powers, 2, first, 20, NULL);
    call c = call_of(p, POINTS);
    c.summed = summed;
    c.shared = shared;
    vary(&c, first, 0.25, 3);
    for (int threads = 1; threads <= THREADS; threads *= 2) {
        c.pool = ad_pool_new(NULL, threads);
        check_each_isa(&c);
        ad_pool_free(c.pool);
    }
    end_call(&c);
    ad_program_free(p);
}
END_TEST

enum { D = 4 };

/* Squares of distances, by coordinates that are computed of shared inputs. */
static void distance(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_real_constant(0);
    for (size_t k = 0; k < D; k++) {
        ad_real at = ad_sub(ad_exp(x[k]), ad_mul(x[(k + 1) % D], 2));
        y[0] = ad_add(y[0], ad_square(ad_sub(ad_div(at, 3), x[D + k])));
    }
}

/* The gradient by what is shared. */
static ad_program *distance_gradient(bool early)
{
    const double first[2 * D] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    const ad_program_options options = {.size = sizeof options,
                                        .allow = early ? AD_ALLOW_EARLY_SUMS : 0};
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(distance, 2 * D, first, 1, NULL, &options, &error);
    ad_program *g = ad_program_gradient(p, D, (const size_t[]){0, 1, 2, 3}, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return g;
}

/* The instructions for a point, where all outputs are summed. */
static uint32_t instructions_of(const ad_program *g)
{
    static double number;
    ad_map_input in[2 * D];
    ad_map_output out[1 + D];
    bool own;
    for (size_t k = 0; k < 2 * D; k++)
        in[k] = (ad_map_input){&number, k >= D};
    for (size_t k = 0; k <= D; k++)
        out[k] = (ad_map_output){&number, 0};
    return ad_lane_code_for(g, in, out, &own)->instructions;
}

START_TEST(early_sums_leave_less_to_do_for_each_point)
{
    const bool shared[2 * D] = {true, true, true, true};
    const bool summed[1 + D] = {true, true, true, true, true};
    const double first[2 * D] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    uint32_t instructions[2];
    for (int early = 0; early < 2; early++) {
        ad_program *g = distance_gradient(early);
        call c = call_of(g, 3000);
        c.shared = shared;
        c.summed = summed;
        c.early = early;
        vary(&c, first, 0.5, 8);
        for (int threads = 1; threads <= THREADS; threads *= 2) {
            c.pool = ad_pool_new(NULL, threads);
            check_each_isa(&c);
            ad_pool_free(c.pool);
        }
        instructions[early] = instructions_of(g);
        end_call(&c);
        ad_program_free(g);
    }
    ck_assert_uint_lt(instructions[1] + 2 * D, instructions[0]);
}
END_TEST

START_TEST(sums_of_zeros_keep_no_sign)
{
    const double zero = -0.0;
    const operation *negation = NULL;
    for (int i = 0; i < OPERATIONS; i++)
        if (strcmp(operations[i].name, "neg") == 0)
            negation = &operations[i];
    ad_program *p = program_of(apply_operation, 1, &zero, 1, negation);
    double sum = 7;
    ad_map_input in = {&zero, 1};
    ad_map_output out = {&sum, 0};
    ck_assert_int_eq(ad_program_map(p, 0, &in, &out, NULL, NULL), AD_OK);
    expect_same(sum, 0, "the sum of no points");
    ad_program_free(p);
}
END_TEST

/* ---- guards ------------------------------------------------------------------------- */

static void branch(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_greater(x[0], 0) ? ad_sqrt(x[0]) : ad_neg(x[0]);
    y[1] = ad_less(x[1], 1) ? ad_mul(x[1], y[0]) : ad_real_constant(0);
}

/* All points, some, one; in the lanes, and in the uniform part. */
START_TEST(points_that_branch_otherwise_are_marked_and_left_out)
{
    const double first[] = {4, 0.5};
    const bool shared[] = {false, true}, summed[] = {false, true};
    ad_program *p = program_of(branch, 2, first, 2, NULL);
    for (int which = 0; which < 64; which++) {
        call c = call_of(p, 203);
        c.marks = which & 1;
        c.shared = which & 2 ? shared : NULL;
        c.summed = which & 4 ? summed : NULL;
        vary(&c, first, 0.25, 9);
        if (which & 8)
            c.x[2 * 77] = -1;
        for (size_t i = 0; which & 16 && i < c.n; i += 3)
            c.x[2 * i] = -0.5;
        for (size_t i = 0; which & 32 && i < c.n; i++)
            c.x[2 * i + 1] = 2;
        check_each_isa(&c);
        end_call(&c);
    }
    ad_program_free(p);
}
END_TEST

START_TEST(a_map_without_marks_fails_with_the_first_point_and_the_line)
{
    enum { POINTS = 50000 };
    const double first[] = {4, 0.5};
    ad_program *p = program_of(branch, 2, first, 2, NULL);
    ad_pool *pool = ad_pool_new(NULL, 2);
    double *x = zeros(2 * POINTS, sizeof *x), *y = zeros(2 * POINTS, sizeof *y);
    ad_map_input in[] = {{x, 2}, {x + 1, 2}};
    ad_map_output out[] = {{y, 2}, {y + 1, 2}};
    ad_map_options options = {.size = sizeof options, .pool = pool};
    for (size_t i = 0; i < POINTS; i++)
        x[2 * i] = i == 12345 || i == 12346 || i == 40000 ? -1 : 1;
    for (int round = 0; round < 20; round++) {
        ad_error error = {AD_OK, ""};
        ck_assert_int_eq(ad_program_map(p, POINTS, in, out, &options, &error), AD_BRANCH);
        ck_assert_ptr_nonnull(strstr(error.text, "point 12345: "));
        ck_assert_ptr_nonnull(strstr(error.text, "test_program_map.c:"));
    }
    free(x);
    free(y);
    ad_pool_free(pool);
    ad_program_free(p);
}
END_TEST

/* ---- outputs ------------------------------------------------------------------------ */

static void trivial(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const ad_real all[] = {ad_real_constant(3), x[1], x[1], x[0], ad_mul(x[0], x[0])};
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = all[j];
}

START_TEST(inputs_and_constants_can_be_outputs_and_sums)
{
    const double first[] = {1.5, 2};
    ad_program *p = program_of(trivial, 2, first, 5, NULL);
    for (int which = 0; which < 1 << 7; which++) {
        call c = call_of(p, 11);
        bool shared[] = {which & 1, which & 2}, summed[5];
        for (int k = 0; k < 5; k++)
            summed[k] = which >> (2 + k) & 1;
        c.shared = shared;
        c.summed = summed;
        vary(&c, first, 0.5, 4);
        check_call(&c);
        end_call(&c);
    }
    ad_program_free(p);
}
END_TEST

/* Those go past the caches, where they fill whole lines. */
START_TEST(more_results_than_caches_hold_are_right)
{
    enum { M = 11, ROW = 16, POINTS = 60008 };
    const double first[] = {1.5, 2};
    ad_program *p = program_of(powers, 2, first, M, NULL);
    double *x = zeros(2 * POINTS, sizeof *x), *y = aligned_alloc(64, sizeof *y * ROW * POINTS);
    ck_assert_ptr_nonnull(y);
    for (size_t i = 0; i < 2 * POINTS; i++)
        x[i] = 0.5 + 1e-5 * (double)i;
    ad_map_input in[] = {{x, 2}, {x + 1, 2}};
    for (int which = 0; which < 2 * ((int)ad_cpu_isa() + 1); which++) {
        ad_map_output out[M];
        for (size_t k = 0; k < M; k++)
            out[k] = which % 2 ? (ad_map_output){y + k, ROW} : (ad_map_output){y + k * POINTS, 1};
        ck_assert_int_eq(ad_lane_map(p, (ad_isa)(which / 2), POINTS, in, out, NULL, NULL), AD_OK);
        for (size_t i = 0; i < POINTS; i++) {
            double expected[M];
            run_program(p, x + 2 * i, expected);
            for (size_t k = 0; k < M; k++)
                expect_same(out[k].at[(ptrdiff_t)i * out[k].stride], expected[k], "a far result");
        }
    }
    free(x);
    free(y);
    ad_program_free(p);
}
END_TEST

START_TEST(outputs_without_an_address_are_not_wanted)
{
    const double first[] = {1.5, 2}, x[] = {3, 4, 5, 6};
    double y[] = {7, 7, 7};
    ad_program *p = program_of(trivial, 2, first, 5, NULL);
    ad_map_input in[] = {{x, 1}, {x + 1, 1}};
    ad_map_output out[] = {{NULL, 1}, {NULL, 0}, {NULL, 5}, {NULL, 1}, {y, 1}};
    ck_assert_int_eq(ad_program_map(p, 3, in, out, NULL, NULL), AD_OK);
    ck_assert(y[0] == 9 && y[1] == 16 && y[2] == 25);
    ad_program_free(p);
}
END_TEST

START_TEST(results_can_take_the_place_of_inputs)
{
    enum { POINTS = 1000 };
    const double first[] = {4, 0.5};
    static double x[2 * POINTS], expected[2 * POINTS];
    ad_program *p = program_of(branch, 2, first, 2, NULL);
    for (size_t i = 0; i < 2 * POINTS; i++)
        x[i] = 0.5 + 0.0001 * (double)i * (i % 2 == 0);
    for (size_t i = 0; i < POINTS; i++)
        run_program(p, x + 2 * i, expected + 2 * i);
    ad_map_input in[] = {{x, 2}, {x + 1, 2}};
    ad_map_output out[] = {{x, 2}, {x + 1, 2}};
    ck_assert_int_eq(ad_program_map(p, POINTS, in, out, NULL, NULL), AD_OK);
    for (size_t i = 0; i < 2 * POINTS; i++)
        expect_same(x[i], expected[i], "in place");
    ad_program_free(p);
}
END_TEST

/* ---- failures and memory ------------------------------------------------------------ */

START_TEST(misuse_is_refused_with_a_message)
{
    const double first[] = {4, 0.5};
    double y[2];
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(branch, 2, first, 2, NULL);
    ad_map_input in[] = {{first, 0}, {NULL, 1}};
    ad_map_output out[] = {{y, 1}, {y + 1, 1}};
    ad_map_options unset = {.size = 0};
    ck_assert_int_eq(ad_program_map(NULL, 1, in, out, NULL, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, NULL, out, NULL, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, in, NULL, NULL, &error), AD_MISUSE);
    error = (ad_error){AD_OK, ""};
    ck_assert_int_eq(ad_program_map(p, 1, in, out, NULL, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "input 1"));
    in[1].at = first + 1;
    ck_assert_int_eq(ad_program_map(p, 1, in, out, &unset, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_map(p, 1, in, out, &unset, NULL), AD_MISUSE);
    ck_assert_uint_eq(ad_program_map_work(NULL, 1, in, out, NULL), 0);
    ck_assert_int_eq(ad_program_map(p, 1, in, out, NULL, &error), AD_OK);
    ad_program_free(p);
}
END_TEST

static ad_program *program_in(test_allocator *memory, const double *first)
{
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(branch, 2, first, 2, NULL, &options, &error);
    ck_assert_str_eq(error.text, "");
    return p;
}

START_TEST(failing_allocations_are_reported_and_leave_nothing)
{
    const double first[] = {4, 0.5};
    double y[2];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_program *p = program_in(&memory, first);
    const size_t blocks = memory.live_blocks;
    ad_map_input in[] = {{first, 0}, {first + 1, 0}};
    ad_map_output out[] = {{y, 1}, {y + 1, 1}};
    for (size_t k = 1; k <= 3; k++) {
        ad_error error = {AD_OK, ""};
        memory.fail_at = memory.calls + k;
        in[0].stride = (ptrdiff_t)k % 2;
        in[1].stride = (ptrdiff_t)k / 2;
        ck_assert_int_eq(ad_program_map(p, 1, in, out, NULL, &error), AD_MEMORY);
        ck_assert_ptr_nonnull(strstr(error.text, "program_map: "));
    }
    ck_assert_uint_le(memory.live_blocks, blocks + 1); /* the third call kept its code */
    memory.fail_at = 0;
    ck_assert_int_eq(ad_program_map(p, 1, in, out, NULL, NULL), AD_OK);
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(later_calls_with_a_workspace_allocate_nothing)
{
    const double first[] = {4, 0.5};
    double y[2];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_program *p = program_in(&memory, first);
    ad_map_input in[] = {{first, 0}, {first + 1, 1}};
    ad_map_output out[] = {{y, 1}, {y + 1, 0}};
    ad_map_options options = {.size = sizeof options};
    options.work = zeros(ad_program_map_work(p, 1, in, out, NULL), sizeof *options.work);
    const size_t calls = memory.calls;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ad_program_map(p, 1, in, out, &options, NULL), AD_OK);
    ck_assert_uint_eq(memory.calls, calls);
    free(options.work);
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* More kinds of calls than are kept. */
START_TEST(any_number_of_kinds_of_calls_work)
{
    enum { M = 5, KINDS = 1 << (2 + M) };
    const double first[] = {1.5, 2};
    test_allocator memory;
    test_allocator_init(&memory);
    const ad_program_options options = {.size = sizeof options, .allocator = &memory.base};
    ad_program *p = ad_program_of(trivial, 2, first, M, NULL, &options, NULL);
    size_t most = 0;
    for (int which = 0; which < KINDS; which++) {
        double y[M];
        ad_map_input in[] = {{first, which & 1}, {first + 1, which >> 1 & 1}};
        ad_map_output out[M];
        for (int k = 0; k < M; k++)
            out[k] = (ad_map_output){y + k, which >> (2 + k) & 1};
        ck_assert_int_eq(ad_program_map(p, 1, in, out, NULL, NULL), AD_OK);
        ck_assert(y[0] == 3 && y[1] == 2 && y[4] == 2.25);
        most = memory.live_blocks > most ? memory.live_blocks : most;
    }
    ck_assert_uint_lt(most, 30);
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

enum { CALLERS = 4 };

typedef struct caller {
    const ad_program *program;
    pthread_barrier_t *start;
    double y[64];
} caller;

static void *map_at_once(void *user)
{
    caller *c = user;
    const double x[] = {4, 0.5};
    pthread_barrier_wait(c->start);
    for (int which = 0; which < 16; which++) {
        ad_map_input in[] = {{x, which & 1}, {x + 1, which >> 1 & 1}};
        ad_map_output out[] = {{c->y + 2 * which, which >> 2 & 1},
                               {c->y + 2 * which + 1, which >> 3 & 1}};
        if (ad_program_map(c->program, 1, in, out, NULL, NULL) != AD_OK)
            c->y[0] = NAN;
    }
    return NULL;
}

START_TEST(threads_can_make_the_first_calls_of_a_program_at_once)
{
    const double first[] = {4, 0.5};
    for (int round = 0; round < 20; round++) {
        pthread_barrier_t start;
        pthread_t threads[CALLERS];
        caller callers[CALLERS];
        ad_program *p = program_of(branch, 2, first, 2, NULL);
        pthread_barrier_init(&start, NULL, CALLERS);
        for (int i = 0; i < CALLERS; i++) {
            callers[i] = (caller){.program = p, .start = &start};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, map_at_once, &callers[i]), 0);
        }
        for (int i = 0; i < CALLERS; i++) {
            pthread_join(threads[i], NULL);
            for (int k = 0; k < 16; k++)
                ck_assert(callers[i].y[2 * k] == 2 && callers[i].y[2 * k + 1] == 1);
        }
        pthread_barrier_destroy(&start);
        ad_program_free(p);
    }
}
END_TEST

int main(void)
{
    TCase *numbers = tcase_create("numbers"), *rules = tcase_create("rules");
    add_row_tests(numbers, each_operation_has_the_bits_of_a_single_run, OPERATIONS, operation_name);
    tcase_add_test(numbers, own_operations_of_programs_have_the_bits_of_a_single_run);
    tcase_add_loop_test(numbers, random_programs_have_the_bits_of_single_runs, 0, 200);
    tcase_add_test(numbers, sums_of_many_points_have_the_same_bits_with_any_number_of_threads);
    tcase_add_test(numbers, early_sums_leave_less_to_do_for_each_point);
    tcase_add_test(numbers, sums_of_zeros_keep_no_sign);
    tcase_add_test(rules, points_that_branch_otherwise_are_marked_and_left_out);
    tcase_add_test(rules, a_map_without_marks_fails_with_the_first_point_and_the_line);
    tcase_add_test(rules, inputs_and_constants_can_be_outputs_and_sums);
    tcase_add_test(rules, more_results_than_caches_hold_are_right);
    tcase_add_test(rules, outputs_without_an_address_are_not_wanted);
    tcase_add_test(rules, results_can_take_the_place_of_inputs);
    tcase_add_test(rules, misuse_is_refused_with_a_message);
    tcase_add_test(rules, failing_allocations_are_reported_and_leave_nothing);
    tcase_add_test(rules, later_calls_with_a_workspace_allocate_nothing);
    tcase_add_test(rules, any_number_of_kinds_of_calls_work);
    tcase_add_test(rules, threads_can_make_the_first_calls_of_a_program_at_once);
    Suite *suite = suite_create("program_map");
    suite_add_tcase(suite, numbers);
    suite_add_tcase(suite, rules);
    return run_suite(suite);
}
