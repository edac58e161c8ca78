/* CSV: tables of numbers as text, for small data.
 *
 *     ad_array prices;
 *     ad_csv_names names;
 *     ad_csv_options csv = {.size = sizeof csv, .header = true};
 *     ad_csv_read("prices.csv", AD_F64, &csv, NULL, &prices, &names, &error);
 *
 * Numbers are written with a point, whatever the program's locale, and read to the nearest f32 or
 * f64. inf, infinity and nan are read in small letters or capitals; what is finite in the file but
 * beyond the type (1e400), hexadecimal numbers, and digits in groups (1_000) are refused. Lines end
 * with LF, CR LF or CR; empty ones are passed over. A field may stand in double quotes, in which a
 * quote is doubled. The text is UTF-8, with or without a byte order mark, plain or gzip. */
#ifndef ADZE_IO_CSV_H
#define ADZE_IO_CSV_H

#include "adze/array.h"
#include "adze/io/writing.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the file looks. NULL: as if all but size were 0. Only the first two matter for writing. */
typedef struct ad_csv_options {
    size_t size;         /* sizeof(ad_csv_options) */
    char delimiter;      /* ',' ';' '|' '\t', or ' ', any number of blanks and tabs; 0: ',' */
    char decimal;        /* '.' or ',' in numbers; 0: '.' */
    char comment;        /* lines that begin with '#', '%' or '!' are passed over; 0: none are */
    bool header;         /* the first line has the names of the columns */
    bool missing_as_nan; /* an empty field, or NA, is NaN; otherwise it is refused */
} ad_csv_options;

/* Names of columns. */
typedef struct ad_csv_names {
    size_t count;             /* 0: the file has no header */
    const char *const *name;  /* as they stand in the file, without quotes */
    size_t bytes;             /* of memory */
    const ad_allocator *allocator;
} ad_csv_names;

/* names may be NULL or hold nothing. Leaves it empty. */
AD_API void ad_csv_names_free(ad_csv_names *names);

/* Reads a file as numbers [rows, columns] of f32 or f64. All lines must have as many fields as the
 * first. AD_FORMAT comes with the path, the line, the number of the field in it, the field's text
 * and the reason. A field has 4000 bytes at most, and memory grows with the text read: at most 24
 * bytes for each of its bytes. names may be NULL. *a and *names are written only on success; they
 * are yours, end them with ad_array_free and ad_csv_names_free. */
AD_API AD_MUST_USE ad_status ad_csv_read(const char *path, ad_type type, const ad_csv_options *csv,
                                         const ad_allocator *allocator, ad_array *a,
                                         ad_csv_names *names, ad_error *error);

/* Reads a table from bytes in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_status ad_csv_parse(const void *bytes, size_t size, const char *name,
                                          ad_type type, const ad_csv_options *csv,
                                          const ad_allocator *allocator, ad_array *a,
                                          ad_csv_names *names, ad_error *error);

/* Writes numbers [rows, columns] of f32 or f64, each with as few digits as read back the same, infinite ones
 * as Inf, NaN as NaN. names has as many as there are columns, in UTF-8, or is NULL: then there is no header, and
 * .header must not be set. A name is put in quotes where it has to be. A table of no rows and no names is an empty file,
 * which cannot be read. AD_BAD_TYPE, AD_BAD_SHAPE, AD_MISUSE. */
AD_API AD_MUST_USE ad_status ad_csv_write(const char *path, ad_view v, const char *const *names,
                                          const ad_csv_options *csv,
                                          const ad_write_options *options, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
