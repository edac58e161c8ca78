/* Functions on all fields of a model at once. If one can fail, a walk that knows the fields' names
 * checks all fields before the first is written. */
#include "adze/model.h"
#include "tape/failure.h"
#include "trees/result.h"

#include <string.h>

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

ad_status ad_model_visit(const ad_tree *tree, void *model, ad_visitor *visit, void *user)
{
    caller c = {model, visit, user};
    return ad_tree_missing(tree, model && visit) ? AD_MISUSE : ad_tree_walk(tree, call, &c);
}

void ad_model_free(const ad_tree *tree, void *model)
{
    ad_array *a = model;
    size_t count = ad_tree_missing(tree, model) ? 0 : tree->arrays;
    for (size_t i = 0; i < count; i++)
        ad_array_free(&a[i]);
}

/* ---- leaves ------------------------------------------------------------------------- */

typedef ad_tensor leaf_maker(ad_tape *t, ad_view v);

typedef struct leaf_making {
    const char *verb;
    leaf_maker *make;
    ad_tape *tape;
    const void *model;
    ad_tensor *tensors;
    char *room; /* on the tape, for labels */
    size_t left;
} leaf_making;

/* The path of a leaf, which is the field's own name in a model that is not nested. */
static const char *label_of(leaf_making *p, const ad_site *s)
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

/* A field that cannot be a leaf fails under its path, which the tape does not know. */
static ad_status make_leaf(void *user, const ad_site *s)
{
    leaf_making *p = user;
    ad_error error; /* its text need not be cleared for every field */
    error.status = AD_OK;
    const ad_array *a = ad_site_array(s, p->model);
    ad_status status = ad_require_held(s, a, p->verb, "", &error);
    if (status == AD_OK && p->make == (ad_watch))
        status = ad_require_float(s, a, p->verb, &error);
    if (status != AD_OK)
        ad_tape_fail(p->tape, status, "%s", error.text);
    ad_tensor x = p->make(p->tape, status == AD_OK ? ad_array_view(*a) : (ad_view){0});
    p->tensors[s->number] = ad_label(x, label_of(p, s));
    return AD_OK;
}

static void make_leaves(const ad_tree *tree, leaf_making *p)
{
    AD_DOOR_TRY(open, p->tape, p->verb);
    const char *missing = ad_tree_missing(tree, p->model && p->tensors);
    if (open && missing)
        ad_tape_fail(p->tape, AD_MISUSE, "%s: %s", p->verb, missing);
    if (ad_tree_missing(tree, p->tensors))
        return;
    bool good = open && p->model;
    if (good)
        ad_tree_walk(tree, make_leaf, p);
    for (size_t i = 0; !good && i < tree->arrays; i++)
        p->tensors[i] = ad_tape_dead(p->tape);
}

void ad_model_watch(const ad_tree *tree, ad_tape *t, const void *model, void *tensors)
{
    make_leaves(tree, &(leaf_making){"watch", (ad_watch), t, model, tensors, NULL, 0});
}

void ad_model_freeze(const ad_tree *tree, ad_tape *t, const void *model, void *tensors)
{
    make_leaves(tree, &(leaf_making){"freeze", (ad_freeze), t, model, tensors, NULL, 0});
}

/* ---- gradients ---------------------------------------------------------------------- */

typedef struct collection {
    const ad_tape *tape;
    const ad_tensor *tensors;
    const ad_array *gradient;
} collection;

/* A gradient is like that of the sweep. A tensor of another tape may also have one, from
 * another sweep. */
static ad_status like_sweep(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    const collection *c = user;
    ad_tensor x = c->tensors[s->number];
    char path[AD_PATH_SIZE];
    if (x.tape != c->tape)
        return ad_fail(error, x.tape ? AD_FOREIGN : AD_MISUSE,
                       "gradient: %s is not on the tape of the result",
                       ad_site_print(s, true, path));
    ad_view g = ad_grad(x), numbers = ad_read(x);
    if (!g.data)
        return ad_fail(error, AD_MISUSE, "gradient: %s is %s", ad_site_print(s, true, path),
                       numbers.data && !ad_is_tracked(x) ? "frozen" : "not a watched leaf");
    *like =
        (ad_array){(void *)(uintptr_t)g.data, g.type, g.shape, c->gradient[s->number].allocator};
    return AD_OK;
}

ad_status ad_model_gradient(const ad_tree *tree, ad_tensor y, const ad_view *dy,
                            const void *tensors, void *gradient)
{
    AD_DOOR(y.tape, "gradient", AD_BUSY);
    const char *missing = ad_tree_missing(tree, tensors && gradient);
    if (missing)
        return ad_tape_fail(y.tape, AD_MISUSE, "gradient: %s", missing);
    ad_status status = dy ? ad_backward_from(y, *dy) : ad_backward(y);
    return status == AD_OK ? ad_model_collect(tree, y.tape, tensors, gradient) : status;
}

ad_status ad_model_collect(const ad_tree *tree, ad_tape *t, const void *tensors, void *gradient)
{
    AD_DOOR(t, "gradient", AD_BUSY);
    const char *missing = ad_tree_missing(tree, tensors && gradient);
    if (missing)
        return ad_tape_fail(t, AD_MISUSE, "gradient: %s", missing);
    ad_tape_info info = {.size = sizeof info};
    ad_tape_measure(t, &info);
    if (ad_tape_status(t) == AD_OK && info.sweep_left)
        ad_tape_fail(t, AD_MISUSE, "gradient: the sweep has not ended");
    if (ad_tape_status(t) != AD_OK)
        return ad_tape_status(t);
    ad_error error = {0};
    collection c = {t, tensors, gradient};
    ad_result r = {.tree = tree,
                   .target = gradient,
                   .verb = "gradient",
                   .role = "the gradient",
                   .like = like_sweep,
                   .user = &c,
                   .error = &error};
    ad_status status = ad_result_prepare(&r);
    if (status != AD_OK)
        return ad_tape_fail(t, status, "%s", error.text);
    ad_result_commit(&r);
    ad_array *g = gradient;
    for (size_t i = 0; i < tree->arrays; i++)
        ad_array_write(&g[i], ad_grad(c.tensors[i]), NULL);
    return AD_OK;
}

/* ---- copies ------------------------------------------------------------------------- */

/* Makes the missing arrays of `to` like the model's arrays. */
static ad_status make_like(const ad_tree *tree, const char *verb, const char *role,
                           const void *model, void *to, ad_error *error)
{
    ad_result r = {.tree = tree,
                   .target = to,
                   .verb = verb,
                   .role = role,
                   .like = ad_like_struct,
                   .user = model,
                   .error = error};
    const char *missing = ad_tree_missing(tree, model && to);
    if (missing)
        return ad_fail(error, AD_MISUSE, "%s: %s", verb, missing);
    ad_status status = ad_result_prepare(&r);
    if (status == AD_OK)
        ad_result_commit(&r);
    return status;
}

ad_status ad_model_like(const ad_tree *tree, const void *model, void *zeros, ad_error *error)
{
    ad_array *a = zeros;
    ad_status status = make_like(tree, "like", "the zeros", model, zeros, error);
    for (size_t i = 0; status == AD_OK && i < tree->arrays; i++)
        memset(a[i].data, 0, ad_array_count(&a[i]) * ad_type_size(a[i].type));
    return status;
}

ad_status ad_model_copy(const ad_tree *tree, const void *model, void *copy, ad_error *error)
{
    const ad_array *from = model;
    ad_array *to = copy;
    ad_status status = make_like(tree, "copy", "the copy", model, copy, error);
    for (size_t i = 0; status == AD_OK && i < tree->arrays; i++)
        ad_array_write(&to[i], ad_array_view(from[i]), NULL);
    return status;
}

/* ---- y += alpha x ------------------------------------------------------------------- */

typedef struct summands {
    const void *x, *y;
    ad_error *error;
} summands;

static ad_status check_axpy(void *user, const ad_site *s)
{
    const summands *p = user;
    const ad_array *x = ad_site_array(s, p->x), *y = ad_site_array(s, p->y);
    ad_status status = ad_require_held(s, x, "axpy", "x", p->error);
    if (status == AD_OK)
        status = ad_require_held(s, y, "axpy", "y", p->error);
    if (status == AD_OK)
        status = ad_require_float(s, x, "axpy", p->error);
    if (status == AD_OK)
        status = ad_require_equal(s, x, y, "axpy", "y", p->error);
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

static void axpy(double alpha, const ad_array *x, ad_array *y)
{
    if (x->type == AD_F32)
        axpy_f32(ad_array_count(x), (float)alpha, x->data, y->data);
    else
        axpy_f64(ad_array_count(x), alpha, x->data, y->data);
}

ad_status ad_model_axpy(const ad_tree *tree, double alpha, const void *x, void *y, ad_error *error)
{
    const ad_array *from = x;
    ad_array *to = y;
    const char *missing = ad_tree_missing(tree, x && y);
    if (missing || !from || !to) {
        ad_fail(error, AD_MISUSE, "axpy: %s", missing);
        return AD_MISUSE;
    }
    ad_status status = ad_tree_walk(tree, check_axpy, &(summands){x, y, error});
    for (size_t i = 0; status == AD_OK && i < tree->arrays; i++)
        axpy(alpha, &from[i], &to[i]);
    return status;
}
