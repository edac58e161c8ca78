/* Functions of single numbers as nodes of a tape: the forward rule runs the function on a recorder, which
 * the node keeps; the other rules sweep that record. The elements of tracked operands are the recorder's first
 * statements, one after another. Second derivatives are taken on a recorder that keeps them, where the
 * function is evaluated again. */
#include "array/convert.h"
#include "functions/call.h"
#include "numbers/record.h"
#include "tape/recorders.h"

#include <math.h>
#include <string.h>

typedef struct numbers_attr {
    ad_real_function *f;
    const void *env;
    ad_shape shape;
    int n;              /* operands */
    const ad_tensor *x; /* for the rules of recording; dangles afterwards */
} numbers_attr;

/* What a node keeps, and behind the results whether each operand is tracked. */
typedef struct kept {
    ad_recorder *recorder;
    uint32_t epoch;
    ad_real y[];
} kept;

static bool *tracked_of(const kept *k, size_t m)
{
    return (bool *)(uintptr_t)(k->y + m);
}

/* ---- what it is --------------------------------------------------------------------- */

static const char *numbers_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)x;
    *y = ((const numbers_attr *)attr)->shape;
    return ad_shape_count(y, NULL) == AD_OK ? NULL : "the result's shape makes no sense";
}

static size_t numbers_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    const numbers_attr *a = attr;
    size_t count = SIZE_MAX;
    (void)type, (void)x;
    (void)ad_shape_count(&a->shape, &count);
    return ad_size_add(sizeof(kept) + (size_t)a->n * sizeof(bool),
                       ad_size_mul(count, sizeof(ad_real)));
}

/* ---- lists of numbers --------------------------------------------------------------- */

static size_t count_elements(int n, const ad_view *x, const bool *chosen)
{
    size_t count = 0;
    for (int i = 0; i < n; i++)
        count += !chosen || chosen[i] ? ad_view_count(&x[i]) : 0;
    return count;
}

/* Numbers that lie row by row as doubles. */
static double *as_doubles(ad_workspace *work, const ad_view *v)
{
    size_t count = ad_view_count(v);
    double *numbers = ad_scratch(work, ad_size_mul(count, sizeof *numbers));
    if (numbers)
        ad_convert(count, v->type, v->data, AD_F64, numbers);
    return numbers;
}

/* The elements of all operands on a recorder. */
static ad_real *record_elements(ad_workspace *work, ad_recorder *r, int n, const ad_view *x,
                                const bool *tracked)
{
    ad_real *all = ad_scratch(work, ad_size_mul(count_elements(n, x, NULL), sizeof *all)),
            *at = all;
    for (int i = 0; all && i < n; i++) {
        size_t count = ad_view_count(&x[i]);
        const double *values = as_doubles(work, &x[i]);
        if (!values)
            return NULL;
        if (tracked[i])
            ad_real_inputs(r, count, values, at);
        for (size_t k = 0; !tracked[i] && k < count; k++)
            at[k] = ad_real_constant(values[k]);
        at += count;
    }
    return all;
}

/* Those of the tracked operands, again. */
static ad_real *recorded_elements(ad_workspace *work, const kept *k, size_t count)
{
    ad_real *x = ad_scratch(work, ad_size_mul(count, sizeof *x));
    for (size_t i = 0; x && i < count; i++)
        x[i] = (ad_real){.on = k->recorder, .place = ad_place((uint32_t)i, k->epoch)};
    return x;
}

/* Adds the derivatives by all tracked elements to those of wanted operands. */
static void add_all(int n, const ad_view *x, const bool *tracked, const bool *wanted,
                    const double *dx, const ad_array *to)
{
    for (int i = 0; i < n; i++) {
        size_t count = tracked[i] ? ad_view_count(&x[i]) : 0;
        for (size_t k = 0; wanted[i] && k < count; k++)
            if (to[i].type == AD_F64)
                ((double *)to[i].data)[k] += dx[k];
            else
                ((float *)to[i].data)[k] += (float)dx[k];
        dx += count;
    }
}

/* ---- evaluation --------------------------------------------------------------------- */

/* Fails as the recorder did. */
static bool good(ad_workspace *work, const ad_recorder *r)
{
    if (r && ad_recorder_status(r) != AD_OK)
        ad_reject(work, ad_recorder_status(r), "%s", ad_recorder_error(r));
    else if (!r)
        ad_reject(work, AD_MEMORY, "memory ran out (for a recorder)");
    return r && ad_recorder_status(r) == AD_OK;
}

/* Whether f has left the tracked operands on its recorder, as they were before it. */
static bool spared(ad_workspace *work, const ad_recorder *r, size_t count, uint32_t epoch)
{
    ad_real last = {.place = ad_place((uint32_t)count - 1, epoch)};
    bool lives = count == 0 || ad_reals_lives(ad_reals_of(r), last);
    if (!lives)
        ad_reject(work, AD_STALE,
                  "the function has reset or rewound its recorder, and so ended its operands");
    return lives;
}

/* y = f(x) on a recorder, whose epoch is then that of its operands. */
static bool evaluate(ad_workspace *work, const numbers_attr *a, const ad_view *x,
                     const bool *tracked, size_t m, kept *k, ad_real *y)
{
    ad_recorder *r = k->recorder;
    ad_real *all = good(work, r) ? record_elements(work, r, a->n, x, tracked) : NULL;
    if (!all)
        return false;
    k->epoch = (uint32_t)(r->next >> 32);
    for (size_t j = 0; j < m; j++)
        y[j] = ad_real_constant((double)NAN);
    a->f(count_elements(a->n, x, NULL), all, m, y, a->env);
    if (!good(work, r) || !spared(work, r, count_elements(a->n, x, tracked), k->epoch))
        return false;
    for (size_t j = 0; j < m && ad_recorder_status(r) == AD_OK; j++)
        if (y[j].on)
            ad_reals_knows(ad_reals_of(r), "the function's result", y[j]);
    return good(work, r);
}

/* The values of y, in a float type. */
static void write_values(size_t m, const ad_real *y, double *values, ad_type type, void *to)
{
    for (size_t j = 0; j < m; j++)
        values[j] = y[j].value;
    ad_convert(m, AD_F64, values, type, to);
}

/* ---- rules -------------------------------------------------------------------------- */

static void numbers_forward(const ad_forward_args *c)
{
    const numbers_attr *a = c->attr;
    kept *k = c->saved;
    size_t m = ad_array_count(&c->y);
    bool *tracked = tracked_of(k, m);
    for (int i = 0; i < a->n; i++) {
        const ad_node *x = ad_tape_node(a->x[i]);
        tracked[i] = x && x->flags & AD_NODE_TRACKED;
    }
    k->recorder = ad_node_recorder(c->work->owner);
    double *values = ad_scratch(c->work, m * sizeof *values);
    if (values && evaluate(c->work, a, c->x, tracked, m, k, k->y))
        write_values(m, k->y, values, c->y.type, c->y.data);
}

static void numbers_pullback(const ad_pullback_args *c)
{
    const kept *k = c->saved;
    size_t m = ad_view_count(&c->y);
    const bool *tracked = tracked_of(k, m);
    size_t n = count_elements(c->arity, c->x, tracked);
    ad_real *x = recorded_elements(c->work, k, n);
    double *dy = as_doubles(c->work, &c->dy), *dx = ad_scratch(c->work, n * sizeof *dx);
    if (!x || !dy || !dx)
        return;
    ad_real_vjp(m, k->y, dy, n, x, dx);
    if (good(c->work, k->recorder))
        add_all(c->arity, c->x, tracked, c->wanted, dx, c->dx);
}

/* The tangents of all tracked elements. */
static double *tangents(ad_workspace *work, int n, const ad_view *x, const ad_view *tx,
                        const bool *tracked)
{
    double *all = ad_scratch(work, count_elements(n, x, tracked) * sizeof *all), *at = all;
    for (int i = 0; all && i < n; i++) {
        size_t count = tracked[i] ? ad_view_count(&x[i]) : 0;
        if (tx[i].data)
            ad_convert(count, tx[i].type, tx[i].data, AD_F64, at);
        else
            ad_call_put(at, NULL, count * sizeof *at);
        at += count;
    }
    return all;
}

static void numbers_jvp(const ad_jvp_args *c)
{
    const kept *k = c->saved;
    size_t m = ad_view_count(&c->y);
    const bool *tracked = tracked_of(k, m);
    size_t n = count_elements(c->arity, c->x, tracked);
    ad_real *x = recorded_elements(c->work, k, n);
    double *tx = tangents(c->work, c->arity, c->x, c->tx, tracked);
    double *ty = ad_scratch(c->work, m * sizeof *ty);
    if (!x || !tx || !ty)
        return;
    ad_real_jvp(n, x, 1, tx, m, k->y, ty);
    if (good(c->work, k->recorder))
        ad_convert(m, AD_F64, ty, c->ty.type, c->ty.data);
}

/* An f that gives other values than before would have another derivative. */
static bool same_values(const ad_curvature_args *c, size_t m, const ad_real *y)
{
    size_t bytes = ad_size_mul(m, ad_type_size(c->y.type));
    double *values = ad_scratch(c->work, m * sizeof *values);
    void *again = ad_scratch(c->work, bytes);
    if (!values || !again)
        return false;
    write_values(m, y, values, c->y.type, again);
    if (bytes && memcmp(again, c->y.data, bytes) != 0) {
        ad_reject(c->work, AD_CHANGED,
                  "the function gave other numbers when it was evaluated again: it must depend on "
                  "its operands and unchanged numbers only");
        return false;
    }
    return true;
}

/* The products of the Hessian of <dy, y> with the tangents. */
static void numbers_curvature(const ad_curvature_args *c)
{
    size_t m = ad_view_count(&c->y);
    const bool *tracked = tracked_of(c->saved, m);
    size_t n = count_elements(c->arity, c->x, tracked);
    kept k = {.recorder = ad_rule_recorder(c->work->owner)};
    ad_real *y = ad_scratch(c->work, m * sizeof *y);
    double *dy = as_doubles(c->work, &c->dy), *product = ad_scratch(c->work, n * sizeof *product);
    double *tx = tangents(c->work, c->arity, c->x, c->tx, tracked);
    if (!y || !dy || !product || !tx || !evaluate(c->work, c->attr, c->x, tracked, m, &k, y) ||
        !same_values(c, m, y))
        return;
    ad_real *x = recorded_elements(c->work, &k, n);
    ad_real sum = ad_weighted_sum_reals(m, dy, y);
    if (x)
        ad_real_hvp(sum, n, x, 1, tx, product);
    if (x && good(c->work, k.recorder))
        add_all(c->arity, c->x, tracked, c->wanted, product, c->tdx);
}

static const ad_op numbers_op = {
    .size = sizeof(ad_op),
    .name = "by_numbers",
    .arity = AD_VARIADIC,
    .attr_size = sizeof(numbers_attr),
    .shape = numbers_shape,
    .saved = numbers_saved,
    .forward = numbers_forward,
    .pullback = numbers_pullback,
    .jvp = numbers_jvp,
    .curvature = numbers_curvature,
};

/* ---- the call ----------------------------------------------------------------------- */

ad_tensor ad_by_numbers(ad_real_function *f, int n, const ad_tensor *x, ad_shape shape,
                        const void *env)
{
    AD_DOOR(ad_tape_of(x, n), "by_numbers", ad_dead(x[0]));
    ad_tape *t = ad_call_tape("by_numbers", f != NULL, n, x);
    numbers_attr a = {.f = f, .env = env, .shape = shape, .n = n, .x = x};
    if (t)
        return ad_apply_n(&numbers_op, n, x, &a);
    return x && n > 0 ? ad_dead(x[0]) : ad_number(NAN);
}
