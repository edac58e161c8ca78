/* Models apart from the tape: the walk, copies, y += alpha x. */
#include "allocator.h"
#include "models.h"
#include "suite.h"

#include "adze/check.h"
#include "adze/functions.h"
#include "adze/ops.h"

/* ---- the walk ----------------------------------------------------------------------- */

typedef struct visits {
    size_t count, stop_at;
    char path[MOST_ARRAYS][32];
    ad_array *array[MOST_ARRAYS];
} visits;

static ad_status note_visit(void *user, const char *path, ad_array *a)
{
    visits *v = user;
    ck_assert_uint_lt(v->count, MOST_ARRAYS);
    snprintf(v->path[v->count], sizeof v->path[0], "%s", path);
    v->array[v->count++] = a;
    return v->count == v->stop_at ? AD_FAILED : AD_OK;
}

static void expect_paths(const visits *v, const char *const *paths, size_t count)
{
    ck_assert_uint_eq(v->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(v->path[i], paths[i]);
}

START_TEST(a_visit_names_every_array_in_order_of_declaration)
{
    static const char *const paths[] = {"layer[0].w",       "layer[0].b",       "layer[1].w",
                                        "layer[1].b",       "layer[2].w",       "layer[2].b",
                                        "gain[0]",          "gain[1]",          "whole.hidden.w",
                                        "whole.hidden.b",   "whole.output.w",   "whole.output.b",
                                        "whole.scale",      "part[0].hidden.w", "part[0].hidden.b",
                                        "part[0].output.w", "part[0].output.b", "part[0].scale"};
    deep m = {0};
    visits v = {0};
    ck_assert_int_eq(deep_visit(&m, note_visit, &v), AD_OK);
    expect_paths(&v, paths, sizeof paths / sizeof *paths);
    ck_assert_ptr_eq(v.array[3], &m.layer[1].b);
    ck_assert_ptr_eq(v.array[7], &m.gain[1]);
    ck_assert_ptr_eq(v.array[10], &m.whole.output.w);
    ck_assert_ptr_eq(v.array[17], &m.part[0].scale);
}
END_TEST

START_TEST(all_of_32_fields_are_visited)
{
    wide m = {0};
    visits v = {0};
    ck_assert_int_eq(wide_visit(&m, note_visit, &v), AD_OK);
    ck_assert_uint_eq(v.count, 32);
    ck_assert_str_eq(v.path[31], "f32");
    for (size_t i = 0; i < 32; i++)
        ck_assert_ptr_eq(v.array[i], &m.f1 + i);
}
END_TEST

START_TEST(a_visit_stops_at_the_first_failure)
{
    nested m = {0};
    visits v = {.stop_at = 2};
    ck_assert_int_eq(nested_visit(&m, note_visit, &v), AD_FAILED);
    ck_assert_uint_eq(v.count, 2);
}
END_TEST

static ad_status keep_length(void *user, const char *path, ad_array *a)
{
    (void)a;
    *(size_t *)user = strlen(path);
    return AD_OK;
}

START_TEST(a_long_path_is_cut)
{
    char name[1000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ad_field inner = {sizeof inner, name, &ad_array_tree, 2};
    ad_tree middle = {sizeof middle, name, 2, &inner, 1};
    ad_field outer = {sizeof outer, name, &middle, 0};
    ad_tree d = {sizeof d, name, 2, &outer, 1};
    ad_array m[2] = {0};
    size_t length = 0;
    ad_error error = {0};
    ck_assert_int_eq(ad_model_visit(&d, m, keep_length, &length), AD_OK);
    ck_assert_uint_gt(length, 64);
    ck_assert_uint_lt(length, sizeof name);
    ck_assert_int_eq(ad_model_axpy(&d, 1, m, m, &error), AD_MISUSE);
    ck_assert_uint_lt(strlen(error.text), sizeof error.text);
}
END_TEST

/* ---- copies ------------------------------------------------------------------------- */

/* like and copy, in one form, and what the numbers of the target must be. */
typedef struct copier {
    const char *name;
    ad_status (*run)(const ad_tree *d, const void *model, void *to, ad_error *error);
    double factor;
} copier;

static const copier copiers[] = {{"like", ad_model_like, 0}, {"copy", ad_model_copy, 1}};

static void expect_multiple(const ad_tree *d, void *model, void *to, double factor)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        const ad_array *a = array_of(&list, model, i), *b = array_of(&list, to, i);
        ck_assert_int_eq(a->type, b->type);
        ck_assert(ad_shape_equal(&a->shape, &b->shape));
        for (size_t j = 0; j < ad_array_count(a); j++)
            ck_assert_double_eq(number_of(&list, to, i, j), factor * number_of(&list, model, i, j));
    }
}

START_TEST(a_copy_has_new_arrays_of_the_models_allocator)
{
    const ad_tree *d = CASE_MODEL(_i);
    for (int k = 0; k < 2; k++) {
        test_allocator memory;
        any_model m = {0}, to = {0};
        test_allocator_init(&memory);
        build_model(d, &memory.base, CASE_TYPE(_i), &m);
        size_t blocks = memory.live_blocks;
        ck_assert_int_eq(copiers[k].run(d, &m, &to, NULL), AD_OK);
        ck_assert_uint_eq(memory.live_blocks, 2 * blocks);
        expect_multiple(d, &m, &to, copiers[k].factor);
        ad_model_free(d, &to);
        ad_model_free(d, &m);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(a_copy_reuses_the_arrays_that_are_there)
{
    const ad_tree *d = CASE_MODEL(_i);
    model_list list = list_model(d);
    for (int k = 0; k < 2; k++) {
        test_allocator memory;
        any_model m = {0}, to = {0};
        test_allocator_init(&memory);
        build_model(d, &memory.base, CASE_TYPE(_i), &m);
        build_model(d, &memory.base, CASE_TYPE(_i), &to);
        set_number(array_of(&list, &to, 0), 1, 99);
        if (list.count > 1)
            ad_array_free(array_of(&list, &to, list.count / 2));
        snapshot before = take_snapshot(d, &m);
        size_t calls = memory.calls;
        void *first = array_of(&list, &to, 0)->data;
        ck_assert_int_eq(copiers[k].run(d, &m, &to, NULL), AD_OK);
        ck_assert_ptr_eq(array_of(&list, &to, 0)->data, first);
        expect_multiple(d, &m, &to, copiers[k].factor);
        ck_assert_uint_le(memory.calls, calls + 2);
        calls = memory.calls;
        ck_assert_int_eq(copiers[k].run(d, &m, &to, NULL), AD_OK);
        ck_assert_uint_eq(memory.calls, calls);
        expect_unchanged(d, &m, &before);
        ad_model_free(d, &to);
        ad_model_free(d, &m);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* A target in all states: arrays that are there, missing, and missing but not all zero bytes. */
static void build_partly(const test_allocator *memory, deep *to)
{
    *to = (deep){0};
    to->layer[0].w = ad_array_new(&memory->base, AD_F32, AD_SHAPE(2, 3));
    to->part[0].scale = ad_array_new(&memory->base, AD_F32, AD_SHAPE(3));
    to->gain[1] = (ad_array){.type = AD_I64, .shape = AD_SHAPE(7), .allocator = &memory->base};
}

START_TEST(a_copy_that_runs_out_of_memory_leaves_nothing)
{
    for (int k = 0; k < 2; k++) {
        ad_status status = AD_MEMORY;
        size_t failures = 0;
        for (size_t fail_at = 1; status != AD_OK; fail_at++) {
            test_allocator memory;
            deep m = {0}, to;
            ad_error error = {0};
            test_allocator_init(&memory);
            build_model(&deep_tree, &memory.base, AD_F32, &m);
            ad_array_free(&m.part[0].scale);
            m.part[0].scale = ad_array_new(&memory.base, AD_F32, AD_SHAPE(3));
            build_partly(&memory, &to);
            snapshot before = take_snapshot(&deep_tree, &to);
            size_t blocks = memory.live_blocks;
            memory.fail_at = memory.calls + fail_at;
            status = copiers[k].run(&deep_tree, &m, &to, &error);
            if (status != AD_OK) {
                failures++;
                ck_assert_int_eq(status, AD_MEMORY);
                ck_assert_int_eq(error.status, AD_MEMORY);
                ck_assert_ptr_nonnull(strstr(error.text, copiers[k].name));
                ck_assert_uint_eq(memory.live_blocks, blocks);
                expect_unchanged(&deep_tree, &to, &before);
            }
            deep_free(&to);
            deep_free(&m);
            ck_assert_uint_eq(memory.live_blocks, 0);
        }
        ck_assert_uint_eq(failures, 1 + 16); /* the list of the missing, and each of them */
    }
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------- */

/* Spoils one field of the second struct; what axpy, like and copy then say. */
typedef struct spoiled {
    ad_array array;
    ad_status status;
    const char *reason;
} spoiled;

static float some_numbers[8];

static const spoiled spoilt_targets[] = {
    {{.data = some_numbers, .shape = {1, {3}}}, AD_BAD_SHAPE, "nested.output.w is [], but [3] in"},
    {{.data = some_numbers, .shape = {-1, {0}}}, AD_BAD_SHAPE, "nested.output.w"},
    {{.data = some_numbers, .type = AD_I32}, AD_BAD_TYPE, "nested.output.w is f32, but i32 in"},
    {{.data = some_numbers, .type = (ad_type)77}, AD_BAD_TYPE, "nested.output.w"},
};
enum { SPOILT_TARGETS = sizeof spoilt_targets / sizeof *spoilt_targets };

static ad_status axpy_2(const ad_tree *d, const void *x, void *y, ad_error *error)
{
    return ad_model_axpy(d, 2, x, y, error);
}

static const copier writers[] = {
    {"like", ad_model_like, 0}, {"copy", ad_model_copy, 1}, {"axpy", axpy_2, 0}};

static void expect_refusal(const copier *writer, nested *m, nested *to, ad_status status,
                           const char *reason)
{
    ad_error error = {0};
    snapshot before = take_snapshot(&nested_tree, to);
    ck_assert_int_eq(writer->run(&nested_tree, m, to, NULL), status);
    ck_assert_int_eq(writer->run(&nested_tree, m, to, &error), status);
    ck_assert_int_eq(error.status, status);
    ck_assert_msg(strstr(error.text, reason) != NULL, "%s", error.text);
    ck_assert_msg(strstr(error.text, writer->name) == error.text, "%s", error.text);
    expect_unchanged(&nested_tree, to, &before);
}

START_TEST(a_target_that_does_not_fit_is_refused_by_name)
{
    nested m = {0}, to = {0};
    build_model(&nested_tree, NULL, AD_F32, &m);
    build_model(&nested_tree, NULL, AD_F32, &to);
    ad_array saved = to.output.w;
    to.output.w = spoilt_targets[_i].array;
    for (int k = 0; k < 3; k++)
        expect_refusal(&writers[k], &m, &to, spoilt_targets[_i].status, spoilt_targets[_i].reason);
    to.output.w = saved;
    nested_free(&m);
    nested_free(&to);
}
END_TEST

static const spoiled spoilt_models[] = {
    {{0}, AD_MISUSE, "nested.output.w holds no numbers"},
    {{.shape = {1, {-3}}}, AD_BAD_SHAPE, "extent -3 is negative"},
    {{.data = some_numbers, .shape = {9, {0}}}, AD_BAD_SHAPE, "rank 9 is not 0 to 8"},
    {{.data = some_numbers, .shape = {1, {INT64_MAX}}}, AD_TOO_LARGE, "nested.output.w"},
    {{.data = some_numbers, .type = (ad_type)77}, AD_BAD_TYPE, "nested.output.w"},
};
enum { SPOILT_MODELS = sizeof spoilt_models / sizeof *spoilt_models };

START_TEST(a_model_with_a_broken_field_is_refused_by_name)
{
    nested m = {0}, to = {0};
    build_model(&nested_tree, NULL, AD_F32, &m);
    build_model(&nested_tree, NULL, AD_F32, &to);
    ad_array saved = m.output.w;
    m.output.w = spoilt_models[_i].array;
    for (int k = 0; k < 3; k++)
        expect_refusal(&writers[k], &m, &to, spoilt_models[_i].status, spoilt_models[_i].reason);
    nested_free(&to);
    for (int k = 0; k < 2; k++)
        expect_refusal(&writers[k], &m, &to, spoilt_models[_i].status, spoilt_models[_i].reason);
    m.output.w = saved;
    nested_free(&m);
}
END_TEST

START_TEST(axpy_needs_numbers_to_add_to)
{
    nested m = {0}, to = {0};
    build_model(&nested_tree, NULL, AD_F32, &m);
    expect_refusal(&writers[2], &m, &to, AD_MISUSE, "nested.hidden.w holds no numbers in y");
    nested_free(&m);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    flat m = {0}, to = {0};
    visits v = {0};
    for (int k = 0; k < 3; k++) {
        ad_error error = {0};
        ck_assert_int_eq(writers[k].run(NULL, &m, &to, &error), AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(error.text, writers[k].name));
        ck_assert_int_eq(writers[k].run(&flat_tree, NULL, &to, NULL), AD_MISUSE);
        ck_assert_int_eq(writers[k].run(&flat_tree, &m, NULL, NULL), AD_MISUSE);
    }
    ck_assert_int_eq(ad_model_visit(NULL, &m, note_visit, &v), AD_MISUSE);
    ck_assert_int_eq(ad_model_visit(&flat_tree, NULL, note_visit, &v), AD_MISUSE);
    ck_assert_int_eq(ad_model_visit(&flat_tree, &m, NULL, NULL), AD_MISUSE);
    ad_model_free(NULL, &m);
    ad_model_free(&flat_tree, NULL);
}
END_TEST

/* ---- y += alpha x, and the end ------------------------------------------------------ */

START_TEST(axpy_adds_alpha_x_to_every_field)
{
    const ad_tree *d = CASE_MODEL(_i);
    any_model x = {0}, y = {0};
    build_model(d, NULL, CASE_TYPE(_i), &x);
    ck_assert_int_eq(ad_model_copy(d, &x, &y, NULL), AD_OK);
    ck_assert_int_eq(ad_model_axpy(d, -0.25, &x, &y, NULL), AD_OK);
    expect_multiple(d, &x, &y, 0.75);
    ck_assert_int_eq(ad_model_axpy(d, 1, &y, &y, NULL), AD_OK);
    expect_multiple(d, &x, &y, 1.5);
    ad_model_free(d, &x);
    ad_model_free(d, &y);
}
END_TEST

START_TEST(integers_are_copied_but_not_added)
{
    flat m = {ad_zeros(AD_I32, AD_SHAPE(2)), ad_zeros(AD_BOOL, AD_SHAPE(1))}, to = {0};
    ad_error error = {0};
    ((int32_t *)m.w.data)[1] = 7;
    ck_assert_int_eq(flat_copy(&m, &to, NULL), AD_OK);
    ck_assert_int_eq(((int32_t *)to.w.data)[1], 7);
    ck_assert_int_eq(ad_model_axpy(&flat_tree, 1, &m, &to, &error), AD_BAD_TYPE);
    ck_assert_str_eq(error.text, "axpy: flat.w is i32, but only f32 and f64 have derivatives");
    ck_assert_int_eq(((int32_t *)to.w.data)[1], 7);
    ck_assert_int_eq(flat_like(&m, &to, NULL), AD_OK);
    ck_assert_int_eq(((int32_t *)to.w.data)[1], 0);
    flat_free(&m);
    flat_free(&to);
}
END_TEST

START_TEST(a_freed_model_is_empty_and_may_be_freed_again)
{
    const ad_tree *d = CASE_MODEL(_i);
    model_list list = list_model(d);
    test_allocator memory;
    any_model m = {0};
    test_allocator_init(&memory);
    build_model(d, &memory.base, CASE_TYPE(_i), &m);
    ad_model_free(d, &m);
    ck_assert_uint_eq(memory.live_blocks, 0);
    for (size_t i = 0; i < list.count; i++)
        ck_assert_ptr_null(array_of(&list, &m, i)->data);
    ad_model_free(d, &m);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

/* ---- descriptions that are none -------------------------------------------------------- */

/* A copy of the description of `nested`, to be spoilt. */
typedef struct description {
    ad_tree tree;
    ad_field field[3];
} description;

static void no_tree_size(description *d)
{
    d->tree.size = 0;
}
static void no_tree_name(description *d)
{
    d->tree.name = NULL;
}
static void too_few_arrays(description *d)
{
    d->tree.arrays--;
}
static void no_fields(description *d)
{
    d->tree.fields = NULL;
}
static void too_few_fields(description *d)
{
    d->tree.count--;
}
static void no_field_size(description *d)
{
    d->field[0].size = 0;
}
static void no_later_field_size(description *d)
{
    d->field[1].size = 0;
}
static void no_field_name(description *d)
{
    d->field[1].name = NULL;
}
static void no_field_tree(description *d)
{
    d->field[1].tree = NULL;
}
static void more_elements(description *d)
{
    d->field[1].count = 5;
}
static void circle(description *d)
{
    d->field[1].tree = &d->tree;
}

static const struct {
    void (*spoil)(description *d);
    const char *why;
} spoilt_trees[] = {
    {no_tree_size, "the tree begins without .size = sizeof(ad_tree)"},
    {no_tree_name, "the tree has no name"},
    {too_few_arrays, "the tree has another number of arrays than its fields together"},
    {no_fields, "the tree has another number of arrays than its fields together"},
    {too_few_fields, "the tree has another number of arrays than its fields together"},
    {no_field_size, "an ad_field of the tree begins without .size = sizeof(ad_field)"},
    {no_later_field_size, "an ad_field of the tree begins without .size = sizeof(ad_field)"},
    {no_field_name, "an ad_field of the tree has no name or no tree"},
    {no_field_tree, "an ad_field of the tree has no name or no tree"},
    {more_elements, "the tree has another number of arrays than its fields together"},
    {circle, "the tree is too deep"},
};
enum { SPOILT_TREES = sizeof spoilt_trees / sizeof *spoilt_trees };

static void spoil_tree(description *d, int i)
{
    d->tree = nested_tree;
    memcpy(d->field, nested_tree.fields, sizeof d->field);
    d->tree.fields = d->field;
    spoilt_trees[i].spoil(d);
}

static void expect_said(const char *text, const char *name, int i)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s: %s", name, spoilt_trees[i].why);
    ck_assert_str_eq(text, wanted);
}

static ad_tensor never(ad_tape *t, const void *tensors, const void *env)
{
    (void)t, (void)tensors, (void)env;
    ck_abort_msg("a function of a model that nothing describes was called");
}

static ad_status flatten(const ad_tree *d, const void *m, void *to, ad_error *error)
{
    ad_array vector = {0};
    (void)to;
    return ad_model_flatten(d, m, &vector, error);
}

static ad_status unflatten(const ad_tree *d, const void *m, void *to, ad_error *error)
{
    (void)m;
    return ad_model_unflatten(d, AD_VIEW(some_numbers, 8), to, error);
}

static ad_status take_step(const ad_tree *d, const void *m, void *to, ad_error *error)
{
    ad_sgd sgd = {.rate = 1};
    ad_method method = ad_sgd_method(&sgd);
    ad_states states = {0};
    return ad_model_step(d, &method, m, &states, to, error);
}

static ad_status check_gradient(const ad_tree *d, const void *m, void *to, ad_error *error)
{
    (void)to;
    return ad_model_check_gradient(d, never, m, NULL, NULL, error);
}

static const copier describers[] = {{"like", ad_model_like, 0},
                                    {"copy", ad_model_copy, 0},
                                    {"axpy", axpy_2, 0},
                                    {"flatten", flatten, 0},
                                    {"unflatten", unflatten, 0},
                                    {"step", take_step, 0},
                                    {"check_gradient", check_gradient, 0}};

START_TEST(a_tree_that_describes_nothing_is_refused)
{
    nested m, to;
    description d;
    build_model(&nested_tree, NULL, AD_F32, &m);
    build_model(&nested_tree, NULL, AD_F32, &to);
    spoil_tree(&d, _i);
    snapshot before = take_snapshot(&nested_tree, &to);
    for (size_t k = 0; k < sizeof describers / sizeof *describers; k++) {
        ad_error error = {0};
        ck_assert_int_eq(describers[k].run(&d.tree, &m, &to, &error), AD_MISUSE);
        expect_said(error.text, describers[k].name, _i);
    }
    visits v = {0};
    ck_assert_int_eq(ad_model_visit(&d.tree, &m, note_visit, &v), AD_MISUSE);
    ck_assert_uint_eq(v.count, 0);
    ad_model_free(&d.tree, &to);
    expect_unchanged(&nested_tree, &to, &before);
    nested_free(&m);
    nested_free(&to);
}
END_TEST

/* Functions that work on a tape, and the name in their message. */
static const char *const on_a_tape[] = {"watch", "gradient", "gradient", "gradient", "watch"};

static void call_on_a_tape(int k, const ad_tree *d, ad_tape *t, const nested *m, nested *to)
{
    nested_tensors x = nested_watch(t, m), y;
    if (k == 0)
        ad_model_watch(d, t, m, &y);
    else if (k == 1)
        ad_model_gradient(d, ad_sum(x.scale), NULL, &x, to);
    else if (k == 2)
        ad_model_collect(d, t, &x, to);
    else if (k == 3)
        ad_model_gradient_node(d, never, &x, NULL, 0, &y);
    else
        ad_model_value_with_gradient(d, t, never, m, NULL, NULL, to);
}

START_TEST(a_tree_that_describes_nothing_puts_nothing_on_a_tape)
{
    nested m, to = {0};
    description d;
    ad_tape *t = ad_tape_new(NULL);
    build_model(&nested_tree, NULL, AD_F32, &m);
    spoil_tree(&d, _i);
    for (int k = 0; k < 5; k++) {
        call_on_a_tape(k, &d.tree, t, &m, &to);
        ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
        expect_said(ad_tape_error(t), on_a_tape[k], _i);
        ck_assert_ptr_null(to.scale.data);
        ad_tape_reset(t);
    }
    nested_free(&m);
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model");
    TCase *c = tcase_create("model");
    tcase_add_test(c, a_visit_names_every_array_in_order_of_declaration);
    tcase_add_test(c, all_of_32_fields_are_visited);
    tcase_add_test(c, a_visit_stops_at_the_first_failure);
    tcase_add_test(c, a_long_path_is_cut);
    tcase_add_loop_test(c, a_copy_has_new_arrays_of_the_models_allocator, 0, CASES);
    tcase_add_loop_test(c, a_copy_reuses_the_arrays_that_are_there, 0, CASES);
    tcase_add_test(c, a_copy_that_runs_out_of_memory_leaves_nothing);
    tcase_add_loop_test(c, a_target_that_does_not_fit_is_refused_by_name, 0, SPOILT_TARGETS);
    tcase_add_loop_test(c, a_model_with_a_broken_field_is_refused_by_name, 0, SPOILT_MODELS);
    tcase_add_test(c, axpy_needs_numbers_to_add_to);
    tcase_add_test(c, missing_arguments_are_misuse);
    tcase_add_loop_test(c, a_tree_that_describes_nothing_is_refused, 0, SPOILT_TREES);
    tcase_add_loop_test(c, a_tree_that_describes_nothing_puts_nothing_on_a_tape, 0, SPOILT_TREES);
    tcase_add_loop_test(c, axpy_adds_alpha_x_to_every_field, 0, CASES);
    tcase_add_test(c, integers_are_copied_but_not_added);
    tcase_add_loop_test(c, a_freed_model_is_empty_and_may_be_freed_again, 0, CASES);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
