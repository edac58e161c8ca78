/* What tests of ranks share. Each rank runs all tests; an assertion that fails on one lets the
 * others run out of patience. */
#ifndef ADZE_TESTS_RANKS_H
#define ADZE_TESTS_RANKS_H

#include "adze/mpi.h"
#include "adze/ops.h"
#include "adze/random.h"

#include "allocator.h"
#include "suite.h"

#include <math.h>
#include <mpi.h>
#include <string.h>

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, hidden), (dense, output));
AD_MODEL_MPI(net);

enum { ROWS = 230, INPUTS = 5, HIDDEN = 4, FIELDS = 4 };

static inline ad_array *fields(net *m)
{
    return &m->hidden.w;
}

/* The same numbers on all ranks. */
static inline ad_array filled(ad_type type, ad_shape shape, uint64_t seed)
{
    ad_random r = ad_random_new(seed, 0);
    ad_array a = ad_zeros(type, shape);
    ck_assert_int_eq(ad_fill_uniform(&a, &r, -1, 1), AD_OK);
    return a;
}

/* A layer in f32 and one in f64. */
static inline net new_net(uint64_t seed)
{
    return (net){
        {filled(AD_F32, AD_SHAPE(INPUTS, HIDDEN), seed),
         filled(AD_F32, AD_SHAPE(HIDDEN), seed + 1)},
        {filled(AD_F64, AD_SHAPE(HIDDEN, 1), seed + 2), filled(AD_F64, AD_SHAPE(1), seed + 3)}};
}

static inline ad_tensor loss(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_cast(ad_dense(x[0], m->hidden.w, m->hidden.b, AD_TANH), AD_F64);
    return ad_mean(ad_square(ad_dense(h, m->output.w, m->output.b, AD_IDENTITY)));
}

static inline bool same_bits(const ad_array *a, const ad_array *b)
{
    return a->type == b->type && ad_shape_equal(&a->shape, &b->shape) &&
           memcmp(a->data, b->data, ad_array_count(a) * ad_type_size(a->type)) == 0;
}

static inline bool same_nets(net *a, net *b)
{
    bool same = true;
    for (int i = 0; i < FIELDS; i++)
        same = same && same_bits(&fields(a)[i], &fields(b)[i]);
    return same;
}

/* ---- the scene ------------------------------------------------------------------------- */

typedef struct scene {
    test_allocator memory;
    ad_mpi *m;
    int rank, ranks;
    ad_pool *pool;
    ad_tape *tape;
    ad_array data; /* [ROWS, INPUTS] */
    ad_view view;
    net model, gradient;
    double value;
    ad_error error;
} scene;

/* Messages of so many bytes; 0: the usual. */
static inline void open_scene(scene *s, size_t message)
{
    memset(s, 0, sizeof *s);
    test_allocator_init(&s->memory);
    const ad_mpi_options o = {
        .size = sizeof o, .allocator = &s->memory.base, .patience = 20, .message = message};
    s->m = ad_mpi_new(NULL, &o, &s->error);
    ck_assert_msg(s->m != NULL, "%s", s->error.text);
    s->rank = ad_mpi_rank(s->m);
    s->ranks = ad_mpi_ranks(s->m);
    s->pool = ad_pool_new(NULL, 2);
    s->tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = s->pool});
    s->data = filled(AD_F32, AD_SHAPE(ROWS, INPUTS), 7);
    s->view = ad_array_view(s->data);
    s->model = new_net(11);
    s->value = 42;
}

static inline void close_scene(scene *s)
{
    ad_mpi_free(s->m);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
    net_free(&s->model);
    net_free(&s->gradient);
    ad_array_free(&s->data);
    ad_tape_free(s->tape);
    ad_pool_free(s->pool);
}

static inline ad_status take_gradient(scene *s, net_map *map, const ad_rows_options *o)
{
    return net_mpi_value_with_gradient(s->m, s->tape, map, &s->model, 1, &s->view, o, NULL,
                                       &s->value, &s->gradient, &s->error);
}

/* The sum of the ranks' numbers as the header says. */
typedef double rank_number(int rank, size_t i);
static inline double tree_sum(rank_number *x, size_t i, int lo, int hi)
{
    int middle = lo + (hi - lo + 1) / 2;
    return hi - lo == 1 ? x(lo, i) : tree_sum(x, i, lo, middle) + tree_sum(x, i, middle, hi);
}

Suite *sums_suite(void);
Suite *refusals_suite(void);

#endif
