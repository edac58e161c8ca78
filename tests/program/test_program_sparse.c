/* Sparse Jacobians and Hessians of programs: against bit matrices that are made beside the recording, and against
 * dense programs. */
#include "programs.h"

#include "torture.h"

enum { PROGRAMS = 400, MOST_INPUTS = 9, MOST_STEPS = 60, MOST_OUTPUTS = 8 };

/* ---- random programs ----------------------------------------------------------------- */

typedef struct step {
    const char *name;
    int arity;
    ad_real (*apply)(const ad_real *x);
    unsigned first;     /* bit k: the derivative by operand k is not 0 everywhere */
    unsigned second[3]; /* [k], bit l: that by k and l */
} step;

#define STEP(name, formula)                      \
    static ad_real step_##name(const ad_real *x) \
    {                                            \
        return formula;                          \
    }
STEP(add, ad_add(x[0], x[1]))
STEP(sub, ad_sub(x[0], x[1]))
STEP(mul, ad_mul(x[0], x[1]))
STEP(div, ad_div(x[0], ad_add(ad_abs(x[1]), 1.5)))
STEP(scale, ad_mul(x[0], 0.75))
STEP(sin, ad_sin(x[0]))
STEP(tanh, ad_tanh(x[0]))
STEP(square, ad_mul(x[0], x[0]))
STEP(root, ad_sqrt(ad_add(ad_mul(x[0], x[0]), 1)))
STEP(abs, ad_abs(x[0]))
STEP(relu, ad_relu(x[0]))
STEP(floor, ad_floor(x[0]))
STEP(sign, ad_sign(x[0]))
STEP(maximum, ad_maximum(x[0], x[1]))
STEP(hypot, ad_hypot(x[0], x[1]))
STEP(choice, ad_where_less_real(x[0], x[1], ad_sin(x[1]), x[2]))
STEP(lerp, ad_lerp(x[0], x[1], x[2]))
STEP(constant, ad_add(ad_floor(x[0]), 2))
#undef STEP

/* x / (|y| + 1.5): |y| has no second derivative. */
static const step steps[] = {
    {"add", 2, step_add, 3, {0}},         {"sub", 2, step_sub, 3, {0}},
    {"mul", 2, step_mul, 3, {2, 1}},      {"div", 2, step_div, 3, {2, 3}},
    {"scale", 1, step_scale, 1, {0}},     {"sin", 1, step_sin, 1, {1}},
    {"tanh", 1, step_tanh, 1, {1}},       {"square", 1, step_square, 1, {1}},
    {"root", 1, step_root, 1, {1}},       {"abs", 1, step_abs, 1, {0}},
    {"relu", 1, step_relu, 1, {0}},       {"floor", 1, step_floor, 0, {0}},
    {"sign", 1, step_sign, 0, {0}},       {"maximum", 2, step_maximum, 3, {0}},
    {"hypot", 2, step_hypot, 3, {3, 3}},  {"choice", 3, step_choice, 6, {0, 2, 0}},
    {"lerp", 3, step_lerp, 7, {4, 4, 3}}, {"constant", 1, step_constant, 0, {0}},
};
enum { STEPS = sizeof steps / sizeof *steps };

typedef struct random_program {
    uint64_t state;
    size_t inputs, steps, outputs;
    struct {
        const step *what;
        size_t of[3];
    } step[MOST_STEPS];
    size_t output[MOST_OUTPUTS]; /* values: inputs, then steps */
} random_program;

static size_t draw(uint64_t *state, size_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*state >> 33) % below;
}

static bool is_before(const size_t *of, size_t k)
{
    return (k > 0 && of[0] == of[k]) || (k > 1 && of[1] == of[k]);
}

/* Operands are near, mostly: so there are long chains. All differ. */
static void draw_operands(random_program *p, size_t i)
{
    const size_t values = p->inputs + i;
    for (size_t k = 0; k < 3; k++)
        do {
            size_t near = values < 7 || draw(&p->state, 3) == 0 ? values : 7;
            p->step[i].of[k] = values - 1 - draw(&p->state, near);
        } while (is_before(p->step[i].of, k));
}

static random_program random_program_of(uint64_t seed, size_t outputs)
{
    random_program p = {.state = seed * 977 + 12345};
    p.inputs = 3 + draw(&p.state, MOST_INPUTS - 2);
    p.steps = 1 + draw(&p.state, MOST_STEPS);
    p.outputs = outputs ? outputs : 1 + draw(&p.state, MOST_OUTPUTS);
    for (size_t i = 0; i < p.steps; i++) {
        p.step[i].what = &steps[draw(&p.state, STEPS)];
        draw_operands(&p, i);
    }
    for (size_t j = 0; j < p.outputs; j++)
        p.output[j] = p.inputs + p.steps - 1 - draw(&p.state, j ? p.inputs + p.steps : 1);
    return p;
}

static void apply_random(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const random_program *p = env;
    ad_real value[MOST_INPUTS + MOST_STEPS];
    memcpy(value, x, n * sizeof *x);
    for (size_t i = 0; i < p->steps; i++) {
        const size_t *of = p->step[i].of;
        value[n + i] =
            p->step[i].what->apply((ad_real[]){value[of[0]], value[of[1]], value[of[2]]});
    }
    for (size_t j = 0; j < m; j++)
        y[j] = value[p->output[j]];
}

static const double point[MOST_INPUTS] = {0.3, -0.8, 1.4, 0.9, -1.7, 0.55, 2.1, -0.25, 1.15};

static ad_program *record(const random_program *p)
{
    return program_of(apply_random, p->inputs, point, p->outputs, p);
}

/* ---- bit matrices -------------------------------------------------------------------- */

typedef struct bits {
    bool first[MOST_INPUTS + MOST_STEPS][MOST_INPUTS];
    bool second[MOST_INPUTS + MOST_STEPS][MOST_INPUTS][MOST_INPUTS];
} bits;

static void interact(bits *b, size_t v, size_t x, size_t y)
{
    for (size_t i = 0; i < MOST_INPUTS; i++)
        for (size_t j = 0; j < MOST_INPUTS; j++)
            if (b->first[x][i] && b->first[y][j])
                b->second[v][i][j] = b->second[v][j][i] = true;
}

static void inherit(bits *b, size_t v, size_t x)
{
    for (size_t i = 0; i < MOST_INPUTS; i++) {
        b->first[v][i] |= b->first[x][i];
        for (size_t j = 0; j < MOST_INPUTS; j++)
            b->second[v][i][j] |= b->second[x][i][j];
    }
}

static void find_bits(const random_program *p, bits *b)
{
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < p->inputs; i++)
        b->first[i][i] = true;
    for (size_t i = 0; i < p->steps; i++) {
        const step *what = p->step[i].what;
        const size_t *of = p->step[i].of;
        for (size_t k = 0; k < 3; k++)
            if (what->first >> k & 1)
                inherit(b, p->inputs + i, of[k]);
        for (size_t k = 0; k < 3; k++)
            for (size_t l = 0; l < 3; l++)
                if (what->second[k] >> l & 1)
                    interact(b, p->inputs + i, of[k], of[l]);
    }
}

static bool has_entry(const ad_sparsity *s, size_t i, size_t j)
{
    for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
        if (s->column[e] == j)
            return true;
    return false;
}

static void expect_good_pattern(const ad_sparsity *s, size_t rows, size_t columns)
{
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_eq(s->rows, rows);
    ck_assert_uint_eq(s->columns, columns);
    ck_assert_uint_eq(s->row_begin[0], 0);
    ck_assert_uint_eq(s->row_begin[rows], s->entries);
    for (size_t i = 0; i < rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            ck_assert_uint_lt(s->column[e], columns);
            ck_assert(e == s->row_begin[i] || s->column[e - 1] < s->column[e]);
        }
}

START_TEST(the_pattern_of_a_jacobian_is_that_of_bits_propagated)
{
    static bits b;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        const random_program r = random_program_of(seed, 0);
        ad_error error = {AD_OK, ""};
        ad_program *p = record(&r);
        ad_sparsity *s = ad_program_jacobian_sparsity(p, r.inputs, NULL, &error);
        expect_good_pattern(s, r.outputs, r.inputs);
        find_bits(&r, &b);
        for (size_t i = 0; i < r.outputs; i++)
            for (size_t j = 0; j < r.inputs; j++)
                ck_assert_msg(has_entry(s, i, j) == b.first[r.output[i]][j],
                              "program %d: (%zu, %zu)", (int)seed, i, j);
        ad_sparsity_free(s);
        ad_program_free(p);
    }
}
END_TEST

START_TEST(the_pattern_of_a_hessian_is_that_of_interactions)
{
    static bits b;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        const random_program r = random_program_of(seed, 1);
        ad_error error = {AD_OK, ""};
        ad_program *p = record(&r);
        ad_sparsity *s = ad_program_hessian_sparsity(p, r.inputs, NULL, &error);
        expect_good_pattern(s, r.inputs, r.inputs);
        find_bits(&r, &b);
        for (size_t i = 0; i < r.inputs; i++)
            for (size_t j = 0; j < r.inputs; j++)
                ck_assert_msg(has_entry(s, i, j) == (j <= i && b.second[r.output[0]][i][j]),
                              "program %d: (%zu, %zu)", (int)seed, i, j);
        ad_sparsity_free(s);
        ad_program_free(p);
    }
}
END_TEST

/* ---- values -------------------------------------------------------------------------- */

static double *run_at(const ad_program *p, const double *x)
{
    double *y = malloc((ad_program_outputs(p) + 1) * sizeof *y);
    ck_assert_ptr_nonnull(y);
    run_program(p, x, y);
    return y;
}

static void expect_close(double found, double expected, int program, size_t i, size_t j)
{
    ck_assert_msg(fabs(found - expected) <= 1e-11 * fmax(1, fabs(expected)) ||
                      same_bits(found, expected),
                  "program %d: (%zu, %zu): %.17g is not %.17g", program, i, j, found, expected);
}

/* Entries of a sparse matrix, and zeros, beside those of a dense one. */
static void expect_dense(const ad_sparsity *s, const double *value, const double *dense,
                         int program)
{
    for (size_t i = 0; i < s->rows; i++) {
        size_t e = s->row_begin[i];
        for (size_t j = 0; j < s->columns; j++) {
            bool there = e < s->row_begin[i + 1] && s->column[e] == j;
            expect_close(there ? value[e] : 0, dense[i * s->columns + j], program, i, j);
            e += there;
        }
    }
}

/* Some of the inputs, in any order. */
static size_t draw_by(random_program *p, size_t *by)
{
    size_t count = 1 + draw(&p->state, p->inputs), found = 0;
    while (found < count) {
        size_t i = 0;
        by[found] = draw(&p->state, p->inputs);
        while (by[i] != by[found])
            i++;
        found += i == found;
    }
    return count;
}

START_TEST(entries_of_sparse_jacobians_are_those_of_dense_ones)
{
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        random_program r = random_program_of(seed, 0);
        size_t by[MOST_INPUTS], count = draw_by(&r, by);
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = NULL;
        ad_program *p = record(&r), *dense = ad_program_jacobian(p, count, by, &error),
                   *sparse = ad_program_sparse_jacobian(p, count, by, &s, &error);
        ck_assert_str_eq(error.text, "");
        expect_good_pattern(s, r.outputs, count);
        ck_assert_uint_eq(ad_program_outputs(sparse), r.outputs + s->entries);
        double *found = run_at(sparse, point), *expected = run_at(dense, point);
        for (size_t j = 0; j < r.outputs; j++)
            expect_same(found[j], expected[j], "outputs");
        expect_dense(s, found + r.outputs, expected + r.outputs, (int)seed);
        free(found);
        free(expected);
        ad_program_free(sparse);
        ad_program_free(dense);
        ad_program_free(p);
        ad_sparsity_free(s);
    }
}
END_TEST

START_TEST(entries_of_sparse_hessians_are_those_of_dense_ones)
{
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        random_program r = random_program_of(seed, 1);
        size_t by[MOST_INPUTS], count = draw_by(&r, by);
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = NULL;
        ad_program *p = record(&r), *dense = ad_program_hessian(p, count, by, &error),
                   *sparse = ad_program_sparse_hessian(p, count, by, &s, &error);
        ck_assert_str_eq(error.text, "");
        expect_good_pattern(s, count, count);
        double *found = run_at(sparse, point), *expected = run_at(dense, point);
        for (size_t j = 0; j < 1 + count; j++)
            expect_close(found[j], expected[j], (int)seed, j, 0);
        double square[MOST_INPUTS * MOST_INPUTS] = {0};
        for (size_t i = 0, at = 1 + count; i < count; i++)
            for (size_t j = 0; j <= i; j++)
                square[i * count + j] = expected[at++];
        expect_dense(s, found + 1 + count, square, (int)seed);
        free(found);
        free(expected);
        ad_program_free(sparse);
        ad_program_free(dense);
        ad_program_free(p);
        ad_sparsity_free(s);
    }
}
END_TEST

/* ---- values by colours --------------------------------------------------------------- */

/* Runs a program whose inputs are x and seeds, with one more output before each group of `group` products. */
static void run_seeded(const ad_program *p, size_t n, const double *x, const ad_colouring *c,
                       double **out)
{
    double *in = malloc((n + c->colours * c->count + 1) * sizeof *in);
    memcpy(in, x, n * sizeof *in);
    ck_assert_int_eq(ad_colouring_seeds(c, in + n), AD_OK);
    *out = run_at(p, in);
    free(in);
}

START_TEST(tangents_by_colours_hold_all_entries_of_a_jacobian)
{
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        random_program r = random_program_of(seed, 0);
        size_t by[MOST_INPUTS], count = draw_by(&r, by);
        ad_error error = {AD_OK, ""};
        ad_program *p = record(&r), *dense = ad_program_jacobian(p, count, by, &error);
        ad_sparsity *s = ad_program_jacobian_sparsity(p, count, by, &error);
        ad_colouring *c = ad_colouring_new(s, AD_COLOUR_COLUMNS, &error);
        ad_program *jvp = c ? ad_program_jvp(p, count, by, c->colours, &error) : NULL;
        ck_assert_str_eq(error.text, "");
        double *out, *expected = run_at(dense, point), value[MOST_INPUTS * MOST_OUTPUTS];
        run_seeded(jvp, r.inputs, point, c, &out);
        ck_assert_int_eq(ad_colouring_recover(c, out + r.outputs, value), AD_OK);
        expect_dense(s, value, expected + r.outputs, (int)seed);
        free(out);
        free(expected);
        ad_program_free(jvp);
        ad_program_free(dense);
        ad_program_free(p);
        ad_colouring_free(c);
        ad_sparsity_free(s);
    }
}
END_TEST

/* The products of all rows of a colour, by one run for each. */
static void pull_colours(const ad_program *vjp, size_t n, size_t m, const ad_colouring *c,
                         double *products)
{
    double in[MOST_INPUTS + MOST_OUTPUTS], seeds[MOST_OUTPUTS * MOST_OUTPUTS];
    memcpy(in, point, n * sizeof *in);
    ck_assert_int_eq(ad_colouring_seeds(c, seeds), AD_OK);
    for (size_t k = 0; k < c->colours; k++) {
        memcpy(in + n, seeds + k * m, m * sizeof *in);
        double *out = run_at(vjp, in);
        memcpy(products + k * c->length, out + m, c->length * sizeof *out);
        free(out);
    }
}

START_TEST(cotangents_by_colours_hold_all_entries_of_a_jacobian)
{
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        const random_program r = random_program_of(seed, 0);
        ad_error error = {AD_OK, ""};
        ad_program *p = record(&r), *dense = ad_program_jacobian(p, r.inputs, NULL, &error);
        ad_program *vjp = ad_program_vjp(p, r.inputs, NULL, &error);
        ad_sparsity *s = ad_program_jacobian_sparsity(p, r.inputs, NULL, &error);
        ad_colouring *c = ad_colouring_new(s, AD_COLOUR_ROWS, &error);
        ck_assert_str_eq(error.text, "");
        double *expected = run_at(dense, point), value[MOST_INPUTS * MOST_OUTPUTS],
               products[MOST_INPUTS * MOST_OUTPUTS];
        pull_colours(vjp, r.inputs, r.outputs, c, products);
        ck_assert_int_eq(ad_colouring_recover(c, products, value), AD_OK);
        expect_dense(s, value, expected + r.outputs, (int)seed);
        free(expected);
        ad_program_free(vjp);
        ad_program_free(dense);
        ad_program_free(p);
        ad_colouring_free(c);
        ad_sparsity_free(s);
    }
}
END_TEST

/* Outputs 1, ..., n of a program: the gradient alone. */
static ad_program *choose_gradient(const ad_program *g, size_t n, ad_error *error)
{
    size_t which[MOST_INPUTS];
    for (size_t i = 0; i < n; i++)
        which[i] = 1 + i;
    return ad_program_choose(g, n, which, error);
}

START_TEST(products_by_stars_hold_all_entries_of_a_hessian)
{
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        const random_program r = random_program_of(seed, 1);
        const size_t n = r.inputs;
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = NULL;
        ad_program *p = record(&r), *sparse = ad_program_sparse_hessian(p, n, NULL, &s, &error),
                   *gradient = ad_program_gradient(p, n, NULL, &error),
                   *alone = choose_gradient(gradient, n, &error);
        ad_colouring *c = ad_colouring_new(s, AD_COLOUR_STAR, &error);
        ad_program *products = c ? ad_program_jvp(alone, n, NULL, c->colours, &error) : NULL;
        ck_assert_str_eq(error.text, "");
        double *out, *expected = run_at(sparse, point), value[MOST_INPUTS * MOST_INPUTS];
        run_seeded(products, n, point, c, &out);
        ck_assert_int_eq(ad_colouring_recover(c, out + n, value), AD_OK);
        for (size_t e = 0; e < s->entries; e++)
            expect_close(value[e], expected[1 + n + e], (int)seed, e, 0);
        free(out);
        free(expected);
        ad_program_free(products);
        ad_program_free(alone);
        ad_program_free(gradient);
        ad_program_free(sparse);
        ad_program_free(p);
        ad_colouring_free(c);
        ad_sparsity_free(s);
    }
}
END_TEST

/* ---- odd programs -------------------------------------------------------------------- */

enum { ODD_INPUTS = 5, ODD_OUTPUTS = 11 };

static void odd(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const ad_real product = ad_mul(x[0], ad_sin(x[1]));
    const ad_real all[ODD_OUTPUTS] = {ad_real_constant(3),
                                      x[1],
                                      x[1],
                                      product,
                                      product,
                                      ad_mul(ad_floor(x[0]), x[2]),
                                      ad_sign(x[0]),
                                      ad_where_less_real(x[0], x[1], ad_exp(x[2]), x[3]),
                                      ad_less(x[0], x[1]) ? ad_neg(x[3]) : x[0],
                                      ad_logsumexp_reals(3, x),
                                      ad_sub(x[3], x[3])};
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = all[j];
}

static const char *const odd_rows[ODD_OUTPUTS] = {".....", ".x...", ".x...", "xx...",
                                                  "xx...", "..x..", ".....", "..xx.",
                                                  "...x.", "xxx..", "...x."};

static void expect_rows(const ad_sparsity *s, const char *const *rows)
{
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->columns; j++)
            ck_assert_msg(has_entry(s, i, j) == (rows[i][j] == 'x'), "(%zu, %zu)", i, j);
}

START_TEST(constants_inputs_repeated_outputs_and_empty_rows_have_patterns)
{
    const double x[ODD_INPUTS] = {0.5, 0.75, 2, 3, 4};
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL;
    ad_program *p = program_of(odd, ODD_INPUTS, x, ODD_OUTPUTS, NULL),
               *dense = ad_program_jacobian(p, ODD_INPUTS, NULL, &error),
               *sparse = ad_program_sparse_jacobian(p, ODD_INPUTS, NULL, &s, &error);
    expect_good_pattern(s, ODD_OUTPUTS, ODD_INPUTS);
    expect_rows(s, odd_rows);
    double *found = run_at(sparse, x), *expected = run_at(dense, x);
    expect_dense(s, found + ODD_OUTPUTS, expected + ODD_OUTPUTS, 0);
    free(found);
    free(expected);
    double y[ODD_OUTPUTS + ODD_OUTPUTS * ODD_INPUTS];
    ck_assert_int_eq(ad_program_run(sparse, (double[]){0.75, 0.5, 2, 3, 4}, y, NULL, &error),
                     AD_BRANCH);
    ad_program_free(sparse);
    ad_program_free(dense);
    ad_program_free(p);
    ad_sparsity_free(s);
}
END_TEST

START_TEST(no_outputs_or_no_inputs_make_empty_patterns)
{
    const double x[ODD_INPUTS] = {0.5, 0.75, 2, 3, 4};
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL, *h = NULL;
    ad_program *none = program_of(odd, ODD_INPUTS, x, 0, NULL),
               *one = program_of(odd, ODD_INPUTS, x, 1, NULL),
               *jacobian = ad_program_sparse_jacobian(none, ODD_INPUTS, NULL, &s, &error),
               *hessian = ad_program_sparse_hessian(one, 0, (size_t[]){0}, &h, &error);
    ck_assert_str_eq(error.text, "");
    expect_good_pattern(s, 0, ODD_INPUTS);
    expect_good_pattern(h, 0, 0);
    ck_assert_uint_eq(ad_program_outputs(jacobian), 0);
    ck_assert_uint_eq(ad_program_outputs(hessian), 1);
    ad_sparsity_free(s);
    ad_sparsity_free(h);
    ad_program_free(hessian);
    ad_program_free(jacobian);
    ad_program_free(one);
    ad_program_free(none);
}
END_TEST

/* Whether all four functions refuse this. */
static void expect_misuse(const ad_program *p, size_t count, const size_t *by)
{
    for (int i = 0; i < 4; i++) {
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = NULL;
        if (i == 0)
            ck_assert_ptr_null(ad_program_jacobian_sparsity(p, count, by, &error));
        else if (i == 1)
            ck_assert_ptr_null(ad_program_hessian_sparsity(p, count, by, &error));
        else if (i == 2)
            ck_assert_ptr_null(ad_program_sparse_jacobian(p, count, by, &s, &error));
        else
            ck_assert_ptr_null(ad_program_sparse_hessian(p, count, by, &s, &error));
        ck_assert_ptr_null(s);
        ck_assert_int_eq(error.status, AD_MISUSE);
    }
}

START_TEST(inputs_that_are_not_there_or_there_twice_are_misuse)
{
    const double x[ODD_INPUTS] = {0.5, 0.75, 2, 3, 4};
    ad_program *p = program_of(odd, ODD_INPUTS, x, 1, NULL),
               *many = program_of(odd, ODD_INPUTS, x, 2, NULL);
    ad_error error = {AD_OK, ""}, kept = {AD_MEMORY, "first"};
    expect_misuse(NULL, 1, (size_t[]){0});
    expect_misuse(p, 4, NULL);
    expect_misuse(p, 2, (size_t[]){1, 5});
    expect_misuse(p, 3, (size_t[]){1, 2, 1});
    ck_assert_ptr_null(ad_program_hessian_sparsity(many, ODD_INPUTS, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ck_assert_ptr_null(ad_program_sparse_jacobian(NULL, 0, NULL, NULL, &kept));
    ck_assert_str_eq(kept.text, "first");
    ad_program_free(many);
    ad_program_free(p);
}
END_TEST

/* ---- large programs ------------------------------------------------------------------ */

/* What these would take in time that is quadratic is hours. */
enum { LARGE = 100000 };

/* The sum over i of sin(x[i]) x[i + 1]. */
static void long_sum(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real sum = ad_real_constant(0);
    (void)m, (void)env;
    for (size_t i = 0; i + 1 < n; i++)
        sum = ad_add(sum, ad_mul(ad_sin(x[i]), x[i + 1]));
    y[0] = sum;
}

/* All inputs one after the other, and in the last output in a sum that the others do not know. */
static void chain_and_sum(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real sum = ad_real_constant(1);
    (void)env;
    for (size_t i = 0; i + 1 < m; i++)
        y[i] = ad_mul(x[i], ad_exp(x[(i + 1) % n]));
    for (size_t i = 0; i < n; i++)
        sum = ad_mul(ad_add(sum, x[i]), 0.5);
    y[m - 1] = ad_tanh(sum);
}

static double *large_point(void)
{
    double *x = malloc(LARGE * sizeof *x);
    for (size_t i = 0; i < LARGE; i++)
        x[i] = (double)(i % 17) / 9 - 1;
    return x;
}

START_TEST(a_sum_of_many_terms_takes_linear_time)
{
    ad_error error = {AD_OK, ""};
    double *x = large_point();
    ad_sparsity *h = NULL, *g;
    ad_program *p = program_of(long_sum, LARGE, x, 1, NULL),
               *hessian = ad_program_sparse_hessian(p, LARGE, NULL, &h, &error);
    g = ad_program_jacobian_sparsity(p, LARGE, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(g->entries, LARGE);
    ck_assert_uint_eq(h->entries, 2 * LARGE - 2); /* all but the last square, and neighbours */
    double *y = run_at(hessian, x), worst = 0;
    for (size_t i = 0; i + 1 < LARGE; i++) {
        const size_t e =
            h->row_begin[i + 1] - 1 + (i + 2 == LARGE); /* (i + 1, i + 1), or what is there */
        worst = fmax(worst, fabs(y[1 + LARGE + h->row_begin[i + 1]] - cos(x[i])));
        if (i + 2 < LARGE)
            worst = fmax(worst,
                         fabs(y[1 + LARGE + h->row_begin[i + 2] - 1] + sin(x[i + 1]) * x[i + 2]));
        ck_assert(e < h->entries);
    }
    ck_assert(worst < 1e-14);
    free(y);
    free(x);
    ad_program_free(hessian);
    ad_program_free(p);
    ad_sparsity_free(g);
    ad_sparsity_free(h);
}
END_TEST

START_TEST(a_full_row_beside_sparse_ones_takes_linear_time)
{
    ad_error error = {AD_OK, ""};
    double *x = large_point();
    ad_sparsity *s = NULL;
    ad_program *p = program_of(chain_and_sum, LARGE, x, LARGE + 1, NULL),
               *jacobian = ad_program_sparse_jacobian(p, LARGE, NULL, &s, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(s->entries, 3 * LARGE);
    double *y = run_at(jacobian, x), worst = 0, full = 1 - y[LARGE] * y[LARGE];
    const double *value = y + LARGE + 1;
    for (size_t i = 0; i < LARGE; i++) {
        const size_t next = (i + 1) % LARGE;
        worst = fmax(worst, fabs(value[2 * i + (next < i)] - exp(x[next])));
        worst = fmax(worst, fabs(value[2 * i + (next > i)] - x[i] * exp(x[next])));
        worst = fmax(worst, fabs(value[2 * LARGE + i] - full * pow(0.5, (double)(LARGE - i))));
    }
    ck_assert(worst < 1e-14);
    free(y);
    free(x);
    ad_program_free(jacobian);
    ad_program_free(p);
    ad_sparsity_free(s);
}
END_TEST

/* ---- functions of tensors ------------------------------------------------------------ */

enum { POINTS = 6, SEEN = 9, CAMERAS = 2 };

static const int32_t seen_point[SEEN] = {0, 1, 2, 3, 4, 5, 0, 2, 4},
                     seen_by[SEEN] = {0, 0, 0, 1, 1, 1, 1, 1, 0};

/* How far points, [POINTS, 2], are from cameras, [CAMERAS, 2]: a row for each observation. */
static ad_tensor distances(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor points = ad_freeze(t, ad_view_of(AD_I32, seen_point, AD_SHAPE(SEEN)));
    ad_tensor cameras = ad_freeze(t, ad_view_of(AD_I32, seen_by, AD_SHAPE(SEEN)));
    ad_tensor far = ad_sub(ad_gather(x[0], points, 0), ad_gather(x[1], cameras, 0));
    return ad_sqrt(ad_sum_over(ad_square(far), AD_AXES(1)));
}

/* The products with the seeds of a colouring, by tangents on a tape. */
static void push_seeds(const ad_view *x, const ad_colouring *c, double *products)
{
    double seeds[MOST_INPUTS * 2 * (POINTS + CAMERAS)];
    ad_view tangent[2 * MOST_INPUTS];
    ad_array y = {0}, ty[MOST_INPUTS] = {{0}};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_uint_le(c->colours, MOST_INPUTS);
    ck_assert_int_eq(ad_colouring_seeds(c, seeds), AD_OK);
    for (size_t k = 0; k < c->colours; k++) {
        const double *seed = seeds + k * c->count;
        tangent[k] = ad_view_of(AD_F64, seed, AD_SHAPE(POINTS, 2));
        tangent[c->colours + k] = ad_view_of(AD_F64, seed + 2 * POINTS, AD_SHAPE(CAMERAS, 2));
    }
    ck_assert_int_eq(ad_jvp_many(t, distances, 2, x, (int)c->colours, tangent, NULL, &y, ty),
                     AD_OK);
    for (size_t k = 0; k < c->colours; k++) {
        memcpy(products + k * c->length, ty[k].data, SEEN * sizeof *products);
        ad_array_free(&ty[k]);
    }
    ad_array_free(&y);
    ad_tape_free(t);
}

START_TEST(functions_of_tensors_have_sparse_jacobians)
{
    double x[2 * (POINTS + CAMERAS)], products[MOST_INPUTS * SEEN], value[4 * SEEN];
    for (size_t i = 0; i < 2 * (POINTS + CAMERAS); i++)
        x[i] = 0.3 * (double)(i * i % 11) + (double)i;
    const ad_view views[] = {ad_view_of(AD_F64, x, AD_SHAPE(POINTS, 2)),
                             ad_view_of(AD_F64, x + 2 * POINTS, AD_SHAPE(CAMERAS, 2))};
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL;
    ad_program *p = ad_program_of_tensors(distances, 2, views, NULL, NULL, &error);
    ad_program *jacobian = ad_program_sparse_jacobian(p, ad_program_inputs(p), NULL, &s, &error);
    ad_colouring *c = ad_colouring_new(s, AD_COLOUR_COLUMNS, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(s->entries, 4 * SEEN);
    for (size_t i = 0; i < SEEN; i++) {
        const size_t at = (size_t)seen_point[i], by = POINTS + (size_t)seen_by[i];
        const size_t expected[] = {2 * at, 2 * at + 1, 2 * by, 2 * by + 1};
        ck_assert_int_eq(memcmp(s->column + 4 * i, expected, sizeof expected), 0);
    }
    double *y = run_at(jacobian, x);
    push_seeds(views, c, products);
    ck_assert_int_eq(ad_colouring_recover(c, products, value), AD_OK);
    for (size_t e = 0; e < s->entries; e++)
        expect_close(value[e], y[SEEN + e], 0, e, 0);
    free(y);
    ad_colouring_free(c);
    ad_program_free(jacobian);
    ad_program_free(p);
    ad_sparsity_free(s);
}
END_TEST

/* ---- both ways ----------------------------------------------------------------------- */

/* y[j] = a shared function of few inputs, times j: forward is cheaper, since all outputs go through it. */
static void shared(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real z = x[0];
    (void)env;
    for (int i = 0; i < 50; i++)
        z = ad_sin(ad_mul(z, x[(size_t)i % n]));
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(z, ad_add(z, (double)j));
}

/* Outputs with long lists of columns, as many but others: each depends on every second input. */
static void long_lists(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real sum[2] = {x[0], x[1]};
    (void)env;
    for (size_t i = 2; i < n; i++)
        sum[i % 2] = ad_add(ad_mul(sum[i % 2], 0.75), ad_sin(x[i]));
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(sum[j % 2], x[j / 4 * 2 + j % 2]);
}

/* Both: outputs that share a function of two inputs, and one that depends on all. */
static void mixed(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real z = x[0], sum = x[0];
    (void)env;
    for (int i = 0; i < 100; i++)
        z = ad_sin(ad_mul(z, x[1]));
    for (size_t i = 1; i < n; i++)
        sum = ad_add(ad_mul(sum, x[i]), 0.5);
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(j == m / 2 ? sum : z, x[j]);
}

static size_t operations_of(const ad_program *p)
{
    ad_program_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_program_measure(p, &info), AD_OK);
    return info.operations;
}

static void expect_jacobian(ad_real_function *f, size_t n, size_t m)
{
    ad_error error = {AD_OK, ""};
    double *x = large_point();
    ad_sparsity *s = NULL;
    ad_program *p = program_of(f, n, x, m, NULL), *dense = ad_program_jacobian(p, n, NULL, &error),
               *sparse = ad_program_sparse_jacobian(p, n, NULL, &s, &error);
    ad_sparsity *other = ad_program_jacobian_sparsity(p, n, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(other->entries, s->entries);
    ck_assert_int_eq(memcmp(other->column, s->column, s->entries * sizeof *s->column), 0);
    ck_assert_uint_le(operations_of(sparse), operations_of(dense));
    double *found = run_at(sparse, x), *expected = run_at(dense, x);
    expect_dense(s, found + m, expected + m, 0);
    free(found);
    free(expected);
    free(x);
    ad_program_free(sparse);
    ad_program_free(dense);
    ad_program_free(p);
    ad_sparsity_free(other);
    ad_sparsity_free(s);
}

START_TEST(entries_are_right_whichever_way_is_cheaper)
{
    expect_jacobian(shared, 3, 40);
    expect_jacobian(shared, 60, 1);
    expect_jacobian(mixed, 700, 50);
    expect_jacobian(long_lists, 300, 4);
    expect_jacobian(long_lists, 700, 12);
}
END_TEST

/* ---- memory -------------------------------------------------------------------------- */

static ad_program *record_in(test_allocator *memory, ad_real_function *f, size_t n, size_t m,
                             ad_error *error)
{
    double x[300];
    for (size_t i = 0; i < n; i++)
        x[i] = 0.1 * (double)(i % 13);
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    return ad_program_of(f, n, x, m, NULL, &options, error);
}

static ad_status jacobian_in(test_allocator *memory, ad_real_function *f, size_t n, size_t m)
{
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL, *found = NULL;
    ad_program *p = record_in(memory, f, n, m, &error);
    ad_program *q = ad_program_sparse_jacobian(p, n, NULL, &s, &error);
    ck_assert(!q == !s);
    if (q)
        found = ad_program_jacobian_sparsity(p, n, NULL, &error);
    ad_sparsity_free(found);
    ad_sparsity_free(s);
    ad_program_free(q);
    ad_program_free(p);
    return error.status;
}

static ad_status forward_in(test_allocator *memory)
{
    return jacobian_in(memory, shared, 3, 20);
}

static ad_status reverse_in(test_allocator *memory)
{
    return jacobian_in(memory, chain_and_sum, 20, 20);
}

static ad_status long_lists_in(test_allocator *memory)
{
    return jacobian_in(memory, long_lists, 300, 2);
}

static ad_status hessian_in(test_allocator *memory)
{
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL, *all = NULL;
    ad_colouring *star = NULL, *columns = NULL;
    ad_program *p = record_in(memory, long_sum, 20, 1, &error);
    ad_program *q =
        ad_program_sparse_hessian(p, 20, (const size_t[]){0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
                                                          10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
                                  &s, &error);
    ck_assert(!q == !s);
    if (s)
        star = ad_colouring_new(s, AD_COLOUR_STAR, &error);
    if (star)
        all = ad_sparsity_mirror(s, NULL, &error);
    if (all)
        columns = ad_colouring_new(all, AD_COLOUR_COLUMNS, &error);
    ad_colouring_free(columns);
    ad_colouring_free(star);
    ad_sparsity_free(all);
    ad_sparsity_free(s);
    ad_program_free(q);
    ad_program_free(p);
    return error.status;
}

static const scenario scenarios[] = {{"forward", forward_in},
                                     {"reverse", reverse_in},
                                     {"long lists", long_lists_in},
                                     {"hessian", hessian_in}};

START_TEST(failing_allocations_leave_nothing_behind)
{
    for (int sticky = 0; sticky < 2; sticky++)
        torture(&scenarios[_i], sticky);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("sparse");
    tcase_add_test(tests, the_pattern_of_a_jacobian_is_that_of_bits_propagated);
    tcase_add_test(tests, the_pattern_of_a_hessian_is_that_of_interactions);
    tcase_add_test(tests, entries_of_sparse_jacobians_are_those_of_dense_ones);
    tcase_add_test(tests, entries_of_sparse_hessians_are_those_of_dense_ones);
    tcase_add_test(tests, tangents_by_colours_hold_all_entries_of_a_jacobian);
    tcase_add_test(tests, cotangents_by_colours_hold_all_entries_of_a_jacobian);
    tcase_add_test(tests, products_by_stars_hold_all_entries_of_a_hessian);
    tcase_add_test(tests, constants_inputs_repeated_outputs_and_empty_rows_have_patterns);
    tcase_add_test(tests, no_outputs_or_no_inputs_make_empty_patterns);
    tcase_add_test(tests, inputs_that_are_not_there_or_there_twice_are_misuse);
    tcase_add_test(tests, a_sum_of_many_terms_takes_linear_time);
    tcase_add_test(tests, a_full_row_beside_sparse_ones_takes_linear_time);
    tcase_add_test(tests, functions_of_tensors_have_sparse_jacobians);
    tcase_add_test(tests, entries_are_right_whichever_way_is_cheaper);
    tcase_add_loop_test(tests, failing_allocations_leave_nothing_behind, 0,
                        sizeof scenarios / sizeof *scenarios);
    Suite *suite = suite_create("program sparse");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
