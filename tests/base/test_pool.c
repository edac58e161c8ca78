/* Pools of threads, and what must not depend on them: the bits of every kind of result, for any
 * number of threads (RELIABILITY R8); tapes that share a pool (R9); processes that fork. */
#define _POSIX_C_SOURCE 200809L
#include "allocator.h"
#include "suite.h"

#include "base/workspace.h"
#include "tape/node.h"

#include <adze.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- tasks ----------------------------------------------------------------------------- */

enum { TASKS = 1000 };

typedef struct counts {
    _Atomic int task[TASKS];
    _Atomic int workers[8]; /* tasks at work */
} counts;

static void count_task(void *user, size_t task, int worker)
{
    counts *c = user;
    ck_assert_int_eq(atomic_fetch_add(&c->workers[worker], 1), 0);
    atomic_fetch_add(&c->task[task], 1);
    atomic_fetch_sub(&c->workers[worker], 1);
}

START_TEST(each_task_runs_once_and_no_two_at_a_time_have_a_worker)
{
    static counts c;
    ad_pool *p = ad_pool_new(NULL, _i);
    ck_assert_int_eq(ad_pool_threads(p), _i);
    for (int round = 1; round <= 200; round++) {
        size_t tasks = (size_t)(round * 37 % TASKS);
        memset(&c, 0, sizeof c);
        ad_pool_run(p, tasks, count_task, &c);
        for (size_t i = 0; i < TASKS; i++)
            ck_assert_int_eq(c.task[i], i < tasks);
    }
    ad_pool_free(p);
}
END_TEST

START_TEST(workers_that_fell_asleep_wake_up)
{
    static counts c;
    ad_pool *p = ad_pool_new(NULL, 3);
    for (int round = 0; round < 5; round++) {
        struct timespec nap = {.tv_nsec = 20000000};
        nanosleep(&nap, NULL);
        memset(&c, 0, sizeof c);
        ad_pool_run(p, TASKS, count_task, &c);
        for (size_t i = 0; i < TASKS; i++)
            ck_assert_int_eq(c.task[i], 1);
    }
    ad_pool_free(p);
}
END_TEST

START_TEST(a_pool_knows_whether_threads_have_shared_a_job_since_it_was_asked)
{
    static counts c;
    ad_pool *p = ad_pool_new(NULL, 2), *alone = ad_pool_new(NULL, 1);
    ck_assert(!ad_pool_has_shared(p));
    ad_pool_run(p, 1, count_task, &c);
    ck_assert(!ad_pool_has_shared(p));
    ad_pool_run(p, 2, count_task, &c);
    ck_assert(ad_pool_has_shared(p));
    ck_assert(!ad_pool_has_shared(p));
    ad_pool_run(alone, 2, count_task, &c);
    ck_assert(!ad_pool_has_shared(alone));
    ck_assert(!ad_pool_has_shared(NULL));
    ad_pool_free(p);
    ad_pool_free(alone);
}
END_TEST

START_TEST(impossible_pools_are_refused)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ck_assert_ptr_null(ad_pool_new(NULL, 0));
    ck_assert_ptr_null(ad_pool_new(NULL, -3));
    ck_assert_ptr_null(ad_pool_new(NULL, AD_MAX_THREADS + 1));
    memory.fail_at = 1;
    ck_assert_ptr_null(ad_pool_new(&memory.base, 2));
    memory.fail_at = 0;
    ad_pool_free(ad_pool_new(&memory.base, 2));
    ck_assert_uint_eq(memory.live_blocks, 0);
    ad_pool_free(NULL);
    ck_assert_int_eq(ad_pool_threads(NULL), 1);
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------ */

enum { ROWS = 3000, COLUMNS = 70, CLASSES = 30 };

typedef struct numbers {
    float *x, *w, *b;
    int32_t *label;
} numbers;

static float *random_floats(ad_random *r, size_t n)
{
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)ad_random_normal(r);
    return x;
}

static numbers make_numbers(void)
{
    ad_random r = ad_random_new(3, 0);
    numbers v = {random_floats(&r, ROWS * COLUMNS), random_floats(&r, COLUMNS * CLASSES),
                 random_floats(&r, CLASSES), malloc(ROWS * sizeof(int32_t))};
    for (int i = 0; i < ROWS; i++)
        v.label[i] = (int32_t)ad_random_below(&r, CLASSES);
    return v;
}

static void free_numbers(numbers *v)
{
    free(v->x);
    free(v->w);
    free(v->b);
    free(v->label);
}

typedef ad_tensor some_function(ad_tape *t, ad_tensor x, ad_tensor w, ad_tensor b,
                                const numbers *v);

static ad_tensor layers(ad_tape *t, ad_tensor x, ad_tensor w, ad_tensor b, const numbers *v)
{
    ad_tensor y = ad_dense(x, w, b, AD_TANH);
    return ad_softmax_cross_entropy(y, ad_freeze(t, AD_VIEW(v->label, ROWS)));
}

static ad_tensor elementwise(ad_tape *t, ad_tensor x, ad_tensor w, ad_tensor b, const numbers *v)
{
    (void)t, (void)w, (void)b, (void)v;
    ad_tensor y = ad_mul(ad_exp(ad_mul(x, 0.1)), ad_sigmoid(ad_transpose(ad_transpose(x))));
    return ad_sum(ad_where(ad_greater(x, 0), ad_sqrt(ad_add(ad_square(y), 1)), ad_sin(y)));
}

static ad_tensor along_axes(ad_tape *t, ad_tensor x, ad_tensor w, ad_tensor b, const numbers *v)
{
    (void)t, (void)w, (void)b, (void)v;
    ad_tensor rows = ad_logsumexp_over(x, AD_AXES(1)), columns = ad_std_over(x, AD_AXES(0), 1);
    ad_tensor shares = ad_transpose(ad_softmax(ad_transpose(x), 0));
    ad_tensor most = ad_max_over(ad_mul(x, shares), AD_AXES(0));
    return ad_add(ad_mean(ad_square(rows)), ad_sum(ad_mul(columns, most)));
}

static ad_tensor broadcast(ad_tape *t, ad_tensor x, ad_tensor w, ad_tensor b, const numbers *v)
{
    (void)t, (void)b, (void)v;
    ad_tensor row = ad_slice(ad_transpose(w), 0, 0, 1);
    ad_tensor column = ad_slice(x, 1, 3, 4);
    return ad_sum(ad_square(ad_add(ad_mul(x, row), column)));
}

static some_function *const functions[] = {elementwise, along_axes, broadcast, layers};
enum { FUNCTIONS = sizeof functions / sizeof *functions, SPLIT_PRODUCTS = FUNCTIONS - 1 };

static uint64_t hash(uint64_t h, ad_view v)
{
    const unsigned char *bytes = v.data;
    for (size_t i = 0, n = ad_view_count(&v) * ad_type_size(v.type); i < n; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

/* Value and gradients in one number. */
static uint64_t bits_of(some_function *f, const numbers *v, ad_pool *pool, ad_isa isa)
{
    ad_tape_options options = {.size = sizeof options, .pool = pool};
    ad_tape *t = ad_tape_new(&options);
    t->work.isa = isa;
    ad_tensor x = ad_watch(t, AD_VIEW(v->x, ROWS, COLUMNS));
    ad_tensor w = ad_watch(t, AD_VIEW(v->w, COLUMNS, CLASSES));
    ad_tensor b = ad_watch(t, AD_VIEW(v->b, CLASSES));
    ad_tensor y = f(t, x, w, b, v);
    ck_assert_msg(ad_backward(y) == AD_OK, "%s", ad_tape_error(t));
    uint64_t h = hash(14695981039346656037u, ad_read(y));
    h = hash(hash(hash(h, ad_grad(x)), ad_grad(w)), ad_grad(b));
    ad_tape_free(t);
    return h;
}

START_TEST(no_bit_depends_on_the_number_of_threads)
{
    static const int threads[] = {2, 3, 4, 8};
    numbers v = make_numbers();
    uint64_t alone = bits_of(functions[_i], &v, NULL, ad_cpu_isa());
    for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
        ad_pool *p = ad_pool_new(NULL, threads[k]);
        ck_assert_msg(bits_of(functions[_i], &v, p, ad_cpu_isa()) == alone, "%d threads",
                      threads[k]);
        ad_pool_free(p);
    }
    free_numbers(&v);
}
END_TEST

/* Products are another matter: there multiply-adds are fused where the machine can. */
START_TEST(elementwise_bits_do_not_depend_on_the_instruction_set)
{
    numbers v = make_numbers();
    uint64_t best = bits_of(functions[_i], &v, NULL, ad_cpu_isa());
    for (int isa = 0; isa < (int)ad_cpu_isa(); isa++)
        ck_assert_msg(bits_of(functions[_i], &v, NULL, (ad_isa)isa) == best, "set %d", isa);
    free_numbers(&v);
}
END_TEST

/* ---- sharing --------------------------------------------------------------------------- */

typedef struct tenant {
    pthread_t thread;
    ad_pool *pool;
    const numbers *v;
    uint64_t bits;
} tenant;

static void *compute(void *user)
{
    tenant *own = user;
    own->bits = bits_of(layers, own->v, own->pool, ad_cpu_isa());
    return NULL;
}

START_TEST(tapes_of_several_threads_may_share_a_pool)
{
    enum { TENANTS = 8 };
    tenant all[TENANTS];
    numbers v = make_numbers();
    ad_pool *p = ad_pool_new(NULL, 2);
    for (int i = 0; i < TENANTS; i++) {
        all[i] = (tenant){.pool = p, .v = &v};
        ck_assert_int_eq(pthread_create(&all[i].thread, NULL, compute, &all[i]), 0);
    }
    for (int i = 0; i < TENANTS; i++)
        pthread_join(all[i].thread, NULL);
    for (int i = 0; i < TENANTS; i++)
        ck_assert_uint_eq(all[i].bits, all[0].bits);
    ad_pool_free(p);
    free_numbers(&v);
}
END_TEST

START_TEST(a_forked_child_may_use_and_free_its_parents_pool)
{
    numbers v = make_numbers();
    ad_pool *p = ad_pool_new(NULL, 2);
    uint64_t before = bits_of(layers, &v, p, ad_cpu_isa());
    pid_t child = fork();
    if (child == 0) {
        bool same = bits_of(layers, &v, p, ad_cpu_isa()) == before;
        ad_pool_free(p);
        _exit(same ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(bits_of(layers, &v, p, ad_cpu_isa()), before);
    ad_pool_free(p);
    free_numbers(&v);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *c = tcase_create("threads");
    tcase_add_loop_test(c, each_task_runs_once_and_no_two_at_a_time_have_a_worker, 1, 8);
    tcase_add_test(c, workers_that_fell_asleep_wake_up);
    tcase_add_test(c, a_pool_knows_whether_threads_have_shared_a_job_since_it_was_asked);
    tcase_add_test(c, impossible_pools_are_refused);
    tcase_add_loop_test(c, no_bit_depends_on_the_number_of_threads, 0, FUNCTIONS);
    tcase_add_loop_test(c, elementwise_bits_do_not_depend_on_the_instruction_set, 0,
                        SPLIT_PRODUCTS);
    tcase_add_test(c, tapes_of_several_threads_may_share_a_pool);
    tcase_add_test(c, a_forked_child_may_use_and_free_its_parents_pool);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
