/* The beginning of a Matrix Market file: a banner, which says what kind of a matrix follows;
 * comments; a line of sizes. What the sizes claim is compared with the size of the file, before
 * memory is taken for it: a number takes two bytes at least, "0" and the end of its line, a place
 * without a number four. */
#include "io/matrix_market.h"

#include "base/memory.h"
#include "io/decimal.h"

#include <inttypes.h>

typedef struct keyword {
    const char *text;
    int meaning;
} keyword;

static const keyword objects[] = {{"matrix", 0}, {NULL, 0}};
static const keyword formats[] = {{"array", false}, {"coordinate", true}, {NULL, 0}};
static const keyword fields[] = {{"real", AD_MATRIX_REAL},
                                 {"integer", AD_MATRIX_INTEGER},
                                 {"unsigned-integer", AD_MATRIX_UNSIGNED_INTEGER},
                                 {"pattern", AD_MATRIX_PATTERN},
                                 {"complex", AD_MATRIX_COMPLEX},
                                 {NULL, 0}};
static const keyword symmetries[] = {{"general", AD_GENERAL},
                                     {"symmetric", AD_SYMMETRIC},
                                     {"skew-symmetric", AD_SKEW_SYMMETRIC},
                                     {"hermitian", AD_SYMMETRIC},
                                     {NULL, 0}};

/* Takes a field that is one of the words. */
static ad_status read_word(ad_text_reader *t, const keyword *words, const char *what, int *meaning)
{
    if (ad_text_field(t) != AD_OK)
        return t->status;
    for (; words->text; words++)
        if (ad_is_word(t->text, t->length, words->text)) {
            *meaning = words->meaning;
            return AD_OK;
        }
    return ad_text_fail_field(t, AD_FORMAT, "is no %s of Matrix Market that can be read", what);
}

ad_status ad_matrix_line_end(ad_text_reader *t, const char *what)
{
    if (ad_text_line_is_over(t) || ad_text_field(t) != AD_OK)
        return t->status;
    return ad_text_fail_field(t, AD_FORMAT, "is more than %s", what);
}

static ad_status read_kind(ad_text_reader *t, ad_matrix_header *h)
{
    int object, coordinate = 0, field = 0, symmetry = 0;
    ad_status status = read_word(t, objects, "object", &object);
    if (status == AD_OK)
        status = read_word(t, formats, "format", &coordinate);
    if (status == AD_OK)
        status = read_word(t, fields, "field", &field);
    if (status == AD_OK && field == AD_MATRIX_COMPLEX)
        return ad_text_fail_field(t, AD_BAD_TYPE, "numbers cannot be read; real ones can");
    if (status == AD_OK && field == AD_MATRIX_PATTERN && !coordinate)
        return ad_text_fail_field(t, AD_FORMAT, "is a field of coordinates alone");
    if (status == AD_OK)
        status = read_word(t, symmetries, "symmetry", &symmetry);
    if (status == AD_OK && field == AD_MATRIX_PATTERN && symmetry == AD_SKEW_SYMMETRIC)
        return ad_text_fail_field(t, AD_FORMAT, "needs numbers, which a pattern has not");
    h->coordinate = coordinate;
    h->field = (ad_matrix_field)field;
    h->symmetry = (ad_symmetry)symmetry;
    return status == AD_OK ? ad_matrix_line_end(t, "a banner has") : status;
}

static ad_status read_banner(ad_text_reader *t, ad_matrix_header *h)
{
    if (!ad_text_next_line(t))
        return t->status == AD_OK ? ad_text_fail_line(t, t->line, "there is nothing to read")
                                  : t->status;
    if (ad_text_field(t) != AD_OK)
        return t->status;
    if (!ad_is_word(t->text, t->length, "%%matrixmarket"))
        return ad_text_fail_field(t, AD_FORMAT,
                                  "is not %%%%MatrixMarket, with which a file begins");
    t->comment = '%';
    return read_kind(t, h);
}

static ad_status read_size(ad_text_reader *t, int64_t *size)
{
    return ad_text_field(t) == AD_OK ? ad_text_count(t, 0, INT64_MAX, size) : t->status;
}

/* What an array file of a matrix of `all` numbers has. */
static size_t stored_count(const ad_matrix_header *h, size_t all)
{
    size_t n = (size_t)h->rows;
    if (h->symmetry == AD_GENERAL)
        return all;
    return h->symmetry == AD_SYMMETRIC ? (all - n) / 2 + n : (all - n) / 2;
}

/* A coordinate file says how many entries it has; those of an array file follow from its shape. */
static ad_status check_claim(ad_text_reader *t, ad_matrix_header *h, int64_t entries)
{
    size_t all = 0, most = ad_source_most(&t->source);
    size_t least = !h->coordinate                  ? 2
                   : h->field == AD_MATRIX_PATTERN ? 4
                                                   : 6; /* bytes of "1 1 0\n" */
    ad_shape shape = {2, {h->rows, h->columns}};
    if (h->symmetry != AD_GENERAL && h->rows != h->columns)
        return ad_text_fail_line(t, t->line,
                                 "a matrix of %" PRId64 " x %" PRId64 " cannot be symmetric",
                                 h->rows, h->columns);
    bool counted = h->coordinate || ad_shape_count(&shape, &all) == AD_OK;
    h->entries = h->coordinate ? ad_size_of((uint64_t)entries) : stored_count(h, all);
    if (counted && h->entries <= most / least + 1) /* the last line may have no end */
        return AD_OK;
    if (h->coordinate)
        return ad_text_fail_line(t, t->line,
                                 "%" PRId64 " entries are more than a file of %zu bytes can hold",
                                 entries, t->source.size);
    return ad_text_fail_line(
        t, t->line, "%" PRId64 " x %" PRId64 " numbers are more than a file of %zu bytes can hold",
        h->rows, h->columns, t->source.size);
}

static ad_status read_sizes(ad_text_reader *t, ad_matrix_header *h)
{
    int64_t entries = 0;
    if (!ad_text_next_line(t))
        return t->status == AD_OK ? ad_text_fail_line(t, t->line, "the line of sizes is missing")
                                  : t->status;
    ad_status status = read_size(t, &h->rows);
    if (status == AD_OK)
        status = read_size(t, &h->columns);
    if (status == AD_OK && h->coordinate)
        status = read_size(t, &entries);
    if (status == AD_OK)
        status = ad_matrix_line_end(t, "a line of sizes has");
    return status == AD_OK ? check_claim(t, h, entries) : status;
}

ad_status ad_matrix_header_read(ad_text_reader *t, ad_matrix_header *h)
{
    ad_status status = read_banner(t, h);
    return status == AD_OK ? read_sizes(t, h) : status;
}
