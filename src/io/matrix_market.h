/* What reading and writing Matrix Market have in common. */
#ifndef ADZE_IO_MATRIX_MARKET_INNER_H
#define ADZE_IO_MATRIX_MARKET_INNER_H

#include "adze/io/matrix_market.h"
#include "io/text_numbers.h"

typedef enum ad_matrix_field {
    AD_MATRIX_REAL,
    AD_MATRIX_INTEGER,
    AD_MATRIX_UNSIGNED_INTEGER,
    AD_MATRIX_PATTERN,
    AD_MATRIX_COMPLEX
} ad_matrix_field;

typedef struct ad_matrix_header {
    bool coordinate;
    ad_matrix_field field;
    ad_symmetry symmetry;
    int64_t rows, columns;
    size_t entries; /* that the file has */
} ad_matrix_header;

/* Reads all before the numbers. */
ad_status ad_matrix_header_read(ad_text_reader *t, ad_matrix_header *h);

/* Refuses what is left of a line: "'x' is more than an entry has". */
ad_status ad_matrix_line_end(ad_text_reader *t, const char *what);

/* The first row that an array file has of column j. */
static inline int64_t ad_first_row(ad_symmetry symmetry, int64_t j)
{
    return symmetry == AD_GENERAL ? 0 : symmetry == AD_SYMMETRIC ? j : j + 1;
}

#endif
