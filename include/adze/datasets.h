/* Data sets: images with labels, for training and for testing. */
#ifndef ADZE_DATASETS_H
#define ADZE_DATASETS_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_dataset {
    ad_array train_images; /* u8 [n, rows, columns] */
    ad_array train_labels; /* u8 [n]; i32 where the file has integers */
    ad_array test_images;  /* u8 [m, rows, columns] */
    ad_array test_labels;  /* as train_labels, [m] */
} ad_dataset;

/* Reads MNIST, or a data set in its format, from a directory with the files
 *
 *     train-images-idx3-ubyte, train-labels-idx1-ubyte       60000 images in MNIST
 *     t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte         10000; test- may stand for t10k-
 *
 * Each may be plain, or gzip with .gz at the end of its name; a dot may stand before idx. Where
 * these are not there, those of EMNIST or QMNIST are read, as
 * emnist-letters-train-images-idx3-ubyte, if the directory holds one of these sets. Labels may be
 * integers (labels-idx1-int), or a matrix whose first column is the class (labels-idx2-int).
 * AD_FORMAT if images and labels do not match. *d is written only on success; end it with
 * ad_dataset_free. */
AD_API AD_MUST_USE ad_status ad_dataset_read(const char *directory,
                                             const ad_allocator *allocator, ad_dataset *d,
                                             ad_error *error);

typedef struct ad_dataset_options {
    size_t size;                   /* sizeof(ad_dataset_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    const char *name;    /* what the files' names begin with, before "-train-images": for example
                            "emnist-letters"; "" for nothing; NULL: as ad_dataset_read does */
    bool training_alone; /* whether the test set may be absent. Then test_images.data and
                            test_labels.data are NULL */
} ad_dataset_options;

/* The same with options, which may be NULL. */
AD_API AD_MUST_USE ad_status ad_dataset_read_with(const char *directory,
                                                  const ad_dataset_options *options,
                                                  ad_dataset *d, ad_error *error);

AD_API void ad_dataset_free(ad_dataset *d); /* d may be NULL or hold nothing */

#ifdef __cplusplus
}
#endif

#endif
