/* Compares gradients of functions and models with differences, on copies of the arrays; in f64 if
 * the function allows. */
#include "check/number.h"

#include "tape/failure.h"
#include "trees/list.h"
#include "trees/walk.h"

/* ---- all of a gradient ----------------------------------------------------------------- */

/* Takes one number from each of several equal parts of an array: all numbers if they are few. */
static ad_status judge_some(void *user, const char *path, ad_array *a)
{
    ad_checking *c = user;
    size_t n = ad_array_count(a), some = n < c->o.elements ? n : c->o.elements;
    for (size_t k = 0; k < some && ad_tape_status(c->t) == AD_OK; k++) {
        size_t begin = n / some * k + (k < n % some ? k : n % some);
        size_t part = n / some + (k < n % some);
        ad_checking_judge_number(c, path, a, begin + (size_t)ad_random_below(&c->places, part));
    }
    return ad_tape_status(c->t);
}

static ad_status compare_all(ad_checking *c, void *gradient, ad_error *error)
{
    AD_DOOR(c->t, c->name, AD_BUSY);
    if (ad_checking_differentiate(c, gradient) != AD_OK)
        return ad_checking_failure(c, error);
    ad_checking_measure(c);
    ad_model_visit(c->tree, c->at, judge_some, c);
    ad_status status = ad_checking_conclude(c, error);
    if (status == AD_OK && c->report.numbers && !c->report.settled)
        return ad_fail(
            error, AD_DOMAIN,
            "%s: not conclusive: no differences settle, since rounding, steps out of the domain, "
            "or a function that changes within the steps hide errors above the tolerance of %.2g",
            c->name, ad_checking_tolerance(c));
    return status;
}

/* ---- copies of the arrays --------------------------------------------------------------- */

typedef struct copying {
    const ad_checking *c;
    const void *model;
    bool f64; /* in f64, whatever they are */
    bool any_f32;
    ad_error *error;
} copying;

/* Called for the empty arrays of c->at. A model's array that holds nothing fails when
 * it is watched. */
static ad_status copy_array(void *user, const char *path, ad_array *a)
{
    copying *k = user;
    const ad_allocator *allocator = ad_check_allocator(&k->c->o);
    const ad_array *from = ad_beside(k->c, a, k->model);
    bool convert = k->f64 && from->type == AD_F32;
    k->any_f32 = k->any_f32 || from->type == AD_F32;
    *a = (ad_array){.type = from->type, .shape = from->shape, .allocator = allocator};
    *ad_beside(k->c, a, k->c->gradient) = (ad_array){.allocator = allocator};
    if (!from->data || ad_shape_count(&from->shape, NULL) != AD_OK)
        return AD_OK;
    *a = ad_array_copy(allocator, convert ? AD_F64 : from->type, ad_array_view(*from));
    return a->data ? AD_OK
                   : ad_fail(k->error, AD_MEMORY, "%s: memory ran out for a copy of %s", k->c->name,
                             path);
}

/* The check, with arrays in f64 or in their own types. AD_BAD_TYPE with *again set: f64
 * will not do. */
static ad_status attempt(ad_checking *c, const void *model, bool f64, bool *again, ad_error *error)
{
    size_t arrays = c->tree->arrays * sizeof(ad_array);
    copying k = {c, model, f64, false, error};
    ad_array room =
        ad_array_new(ad_check_allocator(&c->o), AD_U8,
                     AD_SHAPE((int64_t)(2 * arrays + c->tree->arrays * sizeof(ad_tensor))));
    if (!room.data)
        return ad_fail(error, AD_MEMORY, "%s: memory ran out", c->name);
    c->at = room.data;
    void *gradient = (char *)room.data + arrays;
    c->gradient = gradient;
    c->tensors = (char *)room.data + 2 * arrays;
    ad_status status = ad_model_visit(c->tree, c->at, copy_array, &k);
    if (status == AD_OK)
        status = compare_all(c, gradient, error);
    *again = f64 && k.any_f32 && status == AD_BAD_TYPE;
    ad_model_free(c->tree, c->at);
    ad_model_free(c->tree, gradient);
    ad_array_free(&room);
    return status;
}

static ad_status check_gradient(ad_checking *c, const void *model, ad_error *error)
{
    bool again = false;
    ad_error first = {0};
    c->t = ad_tape_new(c->o.tape);
    c->own_tape = true;
    if (!c->t)
        return ad_fail(error, AD_MEMORY, "%s: memory ran out", c->name);
    ad_tape_widen(c->t, true);
    ad_status status = attempt(c, model, true, &again, &first);
    if (again) {
        ad_tape_reset(c->t);
        ad_tape_widen(c->t, false);
        status = attempt(c, model, false, &again, error);
    } else if (status != AD_OK) {
        ad_fail(error, status, "%s", first.text);
    }
    ad_tape_free(c->t);
    return status;
}

ad_status ad_model_check_gradient(const ad_tree *tree, ad_model_function *f, const void *model,
                                  const void *env, const ad_check_options *options, ad_error *error)
{
    const char *missing = ad_tree_missing(tree, f && model);
    if (missing)
        return ad_fail(error, AD_MISUSE, "check_gradient: %s", missing);
    ad_checking c = {.name = "check_gradient", .tree = tree, .f = f, .env = env};
    if (ad_check_read(c.name, options, &c.o, error) != AD_OK)
        return AD_MISUSE;
    if (c.o.elements == 0)
        c.o.elements = 64;
    c.places = ad_random_new(c.o.seed, AD_STREAM_PLACES);
    return check_gradient(&c, model, error);
}

/* ---- functions of a list of operands ------------------------------------------------------- */

typedef struct list_call {
    ad_function *f;
    const void *env;
} list_call;

static ad_tensor call_list(ad_tape *t, const void *x, const void *env)
{
    const list_call *c = env;
    return c->f(t, x, c->env);
}

/* Copies of the operands, in their own types. */
static ad_status copy_operands(const ad_allocator *allocator, int n, const ad_view *x,
                               ad_array *copies, ad_error *error)
{
    for (int i = 0; i < n; i++) {
        size_t count = 0;
        ad_status status = ad_shape_count(&x[i].shape, &count);
        if (status != AD_OK || !ad_type_size(x[i].type) || (!x[i].data && count))
            return ad_fail(error, status != AD_OK ? status : AD_MISUSE,
                           "check_gradient: x[%d] has no numbers, or a bad shape or type", i);
        copies[i] = ad_array_copy(allocator, x[i].type, x[i]);
        if (!copies[i].data)
            return ad_fail(error, AD_MEMORY, "check_gradient: memory ran out for a copy of x[%d]",
                           i);
    }
    return AD_OK;
}

ad_status ad_check_gradient(ad_function *f, int n, const ad_view *x, const void *env,
                            const ad_check_options *options, ad_error *error)
{
    ad_list l;
    ad_check_options o;
    if (!f || !x || n < 1)
        return ad_fail(error, AD_MISUSE, "check_gradient: %s",
                       f && x ? "there must be at least one operand" : "an argument is NULL");
    if (ad_check_read("check_gradient", options, &o, error) != AD_OK)
        return AD_MISUSE;
    const ad_tree *tree = ad_list_describe(&l, "x", n);
    ad_array room = ad_array_new(ad_check_allocator(&o), AD_U8,
                                 AD_SHAPE((int64_t)((size_t)n * sizeof(ad_array))));
    if (!room.data)
        return ad_fail(error, AD_MEMORY, "check_gradient: memory ran out");
    ad_status status = copy_operands(ad_check_allocator(&o), n, x, room.data, error);
    if (status == AD_OK)
        status = ad_model_check_gradient(tree, call_list, room.data, &(list_call){f, env}, options,
                                         error);
    ad_model_free(tree, room.data);
    ad_array_free(&room);
    return status;
}
