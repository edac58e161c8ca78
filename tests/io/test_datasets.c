/* Data sets: from a directory, and MNIST and Fashion-MNIST where they are at hand. */
#define _POSIX_C_SOURCE 200809L
#include "adze/datasets.h"

#include "allocator.h"
#include "idx_bytes.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- from a directory -------------------------------------------------------------- */

/* One way in which a directory differs from a good one: 3 train and 2 t10k images, [4, 5]. */
typedef struct variation {
    const char *name; /* the file */
    int code, rank;   /* of its header; code 0: the file is missing */
    int64_t dim[3];
    const char *text; /* of the refusal */
} variation;

static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* Writes numbers 0, 1, 2, ... with the shape. */
static void write_idx(const char *directory, const char *name, int code, ad_shape shape, bool gzip)
{
    char path[PATH_SIZE], packed_name[PATH_SIZE];
    blob b, packed;
    size_t count;
    ck_assert_int_eq(ad_shape_count(&shape, &count), AD_OK);
    blob_idx(&b, code, shape);
    for (size_t i = 0; i < count; i++)
        blob_put(&b, i, code >= 0x0C ? 4 : 1);
    snprintf(packed_name, sizeof packed_name, "%s.gz", name);
    blob_gzip(&packed, b.data, b.size);
    write_file(directory, gzip ? packed_name : name, gzip ? &packed : &b, path);
}

/* Fills a new directory, files being gzip by the bits of `gzip`. v may be NULL: nothing differs. */
static void make_data(char directory[PATH_SIZE], unsigned gzip, const variation *v)
{
    const ad_shape good[] = {AD_SHAPE(3, 4, 5), AD_SHAPE(3), AD_SHAPE(2, 4, 5), AD_SHAPE(2)};
    make_directory(directory);
    for (int i = 0; i < 4; i++) {
        bool differs = v && strcmp(v->name, names[i]) == 0;
        ad_shape shape = good[i];
        if (differs && v->code != 0) {
            shape.rank = v->rank;
            memcpy(shape.dim, v->dim, sizeof v->dim);
        }
        if (!differs || v->code != 0)
            write_idx(directory, names[i], differs ? v->code : 0x08, shape, gzip >> i & 1);
    }
}

START_TEST(a_directory_is_read_plain_or_gzip)
{
    char directory[PATH_SIZE];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_dataset d;
    make_data(directory, (unsigned)_i, NULL);
    ad_status status = ad_dataset_read(directory, &memory.base, &d, NULL);
    remove_directory(directory);
    ck_assert_int_eq(status, AD_OK);
    ck_assert(ad_shape_equal(&d.train_images.shape, &AD_SHAPE(3, 4, 5)));
    ck_assert(ad_shape_equal(&d.train_labels.shape, &AD_SHAPE(3)));
    ck_assert(ad_shape_equal(&d.test_images.shape, &AD_SHAPE(2, 4, 5)));
    ck_assert(ad_shape_equal(&d.test_labels.shape, &AD_SHAPE(2)));
    ck_assert_int_eq(((uint8_t *)d.train_images.data)[59], 59);
    ck_assert_int_eq(((uint8_t *)d.test_labels.data)[1], 1);
    ad_dataset_free(&d);
    ck_assert_uint_eq(memory.live_blocks, 0);
    ad_dataset_free(&d); /* empty by now */
    ad_dataset_free(NULL);
}
END_TEST

static const variation variations[] = {
    {"train-images-idx3-ubyte", 0, 0, {0}, "holds neither train-images-idx3-ubyte nor train-im"},
    {"train-labels-idx1-ubyte", 0, 0, {0}, "holds neither train-labels-idx1-ubyte nor train-la"},
    {"t10k-images-idx3-ubyte", 0, 0, {0}, "holds neither t10k-images-idx3-ubyte nor t10k-im"},
    {"t10k-labels-idx1-ubyte", 0, 0, {0}, "holds neither t10k-labels-idx1-ubyte nor t10k-la"},
    {"train-labels-idx1-ubyte", 8, 1, {4}, "3 train images, but 4 labels"},
    {"t10k-labels-idx1-ubyte", 8, 1, {0}, "2 t10k images, but 0 labels"},
    {"train-images-idx3-ubyte", 8, 2, {3, 4}, "train-images-idx3-ubyte holds u8 of rank 2, not u8"},
    {"t10k-images-idx3-ubyte", 9, 3, {2, 4, 5}, "holds i32 of rank 3, not u8 of rank 3"},
    {"t10k-labels-idx1-ubyte", 0xd, 1, {2}, "holds f32 of rank 1, not u8 or i32 of rank 1 or 2"},
    {"train-labels-idx1-ubyte", 8, 3, {3, 1, 1}, "holds u8 of rank 3, not u8 or i32 of rank 1 or"},
    {"train-labels-idx1-ubyte", 8, 2, {3, 0}, "the matrix of train labels has no columns"},
    {"t10k-images-idx3-ubyte", 8, 3, {2, 4, 4}, "[3, 4, 5] and t10k images [2, 4, 4] differ"},
    {"t10k-images-idx3-ubyte", 8, 3, {2, 5, 5}, "[3, 4, 5] and t10k images [2, 5, 5] differ"},
    {"t10k-images-idx3-ubyte", 7, 1, {2}, "t10k-images-idx3-ubyte: header has the unknown"},
};
enum { VARIATIONS = sizeof variations / sizeof *variations };

START_TEST(a_directory_that_does_not_fit_is_refused)
{
    const variation *v = &variations[_i];
    char directory[PATH_SIZE];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_dataset d, before;
    memset(&d, 0x5a, sizeof d);
    memcpy(&before, &d, sizeof d);
    ad_error error = {AD_OK, ""};
    make_data(directory, 0, v);
    ad_status status = ad_dataset_read(directory, &memory.base, &d, &error);
    remove_directory(directory);
    ck_assert_int_eq(status, v->code == 0 ? AD_FILE : AD_FORMAT);
    ck_assert_msg(strstr(error.text, v->text) != NULL, "%s", error.text);
    ck_assert_msg(strstr(error.text, directory) != NULL, "%s", error.text);
    ck_assert_mem_eq(&d, &before, sizeof d);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* ---- other names --------------------------------------------------------------------- */

/* The files of a directory, and what is read with a name, or with NULL. */
typedef struct naming {
    const char *file[4]; /* as `names`; NULL: no such file */
    int code;            /* of the labels: 8 for u8, 9 for i8, 0xc for i32 */
    int64_t columns;     /* of the labels; 0: they are a vector */
    const char *name;
    bool training_alone;
    ad_type type; /* of the labels that are read */
    bool tests;   /* whether a test set is read */
} naming;

static const naming namings[] = {
    {{"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte",
      "t10k-labels.idx1-ubyte"},
     8,
     0,
     NULL,
     false,
     AD_U8,
     true},
    {{"train-images-idx3-ubyte", "train-labels.idx1-ubyte", "test-images-idx3-ubyte",
      "test-labels.idx1-ubyte"},
     8,
     0,
     "",
     false,
     AD_U8,
     true},
    {{"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
      "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"},
     8,
     0,
     NULL,
     false,
     AD_U8,
     true},
    {{"emnist-digits-train-images.idx3-ubyte", "emnist-digits-train-labels.idx1-ubyte",
      "emnist-digits-test-images.idx3-ubyte", "emnist-digits-test-labels.idx1-ubyte"},
     8,
     0,
     "emnist-digits",
     false,
     AD_U8,
     true},
    {{"qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int",
      "qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"},
     0xc,
     8,
     NULL,
     false,
     AD_I32,
     true},
    {{"own-train-images-idx3-ubyte", "own-train-labels-idx1-int", "own-test-images-idx3-ubyte",
      "own-test-labels-idx1-int"},
     0xc,
     0,
     "own",
     false,
     AD_I32,
     true},
    {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"},
     8,
     1,
     NULL,
     false,
     AD_U8,
     true},
    {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"},
     9,
     2,
     NULL,
     true,
     AD_I32,
     true},
    {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", NULL, NULL},
     8,
     0,
     NULL,
     true,
     AD_U8,
     false},
    {{"qmnist-train-images.idx3-ubyte", "qmnist-train-labels.idx2-int", NULL, NULL},
     0xc,
     3,
     NULL,
     true,
     AD_I32,
     false},
};
enum { NAMINGS = sizeof namings / sizeof *namings, QMNIST = 4 };

static void make_named(char directory[PATH_SIZE], const naming *n, bool gzip)
{
    make_directory(directory);
    for (int i = 0; i < 4; i++) {
        int64_t count = i < 2 ? 3 : 2;
        ad_shape labels = n->columns ? AD_SHAPE(count, n->columns) : AD_SHAPE(count);
        if (n->file[i])
            write_idx(directory, n->file[i], i % 2 ? n->code : 0x08,
                      i % 2 ? labels : AD_SHAPE(count, 4, 5), gzip);
    }
}

/* Numbers of a file count from 0, so labels count in steps of the columns. */
static void expect_labels(ad_array labels, const naming *n, int64_t count)
{
    ad_view v = ad_array_view(labels);
    ck_assert(labels.type == n->type && ad_shape_equal(&labels.shape, &AD_SHAPE(count)));
    for (size_t i = 0; i < (size_t)count; i++)
        ck_assert_double_eq(ad_view_get(&v, i), (double)i * (double)(n->columns ? n->columns : 1));
}

START_TEST(other_names_and_labels_are_read)
{
    const naming *n = &namings[_i / 2];
    char directory[PATH_SIZE];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_dataset d;
    ad_error error = {0};
    ad_dataset_options o = {.size = sizeof o,
                            .allocator = &memory.base,
                            .name = n->name,
                            .training_alone = n->training_alone};
    make_named(directory, n, _i % 2);
    ad_status status = ad_dataset_read_with(directory, &o, &d, &error);
    remove_directory(directory);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    ck_assert(ad_shape_equal(&d.train_images.shape, &AD_SHAPE(3, 4, 5)));
    expect_labels(d.train_labels, n, 3);
    if (n->tests)
        expect_labels(d.test_labels, n, 2);
    ck_assert(!d.test_images.data == !n->tests && !d.test_labels.data == !n->tests);
    ad_dataset_free(&d);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* Several sets; half a test set; none, where one is needed; a name that is not there. */
static const struct {
    naming has;
    bool training_alone;
    const char *name, *text;
} unfit[] = {
    {{{"emnist-letters-train-images-idx3-ubyte", NULL, "emnist-mnist-train-images-idx3-ubyte"},
      .code = 8},
     false,
     NULL,
     "several data sets, emnist-letters and emnist-mnist: give the name of one"},
    {{{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"}, .code = 8},
     true,
     NULL,
     "holds neither t10k-labels-idx1-ubyte nor t10k-labels"},
    {{{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", NULL, "test-labels-idx1-ubyte"},
      .code = 8},
     true,
     NULL,
     "holds neither t10k-images-idx3-ubyte nor t10k-images"},
    {{{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}, .code = 8},
     false,
     NULL,
     "holds neither t10k-images-idx3-ubyte nor t10k-images"},
    {{{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}, .code = 8},
     true,
     "emnist-letters",
     "holds neither emnist-letters-train-images-idx3-ubyte nor emnist-le"},
    {{{"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"},
      .code = 8},
     true,
     "",
     "holds neither train-images-idx3-ubyte nor train-images"},
    {{{NULL}, .code = 8}, true, NULL, "holds neither train-images-idx3-ubyte nor train-images"},
};
enum { UNFIT = sizeof unfit / sizeof *unfit };

START_TEST(names_that_do_not_fit_are_refused)
{
    char directory[PATH_SIZE];
    ad_dataset d;
    ad_error error = {0};
    ad_dataset_options o = {
        .size = sizeof o, .name = unfit[_i].name, .training_alone = unfit[_i].training_alone};
    make_named(directory, &unfit[_i].has, false);
    ck_assert_int_eq(ad_dataset_read_with(directory, &o, &d, &error), AD_FILE);
    remove_directory(directory);
    ck_assert_msg(strstr(error.text, unfit[_i].text) != NULL, "%s", error.text);
}
END_TEST

static void expect_no_data(const char *directory, const char *text)
{
    ad_dataset d;
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(ad_dataset_read(directory, NULL, &d, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
}

START_TEST(what_is_no_directory_is_refused)
{
    char directory[PATH_SIZE], path[5000];
    make_data(directory, 0, NULL);
    snprintf(path, sizeof path, "%s/%s", directory, names[0]);
    expect_no_data(path, "ubyte: is not a directory");
    snprintf(path, sizeof path, "%s/none", directory);
    expect_no_data(path, "/none: there is no such directory");
    expect_no_data("", ": there is no such directory");
    memset(path, '/', sizeof path);
    path[4090] = '\0'; /* the root, but there is no room for a name */
    expect_no_data(path, "the path is too long");
    ad_dataset d;
    ad_error error = {AD_OK, ""};
    ad_dataset_options named = {
        .size = sizeof named, .name = "emnist-mnist", .training_alone = true};
    ck_assert_int_eq(ad_dataset_read_with(path, &named, &d, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, "the path is too long") != NULL, "%s", error.text);
    remove_directory(directory);
}
END_TEST

START_TEST(every_allocation_of_a_read_may_fail)
{
    char directory[PATH_SIZE];
    test_allocator memory;
    ad_dataset d;
    size_t failures = 0;
    ad_status status;
    make_named(directory, &namings[QMNIST], true);
    do {
        test_allocator_init(&memory);
        memory.fail_at = failures + 1;
        memory.sticky = _i;
        ad_error error = {AD_OK, ""};
        status = ad_dataset_read(directory, &memory.base, &d, &error);
        ck_assert_int_eq(status, error.status);
        if (status == AD_OK)
            ad_dataset_free(&d);
        else
            ck_assert_int_eq(status, AD_MEMORY);
        ck_assert_uint_eq(memory.live_blocks, 0);
    } while (status != AD_OK && ++failures);
    ck_assert_uint_ge(failures,
                      4 + 4 + 2); /* an array and zlib's state a file, and a column of labels */
    remove_directory(directory);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    ad_dataset d;
    ck_assert_int_eq(ad_dataset_read(NULL, NULL, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read("/", NULL, NULL, NULL), AD_MISUSE);
}
END_TEST

/* ---- real data --------------------------------------------------------------------- */

static void check_real_data(const char *directory)
{
    ad_dataset d;
    ad_error error = {AD_OK, ""};
    if (access(directory, F_OK) != 0) {
        fprintf(stderr, "skipped: there is no %s\n", directory);
        return;
    }
    ck_assert_msg(ad_dataset_read(directory, NULL, &d, &error) == AD_OK, "%s", error.text);
    ck_assert(ad_shape_equal(&d.train_images.shape, &AD_SHAPE(60000, 28, 28)));
    ck_assert(ad_shape_equal(&d.test_images.shape, &AD_SHAPE(10000, 28, 28)));
    uint8_t most = 0;
    for (int i = 0; i < 60000; i++)
        most =
            ((uint8_t *)d.train_labels.data)[i] > most ? ((uint8_t *)d.train_labels.data)[i] : most;
    ck_assert_int_eq(most, 9);
    ad_dataset_free(&d);
}

START_TEST(mnist_is_read)
{
    char path[4096];
    const char *mnist = getenv("ADZE_MNIST"), *root = getenv("ADZE_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/../shared/data/mnist", root ? root : ".");
    check_real_data(mnist ? mnist : path);
}
END_TEST

START_TEST(fashion_mnist_is_read)
{
    check_real_data("/usr/share/datasets/fashion-mnist");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("datasets");
    TCase *tests = tcase_create("datasets");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_directory_is_read_plain_or_gzip, 0, 16);
    tcase_add_loop_test(tests, a_directory_that_does_not_fit_is_refused, 0, VARIATIONS);
    tcase_add_loop_test(tests, other_names_and_labels_are_read, 0, 2 * NAMINGS);
    tcase_add_loop_test(tests, names_that_do_not_fit_are_refused, 0, UNFIT);
    tcase_add_test(tests, what_is_no_directory_is_refused);
    tcase_add_loop_test(tests, every_allocation_of_a_read_may_fail, 0, 2);
    tcase_add_test(tests, missing_arguments_are_misuse);
    tcase_add_test(tests, mnist_is_read);
    tcase_add_test(tests, fashion_mnist_is_read);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
