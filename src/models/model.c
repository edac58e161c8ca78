/* What is done to all fields of a model at once: each function is a visitor on one walk. Those
 * that can fail walk twice: the first time to check, the second to write. */
#include "trees/walk.h"

#include <string.h>

static ad_view view_at(const ad_site *s, const void *arrays)
{
    return ad_array_view(*ad_site_array(s, arrays));
}

static ad_status missing_argument(ad_error *error, const char *verb)
{
    return ad_fail(error, AD_MISUSE, "%s: an argument is NULL", verb);
}

/* ---- visiting and freeing ----------------------------------------------------------- */

typedef struct caller {
    void *model;
    ad_visitor *visit;
    void *user;
} caller;

static ad_status call(void *user, const ad_site *s)
{
    const caller *c = user;
    char path[AD_PATH_SIZE];
    return c->visit(c->user, ad_site_print(s, false, path), ad_site_array(s, c->model));
}

ad_status ad_model_visit(const ad_model *d, void *model, ad_visitor *visit, void *user)
{
    caller c = {model, visit, user};
    return d && model && visit ? ad_tree_walk(d, call, &c) : AD_MISUSE;
}

static ad_status free_array(void *model, const ad_site *s)
{
    ad_array_free(ad_site_array(s, model));
    return AD_OK;
}

void ad_model_free(const ad_model *d, void *model)
{
    if (d && model)
        ad_tree_walk(d, free_array, model);
}

/* ---- leaves ------------------------------------------------------------------------- */

typedef ad_tensor leaf_maker(ad_tape *t, ad_view v);

typedef struct planting {
    const char *verb;
    leaf_maker *make;
    ad_tape *tape;
    const void *model;
    void *tensors;
    char *room; /* on the tape, for labels */
    size_t left;
} planting;

/* The path of a leaf, which is the field's own name in a model that is not nested. */
static const char *label_of(planting *p, const ad_site *s)
{
    if (!s->field || (!s->parent->parent && !s->field->count))
        return s->field ? s->field->name : NULL;
    if (p->left < AD_PATH_SIZE) {
        p->left = 8 * AD_PATH_SIZE;
        p->room = ad_tape_memory(p->tape, p->left);
    }
    if (!p->room)
        return s->field->name;
    char *label = p->room;
    size_t bytes = ad_site_write(s, false, label) + 1;
    p->room += bytes;
    p->left -= bytes;
    return label;
}

/* A field in a state that no leaf can have fails with its path, which the tape could not name. */
static ad_status plant(void *user, const ad_site *s)
{
    planting *p = user;
    ad_error error; /* its text need not be cleared for every field */
    error.status = AD_OK;
    const ad_array *a = ad_site_array(s, p->model);
    ad_status status = ad_check_held(s, a, p->verb, "", &error);
    if (status == AD_OK && p->make == (ad_watch))
        status = ad_check_float(s, a, p->verb, &error);
    if (status != AD_OK)
        ad_tape_fail(p->tape, status, "%s", error.text);
    ad_tensor x = p->make(p->tape, status == AD_OK ? ad_array_view(*a) : (ad_view){0});
    *ad_site_tensor(s, p->tensors) = ad_label(x, label_of(p, s));
    return AD_OK;
}

static ad_status plant_nothing(void *user, const ad_site *s)
{
    const planting *p = user;
    *ad_site_tensor(s, p->tensors) = p->make(p->tape, (ad_view){0});
    return AD_OK;
}

static void plant_all(const ad_model *d, planting *p)
{
    if (!d || !p->model || !p->tensors)
        ad_tape_fail(p->tape, AD_MISUSE, "%s: an argument is NULL", p->verb);
    if (d && p->tensors)
        ad_tree_walk(d, p->model ? plant : plant_nothing, p);
}

void ad_model_watch(const ad_model *d, ad_tape *t, const void *model, void *tensors)
{
    plant_all(d, &(planting){"watch", (ad_watch), t, model, tensors, NULL, 0});
}

void ad_model_freeze(const ad_model *d, ad_tape *t, const void *model, void *tensors)
{
    plant_all(d, &(planting){"freeze", (ad_freeze), t, model, tensors, NULL, 0});
}

/* ---- gradients ---------------------------------------------------------------------- */

typedef struct harvest {
    const ad_tape *tape;
    const void *tensors;
    void *gradient;
} harvest;

/* A gradient is like that of the sweep. A tensor of another tape may have one, too, from a sweep
 * that has nothing to do with this one. */
static ad_status like_sweep(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    const harvest *h = user;
    ad_tensor x = *ad_site_tensor(s, h->tensors);
    char path[AD_PATH_SIZE];
    if (x.tape != h->tape)
        return ad_fail(error, x.tape ? AD_FOREIGN : AD_MISUSE,
                       "gradient: %s is not on the tape of the result",
                       ad_site_print(s, true, path));
    ad_view g = ad_grad(x), numbers = ad_read(x);
    if (!g.data)
        return ad_fail(error, AD_MISUSE, "gradient: %s is %s", ad_site_print(s, true, path),
                       numbers.data && !ad_is_tracked(x) ? "frozen" : "no watched leaf");
    *like = (ad_array){.data = (void *)(uintptr_t)g.data, .type = g.type, .shape = g.shape};
    like->allocator = ad_site_array(s, h->gradient)->allocator;
    return AD_OK;
}

static ad_status reap(void *user, const ad_site *s)
{
    const harvest *h = user;
    return ad_array_write(ad_site_array(s, h->gradient), ad_grad(*ad_site_tensor(s, h->tensors)),
                          NULL);
}

ad_status ad_model_gradient(const ad_model *d, ad_tensor y, const ad_view *dy, const void *tensors,
                            void *gradient)
{
    if (!d || !tensors || !gradient)
        return ad_tape_fail(y.tape, AD_MISUSE, "gradient: an argument is NULL");
    ad_status status = dy ? ad_backward_from(y, *dy) : ad_backward(y);
    return status == AD_OK ? ad_model_collect(d, y.tape, tensors, gradient) : status;
}

ad_status ad_model_collect(const ad_model *d, ad_tape *t, const void *tensors, void *gradient)
{
    if (!d || !tensors || !gradient)
        return ad_tape_fail(t, AD_MISUSE, "gradient: an argument is NULL");
    ad_tape_info info = {.size = sizeof info};
    ad_tape_measure(t, &info);
    if (ad_tape_status(t) == AD_OK && info.sweep_left)
        ad_tape_fail(t, AD_MISUSE, "gradient: the sweep has not come to its end");
    if (ad_tape_status(t) != AD_OK)
        return ad_tape_status(t);
    ad_error error = {0};
    harvest h = {t, tensors, gradient};
    ad_result r = {.d = d,
                   .target = gradient,
                   .verb = "gradient",
                   .role = "the gradient",
                   .like = like_sweep,
                   .user = &h,
                   .error = &error};
    ad_status status = ad_result_prepare(&r);
    if (status != AD_OK)
        return ad_tape_fail(t, status, "%s", error.text);
    ad_result_commit(&r);
    return ad_tree_walk(d, reap, &h);
}

/* ---- copies ------------------------------------------------------------------------- */

typedef struct pair {
    const void *from;
    void *to;
    double alpha;
    ad_error *error;
} pair;

static ad_status clear(void *user, const ad_site *s)
{
    const pair *p = user;
    ad_array *a = ad_site_array(s, p->to);
    memset(a->data, 0, ad_array_count(a) * ad_type_size(a->type));
    return AD_OK;
}

static ad_status copy_numbers(void *user, const ad_site *s)
{
    const pair *p = user;
    return ad_array_write(ad_site_array(s, p->to), view_at(s, p->from), NULL);
}

static ad_status fill_like(const ad_model *d, pair *p, const char *verb, const char *role,
                           ad_site_visitor *fill)
{
    ad_result r = {.d = d,
                   .target = p->to,
                   .verb = verb,
                   .role = role,
                   .like = ad_like_model,
                   .user = p->from,
                   .error = p->error};
    if (!d || !p->from || !p->to)
        return missing_argument(p->error, verb);
    ad_status status = ad_result_prepare(&r);
    if (status != AD_OK)
        return status;
    ad_result_commit(&r);
    return ad_tree_walk(d, fill, p);
}

ad_status ad_model_like(const ad_model *d, const void *model, void *zeros, ad_error *error)
{
    pair p = {.from = model, .to = zeros, .error = error};
    return fill_like(d, &p, "like", "the zeros", clear);
}

ad_status ad_model_copy(const ad_model *d, const void *model, void *copy, ad_error *error)
{
    pair p = {.from = model, .to = copy, .error = error};
    return fill_like(d, &p, "copy", "the copy", copy_numbers);
}

/* ---- y += alpha x ------------------------------------------------------------------- */

static ad_status check_axpy(void *user, const ad_site *s)
{
    const pair *p = user;
    const ad_array *x = ad_site_array(s, p->from), *y = ad_site_array(s, p->to);
    ad_status status = ad_check_held(s, x, "axpy", "x", p->error);
    if (status == AD_OK)
        status = ad_check_held(s, y, "axpy", "y", p->error);
    if (status == AD_OK)
        status = ad_check_float(s, x, "axpy", p->error);
    if (status == AD_OK)
        status = ad_check_equal(s, x, y, "axpy", "y", p->error);
    return status;
}

#define AXPY(T, name)                                     \
    static void name(size_t n, T alpha, const T *x, T *y) \
    {                                                     \
        for (size_t i = 0; i < n; i++)                    \
            y[i] += alpha * x[i];                         \
    }
AXPY(float, axpy_f32)
AXPY(double, axpy_f64)
#undef AXPY

static ad_status axpy(void *user, const ad_site *s)
{
    const pair *p = user;
    const ad_array *x = ad_site_array(s, p->from), *y = ad_site_array(s, p->to);
    if (x->type == AD_F32)
        axpy_f32(ad_array_count(x), (float)p->alpha, x->data, y->data);
    else
        axpy_f64(ad_array_count(x), p->alpha, x->data, y->data);
    return AD_OK;
}

ad_status ad_model_axpy(const ad_model *d, double alpha, const void *x, void *y, ad_error *error)
{
    pair p = {x, y, alpha, error};
    if (!d || !x || !y)
        return missing_argument(error, "axpy");
    ad_status status = ad_tree_walk(d, check_axpy, &p);
    return status == AD_OK ? ad_tree_walk(d, axpy, &p) : status;
}
