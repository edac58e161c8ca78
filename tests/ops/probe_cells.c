/* Every kind of derivative, in both float types, from operands that lie in any way and from one in the
 * place of all: against those from other operands with the same numbers, in f64 and row by row, which
 * differences have been held against (probe_gradient.c, probe_second_order.c). What an op has been
 * seen with is kept, for the table without holes (test_op_tables.c). */
#include "probe_cells.h"

#include "probe_parts.h"
#include "tape/node.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* ---- what ops have been seen with ------------------------------------------------------ */

enum { MOST_OPS = 512 };

static unsigned seen[MOST_OPS][2][DERIVATIVE_COUNT]; /* bits of traits */
static int float_operands[MOST_OPS];                 /* the most of a node */

static int number_of(const ad_op *op)
{
    const ad_op *other;
    for (int i = 0; i < MOST_OPS && (other = ad_builtin_op((size_t)i)); i++)
        if (other == op)
            return i;
    return -1;
}

bool seen_with(const ad_op *op, ad_type type, derivative d, trait what)
{
    return seen[number_of(op)][type == AD_F64][d] >> what & 1;
}

int most_operands_of(const ad_op *op)
{
    return float_operands[number_of(op)];
}

/* The operand itself, where the tape has put a copy without strides in its place. */
static const ad_node *original(const ad_tape *t, const ad_node *n)
{
    return n->op == &ad_contiguous_op ? t->nodes[ad_node_operands(n)[0]] : n;
}

/* Whether the axes of an operand differ from the result's, but for those that are multiplied over. */
static bool is_broadcast(const ad_node *y, const ad_node *x, int own)
{
    if (x->rank != y->rank)
        return true;
    for (int i = 0; i < y->rank - own; i++)
        if (x->axes[i].dim != y->axes[i].dim)
            return true;
    return false;
}

bool can_broadcast(const ad_op *op)
{
    return op->shape == ad_shape_broadcast || op->shape == ad_builtin_op_named("where")->shape ||
           op == ad_builtin_op_named("matmul");
}

static unsigned traits_of(const ad_tape *t, const ad_node *y, const ad_node *x)
{
    int own = y->op == ad_builtin_op_named("matmul") ? 2 : 0;
    return (unsigned)(x->count == 0) << EMPTY | (unsigned)(x->rank == 0) << RANK_0 |
           (unsigned)!(original(t, x)->flags & AD_NODE_CONTIGUOUS) << STRIDED |
           (unsigned)(can_broadcast(y->op) && is_broadcast(y, x, own)) << BROADCAST;
}

/* Whether operand i is there before, too. */
static bool is_repeated(const ad_tape *t, const ad_node *y, uint32_t i)
{
    const uint32_t *operands = ad_node_operands(y);
    for (uint32_t k = 0; k < i; k++)
        if (original(t, t->nodes[operands[k]]) == original(t, t->nodes[operands[i]]))
            return true;
    return false;
}

static void note_node(const ad_tape *t, const ad_node *y, derivative d)
{
    int op = y->op ? number_of(y->op) : -1, floats = 0;
    unsigned traits = 0;
    const ad_node *first = NULL, *x;
    if (op < 0 || !y->arity || !(y->flags & AD_NODE_TRACKED)) /* a later result has no operands */
        return;
    for (uint32_t i = 0; i < y->arity; i++) {
        x = t->nodes[ad_node_operands(y)[i]];
        if (!(x->flags & AD_NODE_TRACKED))
            continue;
        traits |= traits_of(t, y, x) | (unsigned)is_repeated(t, y, i) << REPEATED_OPERAND;
        first = first ? first : original(t, x);
        floats++;
    }
    float_operands[op] = floats > float_operands[op] ? floats : float_operands[op];
    if (traits >> EMPTY & 1 || !traits) /* how nothing lies does not count */
        traits = 1u << (traits ? EMPTY : PLAIN);
    seen[op][first->type == AD_F64][d] |= traits;
}

/* ---- one way to call a case ---------------------------------------------------------------- */

typedef struct call {
    const gradient_case *c;
    int n; /* operands of the call: the last one stands for all that the case has after it */
    derivative d;
} call;

static ad_tensor run(ad_tape *t, const ad_tensor *x, const void *env)
{
    const call *k = env;
    ad_tensor operands[MOST_OPERANDS];
    for (int i = 0; i < k->c->n; i++)
        operands[i] = x[i < k->n ? i : k->n - 1];
    uint32_t first = t->count;
    ad_tensor y = k->c->f(t, operands, k->c->env);
    expect_success(k->c, t);
    for (uint32_t i = first; i < t->count; i++)
        note_node(t, t->nodes[i], k->d);
    return k->d == JVP ? y : weighted_square(t, y);
}

typedef struct derivatives {
    ad_array y, ty;
    ad_array gradient[MOST_OPERANDS], hvp[MOST_OPERANDS];
} derivatives;

/* A tangent is the same for each operand where they are to be one. */
static derivatives differentiate(const gradient_case *c, const ad_view *x, int n, bool equal)
{
    derivatives o = {0};
    ad_array tangents[MOST_OPERANDS];
    ad_view tx[MOST_OPERANDS];
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < n; i++) {
        tangents[i] = weights_like(x[i], equal ? 2 : 2 + (uint64_t)i);
        tx[i] = ad_array_view(tangents[i]);
    }
    ad_gradient(t, run, n, x, &(call){c, n, PULLBACK}, o.gradient);
    ad_jvp(t, run, n, x, tx, &(call){c, n, JVP}, &o.y, &o.ty);
    ad_hvp(t, run, n, x, tx, &(call){c, n, SECOND}, o.hvp);
    expect_success(c, t);
    for (int i = 0; i < n; i++)
        ad_array_free(&tangents[i]);
    ad_tape_free(t);
    return o;
}

static void end_derivatives(derivatives *o)
{
    ad_array_free(&o->y);
    ad_array_free(&o->ty);
    for (int i = 0; i < MOST_OPERANDS; i++) {
        ad_array_free(&o->gradient[i]);
        ad_array_free(&o->hvp[i]);
    }
}

/* What one operand gets that stands for n. */
static void add_up(ad_array *of, int n)
{
    double *sum = of[0].data;
    for (int i = 1; i < n; i++)
        for (size_t k = 0; k < ad_array_count(&of[0]); k++)
            sum[k] += ((const double *)of[i].data)[k];
}

/* ---- comparison -------------------------------------------------------------------------------- */

/* Near, on the scale of 1 where that is larger: the Hessian of w sqrt(x)^2 is 0 as the difference of
 * terms of that order. */
static void expect_near(const gradient_case *c, const char *what, int operand, const ad_array *got,
                        const ad_array *wanted, double tolerance)
{
    double size = largest(wanted);
    expect_close(c, what, operand, got, wanted, size < 1 ? tolerance / size : tolerance);
}

/* n operands x as c->n of the same numbers, in f64 and row by row. */
static void expect_the_same(const gradient_case *c, const char *what, const ad_view *x, int n)
{
    bool equal = n < c->n;
    double tolerance = x[0].type == AD_F32 ? 32 * FLT_EPSILON : 1e-13;
    ad_array rows[MOST_OPERANDS] = {0};
    ad_view wide[MOST_OPERANDS];
    for (int i = 0; i < c->n; i++) {
        rows[i] = ad_array_copy(NULL, AD_F64, x[i < n ? i : n - 1]);
        wide[i] = ad_array_view(rows[i]);
    }
    derivatives got = differentiate(c, x, n, equal);
    derivatives wanted = differentiate(c, wide, c->n, equal);
    if (equal) {
        add_up(wanted.gradient, c->n);
        add_up(wanted.hvp, c->n);
    }
    expect_close(c, what, 0, &got.y, &wanted.y, tolerance);
    expect_near(c, what, 0, &got.ty, &wanted.ty, tolerance);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(got.gradient[i].type, x[i].type);
        expect_near(c, what, i, &got.gradient[i], &wanted.gradient[i], tolerance);
        expect_near(c, what, i, &got.hvp[i], &wanted.hvp[i], tolerance);
    }
    for (int i = 0; i < c->n; i++)
        ad_array_free(&rows[i]);
    end_derivatives(&got);
    end_derivatives(&wanted);
}

void check_cells(const gradient_case *c)
{
    static const layout layouts[] = {ROWS, COLUMNS, GAPS, BACKWARDS};
    point p = point_of(c);
    for (size_t k = 0; k < 2 * sizeof layouts / sizeof *layouts; k++) {
        void *memory[MOST_OPERANDS] = {0};
        ad_view x[MOST_OPERANDS];
        layout how = layouts[k / 2];
        for (int i = 0; i < c->n; i++)
            x[i] = lay_out(&p.x[i], k % 2 ? AD_F32 : AD_F64, how, &memory[i]);
        expect_the_same(c, layout_names[how], x, c->n);
        if (has_one_shape(c))
            expect_the_same(c, layout_names[how], x, 1);
        for (int i = 0; i < c->n; i++)
            free(memory[i]);
    }
    end_point(&p);
}
