/* Checks the gradient that a training run has just computed. It computes a gradient in f64 at the
 * same point, compares a few of its numbers with differences, and compares the given gradient with
 * it, array by array.
 *
 * Differences in f32 would tell nothing: one number changes the loss by less than its rounding.
 * Single numbers of f32 gradients cannot be compared either: a unit may lie on the other side of
 * its kink than in f64.
 *
 * The model is not touched: all copies belong to the tape. */
#include "check/number.h"
#include "trees/walk.h"

#include "tape/failure.h"

#include <math.h>
#include <string.h>

static ad_status count_numbers(void *count, const char *path, ad_array *a)
{
    (void)path;
    *(size_t *)count += ad_array_count(a) > 0;
    return AD_OK;
}

/* The gradient must have the types and shapes of this model; both may be f32 or f64. */
static ad_status expect_alike(void *user, const char *path, ad_array *a)
{
    const ad_checking *c = user;
    const ad_array *g = ad_beside(c, a, c->gradient);
    if (!a->data || !g->data || !ad_type_is_float(a->type) || a->type != g->type ||
        !ad_shape_equal(&a->shape, &g->shape))
        return ad_tape_fail(c->t, AD_MISUSE,
                            "%s and its gradient must hold numbers of one type and shape", path);
    return AD_OK;
}

/* ---- the gradient in f64 ------------------------------------------------------------- */

/* Takes room for an array on the tape; called for the arrays of c->at. */
static ad_status make_room(void *user, const char *path, ad_array *a)
{
    const ad_checking *c = user;
    (void)path;
    *ad_beside(c, a, c->gradient) = (ad_array){
        ad_tape_memory(c->t, ad_array_count(a) * sizeof(double)), AD_F64, a->shape, NULL};
    return ad_tape_status(c->t);
}

typedef struct pairing {
    ad_checking *c;
    const void *given;
} pairing;

/* Compares the given gradient of an array with that in f64, by the norm of their difference. */
static ad_status compare_given(void *user, const char *path, ad_array *a)
{
    const pairing *p = user;
    ad_checking *c = p->c;
    double norm = 0, gap = 0, tolerance = a->type == AD_F32 ? 0.5 : 1e-6;
    ad_view x = ad_array_view(*ad_beside(c, a, p->given));
    ad_view y = ad_array_view(*ad_beside(c, a, c->gradient));
    for (size_t i = 0; i < ad_view_count(&y); i++) {
        double exact = ad_view_get(&y, i), between = ad_view_get(&x, i) - exact;
        norm += exact * exact;
        gap += between * between;
    }
    norm = fmax(sqrt(norm), c->least);
    if (sqrt(gap) <= tolerance * norm || !isfinite(norm))
        return AD_OK;
    return ad_fail(&c->worst, AD_DIFFERENT,
                   "%s: %s: the gradient differs from one in f64 by %.2g of its norm (tolerance "
                   "%.2g)",
                   c->name, path, sqrt(gap) / norm, tolerance);
}

/* ---- a few of its numbers ------------------------------------------------------------- */

enum { WITNESSES = 8 };

/* A single number may look wrong because a kink is nearer than differences can see. Other numbers
 * of the array must confirm it. */
static void judge_with_witnesses(ad_checking *c, const char *path, ad_array *a)
{
    size_t n = ad_array_count(a), suspect = (size_t)ad_random_below(&c->places, n);
    ad_checking_judge_number(c, path, a, suspect);
    if (c->worst.status == AD_OK || n == 1)
        return;
    ad_error first = c->worst;
    for (int k = 0; k < WITNESSES; k++) {
        size_t other = (suspect + 1 + (size_t)ad_random_below(&c->places, n - 1)) % n;
        c->worst = (ad_error){0};
        c->worst_error = 0;
        ad_checking_judge_number(c, path, a, other);
        if (c->worst.status != AD_OK) {
            c->worst = first;
            return;
        }
    }
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
    ad_view from = ad_array_view(*a);
    ad_array original = *a;
    a->type = AD_F64;
    a->data = ad_tape_memory(c->t, n * sizeof(double));
    for (size_t i = 0; a->data && i < n; i++)
        ad_check_put(a, i, ad_view_get(&from, i));
    if (a->data)
        judge_with_witnesses(c, path, a);
    *a = original;
    ad_tape_rewind(start);
    return AD_DIFFERENT; /* ends the visit */
}

static void judge_some(ad_checking *c)
{
    size_t arrays = 0;
    ad_model_visit(c->tree, c->at, count_numbers, &arrays);
    for (size_t k = 0;
         k < c->o.elements && arrays && ad_tape_status(c->t) == AD_OK && c->worst.status == AD_OK;
         k++) {
        choice one = {c, (size_t)ad_random_below(&c->places, arrays)};
        ad_model_visit(c->tree, c->at, judge_chosen, &one);
    }
}

static void compare(ad_checking *c, void *gradient, const void *given)
{
    pairing p = {c, given};
    c->gradient = gradient;
    if (ad_model_visit(c->tree, c->at, make_room, c) != AD_OK ||
        ad_checking_differentiate(c, gradient) != AD_OK)
        return;
    ad_checking_measure(c);
    c->least *= 100; /* a tenth of the largest: smaller ones would need steps that meet kinks */
    if (ad_model_visit(c->tree, c->at, compare_given, &p) == AD_OK)
        judge_some(c);
    if (ad_tape_status(c->t) == AD_DOMAIN) /* a step out of an operation's domain says nothing */
        ad_tape_reset(c->t);
}

/* Structs of arrays on the tape: the model's, and one for the gradient in f64. */
static ad_status check_step(ad_checking *c, const void *model, const void *given, ad_error *error)
{
    AD_DOOR(c->t, c->name, ad_checking_failure(c, error));
    ad_tape_reset(c->t);
    ad_tape_widen(c->t, true);
    c->at = ad_tape_memory(c->t, c->tree->arrays * sizeof(ad_array));
    c->tensors = ad_tape_memory(c->t, c->tree->arrays * sizeof(ad_tensor));
    void *gradient = ad_tape_memory(c->t, c->tree->arrays * sizeof(ad_array));
    if (gradient && model) {
        memcpy(c->at, model, c->tree->arrays * sizeof(ad_array));
        if (ad_model_visit(c->tree, c->at, expect_alike, c) == AD_OK)
            compare(c, gradient, given);
    }
    ad_status status = ad_checking_conclude(c, error);
    ad_tape_reset(c->t);
    ad_tape_widen(c->t, false);
    return status;
}

ad_status ad_model_check_step(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                              const void *model, const void *gradient, int64_t step,
                              const void *env, const ad_check_options *options, ad_error *error)
{
    ad_check_options o;
    const char *missing = ad_tree_missing(tree, t && f && model && gradient);
    if (missing)
        return ad_fail(error, AD_MISUSE, "check_step: %s", missing);
    if (ad_check_read("check_step", options, &o, error) != AD_OK)
        return AD_MISUSE;
    if (step % (o.every > 0 ? o.every : 5000) != 0)
        return AD_OK;
    if (o.elements == 0)
        o.elements = 1;
    if (!(o.tolerance > 0))
        o.tolerance = 1e-3;
    if (!(o.step > 0))
        o.step = 1. / 1024; /* few kinks are as near */
    ad_checking c = {
        .name = "check_step",
        .tree = tree,
        .f = f,
        .env = env,
        .o = o,
        .t = t,
        .gradient = gradient,
        .places = ad_random_new(o.seed ^ (uint64_t)step, AD_STREAM_PLACES),
    };
    return check_step(&c, model, gradient, error);
}
