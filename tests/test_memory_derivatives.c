/* Memory that runs out in derivatives beyond the plain ones (RELIABILITY R1). */
#include "suite.h"
#include "torture.h"

#include <adze.h>

enum { MANY = 3 };

static const double numbers[12] = {.1, .9, .3, .7, .5, .2, .8, .4, .6, .35, .15, .55};

static ad_tape *new_tape(test_allocator *memory)
{
    ad_tape_options o = {.size = sizeof o, .allocator = &memory->base, .checks = AD_CHECK_BOUNDS};
    return ad_tape_new(&o);
}

static ad_status end(ad_tape *t)
{
    ad_status status = t ? ad_tape_status(t) : AD_MEMORY;
    ad_tape_free(t);
    return status;
}

/* [2, 3] from [2, 2] and [2, 3], with more operands in a place than a frame holds at first. */
static ad_tensor matrices(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_matmul(x[0], x[1]));
    ad_tensor parts[] = {h, ad_exp(h), ad_square(h), x[1], ad_softmax(h, -1), h};
    return ad_add(ad_sum_squeeze(ad_stack(parts, 6, 0), AD_AXES(0)), ad_mean_keep(h, AD_AXES(1)));
}

static const ad_view operands[] = {
    {numbers, AD_F64, {2, {2, 2}}, {2, 1}},
    {numbers + 4, AD_F64, {2, {2, 3}}, {3, 1}},
};

/* ---- scenarios --------------------------------------------------------------------- */

static ad_status directions_scenario(test_allocator *memory)
{
    const ad_view d[] = {operands[1], AD_VIEW(numbers, 2, 3), operands[1]};
    ad_tape *t = new_tape(memory);
    if (!t)
        return AD_MEMORY;
    ad_tensor x[] = {ad_watch(t, operands[0]), ad_watch(t, operands[1])};
    ad_tensor y = matrices(t, x, NULL), s = ad_sum(y);
    ad_backward_many(y, MANY, d);
    ad_set_tangents(x[1], MANY, d);
    ad_push_tangents(s);
    if (ad_backward_tangents(s) == AD_OK)
        ck_assert_ptr_nonnull(ad_grad_tangent_of(x[0], MANY - 1).data);
    return end(t);
}

/* ---- the torture ------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {"several directions", directions_scenario},
};

START_TEST(no_failed_allocation_leaks_or_crashes)
{
    torture(&scenarios[_i], false);
}
END_TEST

START_TEST(no_allocations_failing_from_one_on_leak_or_crash)
{
    torture(&scenarios[_i], true);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("memory of derivatives");
    TCase *all = tcase_create("memory of derivatives");
    tcase_set_timeout(all, 300);
    int count = (int)(sizeof scenarios / sizeof *scenarios);
    tcase_add_loop_test(all, no_failed_allocation_leaks_or_crashes, 0, count);
    tcase_add_loop_test(all, no_allocations_failing_from_one_on_leak_or_crash, 0, count);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
