/* Programs as operations of tensors: the rules run derivative programs at the points of operands. */
#include "program/node.h"

#include "adze/program/derivatives.h"
#include "base/memory.h"
#include "program/points.h"
#include "tape/failure.h"

#include <math.h>
#include <stdatomic.h>

/* Derivative programs: of the outputs' cotangents or tangents alone. */
typedef enum derived {
    VJP,       /* (x, dy) -> dx */
    JVP,       /* (x, tx) -> ty */
    CURVATURE, /* (x, dy, tx) -> tdx */
    DERIVED_COUNT
} derived;

struct ad_program_rules {
    ad_program *value;
    _Atomic(ad_program *) derived[DERIVED_COUNT]; /* NULL: nobody has asked yet */
};

/* ---- programs ----------------------------------------------------------------------- */

/* A list of the numbers below `count`, which the caller gives back. NULL with an error. */
static size_t *take_places(const ad_program *p, size_t count, ad_error *error)
{
    size_t bytes = ad_size_mul(count, sizeof(size_t));
    size_t *places = ad_memory_take(p->options.allocator, bytes);
    if (!places)
        ad_fail(error, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
    for (size_t i = 0; places && i < count; i++)
        places[i] = i;
    return places;
}

/* The outputs of a program from one on. */
static ad_program *copy_from(const ad_program *p, size_t from, ad_error *error)
{
    size_t count = p->outputs, *which = take_places(p, count, error);
    if (!which)
        return NULL;
    ad_program *copy = ad_program_choose(p, count - from, which + from, error);
    ad_memory_give(p->options.allocator, which, count * sizeof *which);
    return copy;
}

/* The same in the place of p, which may be NULL. */
static ad_program *rest_of(ad_program *p, size_t from, ad_error *error)
{
    ad_program *rest = p ? copy_from(p, from, error) : NULL;
    ad_program_free(p);
    return rest;
}

/* The tangents of a program's outputs by its first inputs. */
static ad_program *tangents_of(const ad_program *p, size_t count, ad_error *error)
{
    size_t *by = take_places(p, count, error);
    if (!by)
        return NULL;
    ad_program *tangents = rest_of(ad_program_jvp(p, count, by, 1, error), p->outputs, error);
    ad_memory_give(p->options.allocator, by, count * sizeof *by);
    return tangents;
}

static const ad_program *find(const ad_program_rules *f, derived which, ad_error *error);

static ad_program *make(const ad_program_rules *f, derived which, ad_error *error)
{
    const ad_program *p = f->value;
    if (which == VJP)
        return rest_of(ad_program_vjp(p, p->inputs, NULL, error), p->outputs, error);
    if (which == CURVATURE)
        p = find(f, VJP, error);
    return p ? tangents_of(p, f->value->inputs, error) : NULL;
}

/* A derivative program, made if there is none. Where two threads make one, the first stays. */
static const ad_program *find(const ad_program_rules *f, derived which, ad_error *error)
{
    _Atomic(ad_program *) *kept = &((ad_program_rules *)(uintptr_t)f)->derived[which];
    ad_program *known = atomic_load(kept);
    if (known)
        return known;
    ad_program *made = make(f, which, error);
    if (!made || atomic_compare_exchange_strong(kept, &known, made))
        return made;
    ad_program_free(made);
    return known;
}

/* ---- life --------------------------------------------------------------------------- */

ad_program_rules *ad_program_rules_new(const ad_program *p, ad_error *error)
{
    if (!ad_program_given(p, "program_rules_new", error))
        return NULL;
    ad_program_rules *f = ad_memory_take(p->options.allocator, sizeof *f);
    if (!f) {
        ad_fail(error, AD_MEMORY, "program_rules_new: memory ran out: %zu bytes", sizeof *f);
        return NULL;
    }
    for (int i = 0; i < DERIVED_COUNT; i++)
        atomic_init(&f->derived[i], NULL);
    f->value = copy_from(p, 0, error);
    if (f->value)
        return f;
    ad_memory_give(p->options.allocator, f, sizeof *f);
    return NULL;
}

void ad_program_rules_free(ad_program_rules *f)
{
    if (!f)
        return;
    const ad_allocator *allocator = f->value->options.allocator;
    for (int i = 0; i < DERIVED_COUNT; i++)
        ad_program_free(atomic_load(&f->derived[i]));
    ad_program_free(f->value);
    ad_memory_give(allocator, f, sizeof *f);
}

/* ---- shapes ------------------------------------------------------------------------- */

/* The axes of an operand that count points, and how many numbers of a point it has. */
static ad_shape leading(const ad_shape *x, ad_rules_manner how, size_t *width)
{
    ad_shape lead = *x;
    *width = 1;
    if (how == AD_RULES_ALL) {
        *width = SIZE_MAX;
        (void)ad_shape_count(x, width);
        lead.rank = 0;
    } else if (how == AD_RULES_ROWS) {
        *width = (size_t)lead.dim[lead.rank - 1];
        lead.rank--;
    }
    return lead;
}

/* The shape of all points. NULL, or the reason why there is none. */
static const char *points_shape(const ad_shape *x, const ad_rules_attr *a, ad_shape *points)
{
    size_t inputs = 0;
    *points = AD_SCALAR;
    for (int i = 0; i < a->n; i++) {
        size_t width;
        if (a->manner == AD_RULES_ROWS && x[i].rank < 1)
            return "operands need a last axis: the numbers of a point";
        ad_shape both[] = {*points, leading(&x[i], a->manner, &width)};
        const char *wrong = ad_shape_broadcast(both, NULL, points);
        if (wrong)
            return wrong;
        inputs = ad_size_add(inputs, width);
    }
    return inputs == a->f->value->inputs
               ? NULL
               : "the operands have more or fewer numbers for a point than the program has inputs";
}

static const char *result_shape(const ad_rules_attr *a, const ad_shape *points, ad_shape *y)
{
    const size_t outputs = a->f->value->outputs;
    size_t count;
    if (a->manner == AD_RULES_ALL) {
        *y = a->shape;
        if (ad_shape_count(y, &count) != AD_OK)
            return "the result's shape makes no sense";
        return count == outputs
                   ? NULL
                   : "the result's shape has more or fewer numbers than the program has outputs";
    }
    y[0] = *points;
    if (a->manner == AD_RULES_ROWS)
        y[0].dim[y[0].rank++] = (int64_t)outputs;
    for (size_t j = 1; a->manner == AD_RULES_ELEMENTS && j < outputs; j++)
        y[j] = *points;
    return NULL;
}

static const char *rules_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape points;
    const char *wrong = points_shape(x, attr, &points);
    return wrong ? wrong : result_shape(attr, &points, y);
}

/* ---- ports -------------------------------------------------------------------------- */

/* Ports of a run, put together from the arguments of a rule. */
typedef struct ports {
    ad_workspace *work;
    const ad_rules_attr *a;
    ad_shape points;
    size_t ins, outs;
    ad_port *in, *out;
} ports;

/* Room for ports: so many times the operands, and results. */
static bool begin_ports(ports *p, ad_workspace *work, const void *attr, int results, int times)
{
    *p = (ports){.work = work, .a = attr};
    size_t most = ad_size_mul((size_t)times, (size_t)p->a->n + (size_t)results);
    p->in = ad_scratch(work, ad_size_mul(most, sizeof *p->in));
    p->out = ad_scratch(work, ad_size_mul(most, sizeof *p->out));
    return p->in && p->out;
}

static ad_port port_of(const ports *p, ad_type type, const ad_shape *shape, const void *data)
{
    ad_port port = {.type = type, .data = (void *)(uintptr_t)data};
    port.shape = leading(shape, p->a->manner, &port.width);
    return port;
}

/* Cotangents or tangents of values; those without data are zeros. */
static void add_views(ports *p, int n, const ad_view *of, const ad_view *v)
{
    for (int i = 0; i < n; i++)
        p->in[p->ins++] = port_of(p, of[i].type, &of[i].shape, v[i].data);
}

/* Operands; their shapes make that of all points. */
static void add_operands(ports *p, const ad_view *x)
{
    for (int i = 0; i < p->a->n; i++) {
        p->in[p->ins] = port_of(p, x[i].type, &x[i].shape, x[i].data);
        ad_shape both[] = {p->points, p->in[p->ins++].shape};
        (void)ad_shape_broadcast(both, NULL, &p->points);
    }
}

static void add_results(ports *p, int n, const ad_array *y)
{
    for (int i = 0; i < n; i++)
        p->out[p->outs++] = port_of(p, y[i].type, &y[i].shape, y[i].data);
}

/* Derivatives by operands: those that are wanted, added or, where it says so, assigned. */
static void add_derivatives(ports *p, const ad_view *x, const ad_array *to, const bool *wanted,
                            const bool *assign)
{
    for (int i = 0; i < p->a->n; i++) {
        ad_port port = port_of(p, x[i].type, &x[i].shape, wanted[i] ? to[i].data : NULL);
        port.add = !(assign && assign[i]);
        p->out[p->outs++] = port;
    }
}

static void run(ports *p, const ad_program *program, const ad_error *error)
{
    if (program)
        (void)ad_points_run(p->work, program, &p->points, p->ins, p->in, p->outs, p->out);
    else
        ad_reject(p->work, error->status, "%s", error->text);
}

static void run_derived(ports *p, derived which)
{
    ad_error error = {AD_OK, ""};
    run(p, find(p->a->f, which, &error), &error);
}

/* ---- rules -------------------------------------------------------------------------- */

static void rules_forward(const ad_forward_args *c)
{
    ports p;
    if (!begin_ports(&p, c->work, c->attr, c->results, 1))
        return;
    add_operands(&p, c->x);
    add_results(&p, c->results, c->ys);
    run(&p, p.a->f->value, NULL);
}

static void rules_pullback(const ad_pullback_args *c)
{
    ports p;
    if (!begin_ports(&p, c->work, c->attr, c->results, 1))
        return;
    add_operands(&p, c->x);
    add_views(&p, c->results, c->ys, c->dys);
    add_derivatives(&p, c->x, c->dx, c->wanted, c->assign);
    run_derived(&p, VJP);
}

static void rules_jvp(const ad_jvp_args *c)
{
    ports p;
    if (!begin_ports(&p, c->work, c->attr, c->results, 2))
        return;
    add_operands(&p, c->x);
    add_views(&p, c->arity, c->x, c->tx);
    add_results(&p, c->results, c->tys);
    run_derived(&p, JVP);
}

static void rules_curvature(const ad_curvature_args *c)
{
    ports p;
    if (!begin_ports(&p, c->work, c->attr, c->results, 2))
        return;
    add_operands(&p, c->x);
    add_views(&p, c->results, c->ys, c->dys);
    add_views(&p, c->arity, c->x, c->tx);
    add_derivatives(&p, c->x, c->tdx, c->wanted, NULL);
    run_derived(&p, CURVATURE);
}

const ad_op ad_rules_op = {
    .size = sizeof(ad_op),
    .name = "by_program",
    .arity = AD_VARIADIC,
    .results = AD_VARIADIC,
    .flags = AD_OP_ASSIGNS,
    .attr_size = sizeof(ad_rules_attr),
    .shape = rules_shape,
    .forward = rules_forward,
    .pullback = rules_pullback,
    .jvp = rules_jvp,
    .curvature = rules_curvature,
};

/* ---- the calls ---------------------------------------------------------------------- */

/* Records the results; dead ones where it fails. */
static void apply(ad_rules_attr a, const char *name, int n, const ad_tensor *x, int results,
                  ad_tensor *y)
{
    ad_tape *t = ad_tape_of(x, n);
    AD_DOOR_TRY(open, t, name);
    const int inputs = a.f ? (int)a.f->value->inputs : n;
    if (!open || !t)
        t = NULL;
    else if (!a.f || !y)
        ad_tape_fail(t, AD_MISUSE, "%s: the rules, or y, is NULL", name);
    else if (a.manner == AD_RULES_ELEMENTS && n != inputs)
        ad_tape_fail(t, AD_MISUSE, "%s: %d operands for a program of %d inputs", name, n, inputs);
    if (t && ad_tape_status(t) == AD_OK && results > 0) {
        ad_apply_results(&ad_rules_op, n, x, &a, results, y);
        return;
    }
    for (int j = 0; y && j < results; j++)
        y[j] = x && n > 0 ? ad_dead(x[0]) : ad_number(NAN);
}

void ad_by_program_elements(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y)
{
    apply((ad_rules_attr){.f = f, .n = n, .manner = AD_RULES_ELEMENTS}, "by_program_elements", n, x,
          f ? (int)f->value->outputs : 0, y);
}

ad_tensor ad_by_program_rows(const ad_program_rules *f, int n, const ad_tensor *x)
{
    ad_tensor y;
    apply((ad_rules_attr){.f = f, .n = n, .manner = AD_RULES_ROWS}, "by_program_rows", n, x, 1, &y);
    return y;
}

ad_tensor ad_by_program(const ad_program_rules *f, int n, const ad_tensor *x, ad_shape shape)
{
    ad_tensor y;
    apply((ad_rules_attr){.f = f, .n = n, .manner = AD_RULES_ALL, .shape = shape}, "by_program", n,
          x, 1, &y);
    return y;
}
