/* Elementwise operations at single points against numbers that adze had no part in: those of
 * tests/ops/oracle/points, which says how the file reads. Errors are counted in units in the last place
 * (ulps) of the number type. With ADZE_ORACLE_SHOW set, the worst of each operation are printed. */
#include "adze/op.h"
#include "adze/ops.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS "ops/oracle/points.txt"

enum { MOST_OPERANDS = 3, MOST_RESULTS = 1 + 3 + 6, MOST_POINTS = 1 << 14 };

/* ---- the file ---------------------------------------------------------------------------- */

typedef struct number {
    double is, term; /* the largest of the terms of which it is the sum, or 0 */
    bool any;        /* nothing is said of it */
} number;

typedef struct bound {
    double ulps, floor; /* a floor below 0: where digits are lost to underflow */
} bound;

typedef struct block {
    char name[32], attr[12];
    int operands;
    bound bounds[3]; /* of values, slopes, bends */
    int count;
    number x[MOST_POINTS][MOST_OPERANDS], want[MOST_POINTS][MOST_RESULTS];
} block;

/* ADZE_ORACLE_POINTS is another file of points (oracle/sweep). */
static FILE *open_file(const char *name)
{
    const char *other = strcmp(name, POINTS) == 0 ? getenv("ADZE_ORACLE_POINTS") : NULL;
    FILE *in = other ? fopen(other, "r") : open_test_file(name);
    ck_assert_msg(in != NULL, "no %s", name);
    return in;
}

static bound read_bound(const char *text)
{
    char *end;
    bound b = {strtod(text, &end), 0};
    if (end == text)
        b.ulps = -1; /* there are none */
    if (*end == '~')
        b.floor = strcmp(end, "~tiny") == 0 ? -1 : strtod(end + 1, NULL);
    return b;
}

static void read_head(char *line, block *b)
{
    char words[3][24];
    *b = (block){.count = 0};
    ck_assert_int_eq(sscanf(line, "op %31s %11s %d %23s %23s %23s", b->name, b->attr, &b->operands,
                            words[0], words[1], words[2]),
                     6);
    for (int i = 0; i < 3; i++)
        b->bounds[i] = read_bound(words[i]);
}

static void read_point(char *line, block *b)
{
    int i = 0;
    ck_assert_int_lt(b->count, MOST_POINTS);
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"), i++) {
        ck_assert_int_lt(i - b->operands, MOST_RESULTS);
        char *end;
        number n = {.is = strtod(word, &end), .any = *word == '?'};
        n.term = *end == '~' ? strtod(end + 1, NULL) : 0;
        *(i < b->operands ? &b->x[b->count][i] : &b->want[b->count][i - b->operands]) = n;
    }
    b->count++;
}

/* The k-th block of the file. False when there are fewer. */
static bool read_block(int k, block *b)
{
    char line[1024];
    int at = -1;
    FILE *in = open_file(POINTS);
    while (at <= k && fgets(line, sizeof line, in)) {
        bool head = strncmp(line, "op ", 3) == 0;
        at += head;
        if (head && at == k)
            read_head(line, b);
        else if (at == k)
            read_point(line, b);
    }
    fclose(in);
    return at >= k;
}

/* ---- ulps -------------------------------------------------------------------------------- */

/* The distance from |x| to the next number beyond it. */
static double spacing(ad_type type, double x)
{
    int e;
    frexp(x, &e);
    int digits = type == AD_F32 ? FLT_MANT_DIG : DBL_MANT_DIG;
    int least = type == AD_F32 ? FLT_MIN_EXP : DBL_MIN_EXP;
    if (x == 0)
        e = least;
    return ldexp(1, (e > least ? e : least) - digits);
}

static bool overflows(ad_type type, double x)
{
    return type == AD_F32 ? fabs(x) > FLT_MAX : isinf(x);
}

static double ulps_between(ad_type type, double got, const number *wanted, double floor)
{
    double want = wanted->is;
    if (got == want || (isnan(got) && isnan(want)))
        return 0;
    if (overflows(type, want) && isinf(got) && (got > 0) == (want > 0))
        return 0;
    if (!isfinite(got) || !isfinite(want))
        return INFINITY;
    if (floor < 0)
        floor = type == AD_F32 ? FLT_MIN / FLT_EPSILON : DBL_MIN / DBL_EPSILON;
    return fabs(got - want) / spacing(type, fmax(fmax(fabs(want), wanted->term), floor));
}

/* ---- one operation ----------------------------------------------------------------------- */

typedef struct sheet {
    const block *b;
    ad_type type;
    int n, points[MOST_POINTS]; /* those whose operands are exact in the type */
    ad_array x[MOST_OPERANDS];
    double worst[3];
} sheet;

static bool exact(ad_type type, const block *b, int point)
{
    for (int i = 0; i < b->operands; i++) {
        double x = b->x[point][i].is;
        if (type == AD_F32 && !isnan(x) && (double)(float)x != x)
            return false;
    }
    return true;
}

static void lay_out(sheet *s, const block *b, ad_type type)
{
    double numbers[MOST_POINTS];
    *s = (sheet){.b = b, .type = type};
    for (int k = 0; k < b->count; k++)
        if (exact(type, b, k))
            s->points[s->n++] = k;
    for (int i = 0; i < b->operands; i++) {
        for (int k = 0; k < s->n; k++)
            numbers[k] = b->x[s->points[k]][i].is;
        s->x[i] = ad_array_copy(NULL, type, ad_view_of(AD_F64, numbers, AD_SHAPE(s->n)));
    }
}

/* Result number `which` of each point is in v. */
static void expect(sheet *s, int order, int which, ad_view v)
{
    static const char *const orders[] = {"value", "slope", "bend"};
    const block *b = s->b;
    ck_assert_uint_eq(ad_view_count(&v), (size_t)s->n);
    for (int k = 0; k < s->n; k++) {
        const number *x = b->x[s->points[k]], *want = &b->want[s->points[k]][which];
        double got = ad_view_get(&v, (size_t)k);
        double ulps = want->any ? 0 : ulps_between(s->type, got, want, b->bounds[order].floor);
        s->worst[order] = fmax(s->worst[order], ulps);
        ck_assert_msg(ulps <= b->bounds[order].ulps || getenv("ADZE_ORACLE_SHOW"),
                      "%s (%s): %s %d at %.17g, %.17g, %.17g is %.17g instead of %.17g: %.3g ulps",
                      b->name, ad_type_text(s->type), orders[order], which, x[0].is, x[1].is,
                      x[2].is, got, want->is, ulps);
        if (ulps > b->bounds[order].ulps)
            printf("%s (%s): %s %d at %.9g, %.9g, %.9g is %.17g instead of %.17g: %.3g ulps\n",
                   b->name, ad_type_text(s->type), orders[order], which, x[0].is, x[1].is, x[2].is,
                   got, want->is, ulps);
    }
}

static ad_tensor apply(const block *b, const ad_tensor *x)
{
    const ad_op *op = ad_builtin_op_named(b->name);
    ad_tensor masks[MOST_OPERANDS];
    int32_t attr = (int32_t)strtol(b->attr, NULL, 10);
    ck_assert_msg(op != NULL, "%s is no operation", b->name);
    bool logical = strncmp(b->name, "logical_", 8) == 0;
    for (int i = 0; i < b->operands && logical; i++)
        masks[i] = ad_not_equal(x[i], 0);
    return ad_apply(op, logical ? masks : x, &attr);
}

/* The bend by operands i and k, i no more than k, among the results. */
static int bend_place(int operands, int i, int k)
{
    return 1 + operands + i * operands - i * (i - 1) / 2 + k - i;
}

/* Slopes, and the bends by operand i and each other: the derivative along i. */
static void expect_derivatives(sheet *s, ad_tape *t, int i)
{
    ad_tensor x[MOST_OPERANDS];
    double one = 1;
    ad_view ones = AD_VIEW_SCALAR(&one);
    ones.shape = AD_SHAPE(s->n);
    ones.stride[0] = 0;
    ad_array tangent = ad_array_copy(NULL, s->type, ones);
    for (int k = 0; k < s->b->operands; k++)
        x[k] = ad_watch(t, s->x[k]);
    ad_set_tangent(x[i], ad_array_view(tangent));
    ad_tensor l = ad_sum(apply(s->b, x));
    ad_push_tangents(l);
    ck_assert_msg(ad_backward_tangents(l) == AD_OK, "%s", ad_tape_error(t));
    for (int k = 0; k < s->b->operands; k++) {
        expect(s, 1, 1 + k, ad_grad(x[k]));
        if (k >= i)
            expect(s, 2, bend_place(s->b->operands, i, k), ad_grad_tangent(x[k]));
    }
    ad_array_free(&tangent);
    ad_tape_reset(t);
}

static void compare(const block *b, ad_type type)
{
    sheet s;
    ad_tensor x[MOST_OPERANDS];
    ad_tape *t = ad_tape_new(NULL);
    lay_out(&s, b, type);
    for (int k = 0; k < b->operands; k++)
        x[k] = ad_freeze(t, s.x[k]);
    ad_tensor y = apply(b, x);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", b->name, ad_tape_error(t));
    expect(&s, 0, 0, ad_read(y));
    ad_tape_reset(t);
    for (int i = 0; i < b->operands && b->bounds[1].ulps >= 0; i++)
        expect_derivatives(&s, t, i);
    for (int k = 0; k < b->operands; k++)
        ad_array_free(&s.x[k]);
    ad_tape_free(t);
    if (getenv("ADZE_ORACLE_SHOW"))
        printf("# %s %s, %s: %d points, value %.3g, slope %.3g, bend %.3g ulps\n", b->name, b->attr,
               ad_type_text(type), s.n, s.worst[0], s.worst[1], s.worst[2]);
}

static void compare_block(int k)
{
    static block b;
    ck_assert(read_block(k, &b));
    compare(&b, AD_F64);
    compare(&b, AD_F32);
}

START_TEST(errors_at_single_points_are_within_the_bounds)
{
    compare_block(_i);
}
END_TEST

START_TEST(errors_at_the_points_of_a_sweep_are_within_the_bounds)
{
    static block b;
    for (int k = 0; read_block(k, &b); k++)
        compare_block(k);
}
END_TEST

/* ---- holes ------------------------------------------------------------------------------- */

/* Whether a line of the file begins with these words. */
static bool has_line(const char *file, const char *key, const char *name)
{
    char line[8192], wanted[64];
    bool found = false;
    snprintf(wanted, sizeof wanted, "%s %s ", key, name);
    FILE *in = open_file(file);
    while (!found && fgets(line, sizeof line, in))
        found = strncmp(line, wanted, strlen(wanted)) == 0;
    fclose(in);
    return found;
}

/* But dropout, whose numbers are Philox's: those have known answers (test_random.c). */
START_TEST(every_operation_has_cases)
{
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++)
        ck_assert_msg(strcmp(op->name, "dropout") == 0 || has_line(POINTS, "op", op->name) ||
                          has_line("ops/oracle/reference.txt", "case", op->name),
                      "%s has no case, in oracle/points or oracle/generate", op->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle of points");
    TCase *points = tcase_create("points"), *whole = tcase_create("completeness");
    if (getenv("ADZE_ORACLE_POINTS")) {
        tcase_set_timeout(points, 3600);
        tcase_add_test(points, errors_at_the_points_of_a_sweep_are_within_the_bounds);
    } else {
        add_file_row_tests(points, errors_at_single_points_are_within_the_bounds, POINTS, "op");
        tcase_add_test(whole, every_operation_has_cases);
    }
    suite_add_tcase(suite, points);
    suite_add_tcase(suite, whole);
    return run_suite(suite);
}
