/* The gradient that a training run has just computed, against differences.
 *
 * All numbers of an array are moved at once, each up or down at random: single ones of a model in f32 say
 * nothing, for what they change in the loss drowns in its rounding and in the kinks of other units.
 *
 * The model is not touched: its struct is copied to the tape, and so are the numbers that move. */
#include "operators/check_parts.h"

#include <math.h>
#include <stdio.h>
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

typedef struct direction {
    ad_checking *c;
    ad_array *a; /* in c->at; its numbers are the tape's */
    ad_view from;
    ad_random signs;
} direction;

static double sign(ad_random *r)
{
    return ad_random_bits(r) >> 63 ? 1 : -1;
}

static double moved(void *user, double *h)
{
    const direction *d = user;
    ad_random r = d->signs;
    for (size_t i = 0; i < ad_view_count(&d->from); i++)
        ad_check_put(d->a, i, ad_view_get(&d->from, i) + *h * sign(&r));
    return ad_checking_value(d->c);
}

/* The slope along the signs that the gradient claims; *norm of all gradients is its usual size. */
static double claimed_slope(const direction *d, double *norm)
{
    double slope = 0, squares = 0;
    ad_random r = d->signs;
    ad_view g = ad_array_view(*ad_beside(d->c, d->a, d->c->gradient));
    for (size_t i = 0; i < ad_view_count(&g); i++) {
        double x = ad_view_get(&g, i);
        slope += x * sign(&r);
        squares += x * x;
    }
    *norm = sqrt(squares);
    return slope;
}

static void judge_direction(direction *d, const char *path)
{
    char text[200];
    double norm;
    ad_claim k = {.what = text,
                  .slope = claimed_slope(d, &norm),
                  .size = ad_mean_size(d->from),
                  .type = d->a->type,
                  .moved = moved,
                  .user = d};
    k.least = isfinite(norm) ? norm : 0;
    snprintf(text, sizeof text, "%s, along a random direction", path);
    ad_checking_judge(d->c, &k);
}

typedef struct choice {
    ad_checking *c;
    size_t array; /* the number of those to come before it */
} choice;

static ad_status judge_chosen(void *user, const char *path, ad_array *a)
{
    choice *k = user;
    ad_checking *c = k->c;
    size_t n = ad_array_count(a);
    if (n == 0 || k->array-- > 0)
        return AD_OK;
    ad_mark start = ad_tape_mark(c->t);
    direction d = {c, a, ad_array_view(*a), ad_random_new(ad_random_bits(&c->places), 0)};
    void *original = a->data;
    a->data = ad_tape_memory(c->t, n * ad_type_size(a->type));
    c->type = a->type;
    if (a->data)
        judge_direction(&d, path);
    a->data = original;
    ad_tape_rewind(start);
    return AD_DIFFERENT; /* ends the visit */
}

static void judge_some(ad_checking *c)
{
    size_t arrays = 0;
    ad_model_visit(c->d, c->at, count_numbers, &arrays);
    for (size_t k = 0; k < c->o.directions && ad_tape_status(c->t) == AD_OK && arrays; k++) {
        choice one = {c, (size_t)ad_random_below(&c->places, arrays)};
        ad_model_visit(c->d, c->at, judge_chosen, &one);
    }
}

static ad_status check_step(ad_checking *c, const void *model, ad_error *error)
{
    ad_tape_reset(c->t);
    c->at = ad_tape_memory(c->t, c->d->size);
    c->tensors = ad_tape_memory(c->t, c->d->tensors_size);
    if (c->at && c->tensors) {
        memcpy(c->at, model, c->d->size);
        if (ad_model_visit(c->d, c->at, expect_alike, c) == AD_OK)
            judge_some(c);
    }
    if (ad_tape_status(c->t) == AD_DOMAIN) /* a step out of an operation's domain says nothing */
        ad_tape_reset(c->t);
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
    if (o.directions == 0)
        o.directions = 1;
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
