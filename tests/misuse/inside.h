/* Functions inside functions: rows for ops.c. */
#ifndef ADZE_TESTS_MISUSE_INSIDE_H
#define ADZE_TESTS_MISUSE_INSIDE_H

#include "misuse.h"

AD_MODEL(couple, a, b);
AD_MODEL_FUNCTIONS(couple);

static ad_tensor sum_of_product(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(x[0], x[1]));
}

static ad_tensor couple_product(ad_tape *t, const couple_tensors *m, const void *env)
{
    return sum_of_product(t, (ad_tensor[]){m->a, m->b}, env);
}

static ad_tensor couple_apply(ad_tape *t, const couple_tensors *m, const ad_tensor *x,
                              const void *env)
{
    return ad_mul(couple_product(t, m, env), sum_of_product(t, (ad_tensor[]){x[0], x[0]}, env));
}

static void product_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                             const void *env, ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(dy, x[1]);
    dx[1] = ad_mul(dy, x[0]);
}

/* The first of the gradients, which has to be as good as the value. */
static ad_tensor first_gradient(ad_function *f, int n, const ad_tensor *x, int wrt)
{
    ad_tensor g[2], y = ad_gradient_node(f, n, x, wrt, NULL, g);
    if (wrt > 0)
        ck_assert(!ad_read(y).data == !ad_read(g[0]).data);
    return y;
}

static ad_tensor model_gradient(couple_function *f, ad_tensor a, ad_tensor b)
{
    couple_tensors g, m = {a, b};
    ad_tensor y = couple_gradient_node(f, &m, NULL, &g);
    ck_assert(!ad_read(y).data == !ad_read(g.a).data && !ad_read(y).data == !ad_read(g.b).data);
    return y;
}

static ad_tensor input_gradient(couple_map *f, ad_tensor a, ad_tensor b, int n, const ad_tensor *x)
{
    ad_tensor g;
    couple_tensors m = {a, b};
    ad_tensor y = couple_input_gradient_node(f, &m, n, x, NULL, &g);
    if (n > 0)
        ck_assert(!ad_read(y).data == !ad_read(g).data);
    return y;
}

static ad_tensor sum_of_models(ad_tensor a, ad_tensor b)
{
    couple_tensors x = {a, b}, y = {b, a};
    return couple_tensors_axpy(2, &x, &y).b;
}

static ad_tensor no_model_sum(const ad_tensor *x, int way)
{
    couple_tensors sum, m = {x[A], x[B]};
    const ad_tree *d = &couple_tree;
    ad_model_tensors_axpy(NULL, 2, &m, &m, &sum);
    ad_model_tensors_axpy(d, 2, way == 0 ? NULL : &m, way == 1 ? NULL : &m, way == 2 ? NULL : &sum);
    ck_assert(way == 2 || !ad_read(sum.a).data);
    return (ad_tensor){.tape = x[A].tape, .bits = UINT32_MAX};
}

static ad_tensor no_model_gradient(const ad_tensor *x, int way)
{
    couple_tensors g, m = {x[A], x[B]};
    couple_call c = {couple_product, NULL};
    ad_model_function *f = way == 0 ? NULL : couple_call_function;
    ck_assert_ptr_null(ad_model_gradient_node(NULL, f, &m, &c, sizeof c, &g).tape);
    ck_assert_ptr_null(ad_model_gradient_node(&couple_tree, f, NULL, &c, sizeof c, &g).tape);
    return ad_model_gradient_node(&couple_tree, f, &m, way == 1 ? NULL : &c, sizeof c,
                                  way == 2 ? NULL : &g);
}

static ad_tensor couple_kept(couple_map *f, ad_tensor a, ad_tensor b, int n, const ad_tensor *x)
{
    couple_tensors m = {a, b};
    return couple_checkpoint(f, &m, n, x, NULL);
}

static ad_tensor no_model_kept(const ad_tensor *x, int way)
{
    couple_tensors m = {x[A], x[B]};
    couple_map_call c = {couple_apply, NULL};
    ad_model_map *f = couple_call_map;
    ck_assert_ptr_null(ad_model_checkpoint(NULL, f, &m, 1, &x[V], &c, sizeof c).tape);
    ck_assert_ptr_null(ad_model_checkpoint(&couple_tree, f, NULL, 1, &x[V], &c, sizeof c).tape);
    return ad_model_checkpoint(&couple_tree, way == 0 ? NULL : f, &m, way == 2 ? -1 : 1,
                               way == 3 ? NULL : &x[V], way == 1 ? NULL : &c, sizeof c);
}

static void product_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                         const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_mul(state[0], x[0]);
}

/* Sets the first state only. */
static void half_step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                      const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)x, (void)env;
    next[0] = ad_mul(state[0], state[1]);
}

/* The second result, which has to be as good as the first. */
static ad_tensor looped(ad_step_function *step, int64_t steps, int64_t snapshots, int n,
                        const ad_tensor *x, int states)
{
    ad_tensor y[2] = {ad_number(0), ad_number(0)};
    ad_tensor first = ad_checkpoint_loop(step, n, x, states, steps, snapshots, NULL, y);
    if (states > 0 && n > 0 && x)
        ck_assert(!ad_read(first).data == !ad_read(y[0]).data);
    return first;
}

/* y[0] = x[0] x[n - 1]. */
static void ends(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    y[0] = ad_mul(x[0], x[n - 1]);
}

/* clang-format off */
#define INSIDE_ROWS(ROW) \
    ROW(by_numbers, , ad_by_numbers(ends, 2, TWO_OF(A, B), AD_SCALAR, NULL), \
        BIT(A) | BIT(B)) \
    ROW(gradient_node, gradient, first_gradient(sum_of_product, 2, TWO_OF(A, B), 2), \
        BIT(A) | BIT(B)) \
    ROW(with_derivative, , ad_with_derivative(sum_of_product, product_pullback, 2, \
        TWO_OF(A, B), NULL), \
        BIT(A) | BIT(B)) \
    ROW(checkpoint, , ad_checkpoint(sum_of_product, 2, TWO_OF(A, B), NULL), \
        BIT(A) | BIT(B)) \
    ROW(checkpoint_loop, checkpoint_loop, looped(product_step, 3, 1, 2, TWO_OF(A, B), 1), \
        BIT(A) | BIT(B)) \
    ROW(model_checkpoint, , couple_kept(couple_apply, o[A], o[B], 1, &o[V]), \
        BIT(A) | BIT(B) | BIT(V)) \
    ROW(model_gradient_node, , model_gradient(couple_product, o[A], o[B]), \
        BIT(A) | BIT(B)) \
    ROW(model_input_gradient_node, , input_gradient(couple_apply, o[A], o[B], 1, &o[V]), \
        BIT(A) | BIT(B) | BIT(V)) \
    ROW(model_tensors_axpy, muladd, sum_of_models(o[A], o[B]), \
        BIT(A) | BIT(B))

#define BAD_INSIDE_ROWS(ROW) \
    ROW(by_numbers, 0, by_numbers, ad_by_numbers(NULL, 2, TWO_OF(A, B), AD_SCALAR, NULL), AD_MISUSE) \
    ROW(by_numbers, 1, by_numbers, ad_by_numbers(ends, 0, TWO_OF(A, B), AD_SCALAR, NULL), AD_OK) \
    ROW(by_numbers, 2, by_numbers, ad_by_numbers(ends, o ? 2 : 1, NULL, AD_SCALAR, NULL), AD_OK) \
    ROW(by_numbers, 3, by_numbers, ad_by_numbers(ends, 2, TWO_OF(A, B), AD_SHAPE(-1), NULL), \
        AD_BAD_SHAPE) \
    ROW(gradient_node, 0, gradient, first_gradient(NULL, 2, TWO_OF(A, B), 2), AD_MISUSE) \
    ROW(gradient_node, 1, gradient, ad_gradient_node(sum_of_product, 2, TWO_OF(A, B), 2, NULL, NULL), \
        AD_MISUSE) \
    ROW(gradient_node, 2, gradient, first_gradient(sum_of_product, 2, TWO_OF(A, B), 0), AD_MISUSE) \
    ROW(gradient_node, 3, gradient, first_gradient(sum_of_product, 2, TWO_OF(A, B), -1), AD_MISUSE) \
    ROW(gradient_node, 4, gradient, first_gradient(sum_of_product, 2, TWO_OF(A, B), 3), AD_MISUSE) \
    ROW(gradient_node, 5, gradient, first_gradient(sum_of_product, 0, TWO_OF(A, B), 1), AD_OK) \
    ROW(gradient_node, 6, gradient, first_gradient(sum_of_product, o ? 2 : 1, NULL, 1), AD_OK) \
    ROW(gradient_node, 7, gradient, first_gradient(sum_of_product, 2, TWO_OF(A, C), 1), AD_BAD_SHAPE) \
    ROW(with_derivative, 0, with_derivative, ad_with_derivative(NULL, product_pullback, 2, \
        TWO_OF(A, B), NULL), AD_MISUSE) \
    ROW(with_derivative, 1, with_derivative, ad_with_derivative(sum_of_product, NULL, 2, \
        TWO_OF(A, B), NULL), AD_MISUSE) \
    ROW(with_derivative, 2, with_derivative, ad_with_derivative(sum_of_product, product_pullback, -1, TWO_OF(A, B), \
        NULL), AD_OK) \
    ROW(with_derivative, 3, with_derivative, ad_with_derivative(sum_of_product, product_pullback, o ? 2 : 1, NULL, \
        NULL), AD_OK) \
    ROW(checkpoint, 0, checkpoint, ad_checkpoint(NULL, 2, TWO_OF(A, B), NULL), AD_MISUSE) \
    ROW(checkpoint, 1, checkpoint, ad_checkpoint(sum_of_product, 0, TWO_OF(A, B), NULL), AD_OK) \
    ROW(checkpoint, 2, checkpoint, ad_checkpoint(sum_of_product, o ? 2 : 1, NULL, NULL), AD_OK) \
    ROW(checkpoint, 3, checkpoint, ad_checkpoint(sum_of_product, 2, TWO_OF(A, C), NULL), \
        AD_BAD_SHAPE) \
    ROW(checkpoint_loop, 0, checkpoint_loop, looped(NULL, 3, 1, 2, TWO_OF(A, B), 1), AD_MISUSE) \
    ROW(checkpoint_loop, 1, checkpoint_loop, looped(product_step, -1, 1, 2, TWO_OF(A, B), 1), \
        AD_MISUSE) \
    ROW(checkpoint_loop, 2, checkpoint_loop, looped(product_step, 3, INT64_MIN, 2, TWO_OF(A, B), 1), \
        AD_MISUSE) \
    ROW(checkpoint_loop, 3, checkpoint_loop, looped(product_step, 3, 1, 2, TWO_OF(A, B), 0), \
        AD_MISUSE) \
    ROW(checkpoint_loop, 4, checkpoint_loop, looped(product_step, 3, 1, 2, TWO_OF(A, B), 3), \
        AD_MISUSE) \
    ROW(checkpoint_loop, 5, checkpoint_loop, looped(half_step, 3, 1, 2, TWO_OF(A, B), 2), \
        AD_MISUSE) \
    ROW(checkpoint_loop, 6, checkpoint_loop, looped(product_step, 3, 1, -1, TWO_OF(A, B), 1), AD_OK) \
    ROW(checkpoint_loop, 7, checkpoint_loop, looped(product_step, 3, 1, o ? 2 : 1, NULL, 1), AD_OK) \
    ROW(checkpoint_loop, 8, checkpoint_loop, looped(product_step, 3, 1, 2, TWO_OF(V, A), 1), \
        AD_BAD_SHAPE) \
    ROW(model_checkpoint, 0, checkpoint, no_model_kept(o, 0), AD_MISUSE) \
    ROW(model_checkpoint, 1, checkpoint, no_model_kept(o, 1), AD_MISUSE) \
    ROW(model_checkpoint, 2, checkpoint, no_model_kept(o, 2), AD_MISUSE) \
    ROW(model_checkpoint, 3, checkpoint, no_model_kept(o, 3), AD_MISUSE) \
    ROW(model_gradient_node, 0, gradient, model_gradient(NULL, o[A], o[B]), AD_MISUSE) \
    ROW(model_gradient_node, 1, gradient, no_model_gradient(o, 0), AD_MISUSE) \
    ROW(model_gradient_node, 2, gradient, no_model_gradient(o, 1), AD_MISUSE) \
    ROW(model_gradient_node, 3, gradient, no_model_gradient(o, 2), AD_MISUSE) \
    ROW(model_input_gradient_node, 0, gradient, input_gradient(NULL, o[A], o[B], 1, &o[V]), AD_MISUSE) \
    ROW(model_input_gradient_node, 1, gradient, input_gradient(couple_apply, o[A], o[B], 0, &o[V]), \
        AD_MISUSE) \
    ROW(model_input_gradient_node, 2, gradient, input_gradient(couple_apply, o[A], o[B], 1, NULL), \
        AD_MISUSE) \
    ROW(model_tensors_axpy, 0, axpy, no_model_sum(o, 0), AD_MISUSE) \
    ROW(model_tensors_axpy, 1, axpy, no_model_sum(o, 1), AD_MISUSE) \
    ROW(model_tensors_axpy, 2, axpy, no_model_sum(o, 2), AD_MISUSE)
/* clang-format on */

#endif
