/* Programs shown: listing, drawing, census, cost. */
#include "programs.h"

#include <string.h>

static const char *line; /* of the guard */

/* Two outputs, one of them a constant, with a guard, and a number of many digits. */
static void steered(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(ad_sin(x[0]), 0.1);
    if (line = AD_SOURCE_LINE, ad_less(y[0], x[1]))
        y[0] = ad_sub(1.0 / 3, ad_mul(y[0], y[0]));
    y[1] = ad_real_constant(2);
}

static const double at[] = {0.5, 1};

/* What a function writes of the program. */
static char *written(ad_status (*write)(const ad_program *, FILE *), const ad_program *p)
{
    static char text[1 << 14];
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(write(p, out), AD_OK);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = 0;
    fclose(out);
    return text;
}

START_TEST(a_listing_has_a_line_for_each_operation)
{
    char expected[1024];
    ad_program *p = program_of(steered, 2, at, 2, NULL);
    snprintf(expected, sizeof expected,
             "program: 2 inputs, 2 outputs, 6 operations, 1 guard among them\n"
             "    v0 = sin(x0)\n"
             "    v1 = mul(v0, 0.1)\n"
             "    v2 = less(v1, x1)\n"
             "    guard: v2 is true, at %s\n"
             "    v4 = mul(v1, v1)\n"
             "    v5 = sub(0.3333333333333333, v4)\n"
             "    y0 = v5\n"
             "    y1 = 2\n",
             line);
    ck_assert_str_eq(written(ad_program_print, p), expected);
    ad_program_free(p);
}
END_TEST

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at_part = text; (at_part = strstr(at_part, part)); at_part++)
        count++;
    return count;
}

START_TEST(a_drawing_has_each_value_and_an_arrow_for_each_operand)
{
    ad_program *p = program_of(steered, 2, at, 2, NULL);
    const char *text = written(ad_program_draw, p);
    static const char *const parts[] = {"digraph program {\n",
                                        "x1 [label=\"x1\"",
                                        "v0 [label=\"sin\"]",
                                        "v3 [label=\"true at ",
                                        "\", shape=diamond",
                                        "x0 -> v0;",
                                        "v2 -> v3;",
                                        "cv1_1 [label=\"0.1\", color=gray",
                                        "cv1_1 -> v1 [color=gray];",
                                        "v5 -> y0;",
                                        "cy1_0 -> y1"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(text, parts[i]), "%s is not in %s", parts[i], text);
    ck_assert_uint_eq(count_of(text, "->"), 1 + 2 + 2 + 1 + 2 + 2 + 2);
    ad_program_free(p);
}
END_TEST

START_TEST(a_census_counts_by_name)
{
    static const struct {
        const char *op;
        size_t count;
    } rows[] = {{"mul", 2}, {"sin", 1}, {"sub", 1}, {"less", 1}, {"guard", 1},
                {"add", 0}, {"Mul", 0}, {"", 0},    {NULL, 6}};
    ad_program *p = program_of(steered, 2, at, 2, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_uint_eq(ad_program_count(p, rows[i].op), rows[i].count);
    size_t all = 0;
    const char *op;
    for (size_t i = 0; (op = ad_program_operation(i)); i++)
        all += ad_program_count(p, op);
    ck_assert_uint_eq(all, 6);
    ck_assert_ptr_null(ad_program_operation(SIZE_MAX));
    ad_program_free(p);
}
END_TEST

START_TEST(the_cost_weighs_operations)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(steered, 2, at, 2, NULL),
               *g = ad_program_jacobian(p, 2, NULL, &error);
    ck_assert_double_eq(ad_program_cost(p), 4 + 5);
    ck_assert(ad_program_cost(g) > ad_program_cost(p));
    ad_program_free(g);
    ad_program_free(p);
}
END_TEST

START_TEST(what_is_missing_is_refused)
{
    ad_program *p = program_of(steered, 2, at, 2, NULL);
    FILE *out = tmpfile(), *full = fopen("/dev/full", "w");
    ck_assert_int_eq(ad_program_print(NULL, out), AD_MISUSE);
    ck_assert_int_eq(ad_program_print(p, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_draw(NULL, out), AD_MISUSE);
    ck_assert_int_eq(ad_program_draw(p, NULL), AD_MISUSE);
    ck_assert_uint_eq(ad_program_count(NULL, "mul"), 0);
    ck_assert_uint_eq(ad_program_count(NULL, NULL), 0);
    ck_assert_double_eq(ad_program_cost(NULL), 0);
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        ck_assert_int_eq(ad_program_print(p, full), AD_FILE);
        ck_assert_int_eq(ad_program_draw(p, full), AD_FILE);
        fclose(full);
    }
    fclose(out);
    ad_program_free(p);
}
END_TEST

int main(void)
{
    TCase *shown = tcase_create("show");
    tcase_add_test(shown, a_listing_has_a_line_for_each_operation);
    tcase_add_test(shown, a_drawing_has_each_value_and_an_arrow_for_each_operand);
    tcase_add_test(shown, a_census_counts_by_name);
    tcase_add_test(shown, the_cost_weighs_operations);
    tcase_add_test(shown, what_is_missing_is_refused);
    Suite *suite = suite_create("program show");
    suite_add_tcase(suite, shown);
    return run_suite(suite);
}
