/* What tests of slices of rows share: a network on random rows, its gradient over all of them at once and
 * slice by slice, and the distance between two. */
#ifndef ADZE_TESTS_SLICES_H
#define ADZE_TESTS_SLICES_H

#include "adze/model_derivatives.h"
#include "adze/ops.h"

#include "measured.h"

#include <math.h>
#include <string.h>

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, hidden), (dense, output));

enum {
    MOST_ROWS = 2000,
    INPUTS = 5,
    HIDDEN = 4,
    PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN + 1
};

/* Tanh units, and the mean of squared distances from y, weighted: x[0] is [rows, INPUTS], x[1] and x[2] [rows]. */
static inline ad_tensor squares(const net_tensors *m, const ad_tensor *x)
{
    ad_tensor h = ad_dense(x[0], m->hidden.w, m->hidden.b, AD_TANH);
    ad_tensor y = ad_squeeze(ad_dense(h, m->output.w, m->output.b, AD_IDENTITY), -1);
    return ad_mul(x[2], ad_square(ad_sub(y, x[1])));
}

static inline ad_tensor mean_loss(ad_tape *t, const net_tensors *m, const ad_tensor *x,
                                  const void *env)
{
    (void)t, (void)env;
    return ad_mean(squares(m, x));
}

static inline ad_tensor sum_loss(ad_tape *t, const net_tensors *m, const ad_tensor *x,
                                 const void *env)
{
    (void)t, (void)env;
    return ad_sum(squares(m, x));
}

/* ---- the scene ---------------------------------------------------------------------- */

typedef struct scene {
    ad_type type;
    ad_pool *pool;
    ad_tape *tape;
    ad_array data[3];
    ad_view view[3]; /* the first rows of data */
    net model;
} scene;

static inline ad_status fill(void *user, const char *path, ad_array *a)
{
    (void)path;
    return ad_fill_uniform(a, user, -1, 1);
}

static inline void open_scene(scene *s, ad_type type, int64_t rows, int threads)
{
    ad_random r = ad_random_new(5, 0);
    *s = (scene){.type = type, .pool = ad_pool_new(NULL, threads)};
    s->tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = s->pool});
    for (int j = 0; j < 3; j++) {
        s->data[j] = ad_zeros(type, j == 0 ? AD_SHAPE(MOST_ROWS, INPUTS) : AD_SHAPE(MOST_ROWS));
        ck_assert_int_eq(ad_fill_uniform(&s->data[j], &r, -1, 1), AD_OK);
        s->view[j] = ad_array_view(s->data[j]);
        s->view[j].shape.dim[0] = rows;
    }
    s->model = (net){{ad_zeros(type, AD_SHAPE(INPUTS, HIDDEN)), ad_zeros(type, AD_SHAPE(HIDDEN))},
                     {ad_zeros(type, AD_SHAPE(HIDDEN, 1)), ad_zeros(type, AD_SHAPE(1))}};
    ck_assert_int_eq(net_visit(&s->model, fill, &r), AD_OK);
}

static inline void close_scene(scene *s)
{
    net_free(&s->model);
    for (int j = 0; j < 3; j++)
        ad_array_free(&s->data[j]);
    ad_tape_free(s->tape);
    ad_pool_free(s->pool);
}

/* A value and its gradient. */
typedef struct outcome {
    double value;
    net gradient;
} outcome;

typedef struct whole {
    net_map *map;
    const ad_view *view;
} whole;

static inline ad_tensor of_all_rows(ad_tape *t, const net_tensors *m, const void *env)
{
    const whole *w = env;
    ad_tensor x[3];
    for (int j = 0; j < 3; j++)
        x[j] = ad_freeze(t, w->view[j]);
    return w->map(t, m, x, NULL);
}

/* On the tape of one slice that holds all rows. */
static inline outcome plain(scene *s, net_map *map)
{
    outcome o = {0};
    const whole w = {map, s->view};
    ck_assert_int_eq(
        net_value_with_gradient(s->tape, of_all_rows, &s->model, &w, &o.value, &o.gradient), AD_OK);
    return o;
}

static inline outcome sliced(scene *s, net_map *map, ad_rows_options o)
{
    outcome out = {0};
    o.size = sizeof o;
    ad_status status = net_value_with_gradient_over_rows(s->tape, map, &s->model, 3, s->view, &o,
                                                         NULL, &out.value, &out.gradient);
    ck_assert_msg(status == AD_OK, "%s", ad_tape_error(s->tape));
    ck_assert_uint_eq(measured(s->tape).nodes, 0);
    ck_assert_uint_eq(measured(s->tape).bytes_used, 0);
    return out;
}

static inline const ad_array *fields(const net *m)
{
    return &m->hidden.w;
}

/* The greatest difference, relative to the greatest number; 0 only if all bits are the same. */
static inline double distance(const outcome *a, const outcome *b)
{
    double gap = fabs(a->value - b->value), size = fabs(b->value);
    bool same = memcmp(&a->value, &b->value, sizeof a->value) == 0;
    for (int i = 0; i < 4; i++) {
        ad_view x = ad_array_view(fields(&a->gradient)[i]),
                y = ad_array_view(fields(&b->gradient)[i]);
        ck_assert(x.type == y.type && ad_shape_equal(&x.shape, &y.shape));
        same = same && memcmp(x.data, y.data, ad_view_count(&x) * ad_type_size(x.type)) == 0;
        for (size_t k = 0; k < ad_view_count(&x); k++) {
            gap = fmax(gap, fabs(ad_view_get(&x, k) - ad_view_get(&y, k)));
            size = fmax(size, fabs(ad_view_get(&y, k)));
        }
    }
    return same ? 0 : fmax(gap / size, 1e-300);
}

static inline void end_outcome(outcome *o)
{
    net_free(&o->gradient);
}

#endif
