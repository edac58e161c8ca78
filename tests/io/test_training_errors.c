/* Training states that do not fit: the message names what is missing or different, and nothing
 * is loaded; parts that make no sense; memory that runs out; files that are malformed. */
#include "adze/ops.h"

#include "allocator.h"
#include "idx_bytes.h"
#include "rewritten.h"
#include "suite.h"
#include "training_run.h"

#include <unistd.h>

AD_MODEL_FILES(nested);

static char folder[PATH_SIZE], path[2 * PATH_SIZE], other[2 * PATH_SIZE];
static training_run saved, loaded;

static void open_runs(void)
{
    make_directory(folder);
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    snprintf(other, sizeof other, "%s/b.safetensors", folder);
    begin_run(&saved, &builtin_rows[1], 0, AD_F32, true); /* Adam */
    begin_run(&loaded, &builtin_rows[1], 0, AD_F32, true);
    run_steps(&saved, 5);
    run_steps(&loaded, 2);
    ck_assert_int_eq(ad_training_save(path, PARTS, saved.parts, NULL, NULL), AD_OK);
}

static void close_runs(void)
{
    end_run(&saved);
    end_run(&loaded);
    remove_directory(folder);
}

static void add(uint64_t *digest, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        *digest = (*digest ^ bytes[i]) * 0x100000001b3;
}

static ad_status add_array(void *digest, const char *name, ad_array *a)
{
    add(digest, name, strlen(name));
    add(digest, &a->type, sizeof a->type);
    if (a->data)
        add(digest, a->data, ad_array_count(a) * ad_type_size(a->type));
    return AD_OK;
}

/* Of all that is saved of a run. */
static uint64_t digest_of(training_run *r)
{
    uint64_t digest = 0xcbf29ce484222325;
    nested_visit(&r->model, add_array, &digest);
    nested_visit(&r->average, add_array, &digest);
    nested_visit(&r->gradient, add_array, &digest);
    for (int i = 0; i < r->states.count; i++)
        nested_visit(nested_states_at(&r->states, i), add_array, &digest);
    add(&digest, &r->states.steps, sizeof r->states.steps);
    add(&digest, &r->plateau.best, sizeof r->plateau.best);
    add(&digest, &r->plateau.waited, sizeof r->plateau.waited);
    add(&digest, &r->plateau.scale, sizeof r->plateau.scale);
    add(&digest, &r->random, sizeof r->random);
    add(&digest, &r->key, sizeof r->key);
    add_array(&digest, "order", &r->order);
    add(&digest, &r->epoch, sizeof r->epoch);
    add(&digest, &r->best, sizeof r->best);
    add(&digest, r->note, strlen(r->note));
    return digest;
}

/* ---- states that do not fit ------------------------------------------------------------ */

static const double reals[] = {1, 2, 3, 4, 5, 6};
static const int32_t counts[] = {-1, 1, 3, 5};
static const int64_t steps[] = {-1, INT64_MAX};
#define F64_3                    \
    {                            \
        reals, AD_F64, {1, {3}}, \
        {                        \
            1                    \
        }                        \
    }
#define F64                      \
    {                            \
        reals, AD_F64, {0, {0}}, \
        {                        \
            0                    \
        }                        \
    }
#define COUNTED(i)                    \
    {                                 \
        &counts[i], AD_I32, {0, {0}}, \
        {                             \
            0                         \
        }                             \
    }
#define STEPPED(i)                   \
    {                                \
        &steps[i], AD_I64, {0, {0}}, \
        {                            \
            0                        \
        }                            \
    }

typedef struct misfit {
    const char *what;
    change change;
    ad_status status;
    const char *text;
} misfit;

static const misfit rows[] = {
    {"nothing", {0}, AD_OK, NULL},
    {"no format", {.key = "format"}, AD_FORMAT, "is no training state"},
    {"another format", {.key = "format", .value = "pt"}, AD_FORMAT, "is no training state"},
    {"no version", {.key = "version"}, AD_FORMAT, "version unknown, not 1"},
    {"a later version", {.key = "version", .value = "2"}, AD_FORMAT, "version 2, not 1"},
    {"an array of the model",
     {.drop = "model.hidden.w"},
     AD_FORMAT,
     "there is no model.hidden.w for nested.hidden.w"},
    {"a whole part", {.key = "model.arrays", .value = "none"}, AD_MISUSE, "holds no numbers"},
    {"a superfluous array",
     {.name = "extra", .numbers = F64_3},
     AD_FORMAT,
     "extra belongs to no part"},
    {"a shape",
     {.name = "model.hidden.b", .numbers = {reals, AD_F32, {1, {2}}, {1}}},
     AD_BAD_SHAPE,
     "model.hidden.b is [2], but nested.hidden.b is [3]"},
    {"a type",
     {.name = "average.hidden.b", .numbers = F64_3},
     AD_BAD_TYPE,
     "average.hidden.b is F64, but nested.hidden.b is f32"},
    {"a state",
     {.drop = "optimiser.1.scale"},
     AD_FORMAT,
     "there is no optimiser.1.scale for nested.scale"},
    {"the shape of a state",
     {.name = "optimiser.0.hidden.b", .numbers = {reals, AD_F32, {1, {2}}, {1}}},
     AD_BAD_SHAPE,
     "optimiser.0.hidden.b is [2], but nested.hidden.b is [3]"},
    {"the steps", {.drop = "optimiser.steps"}, AD_FORMAT, "there is no optimiser.steps"},
    {"steps of another type",
     {.name = "optimiser.steps", .numbers = F64},
     AD_BAD_TYPE,
     "optimiser.steps is F64, but the part \"optimiser\" is i64"},
    {"negative steps",
     {.name = "optimiser.steps", .numbers = STEPPED(0)},
     AD_FORMAT,
     "2 states of \"adam\" after -1 steps cannot be"},
    {"the last of all steps",
     {.name = "optimiser.steps", .numbers = STEPPED(1)},
     AD_FORMAT,
     "cannot be"},
    {"a negative count",
     {.name = "optimiser.count", .numbers = COUNTED(0)},
     AD_FORMAT,
     "-1 states of \"adam\""},
    {"too few states",
     {.name = "optimiser.count", .numbers = COUNTED(1)},
     AD_FORMAT,
     "optimiser has 1 states there, and with these settings 2"},
    {"a state too many",
     {.name = "optimiser.count", .numbers = COUNTED(2)},
     AD_FORMAT,
     "there is no optimiser.2.hidden.w"},
    {"far too many states",
     {.name = "optimiser.count", .numbers = COUNTED(3)},
     AD_FORMAT,
     "cannot be"},
    {"no optimiser", {.key = "optimiser.optimiser"}, AD_FORMAT, "no text optimiser.optimiser"},
    {"states of none", {.key = "optimiser.optimiser", .value = ""}, AD_FORMAT, "cannot be"},
    {"another optimiser",
     {.key = "optimiser.optimiser", .value = "lion"},
     AD_FORMAT,
     "nested.hidden.w has states of lion there, and the method adam"},
    {"another group",
     {.key = "optimiser.optimiser.hidden.b", .value = "adam"},
     AD_FORMAT,
     "nested.hidden.b has states of adam there, and the method sgd"},
    {"no group",
     {.key = "optimiser.optimiser.output.b"},
     AD_FORMAT,
     "nested.output.b has states of adam there, and the method sgd"},
    {"one group more",
     {.key = "optimiser.optimiser.scale", .value = "sgd"},
     AD_FORMAT,
     "nested.scale has states of sgd there, and the method adam"},
    {"the plateau", {.drop = "plateau.scale"}, AD_FORMAT, "there is no plateau.scale"},
    {"a generator of another shape",
     {.name = "random", .numbers = F64_3},
     AD_BAD_TYPE,
     "random is F64, but the part \"random\" is i64"},
    {"a key of another shape",
     {.name = "key", .numbers = {steps, AD_I64, {0, {0}}, {0}}},
     AD_BAD_SHAPE,
     "key is [], but the part \"key\" is [2]"},
    {"an integer", {.drop = "epoch"}, AD_FORMAT, "there is no epoch"},
    {"a number",
     {.name = "best", .numbers = F64_3},
     AD_BAD_SHAPE,
     "best is [3], but the part \"best\" is []"},
    {"an array of your own", {.drop = "order"}, AD_FORMAT, "there is no order for the array"},
    {"a text", {.key = "note"}, AD_FORMAT, "there is no text note in the metadata"},
    {"a text that is too long",
     {.key = "note", .value = "sixteen letters."},
     AD_TOO_LARGE,
     "the text note needs 17 bytes, but its room has 16"},
    {"a superfluous text",
     {.key = "author", .value = "somebody"},
     AD_FORMAT,
     "the text author belongs to no part"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char *name_of_row(int i)
{
    return rows[i].what;
}

START_TEST(what_does_not_fit_is_named_and_nothing_is_loaded)
{
    ad_error error = {AD_OK, ""};
    uint64_t before = digest_of(&loaded);
    rewrite(path, other, &rows[_i].change);
    ad_status status = ad_training_load(other, PARTS, loaded.parts, NULL, &error);
    ck_assert_msg(status == rows[_i].status && error.status == status, "%d: %s", status,
                  error.text);
    if (status == AD_OK)
        ck_assert_uint_eq(digest_of(&loaded), digest_of(&saved));
    else
        ck_assert_uint_eq(digest_of(&loaded), before);
    ck_assert_msg(!rows[_i].text ||
                      (strstr(error.text, rows[_i].text) && strstr(error.text, other)) ||
                      status == AD_MISUSE,
                  "%s", error.text);
}
END_TEST

START_TEST(another_method_than_that_of_the_states_is_refused)
{
    ad_error error = {AD_OK, ""};
    uint64_t before = digest_of(&loaded);
    ad_adam amsgrad = ad_adam_new(1e-3);
    ad_lion lion = ad_lion_new(1e-3, 0);
    amsgrad.amsgrad = true;
    ad_training_part *part = &loaded.parts[2];
    const ad_method method = part->method;
    part->method = ad_lion_method(&lion);
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, NULL, &error), AD_FORMAT);
    ck_assert_msg(strstr(error.text, "has states of adam there, and the method lion"), "%s",
                  error.text);
    error.status = AD_OK;
    part->method = ad_adam_method(&amsgrad);
    part->method.groups = method.groups;
    part->method.group_count = method.group_count;
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, NULL, &error), AD_FORMAT);
    ck_assert_msg(strstr(error.text, "2 states there, and with these settings 3"), "%s",
                  error.text);
    amsgrad = (ad_adam){.rate = 1};
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, NULL, NULL), AD_DOMAIN);
    part->method.optimiser = NULL;
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, NULL, NULL), AD_MISUSE);
    part->method = method;
    ck_assert_uint_eq(digest_of(&loaded), before);
}
END_TEST

/* Settings that needed more states than those of now: the states are all there. */
START_TEST(states_that_the_settings_do_not_need_any_more_are_kept)
{
    training_run more, less;
    begin_run(&more, &builtin_rows[1], 1, AD_F32, true); /* amsgrad */
    begin_run(&less, &builtin_rows[1], 0, AD_F32, false);
    run_steps(&more, 3);
    ck_assert_int_eq(more.states.count, 3);
    ck_assert_int_eq(ad_training_save(path, PARTS, more.parts, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_training_load(path, PARTS, less.parts, NULL, NULL), AD_OK);
    ck_assert_int_eq(less.states.count, 3);
    ck_assert_uint_eq(digest_of(&less), digest_of(&more));
    end_run(&more);
    end_run(&less);
}
END_TEST

/* ---- saving ------------------------------------------------------------------------- */

START_TEST(states_are_saved_with_their_own_method_and_model_alone)
{
    ad_error error = {AD_OK, ""};
    ad_training_part *part = &loaded.parts[2];
    const ad_training_part good = *part;
    ad_lion lion = ad_lion_new(1e-3, 0);
    part->method = ad_lion_method(&lion);
    ck_assert_int_eq(ad_training_save(path, PARTS, loaded.parts, NULL, &error), AD_MISUSE);
    ck_assert_msg(
        strstr(error.text, "part \"optimiser\": the states are those of another optimiser, adam"),
        "%s", error.text);
    *part = good;
    error.status = AD_OK;
    part->method.group_count = 0;
    ck_assert_int_eq(ad_training_save(path, PARTS, loaded.parts, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, "the states are those of other groups"), "%s", error.text);
    *part = good;
    error.status = AD_OK;
    flat small = {ad_zeros(AD_F32, AD_SHAPE(1)), ad_zeros(AD_F32, AD_SHAPE(1))};
    *part = ad_states_part("optimiser", &flat_tree, good.method, &loaded.states, &small);
    ck_assert_int_eq(ad_training_save(path, PARTS, loaded.parts, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, "the states are those of another model"), "%s", error.text);
    *part = good;
    flat_free(&small);
    ck_assert_int_eq(ad_training_load(path, PARTS, saved.parts, NULL, NULL),
                     AD_OK); /* the old file */
}
END_TEST

/* A part that makes no sense, in the place of the first. */
static void expect_refused(ad_training_part part, const char *text)
{
    ad_error error = {AD_OK, ""};
    ad_training_part good = loaded.parts[1];
    loaded.parts[1] = part;
    ck_assert_int_eq(ad_training_save(path, PARTS, loaded.parts, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, text), "%s", error.text);
    error.status = AD_OK;
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, text), "%s", error.text);
    loaded.parts[1] = good;
}

START_TEST(parts_that_make_no_sense_are_refused)
{
    static char long_name[102];
    int64_t number = 1;
    ad_training_part p = ad_integer_part("number", &number);
    memset(long_name, 'x', sizeof long_name - 1);
    static const char *const names[] = {"", "a.b", "a[1]", "b]", "format", "version"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_refused(ad_integer_part(names[i], &number), "name");
    expect_refused(ad_integer_part(NULL, &number), "it has no name");
    expect_refused(ad_integer_part(long_name, &number), "longer than 100 bytes");
    expect_refused(ad_integer_part("number", NULL), "a pointer is NULL");
    expect_refused(ad_integer_part("model", &number), "another part has this name");
    expect_refused(ad_integer_part("again", loaded.parts[0].target),
                   "another part has this target");
    expect_refused(ad_states_part("states", &nested_tree, loaded.method, &loaded.states, NULL),
                   "a pointer is NULL");
    expect_refused(ad_model_part("tree", NULL, &loaded.average), "an argument is NULL");
    p.size = 3;
    expect_refused(p, "begins without its size");
    p.size = sizeof p;
    p.kind = AD_PART_COUNT;
    expect_refused(p, "it is of no kind");
    ck_assert_int_eq(ad_training_save(NULL, 1, &p, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(path, -1, &p, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(path, 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load_file(NULL, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(path, 0, NULL, &(ad_training_load_options){.size = 1}, NULL),
                     AD_MISUSE);
    memset(loaded.note, 'x', sizeof loaded.note);
    ck_assert_int_eq(ad_training_save(path, PARTS, loaded.parts, NULL, NULL), AD_MISUSE);
    ad_lbfgs_memory history = {.pairs = 1};
    p = ad_lbfgs_part("history", &history);
    ck_assert_int_eq(ad_training_save(path, 1, &p, NULL, NULL), AD_MISUSE);
}
END_TEST

START_TEST(a_history_that_does_not_fit_its_room_is_refused)
{
    static const struct {
        change change;
        const char *text;
    } flaws[] = {
        {{.drop = "history.room"}, "there is no history.room"},
        {{.name = "history.room", .numbers = F64_3}, "its room is not f64"},
        {{.name = "history.room", .numbers = {reals, AD_F32, {2, {2, 1}}, {1, 1}}},
         "its room is not f64"},
        {{.name = "history.room", .numbers = {reals, AD_F64, {2, {3, 2}}, {2, 1}}},
         "its room is not f64"},
        {{.name = "history.pairs", .numbers = COUNTED(2)}, "its pairs are not in the room"},
        {{.name = "history.pairs", .numbers = COUNTED(0)}, "its pairs are not in the room"},
        {{.name = "history.next", .numbers = COUNTED(2)}, "its pairs are not in the room"},
        {{.name = "history.next", .numbers = COUNTED(0)}, "its pairs are not in the room"},
    };
    double numbers[] = {1, 2, 3, 4};
    ad_lbfgs_memory history = {1, 0, ad_array_of(AD_F64, numbers, AD_SHAPE(2, 2))};
    ad_lbfgs_memory read = {.pairs = 0};
    ad_training_part in = ad_lbfgs_part("history", &history), out = ad_lbfgs_part("history", &read);
    ck_assert_int_eq(ad_training_save(path, 1, &in, NULL, NULL), AD_OK);
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++) {
        ad_error error = {AD_OK, ""};
        rewrite(path, other, &flaws[i].change);
        ck_assert_int_eq(ad_training_load(other, 1, &out, NULL, &error), AD_FORMAT);
        ck_assert_msg(strstr(error.text, flaws[i].text), "%s", error.text);
        ck_assert_ptr_null(read.room.data);
    }
    ck_assert_int_eq(ad_training_load(path, 1, &out, NULL, NULL), AD_OK);
    ck_assert_int_eq(read.pairs, 1);
    ad_lbfgs_free(&read);
}
END_TEST

/* ---- options ------------------------------------------------------------------------ */

START_TEST(a_file_may_be_missing_if_the_options_say_so)
{
    ad_error error = {AD_OK, ""};
    uint64_t before = digest_of(&loaded);
    ad_training_load_options o = {.size = sizeof o, .may_be_missing = true};
    ck_assert_int_eq(ad_training_load(other, PARTS, loaded.parts, NULL, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, other), "%s", error.text);
    ck_assert_int_eq(ad_training_load(other, PARTS, loaded.parts, &o, NULL), AD_OK);
    ck_assert_uint_eq(digest_of(&loaded), before);
    ck_assert_int_eq(ad_training_load(folder, PARTS, loaded.parts, &o, NULL), AD_FILE);
    ck_assert_int_eq(ad_training_load(path, PARTS, loaded.parts, &o, NULL), AD_OK);
    ck_assert_uint_eq(digest_of(&loaded), digest_of(&saved));
}
END_TEST

START_TEST(some_parts_can_be_loaded_alone)
{
    nested model = {.scale = {.data = NULL}}, again = model;
    ad_training_part part = nested_part("model", &model);
    ad_training_load_options o = {.size = sizeof o, .ignore_superfluous = true};
    ad_model_load_options in_training = {.size = sizeof in_training, .prefix = "model."};
    ck_assert_int_eq(ad_training_load(path, 1, &part, &o, NULL), AD_OK);
    ck_assert_int_eq(nested_load(path, &again, &in_training, NULL), AD_OK);
    uint64_t digest = take_snapshot(&nested_tree, &saved.model).digest;
    ck_assert_uint_eq(take_snapshot(&nested_tree, &model).digest, digest);
    ck_assert_uint_eq(take_snapshot(&nested_tree, &again).digest, digest);
    nested_free(&model);
    nested_free(&again);
}
END_TEST

/* ---- memory, and files that are malformed ---------------------------------------------- */

START_TEST(a_load_that_runs_out_of_memory_changes_nothing)
{
    test_allocator memory;
    test_allocator_init(&memory);
    training_run empty;
    begin_run(&empty, &builtin_rows[1], 0, AD_F32, false);
    training_run *const runs[] = {&loaded, &empty};
    training_run *r = runs[_i];
    ad_training_load_options o = {.size = sizeof o, .allocator = &memory.base};
    uint64_t before = _i ? 0 : digest_of(r);
    ad_status status = AD_MEMORY;
    for (size_t call = 1; status != AD_OK; call++) {
        ad_error error = {AD_OK, ""};
        memory.calls = 0;
        memory.fail_at = call;
        status = ad_training_load(path, PARTS, r->parts, &o, &error);
        if (status == AD_OK)
            break;
        ck_assert_int_eq(status, AD_MEMORY);
        ck_assert_int_eq(error.status, AD_MEMORY);
        ck_assert_uint_eq(memory.live_blocks, 0);
        ck_assert(_i ? !r->model.scale.data && !r->states.optimiser && !r->order.data
                     : digest_of(r) == before);
    }
    ck_assert_uint_eq(digest_of(r), digest_of(&saved));
    end_run(&empty);
}
END_TEST

START_TEST(a_load_takes_all_memory_from_the_allocator_that_is_given)
{
    test_allocator memory;
    test_allocator_init(&memory);
    training_run empty;
    begin_run(&empty, &builtin_rows[1], 0, AD_F32, false);
    ad_training_load_options o = {.size = sizeof o, .allocator = &memory.base};
    no_plain_memory = true;
    ad_status status = ad_training_load(path, PARTS, empty.parts, &o, NULL);
    no_plain_memory = false;
    ck_assert_int_eq(status, AD_OK);
    ck_assert_ptr_eq(nested_states_at(&empty.states, 1)->scale.allocator, &memory.base);
    ck_assert_uint_eq(digest_of(&empty), digest_of(&saved));
    end_run(&empty);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(a_load_without_an_allocator_that_runs_out_of_memory_changes_nothing)
{
    uint64_t before = digest_of(&loaded);
    ad_status status = AD_MEMORY;
    for (size_t call = 1; status != AD_OK; call++) {
        ad_error error = {AD_OK, ""};
        plain_calls = 0;
        plain_fail_at = call;
        status = ad_training_load(path, PARTS, loaded.parts, NULL, &error);
        plain_fail_at = 0;
        ck_assert(status == AD_OK || status == AD_MEMORY);
        ck_assert_int_eq(error.status, status);
        ck_assert_uint_eq(digest_of(&loaded), status == AD_OK ? digest_of(&saved) : before);
    }
}
END_TEST

START_TEST(a_save_that_runs_out_of_memory_leaves_the_old_file)
{
    uint64_t before = digest_of(&saved);
    ad_status status = AD_MEMORY;
    for (size_t call = 1; status != AD_OK; call++) {
        ad_error error = {AD_OK, ""};
        plain_calls = 0;
        plain_fail_at = call;
        status = ad_training_save(path, PARTS, loaded.parts, NULL, &error);
        plain_fail_at = 0;
        ck_assert(status == AD_OK || status == AD_MEMORY);
        ck_assert_int_eq(error.status, status);
        if (status == AD_OK)
            break;
        ck_assert_int_eq(ad_training_load(path, PARTS, saved.parts, NULL, NULL), AD_OK);
        ck_assert_uint_eq(digest_of(&saved), before);
    }
}
END_TEST

/* One byte after another is changed. What is loaded nevertheless is whole, and what is not
 * changes nothing. */
START_TEST(a_file_with_a_wrong_byte_or_an_early_end_does_no_harm)
{
    static unsigned char bytes[1 << 16];
    size_t size, refused = 0;
    memcpy(bytes, bytes_of(path, &size), sizeof bytes);
    uint64_t before = digest_of(&loaded);
    ad_error error = {AD_OK, ""};
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 7);
        ad_safetensors *file = ad_safetensors_parse(bytes, _i ? i : size, "bytes", NULL, NULL);
        ad_status status =
            file ? ad_training_load_file(file, PARTS, loaded.parts, NULL, &error) : AD_FORMAT;
        if (status != AD_OK) {
            refused++;
            ck_assert_uint_eq(digest_of(&loaded), before);
        } else {
            before = digest_of(&loaded);
        }
        ad_safetensors_close(file);
        bytes[i] ^= (unsigned char)(1 << i % 7);
    }
    ck_assert_uint_ge(refused, _i ? size : 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training_errors");
    TCase *misfits = tcase_create("misfits"), *all = tcase_create("all others");
    tcase_add_checked_fixture(misfits, open_runs, close_runs);
    tcase_add_checked_fixture(all, open_runs, close_runs);
    add_row_tests(misfits, what_does_not_fit_is_named_and_nothing_is_loaded, ROWS, name_of_row);
    tcase_add_test(all, another_method_than_that_of_the_states_is_refused);
    tcase_add_test(all, states_that_the_settings_do_not_need_any_more_are_kept);
    tcase_add_test(all, states_are_saved_with_their_own_method_and_model_alone);
    tcase_add_test(all, parts_that_make_no_sense_are_refused);
    tcase_add_test(all, a_history_that_does_not_fit_its_room_is_refused);
    tcase_add_test(all, a_file_may_be_missing_if_the_options_say_so);
    tcase_add_test(all, some_parts_can_be_loaded_alone);
    tcase_add_loop_test(all, a_load_that_runs_out_of_memory_changes_nothing, 0, 2);
    tcase_add_test(all, a_load_takes_all_memory_from_the_allocator_that_is_given);
    tcase_add_test(all, a_load_without_an_allocator_that_runs_out_of_memory_changes_nothing);
    tcase_add_test(all, a_save_that_runs_out_of_memory_leaves_the_old_file);
    tcase_add_loop_test(all, a_file_with_a_wrong_byte_or_an_early_end_does_no_harm, 0, 2);
    suite_add_tcase(suite, misfits);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
