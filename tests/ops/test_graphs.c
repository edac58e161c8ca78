/* Gradients are right to rounding (RELIABILITY R6): random graphs of the built-in operations, with
 * empty axes, broadcasting, operands at strides and values that are used more than once. The gradient
 * against tangents, differences and itself in f32; second derivatives against differences.
 *
 * ADZE_GRAPHS is how many, ADZE_SEED that of the first. A graph that fails is shrunk to the
 * fewest nodes that still do, and printed. */
#include "figure.h"
#include "graph.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void report(graph *g, const char *why)
{
    static char text[4000];
    char shrunk[256];
    int before = g->count;
    graph_shrink(g);
    graph_check(g, shrunk);
    ck_abort_msg("ADZE_SEED=%llu ADZE_GRAPHS=1: %s\nshrunk from %d to %d nodes: %s\n%s",
                 (unsigned long long)g->seed, why, before, g->count, shrunk,
                 graph_print(g, text, sizeof text));
}

static uint64_t graphs_wanted(void)
{
    return number_from("ADZE_GRAPHS", 2000);
}

START_TEST(derivatives_of_random_graphs_agree)
{
    static graph g;
    char why[256];
    uint64_t first = number_from("ADZE_SEED", 1), count = graphs_wanted();
    for (uint64_t i = 0; i < count; i++) {
        graph_make(&g, first + i, NULL);
        if (!graph_check(&g, why))
            report(&g, why);
    }
    figure("%llu graphs", (unsigned long long)count);
}
END_TEST

/* ---- they cover what they should ----------------------------------------------------------- */

/* Between two float types: in f64 alone there is no such op. */
static bool excepted(const ad_op *op)
{
    return op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS) || strcmp(op->name, "cast") == 0;
}

static size_t seen[256], empty, strided, reused;

static void look_at(const graph *g)
{
    for (int i = 0; i < g->count; i++) {
        const graph_node *n = &g->node[i];
        int users = 0;
        size_t numbers = 0;
        for (int k = i + 1; k < g->count; k++)
            for (int j = 0; g->node[k].op && j < g->node[k].op->arity; j++)
                users += g->node[k].operand[j] == i;
        ad_shape_count(&n->shape, &numbers);
        reused += users > 1;
        empty += numbers == 0;
        strided += n->by_columns && n->shape.rank > 1;
        for (size_t k = 0; n->op && ad_builtin_op(k); k++)
            seen[k] += strcmp(n->op->name, ad_builtin_op(k)->name) == 0;
    }
}

START_TEST(they_use_every_op_with_a_derivative)
{
    static graph g;
    const ad_op *op;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        graph_make(&g, seed, NULL);
        look_at(&g);
    }
    for (size_t k = 0; (op = ad_builtin_op(k)); k++)
        ck_assert_msg(excepted(op) || seen[k] >= 20, "%s: %zu times", op->name, seen[k]);
    ck_assert_uint_gt(empty, 100);
    ck_assert_uint_gt(strided, 100);
    ck_assert_uint_gt(reused, 1000);
}
END_TEST

/* ---- what is wrong is found, and the rest taken away ------------------------------------------ */

static void wrong_tanh_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++) {
        double y = ad_view_get(&c->y, i), dx = ad_view_get(&c->dy, i) * (1 - y * y * 1.0001);
        if (c->y.type == AD_F32)
            ((float *)c->dx[0].data)[i] += (float)dx;
        else
            ((double *)c->dx[0].data)[i] += dx;
    }
}

/* Wrong only where the operand does not lie by rows. */
static void wrong_sin_pullback(const ad_pullback_args *c)
{
    ad_pullback_args args = *c;
    args.op = ad_builtin_op_named(ad_view_is_contiguous(&c->x[0]) ? "sin" : "exp");
    args.op->pullback(&args);
}

static void wrong_curvature(const ad_curvature_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        ((double *)c->tdx[0].data)[i] += ad_view_get(&c->dy, i) * ad_view_get(&c->tx[0], i);
}

static const ad_op *wrong_op(const char *of, ad_op *op)
{
    *op = *ad_builtin_op_named(of);
    op->flags &= ~(unsigned)AD_OP_ASSIGNS;
    if (strcmp(of, "tanh") == 0)
        op->pullback = wrong_tanh_pullback;
    else if (strcmp(of, "sin") == 0)
        op->pullback = wrong_sin_pullback;
    else
        op->curvature = wrong_curvature;
    return op;
}

static ad_op tanh_op, sin_op, square_op;

static ad_tensor wrong_tanh(ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    (void)t, (void)choice;
    return ad_apply(wrong_op("tanh", &tanh_op), x, NULL);
}

static ad_tensor wrong_sin(ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    (void)t, (void)choice;
    return ad_apply(wrong_op("sin", &sin_op), x, NULL);
}

static ad_tensor wrong_square(ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    (void)t, (void)choice;
    return ad_apply(wrong_op("square", &square_op), x, NULL);
}

static const struct {
    graph_op op;
    const char *why;
    int nodes;
} planted[] = {
    {{.name = "wrong_tanh", .arity = 1, .build = wrong_tanh}, "vjp against jvp", 2},
    {{.name = "wrong_sin", .arity = 1, .build = wrong_sin}, "vjp against jvp", 3},
    {{.name = "wrong_square", .arity = 1, .build = wrong_square}, "second order against", 2},
};

/* Shrinking evaluates a graph many times over. Where fewer graphs than usual are wanted, as between guard
 * pages, one that is found will do. */
START_TEST(a_planted_error_is_found_and_shrunk)
{
    static graph g;
    char why[256], text[2000];
    int found = 0;
    bool all = graphs_wanted() >= 2000;
    for (uint64_t seed = 1; seed <= 1000 && (all || !found); seed++) {
        graph_make(&g, seed, &planted[_i].op);
        if (graph_check(&g, why))
            continue;
        found++;
        graph_shrink(&g);
        ck_assert(!graph_check(&g, why));
        graph_print(&g, text, sizeof text);
        ck_assert_msg(strstr(why, planted[_i].why), "%s\n%s", why, text);
        ck_assert_msg(g.count <= planted[_i].nodes && strstr(text, planted[_i].op.name), "%s\n%s",
                      why, text);
    }
    ck_assert_int_gt(found, all ? 30 : 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("graphs");
    TCase *all = tcase_create("graphs");
    tcase_set_timeout(all, 3600);
    tcase_add_test(all, derivatives_of_random_graphs_agree);
    tcase_add_test(all, they_use_every_op_with_a_derivative);
    tcase_add_loop_test(all, a_planted_error_is_found_and_shrunk, 0,
                        (int)(sizeof planted / sizeof *planted));
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
