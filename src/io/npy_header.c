/* The parser goes through the text once. After the first failure, which is in `status`, all its functions return
 * false. */
#include "io/npy_header.h"

#include "array/text.h"
#include "io/words.h"

#include <string.h>

typedef struct parser {
    const char *name; /* of the file */
    ad_error *error;
    ad_status status;
    uint64_t before; /* bytes of the file before the text */
    const char *text;
    size_t size, at;
} parser;

static bool fail_with(parser *p, ad_status status, const char *reason)
{
    if (p->status == AD_OK)
        p->status = ad_fail(p->error, status, "%s: byte %llu, in the header: %s", p->name,
                            (unsigned long long)(p->before + p->at), reason);
    return false;
}

static bool fail(parser *p, const char *reason)
{
    return fail_with(p, AD_FORMAT, reason);
}

/* ---- signs ----------------------------------------------------------------------------- */

/* The next byte that is no space; NUL at the end, which no header has, and after a failure. */
static char peek(parser *p)
{
    while (p->at < p->size && p->text[p->at] != '\0' && strchr(" \t\n\r\f", p->text[p->at]))
        p->at++;
    return p->at < p->size && p->status == AD_OK ? p->text[p->at] : '\0';
}

static bool take(parser *p, char sign)
{
    if (peek(p) != sign || !sign)
        return false;
    p->at++;
    return true;
}

static bool need(parser *p, char sign)
{
    char reason[] = "expected 'x'";
    reason[sizeof reason - 3] = sign;
    return take(p, sign) || fail(p, reason);
}

/* ---- values ---------------------------------------------------------------------------- */

enum { TEXT_SIZE = 16 }; /* keys have 13 bytes at most, and codes of numbers less */

/* Plain letters between quotes of either kind. */
static bool read_text(parser *p, char to[TEXT_SIZE])
{
    char quote = peek(p);
    if (quote != '\'' && quote != '"')
        return fail(p, "expected a text in quotes");
    size_t n = 0;
    for (p->at++; p->at < p->size && p->text[p->at] != quote; p->at++) {
        char c = p->text[p->at];
        if (n == TEXT_SIZE - 1 || c < ' ' || c > '~' || c == '\\')
            return fail(p, "neither a key nor a type is so written");
        to[n++] = c;
    }
    to[n] = '\0';
    return p->at++ < p->size || fail(p, "the text has no end");
}

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

static bool read_extent(parser *p, int64_t *extent)
{
    int64_t n = 0;
    if (!is_digit(peek(p)))
        return fail(p, "expected an extent, which is a whole number from 0 on");
    if (p->text[p->at] == '0' && p->at + 1 < p->size && is_digit(p->text[p->at + 1]))
        return fail(p, "an extent begins with a zero too many");
    for (; p->at < p->size && is_digit(p->text[p->at]); p->at++) {
        int digit = p->text[p->at] - '0';
        if (n > (INT64_MAX - digit) / 10)
            return fail(p, "the extent is larger than memory can be");
        n = 10 * n + digit;
    }
    if (p->at < p->size && p->text[p->at] == 'L') /* a long of Python 2 */
        p->at++;
    *extent = n;
    return p->status == AD_OK;
}

/* A tuple. Of one number it has a comma, or it would be a number. */
static bool read_shape(parser *p, ad_shape *shape)
{
    bool comma = true;
    if (peek(p) != '(')
        return fail(p, "expected a shape, which is a tuple");
    p->at++;
    while (comma && p->status == AD_OK && peek(p) != ')') {
        if (shape->rank == AD_MAX_RANK)
            return fail_with(p, AD_BAD_SHAPE, "there are more than 8 axes");
        if (!read_extent(p, &shape->dim[shape->rank]))
            return false;
        shape->rank++;
        comma = take(p, ',');
    }
    if (shape->rank == 1 && !comma)
        return fail(p, "expected ',': a shape of one axis is a tuple");
    return need(p, ')');
}

static bool read_order(parser *p, bool *columns)
{
    size_t left = peek(p) ? p->size - p->at : 0;
    *columns = left >= 4 && memcmp(p->text + p->at, "True", 4) == 0;
    if (!*columns && (left < 5 || memcmp(p->text + p->at, "False", 5) != 0))
        return fail(p, "expected True or False");
    p->at += *columns ? 4 : 5;
    return true;
}

/* ---- types ------------------------------------------------------------------------------- */

/* The types that are read, by NumPy's codes. ml_dtypes writes bfloat16 as V2. */
static const struct {
    const char *code;
    ad_stored stored;
} types[] = {
    {"f4", AD_STORED_F32},  {"f8", AD_STORED_F64}, {"i1", AD_STORED_I8},   {"i2", AD_STORED_I16},
    {"i4", AD_STORED_I32},  {"i8", AD_STORED_I64}, {"u1", AD_STORED_U8},   {"u2", AD_STORED_U16},
    {"u4", AD_STORED_U32},  {"u8", AD_STORED_U64}, {"b1", AD_STORED_BOOL}, {"f2", AD_STORED_F16},
    {"V2", AD_STORED_BF16},
};
enum { TYPES = sizeof types / sizeof *types };

/* What else NumPy stores, by the letter of its code. */
static const struct {
    char letter;
    const char *what;
} foreign[] = {
    {'O', "objects of Python"},      {'S', "texts"}, {'a', "texts"},         {'U', "texts"},
    {'c', "complex numbers"},        {'M', "times"}, {'m', "spans of time"}, {'V', "raw bytes"},
    {'f', "floats of another size"},
};

static bool refuse_type(parser *p, const char *descr, const char *what)
{
    if (p->status == AD_OK)
        p->status = ad_fail(p->error, AD_BAD_TYPE, "%s: the type '%s', %s, is none of adze's",
                            p->name, descr, what);
    return false;
}

/* A code stands behind the order of bytes, which is "|" where there is none. */
static bool find_type(parser *p, const char *descr, ad_npy_header *h)
{
    const char *code = descr + 1;
    bool ordered = descr[0] == '<' || descr[0] == '>';
    if (!ordered && descr[0] != '|')
        return fail(p, "the type before this place is not written as NumPy does");
    for (int i = 0; i < TYPES; i++)
        if (strcmp(types[i].code, code) == 0 && (ordered || code[1] == '1')) {
            h->stored = types[i].stored;
            h->big = descr[0] == '>';
            return true;
        }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (foreign[i].letter == code[0])
            return refuse_type(p, descr, foreign[i].what);
    return fail(p, "the type before this place is not written as NumPy does");
}

static bool read_type(parser *p, ad_npy_header *h)
{
    char descr[TEXT_SIZE];
    char first = peek(p);
    if (first == '[' || first == '(')
        return refuse_type(p, first == '[' ? "[...]" : "(...)", "a struct or an array");
    return read_text(p, descr) && find_type(p, descr, h);
}

/* ---- the header ------------------------------------------------------------------------- */

static const char *const keys[] = {"descr", "fortran_order", "shape"};
enum { KEYS = 3 };

static bool read_value(parser *p, int key, ad_npy_header *h)
{
    if (key == 0)
        return read_type(p, h);
    return key == 1 ? read_order(p, &h->columns) : read_shape(p, &h->shape);
}

static bool read_pair(parser *p, bool seen[KEYS], ad_npy_header *h)
{
    char text[TEXT_SIZE];
    if (!read_text(p, text))
        return false;
    int key = 0;
    while (key < KEYS && strcmp(keys[key], text) != 0)
        key++;
    if (key == KEYS)
        return fail(p, "the key before this place is not descr, fortran_order or shape");
    if (seen[key])
        return fail(p, "the key before this place is there twice");
    seen[key] = true;
    return need(p, ':') && read_value(p, key, h);
}

ad_status ad_npy_header_parse(ad_npy_header *h, const char *text, size_t size, uint64_t before,
                              const char *name, ad_error *error)
{
    parser p = {name, error, AD_OK, before, text, size, 0};
    bool seen[KEYS] = {false}, comma = true;
    *h = (ad_npy_header){.stored = AD_STORED_COUNT};
    need(&p, '{');
    while (comma && p.status == AD_OK && peek(&p) != '}') {
        read_pair(&p, seen, h);
        comma = take(&p, ',');
    }
    need(&p, '}');
    peek(&p);
    if (p.at < size)
        fail(&p, "the dictionary is followed by something else");
    for (int i = 0; i < KEYS; i++)
        if (!seen[i] && p.status == AD_OK)
            p.status =
                ad_fail(error, AD_FORMAT, "%s: the header does not have the key %s", name, keys[i]);
    return p.status;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* NumPy leaves room for the first extent to grow to 21 digits and pads to a multiple of 64. For 8 extents, with 18 digits
 * in all beyond the first of each, that is still 128. */
void ad_npy_prefix_print(ad_stored stored, const ad_shape *shape, char prefix[AD_NPY_PREFIX])
{
    enum { BEFORE = 10, LENGTH = AD_NPY_PREFIX - BEFORE };
    int type = 0;
    while (types[type].stored != stored)
        type++;
    ad_text t = ad_text_in(prefix + BEFORE, LENGTH);
    ad_text_add(&t, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                ad_stored_bits(stored) == 8 ? '|' : '<', types[type].code);
    for (int i = 0; i < shape->rank; i++)
        ad_text_add(&t, "%s%lld", i > 0 ? ", " : "", (long long)shape->dim[i]);
    ad_text_add(&t, "%s), }", shape->rank == 1 ? "," : "");
    memset(t.text + t.at, ' ', LENGTH - t.at);
    t.text[LENGTH - 1] = '\n';
    memcpy(prefix, "\x93NUMPY\1\0", 8);
    ad_put_word((unsigned char *)prefix + 8, LENGTH, 2);
}
