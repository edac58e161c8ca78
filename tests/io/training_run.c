#include "training_run.h"

#include "adze/ops.h"

#include <math.h>
#include <stdio.h>

/* ---- beginning ---------------------------------------------------------------------- */

static void list_parts(training_run *r)
{
    const ad_training_part parts[PARTS] = {
        nested_part("model", &r->model),
        nested_part("average", &r->average),
        nested_states_part("optimiser", r->method, &r->states, &r->model),
        ad_plateau_part("plateau", &r->plateau),
        ad_random_part("random", &r->random),
        ad_key_part("key", &r->key),
        ad_array_part("order", &r->order),
        ad_integer_part("epoch", &r->epoch),
        ad_number_part("best", &r->best),
        ad_text_part("note", r->note, sizeof r->note),
        nested_part("accumulated", &r->gradient),
    };
    memcpy(r->parts, parts, sizeof parts);
}

static void fill(training_run *r, ad_type type)
{
    build_model(&nested_tree, NULL, type, &r->model);
    r->random = ad_random_new(7, 3);
    r->key = ad_key_new(11);
    r->order = ad_arange(AD_I64, 0, ROWS_OF_DATA, 1);
    r->best = INFINITY;
    strcpy(r->note, "grün");
}

void begin_run(training_run *r, const optimiser_row *row, size_t i, ad_type type, bool begun)
{
    const char *settings = row->settings;
    *r = (training_run){.plateau = ad_plateau_new(0.5, 1), .sgd = {.rate = 0.01, .momentum = 0.5}};
    ck_assert_uint_le(row->settings_size, sizeof r->settings);
    memcpy(r->settings, settings + i * row->settings_size, row->settings_size);
    r->rate = r->settings[0];
    r->tape = ad_tape_new(NULL);
    r->group = (ad_group){".b", ad_sgd_method(&r->sgd)};
    r->method = (ad_method){.optimiser = row->own ? row->own : ad_optimiser_named(row->name),
                            .settings = r->settings,
                            .settings_size = row->settings_size,
                            .groups = &r->group,
                            .group_count = 1};
    if (begun)
        fill(r, type);
    list_parts(r);
}

void end_run(training_run *r)
{
    nested_free(&r->model);
    nested_free(&r->average);
    nested_free(&r->gradient);
    ad_array_free(&r->order);
    ad_states_free(&r->states);
    ad_tape_free(r->tape);
}

/* ---- a step ------------------------------------------------------------------------- */

typedef struct batch {
    float x[BATCH * 2];
    ad_key key;
} batch;

static batch next_batch(training_run *r)
{
    batch b = {.key = ad_key_split(r->key, (uint64_t)r->states.steps)};
    const int64_t *row = r->order.data;
    int first = (int)(r->states.steps * BATCH % ROWS_OF_DATA);
    if (first == 0)
        ad_random_shuffle(&r->random, r->order.data, ROWS_OF_DATA);
    for (int i = 0; i < BATCH; i++)
        for (int j = 0; j < 2; j++)
            b.x[2 * i + j] = (float)sin((double)(3 * row[first + i] + j));
    return b;
}

/* The mean square of output.w dropout(tanh(x hidden.w + hidden.b)) - 1/2; and a term for each other array. */
static ad_tensor loss_of(ad_tape *t, const nested_tensors *m, const void *env)
{
    const batch *b = env;
    ad_view scale = ad_read(m->scale);
    ad_tensor x = ad_cast(ad_freeze(t, AD_VIEW(b->x, BATCH, 2)), scale.type);
    ad_tensor h = ad_tanh(ad_add(ad_matmul(x, m->hidden.w), m->hidden.b));
    ad_tensor y = ad_sub(ad_mul(ad_dropout(h, 0.25, b->key), m->output.w), 0.5);
    ad_tensor rest = ad_add(ad_mean(ad_square(ad_sub(m->scale, 1))), ad_sum(m->output.b));
    return ad_add(ad_mean(ad_square(y)), ad_mul(rest, 0.1));
}

/* The gradient is a mean of this batch's and the last ones', carried on as well. */
static void take_step(training_run *r)
{
    ad_error error = {AD_OK, ""};
    nested gradient = {0};
    batch b = next_batch(r);
    double loss = NAN;
    r->settings[0] = r->rate * r->plateau.scale * ad_schedule_warm_up(r->states.steps, 5);
    ck_assert_msg(nested_value_with_gradient(r->tape, loss_of, &r->model, &b, &loss, &gradient) ==
                      AD_OK,
                  "%s", ad_tape_error(r->tape));
    nested_average(0.5, &gradient, &r->gradient, &error);
    nested_clip_global_norm(&gradient, 0.5, NULL, &error);
    nested_axpy(0.25, &r->gradient, &gradient, &error);
    nested_step(r->method, &gradient, &r->states, &r->model, &error);
    nested_average(1 - 0.9, &r->model, &r->average, &error);
    ck_assert_msg(error.status == AD_OK, "%s", error.text);
    r->best = fmin(r->best, loss);
    r->epoch = r->states.steps * BATCH / ROWS_OF_DATA;
    ad_schedule_plateau(&r->plateau, loss);
    nested_free(&gradient);
}

void run_steps(training_run *r, int n)
{
    for (int i = 0; i < n; i++)
        take_step(r);
}

/* ---- files -------------------------------------------------------------------------- */

const unsigned char *bytes_of(const char *path, size_t *size)
{
    static unsigned char bytes[1 << 16];
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    *size = fread(bytes, 1, sizeof bytes, file);
    ck_assert_uint_lt(*size, sizeof bytes);
    fclose(file);
    return bytes;
}
