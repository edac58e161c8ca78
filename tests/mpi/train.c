/* Trains a small net for 100 steps on batches of changing size, and prints a digest of all bits
 * that came out of it.
 *
 *     train THREADS all|own [STATE [STEP]]
 *
 * own: each rank has the rows of its share alone. STATE: a file with the training state after each step, from which a
 * run goes on. STEP: that in which the last rank is killed. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io/training.h"
#include "adze/mpi.h"
#include "adze/ops.h"
#include "adze/random.h"

#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, hidden), (dense, output));
AD_MODEL_MPI(net);
AD_MODEL_TRAINING(net);

enum { ROWS = 500, INPUTS = 6, HIDDEN = 7, STEPS = 100 };

/* One hidden layer in f32, and an output in f64. x[0] is [rows, INPUTS], x[1] [rows]. */
static ad_tensor loss(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_dense(x[0], m->hidden.w, m->hidden.b, AD_TANH);
    ad_tensor y = ad_dense(ad_cast(h, AD_F64), m->output.w, m->output.b, AD_IDENTITY);
    return ad_mean(ad_square(ad_sub(ad_squeeze(y, -1), ad_cast(x[1], AD_F64))));
}

static ad_array filled(ad_type type, ad_shape shape, ad_random *r)
{
    ad_array a = ad_zeros(type, shape);
    ad_fill_uniform(&a, r, -1, 1);
    return a;
}

/* FNV-1a. */
static uint64_t digest(uint64_t d, const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        d = (d ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
    return d;
}

typedef struct training {
    ad_mpi *m;
    ad_tape *tape;
    net model, gradient;
    ad_adam adam;
    ad_array x, y;
    bool own; /* rows */
    uint64_t digest;
    const char *state; /* NULL: none */
    int killed;        /* the step in which the last rank is; -1: none */
} training;

/* The rows of a batch that this rank has. */
static ad_view part_of(const ad_array *a, int64_t first, int64_t rows)
{
    ad_view v = ad_array_view(*a);
    v.data = (const char *)v.data + first * v.stride[0] * (int64_t)ad_type_size(v.type);
    v.shape.dim[0] = rows;
    return v;
}

static void step(training *t, int number, ad_states *states, ad_error *error)
{
    int64_t first = number % 5, rows = ROWS - 10 - 3 * number, own_first = 0, own = rows;
    ad_rows_part held = {.size = sizeof held, .rows = rows};
    ad_rows_options o = {.size = sizeof o, .slice = 7, .parallel = true, .groups = number % 40};
    ad_view data[] = {part_of(&t->x, first, rows), part_of(&t->y, first, rows)};
    ad_rows_cut cut;
    ad_cut_rows(2, data, &o, &cut, error);
    if (t->own) {
        ad_mpi_share(t->m, &cut, &own_first, &own);
        data[0] = part_of(&t->x, first + own_first, own);
        data[1] = part_of(&t->y, first + own_first, own);
        held.first = own_first;
        o.part = &held;
    }
    if (number == t->killed && ad_mpi_rank(t->m) == ad_mpi_ranks(t->m) - 1)
        raise(SIGKILL);
    double value = 0;
    if (net_mpi_value_with_gradient(t->m, t->tape, loss, &t->model, 2, data, &o, NULL, &value,
                                    &t->gradient, error) == AD_OK)
        net_step(ad_adam_method(&t->adam), &t->gradient, states, &t->model, error);
    t->digest = digest(t->digest, &value, sizeof value);
}

/* What changes from step to step, read by all ranks, and written by the first. */
static ad_status keep(training *t, ad_states *states, bool load, ad_error *error)
{
    int64_t word;
    memcpy(&word, &t->digest, sizeof word);
    const ad_training_part parts[] = {
        net_part("model", &t->model),
        net_states_part("adam", ad_adam_method(&t->adam), states, &t->model),
        ad_integer_part("digest", &word)};
    const int n = sizeof parts / sizeof *parts;
    const ad_training_load_options options = {.size = sizeof options, .may_be_missing = true};
    if (!t->state)
        return AD_OK;
    ad_status own = AD_OK;
    if (load)
        own = ad_training_load(t->state, n, parts, &options, error);
    else if (ad_mpi_rank(t->m) == 0)
        own = ad_training_save(t->state, n, parts, NULL, error);
    memcpy(&t->digest, &word, sizeof word);
    ad_status all = ad_mpi_agree(t->m, error);
    return own == AD_OK ? all : own;
}

static void run(training *t, ad_error *error)
{
    ad_states states = {0};
    keep(t, &states, true, error);
    while (states.steps < STEPS && error->status == AD_OK) {
        step(t, (int)states.steps, &states, error);
        if (error->status == AD_OK)
            keep(t, &states, false, error);
    }
    net_mpi_compare(t->m, &t->model, error);
    const ad_array *a = &t->model.hidden.w;
    for (int i = 0; i < 4; i++)
        t->digest = digest(t->digest, a[i].data, ad_array_count(&a[i]) * ad_type_size(a[i].type));
    ad_states_free(&states);
}

int main(int argc, char **argv)
{
    ad_error error = {0};
    int level;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    ad_random r = ad_random_new(3, 0);
    ad_pool *pool = ad_pool_new(NULL, argc > 1 ? atoi(argv[1]) : 1);
    training t = {
        .m = ad_mpi_new(NULL, &(ad_mpi_options){.size = sizeof(ad_mpi_options), .patience = 60},
                        &error),
        .tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool}),
        .x = filled(AD_F32, AD_SHAPE(ROWS, INPUTS), &r),
        .y = filled(AD_F32, AD_SHAPE(ROWS), &r),
        .own = argc > 2 && strcmp(argv[2], "own") == 0,
        .adam = ad_adam_new(1e-2),
        .digest = 0xcbf29ce484222325u,
        .state = argc > 3 ? argv[3] : NULL,
        .killed = argc > 4 ? atoi(argv[4]) : -1};
    t.model =
        (net){{filled(AD_F32, AD_SHAPE(INPUTS, HIDDEN), &r), filled(AD_F32, AD_SHAPE(HIDDEN), &r)},
              {filled(AD_F64, AD_SHAPE(HIDDEN, 1), &r), filled(AD_F64, AD_SHAPE(1), &r)}};
    if (t.m)
        run(&t, &error);
    int rank = ad_mpi_rank(t.m), ranks = ad_mpi_ranks(t.m);
    if (error.status != AD_OK)
        fprintf(stderr, "rank %d of %d: %s\n", rank, ranks, error.text);
    else if (rank == 0)
        printf("%d ranks: %016llx\n", ranks, (unsigned long long)t.digest);
    net_free(&t.model);
    net_free(&t.gradient);
    ad_array_free(&t.x);
    ad_array_free(&t.y);
    ad_mpi_free(t.m);
    ad_tape_free(t.tape);
    ad_pool_free(pool);
    MPI_Finalize();
    return error.status != AD_OK;
}
