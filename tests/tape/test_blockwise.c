/* Long elementwise values that are pulled back block by block have the gradients, bit by bit, of those that are pulled
 * back one after another. A tape with a profile always does the latter. */
#include "suite.h"

#include "tape/blockwise.h"

#include <adze.h>
#include <string.h>

enum { LONGEST = (1 << 20) + 3, LEAVES = 3 };

/* ---- functions --------------------------------------------------------------------- */

typedef ad_tensor function(const ad_tensor *x);

static ad_tensor chain(const ad_tensor *x)
{
    ad_tensor y = ad_exp(ad_tanh(ad_add(ad_mul(x[0], 1.5), 0.25)));
    return ad_square(ad_sigmoid(y));
}

static ad_tensor of_three_leaves(const ad_tensor *x)
{
    return ad_mul(ad_tanh(ad_mul(x[0], x[1])), ad_sub(x[2], ad_exp(x[1])));
}

static ad_tensor diamond(const ad_tensor *x)
{
    ad_tensor h = ad_tanh(x[0]), a = ad_square(h), b = ad_sin(h);
    return ad_add(ad_mul(a, b), ad_mul(h, h));
}

/* More values, and more of them at a time, than are pulled back together. */
static ad_tensor wide(const ad_tensor *x)
{
    ad_tensor part[20], y = x[1];
    for (int i = 0; i < 20; i++)
        part[i] = ad_mul(ad_sin(x[0]), 0.1 * i);
    for (int i = 0; i < 20; i++)
        y = ad_mul(y, ad_add(part[i], 1.25));
    return y;
}

static ad_tensor many_numbers(const ad_tensor *x)
{
    ad_tensor y = x[0];
    for (int i = 0; i < 12; i++)
        y = ad_tanh(ad_add(y, 0.01 * i));
    return y;
}

/* Their cotangents wait at the same time, and there are more of them than buffers. */
static ad_tensor many_waiting(const ad_tensor *x)
{
    ad_tensor part[9], y = x[1];
    for (int i = 0; i < 9; i++)
        part[i] = i % 2 ? ad_sin(x[0]) : ad_cos(x[2]);
    for (int i = 0; i < 9; i++)
        y = ad_add(y, part[i]);
    return y;
}

static ad_tensor one_number_twice(const ad_tensor *x)
{
    ad_tensor c = ad_constant(x[0].tape, ad_read(x[0]).type, 0.75);
    return ad_mul(ad_tanh(ad_add(ad_mul(x[0], c), x[1])), c);
}

/* In between are a reshape, a sum over rows that comes back, and a value that another one keeps. */
static ad_tensor interrupted(const ad_tensor *x)
{
    ad_tensor h = ad_square(ad_tanh(x[0])), flat = ad_reshape(ad_exp(h), AD_SHAPE(-1));
    ad_tensor total = ad_mean(ad_sin(flat)), y = ad_mul(ad_cos(h), total);
    return ad_add(ad_mul(y, ad_reshape(flat, ad_shape_of(h))), x[1]);
}

static ad_tensor with_a_retained_value(const ad_tensor *x)
{
    return ad_exp(ad_neg(ad_square(ad_retain(ad_tanh(ad_mul(x[0], x[1]))))));
}

static ad_tensor with_constants(const ad_tensor *x)
{
    ad_tensor still = ad_stop_gradient(ad_exp(x[1]));
    return ad_div(ad_mul(still, ad_tanh(x[0])), ad_add(ad_square(still), 1));
}

static ad_tensor with_derivatives_nobody_wants(const ad_tensor *x)
{
    ad_tensor y = ad_mul(ad_tanh(x[0]), 2);
    ad_exp(ad_square(y));
    return ad_where(ad_greater(y, 0.5), ad_square(y), y);
}

typedef struct row {
    const char *name;
    function *f;
} row;

static const row rows[] = {
    {"a chain", chain},
    {"a function of three leaves", of_three_leaves},
    {"a diamond", diamond},
    {"a wide function", wide},
    {"many plain numbers", many_numbers},
    {"many cotangents that wait", many_waiting},
    {"one number twice", one_number_twice},
    {"an interrupted chain", interrupted},
    {"a retained value", with_a_retained_value},
    {"constants", with_constants},
    {"derivatives that nobody wants", with_derivatives_nobody_wants},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- comparison -------------------------------------------------------------------- */

typedef struct setting {
    ad_type type;
    int64_t rows, columns;
    int threads;
} setting;

static const setting settings[] = {
    {AD_F32, 1, 4096, 1},    {AD_F64, 1, 4095, 1},    {AD_F64, 1, 4097, 1}, {AD_F32, 5, 1000, 2},
    {AD_F64, 3, 5461, 1},    {AD_F64, 2, 8193, 3},    {AD_F32, 7, 9001, 4}, {AD_F64, 100, 700, 2},
    {AD_F32, 1, LONGEST, 2}, {AD_F64, 1, 1 << 19, 1},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static ad_array numbers(const setting *s, int leaf)
{
    ad_array a = ad_array_new(NULL, s->type, AD_SHAPE(s->rows, s->columns));
    ck_assert_ptr_nonnull(a.data);
    for (int64_t i = 0; i < s->rows * s->columns; i++) {
        double x = (double)((i * 7919 + leaf * 31) % 2003) / 1001 - 1;
        if (s->type == AD_F32)
            ((float *)a.data)[i] = (float)x;
        else
            ((double *)a.data)[i] = x;
    }
    return a;
}

static void differentiate(const row *r, const setting *s, bool usual, ad_array *gradient)
{
    ad_array leaf[LEAVES];
    ad_tensor x[LEAVES];
    ad_pool *pool = ad_pool_new(NULL, s->threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    ad_profile *profile = usual ? ad_profile_new(NULL) : NULL;
    ad_tape_profile(t, profile);
    for (int i = 0; i < LEAVES; i++)
        x[i] = ad_watch(t, leaf[i] = numbers(s, i));
    ad_tensor y = r->f(x);
    ck_assert_msg(ad_backward(ad_sum(y)) == AD_OK, "%s: %s", r->name, ad_tape_error(t));
    for (int i = 0; i < LEAVES; i++)
        gradient[i] = ad_array_copy(NULL, s->type, ad_grad(x[i]));
    ad_tape_free(t);
    ad_pool_free(pool);
    ad_profile_free(profile);
    for (int i = 0; i < LEAVES; i++)
        ad_array_free(&leaf[i]);
}

START_TEST(no_bit_of_a_gradient_changes)
{
    for (int k = 0; k < SETTINGS; k++) {
        const setting *s = &settings[k];
        ad_array blockwise[LEAVES], usual[LEAVES];
        differentiate(&rows[_i], s, false, blockwise);
        differentiate(&rows[_i], s, true, usual);
        for (int i = 0; i < LEAVES; i++) {
            size_t bytes = ad_array_count(&usual[i]) * ad_type_size(s->type);
            ck_assert_msg(memcmp(blockwise[i].data, usual[i].data, bytes) == 0,
                          "%s, setting %d: the gradient of leaf %d differs", rows[_i].name, k, i);
            ad_array_free(&blockwise[i]);
            ad_array_free(&usual[i]);
        }
    }
}
END_TEST

/* ---- how ---------------------------------------------------------------------------- */

START_TEST(values_between_have_no_cotangents)
{
    uint32_t lowest = 0;
    setting s = {AD_F64, 1, 5000, 1};
    ad_array leaf = numbers(&s, 0);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, leaf), y = chain(&x);
    uint32_t top = ad_tensor_index(y);
    t->cotangents = 1;
    ck_assert_ptr_nonnull(ad_take_cotangent(t, top, AD_FIRST_ORDER));
    ck_assert_uint_eq(ad_blockwise_pull(t, top, 100, &lowest), 6);
    ck_assert_str_eq(ad_node_name(t->nodes[lowest]), "mul");
    ck_assert_ptr_nonnull(ad_tape_node(x)->cotangent);
    for (uint32_t i = lowest; i < top; i++)
        ck_assert_ptr_null(t->nodes[i]->cotangent);
    ck_assert_uint_eq(ad_blockwise_pull(t, top, 2, &lowest), 2);
    ad_tape_free(t);
    ad_array_free(&leaf);
}
END_TEST

START_TEST(a_suspended_sweep_takes_no_more_than_it_may)
{
    setting s = {AD_F64, 1, 5000, 1};
    ad_array leaf = numbers(&s, 0), whole;
    for (size_t most = 1; most < 12; most++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tensor x = ad_watch(t, leaf), y = ad_sum(chain(&x));
        int steps = 1;
        ck_assert_int_eq(ad_sweep_begin(y), AD_OK);
        while (ad_sweep_step(t, most))
            steps++;
        ck_assert_int_ge(steps, (int)((7 + most - 1) / most));
        if (most == 1)
            whole = ad_array_copy(NULL, AD_F64, ad_grad(x));
        else
            ck_assert_mem_eq(ad_grad(x).data, whole.data, 5000 * sizeof(double));
        ad_tape_free(t);
    }
    ad_array_free(&whole);
    ad_array_free(&leaf);
}
END_TEST

static const char *name_of_row(int i)
{
    return rows[i].name;
}

int main(void)
{
    Suite *suite = suite_create("blockwise");
    TCase *tests = tcase_create("blockwise");
    add_row_tests(tests, no_bit_of_a_gradient_changes, ROWS, name_of_row);
    tcase_add_test(tests, values_between_have_no_cotangents);
    tcase_add_test(tests, a_suspended_sweep_takes_no_more_than_it_may);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
