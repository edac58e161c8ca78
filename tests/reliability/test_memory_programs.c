/* Memory that runs out while programs are made, derived, mapped, shown, written and used by a tape (RELIABILITY R1):
 * the call fails, nothing leaks, results stay as they were, and the program that was there is as good as before. */
#include "suite.h"
#include "torture.h"

#include <adze.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 4, OUTPUTS = 3, POINTS = 40, MOST = 64 };

static const double at[INPUTS] = {0.5, 1.25, 2, 0.75};

static void formula(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    ad_real sum = ad_clamp(x[0], -8, 8);
    for (int i = 0; i < 30; i++)
        sum = ad_muladd(ad_sin(ad_add(sum, i)), x[1], ad_powi(x[2], -3));
    if (ad_less(sum, 1e6))
        sum = ad_where_less_real(x[0], x[1], sum, ad_lgamma(x[3]));
    y[0] = ad_pow(ad_exp(ad_tanh(sum)), x[3]);
    if (m > 1) {
        y[1] = ad_dot_reals(2, x, x + 2);
        y[2] = ad_real_constant(7);
    }
}

static ad_status failure(const ad_error *error)
{
    ck_assert_int_ne(error->status, AD_OK);
    return error->status;
}

static ad_program *record(test_allocator *memory, size_t m, ad_error *error)
{
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    *error = (ad_error){AD_OK, ""};
    return ad_program_of(formula, INPUTS, at, m, NULL, &options, error);
}

/* Runs a program and frees it. y is written where all is well. */
static ad_status run_and_free(ad_program *p, const double *x, ad_error *error)
{
    double y[MOST] = {[0] = 42};
    ck_assert_uint_le(ad_program_outputs(p), MOST);
    ad_status status = p ? ad_program_run(p, x, y, NULL, error) : failure(error);
    ck_assert_int_eq(status != AD_OK, y[0] == 42);
    ad_program_free(p);
    return status;
}

/* The program does what it did, whatever failed. Takes nothing of its memory. */
static void expect_sound(const ad_program *p)
{
    double y[MOST], again[MOST];
    ad_error error = {AD_OK, ""};
    double *work = malloc((ad_program_work(p) + 1) * sizeof *work);
    ad_program *other =
        ad_program_of(formula, INPUTS, at, ad_program_outputs(p), NULL, NULL, &error);
    ck_assert_int_eq(ad_program_run(p, at, y, work, &error), AD_OK);
    ck_assert_int_eq(ad_program_run(other, at, again, NULL, &error), AD_OK);
    ck_assert_mem_eq(y, again, ad_program_outputs(p) * sizeof *y);
    ad_program_free(other);
    free(work);
}

/* ---- making ------------------------------------------------------------------------- */

static ad_status record_scenario(test_allocator *memory)
{
    ad_error error;
    return run_and_free(record(memory, OUTPUTS, &error), at, &error);
}

static ad_status choose_scenario(test_allocator *memory)
{
    ad_error error;
    ad_program *p = record(memory, OUTPUTS, &error);
    ad_program *q = ad_program_choose(p, 2, (size_t[]){1, 0}, &error);
    if (p)
        expect_sound(p);
    ad_program_free(p); /* what was made of it stays */
    return run_and_free(q, at, &error);
}

static ad_tensor small_net(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_softmax(ad_matmul(x[0], ad_tanh(x[1])), -1);
}

static ad_status tensors_scenario(test_allocator *memory)
{
    static const double numbers[] = {.1, .9, .3, .7, .5, .2, .8, .4};
    const ad_view x[] = {AD_VIEW(numbers, 2, 2), AD_VIEW(numbers, 2, 2)};
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    ad_error error = {AD_OK, ""};
    return run_and_free(ad_program_of_tensors(small_net, 2, x, NULL, &options, &error), numbers,
                        &error);
}

/* ---- derivatives -------------------------------------------------------------------- */

typedef ad_program *derive(const ad_program *p, ad_error *error);

static ad_program *gradient(const ad_program *p, ad_error *error)
{
    return ad_program_gradient(p, 2, (size_t[]){3, 0}, error);
}
static ad_program *jacobian(const ad_program *p, ad_error *error)
{
    return ad_program_jacobian(p, INPUTS, NULL, error);
}
static ad_program *forward_jacobian(const ad_program *p, ad_error *error)
{
    return ad_program_jacobian(p, 1, (size_t[]){2}, error);
}
static ad_program *vjp(const ad_program *p, ad_error *error)
{
    return ad_program_vjp(p, INPUTS, NULL, error);
}
static ad_program *jvp(const ad_program *p, ad_error *error)
{
    return ad_program_jvp(p, INPUTS, NULL, 3, error);
}
static ad_program *hessian(const ad_program *p, ad_error *error)
{
    return ad_program_hessian(p, INPUTS, NULL, error);
}
static ad_program *sparse_jacobian(const ad_program *p, ad_error *error)
{
    ad_sparsity *pattern = NULL;
    ad_program *made = ad_program_sparse_jacobian(p, INPUTS, NULL, &pattern, error);
    ck_assert_int_eq(made != NULL, pattern != NULL);
    ad_sparsity_free(pattern);
    return made;
}
static ad_program *sparse_hessian(const ad_program *p, ad_error *error)
{
    ad_sparsity *pattern = NULL;
    ad_program *made = ad_program_sparse_hessian(p, INPUTS, NULL, &pattern, error);
    ck_assert_int_eq(made != NULL, pattern != NULL);
    ad_sparsity_free(pattern);
    return made;
}

static ad_status derive_scenario(test_allocator *memory, size_t m, derive *f)
{
    double x[MOST] = {0};
    ad_error error;
    memcpy(x, at, sizeof at);
    ad_program *p = record(memory, m, &error), *made = f(p, &error);
    if (p)
        expect_sound(p);
    ad_program_free(p);
    return run_and_free(made, x, &error);
}

#define DERIVE(f, outputs)                                \
    static ad_status f##_scenario(test_allocator *memory) \
    {                                                     \
        return derive_scenario(memory, outputs, f);       \
    }
DERIVE(gradient, 1)
DERIVE(jacobian, OUTPUTS)
DERIVE(forward_jacobian, OUTPUTS)
DERIVE(vjp, OUTPUTS)
DERIVE(jvp, OUTPUTS)
DERIVE(hessian, 1)
DERIVE(sparse_jacobian, OUTPUTS)
DERIVE(sparse_hessian, 1)
#undef DERIVE

/* ---- patterns ----------------------------------------------------------------------- */

static ad_status colour(const ad_sparsity *s, ad_colour kind, ad_error *error)
{
    ad_colouring *c = s ? ad_colouring_new(s, kind, error) : NULL;
    ck_assert_int_eq(!c, error->status != AD_OK);
    ad_colouring_free(c);
    return error->status;
}

static ad_status colouring_scenario(test_allocator *memory)
{
    ad_error error;
    size_t from[MOST] = {0};
    ad_program *p = record(memory, OUTPUTS, &error), *one = ad_program_choose(p, 1, from, &error);
    ad_sparsity *jacobian = ad_program_jacobian_sparsity(p, INPUTS, NULL, &error);
    if (error.status == AD_OK)
        colour(jacobian, AD_COLOUR_COLUMNS, &error);
    if (error.status == AD_OK)
        colour(jacobian, AD_COLOUR_ROWS, &error);
    ad_sparsity *transposed =
        error.status == AD_OK ? ad_sparsity_transpose(jacobian, from, &error) : NULL;
    ad_sparsity *triangle =
        error.status == AD_OK ? ad_program_hessian_sparsity(one, INPUTS, NULL, &error) : NULL;
    if (error.status == AD_OK)
        colour(triangle, AD_COLOUR_STAR, &error);
    ad_sparsity *whole = error.status == AD_OK ? ad_sparsity_mirror(triangle, from, &error) : NULL;
    ck_assert_int_eq(error.status == AD_OK, whole != NULL);
    ad_sparsity *all[] = {jacobian, transposed, triangle, whole};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ad_sparsity_free(all[i]);
    ad_program_free(one);
    ad_program_free(p);
    return error.status;
}

/* ---- maps --------------------------------------------------------------------------- */

/* Some inputs shared, some outputs summed, and two calls, of which the second finds its code. */
static ad_status map_scenario(test_allocator *memory)
{
    double x[POINTS][2], y[POINTS], sum = 42;
    unsigned char differs[POINTS];
    for (int i = 0; i < POINTS; i++)
        x[i][0] = x[i][1] = 0.25 + 0.03125 * i;
    const ad_map_input in[INPUTS] = {{x[0], 2}, {&at[1], 0}, {x[0] + 1, 2}, {&at[3], 0}};
    const ad_map_output out[OUTPUTS] = {{y, 1}, {&sum, 0}, {NULL, 0}};
    ad_error error;
    ad_program *p = record(memory, OUTPUTS, &error);
    if (!p)
        return failure(&error);
    ad_map_options options = {.size = sizeof options, .differs = memory->sticky ? differs : NULL};
    ad_status status = ad_program_map(p, POINTS, in, out, &options, &error);
    const size_t work = status == AD_OK ? ad_program_map_work(p, POINTS, in, out, &options) : 0;
    if (status == AD_OK && (work == 0 || work == SIZE_MAX))
        status = AD_MEMORY;
    if (status == AD_OK)
        status = ad_program_map(p, POINTS, in, out, &options, &error);
    expect_sound(p);
    ad_program_free(p);
    return status;
}

/* Both ways through the function. What was kept before a failure serves on. */
static ad_status cache_scenario(test_allocator *memory)
{
    static const double points[3][INPUTS] = {
        {0.5, 1.25, 2, 0.75}, {0.5, 1e7, 2, 0.75}, {0.25, 1, 2, 0.5}};
    double y[3][1 + INPUTS] = {{0}}, one[1 + INPUTS] = {42};
    const ad_program_cache_options options = {
        .size = sizeof options, .allocator = &memory->base, .derive = AD_DERIVE_GRADIENT};
    ad_error error = {AD_OK, ""};
    ad_program_cache *c = ad_program_cache_new(formula, INPUTS, 1, NULL, &options, &error);
    if (!c)
        return failure(&error);
    ad_status status = ad_program_cache_run(c, points[1], one, &error);
    ck_assert_int_eq(status != AD_OK, one[0] == 42);
    if (status == AD_OK)
        status = ad_program_cache_map(c, 3, points[0], y[0], NULL, &error);
    if (status == AD_OK)
        ck_assert_mem_eq(y[1], one, sizeof one);
    ad_program_cache_free(c);
    return status;
}

/* ---- operations of tensors ---------------------------------------------------------- */

static ad_status node_scenario(test_allocator *memory)
{
    static const double numbers[6] = {.1, .9, .3, .7, .5, .2};
    const ad_tape_options options = {.size = sizeof options, .allocator = &memory->base};
    ad_error error;
    ad_tensor y[1];
    ad_program *p = record(memory, 1, &error);
    ad_program_rules *f = p ? ad_program_rules_new(p, &error) : NULL;
    ad_program_free(p);
    if (!f)
        return failure(&error);
    ad_tape *t = ad_tape_new(&options);
    ad_status status = AD_MEMORY;
    if (t) {
        ad_tensor x = ad_watch(t, AD_VIEW(numbers, 2, 3));
        ad_tensor b = ad_watch(t, AD_VIEW(numbers, 3));
        ad_by_program_elements(f, INPUTS, (ad_tensor[]){x, b, ad_number(2), x}, y);
        ad_tensor rows = ad_by_program_rows(
            f, 2, (ad_tensor[]){ad_reshape(ad_slice(b, 0, 0, 1), AD_SHAPE(1)), b});
        ad_backward(ad_add(ad_sum(y[0]), ad_sum(rows)));
        status = ad_tape_status(t);
    }
    ad_tape_free(t);
    ad_program_rules_free(f);
    return status;
}

/* ---- texts -------------------------------------------------------------------------- */

static bool count_text(void *env, ad_program_text of, const char *text, size_t length)
{
    (void)of, (void)text;
    *(size_t *)env += length;
    return true;
}

/* Memory runs out before the first piece, or not at all. */
static ad_status write_c_scenario(test_allocator *memory)
{
    ad_error error;
    size_t length = 0;
    ad_program *p = record(memory, OUTPUTS, &error);
    ad_program *j = jacobian(p, &error);
    ad_status status = error.status;
    if (status == AD_OK)
        status = ad_program_write_c(j, "formula", NULL, count_text, &length, &error);
    ck_assert_int_eq(status == AD_OK, length > 0);
    ad_program_free(j);
    ad_program_free(p);
    return status;
}

static ad_status show_scenario(test_allocator *memory)
{
    ad_error error;
    FILE *out = tmpfile();
    ad_program *p = record(memory, OUTPUTS, &error);
    ad_status status = p ? ad_program_print(p, out) : failure(&error);
    if (status == AD_OK)
        status = ad_program_draw(p, out);
    ck_assert_int_eq(fclose(out), 0);
    ad_program_free(p);
    return status;
}

/* ---- the torture -------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {"recording", record_scenario},
    {"choosing", choose_scenario},
    {"functions of tensors", tensors_scenario},
    {"gradient", gradient_scenario},
    {"Jacobian", jacobian_scenario},
    {"forward Jacobian", forward_jacobian_scenario},
    {"vjp", vjp_scenario},
    {"jvp", jvp_scenario},
    {"Hessian", hessian_scenario},
    {"sparse Jacobian", sparse_jacobian_scenario},
    {"sparse Hessian", sparse_hessian_scenario},
    {"patterns and colours", colouring_scenario},
    {"map", map_scenario},
    {"cache", cache_scenario},
    {"operations of tensors", node_scenario},
    {"C", write_c_scenario},
    {"print and draw", show_scenario},
};

int main(void)
{
    return run_suite(torture_suite("memory of programs", scenarios,
                                   (int)(sizeof scenarios / sizeof *scenarios)));
}
