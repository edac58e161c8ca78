/* Data sets: the four files of MNIST and its kind, or as many digits as asked for. */
#define _POSIX_C_SOURCE 200809L
#include "adze/data.h"
#include "adze/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096, SIDE = 28, CLASSES = 10 };

void ad_dataset_free(ad_dataset *d)
{
    if (!d)
        return;
    ad_array_free(&d->train_images);
    ad_array_free(&d->train_labels);
    ad_array_free(&d->test_images);
    ad_array_free(&d->test_labels);
}

/* ---- from files -------------------------------------------------------------------- */

typedef struct place {
    const char *directory;
    const ad_allocator *allocator;
    ad_error *error;
} place;

static bool is_missing(const char *path)
{
    struct stat about;
    return stat(path, &about) != 0 && errno == ENOENT;
}

static ad_status check_directory(const place *p)
{
    struct stat about;
    if (stat(p->directory, &about) != 0)
        return ad_fail(p->error, AD_FILE, "%.200s: there is no such directory", p->directory);
    if (!S_ISDIR(about.st_mode))
        return ad_fail(p->error, AD_FILE, "%.200s: is not a directory", p->directory);
    return AD_OK;
}

/* Reads NAME or, where that is missing, NAME.gz; unsigned bytes of the given rank are wanted. */
static ad_status read_part(const place *p, const char *name, int rank, ad_array *a)
{
    char path[LONGEST_PATH];
    int length = snprintf(path, sizeof path - sizeof ".gz", "%s/%s", p->directory, name);
    if (length < 0 || (size_t)length >= sizeof path - sizeof ".gz")
        return ad_fail(p->error, AD_FILE, "%.200s...: the path is too long", p->directory);
    if (is_missing(path)) {
        memcpy(path + length, ".gz", sizeof ".gz");
        if (is_missing(path))
            return ad_fail(p->error, AD_FILE, "%.200s: holds neither %s nor %s.gz", p->directory,
                           name, name);
    }
    ad_status status = ad_idx_read(path, p->allocator, a, p->error);
    if (status == AD_OK && (a->type != AD_U8 || a->shape.rank != rank))
        return ad_fail(p->error, AD_FORMAT, "%.200s: %s holds %s of rank %d, not u8 of rank %d",
                       p->directory, name, ad_type_text(a->type), a->shape.rank, rank);
    return status;
}

static ad_status check_pair(const place *p, const char *part, const ad_array *images,
                            const ad_array *labels)
{
    if (images->shape.dim[0] == labels->shape.dim[0])
        return AD_OK;
    return ad_fail(p->error, AD_FORMAT, "%.200s: %lld %s images, but %lld labels", p->directory,
                   (long long)images->shape.dim[0], part, (long long)labels->shape.dim[0]);
}

static ad_status check_sizes(const place *p, const ad_shape *train, const ad_shape *test)
{
    if (train->dim[1] == test->dim[1] && train->dim[2] == test->dim[2])
        return AD_OK;
    char one[64], other[64];
    return ad_fail(p->error, AD_FORMAT,
                   "%.200s: train images %s and t10k images %s differ in their size", p->directory,
                   ad_shape_print(train, one, sizeof one),
                   ad_shape_print(test, other, sizeof other));
}

static ad_status read_all(const place *p, ad_dataset *d)
{
    ad_status status = check_directory(p);
    if (status == AD_OK)
        status = read_part(p, "train-images-idx3-ubyte", 3, &d->train_images);
    if (status == AD_OK)
        status = read_part(p, "train-labels-idx1-ubyte", 1, &d->train_labels);
    if (status == AD_OK)
        status = check_pair(p, "train", &d->train_images, &d->train_labels);
    if (status == AD_OK)
        status = read_part(p, "t10k-images-idx3-ubyte", 3, &d->test_images);
    if (status == AD_OK)
        status = read_part(p, "t10k-labels-idx1-ubyte", 1, &d->test_labels);
    if (status == AD_OK)
        status = check_pair(p, "t10k", &d->test_images, &d->test_labels);
    if (status == AD_OK)
        status = check_sizes(p, &d->train_images.shape, &d->test_images.shape);
    return status;
}

ad_status ad_dataset_read(const char *directory, const ad_allocator *allocator, ad_dataset *d,
                          ad_error *error)
{
    if (!directory || !d)
        return ad_fail(error, AD_MISUSE, "dataset_read: the %s is NULL",
                       directory ? "data set" : "directory");
    ad_dataset read = {.train_images = {.data = NULL}};
    ad_status status = read_all(&(place){directory, allocator, error}, &read);
    if (status == AD_OK)
        *d = read;
    else
        ad_dataset_free(&read);
    return status;
}

/* ---- drawn ------------------------------------------------------------------------- */

/* Image numbers of the two parts lie far apart, and the orders of the labels come from streams that
 * no image uses. */
enum { TRAIN_IMAGES, TEST_IMAGES, TRAIN_LABELS, TEST_LABELS };

static uint64_t stream_of(int purpose)
{
    return (uint64_t)purpose << 62;
}

/* Each run of ten labels is all ten classes in random order: balanced, whatever n is. */
static void fill_labels(uint8_t *labels, size_t n, uint64_t seed, uint64_t stream)
{
    ad_random random = ad_random_new(seed, stream);
    int64_t order[CLASSES];
    for (size_t i = 0; i < n; i++) {
        if (i % CLASSES == 0) {
            for (int k = 0; k < CLASSES; k++)
                order[k] = k;
            ad_random_shuffle(&random, order, CLASSES);
        }
        labels[i] = (uint8_t)order[i % CLASSES];
    }
}

static ad_status draw_part(int64_t n, uint64_t seed, int part, ad_array *images, ad_array *labels)
{
    const ad_allocator *allocator = images->allocator;
    *images = ad_array_new(allocator, AD_U8, AD_SHAPE(n, SIDE, SIDE));
    *labels = ad_array_new(allocator, AD_U8, AD_SHAPE(n));
    if (!images->data || !labels->data)
        return ad_shape_count(&AD_SHAPE(n, SIDE, SIDE), NULL) == AD_OK ? AD_MEMORY : AD_TOO_LARGE;
    uint8_t *image = images->data, *label = labels->data;
    fill_labels(label, (size_t)n, seed,
                stream_of(part == TRAIN_IMAGES ? TRAIN_LABELS : TEST_LABELS));
    for (int64_t i = 0; i < n; i++)
        ad_digit_draw(label[i], seed, stream_of(part) + (uint64_t)i, image + i * SIDE * SIDE);
    return AD_OK;
}

ad_status ad_dataset_digits(int64_t train, int64_t test, uint64_t seed,
                            const ad_allocator *allocator, ad_dataset *d, ad_error *error)
{
    if (!d)
        return ad_fail(error, AD_MISUSE, "dataset_digits: the data set is NULL");
    if (train < 0 || test < 0)
        return ad_fail(error, AD_MISUSE, "dataset_digits: %lld images to train and %lld to test",
                       (long long)train, (long long)test);
    ad_dataset drawn = {.train_images = {.allocator = allocator},
                        .test_images = {.allocator = allocator}};
    ad_status status =
        draw_part(train, seed, TRAIN_IMAGES, &drawn.train_images, &drawn.train_labels);
    if (status == AD_OK)
        status = draw_part(test, seed, TEST_IMAGES, &drawn.test_images, &drawn.test_labels);
    if (status == AD_OK) {
        *d = drawn;
        return AD_OK;
    }
    ad_dataset_free(&drawn);
    return ad_fail(error, status, "dataset_digits: no memory for %lld and %lld images",
                   (long long)train, (long long)test);
}
