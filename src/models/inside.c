/* Models inside functions: gradients as tensors, by the fields of a model or by what it is applied to, and
 * steps of training that are part of a formula. */
#include "adze/ops.h"
#include "ops/axes.h"
#include "trees/walk.h"

#include <math.h>
#include <string.h>

/* ---- structs of tensors as lists --------------------------------------------------- */

typedef struct list {
    void *tensors;
    ad_tensor *next;
} list;

static ad_status write_one(void *user, const ad_site *s)
{
    list *l = user;
    *ad_site_tensor(s, l->tensors) = *l->next++;
    return AD_OK;
}

static ad_status write_same(void *user, const ad_site *s)
{
    list *l = user;
    *ad_site_tensor(s, l->tensors) = *l->next;
    return AD_OK;
}

static ad_status find_tape(void *user, const ad_site *s)
{
    list *l = user;
    *l->next = *ad_site_tensor(s, l->tensors);
    return l->next->tape ? AD_FOREIGN : AD_OK; /* found: ends the walk */
}

/* The first tensor that has a tape, dead; without a tape if there is none. */
static ad_tensor dead_like_one(const ad_model *d, const void *tensors)
{
    ad_tensor x = ad_number(NAN);
    if (d && tensors)
        ad_walk(d, find_tape, &(list){(void *)(uintptr_t)tensors, &x});
    return ad_dead(x);
}

static bool complete(ad_tape *t, const char *name, bool arguments)
{
    if (t && !arguments)
        ad_tape_fail(t, AD_MISUSE, "%s: an argument is NULL", name);
    return t && ad_tape_status(t) == AD_OK;
}

/* ---- calls --------------------------------------------------------------------- */

/* A function of a model, or a model applied to inputs, as a function of a list: the inputs, then the
 * model's fields. */
typedef struct model_call {
    const ad_model *d;
    ad_model_function *f;
    ad_model_map *map; /* or NULL */
    const void *env;
    int inputs, n;
    ad_tensor *x;  /* [n], the inputs first */
    void *tensors; /* the model's on the tape where it is evaluated */
} model_call;

static ad_tensor call_model(ad_tape *t, const ad_tensor *x, const void *env)
{
    const model_call *c = env;
    ad_walk(c->d, write_one, &(list){c->tensors, (ad_tensor *)(uintptr_t)(x + c->inputs)});
    return c->map ? c->map(t, c->tensors, x, c->env) : c->f(t, c->tensors, c->env);
}

/* The call on the tape, where it lives until the sweeps, with its lists and a copy of so many bytes of
 * env. NULL with an error when memory ran out. */
static model_call *put_call(ad_tape *t, model_call given, size_t bytes, const void *tensors)
{
    int n = given.inputs + ad_model_count(given.d);
    size_t list_bytes = (size_t)n * sizeof *given.x;
    model_call *c = ad_tape_memory(t, sizeof *c + list_bytes + given.d->tensors_size + bytes);
    if (!c)
        return NULL;
    *c = given;
    c->n = n;
    c->x = (ad_tensor *)(c + 1);
    c->tensors = c->x + n;
    if (bytes)
        c->env = memcpy((char *)c->tensors + given.d->tensors_size, given.env, bytes);
    for (int i = 0; i < given.inputs; i++)
        c->x[i] = given.x[i];
    ad_model_list(c->d, tensors, c->x + c->inputs);
    return c;
}

ad_tensor ad_model_gradient_node(const ad_model *d, ad_model_function *f, const void *env,
                                 size_t bytes, const void *tensors, void *gradient)
{
    model_call *c = NULL;
    ad_tensor value = dead_like_one(d, tensors), dead = value;
    if (complete(value.tape, "gradient", f && gradient && (env || !bytes)))
        c = put_call(value.tape, (model_call){.d = d, .f = f, .env = env}, bytes, tensors);
    if (c)
        value = ad_gradient_node(call_model, c, c->n, c->x, c->n, c->x);
    if (d && gradient)
        ad_walk(d, c ? write_one : write_same, &(list){gradient, c ? c->x : &dead});
    return value;
}

ad_tensor ad_model_input_gradient_node(const ad_model *d, ad_model_map *map, const void *env,
                                       size_t bytes, const void *tensors, int n, const ad_tensor *x,
                                       ad_tensor *gradient)
{
    model_call *c = NULL;
    model_call given = {
        .d = d, .map = map, .env = env, .inputs = n, .x = (ad_tensor *)(uintptr_t)x};
    ad_tensor dead = dead_like_one(d, tensors);
    if (complete(dead.tape, "gradient", map && x && gradient && n > 0 && (env || !bytes)))
        c = put_call(dead.tape, given, bytes, tensors);
    if (c)
        return ad_gradient_node(call_model, c, c->n, c->x, n, gradient);
    for (int i = 0; gradient && i < n; i++)
        gradient[i] = dead;
    return dead;
}

/* ---- checkpoints ------------------------------------------------------------------- */

ad_tensor ad_model_checkpoint(const ad_model *d, ad_model_map *map, const void *env, size_t bytes,
                              const void *tensors, int n, const ad_tensor *x)
{
    model_call *c = NULL;
    model_call given = {
        .d = d, .map = map, .env = env, .inputs = n, .x = (ad_tensor *)(uintptr_t)x};
    ad_tensor dead = dead_like_one(d, tensors);
    if (complete(dead.tape, "checkpoint", map && n >= 0 && (x || !n) && (env || !bytes)))
        c = put_call(dead.tape, given, bytes, tensors);
    return c ? ad_checkpoint(call_model, c, c->n, c->x) : dead;
}

/* ---- steps ------------------------------------------------------------------------- */

typedef struct step {
    double alpha;
    const void *x, *y;
    void *sum;
} step;

static ad_status step_one(void *user, const ad_site *s)
{
    const step *p = user;
    *ad_site_tensor(s, p->sum) =
        ad_muladd(*ad_site_tensor(s, p->x), ad_number(p->alpha), *ad_site_tensor(s, p->y));
    return AD_OK;
}

void ad_model_tensors_axpy(const ad_model *d, double alpha, const void *x, const void *y, void *sum)
{
    ad_tensor dead = dead_like_one(d, y ? y : x);
    if (complete(dead.tape, "axpy", x && y && sum))
        ad_walk(d, step_one, &(step){alpha, x, y, sum});
    else if (d && sum)
        ad_walk(d, write_same, &(list){sum, &dead});
}
