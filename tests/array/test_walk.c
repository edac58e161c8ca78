/* Walks over broadcast views at strides (adze/walk.h). */
#include "in_kernel.h"
#include "random_views.h"
#include "suite.h"

/* ---- walks ------------------------------------------------------------------------- */

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

START_TEST(empty_views_need_no_data)
{
    ad_walk w;
    ad_view v = {.type = AD_F32, .shape = AD_SHAPE(0, 3), .stride = {3, 1}};
    ck_assert(ad_walk_begin(NULL, &w, &v.shape, 1, &v) && !ad_walk_next(&w));
    v.shape = AD_SHAPE(1, 3);
    ck_assert(!ad_walk_begin(NULL, &w, &v.shape, 1, &v));
}
END_TEST

START_TEST(a_view_that_does_not_broadcast_is_not_walked)
{
    char text[600];
    ck_assert_int_eq(probe(walk_badly, NULL, 1, text, sizeof text), AD_BAD_SHAPE);
    ck_assert_str_eq(text,
                     "probe([2, 3]): ad_walk_begin: views[0] does not broadcast to the shape");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("walk");
    TCase *all = tcase_create("walk");
    tcase_add_loop_test(all, walks_see_every_element_in_order, 0, 200);
    tcase_add_test(all, contiguous_views_make_one_run);
    tcase_add_test(all, empty_views_need_no_data);
    tcase_add_test(all, a_view_that_does_not_broadcast_is_not_walked);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
