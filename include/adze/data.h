/* Data files and data sets: IDX files, MNIST and its kind, and a generator of digit images. */
#ifndef ADZE_DATA_H
#define ADZE_DATA_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads an IDX file, plain or gzip (RFC 1952), into a new array: unsigned bytes become u8, f32 and f64
 * stay, the signed integers become i32. The format: LeCun, Cortes, Burges,
 * "The MNIST database". No byte sequence makes it crash, hang or allocate more than the
 * file can fill. AD_FILE or AD_FORMAT say what is wrong and where; *a is written on success only. */
AD_API ad_status ad_idx_read(const char *path, const ad_allocator *allocator, ad_array *a,
                             ad_error *error);

/* The same from bytes in memory. `name` stands for the path in messages. */
AD_API ad_status ad_idx_parse(const void *bytes, size_t size, const char *name,
                              const ad_allocator *allocator, ad_array *a, ad_error *error);

/* Images with labels, for training and for testing. */
typedef struct ad_dataset {
    ad_array train_images; /* u8 [n, rows, columns] */
    ad_array train_labels; /* u8 [n] */
    ad_array test_images;
    ad_array test_labels;
} ad_dataset;

/* Reads train-images-idx3-ubyte, train-labels-idx1-ubyte and the two t10k-... from a directory, each
 * plain or with .gz. AD_FORMAT where images and labels do not match. */
AD_API ad_status ad_dataset_read(const char *directory, const ad_allocator *allocator, ad_dataset *d,
                                 ad_error *error);

/* Makes a data set of the same form without any file: drawn digits. */
AD_API ad_status ad_dataset_digits(int64_t train, int64_t test, uint64_t seed,
                                   const ad_allocator *allocator, ad_dataset *d, ad_error *error);
AD_API void ad_dataset_free(ad_dataset *d);

/* Draws one digit image, [28, 28] row by row, white on black: the strokes of its glyph, shifted,
 * turned, slanted, scaled, thickened and with noise. The same digit, seed and number give the same image. */
AD_API void ad_digit_draw(int digit, uint64_t seed, uint64_t number, uint8_t image[28 * 28]);

#ifdef __cplusplus
}
#endif

#endif
