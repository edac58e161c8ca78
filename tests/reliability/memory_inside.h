/* Scenarios for test_memory.c: functions inside functions and checkpoints, on inner tapes. */
#ifndef ADZE_TESTS_MEMORY_INSIDE_H
#define ADZE_TESTS_MEMORY_INSIDE_H

#include "allocator.h"

#include <adze.h>
#include <check.h>
#include <pthread.h>

AD_MODEL(affine, w, b);
AD_MODEL_FUNCTIONS(affine);

static ad_tensor inside_norm(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(ad_tanh(ad_matmul(x[0], x[1]))));
}

static void inside_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                            const void *env, ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(dy, ad_exp(x[0]));
    dx[1] = ad_number(0);
}

static ad_tensor inside_formula(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor g[2], y = ad_gradient_node(inside_norm, 2, x, 2, env, g);
    y = ad_add(y, ad_add(ad_sum(ad_square(g[0])), ad_sum(ad_square(g[1]))));
    return ad_add(y, ad_with_derivative(inside_norm, inside_pullback, 2, x, env));
}

static ad_tensor affine_norm(ad_tape *t, const affine_tensors *m, const void *env)
{
    return inside_norm(t, (ad_tensor[]){m->w, m->b}, env);
}

static ad_tensor affine_map_norm(ad_tape *t, const affine_tensors *m, const ad_tensor *x,
                                 const void *env)
{
    return ad_mul(ad_sum(ad_exp(x[0])), affine_norm(t, m, env));
}

static ad_tensor affine_formula(ad_tape *t, const affine_tensors *m, const void *env)
{
    affine_tensors g;
    ad_tensor slope, y = affine_gradient_node(affine_norm, m, env, &g);
    affine_tensors moved = affine_tensors_axpy(-0.1, &g, m);
    affine_input_gradient_node(affine_map_norm, &moved, 1, &m->b, env, &slope);
    return ad_add(ad_add(y, affine_norm(t, &moved, env)), ad_sum(ad_square(slope)));
}

static ad_tensor sum_of_many(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor sum = ad_square(x[0]);
    (void)t;
    for (int i = 1; i < *(const int *)env; i++)
        sum = ad_add(sum, ad_square(x[i]));
    return ad_sum(sum);
}

/* A gradient node of more operands than have room on the stack. */
static ad_status many_operands_scenario(test_allocator *memory)
{
    static const double some[] = {0.1, 0.9};
    static const int many = 12;
    ad_tensor x[12], g[12];
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory->base, .checks = AD_CHECK_BOUNDS});
    if (!t)
        return AD_MEMORY;
    for (int i = 0; i < many; i++)
        x[i] = ad_watch(t, AD_VIEW(some, 2));
    ad_tensor y = ad_gradient_node(sum_of_many, many, x, many, &many, g);
    ad_backward(ad_add(y, ad_sum(g[11])));
    ad_status status = ad_tape_status(t);
    ad_tape_free(t);
    return status;
}

static ad_status inside_scenario(test_allocator *memory)
{
    static const double some[] = {0.1, 0.9, 0.3, 0.7};
    const ad_view x[] = {AD_VIEW(some, 2, 2), AD_VIEW(some, 2, 1)};
    double numbers[] = {0.2, -0.3, 0.4, 0.1, 0.6, -0.5};
    affine model = {{numbers, AD_F64, AD_SHAPE(2, 2), NULL},
                    {numbers + 4, AD_F64, AD_SHAPE(2, 1), NULL}};
    affine gradient = {{0}, {0}};
    ad_array y = {0}, ty = {0}, g[2] = {{0}};
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory->base, .checks = AD_CHECK_BOUNDS});
    if (t && ad_gradient(t, inside_formula, 2, x, NULL, g) == AD_OK &&
        ad_jvp(t, inside_formula, 2, x, x, NULL, &y, &ty) == AD_OK)
        affine_value_with_gradient(t, affine_formula, &model, NULL, NULL, &gradient);
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ck_assert(status == AD_OK || !gradient.w.data); /* all or nothing */
    ad_array *results[] = {&y, &ty, &g[0], &g[1], &gradient.w, &gradient.b};
    for (int i = 0; i < 6; i++)
        ad_array_free(results[i]);
    ad_tape_free(t);
    return status;
}

/* ---- slices ------------------------------------------------------------------------ */

static ad_tensor sliced_formula(ad_tape *t, const affine_tensors *m, const ad_tensor *x,
                                const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_square(ad_tanh(ad_matmul(x[0], ad_matmul(m->w, m->b)))));
}

/* Lets one thread in at a time. */
typedef struct locked {
    ad_allocator base;
    test_allocator *memory;
    pthread_mutex_t lock;
} locked;

static void *take_locked(void *user, size_t bytes, size_t alignment)
{
    locked *l = user;
    pthread_mutex_lock(&l->lock);
    void *taken = l->memory->base.allocate(l->memory->base.user, bytes, alignment);
    pthread_mutex_unlock(&l->lock);
    return taken;
}

static void give_locked(void *user, void *memory, size_t bytes)
{
    locked *l = user;
    pthread_mutex_lock(&l->lock);
    l->memory->base.release(l->memory->base.user, memory, bytes);
    pthread_mutex_unlock(&l->lock);
}

static ad_status slices(test_allocator *memory, unsigned checks, int threads)
{
    double numbers[] = {0.2, -0.3, 0.4, 0.1, 0.6, -0.5};
    const ad_view data = AD_VIEW(numbers, 3, 2);
    const ad_rows_options o = {.size = sizeof o, .slice = 1, .parallel = true};
    affine model = {{numbers, AD_F64, AD_SHAPE(2, 2), NULL},
                    {numbers + 4, AD_F64, AD_SHAPE(2, 1), NULL}};
    affine gradient = {{0}, {0}};
    double value = 42;
    locked l = {{&l, take_locked, give_locked}, memory, PTHREAD_MUTEX_INITIALIZER};
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &l.base, .checks = checks, .pool = pool});
    if (t)
        affine_value_with_gradient_over_rows(t, sliced_formula, &model, 1, &data, &o, NULL, &value,
                                             &gradient);
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ck_assert((status == AD_OK) == (gradient.w.data && value != 42)); /* all or nothing */
    affine_free(&gradient);
    ad_tape_free(t);
    ad_pool_free(pool);
    return status;
}

static ad_status slices_scenario(test_allocator *memory)
{
    return slices(memory, 0, 1);
}

static ad_status exact_slices_scenario(test_allocator *memory)
{
    return slices(memory, AD_CHECK_BOUNDS, 1);
}

static ad_status shared_slices_scenario(test_allocator *memory)
{
    return slices(memory, AD_CHECK_BOUNDS, 3);
}

/* ---- checkpoints ------------------------------------------------------------------- */

static void kept_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                      const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_tanh(ad_mul(x[0], state[0]));
    next[1] = ad_add(state[1], ad_sum(state[0]));
}

/* A loop, by itself and in a checkpoint. */
static ad_tensor kept_loop(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor states[] = {x[1], ad_constant(t, AD_F64, 0), x[0]};
    ad_checkpoint_loop(kept_step, 3, states, 2, 3, 1, env, states);
    return ad_add(ad_sum(ad_square(states[0])), states[1]);
}

static ad_tensor affine_kept(ad_tape *t, const affine_tensors *m, const ad_tensor *x,
                             const void *env)
{
    (void)x;
    return kept_loop(t, (ad_tensor[]){m->w, m->b}, env);
}

static ad_tensor affine_twice_kept(ad_tape *t, const affine_tensors *m, const void *env)
{
    (void)t;
    return affine_checkpoint(affine_kept, m, 1, &m->b, env);
}

static ad_tensor kept_again(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_checkpoint(kept_loop, 2, x, env);
}

static ad_status checkpoint_scenario(test_allocator *memory)
{
    double numbers[] = {0.2, -0.3, 0.4, 0.1, 0.6, -0.5};
    const ad_view x[] = {AD_VIEW(numbers, 3), AD_VIEW(numbers + 3, 3)};
    affine model = {{numbers, AD_F64, AD_SHAPE(3), NULL}, {numbers + 3, AD_F64, AD_SHAPE(3), NULL}};
    affine gradient = {{0}, {0}};
    ad_array h[2] = {{0}};
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory->base, .checks = AD_CHECK_BOUNDS});
    if (t &&
        affine_value_with_gradient(t, affine_twice_kept, &model, NULL, NULL, &gradient) == AD_OK)
        ad_hvp(t, kept_again, 2, x, x, NULL, h);
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ck_assert(status == AD_OK || !h[0].data);
    ad_array_free(&h[0]);
    ad_array_free(&h[1]);
    affine_free(&gradient);
    ad_tape_free(t);
    return status;
}

#endif
