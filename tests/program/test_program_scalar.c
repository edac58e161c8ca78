/* Scalar code: random programs run to the bits of a plain walk over their nodes, and reach every instruction form. */
#include "program/build.h"
#include "program/scalar_code.h"
#include "programs.h"

#include <stdlib.h>

/* ---- the walk ----------------------------------------------------------------------- */

/* What ad_scalar_run does, node by node. */
static uint32_t walk(const ad_program *p, const double *x, double *y)
{
    const uint32_t first = ad_program_first_node(p);
    double *value = malloc((ad_program_values(p) + 1) * sizeof *value);
    uint32_t flipped = AD_NO_GUARD;
    memcpy(value, p->constant, p->constants * sizeof *value);
    memcpy(value + p->constants, x, p->inputs * sizeof *value);
    for (uint32_t i = 0; i < p->nodes && flipped == AD_NO_GUARD; i++) {
        const ad_program_node *n = &p->node[i];
        double of[3] = {0};
        for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
            of[k] = value[n->of[k]];
        if (n->op != AD_PROGRAM_guard)
            value[first + i] = ad_program_value(n->op, of[0], of[1], of[2]);
        else if ((of[0] != 0) != n->of[1])
            flipped = n->of[2];
    }
    for (uint32_t i = 0; i < p->outputs && flipped == AD_NO_GUARD; i++)
        y[i] = value[p->output[i]];
    free(value);
    return flipped;
}

/* Whether guards let the point pass. */
static bool check_at(const ad_program *p, const double *x, const char *what)
{
    const double untouched = 123.5;
    double *expected = malloc((p->outputs + 1) * sizeof *expected);
    double *found = malloc((p->outputs + 1) * sizeof *found);
    double *work = malloc((ad_scalar_work(p->scalar) + 1) * sizeof *work);
    for (uint32_t i = 0; i < p->outputs; i++)
        expected[i] = found[i] = untouched;
    memset(work, 0xff, (ad_scalar_work(p->scalar) + 1) * sizeof *work); /* NaNs */
    uint32_t guard = walk(p, x, expected);
    ck_assert_uint_eq(ad_scalar_run(p->scalar, x, found, work), guard);
    for (uint32_t i = 0; i < p->outputs; i++)
        ck_assert_msg(same_bits(found[i], expected[i]), "%s: output %u of %u is %.17g, not %.17g",
                      what, i, p->outputs, found[i], expected[i]);
    free(work);
    free(found);
    free(expected);
    return guard == AD_NO_GUARD;
}

/* ---- random programs ---------------------------------------------------------------- */

typedef struct random_program {
    uint64_t state;
    uint32_t arithmetic; /* of 100 operations, sums and products */
    uint32_t recent;     /* operands are mostly of so many values */
    uint32_t again;      /* of 10 operands, how many may have been used before */
    ad_builder build;
    uint32_t count, *reference; /* of values so far, and what they are at the first point */
    double *value;
    bool *is_used;
} random_program;

static uint32_t draw(random_program *r, uint32_t below)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return (uint32_t)((r->state >> 20) % below);
}

static double draw_number(random_program *r)
{
    static const double some[] = {1, -1, 2, 0.5, 3, -0.25, 0, -0.0};
    uint32_t k = draw(r, 24);
    return k < 8 ? some[k] : ((double)draw(r, 4000) - 2000) / 1000;
}

static void add_value(random_program *r, uint32_t reference, double value)
{
    r->reference[r->count] = reference;
    r->value[r->count] = value;
    r->is_used[r->count++] = false;
}

/* Mostly one of the last, or one that has no use yet; a number of usual size, if one is found. */
static uint32_t draw_operand(random_program *r)
{
    uint32_t at = 0;
    for (int attempt = 0; attempt < 6; attempt++) {
        uint32_t kind = draw(r, 10), recent = r->count < r->recent ? r->count : r->recent;
        at = kind < 5 ? r->count - 1 - draw(r, recent) : draw(r, r->count);
        double size = fabs(r->value[at]);
        if (size > 1e-2 && size < 1e2 && (draw(r, 10) < r->again || !r->is_used[at]))
            break;
    }
    r->is_used[at] = true;
    return at;
}

static uint32_t draw_op(random_program *r)
{
    uint32_t kind = draw(r, 100);
    if (kind < r->arithmetic)
        return kind % 2 ? AD_PROGRAM_mul : AD_PROGRAM_add + draw(r, 2);
    if (kind < r->arithmetic + 4)
        return AD_PROGRAM_detach;
    return draw(r, kind % 2 ? AD_PROGRAM_guard : AD_PROGRAM_maximum);
}

static void add_node(random_program *r, uint32_t op, const uint32_t at[3])
{
    uint32_t of[3];
    double x[3];
    for (int k = 0; k < 3; k++) {
        of[k] = r->reference[at[k]];
        x[k] = r->value[at[k]];
    }
    bool takes_integer = op == AD_PROGRAM_powi || op == AD_PROGRAM_polygamma;
    if (takes_integer || (ad_program_ops[op].arity > 1 && draw(r, 12) == 0)) {
        x[1] = takes_integer ? 1 + draw(r, 20) : draw_number(r);
        of[1] = ad_build_constant(&r->build, x[1]);
    }
    uint32_t reference = ad_build(&r->build, op, of[0], of[1], of[2]);
    ck_assert_uint_ne(reference, AD_NO_VALUE);
    add_value(r, reference, ad_program_value(op, x[0], x[1], x[2]));
}

static void add_operation(random_program *r)
{
    uint32_t op = draw_op(r), at[3];
    for (int k = 0; k < 3; k++)
        at[k] = k && draw(r, 30) == 0 ? at[0] : draw_operand(r);
    if (op == AD_PROGRAM_copysign) /* an input: the sign of a NaN is the machine's */
        at[1] = 0;
    add_node(r, op, at);
}

/* The product of two, plus or minus a third, either way. */
static void add_pair(random_program *r)
{
    uint32_t last = r->count - 1, other = draw(r, 3) ? last : draw_operand(r);
    uint32_t at[3] = {draw_operand(r), draw_operand(r)};
    r->is_used[other] = true;
    add_node(r, AD_PROGRAM_mul, at);
    at[0] = r->count - 1;
    at[1] = other;
    r->is_used[at[0]] = true;
    if (draw(r, 2))
        at[1] = at[0], at[0] = other;
    add_node(r, AD_PROGRAM_add + draw(r, 2), at);
}

/* Products that are added to the last value, one after the other, and what is made of the sum: where it is detached,
 * no pair is made of it. */
static void add_sum(random_program *r)
{
    for (uint32_t terms = draw(r, 4); terms-- > 0;) {
        uint32_t at[3] = {draw_operand(r), draw_operand(r)}, sum[3] = {r->count - 1, r->count};
        add_node(r, AD_PROGRAM_mul, at);
        add_node(r, AD_PROGRAM_add, sum);
        r->is_used[sum[0]] = r->is_used[sum[1]] = true;
    }
    for (uint32_t steps = draw(r, 8); steps-- > 0;) {
        uint32_t at[3] = {r->count - 1, draw_operand(r)};
        add_node(r, steps % 2 ? AD_PROGRAM_detach : AD_PROGRAM_add + draw(r, 3), at);
        r->is_used[at[0]] = true;
    }
}

/* Of a comparison, or another truth, most often as it is at the first point. */
static void add_guard(random_program *r)
{
    uint32_t a = draw_operand(r), b = draw_operand(r), op = AD_PROGRAM_less + draw(r, 5);
    uint32_t x = r->reference[a], y = r->reference[b];
    double value = ad_program_value(op, r->value[a], r->value[b], 0);
    uint32_t truth = ad_build_two(&r->build, op, x, y);
    ad_build_guard(&r->build, truth, (value != 0) ^ (draw(r, 40) == 0), "a line");
    if (draw(r, 3) == 0)
        add_value(r, truth, value);
}

/* Outputs are values that nothing used, and some others, constants and inputs among them. */
static ad_program *end_program(random_program *r)
{
    uint32_t *output = malloc((r->count + 9) * sizeof *output), count = 0;
    for (uint32_t i = 0; i < r->count; i++)
        if (!r->is_used[i])
            output[count++] = r->reference[i];
    for (int i = 0; i < 8; i++)
        output[count++] = r->reference[draw(r, r->count)];
    output[count++] = ad_build_constant(&r->build, draw_number(r));
    ad_program *p = ad_build_end(&r->build, count, output);
    free(output);
    ck_assert_ptr_nonnull(p);
    return p;
}

static ad_program *make_program(random_program *r, const ad_program_options *options,
                                uint32_t inputs, uint32_t operations, double *x)
{
    const size_t most = (size_t)inputs + 16 * operations;
    r->count = 0;
    r->arithmetic = draw(r, 2) ? 96 : 70;
    r->recent = 1 + draw(r, 8);
    r->again = draw(r, 11);
    r->reference = malloc(most * sizeof *r->reference);
    r->value = malloc(most * sizeof *r->value);
    r->is_used = malloc(most * sizeof *r->is_used);
    ad_build_begin(&r->build, options, inputs, NULL);
    for (uint32_t i = 0; i < inputs; i++)
        x[i] = draw_number(r);
    for (uint32_t i = 0; i < (inputs < 5 ? inputs : 5); i++)
        add_value(r, inputs - 1 - i, x[inputs - 1 - i]);
    for (uint32_t i = 0; i < operations; i++) {
        if (draw(r, 100) < r->arithmetic - 60)
            add_pair(r);
        else
            add_operation(r);
        if (draw(r, 12) == 0)
            add_sum(r);
        if (draw(r, 25) == 0)
            add_guard(r);
    }
    ad_program *p = end_program(r);
    free(r->is_used);
    free(r->value);
    free(r->reference);
    return p;
}

/* ---- the census --------------------------------------------------------------------- */

typedef struct census {
    uint32_t count[AD_FORM_COUNT];
} census;

static uint32_t form_of(const ad_scalar_code *code, uint32_t i)
{
    return code->is_long ? ((ad_long_instruction *)code->instruction)[i].form
                         : ((ad_short_instruction *)code->instruction)[i].form;
}

static bool is_joined(uint32_t form)
{
    return form >= AD_FORM_joined && form < AD_FORM_call;
}

static void count_forms(census *c, const ad_scalar_code *code)
{
    uint32_t i = 0;
    for (; i < code->instructions; i += 1 + is_joined(form_of(code, i)))
        c->count[form_of(code, i)]++;
    ck_assert_uint_eq(i, code->instructions);
    ck_assert_uint_eq(form_of(code, i), AD_FORM_end);
    c->count[AD_FORM_end]++;
}

/* Operations with a form of their own are not called; detach has none, being the same value. */
static bool is_called(uint32_t op)
{
#define PLAIN(name, ...) [AD_PROGRAM_##name] = true,
    static const bool has_form[AD_PROGRAM_OP_COUNT] = {AD_PLAIN_ROWS(PLAIN)};
#undef PLAIN
    return op > AD_PROGRAM_abs && op < AD_PROGRAM_powi && !has_form[op];
}

/* What is kept is for an instruction that takes it from the register. */
static bool is_possible(uint32_t form)
{
#define KEPT_FIRST(name, ...) [AD_FIRST_##name] = true,
#define OF_R(name, ...)       [AD_SECOND_##name] = true,
    static const bool is_kept[AD_FIRSTS] = {AD_FIRST_KEPT_ROWS(KEPT_FIRST)};
    static const bool takes_it[AD_SECONDS] = {AD_SECOND_ROWS_OF_R(OF_R, )};
#undef KEPT_FIRST
#undef OF_R
    if (form >= AD_FORM_call)
        return is_called(form - AD_FORM_call);
    const uint32_t joint = form - AD_FORM_joined;
    return !is_joined(form) || !is_kept[joint / AD_SECONDS] || takes_it[joint % AD_SECONDS];
}

static void expect_all_forms(const census *c)
{
    for (uint32_t form = 0; form < AD_FORM_COUNT; form++)
        ck_assert_msg((c->count[form] > 0) == is_possible(form), "form %u is reached %u times",
                      form, c->count[form]);
}

/* ---- random programs are run -------------------------------------------------------------------------- */

enum { WIDE_INPUTS = AD_SHORT_SLOTS + 100 };

/* Programs with few inputs have short instructions, those with many have long ones. */
static void try_programs(uint32_t inputs, uint32_t programs, uint32_t operations, bool is_long)
{
    const ad_program_options options = {.size = sizeof options};
    random_program r = {.state = 88172645463325252u + inputs};
    double *x = malloc(inputs * sizeof *x);
    census reached = {{0}};
    uint32_t passed = 0;
    for (uint32_t i = 0; i < programs; i++) {
        char what[32];
        snprintf(what, sizeof what, "program %u", i);
        ad_program *p = make_program(&r, &options, inputs, operations, x);
        ck_assert(((ad_scalar_code *)p->scalar)->is_long == is_long);
        count_forms(&reached, p->scalar);
        passed += check_at(p, x, what);
        for (uint32_t k = 0; k < 8; k++)
            x[draw(&r, inputs)] += k < 7 ? 1e-6 * draw(&r, 9) : draw_number(&r);
        check_at(p, x, what);
        ad_program_free(p);
    }
    free(x);
    expect_all_forms(&reached);
    ck_assert_uint_gt(passed, programs / 8);
    ck_assert_uint_lt(passed, programs);
}

START_TEST(random_programs_run_to_the_bits_of_their_nodes)
{
    try_programs(5, 4000, 150, false);
}
END_TEST

START_TEST(so_they_do_with_long_instructions)
{
    try_programs(WIDE_INPUTS, 800, 400, true);
}
END_TEST

/* ---- each operation ----------------------------------------------------------------- */

/* Of any size, or usual. */
static double any_number(random_program *r)
{
    uint64_t bits = (uint64_t)draw(r, UINT32_MAX) << 32 | draw(r, UINT32_MAX);
    double x;
    memcpy(&x, &bits, sizeof x);
    return draw(r, 2) ? x : 20 * ((double)draw(r, UINT32_MAX) / UINT32_MAX - 0.5);
}

static ad_program *single_operation(uint32_t op, double exponent)
{
    const ad_program_options options = {.size = sizeof options};
    const bool takes_integer = op == AD_PROGRAM_powi || op == AD_PROGRAM_polygamma;
    ad_builder b;
    ad_build_begin(&b, &options, 3, NULL);
    uint32_t second = takes_integer ? ad_build_constant(&b, exponent) : 1;
    return ad_build_end(&b, 1, (uint32_t[]){ad_build(&b, op, 0, second, 2)});
}

static const char *op_name(int op)
{
    return ad_program_ops[op].name;
}

START_TEST(each_operation_has_the_bits_of_its_value)
{
    enum { POINTS = 3000 };
    random_program r = {.state = 4101842887655102017u};
    ad_program *p = single_operation((uint32_t)_i, 9);
    for (int i = 0; i < POINTS; i++) {
        double x[3] = {any_number(&r), any_number(&r), any_number(&r)};
        char what[128];
        snprintf(what, sizeof what, "%s(%a, %a, %a)", op_name(_i), x[0], x[1], x[2]);
        check_at(p, x, what);
    }
    ad_program_free(p);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------- */

/* All values stay to the end: so many slots, with the inputs. */
static ad_program *long_lives(const ad_allocator *memory, uint32_t inputs, uint32_t slots)
{
    const ad_program_options options = {.size = sizeof options, .allocator = memory};
    uint32_t count = slots - inputs, *output = malloc(slots * sizeof *output);
    ad_builder b;
    ad_build_begin(&b, &options, inputs, NULL);
    for (uint32_t i = 0; i < inputs; i++)
        output[i] = i;
    for (uint32_t i = 0; i < count; i++)
        output[inputs + i] =
            ad_build_two(&b, i % 3 ? AD_PROGRAM_sub : AD_PROGRAM_add, output[inputs + i - 1],
                         output[i % 7 ? inputs + i / 2 : i % inputs]);
    ad_program *p = ad_build_end(&b, slots, output);
    free(output);
    ck_assert_ptr_nonnull(p);
    return p;
}

START_TEST(short_instructions_do_for_2_to_the_16_slots)
{
    static double x[AD_SHORT_SLOTS + 1];
    test_allocator memory;
    test_allocator_init(&memory);
    for (uint32_t i = 0; i <= AD_SHORT_SLOTS; i++)
        x[i] = 1 / (1.0 + i);
    for (uint32_t over = 0; over < 2; over++)
        for (uint32_t most_are_inputs = 0; most_are_inputs < 2; most_are_inputs++) {
            const uint32_t slots = AD_SHORT_SLOTS + over;
            ad_program *p = long_lives(&memory.base, most_are_inputs ? slots : 3, slots);
            ck_assert_uint_eq(ad_scalar_work(p->scalar), slots);
            ck_assert_int_eq(p->scalar->is_long, over);
            check_at(p, x, "long lives");
            ad_program_free(p);
            ck_assert_uint_eq(memory.live_blocks, 0);
        }
}
END_TEST

/* x, x + a, x + 2 a, ... must stay below y. */
static ad_program *many_guards(uint32_t count, uint32_t inputs)
{
    const ad_program_options options = {.size = sizeof options};
    ad_builder b;
    ad_build_begin(&b, &options, inputs, NULL);
    uint32_t v = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t less = ad_build_two(&b, AD_PROGRAM_less, v, 2);
        ad_build_guard(&b, i % 2 ? ad_build_one(&b, AD_PROGRAM_negation, less) : less, i % 2 == 0,
                       NULL);
        v = ad_build_two(&b, AD_PROGRAM_add, v, 1);
    }
    return ad_build_end(&b, 1, &v);
}

START_TEST(guards_beyond_2_to_the_16_have_their_numbers)
{
    static double x[WIDE_INPUTS];
    const uint32_t some[] = {0, 1, 65535, 65536, 65537, 70000, 131073, 139998, 139999};
    for (int is_long = 0; is_long < 2; is_long++) {
        ad_program *p = many_guards(140000, is_long ? WIDE_INPUTS : 3);
        ck_assert_int_eq(p->scalar->is_long, is_long);
        double y = 5, *work = malloc(ad_scalar_work(p->scalar) * sizeof *work);
        x[1] = 1;
        for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
            x[2] = some[i];
            ck_assert_uint_eq(ad_scalar_run(p->scalar, x, &y, work), some[i]);
            ck_assert(y == 5);
        }
        x[2] = 140000;
        ck_assert_uint_eq(ad_scalar_run(p->scalar, x, &y, work), AD_NO_GUARD);
        ck_assert(y == 140000);
        free(work);
        ad_program_free(p);
    }
}
END_TEST

/* ---- the choice of instructions ----------------------------------------------------- */

static void expect_forms(const ad_program *p, const uint32_t *form, uint32_t count)
{
    ck_assert_uint_eq(ad_scalar_instructions(p->scalar), count);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(form_of(p->scalar, i) == form[i], "instruction %u is of form %u, not %u", i,
                      form_of(p->scalar, i), form[i]);
}

START_TEST(chains_find_their_operands_in_the_register)
{
    const ad_program_options options = {.size = sizeof options};
    ad_builder b;
    ad_build_begin(&b, &options, 4, NULL);
    uint32_t met = ad_build_two(&b, AD_PROGRAM_div, 0, 1);
    uint32_t far = ad_build_two(&b, AD_PROGRAM_mul, 0, 2);
    uint32_t near = ad_build_two(&b, AD_PROGRAM_mul, met, 3);
    uint32_t rate = ad_build_two(&b, AD_PROGRAM_sub, far, near);
    uint32_t power = ad_build_two(&b, AD_PROGRAM_fmod, met, 3);
    uint32_t sum = ad_build_two(&b, AD_PROGRAM_add, rate, power);
    uint32_t root = ad_build_one(&b, AD_PROGRAM_sqrt, ad_build_one(&b, AD_PROGRAM_detach, sum));
    ad_program *p = ad_build_end(&b, 2, (uint32_t[]){root, rate});
    const uint32_t joined =
        AD_FORM_joined + AD_SECONDS * AD_FIRST_mul_r_b_kept + AD_SECOND_mul_sub_a_b_r;
    const uint32_t form[] = {AD_FORM_div,           joined,
                             AD_FORM_mul_sub_a_b_r, AD_FORM_call + AD_PROGRAM_fmod,
                             AD_FORM_add_r_b_kept,  AD_FORM_sqrt_r};
    expect_forms(p, form, sizeof form / sizeof *form);
    ad_program_free(p);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------- */

START_TEST(results_may_overlap_the_point)
{
    const ad_program_options options = {.size = sizeof options};
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            ad_builder b;
            ad_build_begin(&b, &options, 3, NULL);
            uint32_t sum = ad_build_two(&b, AD_PROGRAM_add, 0, 1), output[] = {2, sum, 0, 1};
            ad_program *p = ad_build_end(&b, 4, output);
            double room[8] = {0}, work[8];
            memcpy(room + from, (double[]){3, 4, 5}, 3 * sizeof *room);
            ck_assert_uint_eq(ad_scalar_run(p->scalar, room + from, room + to, work), AD_NO_GUARD);
            const double *y = room + to;
            ck_assert(y[0] == 5 && y[1] == 7 && y[2] == 3 && y[3] == 4);
            ad_program_free(p);
        }
}
END_TEST

START_TEST(failing_memory_leaves_no_code)
{
    test_allocator memory;
    test_allocator_init(&memory);
    const ad_program_options options = {.size = sizeof options, .allocator = &memory.base};
    random_program r = {.state = 362436069};
    double x[5];
    ad_program *p = make_program(&r, &options, 5, 50, x);
    const size_t blocks = memory.live_blocks;
    for (size_t k = 1; k <= 2; k++) {
        memory.fail_at = memory.calls + k;
        ck_assert_ptr_null(ad_scalar_lower(p));
        ck_assert_uint_eq(memory.live_blocks, blocks);
    }
    memory.fail_at = 0;
    ad_scalar_code *code = ad_scalar_lower(p);
    ck_assert_uint_eq(memory.live_blocks, blocks + 1);
    ad_scalar_free(code);
    ad_scalar_free(NULL);
    ad_program_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

int main(void)
{
    TCase *scalar = tcase_create("scalar");
    tcase_add_test(scalar, random_programs_run_to_the_bits_of_their_nodes);
    tcase_add_test(scalar, so_they_do_with_long_instructions);
    add_row_tests(scalar, each_operation_has_the_bits_of_its_value, AD_PROGRAM_guard, op_name);
    tcase_add_test(scalar, short_instructions_do_for_2_to_the_16_slots);
    tcase_add_test(scalar, guards_beyond_2_to_the_16_have_their_numbers);
    tcase_add_test(scalar, chains_find_their_operands_in_the_register);
    tcase_add_test(scalar, results_may_overlap_the_point);
    tcase_add_test(scalar, failing_memory_leaves_no_code);
    Suite *suite = suite_create("program_scalar");
    suite_add_tcase(suite, scalar);
    return run_suite(suite);
}
