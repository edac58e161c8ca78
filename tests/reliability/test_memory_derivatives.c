/* Memory that runs out in derivatives beyond the plain ones (RELIABILITY R1). */
#include "suite.h"
#include "torture.h"

#include <adze.h>

enum { MANY = 3 };

static const double numbers[12] = {.1, .9, .3, .7, .5, .2, .8, .4, .6, .35, .15, .55};

static ad_tape *new_tape(test_allocator *memory)
{
    ad_tape_options o = {.size = sizeof o, .allocator = &memory->base, .checks = AD_CHECK_BOUNDS};
    return ad_tape_new(&o);
}

static ad_status end(ad_tape *t)
{
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ad_tape_free(t);
    return status;
}

/* [2, 3] from [2, 2] and [2, 3], with more operands in a place than a frame holds at first. */
static ad_tensor matrices(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_matmul(x[0], x[1]));
    ad_tensor parts[] = {h, ad_exp(h), ad_square(h), x[1], ad_softmax(h, -1), h};
    return ad_add(ad_sum_over(ad_stack(6, parts, 0), AD_AXES(0)), ad_mean_over(h, AD_KEEP(1)));
}

static const ad_view operands[] = {
    {numbers, AD_F64, {2, {2, 2}}, {2, 1}},
    {numbers + 4, AD_F64, {2, {2, 3}}, {3, 1}},
};

/* ---- scenarios --------------------------------------------------------------------- */

static ad_status directions_scenario(test_allocator *memory)
{
    const ad_view d[] = {operands[1], AD_VIEW(numbers, 2, 3), operands[1]};
    ad_tape *t = new_tape(memory);
    if (!t)
        return AD_MEMORY;
    ad_tensor x[] = {ad_watch(t, operands[0]), ad_watch(t, operands[1])};
    ad_tensor y = matrices(t, x, NULL), s = ad_sum(y);
    ad_backward_many(y, MANY, d);
    ad_set_tangent_many(x[1], MANY, d);
    ad_push_tangents(s);
    if (ad_backward_tangents(s) == AD_OK)
        ck_assert_ptr_nonnull(ad_grad_tangent_at(x[0], MANY - 1).data);
    return end(t);
}

static ad_tensor total(ad_tape *t, const ad_tensor *x, const void *env)
{
    return ad_sum(matrices(t, x, env));
}

static void free_all(int n, ad_array *a)
{
    for (int i = 0; i < n; i++)
        ad_array_free(&a[i]);
}

/* Results of the tape's allocator, so that theirs fail as well; all of them are there, or none. */
static void own(test_allocator *memory, int n, ad_array *a)
{
    for (int i = 0; i < n; i++)
        a[i] = (ad_array){.allocator = &memory->base};
}

static void expect_all_or_none(ad_status status, int n, const ad_array *a)
{
    for (int i = 0; i < n; i++)
        ck_assert(!a[i].data == (status != AD_OK));
}

static ad_status many_scenario(test_allocator *memory)
{
    const ad_view d[] = {operands[0], operands[0], operands[1], operands[1]};
    ad_array y[3], hvp[4], dx[4];
    ad_pullback p;
    own(memory, 3, y), own(memory, 4, hvp), own(memory, 4, dx);
    ad_tape *t = new_tape(memory);
    if (!t)
        return AD_MEMORY;
    expect_all_or_none(ad_jvp_many(t, matrices, 2, operands, 2, d, NULL, y, y + 1), 3, y);
    expect_all_or_none(ad_hvp_many(t, total, 2, operands, 2, d, NULL, hvp), 4, hvp);
    if (ad_value_with_pullback(t, matrices, 2, operands, NULL, &p) == AD_OK)
        expect_all_or_none(ad_pull_many(&p, 2, d + 2, dx), 4, dx);
    free_all(3, y), free_all(4, hvp), free_all(4, dx);
    return end(t);
}

static ad_status jacobian_scenario(test_allocator *memory)
{
    ad_array j[3];
    ad_tape *t = new_tape(memory);
    for (int mode = AD_MODE_FORWARD; t && mode <= AD_MODE_REVERSE; mode++) {
        own(memory, 3, j);
        expect_all_or_none(
            ad_value_with_jacobian(t, matrices, 2, operands, (ad_mode)mode, NULL, j + 2, j), 3, j);
        free_all(3, j);
    }
    return end(t);
}

static ad_status hessian_scenario(test_allocator *memory)
{
    ad_array h[4], d[2], g[2];
    double value = 7;
    own(memory, 4, h), own(memory, 2, d), own(memory, 2, g);
    ad_tape *t = new_tape(memory);
    if (!t)
        return AD_MEMORY;
    ad_status status = ad_value_with_hessian(t, total, 2, operands, NULL, &value, g, h);
    expect_all_or_none(status, 4, h);
    expect_all_or_none(status, 2, g);
    ck_assert((value == 7) == (status != AD_OK));
    expect_all_or_none(ad_hessian_diagonal(t, total, 2, operands, NULL, d), 2, d);
    free_all(4, h), free_all(2, d), free_all(2, g);
    return end(t);
}

/* ---- models ------------------------------------------------------------------------ */

AD_MODEL(pair, w, v);
AD_MODEL_DERIVATIVES(pair);

static ad_tensor pair_matrices(ad_tape *t, const pair_tensors *m, const void *env)
{
    return matrices(t, (const ad_tensor[]){m->w, m->v}, env);
}

static ad_tensor pair_total(ad_tape *t, const pair_tensors *m, const void *env)
{
    return ad_sum(pair_matrices(t, m, env));
}

static ad_status all_of_model(ad_tape *t, const pair *m, pair *result, ad_array *array)
{
    double value;
    ad_status status = pair_jvp(t, pair_matrices, m, m, NULL, &array[0], &array[1]);
    if (status == AD_OK)
        status = pair_hvp(t, pair_total, m, m, NULL, &result[0]);
    if (status == AD_OK)
        status = pair_value_with_jacobian(t, pair_matrices, m, AD_MODE_AUTO, NULL, &array[2],
                                          &result[1]);
    if (status == AD_OK)
        status = pair_value_with_hessian(t, pair_total, m, NULL, &value, &result[2], &array[3]);
    if (status == AD_OK)
        status = pair_hessian_diagonal(t, pair_total, m, NULL, &result[3]);
    if (status == AD_OK)
        status = pair_flatten(m, &array[4], NULL);
    return status == AD_OK ? pair_unflatten(ad_array_view(array[4]), &result[3], NULL) : status;
}

static ad_status model_scenario(test_allocator *memory)
{
    pair m = {ad_array_copy(NULL, AD_F64, operands[0]), ad_array_copy(NULL, AD_F64, operands[1])};
    ad_array array[5];
    pair result[4];
    own(memory, 5, array);
    for (int i = 0; i < 4; i++)
        result[i] = (pair){{.allocator = &memory->base}, {.allocator = &memory->base}};
    ad_tape *t = new_tape(memory);
    m.w.allocator = m.v.allocator = &memory->base; /* the vector is made like them */
    ad_status status = t ? all_of_model(t, &m, result, array) : AD_MEMORY;
    for (int i = 0; i < 4; i++) {
        ck_assert(!result[i].w.data == !result[i].v.data);
        pair_free(&result[i]);
    }

    free_all(5, array);
    m.w.allocator = m.v.allocator = NULL;
    pair_free(&m);
    ad_tape_free(t);
    return status;
}

/* ---- the torture ------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {"several directions", directions_scenario},
    {"many products", many_scenario},
    {"Jacobians", jacobian_scenario},
    {"Hessians", hessian_scenario},
    {"models", model_scenario},
};

int main(void)
{
    return run_suite(torture_suite("memory of derivatives", scenarios,
                                   (int)(sizeof scenarios / sizeof *scenarios)));
}
