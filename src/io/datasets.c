/* Data sets: four files in the format of MNIST, under the names that they have where they are published. */
#define _POSIX_C_SOURCE 200809L
#include "adze/datasets.h"
#include "adze/io/idx.h"

#include "base/sized.h"

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
    const char *directory, *name; /* name: what those of the files begin with; "": nothing */
    const ad_allocator *allocator;
    ad_error *error;
} folder;

/* ---- names -------------------------------------------------------------------------- */

/* The parts of names, as NAME-train-images-idx3-ubyte.gz; each list in the order of preference. */
static const char *const known[] = {
    "emnist-balanced", "emnist-byclass", "emnist-bymerge", "emnist-digits",
    "emnist-letters",  "emnist-mnist",   "qmnist",         NULL};
static const char *const train_parts[] = {"train", NULL}, *const test_parts[] = {"t10k", "test",
                                                                                 NULL};
static const char *const image_files[] = {"images-idx3-ubyte", "images.idx3-ubyte", NULL};
static const char *const label_files[] = {"labels-idx1-ubyte",
                                          "labels.idx1-ubyte",
                                          "labels-idx1-int",
                                          "labels.idx1-int",
                                          "labels-idx2-int",
                                          "labels.idx2-int",
                                          NULL};

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

/* Looks for a file of one of these names, plain or gzip. An empty path: there is none. */
static ad_status find(const folder *from, const char *const *parts, const char *const *files,
                      char path[LONGEST_PATH])
{
    for (; *parts; parts++)
        for (const char *const *file = files; *file; file++)
            for (int gzip = 0; gzip < 2; gzip++) {
                int length =
                    snprintf(path, LONGEST_PATH, "%s/%s%s%s-%s%s", from->directory, from->name,
                             *from->name ? "-" : "", *parts, *file, gzip ? ".gz" : "");
                if (length < 0 || length >= LONGEST_PATH)
                    return ad_fail(from->error, AD_FILE, "%.200s...: the path is too long",
                                   from->directory);
                if (!is_missing(path))
                    return AD_OK;
            }
    path[0] = '\0';
    return AD_OK;
}

/* Where there are no files of MNIST's own names: the one known data set whose files are there. */
static ad_status choose_name(folder *from)
{
    char path[LONGEST_PATH];
    const char *found = NULL;
    ad_status status = find(from, train_parts, image_files, path);
    for (size_t i = 0; status == AD_OK && !path[0] && known[i]; i++) {
        from->name = known[i];
        status = find(from, train_parts, image_files, path);
        if (!path[0])
            continue;
        if (found)
            return ad_fail(from->error, AD_FILE,
                           "%.200s: holds several data sets, %s and %s: give the name of one",
                           from->directory, found, known[i]);
        found = known[i];
        path[0] = '\0';
    }
    if (!path[0])
        from->name = found ? found : "";
    return status;
}

/* ---- files -------------------------------------------------------------------------- */

/* Reads a file of one of these names. */
static ad_status read_file(const folder *from, const char *const *parts, const char *const *files,
                           ad_array *a)
{
    char path[LONGEST_PATH], name[64];
    ad_status status = find(from, parts, files, path);
    if (status != AD_OK)
        return status;
    if (path[0])
        return ad_idx_read(path, from->allocator, a, from->error);
    snprintf(name, sizeof name, "%.20s%s%s-%s", from->name, *from->name ? "-" : "", *parts, *files);
    return ad_fail(from->error, AD_FILE, "%.200s: holds neither %s nor %s.gz", from->directory,
                   name, name);
}

static ad_status read_images(const folder *from, const char *const *parts, ad_array *images)
{
    ad_status status = read_file(from, parts, image_files, images);
    if (status == AD_OK && (images->type != AD_U8 || images->shape.rank != 3))
        return ad_fail(from->error, AD_FORMAT,
                       "%.200s: %s-images-idx3-ubyte holds %s of rank %d, not u8 of rank 3",
                       from->directory, *parts, ad_type_text(images->type), images->shape.rank);
    return status;
}

/* Leaves the first column of a matrix of labels, the classes. */
static ad_status keep_classes(const folder *from, ad_array *labels)
{
    ad_view column = ad_array_view(*labels);
    column.shape = AD_SHAPE(labels->shape.dim[0]);
    ad_array classes = ad_array_copy(labels->allocator, labels->type, column);
    if (!classes.data)
        return ad_fail(from->error, AD_MEMORY, "%.200s: no memory for the labels", from->directory);
    ad_array_free(labels);
    *labels = classes;
    return AD_OK;
}

static ad_status read_labels(const folder *from, const char *const *parts, ad_array *labels)
{
    ad_status status = read_file(from, parts, label_files, labels);
    int rank = labels->shape.rank;
    if (status != AD_OK)
        return status;
    if ((labels->type != AD_U8 && labels->type != AD_I32) || rank > 2)
        return ad_fail(from->error, AD_FORMAT,
                       "%.200s: %s-labels-idx1-ubyte holds %s of rank %d, not u8 or i32 of rank 1 "
                       "or 2",
                       from->directory, *parts, ad_type_text(labels->type), rank);
    if (rank == 2 && labels->shape.dim[1] == 0)
        return ad_fail(from->error, AD_FORMAT, "%.200s: the matrix of %s labels has no columns",
                       from->directory, *parts);
    return rank == 2 ? keep_classes(from, labels) : AD_OK;
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

static ad_status read_set(const folder *from, const char *const *parts, ad_array *images,
                          ad_array *labels)
{
    ad_status status = read_images(from, parts, images);
    if (status == AD_OK)
        status = read_labels(from, parts, labels);
    return status == AD_OK ? check_pair(from, *parts, images, labels) : status;
}

/* ---- the data set ------------------------------------------------------------------- */

static ad_status has_test_set(const folder *from, bool *has)
{
    char images[LONGEST_PATH], labels[LONGEST_PATH] = "";
    ad_status status = find(from, test_parts, image_files, images);
    if (status == AD_OK)
        status = find(from, test_parts, label_files, labels);
    *has = status == AD_OK && (images[0] || labels[0]);
    return status;
}

static ad_status read_all(folder *from, bool training_alone, ad_dataset *d)
{
    bool has_test = true;
    ad_status status = check_directory(from);
    if (status == AD_OK && !from->name) {
        from->name = "";
        status = choose_name(from);
    }
    if (status == AD_OK)
        status = read_set(from, train_parts, &d->train_images, &d->train_labels);
    if (status == AD_OK && training_alone)
        status = has_test_set(from, &has_test);
    if (status != AD_OK || !has_test)
        return status;
    status = read_set(from, test_parts, &d->test_images, &d->test_labels);
    return status == AD_OK ? check_sizes(from, &d->train_images.shape, &d->test_images.shape)
                           : status;
}

ad_status ad_dataset_read_with(const char *directory, const ad_dataset_options *options,
                               ad_dataset *d, ad_error *error)
{
    ad_dataset_options o = {.size = sizeof o};
    if (!directory || !d)
        return ad_fail(error, AD_MISUSE, "dataset_read: the %s is NULL",
                       directory ? "data set" : "directory");
    if (options &&
        !ad_sized_read(&o, sizeof o, options, AD_END_OF(ad_dataset_options, training_alone)))
        return ad_fail(error, AD_MISUSE, "dataset_read: the size of the options is not set");
    ad_dataset read = {.train_images = {.data = NULL}};
    ad_status status =
        read_all(&(folder){directory, o.name, o.allocator, error}, o.training_alone, &read);
    if (status == AD_OK)
        *d = read;
    else
        ad_dataset_free(&read);
    return status;
}

ad_status ad_dataset_read(const char *directory, const ad_allocator *allocator, ad_dataset *d,
                          ad_error *error)
{
    return ad_dataset_read_with(
        directory,
        &(ad_dataset_options){.size = sizeof(ad_dataset_options), .allocator = allocator}, d,
        error);
}
