/* A few numbers of a gradient that a training run has just computed, against differences.
 *
 * The model is not touched: its struct is copied to the tape, and of its arrays the one that has a
 * number to move. */
#include "operators/check_parts.h"

#include <string.h>

static ad_status count_numbers(void *count, const char *path, ad_array *a)
{
    (void)path;
    *(size_t *)count += ad_array_count(a) > 0;
    return AD_OK;
}

/* The gradient must be one of this model; it may be f32 or f64 only, as the model. */
static ad_status expect_alike(void *user, const char *path, ad_array *a)
{
    const ad_checking *c = user;
    const ad_array *g = ad_beside(c, a, c->gradient);
    if (!a->data || !g->data || !ad_type_is_float(a->type) || a->type != g->type ||
        !ad_shape_equal(&a->shape, &g->shape))
        return ad_tape_fail(c->t, AD_MISUSE, "%s and its gradient hold no numbers, or not alike",
                            path);
    return AD_OK;
}

typedef struct choice {
    ad_checking *c;
    size_t array; /* the number of those to come before it */
} choice;

static ad_status judge_chosen(void *user, const char *path, ad_array *a)
{
    choice *k = user;
    ad_checking *c = k->c;
    size_t n = ad_array_count(a), bytes = n * ad_type_size(a->type);
    if (n == 0 || k->array-- > 0)
        return AD_OK;
    ad_mark start = ad_tape_mark(c->t);
    void *original = a->data;
    a->data = ad_tape_memory(c->t, bytes);
    if (a->data) {
        memcpy(a->data, original, bytes);
        ad_checking_judge(c, path, a, (size_t)ad_random_below(&c->places, n));
    }
    a->data = original;
    ad_tape_rewind(start);
    return AD_DIFFERENT; /* ends the visit */
}

static void judge_some(ad_checking *c)
{
    size_t arrays = 0;
    ad_model_visit(c->d, c->at, count_numbers, &arrays);
    for (size_t k = 0; k < c->o.elements && ad_tape_status(c->t) == AD_OK && arrays; k++) {
        choice one = {c, (size_t)ad_random_below(&c->places, arrays)};
        ad_model_visit(c->d, c->at, judge_chosen, &one);
    }
}

/* Numbers moved out of an operation's domain say nothing, and are no error. */
static void compare_some(ad_checking *c)
{
    ad_model_visit(c->d, c->at, ad_checking_measure, c);
    judge_some(c);
    if (ad_tape_status(c->t) == AD_DOMAIN)
        ad_tape_reset(c->t);
}

static ad_status check_step(ad_checking *c, const void *model, ad_error *error)
{
    ad_tape_reset(c->t);
    c->at = ad_tape_memory(c->t, c->d->size);
    c->tensors = ad_tape_memory(c->t, c->d->tensors_size);
    if (c->at && c->tensors) {
        memcpy(c->at, model, c->d->size);
        if (ad_model_visit(c->d, c->at, expect_alike, c) == AD_OK &&
            ad_checking_evaluate(c) == AD_OK)
            compare_some(c);
    }
    ad_status status = ad_checking_conclude(c, error);
    ad_tape_reset(c->t);
    return status;
}

ad_status ad_model_check_step(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                              const void *model, const void *gradient, int64_t step,
                              const ad_check_options *options, ad_error *error)
{
    ad_check_options o = ad_check_defaults(options);
    if (!d || !t || !f || !model || !gradient)
        return ad_fail(error, AD_MISUSE, "check_step: an argument is NULL");
    if (step % (o.every > 0 ? o.every : 1000) != 0)
        return AD_OK;
    if (o.elements == 0)
        o.elements = 2;
    ad_checking c = {
        .name = "check_step",
        .d = d,
        .f = f,
        .env = env,
        .o = o,
        .t = t,
        .gradient = gradient,
        .places = ad_random_new(o.seed ^ (uint64_t)step, AD_STREAM_PLACES),
    };
    return check_step(&c, model, error);
}
