/* Models inside functions: gradients as tensors, by the fields of a model or by its inputs, and
 * steps of training that are part of a formula. */
#include "adze/functions.h"
#include "adze/ops.h"
#include "ops/axes.h"
#include "tape/failure.h"
#include "trees/walk.h"

#include <math.h>
#include <string.h>

/* How many tensors a struct has, which is a list of them. One, if nobody knows. */
static size_t count_of(const ad_tree *tree, const void *tensors)
{
    return !tensors ? 0 : ad_tree_missing(tree, true) ? tree != NULL : tree->arrays;
}

/* A dead tensor on the tape of the first tensor that has one; without a tape if none has. */
static ad_tensor dead_like_one(const ad_tree *tree, const void *tensors)
{
    return ad_tape_dead(ad_tape_of(tensors, (int)count_of(tree, tensors)));
}

static void fill(const ad_tree *tree, void *tensors, ad_tensor with)
{
    ad_tensor *x = tensors;
    for (size_t i = 0, n = count_of(tree, tensors); i < n; i++)
        x[i] = with;
}

static bool complete(ad_tape *t, const char *name, const ad_tree *tree, bool arguments)
{
    const char *missing = ad_tree_missing(tree, arguments);
    if (t && missing)
        ad_tape_fail(t, AD_MISUSE, "%s: %s", name, missing);
    return t && arguments && ad_tape_status(t) == AD_OK;
}

/* ---- calls --------------------------------------------------------------------- */

/* A function of a model, or a model applied to inputs, as a function of a list: the inputs, then
 * the model's fields. */
typedef struct model_call {
    const ad_tree *tree;
    ad_model_function *f;
    ad_model_map *map; /* or NULL */
    const void *env;
    int inputs, n;
    ad_tensor *x; /* [n], the inputs first */
} model_call;

static ad_tensor call_model(ad_tape *t, const ad_tensor *x, const void *env)
{
    const model_call *c = env;
    const ad_tensor *tensors = x + c->inputs;
    return c->map ? c->map(t, tensors, x, c->env) : c->f(t, tensors, c->env);
}

/* Puts the call on the tape, where it lives until the sweeps, with its lists and a copy of some
 * bytes of env. NULL with an error if memory ran out. */
static model_call *put_call(ad_tape *t, model_call given, size_t bytes, const ad_tensor *x,
                            const ad_tensor *tensors)
{
    int n = given.inputs + (int)given.tree->arrays;
    model_call *c = ad_tape_memory(t, sizeof *c + (size_t)n * sizeof *x + bytes);
    if (!c)
        return NULL;
    *c = given;
    c->n = n;
    c->x = (ad_tensor *)(c + 1);
    if (bytes)
        c->env = memcpy(c->x + n, given.env, bytes);
    for (int i = 0; i < n; i++)
        c->x[i] = x && i < c->inputs ? x[i] : tensors[i - c->inputs];
    return c;
}

ad_tensor ad_model_gradient_node(const ad_tree *tree, ad_model_function *f, const void *tensors,
                                 const void *env, size_t bytes, void *gradient)
{
    model_call *c = NULL, given = {.tree = tree, .f = f, .env = env};
    ad_tensor dead = dead_like_one(tree, tensors);
    AD_DOOR_TRY(open, dead.tape, "gradient");
    if (open && complete(dead.tape, "gradient", tree, f && gradient && (env || !bytes)))
        c = put_call(dead.tape, given, bytes, NULL, tensors);
    if (c)
        return ad_gradient_node(call_model, c->n, c->x, c->n, c, gradient);
    fill(tree, gradient, dead);
    return dead;
}

ad_tensor ad_model_input_gradient_node(const ad_tree *tree, ad_model_map *map, const void *tensors,
                                       int n, const ad_tensor *x, const void *env, size_t bytes,
                                       ad_tensor *gradient)
{
    model_call *c = NULL, given = {.tree = tree, .map = map, .env = env, .inputs = n};
    ad_tensor dead = dead_like_one(tree, tensors);
    AD_DOOR_TRY(open, dead.tape, "gradient");
    if (open &&
        complete(dead.tape, "gradient", tree, map && x && gradient && n > 0 && (env || !bytes)))
        c = put_call(dead.tape, given, bytes, x, tensors);
    if (c)
        return ad_gradient_node(call_model, c->n, c->x, n, c, gradient);
    for (int i = 0; gradient && i < n; i++)
        gradient[i] = dead;
    return dead;
}

/* ---- checkpoints ------------------------------------------------------------------- */

ad_tensor ad_model_checkpoint(const ad_tree *tree, ad_model_map *map, const void *tensors, int n,
                              const ad_tensor *x, const void *env, size_t bytes)
{
    model_call *c = NULL, given = {.tree = tree, .map = map, .env = env, .inputs = n};
    ad_tensor dead = dead_like_one(tree, tensors);
    AD_DOOR(dead.tape, "checkpoint", dead);
    if (complete(dead.tape, "checkpoint", tree, map && n >= 0 && (x || !n) && (env || !bytes)))
        c = put_call(dead.tape, given, bytes, x, tensors);
    return c ? ad_checkpoint(call_model, c->n, c->x, c) : dead;
}

/* ---- steps ------------------------------------------------------------------------- */

void ad_model_tensors_axpy(const ad_tree *tree, double alpha, const void *x, const void *y,
                           void *sum)
{
    const ad_tensor *from = x, *base = y;
    ad_tensor *to = sum, dead = dead_like_one(tree, y ? y : x);
    AD_DOOR_TRY(open, dead.tape, "axpy");
    bool good = open && complete(dead.tape, "axpy", tree, x && y && sum);
    if (!good)
        fill(tree, sum, dead);
    for (size_t i = 0; good && i < tree->arrays; i++)
        to[i] = ad_muladd(from[i], ad_number(alpha), base[i]);
}
