/* Eight threads, each with a tape of its own, that share arrays and one pool, on a machine that has
 * other work, in a process that forks (RELIABILITY R9). ThreadSanitizer runs this as well. */
#define _POSIX_C_SOURCE 200809L
#include "figure.h"
#include "suite.h"

#include <adze.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

AD_MODEL(net, w, b);

enum { TENANTS = 8, STEPS = 20, ROWS = 400, INPUTS = 60, OUTPUTS = 40 };

typedef struct house {
    ad_pool *pool;
    ad_array x;        /* f32 [ROWS, INPUTS] */
    ad_array target;   /* f32 [ROWS, OUTPUTS] */
    net start;         /* read by all */
    atomic_bool ended; /* for those that only make load */
} house;

static void build_house(house *h, int threads)
{
    ad_random r = ad_random_new(5, 0);
    h->pool = ad_pool_new(NULL, threads);
    h->x = ad_zeros(AD_F32, AD_SHAPE(ROWS, INPUTS));
    h->target = ad_zeros(AD_F32, AD_SHAPE(ROWS, OUTPUTS));
    h->start =
        (net){ad_zeros(AD_F32, AD_SHAPE(INPUTS, OUTPUTS)), ad_zeros(AD_F32, AD_SHAPE(OUTPUTS))};
    ck_assert_int_eq(ad_fill_normal(&h->x, &r, 0, 1), AD_OK);
    ck_assert_int_eq(ad_fill_uniform(&h->target, &r, 0, 1), AD_OK);
    ck_assert_int_eq(ad_fill_kaiming(&h->start.w, &r), AD_OK);
    atomic_init(&h->ended, false);
}

static void end_house(house *h)
{
    ad_array_free(&h->x);
    ad_array_free(&h->target);
    net_free(&h->start);
    ad_pool_free(h->pool);
}

static ad_tensor loss_of(ad_tape *t, const net_tensors *m, const void *env)
{
    const house *h = env;
    ad_tensor y = ad_dense(ad_freeze(t, h->x), m->w, m->b, AD_SIGMOID);
    return ad_mse(ad_exp(ad_mul(y, 0.5)), ad_freeze(t, h->target));
}

/* The last loss; NaN where something fails. No assertions: check's are for one thread. */
static double train(const house *h)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = h->pool});
    net model = {{0}, {0}}, gradient = {{0}, {0}};
    double loss = 0;
    bool good = t && net_copy(&h->start, &model, NULL) == AD_OK;
    for (int i = 0; good && i < STEPS; i++)
        good = net_value_with_gradient(t, loss_of, &model, h, &loss, &gradient) == AD_OK &&
               net_axpy(-0.5, &gradient, &model, NULL) == AD_OK;
    net_free(&model);
    net_free(&gradient);
    ad_tape_free(t);
    return good ? loss : -1;
}

/* ---- threads ---------------------------------------------------------------------------- */

typedef struct tenant {
    pthread_t thread;
    const house *h;
    double loss;
} tenant;

static void *live(void *user)
{
    tenant *own = user;
    own->loss = train(own->h);
    return NULL;
}

static void *burn(void *user)
{
    const house *h = user;
    volatile double heat = 1;
    while (!atomic_load(&h->ended))
        heat = heat * 1.0000001;
    return NULL;
}

static void move_in(tenant *all, house *h, pthread_t *burners, int burner_count)
{
    for (int i = 0; i < burner_count; i++)
        ck_assert_int_eq(pthread_create(&burners[i], NULL, burn, h), 0);
    for (int i = 0; i < TENANTS; i++) {
        all[i] = (tenant){.h = h};
        ck_assert_int_eq(pthread_create(&all[i].thread, NULL, live, &all[i]), 0);
    }
}

static void move_out(tenant *all, house *h, pthread_t *burners, int burner_count)
{
    for (int i = 0; i < TENANTS; i++)
        pthread_join(all[i].thread, NULL);
    atomic_store(&h->ended, true);
    for (int i = 0; i < burner_count; i++)
        pthread_join(burners[i], NULL);
}

START_TEST(eight_tapes_share_arrays_and_a_pool_under_load)
{
    enum { BURNERS = 3 };
    house h;
    tenant all[TENANTS];
    pthread_t burners[BURNERS];
    build_house(&h, _i);
    double alone = train(&h);
    ck_assert(alone > 0);
    move_in(all, &h, burners, BURNERS);
    move_out(all, &h, burners, BURNERS);
    for (int i = 0; i < TENANTS; i++)
        ck_assert_double_eq(all[i].loss, alone);
    end_house(&h);
}
END_TEST

/* ---- processes -------------------------------------------------------------------------- */

/* Forks a child that trains with its parent's pool and frees it. */
static void expect_child_trains(house *h, double wanted)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool same = train(h) == wanted;
        ad_pool_free(h->pool);
        _exit(same ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(a_process_may_fork_before_and_after_its_pool_has_worked)
{
    house h;
    build_house(&h, 4);
    double wanted = -1;
    pid_t child = fork(); /* before any work */
    if (child == 0)
        _exit(train(&h) > 0 ? 0 : 1);
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    wanted = train(&h);
    for (int i = 0; i < 5; i++) {
        expect_child_trains(&h, wanted);
        ck_assert_double_eq(train(&h), wanted);
    }
    end_house(&h);
}
END_TEST

/* The child has the forking thread only, wherever the others were. It makes a pool of its own. */
START_TEST(a_process_may_fork_while_others_are_at_work)
{
    house h;
    tenant all[TENANTS];
    build_house(&h, 2);
    double wanted = train(&h);
    move_in(all, &h, NULL, 0);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(ad_pool_threads(h.pool) == 2 ? 0 : 1);
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    move_out(all, &h, NULL, 0);
    for (int i = 0; i < TENANTS; i++)
        ck_assert_double_eq(all[i].loss, wanted);
    expect_child_trains(&h, wanted);
    figure("%d threads of %d steps in each round", TENANTS, STEPS);
    end_house(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sharing");
    TCase *c = tcase_create("threads and processes");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, eight_tapes_share_arrays_and_a_pool_under_load, 1, 5);
    tcase_add_test(c, a_process_may_fork_before_and_after_its_pool_has_worked);
    tcase_add_test(c, a_process_may_fork_while_others_are_at_work);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
