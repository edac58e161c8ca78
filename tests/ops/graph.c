/* Random graphs: making, evaluating, taking apart and printing them. A graph grows node by node, each of an
 * operation and of operands that suit it by shape and by value; what does not come out well is tried
 * again with others. */
#include "graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- evaluation ---------------------------------------------------------------------- */

double graph_weight(const graph *g, int node, size_t i, bool tangent)
{
    ad_random r = ad_random_new(g->seed, 100 + 2 * (uint64_t)g->node[node].id + tangent);
    r.position = 2 * i;
    double size = 0.5 + (double)ad_random_below(&r, 65) / 64;
    return ad_random_bits(&r) >> 63 ? size : -size;
}

static size_t count_of(const ad_shape *s)
{
    size_t n = 0;
    return ad_shape_count(s, &n) == AD_OK ? n : 0;
}

static void put(const ad_array *a, size_t i, double x)
{
    if (a->type == AD_F32)
        ((float *)a->data)[i] = (float)x;
    else
        ((double *)a->data)[i] = x;
}

static ad_array on_tape(ad_tape *t, ad_type type, const ad_shape *s)
{
    return (ad_array){ad_tape_memory(t, count_of(s) * ad_type_size(type)), type, *s, NULL};
}

/* The place in memory of the i-th number by rows. */
static size_t place_of(const ad_view *v, size_t i)
{
    size_t place = 0;
    for (int k = v->shape.rank - 1; k >= 0; k--) {
        place += i % (size_t)v->shape.dim[k] * (size_t)v->stride[k];
        i /= (size_t)v->shape.dim[k];
    }
    return place;
}

static ad_tensor leaf(const graph *g, int node, ad_tape *t, graph_way way)
{
    const graph_node *n = &g->node[node];
    ad_array a = on_tape(t, way.type, &n->shape);
    ad_view v = ad_array_view(a);
    int64_t step = 1;
    for (int k = 0; n->by_columns && k < v.shape.rank; step *= v.shape.dim[k++])
        v.stride[k] = step;
    for (size_t i = 0; i < count_of(&n->shape); i++) {
        size_t place = place_of(&v, i);
        put(&a, place, n->numbers[place] + way.h * graph_weight(g, node, i, true));
    }
    return way.watch ? ad_watch(t, v) : ad_freeze(t, v);
}

static ad_tensor weighted(const graph *g, int node, ad_tape *t, ad_tensor y)
{
    ad_view v = ad_read(y);
    ad_array w = on_tape(t, v.type, &v.shape);
    for (size_t i = 0; w.data && i < ad_view_count(&v); i++)
        put(&w, i, graph_weight(g, node, i, false));
    return ad_sum(ad_mul(y, ad_freeze(t, w)));
}

bool graph_uses(const graph *g, int node)
{
    for (int i = node + 1; i < g->count; i++)
        for (int k = 0; g->node[i].op && k < g->node[i].op->arity; k++)
            if (g->node[i].operand[k] == node)
                return true;
    return false;
}

static ad_tensor node_on(const graph *g, int i, ad_tape *t, const ad_tensor *nodes, graph_way way)
{
    const graph_node *n = &g->node[i];
    ad_tensor x[MOST_ARGS];
    if (!n->op)
        return leaf(g, i, t, way);
    for (int k = 0; k < n->op->arity; k++)
        x[k] = nodes[n->operand[k]];
    return graph_build(n->op, t, x, n->choice);
}

graph_run graph_evaluate(const graph *g, ad_tape *t, graph_way way)
{
    graph_run run;
    for (int i = 0; i < g->count; i++)
        run.node[i] = node_on(g, i, t, run.node, way);
    run.root = ad_constant(t, way.type, 0);
    for (int i = 0; i < g->count; i++)
        if (!graph_uses(g, i))
            run.root = ad_add(run.root, weighted(g, i, t, run.node[i]));
    return run;
}

/* ---- what suits ------------------------------------------------------------------------ */

static bool full(const ad_shape *s)
{
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] == 0)
            return false;
    return s->rank > 0;
}

static bool some_one(const ad_shape *s)
{
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] == 1)
            return true;
    return false;
}

static bool shapes_suit(fitting fits, const ad_shape *x)
{
    ad_shape y;
    switch (fits) {
    case FIT_ANY:
        return true;
    case FIT_AXIS:
        return x->rank >= 1;
    case FIT_FULL_AXIS:
        return full(x);
    case FIT_ONE:
        return some_one(x);
    case FIT_MATRIX:
        return x->rank >= 2;
    case FIT_ROWS:
        return x->rank == 2 && full(x);
    case FIT_LOW:
        return x->rank <= 3;
    case FIT_BROADCAST:
        return !ad_shape_broadcast(x, NULL, &y);
    case FIT_EQUAL:
        return ad_shape_equal(&x[0], &x[1]) && (x->rank == 0 || full(x));
    case FIT_VECTORS:
        return ad_shape_equal(&x[0], &x[1]) && x->rank == 1;
    case FIT_PRODUCT:
        return !ad_builtin_op_named("matmul")->shape(x, NULL, &y);
    case FIT_DENSE:
        return x[0].rank == 2 && x[1].rank == 2 && x[0].dim[1] == x[1].dim[0];
    }
    return false;
}

static const double margin = 0.05;

static bool off_zero(ad_view v)
{
    for (size_t i = 0; i < ad_view_count(&v); i++)
        if (fabs(ad_view_get(&v, i)) < margin)
            return false;
    return true;
}

static bool positive(ad_view v)
{
    for (size_t i = 0; i < ad_view_count(&v); i++)
        if (ad_view_get(&v, i) < 4 * margin)
            return false;
    return true;
}

static bool distinct(ad_view v)
{
    for (size_t i = 0; i < ad_view_count(&v); i++)
        for (size_t k = 0; k < i; k++)
            if (fabs(ad_view_get(&v, i) - ad_view_get(&v, k)) < margin)
                return false;
    return true;
}

static bool values_suit(domain d, const ad_tensor *x, ad_tensor y)
{
    switch (d) {
    case EVERYWHERE:
        return true;
    case OFF_ZERO:
        return off_zero(ad_read(x[0]));
    case SECOND_OFF_ZERO:
        return off_zero(ad_read(x[1]));
    case POSITIVE:
        return positive(ad_read(x[0]));
    case APART:
        return off_zero(ad_read(ad_sub(x[0], x[1])));
    case DISTINCT:
        return distinct(ad_read(x[0]));
    case RESULT_OFF_ZERO:
        return off_zero(ad_read(y));
    }
    return false;
}

static bool moderate(ad_view v)
{
    size_t n = ad_view_count(&v);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(ad_view_get(&v, i)) < 20))
            return false;
    return n <= MOST_NUMBERS && v.type == AD_F64 && v.shape.rank <= 5;
}

/* ---- growth ---------------------------------------------------------------------------- */

static int64_t random_extent(ad_random *r)
{
    static const int64_t usual[] = {1, 1, 2, 2, 2, 3, 3, 4};
    return ad_random_below(r, 25) == 0 ? 0 : usual[ad_random_below(r, 8)];
}

static void make_leaf(graph *g, ad_random *r, const ad_shape *full_shape)
{
    graph_node *n = &g->node[g->count++];
    int gone = ad_random_below(r, 2) ? 0 : (int)ad_random_below(r, (uint64_t)full_shape->rank + 1);
    *n = (graph_node){.id = g->count - 1,
                      .shape = {.rank = full_shape->rank - gone},
                      .by_columns = ad_random_below(r, 3) == 0};
    for (int i = 0; i < n->shape.rank; i++)
        n->shape.dim[i] = ad_random_below(r, 4) ? full_shape->dim[i + gone] : 1;
    for (size_t i = 0; i < count_of(&n->shape); i++) {
        double x = (double)(1 + ad_random_below(r, 2048)) / 1024;
        n->numbers[i] = ad_random_below(r, 2) ? x : -x;
    }
}

/* Beside an op that is planted. */
static bool is_plain(const graph_op *op)
{
    static const char *const plain[] = {"add", "mul",   "exp",       "tanh",  "sigmoid", "sum",
                                        "neg", "where", "transpose", "slice", "matmul",  "concat"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(op->name, plain[i]) == 0)
            return true;
    return false;
}

/* A number that depends on bits and seed as if at random (the last step of SplitMix64). */
static uint64_t mixed(uint64_t bits, uint64_t seed)
{
    uint64_t z = bits ^ seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Each op draws a number by itself, and the largest wins: so a new op changes no more than the choices
 * that it wins. */
static const graph_op *draw(uint64_t bits, bool plain)
{
    int count;
    const graph_op *ops = graph_ops(&count), *best = NULL;
    uint64_t most = 0;
    for (int i = 0; i < count; i++) {
        uint64_t drawn = mixed(bits, ops[i].seed);
        if (drawn >= most && (!plain || is_plain(&ops[i]))) {
            most = drawn;
            best = &ops[i];
        }
    }
    return best;
}

static bool propose(const graph *g, ad_random *r, const graph_op *planted, graph_node *n)
{
    ad_shape x[MOST_ARGS];
    bool plant = planted && ad_random_below(r, 4) == 0;
    uint64_t bits = ad_random_bits(r);
    n->op = plant ? planted : draw(bits, planted != NULL);
    n->choice = ad_random_bits(r);
    for (int k = 0; k < n->op->arity; k++) {
        n->operand[k] = (int)ad_random_below(r, (uint64_t)g->count);
        x[k] = g->node[n->operand[k]].shape;
    }
    return shapes_suit(n->op->fits, x);
}

/* Adds a node if what it gives is well. The tape has the values of the others. */
static bool grow(graph *g, ad_tape *t, ad_tensor *nodes, const graph_node *n)
{
    ad_tensor x[MOST_ARGS];
    ad_mark start = ad_tape_mark(t);
    graph_node *added = &g->node[g->count];
    *added = *n;
    added->id = g->count;
    nodes[g->count] = node_on(g, g->count, t, nodes, (graph_way){AD_F64, false, 0});
    for (int k = 0; k < n->op->arity; k++)
        x[k] = nodes[n->operand[k]];
    if (!moderate(ad_read(nodes[g->count])) || !values_suit(n->op->domain, x, nodes[g->count])) {
        ad_tape_rewind(start);
        return false;
    }
    added->shape = ad_shape_of(nodes[g->count++]);
    return true;
}

void graph_make(graph *g, uint64_t seed, const graph_op *planted)
{
    ad_tensor nodes[MOST_NODES];
    ad_random r = ad_random_new(seed, 0);
    ad_tape *t = ad_tape_new(NULL);
    ad_shape s = {.rank = (int)ad_random_below(&r, 4)};
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = random_extent(&r);
    g->seed = seed;
    g->count = 0;
    int leaves = 1 + (int)ad_random_below(&r, 4), wanted = leaves + 2 + (int)ad_random_below(&r, 9);
    while (g->count < leaves) {
        make_leaf(g, &r, &s);
        nodes[g->count - 1] = leaf(g, g->count - 1, t, (graph_way){AD_F64, false, 0});
    }
    graph_node n = {0};
    for (int tries = 0; g->count < wanted && tries < 500; tries++)
        if (propose(g, &r, planted, &n))
            grow(g, t, nodes, &n);
    ad_tape_free(t);
}

/* ---- taking apart ------------------------------------------------------------------------- */

void graph_drop(graph *g, int node)
{
    g->count--;
    for (int i = node; i < g->count; i++)
        g->node[i] = g->node[i + 1];
    for (int i = node; i < g->count; i++)
        for (int k = 0; k < MOST_ARGS; k++)
            g->node[i].operand[k] -= g->node[i].operand[k] > node;
}

void graph_cut(graph *g, int node)
{
    ad_tape *t = ad_tape_new(NULL);
    graph_node *n = &g->node[node];
    graph_run run = graph_evaluate(g, t, (graph_way){AD_F64, false, 0});
    ad_view v = ad_read(run.node[node]);
    for (size_t i = 0; i < ad_view_count(&v); i++)
        n->numbers[i] = (double)(float)ad_view_get(&v, i);
    n->op = NULL;
    n->by_columns = false;
    ad_tape_free(t);
}

char *graph_print(const graph *g, char *text, size_t size)
{
    size_t at = 0;
    for (int i = 0; i < g->count && at < size; i++) {
        const graph_node *n = &g->node[i];
        char shape[100], operands[60] = "";
        for (int k = 0, end = 0; n->op && k < n->op->arity; k++)
            end += snprintf(operands + end, sizeof operands - (size_t)end, "%s%%%d", k ? ", " : "",
                            n->operand[k]);
        ad_shape_print(&n->shape, shape, sizeof shape);
        int wrote = n->op ? snprintf(text + at, size - at, "  %%%d = %s(%s) -> %s, choice %#llx\n",
                                     i, n->op->name, operands, shape, (unsigned long long)n->choice)
                          : snprintf(text + at, size - at, "  %%%d = leaf %s%s\n", i, shape,
                                     n->by_columns ? ", by columns" : "");
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return text;
}
