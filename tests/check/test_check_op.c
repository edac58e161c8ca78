/* ad_check_op: an operation that is right passes, and each way to be subtly wrong is found and
 * named. */
#include "faulty_op.h"
#include "suite.h"

#include <adze.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- what is found ----------------------------------------------------------------------- */

static const struct {
    fault fault;
    const char *words;
} faults[] = {
    {FACTOR, "the pullback gives"},
    {TRANSPOSED, "the pullback gives"},
    {NO_BROADCAST_SUM, "the pullback gives"},
    {NO_STRIDES, "with strided operands"},
    {OVERWRITES, "the pullback does not add to what is there (0.75): number 0 of dx[0]"},
    {OVERWRITES_SECOND, "the pullback does not add to what is there (0.75): number 0 of dx[1]"},
    {IGNORES_ASSIGN, "the pullback does not write what it is told to assign"},
    {HALF_ASSIGNED, "the pullback does not write what it is told to assign: number 0 of dx[0]"},
    {NEEDS_FIRST, "the pullback depends on which operands want a cotangent"},
    {WRITES_OPERAND, "the pullback writes to its operand x[0]"},
    {WRITES_RESULT, "the pullback writes to the result"},
    {WRITES_SAVED, "the pullback writes to the bytes that forward saved"},
    {WRITES_DY, "the pullback writes to dy, which is not spare"},
    {WRITES_UNWANTED, "the pullback writes to dx[0], which nobody wants: ask wanted[0] first"},
    {SPOILS_SPARE, "the pullback with a spare dy gives something else"},
    {WRONG_IN_F32, "in f32 number 0 of dx[0]"},
    {FORWARD_GAP, "forward does not write number 0"},
    {FORWARD_WRITES_OPERAND, "forward writes to its operand x[1]"},
    {FORWARD_NO_STRIDES, "with strided operands number"},
    {JVP_FACTOR, "by the jvp, but"},
    {JVP_GAP, "the jvp does not write number 0"},
    {JVP_NEEDS_FIRST, "with tangents of one operand"},
    {JVP_WRITES_SAVED, "the jvp writes to the bytes that forward saved"},
    {CURVATURE_FACTOR, "by the curvature, but"},
    {CURVATURE_OVERWRITES, "the curvature does not add to what is there (0.75)"},
    {CURVATURE_NO_SUM, "by the curvature, but"},
    {CURVATURE_WRITES_UNWANTED, "the curvature writes to dx[0], which nobody wants"},
};

static void expect_found(const ad_op *op, const void *attr, const ad_check_options *o,
                         const char *words)
{
    ad_error error = {0};
    ad_status status = ad_check_op(op, attr, o, &error);
    ck_assert_msg(status == AD_DIFFERENT, "'%s' is not found: %s", words, error.text);
    ck_assert_msg(strstr(error.text, words), "'%s' should be in: %s", words, error.text);
    ck_assert_msg(strstr(error.text, op->name), "%s", error.text);
}

START_TEST(each_fault_is_found_and_named)
{
    expect_found(&weigh_op, &faults[_i].fault, NULL, faults[_i].words);
}
END_TEST

START_TEST(each_fault_is_found_with_other_seeds)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        ad_check_options o = {.size = sizeof o, .seed = seed};
        expect_found(&weigh_op, &faults[_i].fault, &o, "check_op: ");
    }
}
END_TEST

static void expect_right(const ad_op *op, const void *attr, const ad_check_options *o)
{
    ad_error error = {0};
    ad_status status = ad_check_op(op, attr, o, &error);
    ck_assert_msg(status == AD_OK, "%s: %s", op->name, error.text);
}

START_TEST(an_op_that_is_right_passes)
{
    fault none = NONE;
    ad_check_report report = {.size = sizeof report};
    for (uint64_t seed = 0; seed < 20; seed++) {
        ad_check_options o = {.size = sizeof o, .seed = seed, .report = &report};
        expect_right(&weigh_op, &none, &o);
        ck_assert_uint_gt(report.settled, 100);
        ck_assert_uint_eq(report.settled, report.numbers);
        ck_assert_double_lt(report.worst, 1e-8);
    }
}
END_TEST

START_TEST(a_message_names_the_op_its_shapes_and_the_number)
{
    fault wrong = FACTOR;
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .tolerance = 1e-4};
    ck_assert_int_eq(ad_check_op(&weigh_op, &wrong, &o, &error), AD_DIFFERENT);
    double got, wanted;
    int rows, columns, i, j;
    ck_assert_msg(sscanf(error.text,
                         "check_op: weigh([%d, %d], [%*d]) -> [%*d, %*d]: x[0][%d, %d]: the "
                         "pullback gives %lf, differences give %lf (relative error 0.001, "
                         "tolerance 0.0001)",
                         &rows, &columns, &i, &j, &got, &wanted) == 6,
                  "%s", error.text);
    ck_assert(i >= 0 && i < rows && j >= 0 && j < columns);
    ck_assert_double_eq_tol(got / wanted, 1.001, 1e-6);
    o.tolerance = 0.01;
    expect_right(&weigh_op, &wrong, &o);
}
END_TEST

/* ---- claims and special operands ------------------------------------------------------------ */

START_TEST(a_false_claim_of_linearity_is_found)
{
    fault none = NONE;
    ad_op op = weigh_op;
    op.flags |= AD_OP_LINEAR;
    op.curvature = NULL;
    expect_found(&op, &none, NULL, "by AD_OP_LINEAR, but");
}
END_TEST

static void subtract_forward(const ad_forward_args *c)
{
    for (int64_t k = 0; k < (int64_t)ad_array_count(&c->y); k++)
        put_number(&c->y, k, number_at(&c->x[0], k) - 3 * number_at(&c->x[1], k));
}

/* Reads both before it writes either: one is lost where they are the same. */
static void subtract_pullback(const ad_pullback_args *c)
{
    for (int64_t k = 0; k < (int64_t)ad_view_count(&c->y); k++) {
        double sum[2];
        for (int i = 0; i < 2; i++) {
            ad_view dx = ad_array_view(c->dx[i]);
            sum[i] = c->wanted[i] ? number_at(&dx, k) : 0;
        }
        if (c->wanted[0])
            put_number(&c->dx[0], k, sum[0] + number_at(&c->dy, k));
        if (c->wanted[1])
            put_number(&c->dx[1], k, sum[1] - 3 * number_at(&c->dy, k));
    }
}

static const char *equal_shapes(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = x[0];
    return ad_shape_equal(&x[0], &x[1]) ? NULL : "shapes must be equal";
}

static const ad_op subtract_op = {
    .size = sizeof(ad_op),
    .name = "subtract",
    .arity = 2,
    .shape = equal_shapes,
    .forward = subtract_forward,
    .pullback = subtract_pullback,
};

START_TEST(a_repeated_operand_is_tried)
{
    expect_found(&subtract_op, NULL, NULL, "with one tensor for all operands, x[0]");
}
END_TEST

/* The identity, which counts what it is given. */
typedef struct counts {
    int empty, numbers, strided, single;
} counts;

static void count_forward(const ad_forward_args *c)
{
    counts *count = *(counts *const *)c->attr;
    size_t n = ad_array_count(&c->y);
    count->empty += n == 0;
    count->numbers += c->y.shape.rank == 0;
    count->strided += !ad_view_is_contiguous(&c->x[0]);
    count->single += c->y.type == AD_F32;
    for (size_t i = 0; i < n; i++)
        put_number(&c->y, (int64_t)i, ad_view_get(&c->x[0], i));
}

static void count_pullback(const ad_pullback_args *c)
{
    for (int64_t i = 0; i < (int64_t)ad_view_count(&c->y); i++) {
        ad_view dx = ad_array_view(c->dx[0]);
        put_number(&c->dx[0], i, number_at(&dx, i) + number_at(&c->dy, i));
    }
}

static const ad_op count_op = {
    .size = sizeof(ad_op),
    .name = "count",
    .arity = 1,
    .flags = AD_OP_STRIDED,
    .attr_size = sizeof(counts *),
    .shape = ad_shape_first,
    .forward = count_forward,
    .pullback = count_pullback,
};

START_TEST(empty_operands_numbers_strides_and_f32_are_tried)
{
    counts count = {0}, *attr = &count;
    expect_right(&count_op, &attr, NULL);
    ck_assert_int_ge(count.empty, 6);
    ck_assert_int_ge(count.numbers, 3);
    ck_assert_int_ge(count.strided, 6);
    ck_assert_int_ge(count.single, 20);
}
END_TEST

static void only_short(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)r;
    x->shape[0] = AD_SHAPE((int64_t)trial % 3);
    x->shape[1] = AD_SHAPE((int64_t)trial % 3 + 1);
}

START_TEST(a_sampler_chooses_the_operands)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .sampler = only_short};
    ck_assert_int_eq(ad_check_op(&subtract_op, NULL, &o, &error), AD_BAD_SHAPE);
    ck_assert_ptr_nonnull(strstr(error.text, "subtract([0], [1]): shapes must be equal"));
}
END_TEST

static void single(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)r, (void)trial;
    x->type[0] = x->type[1] = AD_F32;
}

START_TEST(a_sampler_leaves_floats_in_f64)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .sampler = single};
    ck_assert_int_eq(ad_check_op(&subtract_op, NULL, &o, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "the sampler gives an f32 operand x[0] to subtract"));
}
END_TEST

START_TEST(infinite_cotangents_are_not_taken_for_wrong_ones)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .low = 800, .high = 900};
    ck_assert_int_eq(ad_check_op(ad_builtin_op_named("exp"), NULL, &o, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "give a range inside its domain"));
}
END_TEST

START_TEST(a_range_may_begin_or_end_at_0_but_not_be_empty)
{
    static const double ranges[][2] = {{0, 1}, {-0.5, 0}, {1, 0}, {0, -1}, {1, 1}, {NAN, 1}};
    const ad_op *op = ad_builtin_op_named("log1p"); /* fails where the range is -2 to 2 */
    for (int i = 0; i < 6; i++) {
        ad_error error = {0};
        ad_check_options o = {.size = sizeof o, .low = ranges[i][0], .high = ranges[i][1]};
        ck_assert_int_eq(ad_check_op(op, NULL, &o, &error), i < 2 ? AD_OK : AD_MISUSE);
        ck_assert_int_eq(strstr(error.text, "is not less than high") != NULL, i >= 2);
    }
}
END_TEST

/* ---- the built-in operations ------------------------------------------------------------------ */

static void masked(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)r, (void)trial;
    x->type[0] = AD_BOOL;
    x->low[0] = 0;
}

static void labelled(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    int64_t rows = (int64_t)ad_random_below(r, 4) + (trial % 4 > 0);
    (void)user;
    x->shape[0] = AD_SHAPE(rows, 3);
    x->shape[1] = AD_SHAPE(rows);
    x->type[1] = AD_I32;
    x->low[1] = 0;
    x->high[1] = 3;
}

static void any_types(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)trial;
    x->type[0] = x->type[1] = (ad_type)ad_random_below(r, AD_TYPE_COUNT);
    x->low[0] = x->low[1] = 0;
}

/* Operand by operand, away from poles, jumps and what lies outside an op's domain. */
typedef struct range {
    double low[2], high[2];
} range;

static const range positive = {{0.2, 0.2}, {3, 3}};
static const range negative = {{-3}, {-0.2}};
static const range from_one = {{1.2}, {3}};
static const range positive_alpha = {{-2, 0.5}, {2, 2}};
static const range two_wholes = {{2.25, 1}, {2.9, 1.1}}; /* x / y between 2 and 3 */

static void ranged(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    const range *row = user;
    (void)r, (void)trial;
    for (int i = 0; i < 2; i++) {
        x->low[i] = row->low[i];
        x->high[i] = row->high[i];
    }
}

/* Operand 0 of linear algebra: matrices with diagonals so large that eigenvalues and singular values are far from each
 * other. */
static void make_regular(void *user, ad_random *r, size_t trial, int i, ad_array *numbers)
{
    const int64_t *dim = numbers->shape.dim + numbers->shape.rank - 2;
    (void)user, (void)r, (void)trial;
    for (int64_t at = 0; i == 0 && at < (int64_t)ad_array_count(numbers); at += dim[0] * dim[1])
        for (int64_t k = 0; k < dim[0] && k < dim[1]; k++)
            ((double *)numbers->data)[at + k * (dim[1] + 1)] += 8 * (double)(k + 1);
}

static void masks(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)r, (void)trial;
    x->type[0] = x->type[1] = AD_BOOL;
    x->low[0] = x->low[1] = 0;
}

static void integers(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    static const ad_type types[] = {AD_I32, AD_I64, AD_U8};
    (void)user, (void)trial;
    x->type[0] = x->type[1] = types[ad_random_below(r, 3)];
    x->low[0] = x->low[1] = 1;
    x->high[0] = x->high[1] = 9;
}

/* Those without attr, which is private. */
START_TEST(built_in_ops_are_right)
{
    static const struct {
        const char *name;
        ad_check_sampler *sampler;
        const range *range;
    } special[] = {
        {"cbrt", ranged, &positive},     {"reciprocal", ranged, &positive},
        {"rsqrt", ranged, &positive},    {"sqrt", ranged, &positive},
        {"log", ranged, &positive},      {"log2", ranged, &positive},
        {"log10", ranged, &positive},    {"lgamma", ranged, &positive},
        {"digamma", ranged, &positive},  {"pow", ranged, &positive},
        {"xlogy", ranged, &positive},    {"xlog1py", ranged, &positive},
        {"log1mexp", ranged, &negative}, {"acosh", ranged, &from_one},
        {"fmod", ranged, &two_wholes},   {"celu", ranged, &positive_alpha},
        {"logical_not", masks, NULL},    {"logical_and", masks, NULL},
        {"logical_or", masks, NULL},     {"logical_xor", masks, NULL},
        {"where", masked, NULL},         {"floor_div", integers, NULL},
        {"floor_mod", integers, NULL},   {"softmax_cross_entropy", labelled, NULL},
        {"equal", any_types, NULL},      {"less", any_types, NULL},
    };
    static const char *const regular[] = {"cholesky", "solve",  "inverse", "eigh",    "eigvalsh",
                                          "slogdet",  "logdet", "svd",     "svdvals", "qr"};
    int checked = 0;
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        ad_check_options o = {.size = sizeof o};
        for (size_t k = 0; k < sizeof special / sizeof *special; k++)
            if (strcmp(special[k].name, op->name) == 0) {
                o.sampler = special[k].sampler;
                o.user = (void *)(uintptr_t)special[k].range;
            }
        for (size_t k = 0; k < sizeof regular / sizeof *regular; k++)
            if (strcmp(regular[k], op->name) == 0)
                o.filler = make_regular;
        bool symmetric = strcmp(op->name, "cholesky") == 0 || strncmp(op->name, "eig", 3) == 0;
        if (symmetric) /* one triangle is read, the gradient has both */
            expect_found(op, NULL, &o, ": the pullback gives");
        else if (strcmp(op->name, "straight_through") ==
                 0) { /* its derivative is not that of its value */
            expect_found(op, NULL, &o, "x[0][0, 0]: the pullback gives 0, differences give");
        } else if (op->attr_size == 0) {
            expect_right(op, NULL, &o);
            checked++;
        }
    }
    ck_assert_int_ge(checked, 30);
}
END_TEST

/* ---- what cannot be checked ---------------------------------------------------------------------- */

START_TEST(misuse_is_an_error)
{
    fault none = NONE;
    ad_op ops[] = {weigh_op, weigh_op, weigh_op, weigh_op, weigh_op, weigh_op};
    ops[0].name = NULL;
    ops[1].shape = NULL;
    ops[2].arity = AD_VARIADIC;
    ops[3].arity = 9;
    ops[4].arity = -2;
    ops[5].arity = INT_MIN;
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(ad_check_op(&ops[i], &none, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_op(NULL, &none, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_op(&weigh_op, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_op(ad_builtin_op_named("where"), NULL, NULL, NULL), AD_MISUSE);
}
END_TEST

START_TEST(a_range_out_of_the_domain_is_an_error)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .low = -2, .high = -1};
    ck_assert_int_eq(ad_check_op(ad_builtin_op_named("log"), NULL, &o, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "log settle"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("check_op");
    TCase *all = tcase_create("check_op");
    int count = (int)(sizeof faults / sizeof *faults);
    tcase_add_loop_test(all, each_fault_is_found_and_named, 0, count);
    tcase_add_loop_test(all, each_fault_is_found_with_other_seeds, 0, count);
    tcase_add_test(all, an_op_that_is_right_passes);
    tcase_add_test(all, a_message_names_the_op_its_shapes_and_the_number);
    tcase_add_test(all, a_false_claim_of_linearity_is_found);
    tcase_add_test(all, a_repeated_operand_is_tried);
    tcase_add_test(all, empty_operands_numbers_strides_and_f32_are_tried);
    tcase_add_test(all, a_sampler_chooses_the_operands);
    tcase_add_test(all, a_sampler_leaves_floats_in_f64);
    tcase_add_test(all, infinite_cotangents_are_not_taken_for_wrong_ones);
    tcase_add_test(all, a_range_may_begin_or_end_at_0_but_not_be_empty);
    tcase_add_test(all, built_in_ops_are_right);
    tcase_add_test(all, misuse_is_an_error);
    tcase_add_test(all, a_range_out_of_the_domain_is_an_error);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
