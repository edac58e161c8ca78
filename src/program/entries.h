/* Programs of the entries of sparse matrices of derivatives. */
#ifndef ADZE_PROGRAM_ENTRIES_H
#define ADZE_PROGRAM_ENTRIES_H

#include "program/columns.h"
#include "program/transform.h"

/* What the entries are of: row i of the pattern is the derivative of output first + i, up to column i if it is a
 * triangle. */
typedef struct ad_rows_wanted {
    const char *name; /* of the function that asks, for messages */
    const ad_program *program;
    size_t count;
    const size_t *by;
    uint32_t first;
    bool triangle;
} ad_rows_wanted;

/* The program of p's outputs and the entries of s; where s is NULL, of all entries of the Jacobian, whose
 * pattern is then written to *found, unless it is NULL. NULL with an error. */
ad_program *ad_entries_program(const ad_rows_wanted *wanted, const ad_sparsity *s,
                               ad_sparsity **found, ad_error *error);

#endif
