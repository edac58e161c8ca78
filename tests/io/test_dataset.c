/* Data sets: from a directory, drawn, and, where they are at hand, MNIST and Fashion-MNIST. */
#define _POSIX_C_SOURCE 200809L
#include "adze/data.h"

#include "allocator.h"
#include "idx_bytes.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIXELS = 28 * 28, CLASSES = 10 };

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
        blob_put(&b, i, 1);
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
    {"t10k-labels-idx1-ubyte", 9, 1, {2}, "holds i32 of rank 1, not u8 of rank 1"},
    {"train-labels-idx1-ubyte", 8, 3, {3, 1, 1}, "holds u8 of rank 3, not u8 of rank 1"},
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
    make_data(directory, 0xa, NULL);
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
    ck_assert_uint_ge(failures, 4 + 2); /* an array a file, and zlib's state for two of them */
    remove_directory(directory);
}
END_TEST

START_TEST(missing_and_negative_arguments_are_misuse)
{
    ad_dataset d;
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(ad_dataset_read(NULL, NULL, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read("/", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_digits(1, 1, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_digits(1, -2, 0, NULL, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_digits(-1, 2, 0, NULL, &d, &error), AD_MISUSE);
    ck_assert_str_eq(error.text, "dataset_digits: -1 images to train and 2 to test");
}
END_TEST

/* ---- drawn digits ------------------------------------------------------------------ */

START_TEST(a_digit_is_the_same_every_time_and_other_numbers_differ)
{
    uint8_t image[PIXELS], again[PIXELS], other[PIXELS];
    ad_digit_draw(_i, 5, 6, image);
    ad_digit_draw(_i, 5, 6, again);
    ck_assert_mem_eq(image, again, PIXELS);
    ad_digit_draw(_i, 5, 7, other);
    ck_assert_mem_ne(image, other, PIXELS);
    ad_digit_draw(_i, 6, 6, other);
    ck_assert_mem_ne(image, other, PIXELS);
    ad_digit_draw((_i + 1) % CLASSES, 5, 6, other);
    ck_assert_mem_ne(image, other, PIXELS);
}
END_TEST

START_TEST(a_digit_is_bright_strokes_on_black)
{
    uint8_t image[PIXELS];
    for (uint64_t number = 0; number < 500; number++) {
        int ink = 0, bright = 0;
        ad_digit_draw(_i, 1, number, image);
        for (int i = 0; i < PIXELS; i++) {
            ink += image[i] > 0;
            bright += image[i] > 150;
        }
        ck_assert_int_ge(bright, 10);
        ck_assert_int_le(ink, PIXELS / 2);
    }
}
END_TEST

START_TEST(no_such_digit_is_black_and_no_image_is_ignored)
{
    for (int digit = -2; digit <= 11; digit += digit == -1 ? 11 : 1) {
        uint8_t image[PIXELS] = {1};
        ad_digit_draw(digit, 1, 1, image);
        for (int i = 0; i < PIXELS; i++)
            ck_assert_int_eq(image[i], 0);
    }
    ad_digit_draw(1, 1, 1, NULL);
}
END_TEST

START_TEST(drawn_labels_are_balanced_and_shuffled)
{
    ad_dataset d;
    ck_assert_int_eq(ad_dataset_digits(1000, 95, 3, NULL, &d, NULL), AD_OK);
    ck_assert(ad_shape_equal(&d.train_images.shape, &AD_SHAPE(1000, 28, 28)));
    ck_assert(ad_shape_equal(&d.test_labels.shape, &AD_SHAPE(95)));
    ck_assert_int_eq(d.test_images.type, AD_U8);
    const uint8_t *label = d.train_labels.data;
    int count[CLASSES] = {0}, follows[CLASSES] = {0};
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_lt(label[i], CLASSES);
        count[label[i]]++;
        follows[i > 0 ? (label[i] + CLASSES - label[i - 1]) % CLASSES : 0]++;
    }
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_eq(count[k], 100);
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_le(follows[k], 170); /* no order: each step about as often */
    ck_assert_mem_ne(label, d.test_labels.data, 95);
    ad_dataset_free(&d);
}
END_TEST

START_TEST(drawn_sets_follow_the_seed_and_their_size_cuts_them_short)
{
    ad_dataset a, b, c;
    ck_assert_int_eq(ad_dataset_digits(100, 100, 3, NULL, &a, NULL), AD_OK);
    ck_assert_int_eq(ad_dataset_digits(50, 100, 3, NULL, &b, NULL), AD_OK);
    ck_assert_int_eq(ad_dataset_digits(100, 0, 4, NULL, &c, NULL), AD_OK);
    ck_assert_mem_eq(a.train_images.data, b.train_images.data, 50 * PIXELS);
    ck_assert_mem_eq(a.test_images.data, b.test_images.data, 100 * PIXELS);
    ck_assert_mem_eq(a.test_labels.data, b.test_labels.data, 100);
    ck_assert_mem_ne(a.train_labels.data, c.train_labels.data, 100);
    ck_assert_uint_eq(ad_array_count(&c.test_images), 0);
    for (int i = 0; i < 100; i++) /* train and test share no image */
        for (int k = 0; k < 100; k++)
            ck_assert_mem_ne((uint8_t *)a.train_images.data + i * PIXELS,
                             (uint8_t *)a.test_images.data + k * PIXELS, PIXELS);
    ad_dataset_free(&a);
    ad_dataset_free(&b);
    ad_dataset_free(&c);
}
END_TEST

/* Adds up the images of each class. The sums are as good as means: classes are equally frequent. */
static void add_classes(const ad_array *images, const ad_array *labels, double sum[][PIXELS])
{
    const uint8_t *image = images->data, *label = labels->data;
    for (int64_t i = 0; i < labels->shape.dim[0]; i++)
        for (int p = 0; p < PIXELS; p++)
            sum[label[i]][p] += image[i * PIXELS + p];
}

static int nearest_class(const uint8_t *image, double mean[][PIXELS])
{
    int best = 0;
    double distance[CLASSES] = {0};
    for (int k = 0; k < CLASSES; k++) {
        for (int p = 0; p < PIXELS; p++)
            distance[k] += (image[p] - mean[k][p]) * (image[p] - mean[k][p]);
        best = distance[k] < distance[best] ? k : best;
    }
    return best;
}

START_TEST(drawn_images_show_their_labels)
{
    double mean[CLASSES][PIXELS] = {{0}};
    ad_dataset d;
    ck_assert_int_eq(ad_dataset_digits(2000, 500, 1, NULL, &d, NULL), AD_OK);
    add_classes(&d.train_images, &d.train_labels, mean);
    for (int i = 0; i < CLASSES * PIXELS; i++)
        mean[i / PIXELS][i % PIXELS] /= 200;
    int right = 0;
    for (int i = 0; i < 500; i++)
        right += nearest_class((uint8_t *)d.test_images.data + i * PIXELS, mean) ==
                 ((uint8_t *)d.test_labels.data)[i];
    ck_assert_int_ge(right, 350); /* guessing: 50 */
    ck_assert_int_le(right, 490); /* or the task would be trivial */
    ad_dataset_free(&d);
}
END_TEST

START_TEST(drawing_survives_failed_allocations)
{
    test_allocator memory;
    for (size_t k = 1; k <= 5; k++) {
        test_allocator_init(&memory);
        memory.fail_at = k;
        memory.sticky = _i;
        ad_dataset d = {.train_images = {.data = &memory}};
        ad_error error = {AD_OK, ""};
        ad_status status = ad_dataset_digits(3, 2, 1, &memory.base, &d, &error);
        ck_assert_int_eq(status, k <= 4 ? AD_MEMORY : AD_OK);
        ck_assert_int_eq(error.status, status);
        if (status == AD_OK)
            ad_dataset_free(&d);
        else
            ck_assert_ptr_eq(d.train_images.data, &memory);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
    test_allocator_init(&memory);
    ad_dataset d;
    ck_assert_int_eq(ad_dataset_digits(2, INT64_MAX, 1, &memory.base, &d, NULL), AD_TOO_LARGE);
    ck_assert_uint_eq(memory.live_blocks, 0);
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
    Suite *suite = suite_create("dataset");
    TCase *tests = tcase_create("dataset");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_directory_is_read_plain_or_gzip, 0, 16);
    tcase_add_loop_test(tests, a_directory_that_does_not_fit_is_refused, 0, VARIATIONS);
    tcase_add_test(tests, what_is_no_directory_is_refused);
    tcase_add_loop_test(tests, every_allocation_of_a_read_may_fail, 0, 2);
    tcase_add_test(tests, missing_and_negative_arguments_are_misuse);
    tcase_add_loop_test(tests, a_digit_is_the_same_every_time_and_other_numbers_differ, 0, CLASSES);
    tcase_add_loop_test(tests, a_digit_is_bright_strokes_on_black, 0, CLASSES);
    tcase_add_test(tests, no_such_digit_is_black_and_no_image_is_ignored);
    tcase_add_test(tests, drawn_labels_are_balanced_and_shuffled);
    tcase_add_test(tests, drawn_sets_follow_the_seed_and_their_size_cuts_them_short);
    tcase_add_test(tests, drawn_images_show_their_labels);
    tcase_add_loop_test(tests, drawing_survives_failed_allocations, 0, 2);
    tcase_add_test(tests, mnist_is_read);
    tcase_add_test(tests, fashion_mnist_is_read);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
