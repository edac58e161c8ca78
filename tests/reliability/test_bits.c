/* A training run ends in the same bits, whatever the number of threads and wherever the arrays lie
 * (RELIABILITY R8). */
#define _POSIX_C_SOURCE 200809L
#include "figure.h"
#include "suite.h"

#include <adze.h>
#include <string.h>

AD_MODEL(net, w1, b1, w2, b2);

enum { ROWS = 600, INPUTS = 70, HIDDEN = 40, CLASSES = 10, STEPS = 100, EDGE = 64 };

/* ---- memory that begins where one likes ------------------------------------------------- */

/* So many bytes after a multiple of 64. */
static void *take_askew(void *user, size_t bytes, size_t alignment)
{
    void *start;
    size_t askew = *(const size_t *)user;
    (void)alignment;
    if (posix_memalign(&start, EDGE, EDGE + bytes) != 0)
        return NULL;
    return (char *)start + askew;
}

static void give_askew(void *user, void *memory, size_t bytes)
{
    (void)bytes;
    free((char *)memory - *(const size_t *)user);
}

/* ---- the run ---------------------------------------------------------------------------- */

typedef struct place {
    size_t numbers, model; /* bytes after a multiple of 64 of the user's numbers, of all else */
    int threads;
} place;

typedef struct inputs {
    void *memory;
    float *x;
    int32_t label[ROWS];
} inputs;

static inputs make_inputs(size_t askew)
{
    inputs in;
    ad_random r = ad_random_new(11, 0);
    ck_assert_int_eq(posix_memalign(&in.memory, EDGE, EDGE + sizeof(float) * ROWS * INPUTS), 0);
    in.x = (float *)(void *)((char *)in.memory + askew);
    for (int i = 0; i < ROWS * INPUTS; i++)
        in.x[i] = (float)ad_random_normal(&r);
    for (int i = 0; i < ROWS; i++)
        in.label[i] = (int32_t)ad_random_below(&r, CLASSES);
    return in;
}

static net make_net(const ad_allocator *memory, ad_type type)
{
    ad_random r = ad_random_new(12, 0);
    net m = {ad_array_new(memory, type, AD_SHAPE(INPUTS, HIDDEN)),
             ad_array_new(memory, type, AD_SHAPE(HIDDEN)),
             ad_array_new(memory, type, AD_SHAPE(HIDDEN, CLASSES)),
             ad_array_new(memory, type, AD_SHAPE(CLASSES))};
    ck_assert_int_eq(ad_fill_kaiming(&m.w1, &r), AD_OK);
    ck_assert_int_eq(ad_fill_glorot(&m.w2, &r), AD_OK);
    return m;
}

static ad_tensor loss_of(ad_tape *t, const net_tensors *m, const void *env)
{
    const inputs *in = env;
    ad_tensor x = ad_cast(ad_freeze(t, AD_VIEW(in->x, ROWS, INPUTS)), ad_read(m->w1).type);
    ad_tensor h = ad_dense(x, m->w1, m->b1, AD_TANH);
    ad_tensor spread = ad_mul(ad_std(h), 0.1);
    ad_tensor y = ad_dense(ad_mul(h, ad_sigmoid(h)), m->w2, m->b2, AD_IDENTITY);
    return ad_add(ad_softmax_cross_entropy(y, ad_freeze(t, AD_VIEW(in->label, ROWS))), spread);
}

static ad_status hash_array(void *user, const char *path, ad_array *a)
{
    uint64_t *h = user;
    const unsigned char *bytes = a->data;
    (void)path;
    for (size_t i = 0; i < ad_array_count(a) * ad_type_size(a->type); i++)
        *h = (*h ^ bytes[i]) * 1099511628211u;
    return AD_OK;
}

/* The hash of the parameters after all steps. */
static uint64_t train(const place *where, ad_type type)
{
    size_t askew = where->model;
    ad_allocator memory = {&askew, take_askew, give_askew};
    ad_pool *pool = ad_pool_new(NULL, where->threads);
    ad_tape *t = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &memory, .pool = pool});
    inputs in = make_inputs(where->numbers);
    net model = make_net(&memory, type), gradient = {0};
    ad_states states = {0};
    ad_adam adam = ad_adam_new(1e-2);
    for (int step = 0; step < STEPS; step++) {
        ck_assert_msg(net_value_with_gradient(t, loss_of, &model, &in, NULL, &gradient) == AD_OK,
                      "%s", ad_tape_error(t));
        ck_assert_int_eq(net_step(ad_adam_method(&adam), &gradient, &states, &model, NULL), AD_OK);
    }
    uint64_t hash = 14695981039346656037u;
    net_visit(&model, hash_array, &hash);
    net_free(&model);
    net_free(&gradient);
    ad_states_free(&states);
    ad_tape_free(t);
    ad_pool_free(pool);
    free(in.memory);
    return hash;
}

/* Of the user's numbers any place that floats may have; what an allocator gives suits any number type. */
static const place places[] = {{0, 0, 1},   {4, 8, 1},  {8, 16, 1}, {20, 24, 1}, {32, 32, 1},
                               {60, 56, 1}, {0, 0, 2},  {4, 8, 2},  {0, 0, 3},   {12, 40, 3},
                               {0, 0, 4},   {36, 8, 4}, {0, 0, 8},  {4, 56, 8}};
enum { PLACES = sizeof places / sizeof *places };

/* In f32 sums in f64 hide much; in f64 nothing does. */
static const ad_type types[] = {AD_F32, AD_F64};

START_TEST(a_hundred_steps_end_in_one_hash)
{
    uint64_t wanted = train(&places[0], types[_i]);
    for (int i = 1; i < PLACES; i++)
        ck_assert_msg(train(&places[i], types[_i]) == wanted,
                      "%s, %d threads, numbers at %zu, arrays at %zu", ad_type_text(types[_i]),
                      places[i].threads, places[i].numbers, places[i].model);
    figure("1 hash of %d runs in %s", PLACES, ad_type_text(types[_i]));
}
END_TEST

START_TEST(the_hash_sees_a_single_step)
{
    uint64_t one = 14695981039346656037u, other = one;
    net m = make_net(NULL, AD_F32);
    net_visit(&m, hash_array, &one);
    ((float *)m.b2.data)[CLASSES - 1] = 1e-30f;
    net_visit(&m, hash_array, &other);
    ck_assert_uint_ne(one, other);
    net_free(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bits");
    TCase *c = tcase_create("training");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, a_hundred_steps_end_in_one_hash, 0, 2);
    tcase_add_test(c, the_hash_sees_a_single_step);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
