/* What kernels of a user's own are made of (adze/kernels.h, adze/walk.h): against the built-in
 * operations and plain loops; the same bits with any number of threads; misuse. */
#include "own_ops.h"
#include "suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- rules ------------------------------------------------------------------------- */

/* x [..., m, k], w [..., k, n] and b, which broadcasts to the product. */
static void batches(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    int64_t d[4];
    (void)user;
    for (int i = 0; i < 4; i++)
        d[i] = (int64_t)ad_random_below(r, 5) + (trial % 5 > 0);
    int64_t left = trial % 3 == 0 ? 1 : d[3], right = trial % 4 == 0 ? 1 : d[3];
    x->n = 3;
    x->shape[0] = AD_SHAPE(left, d[0], d[1]);
    x->shape[1] = AD_SHAPE(right, d[1], d[2]);
    x->shape[2] = trial % 2 ? AD_SHAPE(d[2]) : AD_SHAPE(d[0], 1);
    if (trial % 7 == 1)
        x->shape[0] = AD_SHAPE(d[0], d[1]);
    if (trial % 7 == 3)
        x->shape[1] = AD_SHAPE(d[1], d[2]);
}

START_TEST(rules_made_of_products_are_right)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .sampler = batches, .trials = 60};
    ck_assert_msg(ad_check_op(&own_layer_op, NULL, &o, &error) == AD_OK, "%s", error.text);
}
END_TEST

START_TEST(rules_made_of_elementwise_work_are_right)
{
    ad_error error = {0};
    ck_assert_msg(ad_check_op(&own_times_op, NULL, NULL, &error) == AD_OK, "%s", error.text);
}
END_TEST

/* ---- the bits of built-in operations, with any number of threads -------------------------- */

enum { COUNTS = 4, ROWS = 700, INNER = 90, COLUMNS = 60, BATCH = 3 };
static const int thread_counts[COUNTS] = {1, 2, 3, 8};

typedef ad_tensor function(const ad_tensor *x);

static ad_tensor zero_beside(ad_tensor x)
{
    return ad_stop_gradient(ad_mul(ad_sum(x), 0));
}
static ad_tensor own_product(const ad_tensor *x)
{
    return ad_apply(&own_layer_op, (ad_tensor[]){x[0], x[1], zero_beside(x[0])}, NULL);
}
static ad_tensor built_in_product(const ad_tensor *x)
{
    return ad_add(ad_matmul(x[0], x[1]), zero_beside(x[0]));
}
static ad_tensor own_times(const ad_tensor *x)
{
    return ad_apply(&own_times_op, x, NULL);
}
static ad_tensor built_in_times(const ad_tensor *x)
{
    return (ad_mul)(x[0], x[1]);
}

typedef struct twin {
    const char *name;
    function *own, *built_in;
    ad_shape shape[2];
} twin;

static const twin twins[] = {
    {"one product", own_product, built_in_product, {{2, {ROWS, INNER}}, {2, {INNER, COLUMNS}}}},
    {"a tall product",
     own_product,
     built_in_product,
     {{3, {BATCH, ROWS, INNER}}, {2, {INNER, COLUMNS}}}},
    {"products of a batch",
     own_product,
     built_in_product,
     {{3, {BATCH, ROWS, INNER}}, {3, {BATCH, INNER, COLUMNS}}}},
    {"a left factor that repeats",
     own_product,
     built_in_product,
     {{2, {ROWS, INNER}}, {3, {BATCH, INNER, COLUMNS}}}},
    {"equal shapes", own_times, built_in_times, {{2, {ROWS, INNER}}, {2, {ROWS, INNER}}}},
    {"rows", own_times, built_in_times, {{2, {ROWS, INNER}}, {1, {INNER}}}},
    {"columns", own_times, built_in_times, {{2, {ROWS, INNER}}, {2, {ROWS, 1}}}},
    {"a number", own_times, built_in_times, {{0, {0}}, {2, {ROWS, INNER}}}},
};
enum { TWINS = sizeof twins / sizeof *twins };

typedef struct results {
    ad_array of[3]; /* y, and the gradients */
} results;

static results differentiate(function *f, const twin *w, ad_type type, int threads)
{
    results r;
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    ad_random random = ad_random_new(7, 0);
    ad_array x[2];
    ad_tensor leaf[2];
    for (int i = 0; i < 2; i++) {
        x[i] = ad_zeros(type, w->shape[i]);
        ck_assert_int_eq(ad_fill_normal(&x[i], &random, 0, 1), AD_OK);
        leaf[i] = ad_watch(t, ad_array_view(x[i]));
    }
    ad_tensor y = f(leaf);
    ad_backward(ad_sum(ad_square(y)));
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", w->name, ad_tape_error(t));
    const ad_view views[] = {ad_read(y), ad_grad(leaf[0]), ad_grad(leaf[1])};
    for (int i = 0; i < 3; i++)
        r.of[i] = ad_array_copy(NULL, type, views[i]);
    ad_tape_free(t);
    ad_pool_free(pool);
    ad_array_free(&x[0]);
    ad_array_free(&x[1]);
    return r;
}

static void expect_same_bits(const twin *w, results *a, results *b, int threads)
{
    for (int i = 0; i < 3; i++) {
        size_t bytes = ad_array_count(&a->of[i]) * ad_type_size(a->of[i].type);
        ck_assert_msg(memcmp(a->of[i].data, b->of[i].data, bytes) == 0,
                      "%s, %d threads: result %d has other bits", w->name, threads, i);
        ad_array_free(&b->of[i]);
    }
}

START_TEST(own_operations_have_the_bits_of_built_in_ones)
{
    const twin *w = &twins[_i];
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        results wanted = differentiate(w->built_in, w, type, 1);
        for (int k = 0; k < COUNTS; k++) {
            results got = differentiate(w->own, w, type, thread_counts[k]);
            expect_same_bits(w, &wanted, &got, thread_counts[k]);
        }
        for (int i = 0; i < 3; i++)
            ad_array_free(&wanted.of[i]);
    }
}
END_TEST

/* ---- an operation around any kernel --------------------------------------------------- */

typedef void kernel(const ad_forward_args *c);

typedef struct probe_attr {
    kernel *run;
    void *user;
} probe_attr;

static void probe_forward(const ad_forward_args *c)
{
    memset(c->y.data, 0, ad_array_count(&c->y) * ad_type_size(c->y.type));
    ((const probe_attr *)c->attr)->run(c);
}

static const ad_op probe_op = {
    .size = sizeof(ad_op),
    .name = "probe",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(probe_attr),
    .shape = ad_shape_first,
    .forward = probe_forward,
};

static const double six[] = {1, 2, 3, 4, 5, 6};

/* Runs a kernel on x [2, 3] in threads. The status, and the message in text. */
static ad_status probe(kernel *run, void *user, int threads, char *text, size_t size)
{
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    ad_tensor x = ad_freeze(t, AD_VIEW(six, 2, 3));
    ad_apply(&probe_op, &x, &(probe_attr){run, user});
    ad_status status = ad_tape_status(t);
    if (text)
        snprintf(text, size, "%s", ad_tape_error(t));
    ad_tape_free(t);
    ad_pool_free(pool);
    return status;
}

static void *user_of(const ad_forward_args *c)
{
    return ((const probe_attr *)c->attr)->user;
}

/* ---- parts ------------------------------------------------------------------------- */

enum { LONG = 1000, GRAIN = 64, PARTS = (LONG + GRAIN - 1) / GRAIN };

typedef struct tally {
    atomic_int seen[LONG];
    size_t begin[PARTS], end[PARTS];
    ad_workspace *work;
} tally;

static void count_part(void *user, size_t begin, size_t end)
{
    tally *t = user;
    t->begin[begin / GRAIN] = begin;
    t->end[begin / GRAIN] = end;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&t->seen[i], 1);
}

static void count_all(const ad_forward_args *c)
{
    ck_assert(ad_parallel(c->work, LONG, GRAIN, count_part, user_of(c)));
}

START_TEST(parts_depend_on_length_and_grain_alone)
{
    static tally t;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(probe(count_all, &t, thread_counts[_i], NULL, 0), AD_OK);
    for (size_t i = 0; i < LONG; i++)
        ck_assert_int_eq(atomic_load(&t.seen[i]), 1);
    for (size_t k = 0; k < PARTS; k++) {
        ck_assert_uint_eq(t.begin[k], k * GRAIN);
        ck_assert_uint_eq(t.end[k], k + 1 < PARTS ? (k + 1) * GRAIN : LONG);
    }
}
END_TEST

static void nested_part(void *user, size_t begin, size_t end)
{
    tally *t = user;
    (void)end;
    if (begin == 0) /* of ten parts, each of which walks all over again; one counts */
        ad_parallel(t->work, LONG, GRAIN, count_part, t);
}

static void nest_parts(const ad_forward_args *c)
{
    tally *t = user_of(c);
    t->work = c->work;
    ck_assert(ad_parallel(c->work, 10, 1, nested_part, t));
}

START_TEST(parts_may_have_parts)
{
    static tally t;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(probe(nest_parts, &t, thread_counts[_i], NULL, 0), AD_OK);
    for (size_t i = 0; i < LONG; i++)
        ck_assert_int_eq(atomic_load(&t.seen[i]), 1);
}
END_TEST

static void rejecting_part(void *user, size_t begin, size_t end)
{
    (void)end;
    ad_reject(user, AD_DOMAIN, "part %zu is wrong", begin);
}

static void reject_in_parts(const ad_forward_args *c)
{
    ad_parallel(c->work, 500, 1, rejecting_part, c->work);
}

static void greedy_part(void *user, size_t begin, size_t end)
{
    (void)begin, (void)end;
    ck_assert_ptr_null(ad_scratch(user, 8));
    ck_assert_ptr_null(ad_inner_tape(user));
}

static void take_in_parts(const ad_forward_args *c)
{
    ad_parallel(c->work, 500, 1, greedy_part, c->work);
}

START_TEST(parts_may_fail)
{
    char text[600];
    ck_assert_int_eq(probe(reject_in_parts, NULL, thread_counts[_i], text, sizeof text), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(text, "probe([2, 3]): part "));
    ck_assert_ptr_nonnull(strstr(text, " is wrong"));
    ck_assert_int_eq(probe(take_in_parts, NULL, thread_counts[_i], text, sizeof text), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(text, " is wanted by work that threads share: take it before"));
}
END_TEST

/* ---- what follows a product --------------------------------------------------------- */

typedef struct followed {
    const char *name;
    ad_shape a, b, c;
    unsigned flags;
    bool zeros; /* b is a tangent of zeros */
} followed;

static const followed followed_products[] = {
    {"one", {2, {ROWS, INNER}}, {2, {INNER, COLUMNS}}, {2, {ROWS, COLUMNS}}, 0, false},
    {"wide", {2, {COLUMNS, INNER}}, {2, {INNER, ROWS}}, {2, {COLUMNS, ROWS}}, 0, false},
    {"tall",
     {3, {BATCH, ROWS, INNER}},
     {2, {INNER, COLUMNS}},
     {3, {BATCH, ROWS, COLUMNS}},
     0,
     false},
    {"long sum",
     {3, {BATCH, ROWS, INNER}},
     {3, {BATCH, ROWS, COLUMNS}},
     {2, {INNER, COLUMNS}},
     AD_TRANSPOSE_A,
     false},
    {"batch",
     {3, {BATCH, ROWS, INNER}},
     {3, {BATCH, INNER, COLUMNS}},
     {3, {BATCH, ROWS, COLUMNS}},
     0,
     false},
    {"sum of a batch",
     {3, {BATCH, ROWS, INNER}},
     {3, {BATCH, INNER, COLUMNS}},
     {2, {ROWS, COLUMNS}},
     0,
     false},
    {"zeros", {2, {ROWS, INNER}}, {2, {INNER, COLUMNS}}, {2, {ROWS, COLUMNS}}, 0, true},
    {"nothing", {2, {0, INNER}}, {2, {INNER, COLUMNS}}, {2, {0, COLUMNS}}, 0, false},
};

typedef struct rows_seen {
    const followed *product;
    const ad_array *c;
    atomic_int times[BATCH * ROWS];
} rows_seen;

/* Marks the rows: whatever is written after it spoils the mark. */
static void mark_rows(void *user, size_t begin, size_t end)
{
    rows_seen *s = user;
    size_t columns = (size_t)s->c->shape.dim[s->c->shape.rank - 1];
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add(&s->times[i], 1);
        for (size_t j = 0; j < columns; j++)
            ((float *)s->c->data)[i * columns + j] += 1000;
    }
}

static void follow_product(const ad_forward_args *c)
{
    rows_seen *s = user_of(c);
    const followed *p = s->product;
    ad_array a = ad_scratch_array(c->work, AD_F32, p->a);
    ad_array b = ad_scratch_array(c->work, AD_F32, p->b);
    ad_array alone = ad_scratch_array(c->work, AD_F32, p->c), marked = alone;
    marked.data = ad_scratch_array(c->work, AD_F32, p->c).data;
    ad_random r = ad_random_new(3, 0);
    ad_fill_normal(&a, &r, 0, 1);
    ad_fill_normal(&b, &r, 0, 1);
    ad_view left = ad_array_view(a), right = ad_array_view(b);
    right.data = p->zeros ? NULL : right.data;
    s->c = &marked;
    ck_assert(ad_product(c->work, &left, &right, &alone, p->flags));
    ck_assert(ad_product_then(c->work, &left, &right, &marked, p->flags, mark_rows, s));
    size_t n = ad_array_count(&alone), columns = (size_t)p->c.dim[p->c.rank - 1];
    for (size_t i = 0; i < n; i++)
        ck_assert(((float *)marked.data)[i] == ((float *)alone.data)[i] + 1000);
    for (size_t i = 0; i < BATCH * ROWS; i++)
        ck_assert_int_eq(atomic_load(&s->times[i]), i < n / columns);
}

START_TEST(each_row_of_a_product_is_followed_once)
{
    static rows_seen s;
    for (int k = 0; k < COUNTS; k++) {
        memset(&s, 0, sizeof s);
        s.product = &followed_products[_i];
        ck_assert_int_eq(probe(follow_product, &s, thread_counts[k], NULL, 0), AD_OK);
    }
}
END_TEST

/* ---- walks ------------------------------------------------------------------------- */

static ad_shape shape_below(ad_random *r, const ad_shape *s)
{
    int gone = (int)ad_random_below(r, (uint64_t)s->rank + 1);
    ad_shape part = {.rank = s->rank - gone};
    for (int i = 0; i < part.rank; i++)
        part.dim[i] = ad_random_below(r, 3) ? s->dim[i + gone] : 1;
    return part;
}

/* Any axes backwards or with gaps, or that repeat, in numbers that hold them all. */
static ad_view scattered(ad_random *r, const double *numbers, const ad_shape *s)
{
    ad_view v = ad_view_of(AD_F64, numbers, *s);
    int64_t step = 1, first = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
        uint64_t way = ad_random_below(r, 4);
        v.stride[i] = way == 0 ? 0 : way == 1 ? -step : step;
        first += way == 1 && s->dim[i] ? (s->dim[i] - 1) * step : 0;
        step *= s->dim[i] ? s->dim[i] + (int64_t)ad_random_below(r, 2) : 1;
    }
    v.data = numbers + first;
    return v;
}

/* The number of v that belongs to element i of the shape. */
static const double *beside(const ad_view *v, const ad_shape *shape, size_t i)
{
    const double *at = v->data;
    int shift = shape->rank - v->shape.rank;
    for (int k = shape->rank - 1; k >= 0; k--) {
        int64_t place = (int64_t)(i % (size_t)shape->dim[k]);
        if (k >= shift && v->shape.dim[k - shift] != 1)
            at += place * v->stride[k - shift];
        i /= (size_t)shape->dim[k];
    }
    return at;
}

static void expect_walk(ad_walk *w, const ad_shape *shape, const ad_view *v, size_t begin,
                        size_t end)
{
    size_t i = begin;
    while (ad_walk_next(w)) {
        ck_assert_int_gt(w->n, 0);
        for (int64_t k = 0; k < w->n; k++, i++)
            for (int j = 0; j < AD_MAX_VIEWS; j++)
                ck_assert_ptr_eq((const double *)w->data[j] + k * w->step[j],
                                 beside(&v[j], shape, i));
    }
    ck_assert_uint_eq(i, end);
    ck_assert(!ad_walk_next(w));
}

START_TEST(walks_see_every_element_in_order)
{
    static const double numbers[4096];
    ad_random r = ad_random_new(11, (uint64_t)_i);
    ad_shape shape = {.rank = _i % 5};
    ad_view v[AD_MAX_VIEWS];
    ad_walk w, part;
    size_t count;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = (int64_t)ad_random_below(&r, 4) + (_i % 9 > 0);
    for (int j = 0; j < AD_MAX_VIEWS; j++) {
        ad_shape s = shape_below(&r, &shape);
        v[j] = scattered(&r, numbers, &s);
    }
    ck_assert_int_eq(ad_shape_count(&shape, &count), AD_OK);
    ck_assert(ad_walk_begin(NULL, &w, &shape, AD_MAX_VIEWS, v));
    part = w;
    expect_walk(&w, &shape, v, 0, count);
    for (int k = 0; k < 5; k++) {
        size_t begin = (size_t)ad_random_below(&r, count + 1);
        size_t end = begin + (size_t)ad_random_below(&r, 9);
        ad_walk_part(&part, begin, end);
        expect_walk(&part, &shape, v, begin, end < count ? end : count);
    }
}
END_TEST

START_TEST(contiguous_views_make_one_run)
{
    ad_walk w;
    const ad_view v[] = {AD_VIEW(six, 1, 2, 3), AD_VIEW(six, 2, 3)};
    ck_assert(ad_walk_begin(NULL, &w, &AD_SHAPE(1, 2, 3), 2, v));
    ck_assert(ad_walk_next(&w));
    ck_assert(w.n == 6 && w.step[0] == 1 && w.step[1] == 1);
    ck_assert(!ad_walk_next(&w));
}
END_TEST

/* ---- what is refused ---------------------------------------------------------------- */

/* [2, 3] by [3, 2], with something wrong. The result keeps its 7. */
typedef struct bad_product {
    ad_shape a, b, c;
    ad_type types[3];
    unsigned flags;
    ad_status status;
    const char *text;
} bad_product;

#define PRODUCT(a, b, c) "probe([2, 3]): ad_product: " a " by " b " into " c ": "
static const bad_product bad_products[] = {
    {{2, {2, 3}},
     {2, {2, 3}},
     {2, {2, 3}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT("[2, 3]", "[2, 3]", "[2, 3]") "the inner extents must be equal"},
    {{2, {2, 3}},
     {2, {3, 2}},
     {2, {3, 2}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT("[2, 3]", "[3, 2]", "[3, 2]") "the result has other rows or columns"},
    {{2, {2, 3}},
     {2, {3, 2}},
     {2, {2, 2}},
     {AD_F64, AD_F64, AD_F64},
     AD_TRANSPOSE_A,
     AD_BAD_SHAPE,
     PRODUCT("[2, 3]", "[3, 2]", "[2, 2]") "the inner extents must be equal"},
    {{1, {3}},
     {2, {3, 2}},
     {2, {1, 2}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT(
         "[3]", "[3, 2]",
         "[1, 2]") "each needs two axes or more, and extents that are not negative or too large"},
    {{2, {2, -3}},
     {2, {-3, 2}},
     {2, {2, 2}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT(
         "[2, -3]", "[-3, 2]",
         "[2, 2]") "each needs two axes or more, and extents that are not negative or too large"},
    {{3, {2, 1, 1}},
     {3, {3, 1, 1}},
     {2, {1, 1}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT("[2, 1, 1]", "[3, 1, 1]", "[1, 1]") "the axes before the last two do not broadcast"},
    {{2, {1, 1}},
     {2, {1, 1}},
     {3, {2, 1, 1}},
     {AD_F64, AD_F64, AD_F64},
     0,
     AD_BAD_SHAPE,
     PRODUCT(
         "[1, 1]", "[1, 1]",
         "[2, 1, 1]") "the axes of the result before the last two are not those of the factors"},
    {{2, {1, 1}},
     {2, {1, 1}},
     {2, {1, 1}},
     {AD_F64, AD_F32, AD_F64},
     0,
     AD_BAD_TYPE,
     PRODUCT("[1, 1]", "[1, 1]", "[1, 1]") "all must be f32, or all f64"},
    {{2, {1, 1}},
     {2, {1, 1}},
     {2, {1, 1}},
     {AD_I32, AD_I32, AD_I32},
     0,
     AD_BAD_TYPE,
     PRODUCT("[1, 1]", "[1, 1]", "[1, 1]") "all must be f32, or all f64"},
    {{2, {1, 1}},
     {2, {1, 1}},
     {2, {1, 1}},
     {AD_F64, AD_F64, AD_F64},
     8,
     AD_MISUSE,
     "probe([2, 3]): ad_product: an argument is missing, or a flag is unknown"},
};

static void multiply_badly(const ad_forward_args *c)
{
    const bad_product *p = user_of(c);
    double result[6] = {7, 7, 7, 7, 7, 7};
    ad_view a = {six, p->types[0], p->a, {3, 1}}, b = {six, p->types[1], p->b, {2, 1}};
    ad_array y = {result, p->types[2], p->c, NULL};
    ck_assert(!ad_product(c->work, &a, &b, &y, p->flags));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(result[i], 7);
}

START_TEST(products_that_do_not_fit_are_refused)
{
    char text[600];
    bad_product p = bad_products[_i];
    ck_assert_int_eq(probe(multiply_badly, &p, 1, text, sizeof text), p.status);
    ck_assert_str_eq(text, p.text);
}
END_TEST

/* Over [2, 3], with something wrong. */
typedef struct bad_work {
    int n;
    ad_view in;
    ad_type type;
    ad_shape out;
    unsigned flags;
    ad_status status;
    const char *text;
} bad_work;

#define OVER "probe([2, 3]): ad_elementwise: "
AD_ELEMENTS(itself, AD_ELEMENT(0))
#define SIX                       \
    {                             \
        six, AD_F64, {2, {2, 3}}, \
        {                         \
            3, 1                  \
        }                         \
    }
static const bad_work bad_works[] = {
    {1,
     {six, AD_F64, {1, {2}}, {1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_BAD_SHAPE,
     OVER "in[0] does not broadcast to the shape"},
    {1,
     {six, AD_F64, {3, {1, 2, 3}}, {6, 3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_BAD_SHAPE,
     OVER "in[0] does not broadcast to the shape"},
    {1,
     {six, (ad_type)77, {2, {2, 3}}, {3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "in[0] has a bad type"},
    {1,
     {NULL, AD_F64, {2, {2, 3}}, {3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "in[0] has no data"},
    {1, SIX, AD_F64, {1, {2}}, 0, AD_BAD_SHAPE, OVER "the result does not broadcast to the shape"},
    {1, SIX, AD_I32, {1, {3}}, 0, AD_BAD_TYPE, OVER "a result of i32 cannot be summed"},
    {1, SIX, AD_I32, {2, {2, 3}}, AD_ADD, AD_BAD_TYPE, OVER "a result of i32 cannot be added to"},
    {0,
     SIX,
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "an argument is missing, there are not 1 to 5 operands, or a flag is unknown"},
    {1,
     SIX,
     AD_F64,
     {2, {2, 3}},
     AD_TRANSPOSE_A,
     AD_MISUSE,
     OVER "an argument is missing, there are not 1 to 5 operands, or a flag is unknown"},
};

static void map_badly(const ad_forward_args *c)
{
    const bad_work *p = user_of(c);
    double result[6] = {7, 7, 7, 7, 7, 7};
    ad_array y = {result, p->type, p->out, NULL};
    ck_assert(!ad_elementwise(c->work, &c->y.shape, p->n, &p->in, &y, p->flags, itself, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(result[i], 7);
}

START_TEST(elementwise_work_that_does_not_fit_is_refused)
{
    char text[600];
    bad_work p = bad_works[_i];
    ck_assert_int_eq(probe(map_badly, &p, 1, text, sizeof text), p.status);
    ck_assert_str_eq(text, p.text);
}
END_TEST

static void walk_badly(const ad_forward_args *c)
{
    ad_walk w;
    ad_view v = AD_VIEW(six, 2, 3);
    v.shape.dim[1] = 2;
    ck_assert(!ad_walk_begin(c->work, &w, &c->y.shape, 1, &v));
    ck_assert(!ad_walk_next(&w));
    ad_walk_part(&w, 0, 6);
    ck_assert(!ad_walk_next(&w));
}

START_TEST(a_view_that_does_not_broadcast_is_not_walked)
{
    char text[600];
    ck_assert_int_eq(probe(walk_badly, NULL, 1, text, sizeof text), AD_BAD_SHAPE);
    ck_assert_str_eq(text,
                     "probe([2, 3]): ad_walk_begin: views[0] does not broadcast to the shape");
}
END_TEST

/* ---- other number types ------------------------------------------------------------- */

static void is_large(const void *user, ad_type type, size_t n, const void *const *in, void *out)
{
    ck_assert_int_eq(type, AD_BOOL);
    for (size_t i = 0; i < n; i++)
        ((bool *)out)[i] =
            ((const double *)in[0])[i] + ((const int32_t *)in[1])[i] > *(const double *)user;
}

static void make_a_mask(const ad_forward_args *c)
{
    static const double limit = 5;
    static const int32_t more[] = {0, 2};
    bool mask[6];
    const ad_view in[] = {c->x[0], AD_VIEW(more, 2, 1)};
    const ad_array out = {mask, AD_BOOL, AD_SHAPE(2, 3), NULL};
    ck_assert(ad_elementwise(c->work, &out.shape, 2, in, &out, AD_ASSIGN, is_large, &limit));
    ck_assert(memcmp(mask, (const bool[]){false, false, false, true, true, true}, 6) == 0);
}

static void copy_other_types(const ad_forward_args *c)
{
    float result[6];
    const ad_array out = {result, AD_F32, AD_SHAPE(2, 3), NULL};
    ad_elementwise(c->work, &out.shape, 1, c->x, &out, AD_ASSIGN, NULL, NULL);
}

START_TEST(numbers_without_a_function_keep_their_type)
{
    char text[600];
    ck_assert_int_eq(probe(copy_other_types, NULL, 1, text, sizeof text), AD_BAD_TYPE);
    ck_assert_str_eq(text,
                     OVER "without a function there is one operand, of the result's float type");
}
END_TEST

START_TEST(elementwise_work_takes_numbers_of_any_type)
{
    ck_assert_int_eq(probe(make_a_mask, NULL, 2, NULL, 0), AD_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *all = tcase_create("kernels");
    tcase_add_test(all, rules_made_of_products_are_right);
    tcase_add_test(all, rules_made_of_elementwise_work_are_right);
    tcase_add_loop_test(all, own_operations_have_the_bits_of_built_in_ones, 0, TWINS);
    tcase_add_loop_test(all, parts_depend_on_length_and_grain_alone, 0, COUNTS);
    tcase_add_loop_test(all, parts_may_have_parts, 0, COUNTS);
    tcase_add_loop_test(all, parts_may_fail, 0, COUNTS);
    tcase_add_loop_test(all, each_row_of_a_product_is_followed_once, 0,
                        sizeof followed_products / sizeof *followed_products);
    tcase_add_loop_test(all, walks_see_every_element_in_order, 0, 200);
    tcase_add_test(all, contiguous_views_make_one_run);
    tcase_add_loop_test(all, products_that_do_not_fit_are_refused, 0,
                        sizeof bad_products / sizeof *bad_products);
    tcase_add_loop_test(all, elementwise_work_that_does_not_fit_is_refused, 0,
                        sizeof bad_works / sizeof *bad_works);
    tcase_add_test(all, a_view_that_does_not_broadcast_is_not_walked);
    tcase_add_test(all, numbers_without_a_function_keep_their_type);
    tcase_add_test(all, elementwise_work_takes_numbers_of_any_type);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
