/* The tests that walk a table of edges. */
#include "probe_edges.h"

#include "suite.h"

#include <float.h>

/* Equal, or both NaN, or within rounding. */
static void expect_numbers(const edge *e, const char *what, ad_view v, const double *wanted)
{
    ck_assert_msg(v.data != NULL, "%s (%s): no %s", e->name, ad_type_text(v.type), what);
    double rounding = 4 * (v.type == AD_F32 ? FLT_EPSILON : DBL_EPSILON);
    for (size_t i = 0; i < ad_view_count(&v); i++) {
        double x = ad_view_get(&v, i), y = wanted[i];
        bool same =
            x == y || (isnan(x) && isnan(y)) || (isfinite(x) && fabs(x - y) <= rounding * fabs(y));
        ck_assert_msg(same, "%s (%s): %s %zu is %.9g instead of %.9g", e->name,
                      ad_type_text(v.type), what, i, x, y);
    }
}

static ad_array array_of(ad_type type, const double *numbers, int64_t n)
{
    ad_array a = ad_array_copy(NULL, type, AD_VIEW(numbers, n));
    ck_assert_ptr_nonnull(a.data);
    return a;
}

static void run_edge(const edge *e, ad_type type)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_array a = array_of(type, e->a, e->n), b = array_of(type, e->b, e->n);
    ad_tensor x[] = {ad_watch(t, a), ad_watch(t, b)}, y = e->f(t, x[0], x[1]);
    ad_view value = ad_read(y);
    ad_array g = array_of(type, e->g, (int64_t)ad_view_count(&value));
    g.shape = value.shape;
    ad_backward_from(y, ad_array_view(g));
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", e->name, ad_tape_error(t));
    expect_numbers(e, "y", value, e->y);
    expect_numbers(e, "gradient by a", ad_grad(x[0]), e->da);
    expect_numbers(e, "gradient by b", ad_grad(x[1]), e->db);
    ad_array_free(&a);
    ad_array_free(&b);
    ad_array_free(&g);
    ad_tape_free(t);
}

START_TEST(edges_in_f32)
{
    run_edge(&the_edges.edges[_i], AD_F32);
}
END_TEST

START_TEST(edges_in_f64)
{
    run_edge(&the_edges.edges[_i], AD_F64);
}
END_TEST

static const char *edge_name(int row)
{
    return the_edges.edges[row].name;
}

TCase *edge_rows(void)
{
    TCase *rows = tcase_create("rows");
    add_row_tests(rows, edges_in_f32, the_edges.count, edge_name);
    add_row_tests(rows, edges_in_f64, the_edges.count, edge_name);
    return rows;
}
