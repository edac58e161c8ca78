/* The fast path of elementwise operations on few numbers gives what the usual way gives: the same nodes, bits and
 * gradients. A tape with a profile always goes the usual way. */
#include "suite.h"

#include "tape/node.h"

#include <adze.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 2048, WIDEST = 1 << 16 };

static double f64[LONGEST];
static float f32[LONGEST];

/* Numbers that most operations take, and some that few do. */
static void fill(void)
{
    for (int i = 0; i < LONGEST; i++) {
        f64[i] = i % 11 == 10 ? -1.5 : i % 13 == 12 ? 0 : 0.05 + 0.9 * ((i * 37) % 101) / 101;
        f32[i] = (float)f64[i];
    }
}

/* ---- tapes ------------------------------------------------------------------------- */

typedef struct way {
    ad_tape *tape;
    ad_profile *profile; /* NULL: the fast path is taken where it can be */
    ad_tensor leaf[2];
} way;

static way new_way(bool usual)
{
    way w = {.tape = ad_tape_new(NULL), .profile = usual ? ad_profile_new(NULL) : NULL};
    ck_assert(w.tape && (w.profile || !usual));
    ad_tape_profile(w.tape, w.profile);
    return w;
}

static void end(way *w)
{
    ad_tape_free(w->tape);
    ad_profile_free(w->profile);
}

static size_t took_the_usual_way(const way *w)
{
    size_t rows = 0;
    while (ad_profile_at(w->profile, rows))
        rows++;
    return rows;
}

static const char *text_of(const ad_tape *t, char *text)
{
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(ad_tape_print(t, out), AD_OK);
    rewind(out);
    text[fread(text, 1, WIDEST - 1, out)] = '\0';
    fclose(out);
    return text;
}

static void expect_same(ad_view a, ad_view b, const char *name, const char *what)
{
    size_t bytes = ad_view_count(&a) * ad_type_size(a.type);
    ck_assert_msg(!a.data == !b.data && a.type == b.type && ad_shape_equal(&a.shape, &b.shape),
                  "%s: %s has another type or shape", name, what);
    for (int i = 0; i < a.shape.rank; i++)
        ck_assert_msg(a.stride[i] == b.stride[i], "%s: %s has another stride", name, what);
    ck_assert_msg(!a.data || memcmp(a.data, b.data, bytes) == 0, "%s: %s has other bits", name,
                  what);
}

/* ---- cases ------------------------------------------------------------------------- */

/* What stands for an operand. */
typedef enum kind { WATCHED, FROZEN, NUMBER, FIRST } kind; /* FIRST: the first operand again */

typedef struct row {
    const char *name;
    ad_type type;
    int rank;
    int64_t dim[3];
    kind kind[2];
} row;

#define ROWS(type, text)                                               \
    {text " []", type, 0, {0}, {WATCHED, WATCHED}},                    \
        {text " [] and a number", type, 0, {0}, {WATCHED, NUMBER}},    \
        {text " a number and []", type, 0, {0}, {NUMBER, WATCHED}},    \
        {text " [] twice", type, 0, {0}, {WATCHED, FIRST}},            \
        {text " [1]", type, 1, {1}, {WATCHED, FROZEN}},                \
        {text " [1] and a number", type, 1, {1}, {WATCHED, NUMBER}},   \
        {text " [3]", type, 1, {3}, {FROZEN, WATCHED}},                \
        {text " [8] and a number", type, 1, {8}, {WATCHED, NUMBER}},   \
        {text " a number and [8]", type, 1, {8}, {NUMBER, WATCHED}},   \
        {text " [17] twice", type, 1, {17}, {WATCHED, FIRST}},         \
        {text " [2, 1, 3]", type, 3, {2, 1, 3}, {WATCHED, WATCHED}},   \
        {text " [1, 4, 1]", type, 3, {1, 4, 1}, {WATCHED, WATCHED}},   \
        {text " frozen [5]", type, 1, {5}, {FROZEN, FROZEN}},          \
        {text " [64] and a number", type, 1, {64}, {WATCHED, NUMBER}}, \
        {text " [65] and a number", type, 1, {65}, {WATCHED, NUMBER}}, \
        {text " [1024]", type, 1, {1024}, {WATCHED, WATCHED}},         \
        {text " [1025]", type, 1, {1025}, {WATCHED, WATCHED}},         \
        {text " [0]", type, 1, {0}, {WATCHED, WATCHED}},               \
    {                                                                  \
        text " [0] and a number", type, 1, {0},                        \
        {                                                              \
            WATCHED, NUMBER                                            \
        }                                                              \
    }

static const row rows[] = {ROWS(AD_F32, "f32"), ROWS(AD_F64, "f64")};
enum { ROWS = sizeof rows / sizeof *rows };

static ad_tensor operand(way *w, const row *r, int i)
{
    ad_shape shape = {.rank = r->rank, .dim = {r->dim[0], r->dim[1], r->dim[2]}};
    const void *data =
        r->type == AD_F32 ? (const void *)(f32 + 5 * i) : (const void *)(f64 + 5 * i);
    ad_view numbers = ad_view_of(r->type, data, shape);
    switch (r->kind[i]) {
    case WATCHED:
        return ad_watch(w->tape, numbers);
    case FROZEN:
        return ad_freeze(w->tape, numbers);
    case FIRST:
        return w->leaf[0];
    default:
        return ad_number(0.75);
    }
}

/* Up to 1024 numbers, or 64 beside a plain number. */
static bool is_for_the_fast_path(const row *r, const ad_op *op)
{
    int64_t count = 1;
    for (int i = 0; i < r->rank; i++)
        count *= r->dim[i];
    bool number = r->kind[0] == NUMBER || (op->arity > 1 && r->kind[1] == NUMBER);
    return count > 0 && count <= (number ? 64 : 1024);
}

static ad_tensor record(way *w, const row *r, const ad_op *op)
{
    for (int i = 0; i < op->arity; i++)
        w->leaf[i] = operand(w, r, i);
    ad_tensor y = ad_apply(op, w->leaf, NULL); /* and of a result, once more */
    return ad_apply(op, (ad_tensor[]){y, w->leaf[op->arity - 1]}, NULL);
}

static void sweep(way *w, const row *r, int arity, ad_tensor l, bool second)
{
    for (int i = 0; second && i < arity; i++)
        if (r->kind[i] == WATCHED)
            ad_set_tangent(w->leaf[i], ad_read(w->leaf[i]));
    if (ad_is_tracked(l) && second)
        ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    if (ad_is_tracked(l))
        ck_assert_int_eq(second ? ad_backward_tangents(l) : ad_backward(l), AD_OK);
    ck_assert_msg(ad_tape_status(w->tape) == AD_OK, "%s", ad_tape_error(w->tape));
}

static void compare(const row *r, const ad_op *op)
{
    static char fast_text[WIDEST], usual_text[WIDEST];
    way fast = new_way(false), usual = new_way(true);
    ad_tensor y = record(&fast, r, op), z = record(&usual, r, op);
    ad_tensor l = ad_sum(ad_mul(y, ad_exp(y))), k = ad_sum(ad_mul(z, ad_exp(z)));
    ck_assert(took_the_usual_way(&usual));
    bool taken = ad_tape_node(y)->flags & AD_NODE_FAST;
    bool room = !getenv("ADZE_GUARD"); /* guarded memory lies so that a block may be full sooner */
    ck_assert(taken ? is_for_the_fast_path(r, op) : !room || !is_for_the_fast_path(r, op));
    ck_assert_int_eq(ad_is_tracked(y), ad_is_tracked(z));
    expect_same(ad_read(y), ad_read(z), op->name, "the result");
    for (int second = 0; second < 2; second++) {
        sweep(&fast, r, op->arity, l, second);
        sweep(&usual, r, op->arity, k, second);
        for (int i = 0; i < op->arity; i++) {
            ad_tensor a = fast.leaf[i], b = usual.leaf[i];
            expect_same(ad_grad(a), ad_grad(b), op->name, "a gradient");
            expect_same(ad_grad_tangent(a), ad_grad_tangent(b), op->name, "a second derivative");
        }
    }
    ck_assert_str_eq(text_of(fast.tape, fast_text), text_of(usual.tape, usual_text));
    end(&fast);
    end(&usual);
}

START_TEST(it_gives_what_the_usual_way_gives)
{
    const row *r = &rows[_i];
    int elementwise = 0;
    const ad_op *op;
    fill();
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        if (op->fast_path != op || (op->arity == 1 && r->kind[0] == NUMBER))
            continue;
        compare(r, op);
        elementwise++;
    }
    ck_assert_int_ge(elementwise, r->kind[0] == NUMBER ? 10 : 50);
}
END_TEST

/* ---- what it must leave to the usual way --------------------------------------------- */

static void triple_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = 3 * ad_view_get(&c->x[0], i);
}

START_TEST(a_copy_with_other_rules_keeps_them)
{
    ad_op own = *ad_builtin_op_named("exp");
    own.forward = triple_forward;
    way w = new_way(false);
    ad_tensor x = ad_watch(w.tape, AD_VIEW(((double[]){2, 4}), 2)), y = ad_apply(&own, &x, NULL);
    ck_assert_double_eq(ad_view_get(&(ad_view){ad_read(y).data, AD_F64, AD_SHAPE(2), {1}}, 1), 12);
    end(&w);
}
END_TEST

/* Pieces of memory end anywhere in a long chain. */
START_TEST(a_long_chain_of_all_lengths_has_the_same_gradient)
{
    ad_array g[2];
    fill();
    for (int usual = 0; usual < 2; usual++) {
        way w = new_way(usual);
        ad_tensor sum = ad_constant(w.tape, AD_F64, 0), x = ad_watch(w.tape, AD_VIEW(f64, 1200));
        for (int n = 0; n < 1200; n++) {
            ad_tensor part = ad_slice(x, 0, 0, n);
            part = ad_tanh(ad_mul(ad_add(part, ad_square(part)), 0.5));
            sum = ad_add(sum, ad_sum(part));
        }
        ck_assert_int_eq(ad_backward(sum), AD_OK);
        g[usual] = ad_array_copy(NULL, AD_F64, ad_grad(x));
        end(&w);
    }
    ck_assert_mem_eq(g[0].data, g[1].data, 1200 * sizeof(double));
    ad_array_free(&g[0]);
    ad_array_free(&g[1]);
}
END_TEST

static const char *name_of_row(int i)
{
    return rows[i].name;
}

int main(void)
{
    Suite *suite = suite_create("fast path");
    TCase *tests = tcase_create("fast path");
    add_row_tests(tests, it_gives_what_the_usual_way_gives, ROWS, name_of_row);
    tcase_add_test(tests, a_copy_with_other_rules_keeps_them);
    tcase_add_test(tests, a_long_chain_of_all_lengths_has_the_same_gradient);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
