/* Values, gradients and second derivatives against numbers that adze had no part in: those of
 * tests/ops/oracle/generate, which says how the file reads. Elementwise operations at single points are in
 * test_oracle_points.c. */
#include "rows.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_IN_CASE = 64 };

/* ---- the functions ----------------------------------------------------------------------- */

/* What rows of operations say that cases compute: ORACLE rows, and losses in one row by themselves. */
enum { MOST_FUNCTIONS = 200 };

static const op_row *functions[MOST_FUNCTIONS];
static int function_count;

static void add_function(void *user, const op_row *r, const char *op)
{
    (void)user, (void)op;
    if (r->kind != ROW_ORACLE && r->kind != ROW_LOSS)
        return;
    expect_rows(function_count < MOST_FUNCTIONS, "too many functions", r->name);
    functions[function_count++] = r;
}

static ad_tensor run(const op_row *r, ad_tape *t, const ad_tensor *x)
{
    return r->kind == ROW_LOSS ? r->binary(x[0], x[1]) : r->result(t, x, NULL);
}

/* That whose name the case's begins with; the longest such. */
static const op_row *function_named(const char *name)
{
    const op_row *best = NULL;
    for (int i = 0; i < function_count; i++) {
        size_t n = strlen(functions[i]->name);
        bool begins = strncmp(functions[i]->name, name, n) == 0 && (name[n] == 0 || name[n] == '_');
        if (begins && (!best || n > strlen(best->name)))
            best = functions[i];
    }
    return best;
}

/* ---- the file ---------------------------------------------------------------------------- */

typedef struct list {
    int n;
    double at[MOST_IN_CASE];
    bool any[MOST_IN_CASE]; /* nothing is said of it */
} list;

typedef struct reference {
    char name[64];
    double floor;
    int operands;
    ad_shape shape[MOST_OPERANDS];
    bool constant; /* without derivative */
    list x[MOST_OPERANDS], v[MOST_OPERANDS], g[MOST_OPERANDS], h[MOST_OPERANDS], w, y;
} reference;

static void read_numbers(char *text, list *l)
{
    for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
        ck_assert_int_lt(l->n, MOST_IN_CASE);
        l->any[l->n] = *word == '?';
        l->at[l->n++] = strtod(word, NULL);
    }
}

/* "[3,4] ..." */
static char *read_shape(char *text, ad_shape *shape)
{
    for (text++; *text != ']'; text += *text == ',')
        shape->dim[shape->rank++] = strtoll(text, &text, 10);
    return text + 1;
}

static list *next_of(list *lists)
{
    int i = 0;
    while (lists[i].n > 0)
        i++;
    ck_assert_int_lt(i, MOST_OPERANDS);
    return &lists[i];
}

static void read_line(char *line, reference *r)
{
    char key = *line, *text = line + 2;
    if (key == 'x') {
        ck_assert_int_lt(r->operands, MOST_OPERANDS);
        text = read_shape(text, &r->shape[r->operands]);
        read_numbers(text, &r->x[r->operands++]);
    } else {
        r->constant = r->constant && key != 'w';
        read_numbers(text, key == 'w'   ? &r->w
                           : key == 'y' ? &r->y
                                        : next_of(key == 'v'   ? r->v
                                                  : key == 'g' ? r->g
                                                               : r->h));
    }
}

/* The k-th case of the file. False when there are fewer. */
static bool read_case(int k, reference *r)
{
    char line[8192];
    FILE *in = open_test_file("ops/oracle/reference.txt");
    ck_assert_ptr_nonnull(in);
    *r = (reference){.name = "", .constant = true};
    for (int at = -1; at <= k && fgets(line, sizeof line, in);) {
        bool begins = strncmp(line, "case ", 5) == 0;
        at += begins;
        if (begins && at == k)
            ck_assert_int_eq(sscanf(line, "case %63s %lf", r->name, &r->floor), 2);
        else if (at == k)
            read_line(line, r);
    }
    fclose(in);
    return r->operands > 0;
}

/* ---- the comparison ---------------------------------------------------------------------- */

static ad_array array_of(ad_type type, ad_shape shape, const list *l)
{
    ad_view v = ad_view_of(AD_F64, l->at, shape);
    ad_array a = ad_array_copy(NULL, type, v);
    ck_assert_ptr_nonnull(a.data);
    ck_assert_uint_eq(ad_array_count(&a), (size_t)l->n);
    return a;
}

static double largest(const list *l)
{
    double most = 0;
    for (int i = 0; i < l->n; i++)
        most = isfinite(l->at[i]) && !l->any[i] ? fmax(most, fabs(l->at[i])) : most;
    return most;
}

static void expect_list(const reference *r, const char *what, ad_view got, const list *wanted)
{
    double epsilon = got.type == AD_F32 ? FLT_EPSILON : DBL_EPSILON;
    double least = r->floor * fmax(1, largest(wanted));
    ck_assert_msg(got.data != NULL, "%s (%s): no %s", r->name, ad_type_text(got.type), what);
    ck_assert_uint_eq(ad_view_count(&got), (size_t)wanted->n);
    for (int i = 0; i < wanted->n; i++) {
        double x = ad_view_get(&got, (size_t)i), y = wanted->at[i];
        bool fits = !wanted->any[i] && (got.type == AD_F64 || isinf(y) || !(fabs(y) >= FLT_MAX));
        bool same = x == y || (isnan(x) && isnan(y));
        bool close = isfinite(y) && fabs(x - y) <= 32 * epsilon * fmax(fabs(y), least);
        ck_assert_msg(!fits || same || close, "%s (%s): %s %d is %.17g instead of %.17g", r->name,
                      ad_type_text(got.type), what, i, x, y);
    }
}

/* Everything, or without the second derivatives, where an op on the way has none. */
static ad_status compare_up_to(const reference *r, ad_type type, bool second)
{
    const op_row *f = function_named(r->name);
    ck_assert_msg(f != NULL, "no function for %s", r->name);
    ad_tape *t = ad_tape_new(NULL);
    ad_array x[MOST_OPERANDS], v[MOST_OPERANDS];
    ad_tensor leaf[MOST_OPERANDS];
    for (int i = 0; i < r->operands; i++) {
        x[i] = array_of(type, r->shape[i], &r->x[i]);
        v[i] = array_of(type, r->shape[i], &r->v[i]);
        leaf[i] = ad_watch(t, x[i]);
        ad_set_tangent(leaf[i], ad_array_view(v[i]));
    }
    ad_tensor y = run(f, t, leaf);
    ad_array w = array_of(type, ad_shape_of(y), &r->w);
    ad_tensor l = ad_sum(ad_mul(y, ad_freeze(t, w)));
    if (second)
        ad_push_tangents(l);
    ad_status status = second ? ad_backward_tangents(l) : ad_backward(l);
    ck_assert_msg(status == AD_OK || (second && status == AD_NO_DERIVATIVE), "%s: %s", r->name,
                  ad_tape_error(t));
    if (status == AD_OK)
        expect_list(r, "y", ad_read(y), &r->y);
    for (int i = 0; i < r->operands; i++) {
        if (status == AD_OK)
            expect_list(r, "gradient", ad_grad(leaf[i]), &r->g[i]);
        if (status == AD_OK && second)
            expect_list(r, "second derivative", ad_grad_tangent(leaf[i]), &r->h[i]);
        ad_array_free(&x[i]);
        ad_array_free(&v[i]);
    }
    ad_array_free(&w);
    ad_tape_free(t);
    return status;
}

static void compare_values(const reference *r, ad_type type)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_array x = array_of(type, r->shape[0], &r->x[0]);
    ad_tensor leaf[MOST_OPERANDS] = {ad_watch(t, x)}, y = run(function_named(r->name), t, leaf);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", r->name, ad_tape_error(t));
    ck_assert_msg(!ad_is_tracked(y), "%s", r->name);
    expect_list(r, "y", ad_read(y), &r->y);
    ad_array_free(&x);
    ad_tape_free(t);
}

/* Whether all operands are numbers of that type. */
static bool fits(const reference *r, ad_type type)
{
    bool exact = true;
    for (int k = 0; k < r->operands && type == AD_F32; k++)
        for (int i = 0; i < r->x[k].n; i++) {
            double x = r->x[k].at[i];
            exact = exact && (isnan(x) || (double)(float)x == x);
        }
    return exact;
}

static void compare(const reference *r, ad_type type)
{
    if (!fits(r, type))
        return;
    if (r->constant)
        compare_values(r, type);
    else if (compare_up_to(r, type, true) == AD_NO_DERIVATIVE)
        compare_up_to(r, type, false);
}

START_TEST(values_and_derivatives_are_the_oracles)
{
    reference r;
    ck_assert(read_case(_i, &r));
    compare(&r, AD_F64);
    compare(&r, AD_F32);
}
END_TEST

START_TEST(every_function_has_a_case)
{
    const op_row *f = functions[_i];
    reference r;
    bool found = false;
    for (int k = 0; !found && read_case(k, &r); k++)
        found = function_named(r.name) == f;
    ck_assert_msg(found, "%s has no case", f->name);
}
END_TEST

int main(void)
{
    visit_rows(NULL, add_function, NULL);
    Suite *suite = suite_create("oracle");
    TCase *cases = tcase_create("cases"), *whole = tcase_create("completeness");
    add_file_row_tests(cases, values_and_derivatives_are_the_oracles, "ops/oracle/reference.txt",
                       "case");
    tcase_add_loop_test(whole, every_function_has_a_case, 0, function_count);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, whole);
    return run_suite(suite);
}
