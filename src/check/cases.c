/* Random operands for an operation: shapes that its shape rule takes, found by trying, and numbers
 * at random strides. */
#include "check/cases.h"

#include <math.h>

/* ---- shapes -------------------------------------------------------------------------- */

enum { MOST_AXES = 3, MOST_TRIES = 20000, EMPTY_TRIES = 2000 };

static int64_t extent(ad_random *r, bool empty)
{
    static const int64_t usual[] = {1, 1, 2, 2, 3, 3, 4, 5};
    return empty ? 0 : usual[ad_random_below(r, sizeof usual / sizeof *usual)];
}

static ad_shape random_shape(ad_random *r, bool empty)
{
    ad_shape s = {.rank = (int)ad_random_below(r, MOST_AXES + 1)};
    int nothing = empty && s.rank ? (int)ad_random_below(r, (uint64_t)s.rank) : -1;
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = extent(r, i == nothing);
    return s;
}

/* A shape that broadcasts to s: some leading axes gone, some others 1. */
static ad_shape broadcast_part(ad_random *r, const ad_shape *s)
{
    int gone = (int)ad_random_below(r, (uint64_t)s->rank + 1);
    ad_shape part = {.rank = s->rank - gone};
    for (int i = 0; i < part.rank; i++)
        part.dim[i] = ad_random_below(r, 3) ? s->dim[i + gone] : 1;
    return part;
}

static void equal_shapes(ad_random *r, bool empty, ad_check_operands *x)
{
    ad_shape s = random_shape(r, empty);
    for (int i = 0; i < x->n; i++)
        x->shape[i] = s;
}

static void broadcast_shapes(ad_random *r, bool empty, ad_check_operands *x)
{
    ad_shape s = random_shape(r, empty);
    for (int i = 0; i < x->n; i++)
        x->shape[i] = broadcast_part(r, &s);
    if (x->n)
        x->shape[ad_random_below(r, (uint64_t)x->n)] = s;
}

/* [..., m, k], [..., k, n], and [n] for what follows. */
static void matrix_shapes(ad_random *r, bool empty, ad_check_operands *x)
{
    int nothing = empty ? (int)ad_random_below(r, 3) : 3;
    int64_t m = extent(r, nothing == 0), k = extent(r, nothing == 1), n = extent(r, nothing == 2);
    ad_shape batch = {.rank = (int)ad_random_below(r, 2), .dim = {extent(r, false)}};
    for (int i = 0; i < x->n; i++) {
        ad_shape s = {.rank = 1, .dim = {n}};
        if (i < 2) {
            s = broadcast_part(r, &batch);
            s.dim[s.rank++] = i ? k : m;
            s.dim[s.rank++] = i ? n : k;
        }
        x->shape[i] = s;
    }
}

static void any_shapes(ad_random *r, bool empty, ad_check_operands *x)
{
    for (int i = 0; i < x->n; i++)
        x->shape[i] = random_shape(r, empty && i == 0);
}

/* Asks the rules for types and shapes of the results. False if they do not take the operands. */
static bool rules_take(ad_trial *c)
{
    for (int k = 0; k < c->results; k++)
        c->y_type[k] = AD_F64;
    c->y[c->results].rank = -1;
    c->y_type[c->results] = AD_TYPE_COUNT;
    return (!c->op->type || !c->op->type(c->x.type, c->attr, c->y_type)) &&
           !c->op->shape(c->x.shape, c->attr, c->y);
}

/* Every fourth trial is empty if the shape rule allows it. */
static bool find_shapes(ad_trial *c)
{
    static void (*const ways[])(ad_random *, bool, ad_check_operands *) = {
        equal_shapes, broadcast_shapes, matrix_shapes, any_shapes};
    bool empty = c->number % 4 == 3;
    for (int k = 0; k < MOST_TRIES; k++) {
        ways[ad_random_below(&c->r, sizeof ways / sizeof *ways)](&c->r, empty && k < EMPTY_TRIES,
                                                                 &c->x);
        if (rules_take(c))
            return true;
    }
    return false;
}

static ad_status choose_shapes(ad_trial *c)
{
    const ad_check_options *o = c->o;
    bool range = o->low < o->high;
    c->x = (ad_check_operands){.size = sizeof c->x,
                               .n = c->op->arity == AD_VARIADIC ? 2 : c->op->arity};
    for (int i = 0; i < AD_CHECK_OPERANDS; i++) {
        c->x.type[i] = AD_F64;
        c->x.low[i] = range ? o->low : -2;
        c->x.high[i] = range ? o->high : 2;
    }
    if (o->sampler)
        equal_shapes(&c->r, c->number % 4 == 3, &c->x);
    else if (c->op->arity == AD_VARIADIC || !find_shapes(c))
        return ad_fail(c->error, AD_MISUSE,
                       "check_op: no random shapes of f64 operands suit %s: it needs a sampler",
                       c->op->name);
    if (o->sampler)
        o->sampler(o->user, &c->r, c->number, &c->x);
    if (c->x.n < 1 || c->x.n > AD_CHECK_OPERANDS)
        return ad_fail(c->error, AD_MISUSE, "check_op: %s has %d operands; the check takes 1 to %d",
                       c->op->name, c->x.n, AD_CHECK_OPERANDS);
    for (int i = 0; i < c->x.n; i++)
        if (c->x.type[i] == AD_F32 && !(c->op->flags & AD_OP_NO_DERIVATIVE))
            return ad_fail(
                c->error, AD_MISUSE,
                "check_op: the sampler gives an f32 operand x[%d] to %s: floats are f64, "
                "and f32 is tried, too",
                i, c->op->name);
    return AD_OK;
}

/* ---- numbers ------------------------------------------------------------------------- */

/* Whole numbers for integer types, and numbers that are exact in f32, too. */
static double number_between(ad_random *r, ad_type type, double low, double high)
{
    double x = low + ad_random_uniform(r) * (high - low);
    return ad_type_is_float(type) ? (double)(float)x : floor(x);
}

/* Numbers from the user's filler, rounded, because trials in f32 use the same numbers. */
static void refill(ad_trial *c, int i, const ad_array *a)
{
    ad_array numbers = *a;
    ad_view v = ad_array_view(*a);
    if (!c->o->filler || !a->data)
        return;
    c->o->filler(c->o->user, &c->r, c->number, i, &numbers);
    for (size_t k = 0; ad_type_is_float(c->x.type[i]) && k < ad_view_count(&v); k++)
        ad_check_put(a, k, (double)(float)ad_view_get(&v, k));
}

static ad_status make_numbers(ad_trial *c, int i)
{
    const ad_allocator *allocator = ad_check_allocator(c->o);
    ad_array a = ad_array_new(allocator, AD_F64, c->x.shape[i]);
    for (size_t k = 0; k < ad_array_count(&a); k++)
        ad_check_put(&a, k, number_between(&c->r, c->x.type[i], c->x.low[i], c->x.high[i]));
    refill(c, i, &a);
    if (a.data)
        c->numbers[i] = ad_array_copy(allocator, c->x.type[i], ad_array_view(a));
    ad_array_free(&a);
    if (c->numbers[i].data)
        return AD_OK;
    bool fits = ad_shape_count(&c->x.shape[i], NULL) == AD_OK && ad_type_size(c->x.type[i]);
    return ad_fail(c->error, fits ? AD_MEMORY : AD_MISUSE, "check_op: %s for operand x[%d] of %s",
                   fits ? "memory ran out" : "a bad shape or type", i, c->op->name);
}

/* Asked with room to spare, because outside of a check such rules write where they must not. */
static ad_status expect_no_more_results(const ad_trial *c)
{
    int n = c->results;
    if (c->y[n].rank == -1 && c->y_type[n] == AD_TYPE_COUNT)
        return AD_OK;
    return ad_trial_report(c, AD_MISUSE,
                           "the op's rules set result %d, but the op has %d result%s (.results)", n,
                           n, n == 1 ? "" : "s");
}

ad_status ad_trial_begin(ad_trial *c)
{
    ad_status status = choose_shapes(c);
    for (int i = 0; i < c->x.n && status == AD_OK; i++)
        status = make_numbers(c, i);
    if (status == AD_OK && rules_take(c))
        status = expect_no_more_results(c);
    return status;
}

void ad_trial_end(ad_trial *c)
{
    for (int i = 0; i < AD_CHECK_OPERANDS; i++)
        ad_array_free(&c->numbers[i]);
}

/* ---- strides ------------------------------------------------------------------------- */

static size_t place_of(const ad_view *v, size_t i)
{
    int64_t place = 0;
    for (int k = v->shape.rank - 1; k >= 0; k--) {
        place += (int64_t)(i % (size_t)v->shape.dim[k]) * v->stride[k];
        i /= (size_t)v->shape.dim[k];
    }
    return (size_t)place;
}

/* Strides with the axes in any order, forwards or backwards, with gaps or without; one axis
 * may repeat its numbers. Sets the offset of the first number, and returns the room for all
 * numbers, in elements. */
static int64_t random_strides(ad_random *r, bool may_repeat, ad_view *v, int64_t *begin)
{
    int64_t order[AD_MAX_RANK], step = 1 + (int64_t)ad_random_below(r, 2);
    for (int k = 0; k < v->shape.rank; k++)
        order[k] = k;
    ad_random_shuffle(r, order, (size_t)v->shape.rank);
    *begin = 0;
    for (int k = 0; k < v->shape.rank; k++) {
        int64_t n = v->shape.dim[order[k]];
        uint64_t way = ad_random_below(r, 8);
        way = way == 0 && !may_repeat ? 1 : way;
        v->stride[order[k]] = way == 0 ? 0 : way < 4 ? -step : step;
        *begin += way > 0 && way < 4 && n ? (n - 1) * step : 0;
        step *= n;
    }
    return step;
}

/* Behind the first number there is enough room for a rule that ignores strides: it reads NaN, and
 * nothing outside the buffer. */
ad_array ad_trial_scatter(ad_trial *c, const ad_array *a, ad_view *v)
{
    int64_t begin;
    const ad_allocator *allocator = ad_check_allocator(c->o);
    ad_view rows = ad_array_view(*a);
    *v = rows;
    int64_t n = random_strides(&c->r, !c->o->filler, v, &begin) + (int64_t)ad_array_count(a);
    size_t each = ad_type_size(a->type);
    ad_array room = ad_array_new(allocator, a->type, AD_SHAPE(n + 1));
    for (size_t i = 0; room.data && ad_type_is_float(a->type) && i < (size_t)n + 1; i++)
        ad_check_put(&room, i, NAN);
    char *first = room.data ? (char *)room.data + (size_t)begin * each : NULL;
    v->data = first;
    for (size_t i = 0; first && i < ad_array_count(a); i++) {
        char *to = first + (ptrdiff_t)place_of(v, i) * (ptrdiff_t)each;
        for (size_t k = 0; k < each; k++)
            to[k] = ((const char *)a->data)[i * each + k];
    }
    return room;
}
