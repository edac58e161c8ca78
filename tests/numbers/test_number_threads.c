/* Recorders share nothing: one in each of several threads gives the bits that it gives alone, and so do functions
 * of numbers on tapes that share a pool. ThreadSanitizer runs this as well. */
#include "random_formula.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 6, FEW = 300, WIDTH = 3000, FOUND = 4 * INPUTS + INPUTS * INPUTS + 2 };

typedef struct worker {
    const formula *f;
    ad_pool *pool;
    ad_status status;
    double found[FOUND];
} worker;

static void of_formula(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    static const size_t bytes = (INPUTS + FEW) * sizeof(ad_real);
    const formula *f = env;
    ad_real *all = malloc(bytes);
    if (!all)
        return;
    memcpy(all, x, n * sizeof *x);
    record_formula(f, all);
    memcpy(y, all + INPUTS + f->steps - m, m * sizeof *y);
    free(all);
}

/* By sweeps in all directions, of first and of second order. */
static ad_status differentiate(ad_recorder *r, const formula *f, unsigned keep, double *found)
{
    ad_real x[INPUTS], y[2];
    double hessian[INPUTS * INPUTS] = {0};
    ad_recorder_reset(r);
    ad_real_inputs(r, INPUTS, f->x, x);
    ad_recorder_mark mark = ad_recorder_here(r);
    ad_real_checkpoint(of_formula, INPUTS, x, 2, y, f);
    ad_recorder_collapse(mark, 1, y);
    of_formula(INPUTS, x, 1, y + 1, f);
    ad_real_gradient(y[0], INPUTS, x, found);
    ad_real_jacobian(2, y, INPUTS, x, found + INPUTS);
    if (keep & AD_KEEP_SECOND)
        ad_real_hessian(y[1], INPUTS, x, hessian);
    memcpy(found + 3 * INPUTS, hessian, sizeof hessian);
    return ad_recorder_status(r);
}

/* As one value of a tape, among operations that the pool shares out. */
static ad_status on_a_tape(const worker *w, double *found)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = w->pool});
    ad_tensor x = ad_watch(t, AD_VIEW((double *)(uintptr_t)w->f->x, INPUTS));
    ad_tensor wide = ad_broadcast_to(ad_reshape(x, AD_SHAPE(1, INPUTS)), AD_SHAPE(WIDTH, INPUTS));
    ad_tensor y = ad_by_numbers(of_formula, 1, &x, AD_SHAPE(2), w->f);
    ad_tensor loss = ad_add(ad_sum(ad_mul(y, y)), ad_mean(ad_exp(wide)));
    ad_status status = ad_backward(loss);
    if (status == AD_OK) {
        memcpy(found, ad_grad(x).data, INPUTS * sizeof *found);
        found[INPUTS] = ad_item(loss);
    }
    ad_tape_free(t);
    return status;
}

static void *work(void *argument)
{
    worker *w = argument;
    const unsigned keep = w->pool ? AD_KEEP_SECOND : 0;
    ad_recorder_options options = {.size = sizeof options, .keep = keep};
    ad_recorder *r = ad_recorder_new(&options);
    w->status = r ? AD_OK : AD_MEMORY;
    for (int round = 0; w->status == AD_OK && round < ROUNDS; round++) {
        w->status = differentiate(r, w->f, keep, w->found);
        if (w->status == AD_OK)
            w->status = on_a_tape(w, w->found + FOUND - INPUTS - 2);
    }
    ad_recorder_free(r);
    return NULL;
}

START_TEST(recorders_in_several_threads_give_the_bits_of_one)
{
    long double exact[INPUTS + FEW];
    formula *f = random_formula(21, FEW, exact);
    ad_pool *pool = _i ? ad_pool_new(NULL, 3) : NULL;
    worker alone = {.f = f, .pool = pool}, all[THREADS];
    pthread_t thread[THREADS];
    work(&alone);
    ck_assert_int_eq(alone.status, AD_OK);
    for (int k = 0; k < THREADS; k++) {
        all[k] = (worker){.f = f, .pool = pool};
        ck_assert_int_eq(pthread_create(&thread[k], NULL, work, &all[k]), 0);
    }
    for (int k = 0; k < THREADS; k++) {
        ck_assert_int_eq(pthread_join(thread[k], NULL), 0);
        ck_assert_int_eq(all[k].status, AD_OK);
        ck_assert_mem_eq(all[k].found, alone.found, sizeof alone.found);
    }
    ad_pool_free(pool);
    free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorders in threads");
    TCase *tests = tcase_create("threads");
    tcase_add_loop_test(tests, recorders_in_several_threads_give_the_bits_of_one, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
