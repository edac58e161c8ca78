/* What ranks cost and bring, run by mpirun:
 *
 *     mpirun -n 2 build/bench/adze-bench-ranks [SECONDS]
 *
 * Averages of gradients beside a bare MPI_Allreduce of the same bytes, and a step of training on
 * 512 images by all ranks beside the same step by rank 0 alone. The two take turns in one run,
 * so their ratio holds on a busy machine. Times are of the slowest rank: medians, and in
 * brackets the least, which say more of a machine that others use, too. */
#define _POSIX_C_SOURCE 200809L
#include <adze.h>
#include <adze/mpi.h>

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, hidden), (dense, output));
AD_MODEL(numbers, x);
AD_MODEL_MPI(net);
AD_MODEL_MPI(numbers);

enum { BATCH = 512, SLICE = 64, PIXELS = 784, HIDDEN = 50, CLASSES = 10, MOST = 20000 };

static double seconds_a_case = 1;

static void check(ad_error *error)
{
    if (error->status == AD_OK)
        return;
    fprintf(stderr, "%s\n", error->text);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* ---- turns ----------------------------------------------------------------------------- */

typedef struct turn {
    void (*prepare)(void *state); /* is not timed; NULL: nothing */
    void (*work)(void *state);
    bool alone; /* rank 0's */
    double time[MOST];
} turn;

/* A rank that has nothing to do leaves its core to others. */
static void meet(void)
{
    MPI_Request all;
    int done = 0;
    MPI_Ibarrier(MPI_COMM_WORLD, &all);
    while (!done) {
        MPI_Test(&all, &done, MPI_STATUS_IGNORE);
        if (!done)
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct quantiles {
    double median, least;
} quantiles;

static quantiles of(turn *t, int n)
{
    qsort(t->time, (size_t)n, sizeof *t->time, by_size);
    return (quantiles){t->time[n / 2], t->time[0]};
}

static void take_turn(turn *t, int i, void *state, int rank)
{
    double slowest, time = 0;
    if (t->prepare)
        t->prepare(state);
    meet();
    if (!t->alone)
        MPI_Barrier(MPI_COMM_WORLD);
    if (!t->alone || rank == 0) {
        double start = MPI_Wtime();
        t->work(state);
        time = MPI_Wtime() - start;
    }
    meet();
    MPI_Allreduce(&time, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD); /* no NaN */
    t->time[i] = slowest;
}

/* How often all have taken turns. */
static int run(turn *turns, int count, void *state, int rank)
{
    int n = 0, more = 1;
    double start = MPI_Wtime();
    for (int k = 0; k < count; k++)
        take_turn(&turns[k], 0, state, rank);
    while (more && n < MOST) {
        for (int k = 0; k < count; k++)
            take_turn(&turns[k], n, state, rank);
        n++;
        more = MPI_Wtime() - start < seconds_a_case || n < 5;
        MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    return n;
}

/* ---- averages -------------------------------------------------------------------------- */

typedef struct averaging {
    ad_mpi *m;
    numbers gradient;
    float *bare;
    int n;
} averaging;

/* A gradient has just been written when it is averaged: it lies in the cache of its core, from
 * where another core reads it slower than from memory. */
static void write_numbers(float *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)(i % 64);
}

static void write_bare(void *state)
{
    averaging *a = state;
    write_numbers(a->bare, a->n);
}

static void write_gradient(void *state)
{
    averaging *a = state;
    write_numbers(a->gradient.x.data, a->n);
}

static void allreduce(void *state)
{
    averaging *a = state;
    MPI_Allreduce(MPI_IN_PLACE, a->bare, a->n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

static void average(void *state)
{
    averaging *a = state;
    ad_error error = {0};
    numbers_mpi_average(a->m, &a->gradient, &error);
    check(&error);
}

static void compare_averages(ad_mpi *m, int n, turn *turns)
{
    averaging a = {m, {ad_zeros(AD_F32, AD_SHAPE(n))}, calloc((size_t)n, sizeof(float)), n};
    turns[0] = (turn){.prepare = write_bare, .work = allreduce};
    turns[1] = (turn){.prepare = write_gradient, .work = average};
    int times = run(turns, 2, &a, ad_mpi_rank(m));
    quantiles bare = of(&turns[0], times), adze = of(&turns[1], times);
    if (ad_mpi_rank(m) == 0)
        printf("average of %8d f32: MPI_Allreduce %9.1f us (%9.1f), ad_mpi_average %9.1f us "
               "(%9.1f), ratio %.2f "
               "(%.2f), %d turns\n",
               n, bare.median * 1e6, bare.least * 1e6, adze.median * 1e6, adze.least * 1e6,
               adze.median / bare.median, adze.least / bare.least, times);
    numbers_free(&a.gradient);
    free(a.bare);
}

/* ---- steps ----------------------------------------------------------------------------- */

typedef struct stepping {
    ad_mpi *all, *alone;
    ad_tape *tape;
    net model, gradient;
    ad_states states;
    ad_array images, labels;
} stepping;

static ad_tensor loss(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_dense(x[0], m->hidden.w, m->hidden.b, AD_RELU);
    return ad_softmax_cross_entropy(ad_dense(h, m->output.w, m->output.b, AD_IDENTITY), x[1]);
}

static void step(stepping *s, ad_mpi *m)
{
    ad_error error = {0};
    const ad_adam adam = ad_adam_new(1e-7);
    const ad_view data[] = {ad_array_view(s->images), ad_array_view(s->labels)};
    const ad_rows_options o = {.size = sizeof o, .slice = SLICE};
    if (net_mpi_value_with_gradient(m, s->tape, loss, &s->model, 2, data, &o, NULL, NULL,
                                    &s->gradient, &error) == AD_OK)
        net_step(ad_adam_method(&adam), &s->gradient, &s->states, &s->model, &error);
    check(&error);
}

static void step_of_all(void *state)
{
    step(state, ((stepping *)state)->all);
}

static void step_alone(void *state)
{
    step(state, ((stepping *)state)->alone);
}

static dense layer(int64_t inputs, int64_t outputs, ad_random *r)
{
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    ad_fill_kaiming(&d.w, r);
    return d;
}

static void print_profile(const ad_mpi *m, const ad_mpi_info *before, double seconds)
{
    ad_mpi_info i = {.size = sizeof i};
    ad_mpi_measure(m, &i);
    double calls = (double)(i.calls - before->calls), us = 1e6 / calls;
    printf("    of a call on rank 0: %.1f us until all had called, %.1f us sending %.0f bytes, "
           "%.1f us "
           "adding up, of %.1f us\n",
           (i.waiting - before->waiting) * us, (i.sending - before->sending) * us,
           (double)(i.bytes - before->bytes) / calls, (i.adding - before->adding) * us,
           seconds * 1e6);
}

static void compare_steps(ad_mpi *m, ad_mpi *alone, turn *turns)
{
    ad_random r = ad_random_new(1, 0);
    ad_mpi_info before = {.size = sizeof before};
    stepping s = {.all = m, .alone = alone, .tape = ad_tape_new(NULL)};
    s.model = (net){layer(PIXELS, HIDDEN, &r), layer(HIDDEN, CLASSES, &r)};
    s.images = ad_zeros(AD_F32, AD_SHAPE(BATCH, PIXELS));
    s.labels = ad_zeros(AD_I32, AD_SHAPE(BATCH));
    ad_fill_uniform(&s.images, &r, 0, 1);
    for (int i = 0; i < BATCH; i++)
        ((int32_t *)s.labels.data)[i] = i % CLASSES;
    turns[0] = (turn){.work = step_alone, .alone = true};
    turns[1] = (turn){.work = step_of_all};
    ad_mpi_measure(m, &before);
    int times = run(turns, 2, &s, ad_mpi_rank(m));
    quantiles one = of(&turns[0], times), all = of(&turns[1], times);
    if (ad_mpi_rank(m) == 0) {
        printf("step on %d images in slices of %d: 1 rank %.1f us (%.1f), %d ranks %.1f us (%.1f), "
               "%.2f (%.2f) "
               "times as fast, %d turns\n",
               BATCH, SLICE, one.median * 1e6, one.least * 1e6, ad_mpi_ranks(m), all.median * 1e6,
               all.least * 1e6, one.median / all.median, one.least / all.least, times);
        print_profile(m, &before, all.median);
    }
    net_free(&s.model);
    net_free(&s.gradient);
    ad_states_free(&s.states);
    ad_array_free(&s.images);
    ad_array_free(&s.labels);
    ad_tape_free(s.tape);
}

int main(int argc, char **argv)
{
    static const int sizes[] = {1000, 10000, 39760, 100000, 1000000, 10000000};
    static turn turns[2];
    MPI_Comm self = MPI_COMM_SELF;
    ad_error error = {0};
    MPI_Init(&argc, &argv);
    if (argc > 1)
        seconds_a_case = atof(argv[1]);
    ad_mpi *m = ad_mpi_new(NULL, NULL, &error), *alone = ad_mpi_new(&self, NULL, &error);
    check(&error);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        compare_averages(m, sizes[i], turns);
    compare_steps(m, alone, turns);
    ad_mpi_free(alone);
    ad_mpi_free(m);
    MPI_Finalize();
    return 0;
}
