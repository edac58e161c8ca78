/* Models in files: names, what loading makes and what it demands, numbers that stay in the file. */
#include "allocator.h"
#include "idx_bytes.h"
#include "messages.h"
#include "models.h"
#include "rewritten.h"
#include "suite.h"

#include "adze/io/models.h"
#include "adze/ops.h"

AD_MODEL_FILES(flat);
AD_MODEL_FILES(nested);

static char folder[PATH_SIZE], path[2 * PATH_SIZE], other[2 * PATH_SIZE];

static void open_folder(void)
{
    make_directory(folder);
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    snprintf(other, sizeof other, "%s/b.safetensors", folder);
}

static void close_folder(void)
{
    remove_directory(folder);
}

static void save(const ad_tree *tree, const void *model)
{
    ad_error error = {AD_OK, ""};
    ck_assert_msg(ad_model_save(tree, path, model, NULL, &error) == AD_OK, "%s", error.text);
}

/* ---- round trips -------------------------------------------------------------------- */

START_TEST(a_model_is_loaded_as_it_was_saved)
{
    const ad_tree *tree = CASE_MODEL(_i);
    any_model model, made, filled;
    memset(&made, 0, sizeof made);
    build_model(tree, NULL, CASE_TYPE(_i), &model);
    build_model(tree, NULL, CASE_TYPE(_i), &filled);
    save(tree, &model);
    model_list list = list_model(tree);
    const void *before = array_of(&list, &filled, 0)->data;
    set_number(array_of(&list, &filled, 0), 0, 77);
    ck_assert_int_eq(ad_model_load(tree, path, &made, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_model_load(tree, path, &filled, NULL, NULL), AD_OK);
    ck_assert_ptr_eq(array_of(&list, &filled, 0)->data,
                     before); /* its numbers stay where they are */
    uint64_t digest = take_snapshot(tree, &model).digest;
    ck_assert_uint_eq(take_snapshot(tree, &made).digest, digest);
    ck_assert_uint_eq(take_snapshot(tree, &filled).digest, digest);
    for (size_t i = 0; i < list.count; i++)
        ck_assert(
            ad_shape_equal(&array_of(&list, &made, i)->shape, &array_of(&list, &model, i)->shape));
    ad_model_free(tree, &model);
    ad_model_free(tree, &made);
    ad_model_free(tree, &filled);
}
END_TEST

START_TEST(arrays_are_named_as_pytorch_names_them)
{
    static const char *const names[] = {"layer.0.w",      "layer.2.b",       "gain.1",
                                        "whole.hidden.w", "part.0.output.b", "whole.scale"};
    deep model;
    build_model(&deep_tree, NULL, AD_F32, &model);
    save(&deep_tree, &model);
    ad_safetensors *file = ad_safetensors_open(path, NULL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(ad_safetensors_find(file, names[i]) >= 0, "%s", names[i]);
    ck_assert_int_eq(ad_safetensors_count(file), (int)deep_tree.arrays);
    ad_safetensors_close(file);
    ad_model_free(&deep_tree, &model);
}
END_TEST

static ad_status list_array(void *user, const char *name, ad_array *a)
{
    ad_named_view **next = user;
    char *own = malloc(64);
    strcpy(own, name);
    *(*next)++ = (ad_named_view){own, ad_array_view(*a), AD_FULL};
    return AD_OK;
}

START_TEST(names_with_brackets_are_read_as_well)
{
    ad_named_view views[MOST_ARRAYS], *end = views;
    deep model, made;
    memset(&made, 0, sizeof made);
    build_model(&deep_tree, NULL, AD_F32, &model);
    ck_assert_int_eq(ad_model_visit(&deep_tree, &model, list_array, &end), AD_OK);
    ck_assert_str_eq(views[1].name, "layer[0].b");
    ck_assert_int_eq(ad_safetensors_write(path, (int)(end - views), views, 0, NULL, NULL, NULL),
                     AD_OK);
    ck_assert_int_eq(ad_model_load(&deep_tree, path, &made, NULL, NULL), AD_OK);
    ck_assert_uint_eq(take_snapshot(&deep_tree, &made).digest,
                      take_snapshot(&deep_tree, &model).digest);
    while (end > views)
        free((void *)(uintptr_t)(--end)->name);
    ad_model_free(&deep_tree, &model);
    ad_model_free(&deep_tree, &made);
}
END_TEST

START_TEST(new_arrays_come_from_the_allocators_that_are_given)
{
    test_allocator memory, own;
    test_allocator_init(&memory);
    test_allocator_init(&own);
    flat model, made = {.b = {.allocator = &own.base}};
    ad_model_load_options o = {.size = sizeof o, .allocator = &memory.base};
    build_model(&flat_tree, NULL, AD_F64, &model);
    ck_assert_int_eq(flat_save(path, &model, NULL, NULL), AD_OK);
    ck_assert_int_eq(flat_load(path, &made, &o, NULL), AD_OK);
    ck_assert_ptr_eq(made.w.allocator, &memory.base);
    ck_assert_ptr_eq(made.b.allocator, &own.base);
    ck_assert_uint_eq(memory.live_blocks, 1);
    flat_free(&made);
    flat_free(&model);
    ck_assert_uint_eq(memory.live_blocks + own.live_blocks, 0);
}
END_TEST

/* ---- what must fit ------------------------------------------------------------------ */

static const double reals[] = {1, 2, 3, 4, 5, 6};
static const int32_t integers[] = {1, 2, 3, 4, 5, 6};

/* A file of `flat` with a change. */
typedef struct misfit {
    const char *what;
    change change;
    bool convert, ignore;
    const char *prefix;
    ad_status filled, empty; /* for a model with arrays, and without */
    const char *text;
} misfit;

#define F32_3_2                     \
    {                               \
        reals, AD_F32, {2, {3, 2}}, \
        {                           \
            2, 1                    \
        }                           \
    }
#define F32_6                    \
    {                            \
        reals, AD_F32, {1, {6}}, \
        {                        \
            1                    \
        }                        \
    }
#define F64_2_3                     \
    {                               \
        reals, AD_F64, {2, {2, 3}}, \
        {                           \
            3, 1                    \
        }                           \
    }
#define I32_2_3                        \
    {                                  \
        integers, AD_I32, {2, {2, 3}}, \
        {                              \
            3, 1                       \
        }                              \
    }

static const misfit rows[] = {
    {"nothing", {0}, 0, 0, NULL, AD_OK, AD_OK, NULL},
    {"a missing array",
     {.drop = "b"},
     0,
     0,
     NULL,
     AD_FORMAT,
     AD_FORMAT,
     "there is no b for flat.b; the file has no other arrays"},
    {"another name",
     {.from = "w", .to = "weight"},
     0,
     0,
     NULL,
     AD_FORMAT,
     AD_FORMAT,
     "there is no w for flat.w; the file has weight"},
    {"one too many",
     {.name = "c", .numbers = F32_6},
     0,
     0,
     NULL,
     AD_FORMAT,
     AD_FORMAT,
     "c is no field of flat (.ignore_superfluous allows this)"},
    {"one too many, allowed", {.name = "c", .numbers = F32_6}, 0, 1, NULL, AD_OK, AD_OK, NULL},
    {"another shape",
     {.name = "w", .numbers = F32_3_2},
     0,
     0,
     NULL,
     AD_BAD_SHAPE,
     AD_OK,
     "w is [3, 2], but flat.w is [2, 3]"},
    {"another rank",
     {.name = "w", .numbers = F32_6},
     0,
     0,
     NULL,
     AD_BAD_SHAPE,
     AD_OK,
     "w is [6], but flat.w is [2, 3]"},
    {"another type",
     {.name = "w", .numbers = F64_2_3},
     0,
     0,
     NULL,
     AD_BAD_TYPE,
     AD_OK,
     "w is F64, but flat.w is f32 (.convert allows this)"},
    {"another type, converted", {.name = "w", .numbers = F64_2_3}, 1, 0, NULL, AD_OK, AD_OK, NULL},
    {"halves",
     {.name = "w", .numbers = F64_2_3, .precision = AD_F16},
     0,
     0,
     NULL,
     AD_BAD_TYPE,
     AD_BAD_TYPE,
     "w is F16, "},
    {"halves, converted",
     {.name = "w", .numbers = F64_2_3, .precision = AD_F16},
     1,
     0,
     NULL,
     AD_OK,
     AD_OK,
     NULL},
    {"bfloat16, converted",
     {.name = "w", .numbers = F64_2_3, .precision = AD_BF16},
     1,
     0,
     NULL,
     AD_OK,
     AD_OK,
     NULL},
    {"integers",
     {.name = "w", .numbers = I32_2_3},
     1,
     0,
     NULL,
     AD_BAD_TYPE,
     AD_OK,
     "w is I32, but flat.w is f32"},
    {"a prefix",
     {0},
     0,
     0,
     "model.",
     AD_FORMAT,
     AD_FORMAT,
     "there is no model.w for flat.w; the file has b"},
};
enum { MISFITS = sizeof rows / sizeof *rows };

static const char *name_of_row(int i)
{
    return rows[i / 2].what;
}

START_TEST(what_does_not_fit_is_named_and_nothing_is_written)
{
    bool is_empty = _i % 2;
    ad_model_load_options o = {.size = sizeof o,
                               .prefix = rows[_i / 2].prefix,
                               .convert = rows[_i / 2].convert,
                               .ignore_superfluous = rows[_i / 2].ignore};
    ad_status expected = is_empty ? rows[_i / 2].empty : rows[_i / 2].filled;
    ad_error error = {AD_OK, ""};
    flat saved, model = {.w = {.data = NULL}};
    build_model(&flat_tree, NULL, AD_F32, &saved);
    save(&flat_tree, &saved);
    rewrite(path, other, &rows[_i / 2].change);
    if (!is_empty)
        build_model(&flat_tree, NULL, AD_F32, &model);
    snapshot before = take_snapshot(&flat_tree, &model);
    ck_assert_msg(flat_load(other, &model, &o, &error) == expected, "%d: %s", error.status,
                  error.text);
    if (expected != AD_OK) {
        expect_unchanged(&flat_tree, &model, &before);
        ck_assert_msg(strstr(error.text, rows[_i / 2].text) && strstr(error.text, other), "%s",
                      error.text);
    } else if (rows[_i / 2].change.precision || (rows[_i / 2].convert && !is_empty)) {
        ck_assert_int_eq(model.w.type, AD_F32);
        for (int i = 0; i < 6; i++)
            ck_assert_float_eq(((float *)model.w.data)[i], (float)reals[i]);
    }
    flat_free(&model);
    flat_free(&saved);
}
END_TEST

START_TEST(a_prefix_chooses_among_the_arrays_of_a_file)
{
    nested model;
    flat hidden = {.w = {.data = NULL}};
    ad_model_load_options o = {.size = sizeof o, .prefix = "hidden."};
    build_model(&nested_tree, NULL, AD_F32, &model);
    save(&nested_tree, &model);
    ck_assert_int_eq(flat_load(path, &hidden, &o, NULL), AD_OK);
    ck_assert_uint_eq(take_snapshot(&flat_tree, &hidden).digest,
                      take_snapshot(&flat_tree, &model.hidden).digest);
    nested_free(&model);
    flat_free(&hidden);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

START_TEST(a_model_that_holds_nothing_is_not_saved)
{
    ad_error error = {AD_OK, ""};
    nested model;
    build_model(&nested_tree, NULL, AD_F32, &model);
    ad_array_free(&model.output.w);
    ck_assert_int_eq(nested_save(path, &model, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, "nested.output.w holds no numbers"), "%s", error.text);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_null(file);
    nested_free(&model);
}
END_TEST

#define LONG_NAME \
    a_field_whose_name_is_so_long_that_its_path_with_that_of_another_is_longer_than_a_name_may_be_
AD_MODEL(long_inner, LONG_NAME);
AD_MODEL(long_outer, (long_inner, LONG_NAME));

START_TEST(a_path_that_is_too_long_is_refused)
{
    ad_error error = {AD_OK, ""};
    long_outer model = {{ad_zeros(AD_F32, AD_SHAPE(2))}};
    ck_assert_int_eq(ad_model_save(&long_outer_tree, path, &model, NULL, &error), AD_TOO_LARGE);
    ck_assert_msg(strstr(error.text, "too long: a_field_whose"), "%s", error.text);
    long_outer_free(&model);
}
END_TEST

START_TEST(a_load_that_runs_out_of_memory_changes_nothing)
{
    nested saved, model = {.scale = {.data = NULL}};
    build_model(&nested_tree, NULL, AD_F32, &saved);
    save(&nested_tree, &saved);
    test_allocator memory;
    test_allocator_init(&memory);
    ad_model_load_options o = {.size = sizeof o, .allocator = &memory.base};
    if (_i)
        build_model(&nested_tree, NULL, AD_F32, &model);
    snapshot before = take_snapshot(&nested_tree, &model);
    size_t call = 0;
    for (ad_status status = AD_MEMORY; status != AD_OK;) {
        ad_error error = {AD_OK, ""};
        memory.calls = 0;
        memory.fail_at = ++call;
        status = nested_load(path, &model, &o, &error);
        if (status == AD_OK)
            break;
        ck_assert_int_eq(status, AD_MEMORY);
        ck_assert_int_eq(error.status, AD_MEMORY);
        expect_unchanged(&nested_tree, &model, &before);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
    ck_assert_uint_gt(call, 7);
    nested_free(&model);
    nested_free(&saved);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(a_save_that_runs_out_of_memory_leaves_the_old_file)
{
    flat old, model;
    build_model(&flat_tree, NULL, AD_F32, &old);
    build_model(&flat_tree, NULL, AD_F64, &model);
    save(&flat_tree, &old);
    size_t call = 0;
    for (ad_status status = AD_MEMORY; status != AD_OK;) {
        ad_error error = {AD_OK, ""};
        plain_calls = 0;
        plain_fail_at = ++call;
        status = flat_save(path, &model, NULL, &error);
        plain_fail_at = 0;
        ad_safetensors *file = ad_safetensors_open(path, NULL, NULL);
        ck_assert_int_eq(ad_safetensors_type(file, 0), status == AD_OK ? AD_F64 : AD_F32);
        ad_safetensors_close(file);
        ck_assert(status == AD_OK || status == AD_MEMORY);
        ck_assert_int_eq(error.status, status);
    }
    flat_free(&old);
    flat_free(&model);
}
END_TEST

START_TEST(arguments_that_make_no_sense_are_refused)
{
    flat model;
    ad_error error = {AD_OK, ""};
    build_model(&flat_tree, NULL, AD_F32, &model);
    ad_model_load_options o = {.size = 3};
    ck_assert_int_eq(flat_save(NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(flat_save(path, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(NULL, path, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(flat_load(NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(flat_load(path, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(flat_load_file(NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(flat_load(path, &model, NULL, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, path), "%s", error.text);
    save(&flat_tree, &model);
    ck_assert_int_eq(flat_load(path, &model, &o, NULL), AD_MISUSE);
    flat_free(&model);
}
END_TEST

/* ---- in place ----------------------------------------------------------------------- */

START_TEST(numbers_are_frozen_where_the_file_has_them)
{
    nested model;
    build_model(&nested_tree, NULL, _i ? AD_F64 : AD_F32, &model);
    save(&nested_tree, &model);
    ad_tape *t = ad_tape_new(NULL);
    ad_safetensors *file = ad_safetensors_open(path, NULL, NULL);
    nested_tensors m = nested_freeze_file(t, file, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_view v = ad_read(m.hidden.b),
            there = ad_safetensors_view(file, ad_safetensors_find(file, "hidden.b"));
    ck_assert_ptr_eq(v.data, there.data);
    ck_assert(!ad_is_tracked(m.scale));
    ck_assert_double_eq(ad_item(ad_sum(m.hidden.b)),
                        number_in_field(1, 0) + number_in_field(1, 1) + number_in_field(1, 2));
    ad_tape_free(t);
    ad_safetensors_close(file);
    nested_free(&model);
}
END_TEST

START_TEST(numbers_that_cannot_stay_in_the_file_are_copied_to_the_tape)
{
    const ad_view w = AD_VIEW(reals, 2, 3);
    const ad_named_view arrays[] = {{"w", w, _i ? AD_BF16 : AD_FULL},
                                    {"b", AD_VIEW(reals, 3), AD_FULL}};
    ck_assert_int_eq(ad_safetensors_write(path, 2, arrays, 0, NULL, NULL, NULL), AD_OK);
    static unsigned char bytes[4096];
    FILE *from = fopen(path, "rb");
    size_t size =
        fread(bytes + 1, 1, sizeof bytes - 1, from); /* one byte aside, nothing is aligned */
    fclose(from);
    ad_safetensors *file = ad_safetensors_parse(bytes + 1, size, "bytes", NULL, NULL);
    ck_assert_ptr_nonnull(file);
    ad_tape *t = ad_tape_new(NULL);
    ad_model_load_options o = {.size = sizeof o, .convert = _i};
    flat_tensors m = flat_freeze_file(t, file, &o);
    ad_safetensors_close(file);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s", ad_tape_error(t));
    ad_view read = ad_read(m.w);
    ck_assert_int_eq(read.type, _i ? AD_F32 : AD_F64);
    ck_assert_double_eq(ad_item(ad_sum(m.w)), 21);
    ck_assert_double_eq(ad_item(ad_sum(m.b)), 6);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_file_that_does_not_fit_fails_on_the_tape)
{
    flat model;
    build_model(&flat_tree, NULL, AD_F32, &model);
    save(&flat_tree, &model);
    ad_tape *t = ad_tape_new(NULL);
    ad_safetensors *file = ad_safetensors_open(path, NULL, NULL);
    nested_tensors m = nested_freeze_file(t, file, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_FORMAT);
    ck_assert_msg(strstr(message_of(t), "freeze_file: ") == message_of(t) &&
                      strstr(message_of(t), "there is no hidden.w for nested.hidden.w"),
                  "%s", message_of(t));
    ck_assert_ptr_null(ad_read(ad_add(m.scale, m.hidden.w)).data);
    ad_tape_reset(t);
    flat_freeze_file(t, NULL, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    flat_freeze_file(NULL, file, NULL);
    ad_tape_free(t);
    ad_safetensors_close(file);
    flat_free(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_files");
    TCase *all = tcase_create("models in files");
    tcase_add_checked_fixture(all, open_folder, close_folder);
    tcase_add_loop_test(all, a_model_is_loaded_as_it_was_saved, 0, CASES);
    tcase_add_test(all, arrays_are_named_as_pytorch_names_them);
    tcase_add_test(all, names_with_brackets_are_read_as_well);
    tcase_add_test(all, new_arrays_come_from_the_allocators_that_are_given);
    tcase_add_test(all, a_prefix_chooses_among_the_arrays_of_a_file);
    tcase_add_test(all, a_model_that_holds_nothing_is_not_saved);
    tcase_add_test(all, a_path_that_is_too_long_is_refused);
    tcase_add_loop_test(all, a_load_that_runs_out_of_memory_changes_nothing, 0, 2);
    tcase_add_test(all, a_save_that_runs_out_of_memory_leaves_the_old_file);
    tcase_add_test(all, arguments_that_make_no_sense_are_refused);
    tcase_add_loop_test(all, numbers_are_frozen_where_the_file_has_them, 0, 2);
    tcase_add_loop_test(all, numbers_that_cannot_stay_in_the_file_are_copied_to_the_tape, 0, 2);
    tcase_add_test(all, a_file_that_does_not_fit_fails_on_the_tape);
    TCase *misfits = tcase_create("misfits");
    tcase_add_checked_fixture(misfits, open_folder, close_folder);
    add_row_tests(misfits, what_does_not_fit_is_named_and_nothing_is_written, 2 * MISFITS,
                  name_of_row);
    suite_add_tcase(suite, all);
    suite_add_tcase(suite, misfits);
    return run_suite(suite);
}
