/* safetensors, the format in which most models are handed on: named arrays, and metadata.
 *
 *     ad_named_view arrays[] = {{"weight", ad_array_view(w)}, {"bias", ad_array_view(b)}};
 *     status = ad_safetensors_write("net.safetensors", 2, arrays, 0, NULL, NULL, &error);
 *
 *     ad_safetensors *file = ad_safetensors_open("net.safetensors", NULL, &error);
 *     status = ad_safetensors_read(file, ad_safetensors_find(file, "weight"), NULL, &w, &error);
 *     ad_safetensors_close(file);
 *
 * A file is the length of a header in 8 bytes, the header in JSON, and the numbers of one array after the other, row
 * by row and little-endian. Files of Hugging Face's libraries are read, and they read what is written here. For the same
 * arrays the files are the same, byte for byte (they shuffle pairs of metadata; here these are sorted by key).
 * docs/files.md says more. */
#ifndef ADZE_IO_SAFETENSORS_H
#define ADZE_IO_SAFETENSORS_H

#include "adze/io/named.h"
#include "adze/io/writing.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_metadata {
    const char *key, *value; /* UTF-8 */
} ad_metadata;

/* Writes n arrays and m pairs of metadata to a file, whole or not at all (adze/io/writing.h). `metadata` may be NULL
 * if m is 0, `arrays` if n is 0. AD_MISUSE for a name or key that is NULL, not UTF-8, or there twice, and for an
 * array named "__metadata__"; AD_BAD_TYPE, AD_BAD_SHAPE or AD_MISUSE for a view that cannot be read; AD_TOO_LARGE
 * for a header of more than 100 million bytes, which no reader takes; AD_MEMORY; AD_FILE; AD_CANCELLED. */
AD_API AD_MUST_USE ad_status ad_safetensors_write(const char *path, int n,
                                                  const ad_named_view *arrays, int m,
                                                  const ad_metadata *metadata,
                                                  const ad_write_options *options, ad_error *error);

/* An open file. Several threads may use it at once. */
typedef struct ad_safetensors ad_safetensors;

/* Opens a file and reads its header. NULL on failure, and *error says why: AD_FILE; AD_FORMAT for a file that is
 * malformed in any way, with the place; AD_BAD_SHAPE for an array of more than AD_MAX_RANK axes; AD_TOO_LARGE for one
 * that this machine cannot hold; AD_MEMORY. Memory is taken for the header, not for the numbers. */
AD_API AD_MUST_USE ad_safetensors *ad_safetensors_open(const char *path,
                                                       const ad_allocator *allocator,
                                                       ad_error *error);

/* The same for the bytes of a file in memory, which must stay as long as it is open. Messages call it `name`. */
AD_API AD_MUST_USE ad_safetensors *ad_safetensors_parse(const void *bytes, size_t size,
                                                        const char *name,
                                                        const ad_allocator *allocator,
                                                        ad_error *error);

/* May be NULL. Views into the file, names and other texts end with it. */
AD_API void ad_safetensors_close(ad_safetensors *file);

/* Arrays are numbered from 0 in the order in which their numbers lie in the file. Where there is no array i, or the
 * file is NULL, these return 0, NULL, -1, AD_TYPE_COUNT, AD_SCALAR and a view with no data. */
AD_API int ad_safetensors_count(const ad_safetensors *file);
AD_API int ad_safetensors_find(const ad_safetensors *file, const char *name); /* -1: none */
AD_API const char *ad_safetensors_name(const ad_safetensors *file, int i);
AD_API ad_shape ad_safetensors_shape(const ad_safetensors *file, int i);
AD_API const char *ad_safetensors_stored(const ad_safetensors *file, int i); /* "F32", "BF16" */

/* The type of its numbers; AD_TYPE_COUNT if adze does not have it. */
AD_API ad_type ad_safetensors_type(const ad_safetensors *file, int i);

/* The value of a key; NULL if there is none. All pairs: from 0 on, until .key is NULL. */
AD_API const char *ad_safetensors_metadata(const ad_safetensors *file, const char *key);
AD_API ad_metadata ad_safetensors_pair(const ad_safetensors *file, int i);

/* The numbers as they lie in the file, without a copy: of a file on the disk, the system reads a page when it is first
 * touched. data is NULL where only ad_safetensors_read can give them: if adze has no such type, if they are not
 * aligned for it, if a bool is neither 0 nor 1, if the file could not be mapped, or on a big-endian machine. Read-only.
 *
 * While views of a file are in use, nobody must write to that very file (ad_safetensors_write puts a new one in its
 * place): numbers would change, and reading beyond the end of a file that was cut ends the process. To be safe
 * from that, use ad_safetensors_read. */
AD_API ad_view ad_safetensors_view(const ad_safetensors *file, int i);

/* Reads array i into a new array. *a is written only on success; it is yours, end it with ad_array_free. AD_MISUSE if
 * there is no array i; AD_BAD_TYPE if adze does not have its type; AD_FORMAT for a bool that is neither 0 nor 1;
 * AD_FILE; AD_MEMORY. */
AD_API AD_MUST_USE ad_status ad_safetensors_read(const ad_safetensors *file, int i,
                                                 const ad_allocator *allocator, ad_array *a,
                                                 ad_error *error);

/* Reads array i as another type, converted as ad_cast does. Of the types that adze does not have, it takes F16, BF16,
 * F8_E5M2, F8_E4M3, I8, I16, U16, U32 and U64; AD_BAD_TYPE for others, AD_DOMAIN for a U64 beyond the range of i64. */
AD_API AD_MUST_USE ad_status ad_safetensors_read_as(const ad_safetensors *file, int i, ad_type type,
                                                    const ad_allocator *allocator, ad_array *a,
                                                    ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
