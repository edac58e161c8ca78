/* Values, gradients and second derivatives against numbers that adze had no part in: those of
 * tests/ops/oracle/generate, which says how the file reads. Elementwise operations at single points are in
 * test_oracle_points.c. */
#include "adze/ops.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OPERANDS = 3, MOST_NUMBERS = 64 };

/* ---- the functions ----------------------------------------------------------------------- */

static const int32_t picks[] = {2, 0, 2, 1}, labels[] = {2, 0, 3}, pairs[] = {2, 0, 2, 1, 3, 3};

#define FROZEN(numbers, ...) ad_freeze(t, AD_VIEW(numbers, __VA_ARGS__))
#define LAST                 AD_AXES(-1)

static ad_tensor and_back(ad_tensor x)
{
    ad_type type = ad_read(x).type;
    return ad_cast(ad_cast(x, type == AD_F32 ? AD_F64 : AD_F32), type);
}

static ad_status twice(void *user, const ad_cotangent *c)
{
    (void)user;
    for (size_t i = 0; i < ad_array_count(&c->dx); i++)
        if (c->dx.type == AD_F32)
            ((float *)c->dx.data)[i] *= 2;
        else
            ((double *)c->dx.data)[i] *= 2;
    return AD_OK;
}

/* One row is one function: its name in the file, and what adze computes. */
/* clang-format off */
#define FUNCTIONS(ONE, TWO, ROW) \
    ONE(transpose) ONE(trace) TWO(mul) TWO(div) TWO(matmul) TWO(dot) \
    TWO(matvec) TWO(outer) TWO(l1_loss) TWO(l2_loss) TWO(mae) TWO(mse) TWO(mape) TWO(msle) \
    TWO(logcosh_loss) TWO(hinge_loss) TWO(squared_hinge_loss) TWO(categorical_hinge_loss) \
    TWO(poisson_loss) TWO(kl_divergence) TWO(sigmoid_cross_entropy) \
    TWO(softmax_cross_entropy_probabilities) \
    ROW(dense, ad_dense(x[0], x[1], x[2], AD_IDENTITY)) \
    ROW(dense_tanh, ad_dense(x[0], x[1], x[2], AD_TANH)) \
    ROW(dense_relu, ad_dense(x[0], x[1], x[2], AD_RELU)) \
    ROW(sum, ad_sum_over(x[0], AD_AXES(0))) \
    ROW(mean, ad_mean_over(x[0], LAST)) \
    ROW(variance, ad_variance(x[0])) \
    ROW(std, ad_std_over(x[0], AD_AXES(), 1)) \
    ROW(max, ad_max_over(x[0], LAST)) \
    ROW(min, ad_min_over(x[0], AD_AXES(0))) \
    ROW(logsumexp, ad_logsumexp_over(x[0], LAST)) \
    ROW(softmax, ad_softmax(x[0], -1)) \
    ROW(log_softmax, ad_log_softmax(x[0], -1)) \
    ROW(reshape, ad_reshape(x[0], AD_SHAPE(4, 3))) \
    ROW(flatten, ad_flatten(x[0], 0, -1)) \
    ROW(permute, ad_permute(x[0], AD_AXES(2, 0, 1))) \
    ROW(broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(3, 4))) \
    ROW(slice, ad_slice(x[0], 1, 1, 3)) \
    ROW(slice_step, ad_slice_step(x[0], 1, AD_OPEN, AD_OPEN, -2)) \
    ROW(flip, ad_flip(x[0], AD_AXES(1))) \
    ROW(concat, ad_concat(2, x, 0)) \
    ROW(stack, ad_stack(2, x, 1)) \
    ROW(diagonal, ad_diagonal(x[0], 1)) \
    ROW(diag, ad_diag(x[0], -1)) \
    ROW(tril, ad_tril(x[0], 1)) \
    ROW(triu, ad_triu(x[0], 1)) \
    ROW(roll, ad_roll(x[0], 1, 3)) \
    ROW(tile, ad_tile(x[0], 1, 3)) \
    ROW(repeat, ad_repeat(x[0], 0, 2)) \
    ROW(pad, ad_pad(x[0], 1, 2, 1, 7)) \
    ROW(pad_reflect, ad_pad_reflect(x[0], 0, 2, 1)) \
    ROW(pad_edge, ad_pad_edge(x[0], 1, 2, 3)) \
    ROW(gather, ad_gather(x[0], FROZEN(picks, 4), 0)) \
    ROW(take_along_axis, ad_take_along_axis(x[0], FROZEN(pairs, 3, 2), 1)) \
    ROW(scatter_add, ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0)) \
    ROW(where, ad_where(ad_greater(x[0], 0), ad_log(ad_maximum(x[0], 1e-30)), x[1])) \
    ROW(where_not_taken, ad_where(ad_greater(x[0], 0), ad_log(x[0]), 7)) \
    ROW(cast, and_back(x[0])) \
    ROW(cast_discrete, ad_cast(x[0], AD_I32)) \
    ROW(squeeze, ad_squeeze(x[0], 1)) \
    ROW(expand, ad_expand(x[0], 1)) \
    ROW(unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(1, 1))) \
    ROW(index_select, ad_index_select(x[0], FROZEN(picks, 4), 1)) \
    ROW(embedding, ad_embedding(x[0], FROZEN(picks, 4))) \
    ROW(one_hot, ad_one_hot(ad_cast(x[0], AD_I32), 5, AD_F64)) \
    ROW(prod, ad_prod_over(x[0], LAST)) \
    ROW(cumsum, ad_cumsum(x[0], 1, 0)) \
    ROW(cumsum_exclusive, ad_cumsum(x[0], 1, AD_EXCLUSIVE)) \
    ROW(cumsum_reverse, ad_cumsum(x[0], 0, AD_REVERSE)) \
    ROW(cumprod, ad_cumprod(x[0], 1, 0)) \
    ROW(cumprod_exclusive, ad_cumprod(x[0], 1, AD_EXCLUSIVE)) \
    ROW(cumprod_reverse, ad_cumprod(x[0], 0, AD_REVERSE)) \
    ROW(norm, ad_norm_over(x[0], LAST, 2)) \
    ROW(norm_1, ad_norm_over(x[0], LAST, 1)) \
    ROW(norm_3, ad_norm_over(x[0], LAST, 3)) \
    ROW(norm_half, ad_norm_over(x[0], LAST, 0.5)) \
    ROW(norm_inf, ad_norm_over(x[0], LAST, INFINITY)) \
    ROW(moments, ad_moments(x[0]).variance) \
    ROW(argmax, ad_argmax_over(x[0], LAST)) \
    ROW(argmin, ad_argmin_over(x[0], AD_AXES(0))) \
    ROW(all, ad_all_over(ad_not_equal(x[0], 0), LAST)) \
    ROW(any, ad_any_over(ad_not_equal(x[0], 0), LAST)) \
    ROW(count_nonzero, ad_count_nonzero_over(x[0], LAST)) \
    ROW(sort, ad_sort(x[0], 1, false).values) \
    ROW(argsort, ad_argsort(x[0], 1, false)) \
    ROW(top_k, ad_top_k(x[0], 1, 2).values) \
    ROW(stop_gradient, ad_mul(x[0], ad_stop_gradient(x[0]))) \
    ROW(straight_through, ad_straight_through(x[0], ad_round(x[0]))) \
    ROW(scale_gradient, ad_scale_gradient(x[0], -2.5)) \
    ROW(clip_gradient, ad_mul(ad_clip_gradient(x[0], -1, 1.5), 2)) \
    ROW(clip_gradient_norm, ad_mul(ad_clip_gradient_norm(x[0], 1), 2)) \
    ROW(on_cotangent, ad_on_cotangent(x[0], twice, NULL)) \
    ROW(huber_loss, ad_huber_loss(x[0], x[1], 1.5)) \
    ROW(softmax_cross_entropy, ad_softmax_cross_entropy(x[0], FROZEN(labels, 3)))
/* clang-format on */

#define FUNCTION(name, result)                                  \
    static ad_tensor run_##name(ad_tape *t, const ad_tensor *x) \
    {                                                           \
        (void)t;                                                \
        return result;                                          \
    }
#define FUNCTION_OF_ONE(name) FUNCTION(name, ad_##name(x[0]))
#define FUNCTION_OF_TWO(name) FUNCTION(name, ad_##name(x[0], x[1]))
FUNCTIONS(FUNCTION_OF_ONE, FUNCTION_OF_TWO, FUNCTION)

typedef struct function {
    const char *name;
    ad_tensor (*run)(ad_tape *t, const ad_tensor *x);
} function;

#define ENTRY(name)            {#name, run_##name},
#define ENTRY_OF(name, result) ENTRY(name)
static const function functions[] = {FUNCTIONS(ENTRY, ENTRY, ENTRY_OF)};

/* That whose name the case's begins with; the longest such. */
static const function *function_named(const char *name)
{
    const function *best = NULL;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        size_t n = strlen(functions[i].name);
        bool begins = strncmp(functions[i].name, name, n) == 0 && (name[n] == 0 || name[n] == '_');
        if (begins && (!best || n > strlen(best->name)))
            best = &functions[i];
    }
    return best;
}

/* ---- the file ---------------------------------------------------------------------------- */

typedef struct list {
    int n;
    double at[MOST_NUMBERS];
    bool any[MOST_NUMBERS]; /* nothing is said of it */
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
        ck_assert_int_lt(l->n, MOST_NUMBERS);
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
    const function *f = function_named(r->name);
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
    ad_tensor y = f->run(t, leaf);
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
    ad_tensor leaf = ad_watch(t, x), y = function_named(r->name)->run(t, &leaf);
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
    const function *f = &functions[_i];
    reference r;
    bool found = false;
    for (int k = 0; !found && read_case(k, &r); k++)
        found = function_named(r.name) == f;
    ck_assert_msg(found, "%s has no case", f->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle");
    TCase *cases = tcase_create("cases"), *whole = tcase_create("completeness");
    add_file_row_tests(cases, values_and_derivatives_are_the_oracles, "ops/oracle/reference.txt",
                       "case");
    tcase_add_loop_test(whole, every_function_has_a_case, 0, sizeof functions / sizeof *functions);
    suite_add_tcase(suite, cases);
    suite_add_tcase(suite, whole);
    return run_suite(suite);
}
