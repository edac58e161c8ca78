/* NumPy's files: .npy holds one array, .npz several under names.
 *
 *     status = ad_npy_write("x.npy", ad_array_view(x), NULL, &error);         np.save("x.npy", x)
 *     status = ad_npy_read("x.npy", NULL, &x, &error);                        x = np.load("x.npy")
 *
 *     ad_named_view arrays[] = {{"weight", ad_array_view(w)}, {"bias", ad_array_view(b)}};
 *     status = ad_npz_write("net.npz", 2, arrays, NULL, &error);              np.savez("net.npz", weight=w, bias=b)
 *
 *     ad_npz *file = ad_npz_open("net.npz", NULL, &error);                    file = np.load("net.npz")
 *     status = ad_npz_read(file, ad_npz_find(file, "weight"), NULL, &w, &error);        w = file["weight"]
 *     ad_npz_close(file);
 *
 * What NumPy wrote is read in either order of bytes, row by row or column by column; an array is always row by row.
 * No file makes a reader crash, hang, or allocate more than a fixed multiple of its size, or of what it can be
 * inflated to. docs/files.md says more. */
#ifndef ADZE_IO_NUMPY_H
#define ADZE_IO_NUMPY_H

#include "adze/io/named.h"
#include "adze/io/writing.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- .npy --------------------------------------------------------------------------- */

/* Writes an array, whole or not at all (adze/io/writing.h). The file is, byte for byte, the one that np.save
 * writes for the same numbers, row by row, on a little-endian machine. AD_BAD_TYPE, AD_BAD_SHAPE or AD_MISUSE for a
 * view that cannot be read; AD_FILE; AD_CANCELLED. */
AD_API AD_MUST_USE ad_status ad_npy_write(const char *path, ad_view v,
                                          const ad_write_options *options, ad_error *error);

/* Reads a file of version 1.0, 2.0 or 3.0, which may be in gzip, into a new array:
 *
 *     NumPy      float32  float64  uint8  int8, int16, uint16, int32  uint32, int64, uint64  bool
 *     adze       f32      f64      u8     i32                         i64                    bool
 *
 * AD_BAD_TYPE for other types; AD_DOMAIN for a uint64 beyond the range of i64; AD_BAD_SHAPE for more than AD_MAX_RANK
 * axes; AD_FORMAT for a file that is malformed in any way, with the place; AD_FILE; AD_MEMORY. *a is written only on
 * success; it is yours, end it with ad_array_free. */
AD_API AD_MUST_USE ad_status ad_npy_read(const char *path, const ad_allocator *allocator,
                                         ad_array *a, ad_error *error);

/* Reads it as another type, converted as ad_cast does. It takes float16, too, and bfloat16 as ml_dtypes (JAX)
 * writes it: as '<V2', which does not say what it is. */
AD_API AD_MUST_USE ad_status ad_npy_read_as(const char *path, ad_type type,
                                            const ad_allocator *allocator, ad_array *a,
                                            ad_error *error);

/* The same for the bytes of a file in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_status ad_npy_parse(const void *bytes, size_t size, const char *name,
                                          const ad_allocator *allocator, ad_array *a,
                                          ad_error *error);
AD_API AD_MUST_USE ad_status ad_npy_parse_as(const void *bytes, size_t size, const char *name,
                                             ad_type type, const ad_allocator *allocator,
                                             ad_array *a, ad_error *error);

/* ---- .npz --------------------------------------------------------------------------- */

/* Writes n arrays to a zip archive, whole or not at all (adze/io/writing.h), as they are, as np.savez does, or deflated,
 * as np.savez_compressed does. Where they are not deflated, numbers begin at multiples of 64 bytes in the file, so
 * that it can be mapped. `arrays` may be NULL if n is 0. AD_MISUSE for a name that is NULL, not UTF-8 or
 * there twice; AD_TOO_LARGE for one of more than 60000 bytes; AD_BAD_TYPE, AD_BAD_SHAPE or AD_MISUSE for a view that
 * cannot be read; AD_MEMORY; AD_FILE; AD_CANCELLED. While arrays are deflated, progress is told of more bytes
 * in all than there will be. */
AD_API AD_MUST_USE ad_status ad_npz_write(const char *path, int n, const ad_named_view *arrays,
                                          const ad_write_options *options, ad_error *error);
AD_API AD_MUST_USE ad_status ad_npz_write_deflated(const char *path, int n,
                                                   const ad_named_view *arrays,
                                                   const ad_write_options *options,
                                                   ad_error *error);

/* An open file. Several threads may use it at once. */
typedef struct ad_npz ad_npz;

/* Opens an archive and reads its directory. NULL on failure, and *error says why: AD_FILE; AD_FORMAT for a file that
 * is malformed, or has a name twice; AD_MEMORY. Memory is taken for the directory, not for the numbers. */
AD_API AD_MUST_USE ad_npz *ad_npz_open(const char *path, const ad_allocator *allocator,
                                       ad_error *error);

/* The same for the bytes of a file in memory, which must stay as long as it is open. Messages call it `name`. */
AD_API AD_MUST_USE ad_npz *ad_npz_parse(const void *bytes, size_t size, const char *name,
                                        const ad_allocator *allocator, ad_error *error);

AD_API void ad_npz_close(ad_npz *file); /* may be NULL. Names end with it */

/* Arrays are numbered from 0 in the order of the archive, and named without ".npy". Other members are passed over. Where
 * there is no array i, or the file is NULL, these return 0, NULL and -1. */
AD_API int ad_npz_count(const ad_npz *file);
AD_API int ad_npz_find(const ad_npz *file, const char *name); /* -1: none */
AD_API const char *ad_npz_name(const ad_npz *file, int i);

/* Reads array i into a new array, as ad_npy_read and ad_npy_read_as do. AD_MISUSE if there is none; AD_FORMAT also for
 * a checksum that is wrong, and for members that are encrypted, or packed otherwise than by deflate. */
AD_API AD_MUST_USE ad_status ad_npz_read(const ad_npz *file, int i, const ad_allocator *allocator,
                                         ad_array *a, ad_error *error);
AD_API AD_MUST_USE ad_status ad_npz_read_as(const ad_npz *file, int i, ad_type type,
                                            const ad_allocator *allocator, ad_array *a,
                                            ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
