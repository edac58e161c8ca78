/* Models on a tape: leaves, gradients by field, values with gradients and pullbacks; and that
 * nothing is half written when any of it fails.
 *
 * The function under test is y = sum over fields i of (i + 1) sum(x_i^2), whose gradient by a
 * field is 2 (i + 1) x_i: a different multiple of every field. */
#include "adze/ops.h"

#include "allocator.h"
#include "measured.h"
#include "models.h"
#include "suite.h"

static ad_tensor weighted_squares(const ad_tree *d, void *tensors)
{
    model_list list = list_model(d);
    ad_tensor y = ad_sum(ad_square(*tensor_of(&list, tensors, 0)));
    for (size_t i = 1; i < list.count; i++) {
        ad_tensor term = ad_sum(ad_square(*tensor_of(&list, tensors, i)));
        y = ad_add(y, ad_mul(term, (double)(i + 1)));
    }
    return y;
}

/* The gradient by the formula, times a factor, but 0 by field `skip`. All numbers are exact. */
static void expect_gradient(const ad_tree *d, void *model, void *gradient, double factor,
                            size_t skip)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        const ad_array *x = array_of(&list, model, i), *g = array_of(&list, gradient, i);
        double weight = i == skip ? 0 : factor * 2 * (double)(i + 1);
        ck_assert_ptr_nonnull(g->data);
        ck_assert_int_eq(g->type, x->type);
        ck_assert(ad_shape_equal(&g->shape, &x->shape));
        for (size_t j = 0; j < ad_array_count(x); j++)
            ck_assert_double_eq(number_of(&list, gradient, i, j),
                                weight * number_of(&list, model, i, j));
    }
}

enum { NONE = MOST_ARRAYS };

/* ---- a tape, a model and a gradient, all of one allocator ---------------------------- */

typedef struct scene {
    test_allocator memory;
    ad_tape *tape;
    nested model, gradient;
    nested_tensors x;
} scene;

static void open_scene(scene *s)
{
    *s = (scene){0};
    test_allocator_init(&s->memory);
    s->tape = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &s->memory.base});
    build_model(&nested_tree, &s->memory.base, AD_F32, &s->model);
    s->gradient.hidden.w = ad_array_new(&s->memory.base, AD_F32, AD_SHAPE(2, 3));
    s->gradient.scale = (ad_array){.type = AD_U8, .shape = AD_SHAPE(5)};
    model_list list = list_model(&nested_tree);
    for (size_t i = 0; i < list.count; i++)
        array_of(&list, &s->gradient, i)->allocator = &s->memory.base;
}

static void close_scene(scene *s)
{
    ad_tape_free(s->tape);
    nested_free(&s->model);
    nested_free(&s->gradient);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

static ad_tensor record(scene *s)
{
    s->x = nested_watch(s->tape, &s->model);
    return weighted_squares(&nested_tree, &s->x);
}

static void expect_refusal(scene *s, ad_tensor y, ad_status status, const char *message)
{
    snapshot before = take_snapshot(&nested_tree, &s->gradient);
    ck_assert_int_eq(nested_gradient(y, &s->x, &s->gradient), status);
    ck_assert_int_eq(ad_tape_status(s->tape), status);
    ck_assert_str_eq(ad_tape_error(s->tape), message);
    expect_unchanged(&nested_tree, &s->gradient, &before);
}

/* ---- leaves ------------------------------------------------------------------------- */

static void expect_leaves(const ad_tree *d, void *model, void *tensors, bool tracked)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        ad_tensor x = *tensor_of(&list, tensors, i);
        ck_assert_ptr_eq(ad_read(x).data, array_of(&list, model, i)->data);
        ck_assert_int_eq(ad_is_tracked(x), tracked);
    }
}

START_TEST(watch_and_freeze_make_leaves_of_all_arrays)
{
    const ad_tree *d = CASE_MODEL(_i);
    any_model m = {0};
    any_tensors x;
    ad_tape *t = ad_tape_new(NULL);
    build_model(d, NULL, CASE_TYPE(_i), &m);
    ad_model_watch(d, t, &m, &x);
    expect_leaves(d, &m, &x, true);
    ad_model_freeze(d, t, &m, &x);
    expect_leaves(d, &m, &x, false);
    ck_assert_uint_le(measured(t).nodes - 2 * list_model(d).count, 4); /* labels' memory */
    ad_tape_free(t);
    ad_model_free(d, &m);
}
END_TEST

START_TEST(leaves_are_labelled_with_their_paths)
{
    static const char *const labels[] = {"hidden.w", "hidden.b", "output.w", "output.b", "scale"};
    char line[200];
    scene s;
    open_scene(&s);
    nested_watch(s.tape, &s.model);
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(ad_tape_print(s.tape, out), AD_OK);
    rewind(out);
    for (int i = 0; i < 5; i++) {
        while (fgets(line, sizeof line, out) && strstr(line, "memory"))
            ; /* that of the labels */
        line[strcspn(line, "\n")] = '\0';
        ck_assert_str_eq(strrchr(line, ' ') + 1, labels[i]);
    }
    fclose(out);
    close_scene(&s);
}
END_TEST

START_TEST(a_field_that_holds_nothing_is_named)
{
    scene s;
    open_scene(&s);
    ad_array_free(&s.model.output.b);
    expect_refusal(&s, record(&s), AD_MISUSE,
                   "watch: nested.output.b holds no numbers (did its allocation fail?)");
    ad_tape_reset(s.tape);
    nested_freeze(s.tape, &s.model);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(s.tape), "freeze: nested.output.b holds"));
    close_scene(&s);
}
END_TEST

START_TEST(integers_can_be_frozen_but_not_watched)
{
    flat m = {ad_zeros(AD_F32, AD_SHAPE(2)), ad_zeros(AD_I64, AD_SHAPE(2))};
    ad_tape *t = ad_tape_new(NULL);
    flat_freeze(t, &m);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    flat_watch(t, &m);
    ck_assert_str_eq(ad_tape_error(t),
                     "watch: flat.b is i64, but only f32 and f64 have derivatives");
    ad_tape_free(t);
    flat_free(&m);
}
END_TEST

/* ---- gradients ---------------------------------------------------------------------- */

START_TEST(the_gradient_of_every_field_is_that_of_the_formula)
{
    const ad_tree *d = CASE_MODEL(_i);
    any_model m = {0}, g = {0};
    any_tensors x;
    ad_tape *t = ad_tape_new(NULL);
    build_model(d, NULL, CASE_TYPE(_i), &m);
    for (int step = 0; step < 2; step++) {
        ad_model_watch(d, t, &m, &x);
        ad_tensor y = weighted_squares(d, &x);
        ck_assert_int_eq(ad_model_gradient(d, y, NULL, &x, &g), AD_OK);
        expect_gradient(d, &m, &g, 1, NONE);
        ad_tape_reset(t);
        ck_assert_int_eq(ad_model_axpy(d, -0.25, &g, &m, NULL), AD_OK);
    }
    ad_tape_free(t);
    ad_model_free(d, &m);
    ad_model_free(d, &g);
}
END_TEST

START_TEST(a_field_that_nothing_depends_on_has_a_gradient_of_zeros)
{
    scene s;
    open_scene(&s);
    s.x = nested_watch(s.tape, &s.model);
    ad_tensor unused = s.x.hidden.b, seen = s.x.hidden.w;
    s.x.hidden.b = ad_mul(ad_sum(seen), 0); /* in its place something worth nothing */
    ad_tensor y = weighted_squares(&nested_tree, &s.x);
    s.x.hidden.b = unused;
    ck_assert_int_eq(nested_gradient(y, &s.x, &s.gradient), AD_OK);
    expect_gradient(&nested_tree, &s.model, &s.gradient, 1, 1);
    close_scene(&s);
}
END_TEST

START_TEST(after_the_first_step_nothing_is_allocated)
{
    scene s;
    size_t calls = 0;
    open_scene(&s);
    for (int step = 0; step < 4; step++) {
        if (step == 2) /* the tape may need a second round to settle */
            calls = s.memory.calls;
        ck_assert_int_eq(nested_gradient(record(&s), &s.x, &s.gradient), AD_OK);
        ad_tape_reset(s.tape);
    }
    ck_assert_uint_eq(s.memory.calls, calls);
    expect_gradient(&nested_tree, &s.model, &s.gradient, 1, NONE);
    close_scene(&s);
}
END_TEST

START_TEST(running_out_of_memory_leaves_the_gradient_as_it_was)
{
    ad_status status = AD_MEMORY;
    size_t failures = 0;
    for (size_t k = 1; status != AD_OK; k++) {
        scene s;
        open_scene(&s);
        snapshot before = take_snapshot(&nested_tree, &s.gradient);
        s.memory.fail_at = s.memory.calls + k;
        status = nested_gradient(record(&s), &s.x, &s.gradient);
        ck_assert_int_eq(ad_tape_status(s.tape), status);
        if (status == AD_OK) {
            expect_gradient(&nested_tree, &s.model, &s.gradient, 1, NONE);
        } else {
            failures++;
            ck_assert_int_eq(status, AD_MEMORY);
            expect_unchanged(&nested_tree, &s.gradient, &before);
            ad_tape_reset(s.tape); /* and all is well again */
            ck_assert_int_eq(nested_gradient(record(&s), &s.x, &s.gradient), AD_OK);
        }
        close_scene(&s);
    }
    ck_assert_uint_ge(failures, 1 + 4); /* the list of the missing, four arrays, and the tape's */
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------- */

START_TEST(a_frozen_field_is_refused_by_name)
{
    scene s;
    open_scene(&s);
    ad_tensor y = record(&s);
    s.x.output.w = ad_freeze(s.tape, s.model.output.w);
    expect_refusal(&s, y, AD_MISUSE, "gradient: nested.output.w is frozen");
    close_scene(&s);
}
END_TEST

START_TEST(a_result_is_no_field)
{
    scene s;
    open_scene(&s);
    ad_tensor y = record(&s);
    s.x.scale = y;
    expect_refusal(&s, y, AD_MISUSE, "gradient: nested.scale is not a watched leaf");
    close_scene(&s);
}
END_TEST

START_TEST(a_field_on_another_tape_is_refused_by_name)
{
    scene s, other;
    open_scene(&s);
    open_scene(&other);
    ck_assert_int_eq(nested_gradient(record(&other), &other.x, &other.gradient), AD_OK);
    ad_tensor y = record(&s);
    s.x.hidden.b = other.x.hidden.b; /* which has a gradient, of something else */
    expect_refusal(&s, y, AD_FOREIGN, "gradient: nested.hidden.b is not on the tape of the result");
    ad_tape_reset(s.tape);
    y = record(&s);
    s.x.hidden.b = ad_number(1);
    expect_refusal(&s, y, AD_MISUSE, "gradient: nested.hidden.b is not on the tape of the result");
    close_scene(&s);
    close_scene(&other);
}
END_TEST

START_TEST(leaves_from_before_a_reset_are_refused)
{
    scene s;
    open_scene(&s);
    record(&s);
    nested_tensors stale = s.x;
    ad_tape_reset(s.tape);
    ad_tensor y = record(&s);
    s.x = stale;
    expect_refusal(&s, y, AD_MISUSE, "gradient: nested.hidden.w is not a watched leaf");
    close_scene(&s);
}
END_TEST

START_TEST(a_gradient_that_does_not_fit_is_refused_by_name)
{
    float numbers[4] = {1, 2, 3, 4};
    scene s;
    open_scene(&s);
    s.gradient.output.b = (ad_array){.data = numbers, .shape = AD_SHAPE(2, 2)};
    expect_refusal(&s, record(&s), AD_BAD_SHAPE,
                   "gradient: nested.output.b is [0, 2], but [2, 2] in the gradient");
    ad_tape_reset(s.tape);
    s.gradient.output.b = (ad_array){.data = numbers, .type = AD_F64, .shape = AD_SHAPE(0, 2)};
    expect_refusal(&s, record(&s), AD_BAD_TYPE,
                   "gradient: nested.output.b is f32, but f64 in the gradient");
    s.gradient.output.b = (ad_array){0};
    close_scene(&s);
}
END_TEST

START_TEST(a_failed_formula_leaves_the_gradient_as_it_was)
{
    scene s;
    open_scene(&s);
    s.x = nested_watch(s.tape, &s.model);
    ad_tensor y = ad_add(s.x.hidden.w, s.x.output.b);
    ck_assert_int_eq(ad_tape_status(s.tape), AD_BAD_SHAPE);
    expect_refusal(&s, y, AD_BAD_SHAPE, ad_tape_error(s.tape)); /* which stays */
    close_scene(&s);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    const ad_tree *d = &nested_tree;
    scene s;
    open_scene(&s);
    ad_tensor y = record(&s);
    ck_assert_int_eq(ad_model_gradient(d, ad_number(1), NULL, &s.x, &s.gradient), AD_MISUSE);
    ck_assert_int_eq(ad_model_gradient(NULL, y, NULL, &s.x, &s.gradient), AD_MISUSE);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(ad_model_gradient(d, record(&s), NULL, NULL, &s.gradient), AD_MISUSE);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(ad_model_gradient(d, record(&s), NULL, &s.x, NULL), AD_MISUSE);
    ad_tape_reset(s.tape);
    ad_model_watch(NULL, s.tape, &s.model, &s.x);
    ck_assert_int_eq(ad_tape_status(s.tape), AD_MISUSE);
    ad_tape_reset(s.tape);
    ad_model_watch(d, s.tape, &s.model, NULL);
    ck_assert_str_eq(ad_tape_error(s.tape), "watch: an argument is NULL");
    close_scene(&s);
}
END_TEST

START_TEST(without_a_model_or_a_tape_the_tensors_are_dead)
{
    scene s;
    open_scene(&s);
    s.x = nested_watch(s.tape, NULL);
    ck_assert_ptr_null(ad_read(s.x.scale).data);
    ck_assert_int_eq(nested_gradient(s.x.scale, &s.x, &s.gradient), AD_MISUSE);
    s.x = nested_watch(NULL, &s.model);
    ck_assert_ptr_null(ad_read(s.x.scale).data);
    ck_assert_int_eq(nested_gradient(s.x.scale, &s.x, &s.gradient), AD_MISUSE);
    close_scene(&s);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_gradient");
    TCase *c = tcase_create("gradients"), *refusals = tcase_create("refusals");
    tcase_add_loop_test(c, watch_and_freeze_make_leaves_of_all_arrays, 0, CASES);
    tcase_add_test(c, leaves_are_labelled_with_their_paths);
    tcase_add_loop_test(c, the_gradient_of_every_field_is_that_of_the_formula, 0, CASES);
    tcase_add_test(c, a_field_that_nothing_depends_on_has_a_gradient_of_zeros);
    tcase_add_test(c, after_the_first_step_nothing_is_allocated);
    tcase_add_test(refusals, a_field_that_holds_nothing_is_named);
    tcase_add_test(refusals, integers_can_be_frozen_but_not_watched);
    tcase_add_test(refusals, running_out_of_memory_leaves_the_gradient_as_it_was);
    tcase_add_test(refusals, a_frozen_field_is_refused_by_name);
    tcase_add_test(refusals, a_result_is_no_field);
    tcase_add_test(refusals, a_field_on_another_tape_is_refused_by_name);
    tcase_add_test(refusals, leaves_from_before_a_reset_are_refused);
    tcase_add_test(refusals, a_gradient_that_does_not_fit_is_refused_by_name);
    tcase_add_test(refusals, a_failed_formula_leaves_the_gradient_as_it_was);
    tcase_add_test(refusals, missing_arguments_are_misuse);
    tcase_add_test(refusals, without_a_model_or_a_tape_the_tensors_are_dead);
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, refusals);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
