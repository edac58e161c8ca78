/* Programs written as C: compiled and run, they give the bits of ad_program_run; and the text is short where a
 * program repeats itself. Where there is no compiler, the texts are only looked at. */
#define _POSIX_C_SOURCE 200809L /* for mkdtemp */

#include "exported.h"
#include "torture.h"

#include <stdlib.h>

#define STRICT "-O1 -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror -ffp-contract=off"

static const way ways[] = {
    {.name = "c99 without warnings", .flags = STRICT},
    {.name = "for this machine", .flags = "-O2 -march=native -ffp-contract=off -w"},
    {.name = "two lanes", .flags = STRICT, .lanes = 2},
};
enum { WAYS = sizeof ways / sizeof *ways };

static const char *way_name(int row)
{
    return ways[row].name;
}

/* Nothing to compile with: a test that needs it says so, and passes. */
static bool has_compiler(void)
{
    if (compiler_command())
        return true;
    printf("# skipped: no C compiler (ADZE_CC, or cc)\n");
    return false;
}

/* Flags that the compiler or the machine lacks are no failure, but for the first ones. */
static void expect_same_results(int n, const exported *e, int row)
{
    int differences = count_differences(n, e, &ways[row]);
    if (differences < 0 && row > 0)
        printf("# skipped: the compiler does not take %s\n", ways[row].flags);
    else
        ck_assert_int_eq(differences, 0);
}

/* ---- random programs ---------------------------------------------------------------- */

enum { INPUTS = 5, STATES = 3, HISTORY = 4096, RANDOM = 24 };

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int below(uint64_t *state, int n)
{
    return (int)(next(state) >> 33) % n;
}

typedef struct instruction {
    int op, to;
    bool keeps;            /* something of what was there */
    int kind[2], place[2]; /* of operands */
} instruction;

/* What a recording has at a moment. */
typedef struct machine {
    const ad_real *x;
    ad_real state[STATES], history[HISTORY];
    int count, iteration, start; /* start: count before the loop */
} machine;

static ad_real operand(const machine *m, int kind, int place)
{
    const int lag = place + 1;
    switch (kind) {
    case 0:
    case 1:
    case 2:
        return m->state[place % STATES];
    case 3:
        return m->x[place % INPUTS];
    case 4:
        return m->x[m->iteration % INPUTS];
    case 5:
        return ad_real_constant(0.25 * place - 0.5);
    case 6:
        return ad_real_constant(0.55 + 0.125 * ((m->iteration * 7 + place) % 11));
    case 7: /* some steps back */
        return m->history[m->count > lag ? m->count - lag : 0];
    default: /* the same way backward */
        return m->history[m->iteration < m->start ? m->start - 1 - m->iteration : 0];
    }
}

static ad_real apply(int op, ad_real a, ad_real b)
{
    switch (op) {
    case 0:
    case 1:
        return ad_add(a, b);
    case 2:
        return ad_sub(a, b);
    case 3:
    case 4:
        return ad_mul(a, b);
    case 5:
        return ad_div(a, ad_add(ad_square(b), 1));
    case 6:
        return ad_sin(a);
    case 7:
        return ad_exp(ad_neg(ad_square(a)));
    case 8:
        return ad_where_less_real(a, b, ad_tanh(a), b);
    case 9:
        return ad_maximum(a, b);
    case 10:
        return ad_sqrt(ad_abs(ad_add(a, b)));
    case 11:
        return ad_less(a, b) ? a : ad_atan(b); /* a guard */
    default:
        return ad_tanh(ad_sub(a, b));
    }
}

/* Inputs in turn are rare: they are no affine ones. */
static instruction draw(uint64_t *state, bool guards)
{
    instruction i = {.op = below(state, 13), .to = below(state, STATES), .keeps = below(state, 4)};
    if (i.op == 11 && !guards)
        i.op = 0;
    for (int k = 0; k < 2; k++) {
        i.kind[k] = below(state, 9);
        i.kind[k] = i.kind[k] == 4 && below(state, 4) ? 0 : i.kind[k];
        i.place[k] = below(state, 6);
    }
    return i;
}

static void run_body(machine *m, int n, const instruction *body)
{
    for (int i = 0; i < n; i++) {
        ad_real a = operand(m, body[i].kind[0], body[i].place[0]);
        ad_real b = operand(m, body[i].kind[1], body[i].place[1]);
        ad_real *to = &m->state[body[i].to], y = apply(body[i].op, a, b);
        *to = body[i].keeps ? ad_add(ad_mul(*to, 0.375), y) : y;
    }
    if (m->count < HISTORY)
        m->history[m->count++] = m->state[m->iteration % 2];
}

/* A loop in a loop, with something after the inner one. */
static void run_nest(machine *m, uint64_t *state, bool guards)
{
    enum { LONGEST = 8 };
    instruction body[LONGEST], tail[LONGEST];
    const int outer = 1 + below(state, 6), inner = 1 + below(state, 50);
    const int n = 1 + below(state, LONGEST), after = below(state, LONGEST);
    for (int i = 0; i < LONGEST; i++) {
        body[i] = draw(state, guards);
        tail[i] = draw(state, guards);
    }
    for (int i = 0; i < outer; i++) {
        m->start = m->count;
        for (int k = 0; k < inner; k++) {
            m->iteration = k;
            run_body(m, n, body);
        }
        m->iteration = i;
        run_body(m, after, tail);
    }
}

static void random_program(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    uint64_t state = *(const uint64_t *)env;
    const bool guards = state % 3 == 0;
    machine *all = calloc(1, sizeof *all);
    (void)n;
    all->x = x;
    for (int i = 0; i < STATES; i++)
        all->state[i] = all->history[i] = x[i];
    all->count = STATES;
    for (int nests = 1 + below(&state, 2); nests > 0; nests--)
        run_nest(all, &state, guards);
    for (size_t j = 0; j < m; j++)
        y[j] = j < STATES        ? all->state[j]
               : j == STATES     ? x[1]
               : j == STATES + 1 ? ad_real_constant(2.5)
                                 : all->history[j * 3 % (size_t)all->count];
    free(all);
}

static size_t operations_of(const ad_program *p)
{
    ad_program_info info = {.size = sizeof info};
    ad_program_measure(p, &info);
    return info.operations;
}

/* The value of some, the gradient of others, and Hessians of short ones. */
static ad_program *make_random(uint64_t seed, const double *x)
{
    enum { SHORT = 400, LONG = 1000 };
    ad_error error = {AD_OK, ""};
    const bool derived = seed % 2;
    ad_program *p = program_of(random_program, INPUTS, x, derived ? 1 : 12, &seed);
    if (!derived || operations_of(p) > LONG)
        return p;
    ad_program *d = operations_of(p) < SHORT ? ad_program_hessian(p, INPUTS, NULL, &error)
                                             : ad_program_gradient(p, INPUTS, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return d;
}

static void make_all_random(exported *e, double (*x)[EXPORTED_POINTS][INPUTS])
{
    uint64_t state = 28;
    for (int i = 0; i < RANDOM; i++) {
        for (int point = 0; point < EXPORTED_POINTS; point++)
            for (int k = 0; k < INPUTS; k++)
                x[i][point][k] = 0.5 + (double)below(&state, 1000) / 1000;
        e[i] = (exported){.program = make_random((uint64_t)i, x[i][0]), .x = x[i][0]};
        if (i % 7 == 0)
            e[i].options = (ad_program_c_options){
                .size = sizeof e[i].options, .unrolled = i % 2, .statements = 20};
    }
}

static void free_all(int n, exported *e)
{
    for (int i = 0; i < n; i++)
        ad_program_free(e[i].program);
}

START_TEST(random_programs_give_the_same_bits_as_text)
{
    static double x[RANDOM][EXPORTED_POINTS][INPUTS];
    exported e[RANDOM];
    if (!has_compiler())
        return;
    make_all_random(e, x);
    expect_same_results(RANDOM, e, _i);
    free_all(RANDOM, e);
}
END_TEST

/* ---- each operation ------------------------------------------------------------------- */

#define ONE(op)   count++;
#define TWO(op)   count++;
#define THREE(op) count++;
static size_t count_operations(void)
{
    size_t count = 0;
#include "number_rows.h"
    return count;
}
#undef ONE
#undef TWO
#undef THREE

#define ONE(op)   *y++ = op(x[0]);
#define TWO(op)   *y++ = op(x[0], x[1]);
#define THREE(op) *y++ = op(x[0], x[1], x[2]);
static void all_operations(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
#include "number_rows.h"
}
#undef ONE
#undef TWO
#undef THREE

enum { POWERS = 30, THROUGHOUT = 6 };

static void powers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    for (int i = 0; i < POWERS; i++)
        y[i] = ad_powi(x[i % 3], i - POWERS / 2);
}

/* Edges, and points in between, for three operands. */
static const double operands[THROUGHOUT][EXPORTED_POINTS][3] = {
    {{0.5, 0.25, 0.75}, {2, 3, 0.5}, {-0.5, 2, 3}, {0.75, -2, 1}},
    {{0, 0, 0}, {-0.0, 1, 2}, {1, -0.0, 1}, {-1, 0, 0.5}},
    {{INFINITY, 1, 2}, {-INFINITY, 2, 1}, {NAN, 1, 0}, {1, NAN, 2}},
    {{1e300, 1e-300, 1}, {-1e300, 2, 0}, {1e-310, 3, 4}, {-1e-310, -1, 1}},
    {{200000, 0.1, 0}, {-150000, 3, 1}, {12.5, -7, 2}, {700, 1.5, 0.5}},
    {{-745.5, 2, 3}, {3.25, INFINITY, 1}, {1.75, -0.25, INFINITY}, {-3, -3, -3}},
};

static ad_program *derivatives_of(ad_program *p)
{
    ad_error error = {AD_OK, ""};
    ad_program *j = ad_program_jacobian(p, ad_program_inputs(p), NULL, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return j;
}

START_TEST(each_operation_gives_the_same_bits_as_text)
{
    enum { N = 3 };
    exported e[THROUGHOUT * N];
    const double *first = operands[0][0];
    if (!has_compiler())
        return;
    for (int i = 0; i < THROUGHOUT; i++) {
        exported *at = &e[i * N];
        at[0].program = program_of(all_operations, 3, first, count_operations(), NULL);
        at[1].program =
            derivatives_of(program_of(all_operations, 3, first, count_operations(), NULL));
        at[2].program = derivatives_of(program_of(powers, 3, first, POWERS, NULL));
        for (int k = 0; k < N; k++) {
            at[k].x = operands[i][0];
            at[k].options = (ad_program_c_options){0};
        }
    }
    expect_same_results(THROUGHOUT * N, e, _i);
    free_all(THROUGHOUT * N, e);
}
END_TEST

/* ---- loops in loops --------------------------------------------------------------------- */

enum { OUTER = 7, INNER = 90 };

/* A constant that depends on both counters. */
static void two_counters(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    uint64_t state = 3;
    (void)n, (void)m, (void)env;
    y[0] = x[0];
    for (int i = 0; i < OUTER; i++) {
        for (int k = 0; k < INNER; k++)
            y[0] = ad_sin(ad_mul(ad_add(y[0], x[1]), 0.5 + below(&state, 1000)));
        y[0] = ad_sub(ad_sqrt(ad_abs(y[0])), 0.25);
    }
}

/* An inner loop that goes through the inputs one by one, then two by two, and so on. */
static void other_steps(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    y[0] = x[0];
    for (size_t i = 0; i < OUTER; i++) {
        for (size_t k = 0; k < INNER; k++)
            y[0] = ad_mul(ad_sin(ad_add(y[0], x[k * (i % 3 + 1)])), x[n - 1 - k]);
        y[0] = ad_sub(ad_sqrt(ad_abs(y[0])), 0.25);
    }
}

START_TEST(loops_in_loops_give_the_same_bits_as_text)
{
    enum { LONG = 3 * INNER };
    static double x[EXPORTED_POINTS * LONG];
    for (int i = 0; i < EXPORTED_POINTS * LONG; i++)
        x[i] = 0.5 + i * 37 % 101 / 100.0;
    exported e[] = {
        {.program = program_of(two_counters, 2, x, 1, NULL), .x = x},
        {.program = program_of(other_steps, LONG, x, 1, NULL), .x = x},
    };
    enum { N = sizeof e / sizeof *e };
    if (has_compiler())
        expect_same_results(N, e, _i);
    free_all(N, e);
}
END_TEST

/* ---- programs without much in them ---------------------------------------------------- */

static void trivial(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = j < 5 ? ad_real_constant((double)j) : j < 10 ? ad_real_constant(7) : x[j % n];
}

START_TEST(constants_and_inputs_can_be_outputs_of_a_text)
{
    const double x[] = {1, 2, 3, 4};
    exported e[] = {
        {.program = program_of(trivial, 1, x, 20, NULL), .x = x},
        {.program = program_of(trivial, 1, x, 11, NULL), .x = x},
        {.program = program_of(trivial, 1, x, 0, NULL), .x = x},
        {.program = program_of(trivial, 1, x, 3, NULL), .x = x},
        {.program = program_of(trivial, 0, NULL, 8, NULL), .x = x},
    };
    enum { N = sizeof e / sizeof *e };
    if (has_compiler())
        expect_same_results(N, e, _i);
    free_all(N, e);
}
END_TEST

/* ---- planted faults ------------------------------------------------------------------- */

static const way faults[] = {
    {.name = "a sign", .flags = "-O1", .change = " + ", .by = " - "},
    {.name = "an address", .flags = "-O1", .change = "v[", .by = "v[1 + "},
    {.name = "a carried variable",
     .flags = "-O1",
     .change = "        c0 = t",
     .by = "        c0 = -t"},
    {.name = "a constant", .flags = "-O1", .change = "_K(0x1", .by = "_K(0x3"},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static const char *fault_name(int row)
{
    return faults[row].name;
}

/* x' = x y, y' = y - x^2 / 100, step by step, with its gradient: a loop forward, and one back. */
static void integrate(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real a = x[0], b = x[1];
    (void)n, (void)m;
    for (int i = 0; i < *(const int *)env; i++) {
        ad_real met = ad_mul(a, b), squared = ad_square(a);
        a = ad_add(a, ad_mul(met, 0.001));
        b = ad_sub(b, ad_mul(ad_sub(b, ad_mul(squared, 0.01)), 0.001));
    }
    y[0] = ad_mul(a, b);
}

static ad_program *integration(int steps)
{
    const double first[] = {1, 2};
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(integrate, 2, first, 1, &steps);
    ad_program *g = ad_program_gradient(p, 2, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return g;
}

START_TEST(a_planted_fault_is_found)
{
    const double x[EXPORTED_POINTS][2] = {{1, 2}, {2, 1}, {0.5, 0.5}, {1, 3}};
    exported e = {.program = integration(100), .x = x[0]};
    const way sound = {.name = "", .flags = faults[_i].flags};
    if (has_compiler()) {
        ck_assert_int_eq(count_differences(1, &e, &sound), 0);
        ck_assert_int_gt(count_differences(1, &e, &faults[_i]), 0);
    }
    ad_program_free(e.program);
}
END_TEST

/* ---- the text itself -------------------------------------------------------------------- */

START_TEST(the_text_of_an_integrator_does_not_grow_with_its_steps)
{
    ad_program *few = integration(100), *many = integration(10000);
    program_text a = text_of(few, "f", NULL), b = text_of(many, "f", NULL);
    ck_assert_int_eq(count_of(b.of[AD_PROGRAM_SOURCE], "for (size_t"), 2);
    ck_assert_uint_lt(b.length[AD_PROGRAM_SOURCE], a.length[AD_PROGRAM_SOURCE] + 100);
    ck_assert_int_lt(count_of(b.of[AD_PROGRAM_SOURCE], "\n"), 150);
    free_text(&a);
    free_text(&b);
    ad_program_free(few);
    ad_program_free(many);
}
END_TEST

START_TEST(only_what_another_iteration_reads_is_stored)
{
    ad_program *p = integration(1000);
    program_text t = text_of(p, "f", NULL);
    const char *work = strstr(t.of[AD_PROGRAM_HEADER], "F_WORK ");
    ck_assert_ptr_nonnull(work);
    ck_assert_int_le(atoi(work + strlen("F_WORK ")), 2 * 1000); /* both states of a step */
    free_text(&t);
    ad_program_free(p);
}
END_TEST

static void observe(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real a = x[0], sum = x[1];
    (void)n, (void)m, (void)env;
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < 100; k++)
            a = ad_sin(ad_add(ad_mul(a, x[1]), 0.25));
        sum = ad_add(sum, ad_square(ad_sub(a, 0.5 * i)));
    }
    y[0] = sum;
}

START_TEST(loops_in_loops_are_found)
{
    const double first[] = {1, 2};
    ad_program *p = program_of(observe, 2, first, 1, NULL);
    program_text t = text_of(p, "f", NULL);
    ck_assert_ptr_nonnull(strstr(t.of[AD_PROGRAM_SOURCE], "\n        for (size_t i1 = 0;"));
    ck_assert_int_lt(count_of(t.of[AD_PROGRAM_SOURCE], "const f_real t"), 40);
    free_text(&t);
    ad_program_free(p);
}
END_TEST

START_TEST(functions_of_the_c_library_can_be_asked_for)
{
    const double first[] = {1, 2};
    const ad_program_c_options options = {.size = sizeof options, .c_library = true};
    ad_program *p = program_of(observe, 2, first, 1, NULL);
    program_text exact = text_of(p, "f", NULL), t = text_of(p, "f", &options);
    ck_assert_int_gt(count_of(exact.of[AD_PROGRAM_SOURCE], "f_f_sin_from_f64"), 1);
    ck_assert_int_eq(count_of(t.of[AD_PROGRAM_SOURCE], "f_f_sin_from_f64"), 0);
    ck_assert_int_gt(count_of(t.of[AD_PROGRAM_SOURCE], "return sin(x);"), 0);
    free_text(&exact);
    free_text(&t);
    ad_program_free(p);
}
END_TEST

START_TEST(long_texts_are_cut_into_functions)
{
    const ad_program_c_options options = {
        .size = sizeof options, .unrolled = true, .statements = 50};
    ad_program *p = integration(20);
    program_text t = text_of(p, "f", &options);
    ck_assert_int_gt(count_of(t.of[AD_PROGRAM_SOURCE], "static void f_part_"), 3);
    ck_assert_int_eq(count_of(t.of[AD_PROGRAM_SOURCE], "for (size_t"), 0);
    free_text(&t);
    ad_program_free(p);
}
END_TEST

/* ---- guards --------------------------------------------------------------------------- */

static void branches(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    y[0] = x[0];
    for (size_t i = 1; i < n; i++)
        if (ad_greater(x[i], 0))
            y[0] = ad_add(y[0], x[i]);
}

START_TEST(the_header_lists_guards_with_their_lines)
{
    const double first[] = {1, 2, 3};
    ad_program *p = program_of(branches, 3, first, 1, NULL);
    program_text t = text_of(p, "f", NULL);
    ck_assert_ptr_nonnull(strstr(t.of[AD_PROGRAM_HEADER], "int f(const f_real *x"));
    ck_assert_int_eq(count_of(t.of[AD_PROGRAM_HEADER], "test_program_c.c:"), 2);
    free_text(&t);
    ad_program_free(p);
}
END_TEST

/* ---- refusals --------------------------------------------------------------------------- */

static bool refuse(void *env, ad_program_text of, const char *text, size_t length)
{
    (void)of, (void)text, (void)length;
    ++*(int *)env;
    return false;
}

static const char *const bad_names[] = {
    NULL, "", "1x", "a-b", "\xe9", "x y", "_x", "a23456789b123456789c123456789d123456789e123456789",
};

START_TEST(names_that_are_no_identifiers_are_refused)
{
    ad_error error = {AD_OK, ""};
    int calls = 0;
    ad_program *p = integration(2);
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        ck_assert_int_eq(ad_program_write_c(p, bad_names[i], NULL, refuse, &calls, &error),
                         AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(error.text, "identifier"));
    }
    ck_assert_int_eq(calls, 0);
    ad_program_free(p);
}
END_TEST

START_TEST(names_that_c_and_its_headers_have_are_refused)
{
    static const char *const taken[] = {"int", "while", "class", "bool",     "true",
                                        "sin", "fma",   "isnan", "uint64_t", "memcpy",
                                        "NAN", "NULL",  "j0",    "asm",      "xor_eq"};
    ad_program *p = integration(2);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        ad_error error = {AD_OK, ""};
        int calls = 0;
        ck_assert_int_eq(ad_program_write_c(p, taken[i], NULL, refuse, &calls, &error), AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(error.text, "meaning in C"));
        ck_assert_ptr_nonnull(strstr(error.text, taken[i]));
        ck_assert_int_eq(calls, 0);
    }
    ad_program_free(p);
}
END_TEST

START_TEST(misuse_of_writing_is_refused)
{
    ad_error error = {AD_OK, ""};
    int calls = 0;
    const ad_program_c_options none = {.size = 0};
    ad_program *p = integration(2);
    ck_assert_int_eq(ad_program_write_c(NULL, "f", NULL, refuse, &calls, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_write_c(p, "f", NULL, NULL, NULL, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_write_c(p, "f", &none, refuse, &calls, NULL), AD_MISUSE);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(ad_program_write_c(p, "f", NULL, refuse, &calls, &error), AD_CANCELLED);
    ck_assert_int_eq(calls, 1);
    ad_program_free(p);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------ */

static void expect_content(const char *path, const char *text)
{
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    for (int c = fgetc(file); c != EOF; c = fgetc(file))
        ck_assert_int_eq(c, (unsigned char)*text++);
    ck_assert_int_eq(*text, '\0');
    fclose(file);
}

START_TEST(header_and_source_are_saved_as_files)
{
    char folder[] = "/tmp/adze-saved-XXXXXX", path[64];
    ad_error error = {AD_OK, ""};
    ad_program *p = integration(20);
    program_text t = text_of(p, "f", NULL);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(ad_program_save_c(p, folder, "f", NULL, NULL, &error), AD_OK);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/f.%c", folder, i == AD_PROGRAM_HEADER ? 'h' : 'c');
        expect_content(path, t.of[i]);
        ck_assert_int_eq(remove(path), 0);
    }
    ck_assert_int_eq(remove(folder), 0);
    free_text(&t);
    ad_program_free(p);
}
END_TEST

START_TEST(what_cannot_be_saved_is_said)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = integration(2);
    ck_assert_int_eq(ad_program_save_c(p, "/no/such/folder", "f", NULL, NULL, &error), AD_FILE);
    ck_assert_ptr_nonnull(strstr(error.text, "/no/such/folder/f.h"));
    ck_assert_int_eq(ad_program_save_c(p, NULL, "f", NULL, NULL, &error), AD_MISUSE);
    ck_assert_int_eq(ad_program_save_c(p, "/tmp", "f/g", NULL, NULL, &error), AD_MISUSE);
    error = (ad_error){AD_MEMORY, "an earlier failure"};
    ck_assert_int_eq(ad_program_save_c(NULL, "/tmp", "f", NULL, NULL, &error), AD_MEMORY);
    ck_assert_str_eq(error.text, "an earlier failure");
    ad_program_free(p);
}
END_TEST

/* ---- memory ----------------------------------------------------------------------------- */

static bool swallow(void *env, ad_program_text of, const char *text, size_t length)
{
    (void)env, (void)of, (void)text, (void)length;
    return true;
}

/* With the memory for writing alone in the test's hands. */
static ad_status write_with(test_allocator *memory)
{
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    const double first[] = {1, 2};
    const int steps = 100;
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(integrate, 2, first, 1, &steps, &options, &error);
    ad_status status = p ? ad_program_write_c(p, "f", NULL, swallow, NULL, &error) : error.status;
    ad_program_free(p);
    return status;
}

START_TEST(writing_survives_every_failing_allocation)
{
    const scenario writing = {"program_write_c", write_with};
    torture(&writing, false);
    torture(&writing, true);
}
END_TEST

int main(void)
{
    TCase *texts = tcase_create("texts");
    add_row_tests(texts, random_programs_give_the_same_bits_as_text, WAYS, way_name);
    add_row_tests(texts, each_operation_gives_the_same_bits_as_text, WAYS, way_name);
    add_row_tests(texts, loops_in_loops_give_the_same_bits_as_text, WAYS, way_name);
    add_row_tests(texts, constants_and_inputs_can_be_outputs_of_a_text, WAYS, way_name);
    add_row_tests(texts, a_planted_fault_is_found, FAULTS, fault_name);
    tcase_add_test(texts, the_text_of_an_integrator_does_not_grow_with_its_steps);
    tcase_add_test(texts, only_what_another_iteration_reads_is_stored);
    tcase_add_test(texts, loops_in_loops_are_found);
    tcase_add_test(texts, functions_of_the_c_library_can_be_asked_for);
    tcase_add_test(texts, long_texts_are_cut_into_functions);
    tcase_add_test(texts, the_header_lists_guards_with_their_lines);
    tcase_add_test(texts, names_that_are_no_identifiers_are_refused);
    tcase_add_test(texts, names_that_c_and_its_headers_have_are_refused);
    tcase_add_test(texts, misuse_of_writing_is_refused);
    tcase_add_test(texts, header_and_source_are_saved_as_files);
    tcase_add_test(texts, what_cannot_be_saved_is_said);
    tcase_add_test(texts, writing_survives_every_failing_allocation);
    Suite *suite = suite_create("program_c");
    suite_add_tcase(suite, texts);
    return run_suite(suite);
}
