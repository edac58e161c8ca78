/* Derivatives of functions of models: the fields are the operands, and results are structs like the model,
 * or lie in the order of its fields. */
#include "adze/model_derivatives.h"
#include "derivatives/rows.h"
#include "tape/inner.h"
#include "trees/walk.h"

/* ---- a function of a model on the tape ---------------------------------------------- */

/* What an operator is called with. */
typedef struct call {
    const char *name;
    const ad_model *d;
    ad_tape *t;
    ad_model_function *f;
    const void *env, *model;
} call;

/* f at the watched model: the leaves are a list. */
typedef struct record {
    ad_tensor y;
    int n;
    ad_tensor *x; /* [n] */
} record;

static bool put(const call *c, record *r)
{
    void *tensors = ad_tape_memory(c->t, c->d->tensors_size);
    r->n = ad_model_count(c->d);
    r->x = ad_tape_memory(c->t, (size_t)r->n * sizeof *r->x);
    if (!tensors || !r->x)
        return false;
    ad_model_watch(c->d, c->t, c->model, tensors);
    if (ad_tape_status(c->t) != AD_OK)
        return false;
    ad_model_list(c->d, tensors, r->x);
    uint32_t held = ad_tape_hold(c->t);
    r->y = c->f(c->t, tensors, c->env);
    ad_tape_let_go(c->t, held);
    if (r->y.tape != c->t)
        ad_tape_fail(c->t, AD_FOREIGN, "%s: the function's result is not on the tape", c->name);
    return ad_tape_status(c->t) == AD_OK;
}

/* An operator's own part, between recording and rewinding. */
typedef void operation(const call *c, record *r, void *user);

static ad_status operate(const call *c, bool complete, operation *work, void *user)
{
    record r;
    bool whole = c->d && c->f && c->model && complete;
    if (!ad_good_call(c->t, c->name, whole, 1, 1) || !whole)
        return ad_tape_status(c->t);
    ad_mark start = ad_tape_mark(c->t);
    if (put(c, &r))
        work(c, &r, user);
    ad_tape_rewind(start);
    return ad_tape_status(c->t);
}

/* What is read of the leaves, as a list on the tape. NULL with an error. */
static ad_view *read_all(const call *c, const record *r, ad_reader *read)
{
    ad_view *from = ad_tape_memory(c->t, (size_t)r->n * sizeof *from);
    for (int i = 0; from && i < r->n; i++)
        from[i] = read(r->x[i], 0);
    return from;
}

static ad_delivery to_model(const call *c, const ad_view *from, void *target)
{
    return (ad_delivery){
        .d = c->d, .from = from, .target = target, .verb = c->name, .role = "the result"};
}

static ad_delivery to_array(const call *c, const ad_view *from, ad_array *target)
{
    return (ad_delivery){.d = &ad_array_model,
                         .from = from,
                         .target = target,
                         .verb = c->name,
                         .role = "the result"};
}

/* Both or neither; those without views are not wanted. */
static bool deliver(const call *c, ad_delivery *a, ad_delivery *b)
{
    if (a->target && !ad_delivery_prepare(a, c->t))
        return false;
    if (b->target && !ad_delivery_prepare(b, c->t)) {
        if (a->target)
            ad_result_abandon(&a->result);
        return false;
    }
    if (a->target)
        ad_delivery_commit(a);
    if (b->target)
        ad_delivery_commit(b);
    return true;
}

/* ---- along a tangent --------------------------------------------------------------- */

typedef struct directed {
    const void *tangent;
    ad_array *y, *ty;
    void *hvp;
} directed;

typedef struct tangents {
    const void *arrays;
    const ad_tensor *x;
    ad_tape *t;
} tangents;

static ad_status set_tangent(void *user, const ad_site *s)
{
    tangents *p = user;
    ad_view tx = ad_array_view(*ad_site_array(s, p->arrays));
    return ad_set_tangent_many(*p->x++, 1, &tx);
}

static bool push(const call *c, const record *r, const void *tangent)
{
    tangents p = {tangent, r->x, c->t};
    return ad_walk(c->d, set_tangent, &p) == AD_OK && ad_push_tangents(r->y) == AD_OK;
}

static void jvp(const call *c, record *r, void *user)
{
    const directed *p = user;
    if (!push(c, r, p->tangent))
        return;
    ad_view y = ad_read(r->y), ty = ad_tangent_or_zeros(c->t, r->y, 0);
    ad_delivery a = to_array(c, &y, p->y), b = to_array(c, &ty, p->ty);
    if (ad_tape_status(c->t) == AD_OK)
        deliver(c, &a, &b);
}

static void hvp(const call *c, record *r, void *user)
{
    const directed *p = user;
    ad_view *from = NULL;
    if (push(c, r, p->tangent) && ad_backward_tangents(r->y) == AD_OK)
        from = read_all(c, r, ad_grad_tangent_at);
    ad_delivery a = to_model(c, from, p->hvp), none = {.d = NULL};
    if (from)
        deliver(c, &a, &none);
}

ad_status ad_model_jvp(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                       const void *model, const void *tangent, ad_array *y, ad_array *ty)
{
    call c = {"jvp", d, t, f, env, model};
    return operate(&c, tangent && y && ty, jvp, &(directed){tangent, y, ty, NULL});
}

ad_status ad_model_hvp(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                       const void *model, const void *tangent, void *product)
{
    call c = {"hvp", d, t, f, env, model};
    return operate(&c, tangent && product, hvp, &(directed){tangent, NULL, NULL, product});
}

/* ---- all derivatives ---------------------------------------------------------------- */

typedef struct dense {
    ad_mode mode;
    ad_array *y, *hessian;
    double *value;
    void *result; /* the Jacobian, the gradient or the diagonal */
} dense;

/* The segments of all leaves, from the first row on, with these axes. NULL with an error. */
static ad_view *view_all(const ad_rows *rows, const ad_shape *axes)
{
    ad_view *from = ad_tape_memory(rows->tape, (size_t)rows->n * sizeof *from);
    for (int i = 0; from && i < rows->n; i++)
        from[i] = ad_rows_view(rows, 0, axes, i);
    return from;
}

static void jacobian(const call *c, record *r, void *user)
{
    ad_rows rows;
    const dense *p = user;
    ad_view y = ad_read(r->y), *from = NULL;
    if (ad_jacobian_rows(&rows, c->t, r->y, r->n, r->x, p->mode))
        from = view_all(&rows, &y.shape);
    ad_delivery a = to_model(c, from, p->result), b = to_array(c, &y, p->y);
    if (from)
        deliver(c, &a, &b);
}

static void diagonal(const call *c, record *r, void *user)
{
    ad_rows rows;
    const dense *p = user;
    ad_view *from = NULL;
    if (ad_hessian_diagonal_row(&rows, c->t, r->y, r->n, r->x))
        from = view_all(&rows, &AD_SCALAR);
    ad_delivery a = to_model(c, from, p->result), none = {.d = NULL};
    if (from)
        deliver(c, &a, &none);
}

static void hessian(const call *c, record *r, void *user)
{
    ad_rows rows;
    const dense *p = user;
    ad_view *from = NULL, all;
    if (ad_hessian_rows(&rows, c->t, r->y, r->n, r->x))
        from = read_all(c, r, ad_grad_at);
    if (!from)
        return;
    all = (ad_view){.data = rows.data, .type = from[0].type, .stride = {(int64_t)rows.numbers, 1}};
    all.shape = AD_SHAPE((int64_t)rows.numbers, (int64_t)rows.numbers);
    ad_delivery a = to_model(c, from, p->result), b = to_array(c, &all, p->hessian);
    if (deliver(c, &a, &b) && p->value)
        *p->value = ad_item(r->y);
}

ad_status ad_model_jacobian(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                            const void *model, ad_mode mode, ad_array *y, void *result)
{
    call c = {"jacobian", d, t, f, env, model};
    return operate(&c, result, jacobian, &(dense){.mode = mode, .y = y, .result = result});
}

ad_status ad_model_hessian_diagonal(const ad_model *d, ad_tape *t, ad_model_function *f,
                                    const void *env, const void *model, void *result)
{
    call c = {"hessian_diagonal", d, t, f, env, model};
    return operate(&c, result, diagonal, &(dense){.result = result});
}

ad_status ad_model_hessian(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                           const void *model, double *value, void *gradient, ad_array *result)
{
    call c = {"hessian", d, t, f, env, model};
    ad_error error = {0};
    if (d && model && t && ad_tape_status(t) == AD_OK &&
        ad_check_one_type(d, model, c.name, &error) != AD_OK)
        return ad_tape_fail(t, error.status, "%s", error.text);
    return operate(&c, result, hessian,
                   &(dense){.value = value, .hessian = result, .result = gradient});
}
