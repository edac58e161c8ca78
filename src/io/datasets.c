/* Data sets: the four files of MNIST and its kind. */
#define _POSIX_C_SOURCE 200809L
#include "adze/datasets.h"
#include "adze/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096 };

void ad_dataset_free(ad_dataset *d)
{
    if (!d)
        return;
    ad_array_free(&d->train_images);
    ad_array_free(&d->train_labels);
    ad_array_free(&d->test_images);
    ad_array_free(&d->test_labels);
}

typedef struct folder {
    const char *directory;
    const ad_allocator *allocator;
    ad_error *error;
} folder;

static bool is_missing(const char *path)
{
    struct stat about;
    return stat(path, &about) != 0 && errno == ENOENT;
}

static ad_status check_directory(const folder *from)
{
    struct stat about;
    if (stat(from->directory, &about) != 0)
        return ad_fail(from->error, AD_FILE, "%.200s: there is no such directory", from->directory);
    if (!S_ISDIR(about.st_mode))
        return ad_fail(from->error, AD_FILE, "%.200s: is not a directory", from->directory);
    return AD_OK;
}

/* Reads NAME or, where that is missing, NAME.gz; unsigned bytes of the given rank are wanted. */
static ad_status read_part(const folder *from, const char *name, int rank, ad_array *a)
{
    char path[LONGEST_PATH];
    int length = snprintf(path, sizeof path - sizeof ".gz", "%s/%s", from->directory, name);
    if (length < 0 || (size_t)length >= sizeof path - sizeof ".gz")
        return ad_fail(from->error, AD_FILE, "%.200s...: the path is too long", from->directory);
    if (is_missing(path)) {
        memcpy(path + length, ".gz", sizeof ".gz");
        if (is_missing(path))
            return ad_fail(from->error, AD_FILE, "%.200s: holds neither %s nor %s.gz",
                           from->directory, name, name);
    }
    ad_status status = ad_idx_read(path, from->allocator, a, from->error);
    if (status == AD_OK && (a->type != AD_U8 || a->shape.rank != rank))
        return ad_fail(from->error, AD_FORMAT, "%.200s: %s holds %s of rank %d, not u8 of rank %d",
                       from->directory, name, ad_type_text(a->type), a->shape.rank, rank);
    return status;
}

static ad_status check_pair(const folder *from, const char *part, const ad_array *images,
                            const ad_array *labels)
{
    if (images->shape.dim[0] == labels->shape.dim[0])
        return AD_OK;
    return ad_fail(from->error, AD_FORMAT, "%.200s: %lld %s images, but %lld labels",
                   from->directory, (long long)images->shape.dim[0], part,
                   (long long)labels->shape.dim[0]);
}

static ad_status check_sizes(const folder *from, const ad_shape *train, const ad_shape *test)
{
    if (train->dim[1] == test->dim[1] && train->dim[2] == test->dim[2])
        return AD_OK;
    char one[64], other[64];
    return ad_fail(from->error, AD_FORMAT,
                   "%.200s: train images %s and t10k images %s differ in their size",
                   from->directory, ad_shape_print(train, one, sizeof one),
                   ad_shape_print(test, other, sizeof other));
}

static ad_status read_all(const folder *from, ad_dataset *d)
{
    ad_status status = check_directory(from);
    if (status == AD_OK)
        status = read_part(from, "train-images-idx3-ubyte", 3, &d->train_images);
    if (status == AD_OK)
        status = read_part(from, "train-labels-idx1-ubyte", 1, &d->train_labels);
    if (status == AD_OK)
        status = check_pair(from, "train", &d->train_images, &d->train_labels);
    if (status == AD_OK)
        status = read_part(from, "t10k-images-idx3-ubyte", 3, &d->test_images);
    if (status == AD_OK)
        status = read_part(from, "t10k-labels-idx1-ubyte", 1, &d->test_labels);
    if (status == AD_OK)
        status = check_pair(from, "t10k", &d->test_images, &d->test_labels);
    if (status == AD_OK)
        status = check_sizes(from, &d->train_images.shape, &d->test_images.shape);
    return status;
}

ad_status ad_dataset_read(const char *directory, const ad_allocator *allocator, ad_dataset *d,
                          ad_error *error)
{
    if (!directory || !d)
        return ad_fail(error, AD_MISUSE, "dataset_read: the %s is NULL",
                       directory ? "data set" : "directory");
    ad_dataset read = {.train_images = {.data = NULL}};
    ad_status status = read_all(&(folder){directory, allocator, error}, &read);
    if (status == AD_OK)
        *d = read;
    else
        ad_dataset_free(&read);
    return status;
}
