/* Data sets: images with labels, for training and for testing. */
#ifndef ADZE_DATASETS_H
#define ADZE_DATASETS_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_dataset {
    ad_array train_images; /* u8 [n, rows, columns] */
    ad_array train_labels; /* u8 [n] */
    ad_array test_images;  /* u8 [m, rows, columns] */
    ad_array test_labels;  /* u8 [m] */
} ad_dataset;

/* Reads MNIST, or a data set in its format, from a directory with the files
 * train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
 * t10k-labels-idx1-ubyte. Each may be plain, or gzip with .gz at the end of its name. AD_FORMAT if
 * images and labels do not match. *d is written only on success; end it with ad_dataset_free. */
AD_API AD_MUST_USE ad_status ad_dataset_read(const char *directory,
                                             const ad_allocator *allocator, ad_dataset *d,
                                             ad_error *error);

AD_API void ad_dataset_free(ad_dataset *d); /* d may be NULL or hold nothing */

#ifdef __cplusplus
}
#endif

#endif
