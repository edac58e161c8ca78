/* Models and training states in files. */
#include "misuse.h"

AD_MODEL(saved, w, b);

static const char there[] = "/dev/null", nowhere[] = "/no/such/folder/file";
static const float number[] = {1};

static saved small_model(void)
{
    return (saved){ad_array_of(AD_F32, (void *)(uintptr_t)number, AD_SHAPE(1)),
                   ad_array_of(AD_F32, (void *)(uintptr_t)number, AD_SHAPE(1))};
}

static void run_model_save(void)
{
    saved model = small_model(), nothing = {.w = {.data = NULL}};
    ad_write_options no_size = {0};
    ck_assert_int_eq(ad_model_save(NULL, nowhere, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(&saved_tree, NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(&saved_tree, nowhere, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(&saved_tree, nowhere, &nothing, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(&saved_tree, nowhere, &model, &no_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_save(&saved_tree, nowhere, &model, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_model_save(&saved_tree, there, &model, NULL, NULL), AD_FILE);
}
static void run_model_load(void)
{
    saved model = small_model();
    ad_model_load_options no_size = {0};
    ck_assert_int_eq(ad_model_load(NULL, nowhere, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load(&saved_tree, NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load(&saved_tree, nowhere, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load(&saved_tree, nowhere, &model, &no_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load(&saved_tree, nowhere, &model, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_model_load(&saved_tree, there, &model, NULL, NULL), AD_FILE);
}

/* A file with no arrays. */
static ad_safetensors *empty_file(void)
{
    static const char bytes[] = "\x08\0\0\0\0\0\0\0{}      ";
    ad_safetensors *file = ad_safetensors_parse(bytes, sizeof bytes - 1, "empty", NULL, NULL);
    ck_assert_ptr_nonnull(file);
    return file;
}

static void run_model_load_file(void)
{
    saved model = small_model();
    ad_model_load_options no_size = {0};
    ad_safetensors *file = empty_file();
    ck_assert_int_eq(ad_model_load_file(NULL, file, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load_file(&saved_tree, NULL, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load_file(&saved_tree, file, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load_file(&saved_tree, file, &model, &no_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_load_file(&saved_tree, file, &model, NULL, NULL), AD_FORMAT);
    ad_safetensors_close(file);
}
static void run_model_freeze_file(void)
{
    ad_safetensors *file = empty_file();
    ad_tape *t = ad_tape_new(NULL);
    ad_model_load_options no_size = {0};
    saved_tensors m;
    ad_model_freeze_file(&saved_tree, NULL, file, NULL, &m);
    ck_assert_ptr_null(m.w.tape);
    ad_model_freeze_file(NULL, t, file, NULL, &m);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ad_tape_reset(t);
    ad_model_freeze_file(&saved_tree, t, NULL, NULL, &m);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ad_tape_reset(t);
    ad_model_freeze_file(&saved_tree, t, file, NULL, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_FORMAT);
    ad_tape_reset(t);
    ad_model_freeze_file(&saved_tree, t, file, &no_size, &m);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ck_assert_ptr_null(ad_read(m.w).data);
    ad_tape_free(t);
    ad_safetensors_close(file);
}

static void run_training_save(void)
{
    int64_t steps = 1;
    ad_training_part part = ad_integer_part("steps", &steps), none = {0};
    ck_assert_int_eq(ad_training_save(NULL, 1, &part, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(nowhere, 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(nowhere, -1, &part, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(nowhere, 1, &none, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_save(nowhere, 1, &part, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_training_save(there, 1, &part, NULL, NULL), AD_FILE);
}
static void run_training_load(void)
{
    int64_t steps = 1;
    ad_training_part part = ad_integer_part("steps", &steps), none = {0};
    ad_training_load_options no_size = {0};
    ck_assert_int_eq(ad_training_load(NULL, 1, &part, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(nowhere, 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(nowhere, -1, &part, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(nowhere, 1, &none, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(nowhere, 1, &part, &no_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load(nowhere, 1, &part, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_training_load(there, 1, &part, NULL, NULL), AD_FILE);
    ck_assert_int_eq(steps, 1);
}
static void run_training_load_file(void)
{
    int64_t steps = 1;
    ad_training_part part = ad_integer_part("steps", &steps);
    ad_safetensors *file = empty_file();
    ck_assert_int_eq(ad_training_load_file(NULL, 1, &part, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load_file(file, 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_training_load_file(file, 1, &part, NULL, NULL), AD_FORMAT);
    ck_assert_int_eq(ad_training_load_file(file, 0, NULL, NULL, NULL), AD_FORMAT);
    ad_safetensors_close(file);
}

/* clang-format off */
#define MODEL_FILE_ROWS(ROW) \
    ROW(model_save) ROW(model_load) ROW(model_load_file) ROW(model_freeze_file) \
    ROW(training_save) ROW(training_load) ROW(training_load_file)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row model_file_rows[] = {MODEL_FILE_ROWS(ROW_OF)};
const size_t model_file_row_count = sizeof model_file_rows / sizeof *model_file_rows;
