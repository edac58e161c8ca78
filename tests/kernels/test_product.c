/* Products for kernels of a user's own (adze/kernels.h): against walks; what follows their rows; what is
 * refused. */
#include "in_kernel.h"
#include "random_views.h"
#include "suite.h"

#include <stdatomic.h>

enum { ROWS = 700, INNER = 90, COLUMNS = 60, BATCH = 3 };

/* ---- products against plain loops ---------------------------------------------------- */

/* A random product, of a batch of up to two axes. */
static void random_product(ad_random *r, ad_shape *a, ad_shape *b, ad_shape *c, unsigned flags)
{
    ad_shape batch = {.rank = (int)ad_random_below(r, 3)};
    int64_t d[3];
    for (int i = 0; i < 3; i++)
        d[i] = (int64_t)ad_random_below(r, 4) + 1;
    for (int i = 0; i < batch.rank; i++)
        batch.dim[i] = (int64_t)ad_random_below(r, 3) + 1;
    *c = shape_below(r, &batch);
    *a = ad_random_below(r, 2) ? batch : shape_below(r, &batch);
    *b = ad_shape_equal(a, &batch) ? shape_below(r, &batch) : batch;
    a->dim[a->rank++] = d[flags & AD_TRANSPOSE_A ? 1 : 0];
    a->dim[a->rank++] = d[flags & AD_TRANSPOSE_A ? 0 : 1];
    b->dim[b->rank++] = d[flags & AD_TRANSPOSE_B ? 2 : 1];
    b->dim[b->rank++] = d[flags & AD_TRANSPOSE_B ? 1 : 2];
    c->dim[c->rank++] = d[0];
    c->dim[c->rank++] = d[2];
}

/* v as a view of [batch..., rows, inner, columns], without the axis that it has not. */
static ad_view over(const ad_view *v, bool transposed, int missing, int64_t extent)
{
    int last = v->shape.rank - 1, axes[3], n = 0;
    ad_view w = *v;
    w.shape.rank = last + 2;
    for (int k = 0; k < 3; k++)
        axes[k] = k == missing ? -1 : transposed ? last - n++ : last - 1 + n++;
    for (int k = 0; k < 3; k++) {
        w.shape.dim[last - 1 + k] = axes[k] < 0 ? extent : v->shape.dim[axes[k]];
        w.stride[last - 1 + k] = axes[k] < 0 ? 0 : v->stride[axes[k]];
    }
    return w;
}

/* Numbers at random strides, in scratch memory. */
static ad_view random_operand(ad_workspace *work, ad_random *r, const ad_shape *shape)
{
    ad_array room = ad_scratch_array(work, AD_F64, AD_SHAPE(4096));
    ad_fill_normal(&room, r, 0, 1);
    return scattered(r, room.data, shape);
}

static void set_all(const ad_array *a, double value)
{
    for (size_t i = 0; i < ad_array_count(a); i++)
        ((double *)a->data)[i] = value;
}

/* c += a b, by a walk over rows, inner and columns of all products. */
static void add_by_walk(const ad_view *a, const ad_view *b, const ad_array *c, unsigned flags)
{
    ad_walk w;
    ad_view z = ad_array_view(*c);
    const int64_t *of_c = c->shape.dim + c->shape.rank - 2;
    int64_t inner = a->shape.dim[a->shape.rank - (flags & AD_TRANSPOSE_A ? 2 : 1)];
    const ad_view views[] = {over(a, flags & AD_TRANSPOSE_A, 2, of_c[1]),
                             over(b, flags & AD_TRANSPOSE_B, 0, of_c[0]),
                             over(&z, false, 1, inner)};
    ad_shape all = views[a->shape.rank > b->shape.rank ? 0 : 1].shape;
    for (int k = 0; k < 2; k++)
        for (int i = 1; i <= views[k].shape.rank; i++)
            if (all.dim[all.rank - i] == 1)
                all.dim[all.rank - i] = views[k].shape.dim[views[k].shape.rank - i];
    ck_assert(ad_walk_begin(NULL, &w, &all, 3, views));
    while (ad_walk_next(&w)) {
        const double *x = w.data[0], *y = w.data[1];
        for (int64_t i = 0; i < w.n; i++)
            ((double *)w.data[2])[i * w.step[2]] += x[i * w.step[0]] * y[i * w.step[1]];
    }
}

static void multiply_randomly(const ad_forward_args *c)
{
    ad_random r = ad_random_new(23, *(uint64_t *)user_of(c));
    unsigned flags = (unsigned)ad_random_below(&r, 8);
    ad_shape shape[3];
    random_product(&r, &shape[0], &shape[1], &shape[2], flags);
    ad_view a = random_operand(c->work, &r, &shape[0]), b = random_operand(c->work, &r, &shape[1]);
    ad_array got = ad_scratch_array(c->work, AD_F64, shape[2]);
    ad_array wanted = ad_scratch_array(c->work, AD_F64, shape[2]);
    set_all(&got, 0.5);
    set_all(&wanted, flags & AD_ADD ? 0.5 : 0);
    ck_assert(ad_product(c->work, &a, &b, &got, flags));
    add_by_walk(&a, &b, &wanted, flags);
    for (size_t i = 0; i < ad_array_count(&got); i++)
        ck_assert_double_eq_tol(((double *)got.data)[i], ((double *)wanted.data)[i], 1e-12);
}

START_TEST(products_agree_with_a_walk)
{
    for (uint64_t k = 0; k < 500; k++)
        ck_assert_int_eq(probe(multiply_randomly, &k, 1, NULL, 0), AD_OK);
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
        ck_assert(((float *)marked.data)[i] == (float)(((float *)alone.data)[i] + 1000));
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

/* A product with a tangent of zeros looks at its result all the same. */
static const struct {
    ad_array c;
    ad_status status;
    const char *text;
} bad_zeros[] = {
    {{NULL, AD_F64, {100, {2, 2}}, NULL}, AD_BAD_SHAPE, "the result needs two axes or more"},
    {{NULL, AD_F64, {-3, {2, 2}}, NULL}, AD_BAD_SHAPE, "the result needs two axes or more"},
    {{NULL, AD_F64, {1, {2}}, NULL}, AD_BAD_SHAPE, "the result needs two axes or more"},
    {{NULL, AD_F64, {2, {2, -2}}, NULL}, AD_BAD_SHAPE, "the result needs two axes or more"},
    {{NULL, AD_I32, {2, {2, 2}}, NULL}, AD_BAD_TYPE, "the result must be f32 or f64"},
    {{NULL, AD_TYPE_COUNT, {2, {2, 2}}, NULL}, AD_BAD_TYPE, "the result must be f32 or f64"},
};

static void follow_nothing(void *user, size_t begin, size_t end)
{
    (void)begin, (void)end;
    *(int *)user = 1;
}

static void multiply_zeros_badly(const ad_forward_args *c)
{
    int calls = 0;
    double result[4] = {7, 7, 7, 7};
    ad_view a = {NULL, AD_F64, {2, {2, 3}}, {0}}, b = {six, AD_F64, {2, {3, 2}}, {2, 1}};
    ad_array y = *(const ad_array *)user_of(c);
    y.data = result;
    for (int turn = 0; turn < 2; turn++)
        ck_assert(!ad_product_then(c->work, turn ? &b : &a, turn ? &a : &b, &y, 0, follow_nothing,
                                   &calls));
    ck_assert(!calls && result[0] == 7 && result[3] == 7);
}

START_TEST(the_result_of_a_product_with_zeros_must_make_sense)
{
    char text[600];
    ad_array y = bad_zeros[_i].c;
    ck_assert_int_eq(probe(multiply_zeros_badly, &y, 1, text, sizeof text), bad_zeros[_i].status);
    ck_assert_msg(strstr(text, bad_zeros[_i].text), "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("product");
    TCase *all = tcase_create("product");
    tcase_add_test(all, products_agree_with_a_walk);
    tcase_add_loop_test(all, each_row_of_a_product_is_followed_once, 0,
                        sizeof followed_products / sizeof *followed_products);
    tcase_add_loop_test(all, products_that_do_not_fit_are_refused, 0,
                        sizeof bad_products / sizeof *bad_products);
    tcase_add_loop_test(all, the_result_of_a_product_with_zeros_must_make_sense, 0,
                        sizeof bad_zeros / sizeof *bad_zeros);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
